"""The protocols of a node: texts that never change, what their parties said of them, and the
register made of both.

A row is held only when its text has its digest, every statement on it verifies against a key that
is known to be that party's, and the node's own seal closes the whole. One that fails is left out of
the register, with an alarm; the others go on. Where a protocol stands is no column: it is what the
statements and the calendar make of it.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

import orjson
from sqlmodel import Field, Session, col, select

from hanse.areas import Level, Registry
from hanse.errors import HanseError, Invalid, NotFound
from hanse.node import accessions, partners, seals
from hanse.node.tables import Row
from hanse.policies import profile, protocol, register, statements
from hanse.policies.canonical import digest
from hanse.policies.profile import Profile
from hanse.policies.protocol import Protocol
from hanse.policies.register import Register
from hanse.policies.statements import Keys, Standing, Statement

MEASURES_MET: Final = frozenset({"audit", "dpop", "tls12", "tls13"})
"""The measures this software keeps; a protocol that asks for another is not taken on."""

NO_PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({})

SIGNED: Final = frozenset({"signed", "active", "suspended", "revoked", "expired"})

log = logging.getLogger(__name__)


class ProtocolRow(Row, table=True):
    """One version of a protocol; `content` is canonical JSON, `seal` closes it and its statements.

    `proposed_by` is the person here who proposed it, "" for one that came from elsewhere.
    """

    __tablename__ = "protocol"

    id: str = Field(primary_key=True, max_length=140)
    version: int = Field(primary_key=True)
    content: str
    content_hash: str = Field(max_length=72)
    changed_at: str = Field(max_length=32)
    proposed_by: str = Field(default="", max_length=100)
    seal: str = ""

    @property
    def protocol(self) -> Protocol:
        """The protocol; raises `Invalid` where the stored text was changed."""
        if digest(self.content.encode()) != self.content_hash:
            raise self._damaged()
        read = protocol.from_document(orjson.loads(self.content))
        same = read.canonical.decode() == self.content
        if not same or (read.id, read.version) != (self.id, self.version):
            raise self._damaged()
        return read

    def _damaged(self) -> Invalid:
        return Invalid("PROTOCOL_DAMAGED", protocol=self.id[:140], version=self.version)

    def document(self, said: Iterable["StatementRow"]) -> dict[str, object]:
        """Return what its seal closes."""
        kept = sorted([row.digest, row.person, row.kept_at] for row in said)
        return {
            "kind": "protocol",
            "id": self.id,
            "version": self.version,
            "content_hash": self.content_hash,
            "changed_at": self.changed_at,
            "proposed_by": self.proposed_by,
            "statements": kept,
        }


class StatementRow(Row, table=True):
    """One statement as it was signed; `person` is who signed it here, "" for one that came in."""

    __tablename__ = "statement"

    digest: str = Field(primary_key=True, max_length=72)
    protocol: str = Field(max_length=140, index=True)
    version: int
    text: str
    person: str = Field(default="", max_length=100)
    kept_at: str = Field(max_length=32)


def digest_of(text: str) -> str:
    """Return the digest of a statement, by which it is kept once."""
    return "sha-256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Held:
    """A version of a protocol that this node holds, verified, and where it stands today."""

    row: ProtocolRow
    protocol: Protocol
    rows: tuple[StatementRow, ...]
    said: tuple[Statement, ...]
    standing: Standing

    @property
    def state(self) -> str:
        """Its state in the lifecycle."""
        return self.standing.state


@dataclass(frozen=True, slots=True)
class Book:
    """Every version that is held, and the ids of those that were found damaged."""

    held: tuple[Held, ...]
    damaged: tuple[str, ...]

    def versions(self, protocol_id: str) -> tuple[Held, ...]:
        """Return the versions of a protocol, newest first."""
        found = [each for each in self.held if each.row.id == protocol_id]
        return tuple(sorted(found, key=lambda each: -each.row.version))

    @property
    def revoked(self) -> frozenset[str]:
        """The ids of the protocols whose newest signed version was revoked."""
        newest: dict[str, Held] = {}
        for each in self.held:
            known = newest.get(each.row.id)
            if each.state in SIGNED and (known is None or each.row.version > known.row.version):
                newest[each.row.id] = each
        return frozenset(name for name, each in newest.items() if each.state == "revoked")


@dataclass(frozen=True, slots=True)
class KnownAreas:
    """The area registry in the words of the clauses; what it does not know opens nothing."""

    registry: Registry

    @property
    def level_ids(self) -> Sequence[str]:
        """Every level in every vintage."""
        return [level.id for level in self.registry.levels]

    def rank(self, level: str) -> int | None:
        """Return the rank of a level, by id or by name."""
        return next((each.rank for each in self._vintages(level)), None)

    def below(self, level: str, code: str, target: str) -> frozenset[str]:
        """Return the areas of level id `target` that lie wholly in an area of any named vintage."""
        found: set[str] = set()
        for vintage in self._vintages(level):
            if code in self.registry.areas(vintage.id):
                found |= self.registry.below(vintage.id, code, target)
        return frozenset(found)

    def codes(self, level: str) -> frozenset[str]:
        """Return the codes of a level id; empty where it is not known."""
        return frozenset(self.registry.areas(level)) if self.registry.has(level) else frozenset()

    def _vintages(self, level: str) -> Iterator[Level]:
        for each in self.registry.levels:
            if level in (each.id, each.code):
                yield each


def check(read: Protocol, supplier: str, own: Mapping[str, Profile] = NO_PROFILES) -> None:
    """Raise `Invalid` for what this node cannot promise: measure, profile, another's protocol.

    `supplier` is the enterprise number of this node's party; "" leaves that unchecked. `own` are
    the node's own profiles, beside those that are shipped.
    """
    if supplier and supplier not in read.signatories:
        others = ", ".join(read.suppliers)
        raise Invalid("PROTOCOL_SUPPLIER_OTHER", supplier=others, kbo=supplier)
    if supplier and supplier not in read.suppliers:
        return  # what another node promises, that node checks
    unmet = sorted(set(read.terms.measures) - MEASURES_MET)
    if unmet:
        raise Invalid("PROTOCOL_MEASURE", protocol=read.id, measure=", ".join(unmet))
    wanted = read.terms.profile
    known = {**profile.shipped(), **own}
    minimum = known[wanted].min_count if wanted in known else -1
    if wanted != "all" and minimum < read.terms.group_size_min:
        raise Invalid(
            "PROTOCOL_PROFILE",
            protocol=read.id,
            profile=wanted,
            minimum=max(minimum, 0),
            wanted=read.terms.group_size_min,
        )


def open_book(session: Session, own: Mapping[str, str], today: date) -> Book:
    """Return every protocol that can be trusted as it stands on a day; `own` is our public key."""
    keys = partners.trusted(session, own)
    kept = _by_protocol(session)
    read: list[Held] = []
    damaged: list[str] = []
    for row in rows(session):
        try:
            read.append(_held(row, kept.get((row.id, row.version), ()), keys, own, today))
        except (HanseError, orjson.JSONDecodeError, RecursionError):
            log.error("protocol.damaged", extra={"protocol": row.id, "version": row.version})
            damaged.append(row.id)
    known = {(row.row.id, row.row.version) for row in read}
    lost = {name for name, version in kept if (name, version) not in known} - set(damaged)
    for name in sorted(lost):  # a text was taken away, and its statements stayed
        log.error("protocol.damaged", extra={"protocol": name, "version": 0})
    return Book(_succeeded(read, today), (*damaged, *sorted(lost)))


def _held(
    row: ProtocolRow,
    kept: Sequence[StatementRow],
    keys: Keys,
    own: Mapping[str, str],
    today: date,
) -> Held:
    read = row.protocol
    if not seals.holds(row.seal, row.document(kept), own):
        raise Invalid("PROTOCOL_DAMAGED", protocol=row.id, version=row.version)
    said = []
    for each in kept:
        if digest_of(each.text) != each.digest:
            raise Invalid("PROTOCOL_DAMAGED", protocol=row.id, version=row.version)
        said.append(statements.hear(each.text, read, keys))
    return Held(row, read, tuple(kept), tuple(said), statements.standing(read, said, today))


def _succeeded(read: Sequence[Held], today: date) -> tuple[Held, ...]:
    """Let each version end on the first day of the next that all parties signed."""
    starts: dict[str, list[tuple[int, date]]] = {}
    for each in read:
        if each.state in SIGNED and _has_begun(each):
            begins = date.fromisoformat(each.protocol.valid.start)
            starts.setdefault(each.row.id, []).append((each.row.version, begins))
    found = []
    for each in read:
        later = [day for version, day in starts.get(each.row.id, ()) if version > each.row.version]
        if later:
            ended = statements.standing(each.protocol, each.said, today, min(later))
            each = Held(each.row, each.protocol, each.rows, each.said, ended)
        found.append(each)
    return tuple(found)


def _has_begun(held: Held) -> bool:
    # One that was revoked before its first day never took another's place.
    ended = [said.signed_at[:10] for said in held.said if said.statement == "revoke"]
    return held.state != "revoked" or not ended or min(ended) >= held.protocol.valid.start


def _by_protocol(session: Session) -> dict[tuple[str, int], list[StatementRow]]:
    found: dict[tuple[str, int], list[StatementRow]] = {}
    for row in session.exec(select(StatementRow).order_by(col(StatementRow.kept_at))):
        found.setdefault((row.protocol, row.version), []).append(row)
    return found


def rows(session: Session) -> tuple[ProtocolRow, ...]:
    """Return every version of every protocol, nothing verified."""
    wanted = select(ProtocolRow).order_by(col(ProtocolRow.id), col(ProtocolRow.version))
    return tuple(session.exec(wanted))


def get(book: Book, protocol_id: str, version: int | None = None) -> Held:
    """Return a version of a protocol, else its newest; raises `NotFound` where there is none,
    `Invalid` for one that is damaged.
    """
    found = book.versions(protocol_id)
    chosen = [each for each in found if version in (None, each.row.version)]
    if chosen:
        return chosen[0]
    if protocol_id in book.damaged:
        raise Invalid("PROTOCOL_DAMAGED", protocol=protocol_id, version=version or 0)
    raise NotFound("PROTOCOL_UNKNOWN", protocol=protocol_id[:140])


def load_register(
    session: Session, registry: Registry, own: Mapping[str, str], today: date
) -> tuple[Register, Book]:
    """Return the register of a day, and the book that it was made of.

    Only what this node's own party supplies opens anything here.
    """
    book = open_book(session, own, today)
    ours = partners.own_numbers(session, own)
    joined = accessions.joined(session, own, today)
    return register.build(_ours(book, ours), KnownAreas(registry), joined), book


def stored_hash(session: Session, own: Mapping[str, str], today: date) -> str:
    """Return the digest of the register that the rows make as they are now."""
    book, ours = open_book(session, own, today), partners.own_numbers(session, own)
    told = ((each, state, each.content_hash) for each, state in _ours(book, ours))
    return register.register_hash(told, accessions.joined(session, own, today))


def _ours(book: Book, numbers: frozenset[str]) -> list[tuple[Protocol, str]]:
    return [
        (each.protocol, each.state)
        for each in book.held
        if not numbers.isdisjoint(each.protocol.suppliers)
    ]
