"""Every cell that a node serves stands open in the certificate of exactly that release and profile.

The attacker has no hand in how releases are made: it takes whatever every door gives, of every
dataset and every release that can still be asked for, and holds it against what the node signed.
Then it plants rows, releases and certificates in the node's own folder.
"""

import hashlib
import io
import json
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text
from tests.attacks.test_hidden_bytes import FORMS, found
from tests.support import presses, strangers
from tests.support.callers import Moment, catalogue
from tests.support.strangers import DISTRICT, SECTOR, TOWN, Town

from hanse.cube.cleared import scrub
from hanse.cube.query import Extent
from hanse.node import areas
from hanse.node.app import create_app
from hanse.node.releases import layout
from hanse.node.releases.cells import open_cells
from hanse.node.settings import NodeSettings
from hanse.policies.canonical import canonical, digest
from hanse.policies.profile import Profile
from hanse.policies.signatures import SigningKey, sign, verify
from hanse.store.session import transaction

pytestmark = pytest.mark.anyio

STRICT = Profile("streng", {"nl": "Streng"}, {"nl": "Streng"}, min_count=70_000_000)
DATASETS = {"bevolking": "standaard-5", "wagens": "streng"}
CARS = {
    row[0]: (n + 2) * 10_000_000 + 7_654_321 * (n + 3) % 9_999_991
    for n, row in enumerate(strangers.codes())
}
"""Numbers that stand nowhere else, so that they are found in whatever a door gives."""

TABLE = "WAGENS__STATSEC_2025"
CHOSEN = "".join(f"&valueCodes[{axis}]=*" for axis in ("INDICATOR", "REF_AREA", "TIME_PERIOD"))
DOORS = (
    *(f"/v1/datasets/wagens/data?format={form}" for form in FORMS),
    "/v1/datasets/wagens/data.parquet",
    "/sdmx/2.1/data/NIS41002,WAGENS/all",
    "/sdmx/3.0/data/dataflow/NIS41002/WAGENS/1.0.0?format=csv",
    "/odata/v4/NIS41002_WAGENS",
    f"/odata/cbs/v1/NIS41002/{TABLE}/Observations",
    *(
        f"/px/v2/tables/{TABLE}/data?outputFormat={form}{CHOSEN}"
        for form in ("json-stat2", "csv", "xlsx", "parquet")
    ),
)

Key = tuple[str, ...]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def built(folder: Path) -> Town:
    """Return a node with two datasets under two profiles, one of them corrected and withdrawn."""
    town = strangers.town(folder, {"streng": STRICT})
    plain = strangers.contract(levels=(SECTOR, DISTRICT, TOWN))
    town.publish(replace(plain, slug="bevolking"), strangers.lines())
    revised = dict(strangers.inner())
    revised[strangers.codes()[3][0], "F", 2024] += 7
    town.publish(replace(plain, slug="bevolking"), strangers.lines(revised), "Telfout.")
    others = presses.contract(presses.indicator("wagens"), slug="wagens", levels=(SECTOR, TOWN))
    cars = [("wagens", SECTOR, sector, 2024, count) for sector, count in CARS.items()]
    town.publish(replace(others, profile="streng"), cars)
    return town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = built(tmp_path_factory.mktemp("served") / "node")
    yield made
    made.close()


@dataclass(frozen=True)
class Certificate:
    """What the node signed of a release, and the cells that are open by it, with their numbers."""

    said: Mapping[str, object]
    open: Mapping[Key, float]
    numbers: frozenset[float]


def key_of(row: Mapping[str, object]) -> Key:
    return tuple(f"{n}={v}" for n, v in sorted(row.items()) if n.isupper() and v != "_T") + tuple(
        str(row[name]) for name in ("indicator", "level", "area", "period")
    )


