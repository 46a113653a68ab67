"""What happened on this node, in order: ids and digests only, written with the change itself.

A reader polls from its last cursor. Cursors are handed out inside the transaction that makes the
change, under a lock, so they count without a gap and a lower one never appears after a higher one.
What strangers may not know about is kept without a cursor.
"""

from datetime import datetime

from sqlalchemy import func, text
from sqlmodel import Field, Session, col, select

from hanse.node.tables import Row, moment, read_moment
from hanse.wire import Event

EVENTS_MAX = 1_000
"""How many events one answer holds."""

_LOCK = 4_211_983
"""The number of the advisory lock that one writer of the outbox holds (PostgreSQL)."""


class OutboxRow(Row, table=True):
    """One event; `cursor` is None for what is not announced."""

    __tablename__ = "outbox"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    cursor: int | None = Field(default=None, unique=True)
    at: str = Field(max_length=32)
    kind: str = Field(max_length=32)
    dataset: str | None = Field(default=None, max_length=63, index=True)
    release_id: str | None = Field(default=None, max_length=32)
    manifest: str | None = Field(default=None, max_length=72)


def lock(session: Session) -> None:
    """Let one transaction at a time number releases and events; held until it ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})


def append(session: Session, event: Event, *, announced: bool) -> int | None:
    """Write an event with the next cursor (its own is ignored); return that, or None if hidden."""
    lock(session)
    last_id, last_cursor = session.exec(
        select(func.max(OutboxRow.id), func.max(OutboxRow.cursor))
    ).one()
    cursor = (last_cursor or 0) + 1 if announced else None
    session.add(
        OutboxRow(
            id=(last_id or 0) + 1,
            cursor=cursor,
            at=moment(event.at),
            kind=event.kind,
            dataset=event.dataset,
            release_id=event.release_id,
            manifest=event.manifest,
        )
    )
    session.flush()
    return cursor


def happened(kind: str, at: datetime, **what: str | None) -> Event:
    """Return an event that has no cursor yet."""
    return Event.model_validate({"cursor": 0, "at": at, "kind": kind, **what})


def since(session: Session, cursor: int) -> tuple[Event, ...]:
    """Return the announced events after `cursor`, oldest first, at most `EVENTS_MAX`."""
    wanted = (
        select(OutboxRow)
        .where(col(OutboxRow.cursor) > cursor)
        .order_by(col(OutboxRow.cursor))
        .limit(EVENTS_MAX)
    )
    return tuple(
        Event.model_validate(
            {
                "cursor": row.cursor,
                "at": read_moment(row.at),
                "kind": row.kind,
                "dataset": row.dataset,
                "release_id": row.release_id,
                "manifest": row.manifest,
            }
        )
        for row in session.exec(wanted)
    )
