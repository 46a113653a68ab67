"""Proposals to publish: one person proposes, another approves exactly what was proposed."""

from datetime import datetime

from sqlmodel import Field, Session, col, select

from hanse.errors import Conflict, Invalid, NotFound, Refused
from hanse.node.tables import Row, moment

OPEN, APPROVED, OVERTAKEN = "open", "approved", "overtaken"

NAME_MAX = 100


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


def person(name: str) -> str:
    """Return a person's name as it is compared and kept; `Invalid` for none or a whole story."""
    known = " ".join(name.split())
    if not known or len(known) > NAME_MAX:
        raise Invalid("PERSON_NAME", limit=NAME_MAX)
    return known


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


def check_approval(proposal: ProposalRow, digest: str, by: str) -> None:
    """Raise unless `by` may approve and what lies there now is exactly what was proposed."""
    if person(by).casefold() == proposal.proposed_by.casefold():
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
