"""The file door of Delta Sharing: what an address gives, and what ends it; withdrawn releases."""

from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlmodel import select
from tests.support import agreed, callers, golden, shares

from hanse.cube.contract import Access
from hanse.node import sequencer
from hanse.node.log import BodyRow
from hanse.node.publish import withdraw
from hanse.store.session import reading, transaction

PROTOCOL = "urn:protocol:aalst:2026-101"
ROOT = "/delta/for/beleid"


@pytest.fixture
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), "second") as served:
        yield served


def ask(node: golden.Golden, what: str, headers: dict[str, str], **given: str) -> httpx.Response:
    address = f"{node.url}{ROOT}/{shares.place(golden.CLOSED)}/{what}"
    if what == "query":
        return httpx.post(address, json=given, headers=headers)
    return httpx.get(address, params=given, headers=headers)


def link(node: golden.Golden, headers: dict[str, str]) -> str:
    (file,) = shares.files(ask(node, "query", headers))
    return str(file["url"])


def refused(url: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    answer = httpx.get(url, headers=headers)
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.status_code, answer.json()["errorCode"]


def say(node: golden.Golden, event: str) -> None:
    with transaction(node.node.engine) as session:
        agreed.step(session, node.home, PROTOCOL, event, callers.NOW)


def test_an_address_gives_its_bytes_by_range(node: golden.Golden) -> None:
    headers = shares.bearer(shares.token(node, "provincie")[0])
    url = link(node, headers)
    assert "sp=r" in url.partition("?")[2]
    whole = httpx.get(url)
    body, tag = whole.content, whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert "no-store" in whole.headers["Cache-Control"]
    head = httpx.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(body)
    ranges = {"bytes=0-3": body[:4], "bytes=-8": body[-8:], "bytes=100-": body[100:]}
    for asked, wanted in ranges.items():
        answer = httpx.get(url, headers={"Range": asked, "Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.content) == (206, wanted)
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Content-Range"].endswith(f"/{len(body)}")
    beyond = httpx.get(url, headers={"Range": f"bytes={len(body)}-"})
    assert beyond.status_code == 416
    for known, status in ((tag, 206), ('"other"', 200)):
        asked_for = {"Range": "bytes=0-3", "If-Range": known}
        assert httpx.get(url, headers=asked_for).status_code == status


def test_an_address_ends_with_the_token_it_was_made_for(node: golden.Golden) -> None:
    text, credential = shares.token(node, "provincie")
    url = link(node, shares.bearer(text))
    assert httpx.get(url).status_code == 200
    shares.revoke(node, credential)
    assert refused(url) == (403, "PERMISSION_DENIED")
    other = shares.bearer(shares.token(node, "provincie")[0])
    assert httpx.get(link(node, other)).status_code == 200


def test_an_address_rests_while_its_protocol_is_suspended(node: golden.Golden) -> None:
    headers = shares.bearer(shares.token(node, "provincie")[0])
    url = link(node, headers)
    (change,) = [
        each["url"]
        for each in shares.files(ask(node, "changes", headers, startingVersion="1"))
        if each["version"] == 1
    ]
    for event, status in (("suspend", 403), ("resume", 200), ("revoke", 403)):
        say(node, event)
        part = httpx.get(url, headers={"Range": "bytes=0-3"})
        assert part.status_code == (206 if status == 200 else status)
        assert httpx.get(url).status_code == status, event
        assert httpx.get(change).status_code == status, event


def test_an_address_is_good_for_an_hour_and_only_as_it_was_made(node: golden.Golden) -> None:
    url = link(node, shares.bearer(shares.token(node, "provincie")[0]))
    broken = url.replace("/files/", "/files/A")
    assert refused(broken) == (410, "RESOURCE_DOES_NOT_EXIST")
    assert refused(f"{node.url}/delta/files/abc?sp=r") == (410, "RESOURCE_DOES_NOT_EXIST")
    cast("callers.Moment", node.node.publisher.clock).at += timedelta(seconds=3_601)
    assert refused(url) == (410, "RESOURCE_DOES_NOT_EXIST")


def test_an_address_is_of_no_use_to_somebody_else(node: golden.Golden) -> None:
    url = link(node, shares.bearer(shares.token(node, "provincie")[0]))
    other = shares.bearer(shares.token(node, "kenniscentrum")[0])
    assert refused(url, other) == (403, "PERMISSION_DENIED")


def test_an_address_of_another_kind_opens_no_file(node: golden.Golden) -> None:
    page = httpx.get(
        f"{node.url}/odata/v4/NIS41002_PROEF", headers={"Prefer": "odata.maxpagesize=3"}
    ).json()["@odata.nextLink"]
    token = page.rpartition("=")[2]
    assert refused(f"{node.url}/delta/files/{token}?sp=r") == (403, "PERMISSION_DENIED")


def test_a_withdrawn_release_is_gone_and_says_why(node: golden.Golden) -> None:
    headers = shares.bearer(shares.token(node, "kenniscentrum")[0])
    url = link(node, headers)
    node.withdraw_second("2026-10-01.2")
    assert refused(url) == (404, "RESOURCE_DOES_NOT_EXIST")
    for what, given in (("metadata", {"version": "2"}), ("query", {"version": "2"})):
        answer = ask(node, what, headers, **given)
        assert answer.status_code == 404
        assert "verkeerd bestand" in answer.json()["message"]
    assert ask(node, "version", headers).headers["Delta-Table-Version"] == "1"


def rows(node: golden.Golden, headers: dict[str, str], first: int) -> list[shares.Row]:
    found: list[shares.Row] = []
    for file in shares.files(ask(node, "changes", headers, startingVersion=str(first))):
        table = pq.read_table(pa.BufferReader(httpx.get(file["url"]).content))
        for row in table.to_pylist():
            told = {"_change_type": "insert"} | row | {"_commit_version": file["version"]}
            found.append(told)
    return found


def test_whoever_applies_a_feed_ends_where_the_node_is_whatever_was_withdrawn(
    node: golden.Golden,
) -> None:
    headers = shares.bearer(shares.token(node, "kenniscentrum")[0])

    def truth() -> golden.Truth:
        return node.truth("kenniscentrum", golden.CLOSED)

    held = {2: truth()}
    first = node.truth("kenniscentrum", golden.CLOSED, "2026-10-01.1")
    assert held[2] != first
    node.withdraw_second("2026-10-01.2")
    back = rows(node, headers, 2)
    assert shares.applied(held[2], back) == first == truth()
    taken = [row for row in back if row["_change_type"] == "delete"]
    assert taken
    assert {row["obs_value"] for row in taken} == {None}
    assert "update_preimage" not in {row["_change_type"] for row in back}
    third = [(*line[:-1], 77.0) if line[:1] == ("omzet",) else line for line in golden.FIRST]
    node._publish(golden.CLOSED, Access.PROTOCOL, tuple(third))
    assert truth() != first
    for start, before in ((1, {}), (2, held[2]), (3, held[2]), (3, first)):
        assert shares.applied(before, rows(node, headers, start)) == truth(), start


def test_a_feed_whose_first_release_was_withdrawn_begins_with_the_next(
    node: golden.Golden,
) -> None:
    headers = shares.bearer(shares.token(node, "kenniscentrum")[0])
    first = node.truth("kenniscentrum", golden.CLOSED, "2026-10-01.1")
    withdraw(node.press, golden.CLOSED, "2026-10-01.1", "te vroeg", "an")
    truth = node.truth("kenniscentrum", golden.CLOSED)
    assert shares.applied({}, rows(node, headers, 0)) == truth
    assert shares.applied(first, rows(node, headers, 2)) == truth


def test_reading_is_recorded_once_and_a_refusal_of_its_own(node: golden.Golden) -> None:
    headers = node.headers("provincie")  # an access token, not a feed token
    url = link(node, headers)
    before = entries(node)
    for start in range(3):
        assert httpx.get(url, headers={"Range": f"bytes={start}-9"}).status_code == 206
    assert entries(node) == before
    say(node, "suspend")
    at = entries(node)
    assert httpx.get(url).status_code == 403
    assert entries(node) == at + 1


def entries(node: golden.Golden) -> int:
    """Return how many decisions about the partner the log holds."""
    sequencer.catch_up(node.node.engine)
    with reading(node.node.engine) as session:
        wanted = select(BodyRow).where(BodyRow.client == "provincie", BodyRow.outcome != "")
        return len(session.exec(wanted).all())
