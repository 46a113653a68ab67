"""Checkpoints of this node's log: made when it grew, signed by the node, cosigned by witnesses.

And what is proven with them: that an entry is in the log, that the log only grew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, Text, func
from sqlmodel import Field, Session, col, select

from hanse.audit import tree
from hanse.audit.checkpoint import (
    Checkpoint,
    Note,
    Signature,
    Signer,
    Verifier,
    origin_of,
    read_note,
    read_signatures,
)
from hanse.audit.proof import Proof
from hanse.errors import Conflict, Invalid, NotFound
from hanse.node import sequencer
from hanse.node.log import BIG, HASH, EntryRow, PendingRow
from hanse.node.settings import NodeSettings
from hanse.node.tables import Row, moment
from hanse.policies.signatures import SigningKey
from hanse.store.session import transaction

_PLACE: Final = {"autoincrement": False}


class CheckpointRow(Row, table=True):
    """The log at one size; `note` holds the text and the node's own signature."""

    __tablename__ = "audit_checkpoint"

    size: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    at: str = Field(max_length=32)
    root: bytes = Field(sa_type=HASH)
    note: str = Field(sa_type=Text)


class CosignatureRow(Row, table=True):
    """A witness's signature line under a checkpoint."""

    __tablename__ = "audit_cosignature"

    size: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs=_PLACE)
    witness: str = Field(primary_key=True, max_length=255)
    at: str = Field(max_length=32)
    line: str = Field(sa_type=Text)


@dataclass(frozen=True, slots=True)
class Stood:
    """A checkpoint with every signature under it."""

    size: int
    at: str
    root: bytes
    note: Note
    witnesses: int


def signer(settings: NodeSettings, key: SigningKey) -> Signer:
    """Return what signs this node's checkpoints: its own key, under its log's origin."""
    return Signer.from_jwk(origin_of(settings.resource, settings.audit_suffix), key.private_jwk())


def make(engine: Engine, by: Signer, register: str, at: datetime) -> Checkpoint | None:
    """Sign and keep a checkpoint where the log grew since the last one; return it.

    Raises `Conflict` (AUDIT_SHRUNK) where the log is shorter than its own last checkpoint.
    """
    with transaction(engine) as session:
        sequencer.lock(session)
        size = sequencer.size(session)
        last = session.exec(select(func.max(CheckpointRow.size))).one() or 0
        if size < last:
            raise Conflict("AUDIT_SHRUNK", size=size, last=last)
        if size == last:
            return None
        found = tree.root(size, sequencer.nodes(session))
        checkpoint = Checkpoint(by.name, size, found, (f"register {register}",))
        note = str(by.sign(checkpoint))
        session.add(CheckpointRow(size=size, at=moment(at), root=found, note=note))
        return checkpoint


def cosigned(session: Session, size: int, witness: str, signature: Signature, at: datetime) -> None:
    """Keep a witness's signature under the checkpoint of a size."""
    row = CosignatureRow(size=size, witness=witness, at=moment(at), line=signature.line)
    session.merge(row)


def latest(session: Session, covering: int = 0) -> Stood:
    """Return the newest checkpoint of at least a size, one that is cosigned before any other.

    Raises `NotFound` (AUDIT_NO_CHECKPOINT) where none was made yet.
    """
    enough = col(CheckpointRow.size) >= covering
    newest = select(CheckpointRow).where(enough).order_by(col(CheckpointRow.size).desc())
    seen = newest.where(col(CheckpointRow.size).in_(select(CosignatureRow.size)))
    row = session.exec(seen.limit(1)).first() or session.exec(newest.limit(1)).first()
    if row is None:
        raise NotFound("AUDIT_NO_CHECKPOINT")
    return stood(session, row)


def newest(session: Session) -> Stood:
    """Return the newest checkpoint, cosigned or not; `NotFound` where none was made yet."""
    row = session.exec(select(CheckpointRow).order_by(col(CheckpointRow.size).desc())).first()
    if row is None:
        raise NotFound("AUDIT_NO_CHECKPOINT")
    return stood(session, row)


def stood(session: Session, row: CheckpointRow) -> Stood:
    """Return a checkpoint with its witnesses' signatures."""
    lines = session.exec(
        select(CosignatureRow.line)
        .where(CosignatureRow.size == row.size)
        .order_by(col(CosignatureRow.witness))
    ).all()
    signatures = read_signatures([line.rstrip("\n") for line in lines])
    note = read_note(row.note.encode()).also(signatures)
    return Stood(row.size, row.at, row.root, note, len(signatures))


def all(session: Session) -> Sequence[CheckpointRow]:  # noqa: A001 checkpoints.all(session)
    """Return every checkpoint, the first one first."""
    return session.exec(select(CheckpointRow).order_by(col(CheckpointRow.size))).all()


def prove(session: Session, ref: str) -> Proof:
    """Return the proof that an entry is in the log.

    Raises `NotFound` for an entry that there is not, `Conflict` (RECEIPT_EARLY) while no checkpoint
    covers it.
    """
    place = session.exec(select(EntryRow.idx).where(EntryRow.ref == ref)).first()
    if place is None:
        waits = session.exec(select(PendingRow.id).where(PendingRow.ref == ref)).first()
        if waits is None:
            raise NotFound("RECEIPT_UNKNOWN")
        raise Conflict("RECEIPT_EARLY")
    try:
        stood = latest(session, place + 1)
    except NotFound as fault:
        raise Conflict("RECEIPT_EARLY") from fault
    return proof_at(session, place, stood)


def proof_at(session: Session, place: int, stood: Stood) -> Proof:
    """Return the proof that the entry at a place is under a checkpoint."""
    hashes = tree.inclusion(place, stood.size, sequencer.nodes(session))
    return Proof(place, tuple(hashes), stood.note)


def grown(session: Session, old: int, size: int) -> tuple[bytes, ...]:
    """Return the proof that the log of `size` extends that of `old`.

    Raises `Invalid` (AUDIT_SIZES) for sizes it never had.
    """
    if not 0 <= old <= size <= sequencer.size(session):
        raise Invalid("AUDIT_SIZES", old=old, size=size)
    return tuple(tree.consistency(old, size, sequencer.nodes(session)))


def verifier(settings: NodeSettings, key: SigningKey) -> Verifier:
    """Return the public key of this node's log."""
    return signer(settings, key).verifier
