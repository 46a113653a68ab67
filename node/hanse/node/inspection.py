"""Looks a whole log over: every entry against its hash, every hash against every checkpoint.

The same for the node's own nightly look, for an auditor, and after a restore. It says at which
entry the first thing is wrong. What somebody who owns the database rewrote consistently, only a
witness sees: `AUDIT_AHEAD` in `hanse.node.witnesses`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine, delete, type_coerce
from sqlalchemy.types import NullType
from sqlmodel import Session, col, select

from hanse.audit.checkpoint import Verifier, read_checkpoint, read_note
from hanse.audit.entry import Entry
from hanse.audit.packing import unpack
from hanse.audit.tree import Frontier
from hanse.errors import Conflict, HanseError, NotFound
from hanse.node import checkpoints, log, sequencer
from hanse.node.checkpoints import CheckpointRow
from hanse.node.log import BodyRow, EntryRow, PersonRow
from hanse.node.tables import moment
from hanse.store.engine import forget
from hanse.store.session import reading, transaction

PAGE: Final = 5_000

Placed = tuple[int, bytes, bytes | str | None]

_KEPT: Final = NullType()
"""Bodies as they lie there: what looks at millions makes no text of them first."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found: entries, those whose words have expired, checkpoints that hold."""

    entries: int
    expired: int
    checkpoints: int
    root: bytes


def inspect(engine: Engine, by: Verifier) -> Found:
    """Hold the log against its own hashes, checkpoints and signatures.

    Raises `Conflict` (AUDIT_TAMPERED) with the first entry that does not hold.
    """
    with reading(engine) as session:
        rows = checkpoints.all(session)
        edge, expired = Frontier(), 0
        for row in rows:
            edge, lost = _walk(session, edge, row.size)
            expired += lost
            _check(row, edge, by)
        edge, lost = _walk(session, edge, None)
        if sequencer.frontier(session) != edge:
            raise Conflict("AUDIT_TAMPERED", index=edge.size, fault="nodes")
    return Found(edge.size, expired + lost, len(rows), edge.root)


def _check(row: CheckpointRow, edge: Frontier, by: Verifier) -> None:
    fault = ""
    try:
        note = read_note(row.note.encode())
        told = read_checkpoint(note)
        if by.signed(note) is None:
            fault = "signature"
        elif (told.size, told.root) != (edge.size, edge.root):
            fault = "root"
    except HanseError:
        fault = "checkpoint"
    if fault:
        raise Conflict("AUDIT_TAMPERED", index=edge.size, fault=fault)


def _walk(session: Session, edge: Frontier, stop: int | None) -> tuple[Frontier, int]:
    """Return the right edge after the entries up to `stop`, and how many have no words any more."""
    expired = 0
    for page in _pages(session, edge.size, stop):
        for place, (index, leaf, body) in enumerate(page, edge.size):
            if index != place:
                raise Conflict("AUDIT_TAMPERED", index=place, fault="gap")
            if body is None:
                expired += 1
            elif sha256(b"\x00" + _own(body)).digest() != leaf:
                raise Conflict("AUDIT_TAMPERED", index=place, fault="hash")
        edge, _ = edge.grown([leaf for _, leaf, _ in page])
    return edge, expired


def _own(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else unpack(body)


def _pages(session: Session, start: int, stop: int | None) -> Iterator[Sequence[Placed]]:
    wanted = (
        select(EntryRow.idx, EntryRow.leaf, type_coerce(col(BodyRow.body), _KEPT))
        .join(BodyRow, col(BodyRow.idx) == col(EntryRow.idx), isouter=True)
        .order_by(col(EntryRow.idx))
    )
    connection = session.connection()
    while stop is None or start < stop:
        page = wanted.where(col(EntryRow.idx) >= start).limit(
            PAGE if stop is None else min(PAGE, stop - start)
        )
        rows: Sequence[Placed] = connection.execute(page).all()
        if not rows:
            return
        yield rows
        start += len(rows)


def erase(engine: Engine, identity: str, at: datetime) -> int:
    """Make it impossible to tell which entries a person is in; return how many those were.

    The entries and their hashes stay; what opens their commitments goes. That it happened is an
    entry, without the person. `NotFound` (AUDIT_PERSON_UNKNOWN) for somebody who is not there.
    """
    with transaction(engine) as session:
        ours = col(PersonRow.identity) == identity
        gone = session.connection().execute(delete(PersonRow).where(ours)).rowcount
        if not gone:
            raise NotFound("AUDIT_PERSON_UNKNOWN")
        log.note(session, Entry(kind="audit", what={"event": "erased", "count": gone}), at)
    forget(engine)
    return int(gone)


def expire(engine: Engine, before: datetime, reason: str, at: datetime) -> int:
    """Remove what entries say that are older than a moment; their hashes stay, and prove them.

    Returns how many; that it happened, and why, is an entry.
    """
    with transaction(engine) as session:
        old = col(BodyRow.at) < moment(before)
        refs = select(EntryRow.ref).join(BodyRow, col(BodyRow.idx) == col(EntryRow.idx)).where(old)
        connection = session.connection()
        connection.execute(delete(PersonRow).where(col(PersonRow.ref).in_(refs)))
        gone = connection.execute(delete(BodyRow).where(old)).rowcount
        if gone:
            what = {"event": "expired", "count": gone, "before": moment(before)}
            log.note(session, Entry(kind="audit", what={**what, "reason": reason}), at)
    forget(engine)
    return int(gone)
