"""Signed copies of protocols on their way between parties: kept as a courtesy, trusted by none.

A member leaves what it and others signed; a party to the text fetches it and verifies every word
itself. Nothing here is public: an offer is a matter of its parties until they have signed.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Field as Column
from sqlmodel import Session, SQLModel, col, select

from hanse.audit.entry import Entry
from hanse.catalog import log
from hanse.catalog.members import ACTIVE, MemberRow
from hanse.errors import Conflict, HanseError, Invalid, Unauthenticated
from hanse.policies import protocol, statements
from hanse.policies.protocol import Protocol
from hanse.policies.signatures import EXCHANGE, claimed, verify
from hanse.policies.statements import MAX_STATEMENTS
from hanse.wire import ProtocolBundle

LEEWAY: Final = timedelta(minutes=2)
"""How far a member's clock may be from ours, either way: a signed word is good for no longer."""

COPIES_MAX: Final = 1_000
"""How many texts one party may have lying here."""


class CopyRow(SQLModel, table=True):
    """One text of a protocol, canonical JSON, by its digest."""

    __tablename__ = "exchange_copy"

    content_hash: str = Column(primary_key=True, max_length=72)
    content: str
    left_by: str = Column(max_length=20, index=True)
    left_at: str = Column(max_length=40)


class CopyPartyRow(SQLModel, table=True):
    """A party to a text: it may fetch the copy."""

    __tablename__ = "exchange_party"

    content_hash: str = Column(primary_key=True, max_length=72)
    kbo: str = Column(primary_key=True, max_length=20, index=True)


class CopyStatementRow(SQLModel, table=True):
    """What somebody signed about a text, by its digest."""

    __tablename__ = "exchange_statement"

    content_hash: str = Column(primary_key=True, max_length=72)
    digest: str = Column(primary_key=True, max_length=72)
    text: str


