"""The answer to one question to a city's own database, as cells: read only, bounded, nothing kept
open.

The statement is the publisher's own, so the database's own means keep it to reading: a read-only
transaction or connection, never committed. A row too many ends it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from hanse.cube.spelling import composed
from hanse.dialects.swing import Grid, SwingWorkbook, combine
from hanse.errors import Invalid, Unavailable
from hanse.node.intake.columns import Columns
from hanse.node.intake.jobs import Limits

CHUNK_ROWS = 50_000
STATEMENT_CHARS = 100_000

_READS = re.compile(r"\s*(?:select|with|values|table)\b", re.IGNORECASE)
_READ_ONLY = {"postgresql": "SET TRANSACTION READ ONLY", "sqlite": "PRAGMA query_only = ON"}
"""How each database is told to only read. One that cannot be told is not asked."""


def read(url: str, statement: str, columns: Columns, limits: Limits) -> SwingWorkbook:
    """Return what the rows of a query say.

    Raises `Invalid` for another statement than a question, a database that cannot be kept to
    reading, too many rows or columns, and for values as any other intake does; `Unavailable` when
    the database does not answer. No message repeats the address or the statement.
    """
    if not _READS.match(statement) or len(statement) > STATEMENT_CHARS:
        raise Invalid("SQL_NOT_A_QUESTION")
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text(_READ_ONLY[engine.dialect.name]))
            return combine(_grids(connection, statement, columns, limits))
    except DBAPIError as fault:
        if fault.connection_invalidated or _is_unreachable(fault):
            raise Unavailable("SQL_UNREACHABLE", database=engine.dialect.name) from None
        raise Invalid("SQL_FAILED", database=engine.dialect.name) from None
    except SQLAlchemyError:
        raise Invalid("SQL_FAILED", database=engine.dialect.name) from None
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    try:
        made = make_url(url)
        name = made.get_backend_name()
        if name not in _READ_ONLY:
            raise Invalid("SQL_DATABASE", database=name[:40], known=", ".join(sorted(_READ_ONLY)))
        return create_engine(_existing(made))
    except (ArgumentError, NoSuchModuleError, ImportError):
        raise Invalid("SQL_ADDRESS") from None


def _existing(url: URL) -> URL:
    """Return the address such that a SQLite file that is not there is not made."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    if url.database.startswith("file:"):
        return url
    query = {"mode": "ro", "uri": "true"}
    return url.set(database=f"file:{url.database}", query=query)


def _is_unreachable(fault: DBAPIError) -> bool:
    # An operational error without a statement's own position is the database, not the question.
    cause = str(fault.orig).lower()
    return "connect" in cause or "unable to open" in cause


def _grids(
    connection: Connection, statement: str, columns: Columns, limits: Limits
) -> Iterator[Grid]:
    answer = connection.execution_options(stream_results=True).execute(text(statement))
    headers = tuple(answer.keys())
    if len(headers) > limits.columns:
        raise Invalid("INTAKE_COLUMNS", file="sql", count=len(headers), limit=limits.columns)
    roles = columns.roles(headers, "sql")
    kinds = {role.kind for role in roles}
    first = 1
    for rows in _chunks(answer.partitions(CHUNK_ROWS)):
        if first + len(rows) - 1 > limits.rows:
            raise Invalid("INTAKE_ROWS", file="sql", limit=limits.rows)
        values = list(zip(*rows, strict=True)) or [() for _ in headers]
        yield Grid(
            sheet="sql",
            headers=headers,
            roles=roles,
            columns=tuple(tuple(map(_plain, column)) for column in values),
            rows=pa.array(np.arange(first, first + len(rows), dtype=np.int32)),
            level=columns.level if "level" not in kinds else "",
            period=columns.period if "period" not in kinds else "",
        )
        first += len(rows)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return composed(value)
    return "" if value is None else value


def _chunks(partitions: Iterator[Sequence[Any]]) -> Iterator[list[tuple[object, ...]]]:
    """Yield the partitions, and one empty one where there are none."""
    found = False
    for rows in partitions:
        found = True
        yield [tuple(row) for row in rows]
    if not found:
        yield []
