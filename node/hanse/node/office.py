"""The own party of a node at work on a protocol: it proposes, advises, signs, suspends, ends, and
takes in what the other parties said, each word of it verified.

Two parties, and here two people: whoever proposed a text neither advises on it nor signs it.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from hanse.audit.entry import Entry
from hanse.errors import Conflict, Invalid, Refused
from hanse.node import home, outbox, partners, proposals, protocols, seals
from hanse.node.log import note
from hanse.node.protocols import NO_PROFILES, Held, ProtocolRow, StatementRow
from hanse.node.settings import NodeSettings
from hanse.node.tables import moment
from hanse.policies import protocol, statements
from hanse.policies.profile import Profile
from hanse.policies.protocol import TIME_ZONE, Protocol
from hanse.policies.signatures import SigningKey, claimed_key
from hanse.policies.statements import MAX_STATEMENTS, Saying, Statement
from hanse.wire import ProtocolBundle

LEEWAY: Final = timedelta(minutes=5)
"""How far ahead of our clock a partner's may be."""

CALENDAR: Final = ("start", "end", "replace")

_ZONE = ZoneInfo(TIME_ZONE)
_APART: Final = frozenset({"proposer", "dpo", "signatory"})
_EVENTS: Final[Mapping[str, str]] = {"propose": "submit", "accept": "accept_all"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Office:
    """The own party of a node: its number, its key, the profiles it has of its own.

    `four_eyes` is off only where one person runs a trial alone, by the node's settings.
    """

    kbo: str
    key: SigningKey
    profiles: Mapping[str, Profile] = field(default_factory=lambda: NO_PROFILES)
    four_eyes: bool = True

    @property
    def public(self) -> dict[str, str]:
        """The public key."""
        return self.key.public_jwk()


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a copy that was taken in; `unknown` are parties whose key nobody confirmed."""

    held: Held
    unknown: tuple[str, ...]


def of_settings(settings: NodeSettings, profiles: Mapping[str, Profile] = NO_PROFILES) -> Office:
    """Return the office of the node in `settings.home`."""
    key = home.signing_key(settings.home)
    return Office(settings.kbo, key, profiles, settings.approvals == "second-person")


def day(at: datetime) -> date:
    """Return the day of a moment where protocols begin and end."""
    return at.astimezone(_ZONE).date()


def settle(session: Session, office: Office, at: datetime) -> None:
    """Pin the node's own key to its own party, so that its statements count here."""
    partners.pin(session, office.key, office.kbo, office.public, at)


def propose(session: Session, office: Office, text: str | bytes, by: str, at: datetime) -> Held:
    """Propose a protocol to its parties from its review form; the same text again changes nothing.

    Raises `Invalid` for a form, profile or measure that cannot be kept, `Conflict` for another text
    under the same number, or an older one.
    """
    read = protocol.load(text)
    protocols.check(read, office.kbo, office.profiles)
    known = _known(session, office, read, at)
    if known is not None and known.state != "draft":
        return known
    row = known.row if known else _row(read, proposals.person(by), at)
    said = statements.make(read, office.kbo, Saying("propose", "proposer"), at)
    return _add(session, office, row, [(statements.signed(said, office.key), row.proposed_by)], at)


def say(
    session: Session, office: Office, protocol_id: str, said: Saying, by: str, at: datetime
) -> Held:
    """Sign a statement of the own party on the newest version of a protocol.

    Raises `NotFound` for a protocol nobody has, `Conflict` for a step that does not exist now,
    `Refused` for a person who did another part of it.
    """
    held = protocols.get(_book(session, office, at), protocol_id)
    made = statements.make(held.protocol, office.kbo, said, at)
    if said.kind in {"propose", "accept"}:
        protocols.check(held.protocol, office.kbo, office.profiles)
    _apart(office, held, made, by)
    _moves(held, made, at)
    _not_overtaken(_book(session, office, at), held)
    spoken = (statements.signed(made, office.key), proposals.person(by))
    return _add(session, office, held.row, [spoken], at)


def take(session: Session, office: Office, bundle: ProtocolBundle, at: datetime) -> Taken:
    """Take in a copy of a protocol with what its parties said, all or nothing.

    Keys nobody confirmed are noted, and what they signed is left aside. Raises `Invalid` for a copy
    with one statement that does not verify, `Conflict` for another text under the same number.
    """
    read = protocol.from_document(bundle.content)
    protocols.check(read, office.kbo, office.profiles)
    known = _known(session, office, read, at)
    keys = partners.trusted(session, office.public)
    spoken: list[tuple[str, str]] = []
    unknown: set[str] = set()
    kept = {(each.party, each.statement, each.signed_at) for each in known.said} if known else set()
    for text in bundle.statements:
        party = statements.claimed_party(text)
        if claimed_key(text) not in {partners.public(key)["kid"] for key in keys.get(party, ())}:
            unknown.add(party)
            continue
        said = statements.hear(text, read, keys)
        if said.at > at + LEEWAY:
            raise Invalid("STATEMENT_MOMENT", protocol=read.id)
        if (said.party, said.statement, said.signed_at) not in kept:
            kept.add((said.party, said.statement, said.signed_at))
            spoken.append((text, ""))
    for party, jwk in ((each.kbo, each.jwk) for each in bundle.keys if each.kbo in unknown):
        partners.learn(session, party, jwk, at)
    row = known.row if known else _row(read, "", at)
    if known is not None and not spoken:
        return Taken(known, tuple(sorted(unknown)))
    return Taken(_add(session, office, row, spoken, at), tuple(sorted(unknown)))


def bundle(held: Held, office: Office) -> ProtocolBundle:
    """Return the copy of a protocol that goes to the other parties, with our public key."""
    return ProtocolBundle.model_validate(
        {
            "schema": 1,
            "content": held.protocol.document,
            "statements": [row.text for row in held.rows],
            "keys": [{"kbo": office.kbo, "jwk": _bare(office.public)}],
        }
    )


def _known(session: Session, office: Office, read: Protocol, at: datetime) -> Held | None:
    book = _book(session, office, at)
    if read.id in book.damaged:
        raise Invalid("PROTOCOL_DAMAGED", protocol=read.id, version=read.version)
    same = None
    for each in book.versions(read.id):
        if each.row.version == read.version:
            if each.row.content_hash != read.content_hash:
                raise Conflict("PROTOCOL_CHANGED", protocol=read.id, version=read.version)
            same = each
        elif each.row.version > read.version and each.state in protocols.SIGNED and same is None:
            version = each.row.version
            raise Conflict(
                "PROTOCOL_OLDER", protocol=read.id, version=read.version, current=version
            )
    return same


def _not_overtaken(book: protocols.Book, held: Held) -> None:
    for each in book.versions(held.row.id):
        if each.row.version > held.row.version and each.state in protocols.SIGNED:
            raise Conflict(
                "PROTOCOL_OLDER",
                protocol=held.row.id,
                version=held.row.version,
                current=each.row.version,
            )


def _apart(office: Office, held: Held, made: Statement, by: str) -> None:
    if not office.four_eyes or made.role not in _APART:
        return
    theirs = {row.digest: row.person for row in held.rows if row.person}
    for row, said in zip(held.rows, held.said, strict=True):
        other = said.role in _APART and said.role != made.role
        if other and row.digest in theirs and proposals.same_person(by, row.person):
            raise Refused("PROTOCOL_SAME_PERSON", protocol=held.row.id, role=made.role)


def _moves(held: Held, made: Statement, at: datetime) -> None:
    """Raise `Conflict` for a statement that would count for nothing."""
    before = statements.standing(held.protocol, held.said, day(at))
    after = statements.standing(held.protocol, [*held.said, made], day(at))
    annexed = made.role == "authority" and held.state == "advice"
    advised = made.statement == "advise" and held.state == "advice"
    if before == after and not annexed and not advised:
        event = _EVENTS.get(made.statement, made.statement)
        raise Conflict("PROTOCOL_STATE", state=held.state, event=event)


def _add(
    session: Session,
    office: Office,
    row: ProtocolRow,
    spoken: Iterable[tuple[str, str]],
    at: datetime,
) -> Held:
    wanted = select(StatementRow).where(
        StatementRow.protocol == row.id, StatementRow.version == row.version
    )
    kept = list(session.exec(wanted))
    for text, person in spoken:
        digest = protocols.digest_of(text)
        if any(each.digest == digest for each in kept):
            continue
        kept.append(
            StatementRow(
                digest=digest,
                protocol=row.id,
                version=row.version,
                text=text,
                person=person,
                kept_at=moment(at),
            )
        )
        _note(session, row, "said", (statements.claimed_party(text), digest, person), at)
    if len(kept) > MAX_STATEMENTS:
        raise Invalid("STATEMENTS_MANY", protocol=row.id, limit=MAX_STATEMENTS)
    row.changed_at = moment(at)
    row.seal = seals.seal(row.document(kept), office.key)
    for each in (row, *kept):
        session.add(each)
    session.flush()
    # Not for strangers: who shares with whom is published by the parties, not by a feed.
    outbox.append(session, outbox.happened("protocol.changed", at), announced=False)
    held = protocols.get(_book(session, office, at), row.id, row.version)
    _note(session, row, held.state, ("", "", ""), at)
    log.info("protocol.said", extra={"protocol": row.id, "state": held.state})
    return held


def _note(
    session: Session, row: ProtocolRow, event: str, said: tuple[str, str, str], at: datetime
) -> None:
    """Write down what was said of a protocol: party, digest, person; all "" for where it stands."""
    party, digest, person = said
    named = {"protocol": row.id, "version": row.version, "content": row.content_hash}
    if digest:
        what = {**named, "event": event, "statement": digest, "party": party}
        people = {"by": person} if person else {}
        entry = Entry(kind="statement", what=what, people=people)
    else:
        entry = Entry(kind="protocol", what={**named, "event": "standing", "state": event})
    note(session, entry, at)


def _row(read: Protocol, proposed_by: str, at: datetime) -> ProtocolRow:
    return ProtocolRow(
        id=read.id,
        version=read.version,
        content=read.canonical.decode(),
        content_hash=read.content_hash,
        changed_at=moment(at),
        proposed_by=proposed_by,
    )


def _book(session: Session, office: Office, at: datetime) -> protocols.Book:
    return protocols.open_book(session, office.public, day(at))


def _bare(jwk: Mapping[str, str]) -> dict[str, str]:
    return {name: jwk[name] for name in ("kty", "crv", "x")}