class Word(BaseModel):
    """What a member signs when it leaves or fetches copies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    catalogue: str
    agency: str = Field(max_length=64)
    party: str = Field(max_length=20)
    issued_at: AwareDatetime
    bundle: dict[str, Any] | None = None


def leave(session: Session, deposit: str, *, catalogue: str, now: datetime) -> Protocol:
    """Keep a copy that a member signed for; statements are added to those that lie here.

    Raises `Unauthenticated` for a word that no member signed, `Invalid` for a copy that is none or
    of which the member is no party, `Conflict` where too many lie here.
    """
    word, keys = _heard(session, deposit, catalogue=catalogue, now=now)
    try:
        bundle = ProtocolBundle.model_validate(word.bundle)
    except ValidationError as fault:
        raise Invalid("EXCHANGE_COPY") from fault
    read = protocol.from_document(bundle.content)
    if word.party not in read.signatories:
        raise Invalid("EXCHANGE_COPY")
    told = {word.party: keys}
    if not any(_is_own(text, read, told) for text in bundle.statements):
        raise Invalid("EXCHANGE_COPY")
    new = _keep(session, read, word.party, now)
    added = _add(session, read, bundle.statements)
    if new or added:
        _told(session, read, word, added, now)
    return read


def _told(session: Session, read: Protocol, word: Word, added: int, now: datetime) -> None:
    what = {"event": "left", "count": added, "agency": word.agency, "party": word.party}
    text: dict[str, Any] = {
        "protocol": read.id,
        "version": read.version,
        "content": read.content_hash,
    }
    log.note(session, Entry("copy", {**what, **text}), now)


def fetch(
    session: Session, word: str, *, catalogue: str, now: datetime
) -> Sequence[ProtocolBundle]:
    """Return the copies of which a member's own party is a party.

    Raises `Unauthenticated` for a word that no member signed.
    """
    heard, _ = _heard(session, word, catalogue=catalogue, now=now)
    wanted = (
        select(CopyRow)
        .join(CopyPartyRow, col(CopyPartyRow.content_hash) == col(CopyRow.content_hash))
        .where(CopyPartyRow.kbo == heard.party)
        .order_by(col(CopyRow.left_at))
    )
    return [_bundle(session, row) for row in session.exec(wanted)]


def _bundle(session: Session, row: CopyRow) -> ProtocolBundle:
    said = select(CopyStatementRow.text).where(CopyStatementRow.content_hash == row.content_hash)
    return ProtocolBundle.model_validate(
        {
            "content": json.loads(row.content),
            "statements": sorted(session.exec(said)),
            "keys": _member_keys(session, row),
        }
    )


def _member_keys(session: Session, row: CopyRow) -> list[dict[str, Any]]:
    """Return the keys that members of these parties enrolled: to be confirmed, never believed."""
    parties = select(CopyPartyRow.kbo).where(CopyPartyRow.content_hash == row.content_hash)
    wanted = select(MemberRow).where(
        MemberRow.state == ACTIVE, col(MemberRow.kbo).in_(list(session.exec(parties)))
    )
    return [
        {"kbo": member.kbo, "jwk": {name: key[name] for name in ("kty", "crv", "x")}}
        for member in session.exec(wanted)
        for key in json.loads(member.keys)
    ]


def _heard(
    session: Session, text: str, *, catalogue: str, now: datetime
) -> tuple[Word, Sequence[Mapping[str, str]]]:
    try:
        agency = str(json.loads(claimed(text))["agency"])
        keys = _keys(session, agency)
        word = Word.model_validate_json(verify(text, EXCHANGE, [key for _, key in keys]))
    except (HanseError, ValueError, TypeError, KeyError, RecursionError) as fault:
        raise Unauthenticated("EXCHANGE_MEMBER") from fault
    own = {kbo for kbo, _ in keys}
    fresh = -LEEWAY <= now - word.issued_at <= LEEWAY
    if word.catalogue != catalogue or not fresh or own != {word.party}:
        raise Unauthenticated("EXCHANGE_MEMBER")
    return word, [key for _, key in keys]


def _keys(session: Session, agency: str) -> list[tuple[str, dict[str, str]]]:
    if not agency.isprintable():  # PostgreSQL cannot even compare with a NUL
        return []
    wanted = select(MemberRow).where(MemberRow.state == ACTIVE, MemberRow.agency == agency[:64])
    return [(row.kbo, key) for row in session.exec(wanted) for key in json.loads(row.keys)]


def _is_own(text: str, read: Protocol, keys: Mapping[str, Sequence[Mapping[str, str]]]) -> bool:
    try:
        statements.hear(text, read, keys)
    except Invalid:
        return False
    return True


def _keep(session: Session, read: Protocol, party: str, now: datetime) -> bool:
    """Keep a text that is not here yet; say whether it was new."""
    if session.get(CopyRow, read.content_hash) is not None:
        return False
    lying = session.exec(select(CopyRow.content_hash).where(CopyRow.left_by == party)).all()
    if len(lying) >= COPIES_MAX:
        raise Conflict("EXCHANGE_FULL", limit=COPIES_MAX)
    kept = {"content": read.canonical.decode(), "left_by": party, "left_at": now.isoformat()}
    session.add(CopyRow(content_hash=read.content_hash, **kept))
    for kbo in read.signatories:
        session.add(CopyPartyRow(content_hash=read.content_hash, kbo=kbo))
    session.flush()
    return True


def _add(session: Session, read: Protocol, spoken: Sequence[str]) -> int:
    """Keep what is not here yet of what was said; return how much that was."""
    wanted = select(CopyStatementRow.digest)
    known = set(session.exec(wanted.where(CopyStatementRow.content_hash == read.content_hash)))
    before = len(known)
    for text in spoken:
        digest = "sha-256:" + hashlib.sha256(text.encode()).hexdigest()
        if digest in known or statements.claimed_party(text) not in read.signatories:
            continue
        known.add(digest)
        session.add(CopyStatementRow(content_hash=read.content_hash, digest=digest, text=text))
    if len(known) > MAX_STATEMENTS:
        raise Conflict("EXCHANGE_FULL", limit=MAX_STATEMENTS)
    session.flush()
    return len(known) - before