def certificate(town: Town, address: str) -> Certificate:
    """Read what was signed of a release; whatever does not fit together is an assertion."""
    folder = town.home / "data" / address.removeprefix("sha-256:")
    jwk = SigningKey.from_jwk(town.press.key.private_jwk()).public_jwk()
    signed = verify((folder / "manifest.jws").read_text("ascii"), "hanse-manifest+jws", [jwk])
    assert digest(signed) == address
    described = json.loads(signed)
    content = verify((folder / "protection.jws").read_text("ascii"), "hanse-protection+jws", [jwk])
    said = json.loads(content)
    for name in ("dataset", "release_id", "profile", "profile_digest"):
        assert said[name] == described[name], name
    twin = pq.read_table(folder / "cells.parquet")
    hidden = np.array([each == "C" for each in twin["conf_status"].to_pylist()])
    assert hashlib.sha256(np.packbits(hidden).tobytes()).hexdigest() == said["mask_sha256"]
    assert (said["cells"], said["hidden"], said["failed"]) == (hidden.size, hidden.sum(), 0)
    rows = [row for row in twin.to_pylist() if row["conf_status"] != "C"]
    shown = {key_of(row): row["obs_value"] for row in rows if row["obs_value"] is not None}
    return Certificate(said, shown, frozenset(shown.values()))


def releases(town: Town) -> list[tuple[str, str, str, str]]:
    """Return dataset, release, digest and state of everything the node ever released."""
    with town.press.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT dataset, release_id, digest, state FROM release ORDER BY published_at")
        )
        return [(str(a), str(b), str(c), str(d)) for a, b, c, d in rows]


async def test_every_served_cell_stands_open_in_the_certificate_of_its_release(town: Town) -> None:
    served = 0
    async with town.client() as client:
        for dataset, release, address, _ in releases(town):
            known = certificate(town, address)
            assert known.said["profile"] == DATASETS[dataset]
            path = f"/v1/datasets/{dataset}/data?release={release}"
            answer = await client.get(f"{path}&format=parquet")
            assert answer.status_code == 200, answer.text
            rows = pq.read_table(io.BytesIO(answer.content)).to_pylist()
            for row in rows:
                if row["obs_value"] is not None:
                    assert known.open[key_of(row)] == row["obs_value"]
                    served += 1
            assert len(rows) == known.said["cells"]
            assert sum(row["obs_value"] is not None for row in rows) == len(known.open)
    assert served > 250
    assert len(releases(town)) == 3


@pytest.mark.parametrize("address", DOORS)
async def test_no_door_gives_a_number_that_is_not_open_by_the_certificate(
    town: Town, address: str
) -> None:
    (newest,) = (each for each in releases(town) if each[0] == "wagens")
    known = certificate(town, newest[2])
    hidden = set(CARS.values()) - known.numbers
    assert len(hidden) > 4
    async with town.client() as client:
        answer = await client.get(address)
    assert answer.status_code == 200, answer.text[:300]
    told = {number for number in CARS.values() if found(answer.content, number)}
    assert told <= known.numbers
    assert told


PLANTS = (
    "a hidden cell opened",
    "a row more",
    "no certificate",
    "the certificate of another dataset",
    "another profile",
    "a certificate that nobody signed",
    "a certificate with a failure",
)


def opened(town: Town, folder: Path, draft: Path, *, more: bool) -> None:
    """Write the files of a release with its first hidden cell open, or with a row more."""
    cells = open_cells(folder).select(Extent())
    rows = cells.to_pylist()
    hidden = next(row for row in rows if row["conf_status"] == "C")
    like = next(row for row in rows if row["conf_status"] == "F")
    if more:
        rows.append({**like, "period": "2023"})
    else:
        hidden |= {name: like[name] for name in ("conf_status", "obs_status")}
        hidden["obs_value"] = float(CARS[hidden["area"]])
    shape = {name: [row[name] for row in rows] for name in cells.column_names}
    columns = [
        pa.array(shape[each.name], pa.string() if pa.types.is_dictionary(each.type) else each.type)
        for each in cells.schema
    ]
    made = pa.table(columns, names=cells.column_names).cast(cells.schema)
    of = strangers.contract(levels=(SECTOR, TOWN))
    arranged = layout.arrange(scrub(made), areas.ancestors(of, town.press.registry))
    layout.write(arranged, draft, {})


