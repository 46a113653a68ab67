"""Where a decision cannot be written nothing leaves, and whoever else asks is not held up by it."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, event, insert, text
from tests.support.callers import LISTED, OPEN, House, house

from hanse.errors import Unavailable
from hanse.store import engine as engines
from hanse.store.journal import Journal
from hanse.store.session import reading

ROWS = Table(
    "line",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("said", Text, nullable=False),
)
PATIENCE_MS = 200
WRITES_OF_SQLITE = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)
QUESTIONS = (
    (f"/v1/datasets/{OPEN}/data", "nobody"),
    (f"/v1/datasets/{OPEN}/data.parquet?area=41002", "nobody"),
    (f"/v1/datasets/{OPEN}/data?format=arrow&period=2024", "nobody"),
    (f"/v1/datasets/{LISTED}/data?extent=permitted", "partner"),
    (f"/v1/datasets/{LISTED}/data.parquet?extent=permitted", "partner"),
    (f"/v1/datasets/{LISTED}/data?extent=permitted&format=xlsx", "partner"),
    (f"/v1/datasets/{LISTED}/data", "partner"),
    (f"/v1/datasets/{LISTED}/data", "stranger"),
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a locked database be given up on at once."""
    pragmas = (*engines._SQLITE_PRAGMAS, f"PRAGMA busy_timeout = {PATIENCE_MS}")
    monkeypatch.setattr(engines, "_SQLITE_PRAGMAS", pragmas)


@pytest.fixture
def aalst(tmp_path: Path) -> Iterator[House]:
    """A node of the test's own."""
    built = house(tmp_path / "aalst")
    yield built
    built.node.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with one table to write in."""
    made = engines.create(f"sqlite:///{tmp_path / 'log.db'}")
    with made.execution_options(**{engines.WRITES: True}).begin() as connection:
        ROWS.metadata.create_all(connection)
    yield made
    made.dispose()


async def nothing_leaves(built: House) -> None:
    for path, caller in QUESTIONS:
        async with built.client(caller) as client:
            answer = await client.get(path)
        assert answer.status_code == 503, path
        assert answer.json()["code"] == "DATABASE_UNAVAILABLE"
        assert "release-digest" not in answer.headers


@pytest.mark.anyio
async def test_nothing_leaves_while_another_writer_holds_the_log(aalst: House) -> None:
    holder = sqlite3.connect(aalst.home / "node.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    await nothing_leaves(aalst)
    holder.execute("ROLLBACK")
    holder.close()
    async with aalst.client() as client:
        assert (await client.get(QUESTIONS[0][0])).status_code == 200


@pytest.mark.anyio
async def test_nothing_leaves_from_a_log_that_may_only_be_read(aalst: House) -> None:
    def refuse(action: int, *_: object) -> int:
        return sqlite3.SQLITE_DENY if action in WRITES_OF_SQLITE else sqlite3.SQLITE_OK

    def only_read(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_authorizer(refuse)

    # As a file system mounted read-only: reading works, every write fails.
    event.listen(aalst.node.engine, "checkout", only_read)
    await nothing_leaves(aalst)


@pytest.mark.anyio
async def test_nothing_leaves_once_the_disk_is_full(aalst: House) -> None:
    def full(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1").close()  # no page more than there are

    event.listen(aalst.node.engine, "checkout", full)
    statuses = []
    async with aalst.client("partner") as client:
        for _ in range(60):
            answer = await client.get(f"/v1/datasets/{LISTED}/data?extent=permitted")
            statuses.append(answer.status_code)
            assert ("release-digest" in answer.headers) == (answer.status_code == 200)
    assert statuses[-1] == 503


@pytest.mark.anyio
async def test_nothing_leaves_without_a_log(aalst: House) -> None:
    holder = sqlite3.connect(aalst.home / "node.db", isolation_level=None)
    holder.execute("DROP TABLE audit_pending")
    holder.close()
    await nothing_leaves(aalst)


def test_a_locked_log_is_waited_for_once_by_all_who_wait(tmp_path: Path, engine: Engine) -> None:
    journal = Journal(engine, insert(ROWS))
    holder = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with ThreadPoolExecutor(24) as pool:
        asked = [pool.submit(journal.append, {"id": n, "said": "a"}) for n in range(24)]
        faults = [each.exception(60) for each in asked]
    holder.close()
    assert all(isinstance(fault, Unavailable) for fault in faults)
    assert time.monotonic() - began < 10 * PATIENCE_MS / 1000


@pytest.mark.parametrize("poison", ["\ud800", 2**70], ids=["no text", "no number"])
def test_a_row_that_no_driver_takes_leaves_nobody_waiting(engine: Engine, poison: object) -> None:
    journal = Journal(engine, insert(ROWS))
    outcomes: dict[int, str] = {}
    together = threading.Barrier(12)

    def append(number: int) -> None:
        together.wait()
        try:
            journal.append({"id": number, "said": poison if number == 0 else "a"})
        except Unavailable:
            outcomes[number] = "refused"
        else:
            outcomes[number] = "stands"

    people = [threading.Thread(target=append, args=(n,), daemon=True) for n in range(12)]
    for each in people:
        each.start()
    for each in people:
        each.join(10)
    assert outcomes == {number: "stands" if number else "refused" for number in range(12)}
    with reading(engine) as session:
        assert session.connection().execute(text("SELECT count(*) FROM line")).scalar() == 11
