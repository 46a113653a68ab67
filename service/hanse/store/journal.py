"""Appends rows to one table, each on the disk when `append` returns; what waits goes together.

A commit waits for the disk, longer than everything else a small answer needs. Whoever comes while
one is under way leaves a row for the next, and one of those who wait writes them all in one
transaction: nobody is answered before their own row stands. The statement is prepared once, on a
connection of the journal's own: asking an engine for one costs more than the row.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, Insert
from sqlalchemy.exc import DBAPIError

from hanse.errors import Conflict, Unavailable
from hanse.store.engine import WRITE_TIMEOUT_MS

BATCH_MAX: Final = 500
"""How many rows one transaction holds at most."""

IDLE_SECONDS: Final = 1.0
"""After how long a connection is asked whether it is still there, before a row is given to it."""

Row = Mapping[str, Any]
_Values = Sequence[Any] | Mapping[str, Any]


@dataclass(slots=True, eq=False)
class _Line:
    row: Row
    written: bool = False
    fault: Exception | None = None


class Journal:
    """The way into one table for rows that are written one by one and never changed.

    `insert` names the columns; every row has exactly those.
    """

    def __init__(
        self, engine: Engine, insert: Insert, clock: Callable[[], float] = time.monotonic
    ) -> None:
        compiled = insert.compile(engine)
        self._sql = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup
        self._driver: Any = engine.dialect.loaded_dbapi
        self._connection = _Connection(engine, clock)
        self._waiting: list[_Line] = []
        self._gate = threading.Lock()
        self._writing = threading.Lock()

    def append(self, row: Row) -> None:
        """Store a row durably.

        Raises `Conflict` where the database's own rules refuse it, `Unavailable` where it does not
        answer or another writer holds on too long.
        """
        line = _Line(row)
        with self._gate:
            self._waiting.append(line)
        while not (line.written or line.fault):
            with self._writing:
                if not (line.written or line.fault):
                    self._write(self._taken())
        if isinstance(line.fault, self._driver.IntegrityError):
            raise Conflict("DATABASE_CONFLICT") from line.fault
        if line.fault is not None:
            raise Unavailable("DATABASE_UNAVAILABLE") from line.fault

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Write nothing for the length of a block: another writer then needs no luck to get in."""
        with self._writing:
            yield

    def close(self) -> None:
        """Let go of the database; a later row opens it again."""
        with self._writing:
            self._connection.forget()

    def _taken(self) -> list[_Line]:
        with self._gate:
            taken, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
        return taken

    def _write(self, lines: list[_Line]) -> None:
        try:
            self._connection.insert(self._sql, [self._values(line.row) for line in lines])
        except Exception as fault:
            # A database that is away is away for all: asking for each would make a queue of waits.
            away = (self._driver.OperationalError, DBAPIError)
            if len(lines) == 1 or isinstance(fault, away):
                for line in lines:
                    line.fault = fault
                return
            # One row that the database refuses must not take its neighbours with it.
            for line in lines:
                self._write([line])
            return
        for line in lines:
            line.written = True

    def _values(self, row: Row) -> _Values:
        return row if self._order is None else [row[name] for name in self._order]


class _Connection:
    """One connection that stays open; one that broke is opened anew for the next row."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._held: Any = None
        self._used = 0.0

    def insert(self, sql: str, rows: Sequence[_Values]) -> None:
        """Write rows in one transaction; raises what the driver raises, and nothing stands then."""
        held = self._open()
        try:
            cursor = held.cursor()
            try:
                self._in_transaction(cursor, sql, rows)
            finally:
                cursor.close()
        except BaseException:
            self.forget()
            raise
        self._used = self._clock()

    def _in_transaction(self, cursor: Any, sql: str, rows: Sequence[_Values]) -> None:
        if self._engine.dialect.name == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(sql, rows)
            cursor.execute("COMMIT")
        elif len(rows) == 1:
            cursor.execute(sql, rows[0])  # a statement alone is a transaction
        else:
            with self._held.driver_connection.transaction():
                cursor.executemany(sql, rows)

    def _open(self) -> Any:
        if self._held is not None and self._clock() - self._used > IDLE_SECONDS:
            self._check()
        if self._held is None:
            self._held = self._engine.raw_connection()
            self._prepare(self._held)
        return self._held

    def _check(self) -> None:
        try:
            self._held.cursor().execute("SELECT 1").close()
        except Exception:
            self.forget()

    def _prepare(self, held: Any) -> None:
        if self._engine.dialect.name == "sqlite":
            held.cursor().execute("PRAGMA query_only = OFF").close()
        else:
            held.driver_connection.autocommit = True
            held.driver_connection.execute(f"SET statement_timeout = {WRITE_TIMEOUT_MS}")

    def forget(self) -> None:
        """Close the connection, with whatever it had begun."""
        if self._held is not None:
            with suppress(Exception):
                self._held.invalidate()
        self._held = None
