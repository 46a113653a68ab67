"""The schema of a node's database, step by step; every step runs on SQLite and on PostgreSQL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from hanse.errors import Conflict
from hanse.store.engine import WRITES

VERSION_TABLE = "node_schema"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision, the newest unless one is named; nothing to do is fine."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Bring the database back to an earlier revision; `base` is before the first."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        command.downgrade(_config(connection), revision)


def check(engine: Engine) -> None:
    """Raise `Conflict` unless the database is at exactly the revision this software is made for."""
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE}
        found = MigrationContext.configure(connection, opts=options).get_current_revision()
    wanted = ScriptDirectory(str(Path(__file__).parent)).get_current_head()
    if found != wanted:
        raise Conflict("SCHEMA_REVISION", found=found or "-", wanted=wanted or "-")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
