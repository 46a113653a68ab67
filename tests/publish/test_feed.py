"""The signed feed: numbered by its content, silent about what strangers may not know."""

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from tests.support.presses import START, TOWN, clock, contract, draft, press

from hanse.cube.contract import Access, Contract
from hanse.node import feed, outbox, publish
from hanse.node.feed import Publisher
from hanse.node.publish import Intent, Press
from hanse.node.routes import feed as feed_routes
from hanse.policies.signatures import FEED, SigningKey, verify
from hanse.store.session import reading
from hanse.wire import Feed

LINES = [("inw", TOWN, "11002", "2024", 100), ("inw", TOWN, "41002", "2024", 3)]


def publisher(on: Press) -> Publisher:
    return Publisher(
        agency="NIS41002",
        name="Aalst",
        kbo="0207437468",
        base_url="http://127.0.0.1:8101",
        home=on.home,
        key=on.key,
        clock=clock(START),
    )


def read(on: Press) -> Feed:
    found = feed.snapshot(on.engine, publisher(on))
    return Feed.model_validate_json(verify(found.statement, FEED, [on.key.public_jwk()]))


def put(on: Press, of: Contract, value: int = 100) -> None:
    lines = [("inw", TOWN, "11002", "2024", value)]
    publish.publish(on, draft(lines, of), Intent(), "an")


def test_the_number_grows_with_the_content_and_not_with_the_asking(tmp_path: Path) -> None:
    on = press(tmp_path)
    first = feed.snapshot(on.engine, publisher(on))
    assert feed.snapshot(on.engine, publisher(on)) == first
    put(on, contract())
    second = feed.snapshot(on.engine, publisher(on))
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.etag != second.etag


def test_a_new_key_signs_the_same_content_anew(tmp_path: Path) -> None:
    on = press(tmp_path)
    first = feed.snapshot(on.engine, publisher(on))
    other = replace(publisher(on), key=SigningKey.generate())
    assert feed.snapshot(on.engine, other).sequence == first.sequence + 1


def test_an_open_dataset_is_listed_with_its_counts(tmp_path: Path) -> None:
    on = press(tmp_path)
    publish.publish(on, draft(LINES), Intent(), "an")
    (entry,) = read(on).datasets
    assert entry.current is not None
    assert entry.current.coverage is not None
    assert (entry.current.coverage.cells, entry.current.coverage.hidden) == (2, 1)
    assert entry.indicators[0].threshold == "5"


def test_a_governed_dataset_is_listed_without_counts(tmp_path: Path) -> None:
    on = press(tmp_path)
    put(on, contract(access=Access.PROTOCOL))
    (entry,) = read(on).datasets
    assert entry.current is not None
    assert entry.current.coverage is None
    assert "hidden" not in entry.model_dump_json()


@pytest.mark.parametrize("fields", [{"listed": False}, {"access": Access.INTERNAL}])
def test_what_strangers_may_not_know_is_absent(tmp_path: Path, fields: dict[str, object]) -> None:
    on = press(tmp_path)
    put(on, contract(**fields))
    assert read(on).datasets == []
    with reading(on.engine) as session:
        assert outbox.since(session, 0) == ()


def test_a_dataset_that_is_no_longer_listed_gets_a_tombstone(tmp_path: Path) -> None:
    on = press(tmp_path)
    put(on, contract())
    read(on)
    put(on, contract(listed=False), 101)
    put(on, contract(listed=False), 102)
    hidden = read(on)
    assert hidden.datasets == []
    assert [(stone.kind, stone.id) for stone in hidden.tombstones] == [("dataset", "bevolking")]
    put(on, contract(), 103)
    again = read(on)
    assert [entry.slug for entry in again.datasets] == ["bevolking"]
    assert again.tombstones == []


def test_a_withdrawn_release_stands_in_the_feed_by_its_full_name(tmp_path: Path) -> None:
    on = press(tmp_path)
    put(on, contract())
    publish.withdraw(on, "bevolking", "2026-10-01.1", "Verkeerd bestand.", "bo")
    found = read(on)
    assert [stone.id for stone in found.tombstones] == ["bevolking/2026-10-01.1"]
    assert found.datasets[0].current is None


def test_cursors_count_without_a_gap(tmp_path: Path) -> None:
    on = press(tmp_path)
    put(on, contract())
    put(on, contract(slug="geheim", listed=False))
    put(on, contract(slug="ander"))
    with reading(on.engine) as session:
        events = outbox.since(session, 0)
        assert [(event.cursor, event.dataset) for event in events] == [
            (1, "bevolking"),
            (2, "ander"),
        ]
        assert [event.cursor for event in outbox.since(session, 1)] == [2]


@dataclass(frozen=True)
class Node:
    engine: Engine
    publisher: Publisher


def ask(on: Press, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    app = FastAPI()
    app.include_router(feed_routes.routes(Node(on.engine, publisher(on))))

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(go())


def test_the_feed_is_served_once_per_content(tmp_path: Path) -> None:
    on = press(tmp_path)
    put(on, contract())
    first = ask(on, "/v1/feed")
    assert (first.status_code, first.headers["content-type"]) == (200, "application/jose")
    verify(first.text, FEED, [on.key.public_jwk()])
    again = ask(on, "/v1/feed", {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_changes_are_polled_from_a_cursor(tmp_path: Path) -> None:
    on = press(tmp_path)
    put(on, contract())
    found = json.loads(ask(on, "/v1/changes?since=0").content)
    assert [event["kind"] for event in found["events"]] == ["release.published"]
    assert json.loads(ask(on, f"/v1/changes?since={found['next']}").content)["events"] == []
