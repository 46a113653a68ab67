"""The releases of a node as its database knows them; the files are named by the digest."""

from sqlmodel import Field, Session, UniqueConstraint, col, select

from hanse.errors import NotFound
from hanse.node.tables import Row

PUBLISHED, WITHDRAWN = "published", "withdrawn"


class ReleaseRow(Row, table=True):
    """One release. Published is for ever: a row is never deleted, only marked as withdrawn."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("dataset", "release_id"),)

    dataset: str = Field(primary_key=True, max_length=63, foreign_key="dataset.slug")
    release_no: int = Field(primary_key=True)
    release_id: str = Field(max_length=32)
    digest: str = Field(max_length=72, index=True)
    kind: str = Field(max_length=16)
    reason: str = ""
    published_at: str = Field(max_length=32)
    proposed_by: str = ""
    approved_by: str = ""
    state: str = Field(default=PUBLISHED, max_length=16)
    withdrawn_at: str = Field(default="", max_length=32)
    withdrawn_by: str = ""
    withdrawn_reason: str = ""
    difference: str


class TombstoneRow(Row, table=True):
    """Something that a later release, or a decision, withdrew; it reaches everyone who pulled."""

    __tablename__ = "tombstone"

    id: int | None = Field(default=None, primary_key=True)
    dataset: str = Field(max_length=63, index=True)
    kind: str = Field(max_length=16)
    subject: str
    release_no: int
    at: str = Field(max_length=32)
    reason: str
    replaced_by: str | None = None


def find(session: Session, dataset: str, release_id: str | None = None) -> ReleaseRow:
    """Return a release that stands, the newest where none is named; else `NotFound`."""
    wanted = (
        select(ReleaseRow)
        .where(ReleaseRow.dataset == dataset, ReleaseRow.state == PUBLISHED)
        .order_by(col(ReleaseRow.release_no).desc())
        .limit(1)
    )
    if release_id is not None:
        wanted = wanted.where(ReleaseRow.release_id == release_id)
    found = session.exec(wanted).first()
    if found is None:
        raise NotFound("RELEASE_UNKNOWN", dataset=dataset[:64], release=(release_id or "")[:32])
    return found


def named(session: Session, dataset: str, release_id: str) -> ReleaseRow:
    """Return a release by its name, a withdrawn one too; else `NotFound`."""
    found = next((row for row in history(session, dataset) if row.release_id == release_id), None)
    if found is None:
        raise NotFound("RELEASE_UNKNOWN", dataset=dataset[:64], release=release_id[:32])
    return found


def history(session: Session, dataset: str) -> tuple[ReleaseRow, ...]:
    """Return every release of a dataset, withdrawn ones too, newest first."""
    wanted = (
        select(ReleaseRow)
        .where(ReleaseRow.dataset == dataset)
        .order_by(col(ReleaseRow.release_no).desc())
    )
    return tuple(session.exec(wanted))


def tombstones(session: Session) -> tuple[TombstoneRow, ...]:
    """Return every tombstone in the order they were set."""
    return tuple(session.exec(select(TombstoneRow).order_by(col(TombstoneRow.id))))
