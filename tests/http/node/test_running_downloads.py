"""Answers on their way when their protocol ends: what has not left yet stays, in every dialect.

The reader takes the first piece, something happens to what opened the answer, and reads on.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.support import agreed, golden, proofs
from tests.support.asgi import ask
from tests.support.callers import CLOSED, Moment
from tests.support.federation import BASE, Catalogue
from tests.support.golden import Golden
from tests.support.holders import PROTOCOL, Holder, bound_house

from hanse.auth.revoked import PULL_SECONDS
from hanse.catalog import oauth, revocations
from hanse.dialects.ogc import features
from hanse.dialects.pxweb import table_csv
from hanse.errors import Refused
from hanse.node.watching import LOOK_SECONDS
from hanse.store.session import transaction

pytestmark = pytest.mark.anyio

CLIENT = "kenniscentrum"
NAME = f"urn:protocol:aalst:2026-{golden.PARTNERS[CLIENT]['number']}"
FLOW = "PROEF_DICHT"
CHOSEN = "".join(
    f"&valueCodes[{axis}]=*" for axis in ("INDICATOR", "REF_AREA", "SEX", "TIME_PERIOD")
)

QUESTIONS = {
    "arrow": f"/v1/datasets/{golden.CLOSED}/data?extent=permitted&format=arrow",
    "SDMX-CSV": f"/sdmx/3.0/data/dataflow/NIS41002/{FLOW}/1.0.0?format=csv",
    "SDMX-ML": f"/sdmx/2.1/data/NIS41002,{FLOW}/all",
    "OData": f"/odata/v4/NIS41002_{FLOW}",
    "OData of CBS": f"/odata/cbs/v1/NIS41002/{FLOW}__GEMEENTE_2025/Observations",
    "OGC": f"/ogc/collections/{FLOW}__GEMEENTE_2025/items",
    "PxWeb": f"/px/v2/tables/{FLOW}__GEMEENTE_2025/data?outputFormat=csv{CHOSEN}",
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


class Reading:
    """A reader of one answer that stops after its first piece until something has happened."""

    def __init__(self, happens: Callable[[], None] = lambda: None) -> None:
        self.status = 0
        self.pieces: list[bytes] = []
        self.whole = False
        self._happens = happens

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.pieces.append(bytes(message.get("body", b"")))
        self.whole = not message.get("more_body", False)
        if len(self.pieces) == 1:
            self._happens()
            await asyncio.sleep(LOOK_SECONDS + 0.05)


async def read(app: Any, url: str, address: str, headers: dict[str, str], to: Reading) -> None:
    """Ask `app` one question; raises what breaks the answer off."""
    path, _, query = address.partition("?")
    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if waiting:
            return waiting.pop()
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    host = url.partition("://")[2]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": quote(query, safe="=&*:.,-_$%@").encode(),
        "headers": [(b"host", host.encode())]
        + [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await app(scope, receive, to.send)


def step(node: Golden, kind: str) -> None:
    clock: Moment = node.node.publisher.clock  # type: ignore[assignment]
    clock.at += timedelta(seconds=1)
    with transaction(node.node.engine) as session:
        agreed.step(session, node.home, NAME, kind, clock())


@pytest.mark.parametrize("dialect", QUESTIONS)
async def test_an_answer_on_its_way_breaks_off_when_its_protocol_is_suspended(
    node: Golden, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_csv, "_LINES", 2)  # a small answer in more pieces than one
    monkeypatch.setattr(features, "_PIECE", 1)
    asked = (node.app, node.url, QUESTIONS[dialect], node.headers(CLIENT))
    whole = Reading()
    await read(*asked, whole)
    assert (whole.status, whole.whole) == (200, True), b"".join(whole.pieces)[:300]
    broken = Reading(lambda: step(node, "suspend"))
    try:
        with pytest.raises((Refused, RuntimeError, ExceptionGroup)):
            await read(*asked, broken)
    finally:
        step(node, "resume")
    assert (broken.status, broken.whole) == (200, False)
    assert b"".join(whole.pieces).startswith(b"".join(broken.pieces))
    assert len(b"".join(broken.pieces)) < len(b"".join(whole.pieces))


@pytest.mark.parametrize("dialect", ["arrow", "SDMX-CSV", "OData"])
async def test_what_is_open_to_everybody_is_never_broken_off(node: Golden, dialect: str) -> None:
    address = QUESTIONS[dialect].replace(golden.CLOSED, golden.OPEN).replace(FLOW, "PROEF")
    reading = Reading(lambda: step(node, "suspend"))
    await read(node.app, node.url, address, {}, reading)
    step(node, "resume")
    assert (reading.status, reading.whole) == (200, True)


async def test_a_protocol_revoked_elsewhere_stops_downloads_at_every_node_within_a_minute(
    tmp_path: Path,
) -> None:
    """One catalogue, two nodes: what its operator revokes, both hear of by their own look-up."""
    catalogue = Catalogue(tmp_path / "catalogue")
    anchor = [oauth.anchor(catalogue.home).public_jwk()]
    key = proofs.key()
    worker = ThreadPoolExecutor(1)

    def fetch() -> str:
        return worker.submit(ask, catalogue.app, "/v1/revocations").result().body.decode()

    houses = [
        bound_house(tmp_path / name, key, revocation_hours=24) for name in ("aalst", "turnhout")
    ]
    for house in houses:
        feed = house.node.revocations
        assert feed is not None
        feed._fetch = fetch
        feed._catalogue, feed._anchor = BASE, tuple(anchor)
    catalogue.clock.now = houses[0].clock.at

    def revoked() -> None:
        with transaction(catalogue.engine) as session:
            revocations.revoke(session, "protocol", PROTOCOL, catalogue.clock())
        for house in houses:
            house.clock.at += timedelta(seconds=PULL_SECONDS)
            catalogue.clock.now = house.clock.at
            assert house.node.revocations is not None
            assert house.node.revocations.pull()

    path = f"/v1/datasets/{CLOSED}/data?level=gemeente@2025&purpose=statistiek&format=arrow"
    first, second = Reading(revoked), Reading()
    for house, reading in zip(houses, (first, second), strict=True):
        me = Holder(house, key)
        headers = me.headers(me.token(), path)
        if reading is first:
            with pytest.raises((Refused, RuntimeError, ExceptionGroup)):
                await read(house.app, me.base, path, headers, reading)
        else:
            await read(house.app, me.base, path, headers, reading)
    assert (first.status, first.whole) == (200, False)
    assert second.status == 403
    assert PULL_SECONDS <= 60
    for house in houses:
        house.node.close()
