"""The life of a release on every database a node may have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support import postgres
from tests.support.needs import need
from tests.support.presses import START, TOWN, clock, draft, press

from hanse.errors import Conflict
from hanse.node import datasets, feed, outbox, publish
from hanse.node.feed import Publisher
from hanse.node.publish import Intent
from hanse.node.releases import tables
from hanse.store.engine import create
from hanse.store.session import reading

FIRST = [("inw", TOWN, "11002", "2024", 100)]
SECOND = [*FIRST, ("inw", TOWN, "11002", "2025", 101)]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        yield create(f"sqlite:///{tmp_path / 'node.db'}")
        return
    need("postgresql")
    with postgres.cluster() as server:
        made = create(postgres.database(server))
        yield made
        made.dispose()


def test_a_release_is_proposed_approved_followed_and_withdrawn(
    engine: Engine, tmp_path: Path
) -> None:
    on = press(tmp_path, engine, approvals="second-person")
    publish.propose(on, draft(FIRST), Intent(), "an")
    first = publish.approve(on, draft(FIRST), "bo")
    publish.propose(on, draft(SECOND), Intent(), "an")
    publish.propose(on, draft(SECOND), Intent(reason="Nieuw jaar."), "an")
    second = publish.approve(on, draft(SECOND), "bo")
    with pytest.raises(Conflict, match="PUBLISH_NOTHING"):
        publish.propose(on, draft(SECOND), Intent(), "an")
    publish.withdraw(on, "bevolking", second.release_id, "Fout.", "bo")
    with reading(engine) as session:
        assert datasets.get(session, "bevolking").current_digest == first.digest
        assert [row.state for row in tables.history(session, "bevolking")] == [
            "withdrawn",
            "published",
        ]
        events = [(event.cursor, event.kind) for event in outbox.since(session, 0)]
    assert events == [
        (1, "release.published"),
        (2, "release.published"),
        (3, "release.withdrawn"),
    ]
    speaker = Publisher("NIS41002", "Aalst", "", "http://n", tmp_path, on.key, clock(START))
    snapshot = feed.snapshot(engine, speaker)
    assert feed.snapshot(engine, speaker) == snapshot
