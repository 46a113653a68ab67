"""Appends rows to one table, each on the disk when `append` returns; what waits goes together.

A commit waits for the disk, longer than everything else a small answer needs. Whoever comes while
one is under way leaves a row for the next, and one of those who wait writes them all in one
transaction: nobody is answered before their own row stands.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, Insert
from sqlalchemy.exc import IntegrityError, OperationalError

from hanse.errors import Conflict, Unavailable
from hanse.store.engine import WRITES

BATCH_MAX: Final = 500
"""How many rows one transaction holds at most."""

Row = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class _Line:
    row: Row
    written: bool = False
    fault: Exception | None = None


class Journal:
    """The way into one table for rows that are written one by one and never changed."""

    def __init__(self, engine: Engine, insert: Insert) -> None:
        self._engine = engine.execution_options(**{WRITES: True})
        self._insert = insert
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
        if isinstance(line.fault, IntegrityError):
            raise Conflict("DATABASE_CONFLICT") from line.fault
        if line.fault is not None:
            raise Unavailable("DATABASE_UNAVAILABLE") from line.fault

    def _taken(self) -> list[_Line]:
        with self._gate:
            taken, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
        return taken

    def _write(self, lines: list[_Line]) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(self._insert, [line.row for line in lines])
        except Exception as fault:
            # A database that is away is away for all: asking for each would make a queue of waits.
            if len(lines) == 1 or isinstance(fault, OperationalError):
                for line in lines:
                    line.fault = fault
                return
            # One row that the database refuses must not take its neighbours with it.
            for line in lines:
                self._write([line])
            return
        for line in lines:
            line.written = True
