"""One piece of work, one transaction: all of it or nothing, and readers that cannot write."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from hanse.errors import Conflict, Invalid, Unavailable
from hanse.node import migrations, outbox
from hanse.node.outbox import OutboxRow
from hanse.store.engine import create
from hanse.store.session import reading, transaction


def row(number: int, cursor: int | None = None) -> OutboxRow:
    return OutboxRow(id=number, cursor=cursor, at="2026-10-01T08:00:00+00:00", kind="x")


@pytest.fixture(autouse=True)
def tables(engine: Engine) -> None:
    migrations.upgrade(engine)


def ids(engine: Engine) -> list[int]:
    with reading(engine) as session:
        return list(session.exec(select(OutboxRow.id).order_by(col(OutboxRow.id))))


def test_a_transaction_commits_at_its_end(engine: Engine) -> None:
    with transaction(engine) as session:
        session.add(row(1))
    assert ids(engine) == [1]


def test_a_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(RuntimeError), transaction(engine) as session:  # noqa: PT012
        session.add(row(1))
        session.flush()
        raise RuntimeError
    assert ids(engine) == []


def test_rows_stay_readable_after_it(engine: Engine) -> None:
    with transaction(engine) as session:
        kept = row(1)
        session.add(kept)
    assert kept.kind == "x"


def test_what_the_database_refuses_is_a_conflict(engine: Engine) -> None:
    with pytest.raises(Conflict, match="DATABASE_CONFLICT"), transaction(engine) as session:
        session.add_all([row(1, 7), row(2, 7)])
    assert ids(engine) == []


def write_as_reader(engine: Engine) -> None:
    with reading(engine) as session:
        session.add(row(1))
        session.flush()


def test_a_reader_cannot_write(engine: Engine) -> None:
    with pytest.raises((Unavailable, DBAPIError)):
        write_as_reader(engine)
    assert ids(engine) == []
    with transaction(engine) as session:
        session.add(row(2))
    assert ids(engine) == [2]


def test_the_outbox_hands_out_cursors_without_a_gap_after_a_failure(engine: Engine) -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    event = outbox.happened("dataset.changed", at, dataset="a")
    with transaction(engine) as session:
        assert outbox.append(session, event, announced=True) == 1
    with pytest.raises(RuntimeError), transaction(engine) as session:  # noqa: PT012
        assert outbox.append(session, event, announced=True) == 2
        raise RuntimeError
    with transaction(engine) as session:
        assert outbox.append(session, event, announced=False) is None
        assert outbox.append(session, event, announced=True) == 2


SETTINGS: dict[str, dict[str, object]] = {
    # A committed release survives a power cut, and a waiting writer waits at most five seconds.
    "sqlite": {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000},
    "postgresql": {"lock_timeout": "5s", "timezone": "UTC", "statement_timeout": "5s"},
}


def test_the_database_is_set_as_promised(engine: Engine) -> None:
    asked = "PRAGMA {}" if engine.dialect.name == "sqlite" else "SHOW {}"
    wanted = SETTINGS[engine.dialect.name]
    with engine.connect() as connection:
        found = {name: connection.execute(text(asked.format(name))).scalar() for name in wanted}
    assert found == wanted


@pytest.mark.parametrize("url", ["mysql://x@h/d", "", "not a url", "duckdb:///x"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="DATABASE_URL"):
        create(url)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    engine = create("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable), reading(engine) as session:
        session.exec(select(OutboxRow.id)).all()
