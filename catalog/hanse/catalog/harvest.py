"""Harvest: looks at every member's signed feed, each within its own limits, none in another's way.

Whatever goes wrong at one node becomes that node's public reason; its entries stay as they were.
"""

import asyncio
import logging
import random as randomness
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Engine
from sqlmodel import Session

from hanse import telemetry
from hanse.catalog import index, snapshots
from hanse.catalog.concepts import Concepts
from hanse.catalog.settings import CatalogSettings
from hanse.catalog.snapshots import Identity
from hanse.errors import Conflict, HanseError, Invalid, Unavailable
from hanse.outbound import Answer, Ask, Limits, Origin, Outbound
from hanse.store.session import reading, transaction

MOST_AT_ONCE = 32
"""Nodes that are looked at together: more only queue up at the database."""

ANNOUNCED_SECONDS = 2.0
"""Rest between two looks at a node that announces changes, so that it cannot keep us busy."""

ROSTER_SECONDS = 5.0
"""How soon a member that another process let in is looked at."""

ROUND_SECONDS = 0.1
"""Least time between two rounds: announcements, which anybody may send, cost no more than that."""

JITTER = 0.2
FEED_MEDIA_TYPE = "application/jose"

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Roster = Callable[[Session], Sequence[Identity]]


@dataclass(frozen=True, slots=True)
class Look:
    """How one look at one node ended; `code` is empty when it was right."""

    agency: str
    changed: bool = False
    code: str = ""
    parameters: Mapping[str, str | int | float] = field(
        default_factory=lambda: MappingProxyType({})
    )


