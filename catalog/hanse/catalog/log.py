"""The catalogue's own log: who it let in, what it gave and revoked, which copies it passed on.

Of the same kind as the nodes' logs: an entry stands in the transaction of the change it tells of,
its checkpoints are signed and nodes witness them. So whoever takes over the catalogue can register
a client or let a node in, but not unseen.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, Engine, Integer, LargeBinary, Text
from sqlmodel import Field, Session, SQLModel

from hanse.audit.checkpoint import Signer, origin_of
from hanse.audit.entry import Entry, Stamp, Who, Why, seal
from hanse.auth.ring import write_secret
from hanse.policies.signatures import SigningKey
from hanse.store.session import transaction
from hanse.web.logbook import Logbook

KEY_FILE: Final = "log.jwk"
BIG: Final = BigInteger().with_variant(Integer, "sqlite")
HASH: Final = LargeBinary(32)
_PLACE: Final = {"autoincrement": False}


class EntryRow(SQLModel, table=True):
    """A place in the tree: never changed, never removed."""

    __tablename__ = "log_entry"

    idx: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    ref: str = Field(max_length=32, unique=True)
    leaf: bytes = Field(sa_type=HASH)


class BodyRow(SQLModel, table=True):
    """What an entry says."""

    __tablename__ = "log_body"

    idx: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    kind: str = Field(max_length=16, index=True)
    at: str = Field(max_length=32, index=True)
    body: str = Field(sa_type=Text)


class NodeRow(SQLModel, table=True):
    """The hash of a complete subtree of 2**level leaves."""

    __tablename__ = "log_node"

    level: int = Field(primary_key=True, sa_column_kwargs=_PLACE)
    position: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    hash: bytes = Field(sa_type=HASH)


class CheckpointRow(SQLModel, table=True):
    """The log at one size, signed."""

    __tablename__ = "log_checkpoint"

    size: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    at: str = Field(max_length=32)
    root: bytes = Field(sa_type=HASH)
    note: str = Field(sa_type=Text)


class CosignatureRow(SQLModel, table=True):
    """A witness's signature line under a checkpoint."""

    __tablename__ = "log_cosignature"

    size: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    witness: str = Field(primary_key=True, max_length=255)
    at: str = Field(max_length=32)
    line: str = Field(sa_type=Text)


ROWS: Final[tuple[type[SQLModel], ...]] = (
    *(EntryRow, BodyRow, NodeRow, CheckpointRow),
    CosignatureRow,
)
BOOK: Final = Logbook(*(SQLModel.metadata.tables[str(row.__tablename__)] for row in ROWS))


def note(session: Session, entry: Entry, at: datetime) -> str:
    """Write an entry with the change it tells of, as its last step; return its reference.

    Raises `Invalid` (AUDIT_ENTRY) for what `hanse.audit.entry.KINDS` does not have.
    """
    when = moment(at)
    ref = f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(10)}"
    sealed = seal(entry, Stamp(ref, when, _software()), secrets.token_bytes)
    BOOK.append(session, sealed, entry.kind, when)
    return ref


def moment(at: datetime) -> str:
    """Return a moment as the log writes it: RFC 3339, UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def signer(home: Path, base_url: str) -> Signer:
    """Return what signs checkpoints; its key is made when it is first needed."""
    file = home / "keys" / KEY_FILE
    if not file.exists():
        write_secret(file, SigningKey.generate().private_jwk())
    return Signer.from_jwk(origin_of(base_url), file.read_text("ascii"))


def member(event: str, agency: str, fingerprint: str = "", count: int | None = None) -> Entry:
    """Return the entry of what became of an enrolment, or of `count` of them."""
    what = {"event": event, "agency": agency or None, "key": fingerprint or None, "count": count}
    return Entry("member", what)


def client(event: str, row: Any) -> Entry:
    """Return the entry of what became of a registered client (a `ClientRow`)."""
    what = {"event": event, "client": row.client_id, "scopes": row.scopes.split()}
    return Entry("client", what, Who(row.client_id, row.party))


def issued(engine: Engine, claims: Mapping[str, Any], at: datetime) -> None:
    """Write down a token before it is given: for whom, which node, which purpose; never itself.

    Raises `Unavailable` where it cannot be written: then no token is given.
    """
    what = {
        "event": "issued",
        "token": claims["jti"],
        "scopes": claims["scope"].split(),
        "expires": claims["exp"],
        "resource": claims["aud"],
    }
    who = Who(claims["client_id"], claims["party"], claims.get("cnf", {}).get("jkt"))
    why = Why(claims.get("protocol"), None, claims.get("protocol_hash"), claims["purpose"][:63])
    with transaction(engine) as session:
        note(session, Entry("token", what, who, why), at)


@cache
def _software() -> str:
    return f"hanse {version('hanse')}"
