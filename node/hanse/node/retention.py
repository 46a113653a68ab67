"""How long the log keeps what its entries say, and the step that lets go of what is due.

Only words go: every hash stays, so the tree, its checkpoints and every proof still hold, and an
entry can be shown to have existed. What the parties agreed and published (protocols, statements,
releases) is kept; who did it is not, beyond the term. Each expiry is an entry itself: how many, up
to which moment, and under which rule.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, delete, func
from sqlmodel import Session, col, select

from hanse.audit.entry import Entry
from hanse.errors import Invalid
from hanse.node import log
from hanse.node.log import BodyRow, EntryRow, PersonRow
from hanse.node.settings import NodeSettings
from hanse.node.tables import moment
from hanse.store.engine import forget
from hanse.store.session import reading, transaction

EXCHANGE: Final = ("decision",)
TECHNICAL: Final = ("login", "role", "break-glass", "token", "audit")
"""Entries about who used the node; what is neither of the two says what parties did, and stays."""

BATCH_MAX: Final = 20_000
"""How many entries one transaction lets go of."""

_DURATION: Final = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,3})M)?(?:(\d{1,4})D)?")
_RULE: Final = re.compile(r"(urn:protocol:[a-z0-9-]{1,63}:[a-z0-9.-]{1,63}) +(\S+)")


@dataclass(frozen=True, slots=True)
class Term:
    """A time to keep, as ISO 8601 writes it: years, months, days."""

    text: str
    months: int
    days: int

    def before(self, now: datetime) -> datetime:
        """Return the moment before which this time is over."""
        year, month = divmod(now.year * 12 + now.month - 1 - self.months, 12)
        day = min(now.day, monthrange(year, month + 1)[1])
        return now.replace(year=year, month=month + 1, day=day) - timedelta(days=self.days)


def read_term(text: str) -> Term:
    """Read `P3Y`, `P18M` or `P90D`; raises `Invalid` (AUDIT_TERM) for anything else, and for none.

    Less than a month would take away what a receipt is held against.
    """
    found = _DURATION.fullmatch(text.strip())
    years, months, days = (int(each or 0) for each in found.groups()) if found else (0, 0, 0)
    if years * 365 + months * 30 + days < 30:
        raise Invalid("AUDIT_TERM", term=text[:40])
    return Term(text.strip(), years * 12 + months, days)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which entries are kept how long: of some kinds, and of one protocol or of all `but` some."""

    kinds: tuple[str, ...]
    term: Term
    protocol: str = ""
    but: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The rule in one line, kept with the expiry."""
        return " ".join(
            each for each in (", ".join(self.kinds), self.term.text, self.protocol) if each
        )

    def due(self, now: datetime) -> ColumnElement[bool]:
        """Return what of the log has been kept long enough."""
        found = (col(BodyRow.at) < moment(self.term.before(now))) & col(BodyRow.kind).in_(
            self.kinds
        )
        if self.protocol:
            return found & (col(BodyRow.protocol) == self.protocol)
        if self.but:
            others = func.coalesce(col(BodyRow.protocol), "").not_in(self.but)
            return found & others
        return found


@dataclass(frozen=True, slots=True)
class Expired:
    """What one rule let go of, or would."""

    rule: Rule
    entries: int
    before: datetime


def rules(settings: NodeSettings) -> tuple[Rule, ...]:
    """Return the rules in force; raises `Invalid` (AUDIT_TERM) for a setting that is none."""
    own: dict[str, Term] = {}
    for item in settings.audit_terms.split(","):
        if not item.strip():
            continue
        found = _RULE.fullmatch(item.strip())
        if found is None:
            raise Invalid("AUDIT_TERM", term=item.strip()[:40])
        own[found[1]] = read_term(found[2])
    named = tuple(Rule(EXCHANGE, term, protocol) for protocol, term in sorted(own.items()))
    rest = Rule(EXCHANGE, read_term(settings.audit_term), but=tuple(sorted(own)))
    return (*named, rest, Rule(TECHNICAL, read_term(settings.audit_technical_term)))


def due(engine: Engine, in_force: Sequence[Rule], now: datetime) -> tuple[Expired, ...]:
    """Return what every rule would let go of now."""
    with reading(engine) as session:
        counted = [
            session.exec(select(func.count()).select_from(BodyRow).where(rule.due(now))).one()
            for rule in in_force
        ]
    return tuple(
        Expired(rule, count, rule.term.before(now))
        for rule, count in zip(in_force, counted, strict=True)
    )


def expire(engine: Engine, in_force: Sequence[Rule], now: datetime) -> tuple[Expired, ...]:
    """Let go of everything that is due; return what went, rule by rule.

    Who stood behind entries that stay is forgotten after the longest of the terms.
    """
    found = tuple(
        Expired(rule, _all_of(engine, rule, now), rule.term.before(now)) for rule in in_force
    )
    nameless = _forget_people(engine, in_force, now)
    if nameless or any(each.entries for each in found):
        forget(engine)
    return found


def _all_of(engine: Engine, rule: Rule, now: datetime) -> int:
    total, gone = 0, BATCH_MAX
    while gone == BATCH_MAX:
        with transaction(engine) as session:
            gone = _some_of(session, rule, now)
        total += gone
    return total


def _some_of(session: Session, rule: Rule, now: datetime) -> int:
    chosen = select(BodyRow.idx).where(rule.due(now)).order_by(col(BodyRow.idx)).limit(BATCH_MAX)
    places = session.exec(chosen).all()
    if not places:
        return 0
    # One range: what is between and not due has another kind, or another protocol.
    span = col(BodyRow.idx).between(places[0], places[-1]) & rule.due(now)
    refs = select(EntryRow.ref).join(BodyRow, col(BodyRow.idx) == col(EntryRow.idx)).where(span)
    connection = session.connection()
    connection.execute(delete(PersonRow).where(col(PersonRow.ref).in_(refs)))
    gone = int(connection.execute(delete(BodyRow).where(span)).rowcount)
    what: dict[str, Any] = {
        "event": "expired",
        "count": gone,
        "first": places[0],
        "last": places[-1],
        "before": moment(rule.term.before(now)),
        "protocol": rule.protocol or None,
        "reason": rule.reason,
    }
    log.note(session, Entry(kind="audit", what=what), now)
    return gone


def _forget_people(engine: Engine, in_force: Sequence[Rule], now: datetime) -> int:
    """Take away whom a commitment stands for, in entries older than any term."""
    oldest = min(rule.term.before(now) for rule in in_force)
    last = f"{int(oldest.timestamp() * 1000):012x}"  # a reference begins with its moment
    with transaction(engine) as session:
        old = col(PersonRow.ref) < last
        gone = int(session.connection().execute(delete(PersonRow).where(old)).rowcount)
        if gone:
            what = {"event": "erased", "count": gone, "before": moment(oldest)}
            log.note(session, Entry(kind="audit", what=what), now)
    return gone
