"""Other people's eyes on this log, and this node's eyes on theirs.

Each checkpoint is offered to every witness with the proof that it extends the last one that witness
cosigned. One that is away misses nothing: the next offer starts from what it saw last. Raised as an
alarm: a witness that was not reached for an hour, and one that saw more than there is now.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, Text
from sqlmodel import Field, Session, select

from hanse.audit.checkpoint import (
    Signature,
    Verifier,
    read_checkpoint,
    read_signatures,
    read_verifier,
)
from hanse.audit.witness import COSIGNED, STALE, Submission
from hanse.errors import HanseError, Invalid
from hanse.node import checkpoints
from hanse.node.checkpoints import Stood
from hanse.node.log import BIG, HASH
from hanse.node.settings import NodeSettings
from hanse.node.tables import Row, moment, read_moment
from hanse.outbound import Answer, Ask, Limits, Origin, Outbound
from hanse.store.session import reading, transaction

ALARM_AFTER: Final = timedelta(hours=1)
LIMITS: Final = Limits(deadline_seconds=5.0, body_bytes=16_384)
PATH: Final = "/v1/witness/add-checkpoint"
AHEAD, WRONG = "AUDIT_AHEAD", "AUDIT_COSIGNATURE"

log = logging.getLogger(__name__)


class WitnessRow(Row, table=True):
    """What one witness last cosigned of this log; `fault` is "" while it answers."""

    __tablename__ = "audit_witness"

    witness: str = Field(primary_key=True, max_length=255)
    size: int = Field(default=0, sa_type=BIG)
    at: str = Field(default="", max_length=32)
    fault: str = Field(default="", max_length=40)
    since: str = Field(default="", max_length=32)


class WitnessedRow(Row, table=True):
    """The last checkpoint of somebody else's log that this node cosigned."""

    __tablename__ = "witness_log"

    origin: str = Field(primary_key=True, max_length=255)
    size: int = Field(sa_type=BIG)
    root: bytes = Field(sa_type=HASH)
    at: str = Field(max_length=32)


class EvidenceRow(Row, table=True):
    """A checkpoint that contradicts the one cosigned at its size: signed by the log itself."""

    __tablename__ = "witness_evidence"

    origin: str = Field(primary_key=True, max_length=255)
    size: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(primary_key=True, sa_type=HASH)
    at: str = Field(max_length=32)
    note: str = Field(sa_type=Text)


@dataclass(frozen=True, slots=True)
class Peer:
    """A witness of this log: the key it cosigns with, and where it is asked."""

    verifier: Verifier
    url: str


def peers(settings: NodeSettings) -> tuple[Peer, ...]:
    """Return who cosigns this log; raises `Invalid` for a setting that cannot be read."""
    found = []
    for item in _listed(settings.witnesses):
        key, _, url = item.partition(" ")
        found.append(Peer(read_verifier(key).cosigner(), str(Origin.of(url.strip()))))
    return tuple(found)


def logs(settings: NodeSettings) -> dict[str, tuple[Verifier, ...]]:
    """Return the keys of the logs this node cosigns, by origin."""
    keys = [read_verifier(item) for item in _listed(settings.witnessed)]
    return {key.name: tuple(each for each in keys if each.name == key.name) for key in keys}


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


async def offer(engine: Engine, peer: Peer, way: Outbound, at: datetime) -> str:
    """Offer the newest checkpoint to a witness, and keep its signature.

    Returns "" where it cosigned or has nothing new to see, else a word for what went wrong; the
    word is kept, and told as an alarm once it has stood for an hour.
    """
    with reading(engine) as session:
        known = session.get(WitnessRow, peer.verifier.name) or WitnessRow(
            witness=peer.verifier.name
        )
        stood = checkpoints.newest(session)
    if known.size == stood.size and not known.fault:
        return ""
    try:
        fault = await _offered(engine, peer, way, (known.size, stood, at))
    except HanseError as away:
        fault = away.code[:40]
    if fault:
        _missed(engine, peer, fault, at)
    return fault


_State = tuple[int, Stood, datetime]


async def _offered(engine: Engine, peer: Peer, way: Outbound, state: _State) -> str:
    old, stood, at = state
    answer = await _ask(engine, peer, way, old, stood)
    if answer.status == STALE:
        old = _size(answer)
        if old > stood.size:
            return AHEAD
        answer = await _ask(engine, peer, way, old, stood)
    if answer.status != COSIGNED:
        return f"WITNESS_{answer.status}"
    signature = _cosignature(answer, peer.verifier, stood)
    if signature is None:
        return WRONG
    with transaction(engine) as session:
        checkpoints.cosigned(session, stood.size, peer.verifier.name, signature, at)
        session.merge(WitnessRow(witness=peer.verifier.name, size=stood.size, at=moment(at)))
    return ""


async def _ask(engine: Engine, peer: Peer, way: Outbound, old: int, stood: Stood) -> Answer:
    with reading(engine) as session:
        proof = checkpoints.grown(session, min(old, stood.size), stood.size)
    offered = Submission(old, proof, stood.note, read_checkpoint(stood.note))
    ask = Ask(
        Origin.of(peer.url),
        peer.url + PATH,
        "POST",
        {"content-type": "application/octet-stream"},
        offered.content,
        LIMITS,
    )
    return await way.fetch(ask)


def _size(answer: Answer) -> int:
    told = answer.body[:20].strip()
    if not told.isdigit():
        raise Invalid("AUDIT_NOTE")
    return int(told)


def _cosignature(answer: Answer, verifier: Verifier, stood: Stood) -> Signature | None:
    lines = _lines(answer.body)
    offered = type(stood.note)(stood.note.text, read_signatures(lines))
    return verifier.signed(offered)


def _lines(body: bytes) -> list[str]:
    """Return the lines of an answer; raises `Invalid` (AUDIT_NOTE) for what is not text."""
    try:
        return [line for line in body.decode().split("\n") if line]
    except UnicodeDecodeError as fault:
        raise Invalid("AUDIT_NOTE") from fault


def _missed(engine: Engine, peer: Peer, fault: str, at: datetime) -> None:
    with transaction(engine) as session:
        row = session.get(WitnessRow, peer.verifier.name) or WitnessRow(witness=peer.verifier.name)
        row.since = row.since if row.fault else moment(at)
        row.fault = fault
        session.add(row)
        since = read_moment(row.since)
    if fault in (AHEAD, WRONG) or at.astimezone(UTC) - since >= ALARM_AFTER:
        log.error("witness.missing", extra={"peer": peer.verifier.name, "reason": fault})


def states(session: Session) -> Sequence[WitnessRow]:
    """Return how every witness stands."""
    return session.exec(select(WitnessRow).order_by(WitnessRow.witness)).all()
