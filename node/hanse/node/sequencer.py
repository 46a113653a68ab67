"""Gives every entry its place in the tree: one writer at a time, in batches, without a gap.

A number from the database would not do: transactions that are undone burn theirs. Of the tree, the
leaves are kept and every complete subtree from `KEPT_LEVEL` on, so any proof costs a few look-ups
whatever the log's size. In PostgreSQL an advisory lock keeps sequencers apart, in SQLite the
transaction itself does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Engine, delete, func, insert, text
from sqlmodel import Field, Session, col, select

from hanse.audit import tree
from hanse.audit.entry import read
from hanse.audit.tree import Frontier, Nodes
from hanse.node.log import BIG, HASH, BodyRow, EntryRow, PendingRow
from hanse.node.tables import Row
from hanse.store.session import reading, transaction

BATCH_MAX: Final = 500
KEPT_LEVEL: Final = 4
"""Subtrees below it (up to 8 leaves) are computed from their leaves when they are needed."""

LAG_SECONDS_MAX: Final = 60.0
LAG_ROWS_MAX: Final = 10_000

_LOCK: Final = 4_211_984
"""The number of the advisory lock that the one sequencer holds (PostgreSQL)."""


class NodeRow(Row, table=True):
    """The hash of a complete subtree of 2**level leaves."""

    __tablename__ = "audit_node"

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    hash: bytes = Field(sa_type=HASH)


@dataclass(frozen=True, slots=True)
class Lag:
    """What still waits for its place: how many entries, and for how long the oldest."""

    rows: int
    seconds: float

    @property
    def too_much(self) -> bool:
        """Whether the node must not serve before this is caught up."""
        return self.rows > LAG_ROWS_MAX or self.seconds > LAG_SECONDS_MAX


def sequence(engine: Engine) -> int:
    """Move one batch of waiting entries into the tree; return how many."""
    if not waiting(engine):
        return 0
    with transaction(engine) as session:
        lock(session)
        rows = session.exec(select(PendingRow).order_by(col(PendingRow.id)).limit(BATCH_MAX)).all()
        if rows:
            _append(session, rows)
        return len(rows)


def catch_up(engine: Engine) -> int:
    """Move everything that waits; return how many entries that were."""
    total = 0
    while moved := sequence(engine):
        total += moved
    return total


def waiting(engine: Engine) -> bool:
    """Say whether anything waits; costs no lock."""
    with reading(engine) as session:
        return session.exec(select(PendingRow.id).limit(1)).first() is not None


def lag(engine: Engine, now: datetime) -> Lag:
    """Return how far the sequencer is behind."""
    with reading(engine) as session:
        found = session.exec(select(func.min(PendingRow.ref), func.count())).one()
    oldest, rows = str(found[0] or ""), int(found[1])
    if not oldest:
        return Lag(0, 0.0)
    since = datetime.fromtimestamp(int(oldest[:12], 16) / 1000, UTC)
    return Lag(rows, max((now - since).total_seconds(), 0.0))


def lock(session: Session) -> None:
    """Keep every other sequencer out until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})


def size(session: Session) -> int:
    """Return how many entries have their place."""
    last = session.exec(select(func.max(EntryRow.idx))).one()
    return 0 if last is None else last + 1


def nodes(session: Session) -> Nodes:
    """Return the subtrees of the log, as proofs and roots want them."""
    return lambda level, position: _node(session, level, position)


def frontier(session: Session) -> Frontier:
    """Return the right edge of the tree as it stands."""
    return tree.frontier(size(session), nodes(session))


def _node(session: Session, level: int, position: int) -> bytes:
    if level >= KEPT_LEVEL:
        wanted = select(NodeRow.hash).where(NodeRow.level == level, NodeRow.position == position)
        return bytes(session.connection().execute(wanted).scalar_one())
    start = position << level
    asked = (
        select(EntryRow.leaf)
        .where(col(EntryRow.idx) >= start, col(EntryRow.idx) < start + (1 << level))
        .order_by(col(EntryRow.idx))
    )
    leaves = session.connection().execute(asked).scalars()
    return Frontier().grown(leaves)[0].root


def _append(session: Session, rows: Sequence[PendingRow]) -> None:
    first = frontier(session)
    leaves = [tree.leaf_hash(row.body.encode()) for row in rows]
    _, complete = first.grown(leaves)
    places = range(first.size, first.size + len(rows))
    placed = list(zip(places, rows, leaves, strict=True))
    connection = session.connection()
    connection.execute(
        insert(EntryRow), [{"idx": at, "ref": row.ref, "leaf": leaf} for at, row, leaf in placed]
    )
    connection.execute(insert(BodyRow), [_body(at, row) for at, row, _ in placed])
    kept = [
        {"level": level, "position": position, "hash": digest}
        for level, position, digest in complete
        if level >= KEPT_LEVEL
    ]
    if kept:
        connection.execute(insert(NodeRow), kept)
    moved = [row.id for row in rows]
    connection.execute(delete(PendingRow).where(col(PendingRow.id).in_(moved)))


def _body(place: int, row: PendingRow) -> dict[str, Any]:
    document = read(row.body.encode())
    what, who, why = (document.get(part, {}) for part in ("what", "who", "why"))
    return {
        "idx": place,
        "kind": document["kind"],
        "at": document["when"],
        "client": who.get("client"),
        "dataset": what.get("dataset"),
        "protocol": why.get("protocol") or what.get("protocol"),
        "exchange": document.get("exchange"),
        "outcome": document.get("decision", ""),
        "body": row.body,
    }
