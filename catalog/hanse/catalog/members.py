"""Member nodes: who asked to take part, with which keys, and whom the operator let in.

A node enrols with a statement signed by its own key. It stays pending until the operator has
compared the fingerprint with the city by another way than the network. Several may be pending under
one name, so nobody can keep a city out by asking first; at most one is ever active.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import ValidationError
from sqlalchemy import UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, select

from hanse.auth.compact import open_compact
from hanse.catalog import log
from hanse.catalog.snapshots import Identity, deceives
from hanse.errors import Conflict, Invalid, NotFound, Unavailable
from hanse.outbound.origin import Origin
from hanse.policies.signatures import ENROLMENT, verify
from hanse.wire import Enrolment, Harvest, MemberEntry

MAX_PENDING: Final = 200
FINGERPRINT_MIN: Final = 8
"""How many characters of a fingerprint must have been compared: 48 bits, far beyond chance."""
MAX_AGE: Final = timedelta(days=1)
LEEWAY: Final = timedelta(minutes=1)

PENDING, ACTIVE, SUSPENDED = "pending", "active", "suspended"


class MemberRow(SQLModel, table=True):
    """One enrolment. Moments are ISO 8601 text in UTC; `keys` is the JSON of its public JWKs."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("agency", "fingerprint", name="member_once"),)

    id: int | None = Field(default=None, primary_key=True)
    agency: str = Field(max_length=64, index=True)
    fingerprint: str = Field(max_length=64)
    name: str
    kbo: str
    base_url: str = Field(index=True)
    keys: str
    state: str = Field(default=PENDING, max_length=16, index=True)
    added_at: str
    decided_at: str = ""


def enrol(session: Session, statement: str, *, catalogue: str, now: datetime) -> MemberRow:
    """Note a node's enrolment as pending; the same one again changes nothing.

    `catalogue` is our own issuer identifier. Raises `Invalid` for a statement that is not signed by
    the key it names, not meant for us, too old, or from an address that could be read two ways;
    `Unavailable` while too many wait.
    """
    asked = read_statement(statement, catalogue=catalogue, now=now)
    fingerprint = asked.keys[0]["kid"]
    found = _find(session, asked.agency, fingerprint)
    if found is not None:
        return found
    waiting = select(func.count()).select_from(MemberRow).where(col(MemberRow.state) == PENDING)
    if session.exec(waiting).one() >= MAX_PENDING:
        raise Unavailable("MEMBERS_WAITING", limit=MAX_PENDING)
    row = MemberRow(
        agency=asked.agency,
        fingerprint=fingerprint,
        name=asked.name,
        kbo=asked.kbo,
        base_url=asked.base_url,
        keys=json.dumps(asked.keys),
        added_at=now.isoformat(),
    )
    session.add(row)
    session.flush()
    log.note(session, log.member("asked", row.agency, fingerprint), now)
    return row


def read_statement(statement: str, *, catalogue: str, now: datetime) -> Enrolment:
    """Return an enrolment that its own key signed for us, its keys named by their thumbprints."""
    try:
        payload = open_compact(statement).payload
        asked = Enrolment.model_validate(payload)
        keys = [_public(jwk) for jwk in asked.keys]
    except (ValidationError, ValueError, TypeError, KeyError, JoseError, RecursionError) as fault:
        raise Invalid("ENROLMENT_FORM") from fault
    verify(statement, ENROLMENT, keys)
    if asked.catalogue != catalogue or not -LEEWAY <= now - asked.issued_at <= MAX_AGE:
        raise Invalid("ENROLMENT_ADDRESSEE", catalogue=catalogue)
    _check_address(asked.base_url, catalogue)
    if deceives(asked.name):
        raise Invalid("ENROLMENT_NAME")
    return asked.model_copy(update={"keys": keys})


