"""A comparison as the catalogue answers it: of open data, asked of the nodes at that moment.

The catalogue is an anonymous client of its members and keeps nothing of what it shows. What stands
under a protocol is named and left to whoever holds one: `hanse compare` asks with its own rights.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakKeyDictionary

from hanse.areas import Registry
from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.client.catalogue import choose
from hanse.client.comparison import Comparison, assemble
from hanse.client.conversation import Conversation
from hanse.client.deadline import Deadline
from hanse.client.fanout import Target, ask_all
from hanse.client.federation import Wish, blanks, offered, together
from hanse.client.question import Question
from hanse.client.recast import Onto, widened
from hanse.client.verification import Pin
from hanse.errors import Invalid, NotFound, Refused
from hanse.outbound import Outbound
from hanse.wire import MemberEntry, Publication

ANSWER_SECONDS = 8.0
"""What a reader waits for at most; a node that takes longer is accounted for as slow."""

ANSWER_BYTES = 8_000_000
"""What one node may answer."""

MOST_CELLS = 50_000
"""Cells of one answer; whoever wants more pulls them from the nodes."""

MOST_INDICATORS = 10

MOST_AT_ONCE = 2
"""Comparisons that are computed at a time; a reader beyond that waits for a turn."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Who publishes what is asked, and the members that may be asked for it."""

    published: tuple[Publication, ...]
    members: tuple[MemberEntry, ...]


def offers(catalogue: Catalogue, named: Sequence[str]) -> Offers:
    """Return who publishes these indicators; raises `NotFound` for one that nobody does."""
    if len(named) > MOST_INDICATORS:
        raise Invalid("COMPARISON_INDICATORS", count=len(named), limit=MOST_INDICATORS)
    published = [each for name in named for each in answers.subject(catalogue, name).publications]
    members = [each for each in answers.members(catalogue).members if each.status == "active"]
    return Offers(tuple(published), tuple(members))


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _turn() -> asyncio.Semaphore:
    """Return the turns of this loop: a comparison takes threads and memory that others need too."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MOST_AT_ONCE))


async def compare(way: Outbound, registry: Registry, found: Offers, wish: Wish) -> Comparison:
    """Lay the open figures side by side; every member that publishes it is accounted for.

    Without area tables nothing is held against a province or cluster. Raises `NotFound`
    (AREAS_NONE) where other areas are asked for without them, and `Invalid` (COMPARISON_MANY).
    """
    if not registry.levels:
        if wish.vintage or wish.combine:
            raise NotFound("AREAS_NONE")
        wish = replace(wish, beside=())
    async with _turn():
        within = replace(Deadline.after(ANSWER_SECONDS), answer_bytes=ANSWER_BYTES)
        started = within.clock()
        targets, onto = await asyncio.to_thread(_meant, registry, found, wish)
        replies = await ask_all(targets, partial(_talk, way), within)
        cells = sum(reply.outcome.cells for reply in replies)
        if cells > MOST_CELLS:
            raise Invalid("COMPARISON_MANY", count=cells, limit=MOST_CELLS)
        spent = within.clock() - started
        lay = partial(assemble, replies, spent, ANSWER_SECONDS, onto=onto, shape=wish.shape)
        made = await asyncio.to_thread(lay)
        return replace(made, elsewhere=blanks(made, targets, replies, wish))


def _talk(way: Outbound, url: str, pin: Pin) -> Conversation:
    return Conversation(url, way, pin=pin)


def _meant(registry: Registry, found: Offers, wish: Wish) -> tuple[list[Target], tuple[Onto, ...]]:
    """Return what is asked of whom, and the areas that the answers are wanted on."""
    targets = _targets(found, wish)
    if not wish.recasts:
        return targets, ()
    towns = [each.agency.removeprefix("NIS") for each in choose(found.members, wish.cities)]
    onto = wish.onto(registry, targets, towns if wish.cities else ())
    return [widened(target, onto) for target in targets], onto


def _targets(found: Offers, wish: Wish) -> list[Target]:
    targets: list[Target] = []
    for member in choose(found.members, wish.asks):
        own = [each for each in found.published if each.agency == member.agency]
        targets += together([offered(member, each, wish) for each in own if each.access == "open"])
        targets += [_governed(member, each) for each in own if each.access != "open"]
    return targets


def _governed(member: MemberEntry, publication: Publication) -> Target:
    fault = Refused("COMPARISON_GOVERNED", indicator=publication.indicator.id, city=member.name)
    return Target(member, Question(publication.dataset), fault)
