"""Keeps the catalogue's log while it runs: signs checkpoints, and shows them to its witnesses.

A node that witnesses this log cosigns only what extends the last it saw. A witness that is away
misses nothing: the next offer starts from what it saw last.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from hanse.audit.checkpoint import (
    Note,
    Signer,
    Verifier,
    read_checkpoint,
    read_signatures,
    read_verifier,
)
from hanse.audit.witness import COSIGNED, STALE, Submission
from hanse.catalog.log import BOOK, moment
from hanse.catalog.settings import CatalogSettings
from hanse.errors import HanseError, Invalid, NotFound
from hanse.outbound import Answer, Ask, Limits, Origin, Outbound
from hanse.store.session import reading, transaction
from hanse.web.witnessing import MEDIA_TYPE, PATH

EVERY_SECONDS: Final = 60.0
LIMITS: Final = Limits(deadline_seconds=5.0, body_bytes=16_384)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Peer:
    """A witness of this log: the key it cosigns with, and where it is asked."""

    verifier: Verifier
    url: str


def peers(settings: CatalogSettings) -> tuple[Peer, ...]:
    """Return who cosigns this log; raises `Invalid` for a setting that cannot be read."""
    found = []
    for item in settings.witnesses.split(","):
        key, _, url = item.strip().partition(" ")
        if key:
            found.append(Peer(read_verifier(key).cosigner(), str(Origin.of(url.strip()))))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps one catalogue's log."""

    engine: Engine
    signer: Signer
    peers: tuple[Peer, ...]
    clock: Callable[[], datetime]
    way: Outbound

    async def run(self) -> None:
        """Keep the log until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(EVERY_SECONDS)

    async def step(self) -> None:
        """Sign a checkpoint where the log grew, and offer the newest to every witness."""
        try:
            await asyncio.to_thread(self.sign)
            for peer in self.peers:
                fault = await self.offer(peer)
                if fault:
                    log.error(
                        "witness.missing", extra={"peer": peer.verifier.name, "reason": fault}
                    )
        except HanseError as fault:
            log.error("audit.keeper", extra={"reason": fault.code})

    def sign(self) -> None:
        """Sign a checkpoint where the log grew."""
        with transaction(self.engine) as session:
            BOOK.sign(session, self.signer, moment(self.clock()))

    def stop(self) -> None:
        """Sign what was written last."""
        try:
            self.sign()
        except HanseError as fault:
            log.error("audit.keeper", extra={"reason": fault.code})

    async def offer(self, peer: Peer) -> str:
        """Offer the newest checkpoint to a witness; return what is wrong, "" for nothing."""
        try:
            with reading(self.engine) as session:
                note, seen = BOOK.newest(session), BOOK.seen(session, peer.verifier.name)
        except NotFound:  # nothing happened yet
            return ""
        if seen == read_checkpoint(note).size:
            return ""
        try:
            return await self._offered(peer, note, seen)
        except HanseError as away:
            return away.code

    async def _offered(self, peer: Peer, note: Note, seen: int) -> str:
        size = read_checkpoint(note).size
        answer = await self._ask(peer, note, seen)
        if answer.status == STALE:
            seen = _size(answer)
            if seen > size:
                return "AUDIT_AHEAD"
            answer = await self._ask(peer, note, seen)
        if answer.status != COSIGNED:
            return f"WITNESS_{answer.status}"
        lines = [line for line in answer.text().split("\n") if line]
        signature = peer.verifier.signed(Note(note.text, read_signatures(lines)))
        if signature is None:
            return "AUDIT_COSIGNATURE"
        with transaction(self.engine) as session:
            BOOK.cosigned(session, signature, size, moment(self.clock()))
        return ""

    async def _ask(self, peer: Peer, note: Note, seen: int) -> Answer:
        told = read_checkpoint(note)
        with reading(self.engine) as session:
            proof = BOOK.grown(session, seen, told.size)
        body = Submission(seen, proof, Note(note.text, note.signatures[:1]), told).content
        headers = {"content-type": MEDIA_TYPE}
        address = peer.url + PATH
        ask = Ask(Origin.of(peer.url), address, "POST", headers, body, LIMITS)
        return await self.way.fetch(ask)


def _size(answer: Answer) -> int:
    told = answer.body[:20].strip()
    if not told.isdigit():
        raise Invalid("AUDIT_NOTE")
    return int(told)
