"""The node's log, as the rest of the node writes to it: one call per thing that happened.

`note(session, entry, at)` puts an entry into the transaction of the change it tells of: both stand,
or neither. Decisions of the door go by `hanse.node.record`, which waits for the disk and for
nothing else. What is written waits in `audit_pending` until the sequencer gives it its place in the
tree; from then on nothing of it changes.
"""

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Index, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, Session

from hanse.audit.entry import Entry, Sealed, Stamp, seal
from hanse.audit.packing import pack, unpack
from hanse.node.tables import Row, moment

BIG: Final = BigInteger().with_variant(Integer, "sqlite")
HASH: Final = LargeBinary(32)
_PLACE: Final = {"autoincrement": False}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Packed(TypeDecorator[str]):
    """The text of an entry, squeezed on the disk; one that was kept as text is read as it is."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return bytes; SQLite keeps them in its column of text."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else LargeBinary())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """Return what is kept."""
        return None if value is None else pack(value.encode())

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Return the text; what cannot be one keeps a trace, so that its hash does not fit."""
        if value is None or isinstance(value, str):
            return value
        return unpack(bytes(value)).decode(errors="replace")


class Moment(TypeDecorator[str]):
    """A moment to look up by: a day or a moment in text here, milliseconds in the database."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return a whole number."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:
        """Return the milliseconds since 1970 in which a moment lies; UTC where it names no zone."""
        if value is None:
            return None
        at = datetime.fromisoformat(value)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> str | None:
        """Return the moment as every other table holds it."""
        return None if value is None else moment(_EPOCH + value * _MILLISECOND)


class PendingRow(Row, table=True):
    """An entry that has no place in the tree yet; `id` orders those of one writer."""

    __tablename__ = "audit_pending"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    ref: str = Field(max_length=32, index=True)
    body: str = Field(sa_type=Text)


class EntryRow(Row, table=True):
    """A place in the tree: never changed, never removed."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_ref", "ref", unique=True),)

    idx: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    ref: str = Field(max_length=32)
    leaf: bytes = Field(sa_type=HASH)


class BodyRow(Row, table=True):
    """What an entry says, until it expires; the columns are copies to look it up by."""

    __tablename__ = "audit_body"

    idx: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    kind: str = Field(max_length=16)
    at: str = Field(sa_type=Moment, index=True)
    client: str | None = Field(default=None, max_length=63)
    dataset: str | None = Field(default=None, max_length=63, index=True)
    protocol: str | None = Field(default=None, max_length=140, index=True)
    exchange: str | None = Field(default=None, max_length=64, index=True)
    outcome: str = Field(default="", max_length=8)
    body: str = Field(sa_type=Packed)


class PersonRow(Row, table=True):
    """Whom a commitment in an entry stands for; erased, nobody can tell any more."""

    __tablename__ = "audit_person"

    ref: str = Field(primary_key=True, max_length=32)
    role: str = Field(primary_key=True, max_length=8)
    identity: str = Field(max_length=200, index=True)
    salt: bytes = Field(sa_type=HASH)


def note(session: Session, entry: Entry, at: datetime) -> str:
    """Write an entry with the change it tells of, and return its reference.

    Raises `Invalid` (AUDIT_ENTRY) for what `hanse.audit.entry.KINDS` does not have.
    """
    sealed = sealed_at(entry, at)
    session.add(PendingRow(ref=sealed.ref, body=sealed.body.decode()))
    for role, identity, salt in sealed.secrets:
        session.add(PersonRow(ref=sealed.ref, role=role, identity=identity, salt=salt))
    return sealed.ref


def sealed_at(entry: Entry, at: datetime) -> Sealed:
    """Return an entry in its final bytes, under a new reference."""
    return seal(entry, Stamp(reference(at), moment(at), software()), secrets.token_bytes)


def reference(at: datetime) -> str:
    """Return a new reference: the moment in ms, then chance, so that nobody guesses the next."""
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(10)}"


@cache
def software() -> str:
    """Return the name and version of this software."""
    return f"hanse {version('hanse')}"