class Harvester:
    """Looks at nodes. `roster` says at whom; `changed` is called when the tables have changed."""

    def __init__(  # noqa: PLR0913 what it stands on, each by name
        self,
        settings: CatalogSettings,
        *,
        engine: Engine,
        roster: Roster,
        way: Outbound,
        concepts: Concepts,
        clock: Clock,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._roster = roster
        self._way = way
        self._concepts = concepts
        self._clock = clock
        self._changed = changed
        self._limits = Limits(
            deadline_seconds=settings.harvest_deadline_seconds, body_bytes=settings.snapshot_bytes
        )
        self._at_once = asyncio.Semaphore(MOST_AT_ONCE)
        self._writing = threading.Lock()

    def members(self) -> Sequence[Identity]:
        """Return the nodes to look at."""
        with reading(self._engine) as session:
            return self._roster(session)

    async def once(self, only: Collection[str] | None = None) -> tuple[Look, ...]:
        """Look once at every member, or at those in `only`."""
        members = await asyncio.to_thread(self.members)
        chosen = [each for each in members if only is None or each.agency in only]
        return tuple(await asyncio.gather(*(self.look(each) for each in chosen)))

    async def look(self, member: Identity) -> Look:
        """Look at one node; never raises for what a node does."""
        async with self._at_once:
            with telemetry.span("harvest.look", agency=member.agency):
                return await self._looked(member)

    async def _looked(self, member: Identity) -> Look:
        try:
            changed = await self._pull(member)
        except HanseError as fault:
            return await self._refused(member, fault)
        except Exception as fault:
            # Whatever one node makes us stumble over must not keep us from the others.
            log.exception("harvest.fault", extra={"agency": member.agency})
            kind = Unavailable("HARVEST_FAULT", kind=type(fault).__name__)
            return await self._refused(member, kind)
        return Look(member.agency, changed=changed)

    async def _pull(self, member: Identity) -> bool:
        etag = await asyncio.to_thread(self._etag, member.agency)
        answer = await self._way.fetch(self._ask(member, etag))
        if answer.status == 304 and etag:
            await asyncio.to_thread(self._confirm, member.agency)
            return False
        statement = _statement(answer, member)
        snapshot = await asyncio.to_thread(snapshots.read, statement, member)
        etag = answer.headers.get("etag", "")[:200]
        return await asyncio.to_thread(self._apply, snapshot, etag)

    def _ask(self, member: Identity, etag: str) -> Ask:
        headers = {"Accept": FEED_MEDIA_TYPE, **({"If-None-Match": etag} if etag else {})}
        base = member.base_url.rstrip("/")
        return Ask(Origin.of(base), f"{base}/v1/feed", headers=headers, limits=self._limits)

    def _etag(self, agency: str) -> str:
        with reading(self._engine) as session:
            row = index.looks(session).get(agency)
            return row.etag if row else ""

    def _confirm(self, agency: str) -> None:
        with self._writing, transaction(self._engine) as session:
            index.confirm(session, agency, self._clock())

    def _apply(self, snapshot: snapshots.Snapshot, etag: str) -> bool:
        try:
            changed = self._applied(snapshot, etag)
        except Conflict:
            # Another process took the same snapshot just now: what it wrote is there the next time.
            changed = self._applied(snapshot, etag)
        if changed:
            self._changed()
        return changed

    def _applied(self, snapshot: snapshots.Snapshot, etag: str) -> bool:
        with self._writing, transaction(self._engine) as session:
            return index.apply(session, snapshot, self._concepts, etag, self._clock())

    async def _refused(self, member: Identity, fault: HanseError) -> Look:
        await asyncio.to_thread(self._note, member.agency, fault)
        level = logging.ERROR if fault.code in index.ALARMS else logging.WARNING
        log.log(level, "harvest.refused", extra={"agency": member.agency, "code": fault.code})
        return Look(member.agency, code=fault.code, parameters=fault.parameters)

    def _note(self, agency: str, fault: HanseError) -> None:
        answered = not isinstance(fault, Unavailable)
        with self._writing, transaction(self._engine) as session:
            index.refuse(session, agency, fault, self._clock(), answered=answered)


def _statement(answer: Answer, member: Identity) -> str:
    """Return the statement in an answer, or raise what is wrong with the answer."""
    peer = str(Origin.of(member.base_url))
    if answer.status != 200:
        raise Unavailable("FEED_STATUS", peer=peer, status=answer.status)
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FEED_MEDIA_TYPE:
        raise Invalid("FEED_TYPE", peer=peer)
    return answer.text()


class Schedule:
    """Decides who is looked at when: jittered, sooner on request, each node on its own."""

    def __init__(
        self,
        harvester: Harvester,
        every_seconds: float,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self._harvester = harvester
        self._every = every_seconds
        self._random = random
        self._due: dict[str, float] = {}
        self._looked: dict[str, float] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()

    def announce(self, agency: str) -> None:
        """Look at a node soon. A name nobody has is forgotten at the next round."""
        now = asyncio.get_running_loop().time()
        rested = self._looked.get(agency, -ANNOUNCED_SECONDS) + ANNOUNCED_SECONDS
        if agency in self._due:
            self._due[agency] = min(self._due[agency], max(now, rested))
        self._woken.set()

    async def run(self) -> None:
        """Look at nodes until cancelled; what is under way is then cancelled too."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._woken.clear()
                await self._round(loop.time())
                await self._rest(loop.time())
        finally:
            for task in self._busy.values():
                task.cancel()

    async def _round(self, now: float) -> None:
        try:
            members = await asyncio.to_thread(self._harvester.members)
        except HanseError as fault:
            log.error("harvest.roster", extra={"code": fault.code})
            return
        named = {each.agency: each for each in members}
        self._due = {agency: self._due.get(agency, now) for agency in named}
        for agency, due in self._due.items():
            if due <= now and agency not in self._busy:
                self._busy[agency] = asyncio.create_task(self._look(named[agency]))

    async def _look(self, member: Identity) -> None:
        loop = asyncio.get_running_loop()
        self._looked[member.agency] = loop.time()
        spread = 1 - JITTER + 2 * JITTER * self._random()
        self._due[member.agency] = loop.time() + self._every * spread
        try:
            await self._harvester.look(member)
        except Exception:
            # Even the reason could not be noted; the schedule goes on, the next look may.
            log.exception("harvest.lost", extra={"agency": member.agency})
        finally:
            del self._busy[member.agency]

    async def _rest(self, now: float) -> None:
        waiting = [due for agency, due in self._due.items() if agency not in self._busy]
        pause = min([ROSTER_SECONDS, *(max(0.0, due - now) for due in waiting)])
        await asyncio.sleep(ROUND_SECONDS)
        try:
            async with asyncio.timeout(pause):
                await self._woken.wait()
        except TimeoutError:
            return
