"""What the operator revoked: numbered rows that are only ever added, told to nodes as one list."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlmodel import Field, Session, SQLModel, col, func, select

from hanse.audit.entry import Entry
from hanse.auth.tokens import MAX_LIFE_SECONDS
from hanse.catalog import log
from hanse.errors import Invalid

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {"client": "clients", "key": "keys", "protocol": "protocols", "token": "tokens"}
)
"""The kinds of names, with the list each stands in."""

_FORMS: Final = {
    "client": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,62}"),
    "key": re.compile(r"[A-Za-z0-9_-]{43}"),
    "protocol": re.compile(r"urn:protocol:[a-z0-9-]{1,63}:[a-z0-9.-]{1,63}"),
    "token": re.compile(r"[\x21-\x7e]{1,200}"),
}
_TOKEN_LIFE: Final = timedelta(seconds=2 * MAX_LIFE_SECONDS)


class RevocationRow(SQLModel, table=True):
    """One revocation; rows are never changed and their numbers never used again."""

    __tablename__ = "revocation"

    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(max_length=16)
    name: str = Field(max_length=200, index=True)
    at: str


def revoke(session: Session, kind: str, name: str, now: datetime) -> RevocationRow:
    """Revoke a client, a key (by thumbprint), a protocol (by id) or a token (by `jti`).

    Again changes nothing. Raises `Invalid` for another kind, or a name of another form.
    """
    if kind not in KINDS or not _FORMS[kind].fullmatch(name):
        raise Invalid("REVOCATION_FORM", kind=kind[:20] if kind.isprintable() else "?")
    found = _find(session, kind, name)
    if found is not None:
        return found
    row = RevocationRow(
        sequence=newest(session) + 1, kind=kind, name=name, at=now.isoformat(timespec="seconds")
    )
    session.add(row)
    session.flush()
    what = {"event": "revoked", "what": kind, "name": name, "number": row.sequence}
    log.note(session, Entry("revocation", what), now)
    return row


def newest(session: Session) -> int:
    """Return the number of the newest revocation, 0 before the first."""
    return session.exec(select(func.max(RevocationRow.sequence))).one() or 0


def revocations(session: Session) -> Sequence[RevocationRow]:
    """Return every revocation, oldest first."""
    return session.exec(select(RevocationRow).order_by(col(RevocationRow.sequence))).all()


def lists(session: Session, now: datetime) -> dict[str, list[str]]:
    """Return the names of each list; a token that has expired anyhow is left out."""
    found: dict[str, list[str]] = {name: [] for name in KINDS.values()}
    for row in revocations(session):
        if row.kind != "token" or now - datetime.fromisoformat(row.at) < _TOKEN_LIFE:
            found[KINDS[row.kind]].append(row.name)
    return found


def among(session: Session, names: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return what of these names was revoked, each with its kind."""
    asked = [name for name in names if name.isprintable()]  # PostgreSQL cannot compare with a NUL
    wanted = select(RevocationRow.kind, RevocationRow.name).where(
        col(RevocationRow.name).in_(asked)
    )
    return frozenset((kind, name) for kind, name in session.exec(wanted))


def _find(session: Session, kind: str, name: str) -> RevocationRow | None:
    wanted = select(RevocationRow).where(RevocationRow.kind == kind, RevocationRow.name == name)
    return session.exec(wanted).first()