def forged(town: Town, draft: Path, change: str) -> None:
    """Change the certificate in a folder."""
    path = draft / "protection.json"
    said = json.loads(path.read_bytes())
    if change == "the certificate of another dataset":
        other = next(d for slug, _, d, _ in releases(town) if slug != "wagens")
        for name in ("protection.json", "protection.jws"):
            shutil.copy(town.home / "data" / other.removeprefix("sha-256:") / name, draft / name)
    elif change == "a certificate that nobody signed":
        path.write_bytes(canonical(said | {"hidden": 0}))
    elif change == "a certificate with a failure":
        path.write_bytes(canonical(said | {"failed": 1}))
        signed = sign(path.read_bytes(), "hanse-protection+jws", town.press.key)
        (draft / "protection.jws").write_text(signed, "ascii")


def planted(town: Town, change: str) -> str:
    """Copy the newest release with something changed, consistently; return its new address."""
    (address,) = (digest for slug, _, digest, _ in releases(town) if slug == "wagens")
    folder, draft = town.home / "data" / address.removeprefix("sha-256:"), town.home / "planted"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(folder, draft)
    described = json.loads((folder / "manifest.json").read_bytes())
    if change == "no certificate":
        kept = [each for each in described["parts"] if "protection" not in each["path"]]
        described["parts"] = kept
    elif change == "another profile":
        described |= {"profile": "open-0", "profile_digest": f"sha-256:{64 * '0'}"}
    elif "row" in change or "cell" in change:
        opened(town, folder, draft, more="row" in change)
    else:
        forged(town, draft, change)
    for part in described["parts"]:
        content = (draft / part["path"]).read_bytes()
        part |= {"sha256": f"sha-256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)}
    described["licence"] += " "  # so that a copy with nothing changed is a release of its own
    statement = canonical(described)
    (draft / "manifest.json").write_bytes(statement)
    signed = sign(statement, "hanse-manifest+jws", town.press.key)
    (draft / "manifest.jws").write_text(signed, "ascii")
    made = hashlib.sha256(statement).hexdigest()
    draft.rename(town.home / "data" / made)
    return f"sha-256:{made}"


def points_at(town: Town, address: str) -> None:
    """Let the newest release of the cars be another folder, as who owns the database could."""
    with transaction(town.press.engine) as session:
        for command in (
            "UPDATE release SET digest = :address WHERE dataset = 'wagens'",
            "UPDATE dataset SET current_digest = :address, changed_at = changed_at || ' '"
            " WHERE slug = 'wagens'",
        ):
            session.connection().execute(text(command), {"address": address})


@asynccontextmanager
async def started(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """Start the node anew, as after whatever was done to its folder and its database."""
    settings = NodeSettings(_env_file=town.home / "node.env", home=town.home, audit_lag_seconds=0)
    app = create_app(settings, clock=Moment(), transport=httpx.ASGITransport(app=catalogue()))
    try:
        yield replace(town, app=app).client()
    finally:
        app.state.node.close()


@pytest.mark.parametrize("change", ["nothing", *PLANTS])
async def test_what_is_planted_without_its_certificate_is_served_to_nobody(
    town: Town, change: str
) -> None:
    (honest,) = (digest for slug, _, digest, _ in releases(town) if slug == "wagens")
    address = planted(town, change)
    points_at(town, address)
    try:
        async with started(town) as client:
            answers = [await client.get(door) for door in DOORS]
    finally:
        points_at(town, honest)
        shutil.rmtree(town.home / "data" / address.removeprefix("sha-256:"))
    if change == "nothing":
        assert {each.status_code for each in answers} == {200}
        return
    assert {each.status_code for each in answers} == {503}
    assert {b"RELEASE_UNCERTIFIED" in each.content for each in answers} >= {True}
    told = {n for n in CARS.values() for each in answers if found(each.content, n)}
    assert told == set()
