"""Machine clients: the programs of provinces and cities that may ask for tokens, and what for.

A client belongs to one party, signs with its own keys (the catalogue holds public halves only) and
may be granted at most its registered scopes. What it then gets to see is for each node to decide.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from hanse.auth.issuer import Client
from hanse.auth.keys import read_keys
from hanse.auth.scopes import parse
from hanse.catalog import log
from hanse.errors import Conflict, Invalid, NotFound

ACTIVE, SUSPENDED = "active", "suspended"

_CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,62}")
_KBO = re.compile(r"[0-9]{10}")


class ClientRow(SQLModel, table=True):
    """A registered client. `keys` and `resources` are JSON; empty: every member's node.

    `bearer` says that it cannot prove a key with every request.
    """

    __tablename__ = "client"

    client_id: str = Field(primary_key=True, max_length=64)
    party: str = Field(max_length=10, index=True)
    name: str
    keys: str
    scopes: str
    resources: str = "[]"
    bearer: bool = False
    state: str = Field(default=ACTIVE, max_length=16)
    added_at: str
    changed_at: str = ""


class SpentRow(SQLModel, table=True):
    """An assertion that was used; its key is what makes a second use impossible."""

    __tablename__ = "spent_assertion"

    client_id: str = Field(primary_key=True, max_length=64)
    jti: str = Field(primary_key=True, max_length=200)
    expires_at: int = Field(index=True)


@dataclass(frozen=True, slots=True)
class NewClient:
    """What an operator registers. `jwks` is a key document with public keys only."""

    client_id: str
    party: str
    name: str
    jwks: dict[str, Any]
    scopes: str
    resources: tuple[str, ...] = ()
    bearer: bool = False


def register(session: Session, new: NewClient, now: datetime) -> ClientRow:
    """Register a client; raises `Conflict` for a taken name, `Invalid` for what it may not be."""
    if not _CLIENT_ID.fullmatch(new.client_id) or not _KBO.fullmatch(new.party):
        raise Invalid("CLIENT_FORM")
    if session.get(ClientRow, new.client_id) is not None:
        raise Conflict("CLIENT_EXISTS", client=new.client_id)
    row = ClientRow(
        client_id=new.client_id,
        party=new.party,
        name=new.name[:120],
        keys=_public_keys(new.jwks),
        scopes=" ".join(sorted(parse(new.scopes))),
        resources=json.dumps(sorted(new.resources)),
        bearer=new.bearer,
        added_at=now.isoformat(),
    )
    return _told(session, "registered", row, now)


def change_keys(session: Session, client_id: str, jwks: dict[str, Any], now: datetime) -> ClientRow:
    """Replace a client's keys: list the old beside the new while both are in use."""
    row = _get(session, client_id)
    row.keys, row.changed_at = _public_keys(jwks), now.isoformat()
    return _told(session, "keys-changed", row, now)


def change_scopes(session: Session, client_id: str, scopes: str, now: datetime) -> ClientRow:
    """Replace what a client may at most be granted; tokens already given live out their minutes."""
    row = _get(session, client_id)
    row.scopes, row.changed_at = " ".join(sorted(parse(scopes))), now.isoformat()
    return _told(session, "scopes-changed", row, now)


def suspend(session: Session, client_id: str, now: datetime) -> ClientRow:
    """Give a client no more tokens."""
    row = _get(session, client_id)
    row.state, row.changed_at = SUSPENDED, now.isoformat()
    return _told(session, "suspended", row, now)


def _told(session: Session, event: str, row: ClientRow, now: datetime) -> ClientRow:
    """Keep a client as it is now, and write down what became of it."""
    session.add(row)
    session.flush()
    log.note(session, log.client(event, row), now)
    return row


def find(session: Session, client_id: str) -> Client | None:
    """Return an active client as the issuer knows it."""
    row = session.get(ClientRow, client_id) if _CLIENT_ID.fullmatch(client_id) else None
    if row is None or row.state != ACTIVE:
        return None
    resources = frozenset(json.loads(row.resources))
    return Client(
        row.client_id,
        row.party,
        read_keys(json.loads(row.keys)),
        frozenset(row.scopes.split()),
        resources or None,
        bearer=row.bearer,
    )


def clients(session: Session) -> Sequence[ClientRow]:
    """Return all clients by name."""
    return session.exec(select(ClientRow).order_by(col(ClientRow.client_id))).all()


def spend(session: Session, client_id: str, jti: str, expires_at: int, now: int) -> bool:
    """Note an assertion as used, forgetting those that have expired; False when it was used before.

    Of any number of transactions with the same pair the primary key lets one through.
    """
    session.exec(delete(SpentRow).where(col(SpentRow.expires_at) < now))
    try:
        with session.begin_nested():
            session.add(SpentRow(client_id=client_id, jti=jti, expires_at=expires_at))
    except IntegrityError:
        return False
    return True


def _public_keys(jwks: dict[str, Any]) -> str:
    """Return the usable public keys as stored: no private part, nothing else that was sent."""
    keys = read_keys(jwks)
    entries = [
        {**_members(key.key.as_dict(private=False)), "kid": key.kid, "use": "sig"}
        for key in keys.by_kid.values()
    ]
    return json.dumps({"keys": entries})


def _members(jwk: dict[str, Any]) -> dict[str, str]:
    return {name: str(jwk[name]) for name in ("kty", "crv", "x", "y") if name in jwk}


def _get(session: Session, client_id: str) -> ClientRow:
    row = session.get(ClientRow, client_id)
    if row is None:
        raise NotFound("CLIENT_UNKNOWN", client=client_id[:64])
    return row
