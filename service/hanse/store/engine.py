"""Makes the engine of a node's or catalogue's database: SQLite in a file, or PostgreSQL by URL.

SQLite runs in WAL with `synchronous=FULL`: a committed release survives a power cut. Transactions
that write begin IMMEDIATE, so two writers wait for each other instead of failing half-way.
"""

import os
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from hanse.errors import Invalid

BUSY_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 5_000
READ_TIMEOUT_MS = 5_000
WRITE_TIMEOUT_MS = 30_000
POOL_SIZE = 8
POOL_OVERFLOW = 8

WRITES = "hanse_writes"
"""Execution option of a connection whose transaction may write; without it, it cannot."""

_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)


def create(url: str) -> Engine:
    """Return the engine for a SQLAlchemy URL; `Invalid` for any other kind of database."""
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise Invalid("DATABASE_URL") from fault
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed.set(drivername="postgresql+psycopg"))
        case _:
            raise Invalid("DATABASE_URL")


def _sqlite(url: URL) -> Engine:
    _make_private(url.database)
    engine = create_engine(url, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def forget(engine: Engine) -> None:
    """Leave nothing of what was deleted in SQLite's journal file; its pages are zeroed already."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.rollback()
            raw.execute("PRAGMA query_only = OFF").close()
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()


def _make_private(file: str | None) -> None:
    """Make a new database its owner's alone: decisions name who asked what.

    Its journals take over its permissions; a database that exists keeps those it was given.
    """
    if file and not file.startswith((":", "file:")):
        with suppress(OSError):  # a folder that is not there is told on the first connection
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma).close()


def _begin_sqlite(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get(WRITES))
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_pre_ping=True,
        connect_args={"options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC"},
    )
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _begin_postgresql(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get(WRITES))
    timeout = WRITE_TIMEOUT_MS if writes else READ_TIMEOUT_MS
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {timeout}")
    if not writes:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
