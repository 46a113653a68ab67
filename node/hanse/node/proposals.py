"""Proposals to publish: one person proposes, another approves exactly what was proposed."""

import unicodedata
from datetime import datetime

from sqlmodel import Field, Session, col, select

from hanse.errors import Conflict, Invalid, NotFound, Refused
from hanse.node.tables import Row, moment

OPEN, APPROVED, OVERTAKEN, TURNED_DOWN = "open", "approved", "overtaken", "turned-down"

NAME_MAX = 100
REASON_MAX = 1_000


class ProposalRow(Row, table=True):
    """A proposal; `digest` is that of the cells, contract, profile and words it was made for."""

    __tablename__ = "proposal"

    id: int | None = Field(default=None, primary_key=True)
    dataset: str = Field(max_length=63, index=True)
    digest: str = Field(max_length=72)
    kind: str = Field(max_length=16)
    reason: str = ""
    proposed_by: str = Field(max_length=NAME_MAX)
    proposed_at: str = Field(max_length=32)
    state: str = Field(default=OPEN, max_length=16, index=True)
    approved_by: str = Field(default="", max_length=NAME_MAX)
    turned_down_reason: str | None = None


def person(name: str) -> str:
    """Return a person's name as it is kept: one spelling, without signs that nobody sees.

    Raises `Invalid` for none, a whole story, or letters of more than one alphabet.
    """
    spelled = "".join(sign for sign in unicodedata.normalize("NFKC", name) if not _unseen(sign))
    known = " ".join(spelled.split())
    if not _letters(known) or len(known) > NAME_MAX:
        raise Invalid("PERSON_NAME", limit=NAME_MAX)
    if len({unicodedata.name(sign, "?").split()[0] for sign in known if sign.isalpha()}) > 1:
        raise Invalid("PERSON_ALPHABET")
    return known


def same_person(one: str, other: str) -> bool:
    """Say whether two names are one person's: case, accents and punctuation make nobody else."""
    return _letters(person(one)) == _letters(person(other))


def _unseen(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cf", "Co", "Cs", "Cn"} and not sign.isspace()


def _letters(name: str) -> str:
    taken_apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in taken_apart if sign.isalnum())


def standing(session: Session, dataset: str) -> ProposalRow:
    """Return the dataset's open proposal; `NotFound` where there is none."""
    wanted = (
        select(ProposalRow)
        .where(ProposalRow.dataset == dataset, ProposalRow.state == OPEN)
        .order_by(col(ProposalRow.id).desc())
    )
    found = session.exec(wanted).first()
    if found is None:
        raise NotFound("PROPOSAL_NONE", dataset=dataset[:64])
    return found


def put(session: Session, proposal: ProposalRow) -> ProposalRow:
    """Store a proposal; an open one of the same dataset is overtaken by it."""
    wanted = select(ProposalRow).where(
        ProposalRow.dataset == proposal.dataset, ProposalRow.state == OPEN
    )
    for earlier in session.exec(wanted):
        earlier.state = OVERTAKEN
        session.add(earlier)
    session.add(proposal)
    session.flush()
    return proposal


def made(dataset: str, digest: str, by: str, at: datetime) -> ProposalRow:
    """Return a new proposal of a final release, without words yet."""
    return ProposalRow(
        dataset=dataset,
        digest=digest,
        kind="final",
        proposed_by=person(by),
        proposed_at=moment(at),
    )


def waiting(session: Session) -> tuple[ProposalRow, ...]:
    """Return the open proposals, the one that waits longest first."""
    wanted = select(ProposalRow).where(ProposalRow.state == OPEN).order_by(col(ProposalRow.id))
    return tuple(session.exec(wanted))


def get(session: Session, proposal_id: int) -> ProposalRow:
    """Return an open proposal by its number; `NotFound` where it is not, or no longer."""
    row = session.get(ProposalRow, proposal_id)
    if row is None or row.state != OPEN:
        raise NotFound("PROPOSAL_GONE")
    return row


def turn_down(session: Session, proposal_id: int, reason: str, by: str) -> ProposalRow:
    """Close an open proposal with a reason; the draft stays, to be mended and proposed again."""
    row = get(session, proposal_id)
    if not reason.strip():
        raise Invalid("REASON_NEEDED", dataset=row.dataset)
    row.state, row.approved_by = TURNED_DOWN, person(by)
    row.turned_down_reason = reason.strip()[:REASON_MAX]
    session.add(row)
    session.flush()
    return row


def check_approval(proposal: ProposalRow, digest: str, by: str) -> None:
    """Raise unless `by` may approve and what lies there now is exactly what was proposed."""
    if same_person(by, proposal.proposed_by):
        raise Refused("APPROVAL_SAME_PERSON", dataset=proposal.dataset)
    if digest != proposal.digest:
        raise Conflict("APPROVAL_STALE", dataset=proposal.dataset)


def approve(session: Session, proposal_id: int, by: str) -> None:
    """Mark an open proposal as approved; `Conflict` where it is no longer open."""
    row = session.get(ProposalRow, proposal_id)
    if row is None or row.state != OPEN:
        raise Conflict("APPROVAL_STALE", dataset=row.dataset if row else "")
    row.state, row.approved_by = APPROVED, person(by)
    session.add(row)
    session.flush()
