"""What every table of a node's database shares: one set of tables, apart from the catalogue's."""

from datetime import UTC, datetime

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

TABLES = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""The tables of a node; a model joins them by being a `Row`."""


class Row(SQLModel, registry=registry(metadata=TABLES)):
    """A row of the node's own database; moments are ISO 8601 text in UTC, never local time."""

    metadata = TABLES


def moment(at: datetime) -> str:
    """Write a moment as every table holds it; texts then sort as moments do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def read_moment(text: str) -> datetime:
    """Read a moment of a table."""
    return datetime.fromisoformat(text)
