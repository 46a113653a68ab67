"""A log in a database of its own: entries in a Merkle tree, checkpoints, proofs, what others saw.

For a role that writes few entries: each gets its place in the transaction of the change it tells
of, so both stand or neither. Tables are handed in; RFC 6962 and C2SP tlog-checkpoint.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from sqlalchemy import Engine, Table, func, insert, select, text
from sqlmodel import Session

from hanse.audit import tree
from hanse.audit.checkpoint import (
    Checkpoint,
    Note,
    Signature,
    Signer,
    Verifier,
    read_checkpoint,
    read_note,
    read_signatures,
)
from hanse.audit.entry import Sealed
from hanse.audit.proof import MEDIA_TYPE, Proof
from hanse.audit.tree import Frontier, Grown, Nodes
from hanse.errors import Conflict, HanseError, Invalid, NotFound
from hanse.store.session import reading

PAGE: Final = 5_000
FRESH: Final = "public, max-age=10"

Size = Annotated[int, Query(ge=0, le=2**53, description="A number of entries.")]

_LOCK: Final = 4_211_986
"""The number of the advisory lock under which an entry gets its place (PostgreSQL)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look over a log found: entries, checkpoints that hold, the root."""

    entries: int
    checkpoints: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Logbook:
    """The tables of a log.

    `entry` has idx, ref, leaf; `body` idx, kind, at, body; `node` level, position, hash (complete
    subtrees above the leaves); `checkpoint` size, at, root, note; `cosignature` size, witness, at,
    line.
    """

    entry: Table
    body: Table
    node: Table
    checkpoint: Table
    cosignature: Table

    def append(self, session: Session, sealed: Sealed, kind: str, at: str) -> int:
        """Give an entry its place in the transaction under way; return it, from 0."""
        _lock(session)
        place = self.size(session)
        _, complete = tree.frontier(place, self.nodes(session)).grown([sealed.leaf])
        connection = session.connection()
        told: dict[str, Any] = {"idx": place, "ref": sealed.ref, "leaf": sealed.leaf}
        connection.execute(insert(self.entry), told)
        said = {"idx": place, "kind": kind, "at": at, "body": sealed.body.decode()}
        connection.execute(insert(self.body), said)
        kept = [
            {"level": level, "position": position, "hash": digest}
            for level, position, digest in complete
            if level
        ]
        if kept:
            connection.execute(insert(self.node), kept)
        return place

    def size(self, session: Session) -> int:
        """Return how many entries there are."""
        last = session.connection().execute(select(func.max(self.entry.c.idx))).scalar_one()
        return 0 if last is None else int(last) + 1

    def nodes(self, session: Session) -> Nodes:
        """Return the subtrees of the log, as proofs and roots want them."""
        connection, leaves, above = session.connection(), self.entry.c, self.node.c

        def node(level: int, position: int) -> bytes:
            wanted = select(leaves.leaf).where(leaves.idx == position)
            if level:
                ours = (above.level == level, above.position == position)
                wanted = select(above.hash).where(*ours)
            return bytes(connection.execute(wanted).scalar_one())

        return node

    def sign(self, session: Session, by: Signer, at: str) -> Checkpoint | None:
        """Sign and keep a checkpoint where the log grew since the last one; return it.

        Raises `Conflict` (AUDIT_SHRUNK) where the log is shorter than its own last checkpoint.
        """
        _lock(session)
        size, columns = self.size(session), self.checkpoint.c
        connection = session.connection()
        last = connection.execute(select(func.max(columns.size))).scalar_one() or 0
        if size < last:
            raise Conflict("AUDIT_SHRUNK", size=size, last=last)
        if size == last:
            return None
        told = Checkpoint(by.name, size, tree.root(size, self.nodes(session)))
        values = {"size": size, "at": at, "root": told.root, "note": str(by.sign(told))}
        connection.execute(insert(self.checkpoint), values)
        return told

    def newest(self, session: Session, covering: int = 0) -> Note:
        """Return the newest checkpoint of at least a size, with its witnesses' signatures.

        Raises `NotFound` (AUDIT_NO_CHECKPOINT) where none was made yet.
        """
        columns, lines = self.checkpoint.c, self.cosignature.c
        wanted = select(columns.size, columns.note).where(columns.size >= covering)
        connection = session.connection()
        row = connection.execute(wanted.order_by(columns.size.desc()).limit(1)).first()
        if row is None:
            raise NotFound("AUDIT_NO_CHECKPOINT")
        cosigned = select(lines.line).where(lines.size == row.size).order_by(lines.witness)
        told = [line.rstrip("\n") for line in connection.execute(cosigned).scalars()]
        return read_note(row.note.encode()).also(read_signatures(told))

    def cosigned(self, session: Session, signature: Signature, size: int, at: str) -> None:
        """Keep a witness's signature under the checkpoint of a size."""
        values = {"size": size, "witness": signature.name, "at": at, "line": signature.line}
        session.connection().execute(insert(self.cosignature), values)

    def seen(self, session: Session, witness: str) -> int:
        """Return the size of the newest checkpoint that a witness cosigned, 0 for none."""
        columns = self.cosignature.c
        wanted = select(func.max(columns.size)).where(columns.witness == witness)
        return int(session.connection().execute(wanted).scalar_one() or 0)

    def prove(self, session: Session, ref: str) -> Proof:
        """Return the proof that an entry is in the log.

        Raises `NotFound` for an entry that there is not, `Conflict` (RECEIPT_EARLY) while no
        checkpoint covers it.
        """
        columns = self.entry.c
        asked = select(columns.idx).where(columns.ref == ref)
        place = session.connection().execute(asked).scalar()
        if place is None:
            raise NotFound("RECEIPT_UNKNOWN")
        try:
            note = self.newest(session, place + 1)
        except NotFound as fault:
            raise Conflict("RECEIPT_EARLY") from fault
        size = read_checkpoint(note).size
        return Proof(place, tuple(tree.inclusion(place, size, self.nodes(session))), note)

    def grown(self, session: Session, old: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that the log of `size` extends that of `old`.

        Raises `Invalid` (AUDIT_SIZES) for sizes it never had.
        """
        if not 0 <= old <= size <= self.size(session):
            raise Invalid("AUDIT_SIZES", old=old, size=size)
        return tuple(tree.consistency(old, size, self.nodes(session)))

    def bodies(self, session: Session, kind: str = "") -> Sequence[tuple[int, str]]:
        """Return places and bodies, in the order of the log."""
        columns = self.body.c
        wanted = select(columns.idx, columns.body).order_by(columns.idx)
        asked = wanted.where(columns.kind == kind) if kind else wanted
        return [(row.idx, row.body) for row in session.connection().execute(asked)]

    def inspect(self, session: Session, by: Verifier) -> Found:
        """Hold the log against its own hashes, checkpoints and signatures.

        Raises `Conflict` (AUDIT_TAMPERED) with the first entry that does not hold.
        """
        columns, edge = self.checkpoint.c, Frontier()
        asked = select(columns.size, columns.note).order_by(columns.size)
        stood = session.connection().execute(asked).all()
        for size, note in stood:
            edge = self._walked(session, edge, size)
            if not _holds(note, edge, by):
                raise Conflict("AUDIT_TAMPERED", index=edge.size, fault="root")
        edge = self._walked(session, edge, self.size(session))
        return Found(edge.size, len(stood), edge.root)

    def _walked(self, session: Session, edge: Frontier, stop: int) -> Frontier:
        for rows in self._pages(session, edge.size, stop):
            for place, row in enumerate(rows, edge.size):
                if row.idx != place or tree.leaf_hash(row.body.encode()) != row.leaf:
                    raise Conflict("AUDIT_TAMPERED", index=place, fault="hash")
            edge, complete = edge.grown([row.leaf for row in rows])
            self._check_nodes(session, complete)
        if edge.size < stop:
            raise Conflict("AUDIT_TAMPERED", index=edge.size, fault="gap")
        return edge

    def _check_nodes(self, session: Session, complete: Sequence[Grown]) -> None:
        """Hold the subtrees that are kept against those that the leaves make."""
        columns = self.node.c
        for level in {each[0] for each in complete} - {0}:
            made = {position: digest for at, position, digest in complete if at == level}
            ours = (columns.level == level, columns.position.between(min(made), max(made)))
            asked = select(columns.position, columns.hash).where(*ours)
            kept = {row.position: bytes(row.hash) for row in session.connection().execute(asked)}
            if kept != made:
                raise Conflict("AUDIT_TAMPERED", index=min(made) << level, fault="nodes")

    def _pages(self, session: Session, start: int, stop: int) -> Iterator[Sequence[Any]]:
        entry, body = self.entry.c, self.body.c
        both = self.entry.join(self.body, entry.idx == body.idx)
        wanted = select(entry.idx, entry.leaf, body.body).select_from(both).order_by(entry.idx)
        while start < stop:
            page = wanted.where(entry.idx >= start).limit(min(PAGE, stop - start))
            rows = session.connection().execute(page).all()
            if not rows:
                return
            yield rows
            start += len(rows)


def _holds(note: str, edge: Frontier, by: Verifier) -> bool:
    try:
        opened = read_note(note.encode())
        told = read_checkpoint(opened)
    except HanseError:
        return False
    return by.signed(opened) is not None and (told.size, told.root) == (edge.size, edge.root)


def _lock(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})


def routes(engine: Engine, book: Logbook, by: Verifier) -> APIRouter:
    """Return the routes of a log; roots and proofs between them say nothing of any entry."""
    router = APIRouter(prefix="/v1/audit", tags=["audit"])

    @router.get("/key", response_class=Response)
    def key() -> Response:
        """The public key of this log, as a line others pin it by."""
        return _text(f"{by}\n")

    @router.get("/checkpoint", response_class=Response)
    def checkpoint() -> Response:
        """The newest signed checkpoint, with the witnesses' signatures under it."""
        with reading(engine) as session:
            return _text(str(book.newest(session)))

    @router.get("/consistency", response_class=Response)
    def consistency(old: Size, size: Size) -> Response:
        """The proof that the log of one size extends that of another: a hash on each line."""
        with reading(engine) as session:
            hashes = book.grown(session, old, size)
        return _text("".join(f"{base64.b64encode(each).decode()}\n" for each in hashes))

    return router


def _text(text: str) -> Response:
    return Response(text, media_type=MEDIA_TYPE, headers={"Cache-Control": FRESH})
