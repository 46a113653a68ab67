"""General authorisations, and which body joined which: records that a protocol may require.

A sectoral committee granted an authorisation to a category of bodies; each joins by proving that it
meets the conditions. A protocol that requires one opens nothing to a recipient that has not joined.
"""

import logging
from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Field, Session, col, select

from hanse.audit.entry import Entry
from hanse.errors import Invalid, NotFound
from hanse.node import outbox, seals
from hanse.node.log import note
from hanse.node.tables import Row, moment
from hanse.policies.signatures import SigningKey

log = logging.getLogger(__name__)


class AuthorisationRow(Row, table=True):
    """A general authorisation by its number, as the committee granted it."""

    __tablename__ = "authorisation"

    number: str = Field(primary_key=True, max_length=63)
    committee: str = ""
    source: str = ""
    conditions: str = ""
    url: str = ""
    granted_on: str = Field(default="", max_length=10)


class AccessionRow(Row, table=True):
    """That a body joined one; `until` is the first day it no longer counts, "" for none.

    `evidence` is the digest of the document that proves it.
    """

    __tablename__ = "accession"

    number: str = Field(primary_key=True, max_length=63)
    kbo: str = Field(primary_key=True, max_length=20)
    since: str = Field(max_length=10)
    until: str = Field(default="", max_length=10)
    evidence: str = Field(default="", max_length=72)
    changed_at: str = Field(max_length=32)
    seal: str = ""

    @property
    def document(self) -> dict[str, object]:
        """What its seal closes."""
        named = self.model_dump(exclude={"seal"})
        return {"kind": "accession", **named}


def grant(session: Session, authorisation: AuthorisationRow) -> None:
    """Note an authorisation, in the place of what was known of it."""
    session.merge(authorisation)
    session.flush()


def join(session: Session, own: SigningKey, accession: AccessionRow, at: datetime) -> AccessionRow:
    """Note that a body joined, or until when; `own` is the node's key.

    Raises `NotFound` for an authorisation nobody noted, `Invalid` for days that are none.
    """
    if session.get(AuthorisationRow, accession.number) is None:
        raise NotFound("AUTHORISATION_UNKNOWN", number=accession.number[:63])
    try:
        days = [date.fromisoformat(day) for day in (accession.since, accession.until) if day]
    except ValueError as fault:
        raise Invalid("ACCESSION_DAYS") from fault
    if days != sorted(set(days)):
        raise Invalid("ACCESSION_DAYS")
    accession.changed_at = moment(at)
    accession.seal = seals.seal(accession.document, own)
    kept = session.merge(accession)
    outbox.append(session, outbox.happened("protocol.changed", at), announced=False)
    what = {"event": "accession", "statement": accession.number, "party": accession.kbo}
    note(session, Entry(kind="statement", what=what), at)
    return kept


def joined(session: Session, own: Mapping[str, str], today: date) -> dict[str, frozenset[str]]:
    """Return the numbers each body has joined as of a day, by enterprise number.

    One whose seal does not hold is left out, with an alarm; `own` is the node's public key.
    """
    found: dict[str, set[str]] = {}
    for row in accessions(session):
        if not seals.holds(row.seal, row.document, own):
            log.error("accession.damaged", extra={"party": row.kbo, "number": row.number})
        elif row.since <= today.isoformat() and (not row.until or today.isoformat() < row.until):
            found.setdefault(row.kbo, set()).add(row.number)
    return {kbo: frozenset(numbers) for kbo, numbers in found.items()}


def authorisations(session: Session) -> tuple[AuthorisationRow, ...]:
    """Return every authorisation by its number."""
    return tuple(session.exec(select(AuthorisationRow).order_by(col(AuthorisationRow.number))))


def accessions(session: Session) -> tuple[AccessionRow, ...]:
    """Return who joined which."""
    wanted = select(AccessionRow).order_by(col(AccessionRow.number), col(AccessionRow.kbo))
    return tuple(session.exec(wanted))
