"""Keeps the log while the node runs: places entries, signs checkpoints, asks the witnesses.

Once a day it lets go of what was kept long enough. One task beside the requests; it stops with the
node, after a last checkpoint of what was written.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from hanse.audit.checkpoint import Signer
from hanse.errors import HanseError
from hanse.node import checkpoints, retention, sequencer, witnesses
from hanse.node.door import Door
from hanse.node.retention import Rule
from hanse.node.witnesses import Peer
from hanse.outbound import Outbound

CHECKPOINT_EVERY: Final = timedelta(seconds=60)
EXPIRE_EVERY: Final = timedelta(days=1)
PAUSE_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Keeper:
    """Keeps one node's log; `way` is how witnesses are reached, `rules` how long words are kept."""

    engine: Engine
    door: Door
    signer: Signer
    peers: tuple[Peer, ...]
    clock: Callable[[], datetime]
    way: Callable[[], Outbound]
    rules: tuple[Rule, ...] = ()
    _due: datetime | None = field(default=None)
    _expire_at: datetime | None = field(default=None)

    async def run(self) -> None:
        """Keep the log until cancelled."""
        async with self.way() as way:
            while True:
                await self.step(way)
                await asyncio.sleep(PAUSE_SECONDS)

    async def step(self, way: Outbound) -> None:
        """Place what waits; once a minute, sign a checkpoint and offer it.

        What goes wrong is told in the log lines and tried again: requests see it by the lag.
        """
        try:
            await asyncio.to_thread(self.place)
            now = self.clock()
            if self._due is None or now >= self._due:
                self._due = now + CHECKPOINT_EVERY
                await self.check(way)
            if self._expire_at is None or now >= self._expire_at:
                self._expire_at = now + EXPIRE_EVERY
                await asyncio.to_thread(self.expire)
        except HanseError as fault:
            log.error("audit.keeper", extra={"reason": fault.code})

    async def check(self, way: Outbound) -> None:
        """Sign a checkpoint where the log grew, and offer the newest to every witness."""
        await asyncio.to_thread(self.sign)
        for peer in self.peers:
            await witnesses.offer(self.engine, peer, way, self.clock())

    def place(self) -> int:
        """Give every waiting entry its place, batch by batch; requests go on between them."""
        total, moved = 0, -1
        while moved:
            if not sequencer.waiting(self.engine):
                break
            with self.door.paused():
                moved = sequencer.sequence(self.engine)
            total += moved
        return total

    def sign(self) -> None:
        """Sign a checkpoint where the log grew."""
        register = self.door.worlds.current().register.hash
        checkpoints.make(self.engine, self.signer, register, self.clock())

    def expire(self) -> None:
        """Let go of what entries say that were kept long enough."""
        for each in retention.expire(self.engine, self.rules, self.clock()) if self.rules else ():
            if each.entries:
                log.info("audit.expired", extra={"reason": each.rule.reason, "count": each.entries})

    def stop(self) -> None:
        """Place and sign what was written last."""
        try:
            self.place()
            self.sign()
        except HanseError as fault:
            log.error("audit.keeper", extra={"reason": fault.code})
