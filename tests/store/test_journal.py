"""A journal's rows stand when `append` returns, each on its own, however many come at once."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, insert, text

from hanse.errors import Conflict, Unavailable
from hanse.store.journal import BATCH_MAX, Journal
from hanse.store.session import reading

ROWS = Table(
    "line",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("said", Text, nullable=False),
)


@pytest.fixture
def journal(engine: Engine) -> Iterator[Journal]:
    with engine.execution_options(hanse_writes=True).begin() as connection:
        ROWS.metadata.create_all(connection)
    made = Journal(engine, insert(ROWS))
    yield made
    made.close()


def standing(engine: Engine) -> list[int]:
    with reading(engine) as session:
        return [row[0] for row in session.connection().execute(text("SELECT id FROM line"))]


def test_a_row_stands_when_append_returns(engine: Engine, journal: Journal) -> None:
    journal.append({"id": 1, "said": "a"})
    assert standing(engine) == [1]


def test_every_row_of_many_threads_stands(engine: Engine, journal: Journal) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: journal.append({"id": number, "said": "a"}), range(200)))
    assert sorted(standing(engine)) == list(range(200))


def test_rows_that_wait_go_in_one_transaction(
    engine: Engine, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    first, go = threading.Event(), threading.Event()
    insert_rows = journal._connection.insert

    def hold(sql: str, rows: Sequence[Any]) -> None:
        commits.append(len(rows))
        if len(commits) == 1:
            first.set()
            go.wait(10)
        insert_rows(sql, rows)

    monkeypatch.setattr(journal._connection, "insert", hold)
    with ThreadPoolExecutor(BATCH_MAX) as pool:
        done = [pool.submit(journal.append, {"id": 0, "said": "a"})]
        assert first.wait(10)
        done += [pool.submit(journal.append, {"id": n, "said": "a"}) for n in range(1, 21)]
        while len(journal._waiting) < 20:
            pass
        go.set()
        for each in done:
            each.result(10)
    assert sorted(standing(engine)) == list(range(21))
    assert commits == [1, 20]


def test_a_refused_row_leaves_its_neighbours_alone(engine: Engine, journal: Journal) -> None:
    journal.append({"id": 5, "said": "a"})

    def added(number: int) -> str:
        try:
            journal.append({"id": number, "said": "a"})
        except Conflict:
            return "refused"
        return "stands"

    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(added, range(40)))
    assert said == ["refused" if number == 5 else "stands" for number in range(40)]
    assert sorted(standing(engine)) == list(range(40))


def test_a_database_that_takes_no_row_is_away(engine: Engine, journal: Journal) -> None:
    with engine.execution_options(hanse_writes=True).begin() as connection:
        connection.execute(text("DROP TABLE line"))
    with pytest.raises(Unavailable) as caught:
        journal.append({"id": 1, "said": "a"})
    assert caught.value.code == "DATABASE_UNAVAILABLE"
