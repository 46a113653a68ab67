"""Fill a place with what every node gives; what a node no longer gives is taken out again."""

from dataclasses import dataclass
from datetime import datetime

from hanse.client.collection.place import About, Place
from hanse.client.comparison import gathered
from hanse.client.expressions import listed
from hanse.client.federation import Federation, Wish
from hanse.client.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of filling a place: every node's account, and how many files came and went."""

    outcomes: tuple[Outcome, ...]
    kept: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is collected: indicators with commas between, how they are wished, and at what time."""

    indicator: str
    wish: Wish
    at: datetime
    deadline_seconds: float | None = None


def collect(federation: Federation, place: Place, asked: Asked) -> Collected:
    """Keep what every node gives of these indicators.

    What a node that answers no longer gives is taken out; one that is not reached keeps its place.
    Raises what `Federation.collect` raises, and `Invalid` (PLACE_AWAY) for a place that cannot be
    written.
    """
    answered = federation.collect(asked.indicator, asked.wish, asked.deadline_seconds)
    before = place.kept(listed(asked.indicator))
    files = 0
    reached: set[str] = set()
    held: set[tuple[str, ...]] = set()
    for target, reply in answered:
        agency, dataset = target.member.agency, target.question.dataset
        if not reply.outcome.reached:
            held |= {(agency, dataset, each) for each in target.question.indicators}
            continue
        reached.add(agency)
        if reply.pulled:
            cells = gathered([reply.pulled])
            files += place.keep(target.member, reply.pulled, cells, asked.at)
            for pair in cells.group_by(["indicator", "level"]).aggregate([]).to_pylist():
                held.add((agency, dataset, pair["indicator"], pair["level"]))
    gone = [
        each
        for each in before
        if each.about.member.agency in reached and _gone(each.about, held, asked.wish)
    ]
    for each in gone:
        place.drop(each)
    return Collected(tuple(reply.outcome for _, reply in answered), files, len(gone))


def _gone(about: About, held: set[tuple[str, ...]], wish: Wish) -> bool:
    """Say whether a node that was asked did not give this, and nothing says that it still may."""
    named = (about.member.agency, about.dataset, about.indicator)
    asked = not wish.level or wish.level in {about.level, about.level.partition("@")[0]}
    return asked and named not in held and (*named, about.level) not in held