def _public(jwk: dict[str, str]) -> dict[str, str]:
    """Return a public Ed25519 key and nothing else of what was sent."""
    if jwk.keys() - {"kty", "crv", "x", "kid", "use", "alg"}:
        raise ValueError("key members")
    key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")})
    if jwk["crv"] != "Ed25519":
        raise ValueError("curve")
    kid = key.thumbprint()
    bare = {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"]}
    return {**bare, "kid": kid, "use": "sig", "alg": "Ed25519"}


def _check_address(base_url: str, catalogue: str) -> None:
    """A node's identifier has one spelling, since tokens are made out to it byte for byte."""
    origin = Origin.of(base_url)
    if str(origin) != base_url:
        raise Invalid("ENROLMENT_ADDRESS", canonical=str(origin))
    if not origin.secure and Origin.of(catalogue).secure:
        raise Invalid("ENROLMENT_ADDRESS", canonical=str(origin).replace("http:", "https:"))


def approve(session: Session, agency: str, fingerprint: str, now: datetime) -> MemberRow:
    """Let an enrolment in; others that wait under its name are dropped: they were not this city.

    `fingerprint` is its beginning as it was read out by the city; `Invalid` for less than
    `FINGERPRINT_MIN` characters of it.
    """
    if len(fingerprint) < FINGERPRINT_MIN:
        raise Invalid("FINGERPRINT_NEEDED", limit=FINGERPRINT_MIN, agency=agency[:64])
    row = get(session, agency, fingerprint)
    for other in _of(session, agency):
        if other.id == row.id:
            continue
        if other.state == ACTIVE:
            raise Conflict("MEMBER_ACTIVE", agency=agency)
        if other.state == PENDING:
            session.delete(other)
    row.state, row.decided_at = ACTIVE, now.isoformat()
    session.add(row)
    session.flush()
    log.note(session, log.member("approved", row.agency, row.fingerprint), now)
    return row


def turn_down(
    session: Session, agency: str, fingerprint: str, now: datetime
) -> Sequence[MemberRow]:
    """Drop the enrolments that wait under a name, or the one with that fingerprint.

    They may ask again. Raises `NotFound` where nothing waits there.
    """
    waiting = [
        row
        for row in _of(session, agency)
        if row.state == PENDING and row.fingerprint.startswith(fingerprint)
    ]
    if not waiting:
        raise NotFound("MEMBER_UNKNOWN", agency=agency)
    for row in waiting:
        session.delete(row)
    session.flush()
    log.note(session, log.member("turned-down", agency, fingerprint, len(waiting)), now)
    return waiting


def turn_down_older(session: Session, before: datetime, now: datetime) -> int:
    """Drop every enrolment that has waited since before a moment; return how many."""
    old = [row for row in pending(session) if row.added_at < before.isoformat()]
    for row in old:
        session.delete(row)
    if old:
        session.flush()
        log.note(session, log.member("turned-down", "", count=len(old)), now)
    return len(old)


def suspend(session: Session, agency: str, now: datetime) -> MemberRow:
    """Take an active member out: it is looked at no more, and no token is made out to it."""
    row = next((each for each in _of(session, agency) if each.state == ACTIVE), None)
    if row is None:
        raise NotFound("MEMBER_UNKNOWN", agency=agency)
    row.state, row.decided_at = SUSPENDED, now.isoformat()
    session.add(row)
    session.flush()
    log.note(session, log.member("suspended", row.agency, row.fingerprint), now)
    return row


def get(session: Session, agency: str, fingerprint: str) -> MemberRow:
    """Return one enrolment; a beginning of the fingerprint will do when it is the only one."""
    found = [row for row in _of(session, agency) if row.fingerprint.startswith(fingerprint)]
    if len(found) != 1:
        raise NotFound("MEMBER_UNKNOWN", agency=agency)
    return found[0]


def pending(session: Session) -> Sequence[MemberRow]:
    """Return who waits for the operator, oldest first."""
    statement = select(MemberRow).where(col(MemberRow.state) == PENDING)
    return session.exec(statement.order_by(col(MemberRow.id))).all()


def members(session: Session) -> Sequence[MemberEntry]:
    """Return the members by name, without those that wait; their harvest is not known here."""
    statement = select(MemberRow).where(col(MemberRow.state) != PENDING)
    return [_entry(row) for row in session.exec(statement.order_by(col(MemberRow.agency)))]


def identities(session: Session) -> Sequence[Identity]:
    """Return the nodes to look at: those of active members."""
    return [
        Identity(row.agency, row.base_url, tuple(json.loads(row.keys))) for row in _active(session)
    ]


def knows(session: Session, resource: str) -> bool:
    """Say whether a resource identifier is an active member's node, byte for byte."""
    if not resource.isprintable():  # PostgreSQL cannot even compare with a NUL
        return False
    statement = select(MemberRow.id).where(
        col(MemberRow.state) == ACTIVE, col(MemberRow.base_url) == resource
    )
    return session.exec(statement).first() is not None


def _active(session: Session) -> Sequence[MemberRow]:
    statement = select(MemberRow).where(col(MemberRow.state) == ACTIVE)
    return session.exec(statement.order_by(col(MemberRow.agency))).all()


def _of(session: Session, agency: str) -> Sequence[MemberRow]:
    return session.exec(select(MemberRow).where(col(MemberRow.agency) == agency)).all()


def _find(session: Session, agency: str, fingerprint: str) -> MemberRow | None:
    rows = _of(session, agency)
    return next((row for row in rows if row.fingerprint == fingerprint), None)


def _entry(row: MemberRow) -> MemberEntry:
    return MemberEntry.model_validate(
        {
            "agency": row.agency,
            "name": row.name,
            "kbo": row.kbo,
            "base_url": row.base_url,
            "status": row.state,
            "keys": json.loads(row.keys),
            "harvest": Harvest(state="never"),
        }
    )
