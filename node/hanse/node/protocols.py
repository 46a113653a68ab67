"""The protocols of a node: rows that never change their text, and the register made of them.

The database keeps the canonical JSON and its digest. A row whose text does not have its digest is
left out of the register, with an alarm; the others go on.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import orjson
from sqlmodel import Field, Session, col, select

from hanse.areas import Level, Registry
from hanse.errors import Conflict, HanseError, Invalid, NotFound
from hanse.node import outbox
from hanse.node.tables import Row, moment
from hanse.policies import lifecycle, profile, protocol, register
from hanse.policies.canonical import digest
from hanse.policies.profile import Profile
from hanse.policies.protocol import Protocol
from hanse.policies.register import Register

MEASURES_MET: Final = frozenset({"audit", "tls12", "tls13"})
"""The measures this software keeps; a protocol that asks for another is not taken on."""

NO_PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({})

log = logging.getLogger(__name__)


class ProtocolRow(Row, table=True):
    """One version of a protocol and its state in the lifecycle; `content` is canonical JSON."""

    __tablename__ = "protocol"

    id: str = Field(primary_key=True, max_length=140)
    version: int = Field(primary_key=True)
    content: str
    content_hash: str = Field(max_length=72)
    state: str = Field(max_length=16, index=True)
    changed_at: str = Field(max_length=32)

    @property
    def protocol(self) -> Protocol:
        """The protocol; raises `Invalid` where the stored text was changed."""
        if digest(self.content.encode()) != self.content_hash:
            raise Invalid("PROTOCOL_DAMAGED", protocol=self.id, version=self.version)
        return protocol.from_document(orjson.loads(self.content))


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


def apply(
    session: Session,
    text: str | bytes,
    supplier: str,
    at: datetime,
    own: Mapping[str, Profile] = NO_PROFILES,
) -> ProtocolRow:
    """Take a protocol into force from its review form, in the place of its version before.

    `supplier` is the enterprise number of this node's party; "" leaves that unchecked. `own` are
    the node's own profiles, beside those that are shipped. The same text again changes nothing.
    Raises `Invalid` for a form, profile or measure that cannot be kept, `Conflict` for another text
    under the same number, or an older one.
    """
    read = protocol.load(text)
    check(read, supplier, own)
    same = session.get(ProtocolRow, (read.id, read.version))
    if same is not None:
        if same.content_hash != read.content_hash:
            raise Conflict("PROTOCOL_CHANGED", protocol=read.id, version=read.version)
        return same
    _replace(session, read, at)
    row = ProtocolRow(
        id=read.id,
        version=read.version,
        content=read.canonical.decode(),
        content_hash=read.content_hash,
        state="active",
        changed_at=moment(at),
    )
    session.add(row)
    _announce(session, at)
    return row


def check(read: Protocol, supplier: str, own: Mapping[str, Profile] = NO_PROFILES) -> None:
    """Raise `Invalid` for what this node cannot promise: measure, profile, another's figures."""
    suppliers = [party.kbo or "" for party in read.parties if party.role == "supplier"]
    if supplier and supplier not in suppliers:
        raise Invalid("PROTOCOL_SUPPLIER_OTHER", supplier=", ".join(suppliers), kbo=supplier)
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


def _replace(session: Session, read: Protocol, at: datetime) -> None:
    for row in versions(session, read.id):
        if row.version > read.version:
            raise Conflict(
                "PROTOCOL_OLDER", protocol=read.id, version=read.version, current=row.version
            )
        if row.state == "active":
            row.state = lifecycle.advance(row.state, "replace")
            row.changed_at = moment(at)
            session.add(row)


def advance(session: Session, protocol_id: str, event: str, at: datetime) -> ProtocolRow:
    """Cause an event (`suspend`, `resume`, `revoke`) in the life of a protocol's newest version.

    Raises `NotFound` for a protocol nobody applied, `Conflict` for a step that does not exist.
    """
    row = get(session, protocol_id)
    row.state = lifecycle.advance(row.state, event)
    row.changed_at = moment(at)
    session.add(row)
    _announce(session, at)
    return row


def get(session: Session, protocol_id: str) -> ProtocolRow:
    """Return the newest version of a protocol; `NotFound` where there is none."""
    found = versions(session, protocol_id)
    if not found:
        raise NotFound("PROTOCOL_UNKNOWN", protocol=protocol_id[:140])
    return found[0]


def versions(session: Session, protocol_id: str) -> tuple[ProtocolRow, ...]:
    """Return every version of a protocol, newest first."""
    wanted = (
        select(ProtocolRow)
        .where(ProtocolRow.id == protocol_id)
        .order_by(col(ProtocolRow.version).desc())
    )
    return tuple(session.exec(wanted))


def all(session: Session) -> tuple[ProtocolRow, ...]:  # noqa: A001 protocols.all(session)
    """Return every version of every protocol."""
    wanted = select(ProtocolRow).order_by(col(ProtocolRow.id), col(ProtocolRow.version))
    return tuple(session.exec(wanted))


def load_register(session: Session, registry: Registry) -> Register:
    """Return the register of all rows; one that is damaged is left out, with an alarm."""
    return register.build(_readable(all(session)), KnownAreas(registry))


def stored_hash(session: Session) -> str:
    """Return the digest of the register that the rows make as they are now."""
    entries = _readable(all(session))
    return register.register_hash((each, state, each.content_hash) for each, state in entries)


def _readable(rows: Sequence[ProtocolRow]) -> Iterator[tuple[Protocol, str]]:
    for row in rows:
        try:
            yield row.protocol, row.state
        except (HanseError, orjson.JSONDecodeError):
            log.error("protocol.damaged", extra={"protocol": row.id, "version": row.version})


def _announce(session: Session, at: datetime) -> None:
    # Not for strangers: who shares with whom is published by the parties, not by a feed.
    outbox.append(session, outbox.happened("protocol.changed", at), announced=False)
