"""May this figure stand beside the others? One mark per cell, with its reasons.

The facts come from each node's signed manifest, never from the index. The reference is what most
answering series say, ties broken by spelling, so that no order of asking or answering matters.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from hanse.client.conversation import Pulled
from hanse.client.expressions import spelled_period
from hanse.cube.comparability import Facts, Mark, mark
from hanse.errors import Invalid
from hanse.wire import IndicatorEntry


class Place(NamedTuple):
    """What the mark of a cell depends on, beside the reference."""

    origin: str
    dataset: str
    indicator: str
    level: str
    period: str
    obs_status: str


@dataclass(slots=True)
class Marks:
    """The marks of one comparison; each kind of cell is judged once."""

    entries: dict[tuple[str, str, str], IndicatorEntry]
    reference: Facts
    _facts: dict[tuple[str, ...], Facts] = field(default_factory=dict)
    _known: dict[tuple[Facts, str, str], Mark] = field(default_factory=dict)

    @classmethod
    def over(cls, pulls: Iterable[Pulled], places: Iterable[Place]) -> "Marks":
        """Return the marks over everything that was pulled; every series has one vote."""
        entries = {
            (pull.agency, pull.manifest.dataset, entry.id): entry
            for pull in pulls
            for entry in pull.manifest.indicators
        }
        series = {place[:4] for place in places}
        votes = Counter(facts_of(entries[each[:3]], each[3]) for each in series)
        ranked = sorted(votes, key=lambda facts: (-votes[facts], repr(facts)))
        return cls(entries, ranked[0] if ranked else Facts())

    def of(self, place: Place) -> Mark:
        """Return the mark of a cell; one without a number is incomplete whatever else it is."""
        series = place[:4]
        if series not in self._facts:
            self._facts[series] = facts_of(self.entries[place[:3]], place.level)
        kind = (self._facts[series], place.period, place.obs_status)
        if kind not in self._known:
            period = spelled_period(place.period)
            self._known[kind] = mark(self.reference, kind[0], period, place.obs_status)
        return self._known[kind]


def facts_of(entry: IndicatorEntry, level: str) -> Facts:
    """Return what decides whether a series compares; a break that is no period says nothing."""
    return Facts(
        concept=entry.concept or "",
        definition_version=entry.definition_version,
        unit=entry.unit,
        reference_point=entry.reference_point,
        vintage=level,
        method=entry.method,
        round_base=_number(entry.round_base),
        threshold=_number(entry.threshold),
        breaks=tuple(each for each in entry.breaks if _is_period(each)),
    )


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _is_period(text: str) -> bool:
    try:
        spelled_period(text)
    except Invalid:
        return False
    return True
