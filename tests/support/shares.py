"""Delta Sharing as its clients meet it: feed tokens, profiles, lines, feeds applied to cells."""

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
from tests.support import environments, golden

from hanse.node import credentials
from hanse.node.credentials import NewFeedToken
from hanse.store.session import transaction

SHARE, SCHEMA = "nis41002", "demografie"
TABLES = ("proef", "proef_dicht", "proef__labels", "proef_dicht__labels")
"""Every table of both datasets, in no order."""
DELTA = {"delta-sharing-capabilities": "responseformat=delta"}

Row = dict[str, Any]


def token(
    node: golden.Golden, client: str, dialects: tuple[str, ...] = (), purpose: str = ""
) -> tuple[str, str]:
    """Make a feed token of a partner, perhaps for one purpose; return its text and its id."""
    now = node.node.publisher.clock()
    label = f"tabellen {secrets.token_hex(4)}"  # of one label there are never more than two
    new = NewFeedToken(client, label, "an", dialects=dialects, purpose=purpose)
    with transaction(node.node.engine) as session:
        pepper = credentials.secret(node.home)
        text, row = credentials.make(session, new, node.node.door.register(), pepper, now)
        return text, row.id


def revoke(node: golden.Golden, credential: str) -> None:
    """End a feed token."""
    with transaction(node.node.engine) as session:
        credentials.revoke(session, credential, node.node.publisher.clock())


def bearer(text: str) -> dict[str, str]:
    """Return the header of a feed token."""
    return {"Authorization": f"Bearer {text}"}


def profile(node: golden.Golden, text: str, purpose: str = "beleid") -> Row:
    """Return the profile file that the node gives the holder of a feed token."""
    address = f"{node.url}/delta/hanse.share?purpose={purpose}"
    answer = httpx.get(address, headers=bearer(text))
    answer.raise_for_status()
    found: Row = answer.json()
    return found


def labels(dataset: str = golden.OPEN) -> str:
    """Return the name of the dataset's table of labels, as `place` takes one."""
    return f"{dataset}__labels"


def place(dataset: str = golden.OPEN) -> str:
    """Return the path of a table below the endpoint."""
    table = dataset.replace("-", "_")
    return f"shares/{SHARE}/schemas/{SCHEMA}/tables/{table}"


def lines(answer: httpx.Response) -> list[Row]:
    """Return the lines of an answer; it has to be one."""
    assert answer.status_code == 200, answer.text
    return [json.loads(each) for each in answer.text.splitlines()]


def files(answer: httpx.Response) -> list[Row]:
    """Return the files that an answer in the Parquet form tells of."""
    kinds = ("file", "add", "cdf")
    return [line[kind] for line in lines(answer) for kind in kinds if kind in line]


def seen(
    node: golden.Golden, given: Mapping[str, Any], dataset: str, asks: list[Row]
) -> list[list[Any]]:
    """Return what delta-sharing sees, per question."""
    table = f"{SHARE}.{SCHEMA}.{dataset.replace('-', '_')}"
    question = {"profile": given, "table": table, "asks": asks}
    found: list[list[Any]] = [[] for _ in asks]
    for number, each in environments.run("delta-sharing", "read.py", question):
        found[number].append(each)
    return found


def key(row: Row) -> golden.Key:
    """Return the key of a row."""
    return tuple(row[name] for name in ("indicator", "level", "area", "period", "SEX"))


def truth(rows: Iterable[Row]) -> golden.Truth:
    """Return rows of a table as cells; every key stands once."""
    found = list(rows)
    cells = {key(row): (row["obs_value"], row["obs_status"]) for row in found}
    assert len(cells) == len(found)
    return cells


def applied(held: golden.Truth, rows: Iterable[Row]) -> golden.Truth:
    """Return cells after a change feed: put what is put, drop what is dropped, by version."""
    cells = dict(held)
    for row in sorted(rows, key=lambda each: int(each["_commit_version"])):
        if row["_change_type"] in ("insert", "update_postimage"):
            cells[key(row)] = (row["obs_value"], row["obs_status"])
        elif row["_change_type"] == "delete":
            cells.pop(key(row), None)
    return cells
