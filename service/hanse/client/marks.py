"""May this figure stand beside the others? One mark per cell, with its reasons.

The facts come from each node's signed manifest, never from the index. The reference is what most
answering series say, fact by fact, ties broken by spelling, so that no order of asking or answering
matters.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from hanse.client.conversation import Pulled
from hanse.cube.comparability import Facts, Mark, mark, together
from hanse.cube.period import Period, read_period
from hanse.errors import Invalid
from hanse.wire import IndicatorEntry

Series = tuple[str, str, str, str]
"""Origin, dataset, indicator and level."""


class Place(NamedTuple):
    """What the mark of a cell depends on, beside the reference."""

    origin: str
    dataset: str
    indicator: str
    level: str
    period: str
    obs_status: str
    computed: str = ""


@dataclass(slots=True)
class Marks:
    """The marks of one comparison; each kind of cell is judged once.

    `first` is the earliest period of each series: a break after it stands between its figures.
    """

    entries: dict[tuple[str, str, str], IndicatorEntry]
    reference: Facts
    first: dict[Series, Period]
    wanted: frozenset[str] = frozenset()
    _facts: dict[Series, tuple[Facts, ...]] = field(default_factory=dict)
    _known: dict[tuple[Facts, Facts, str, str, Period], Mark] = field(default_factory=dict)

    @classmethod
    def over(
        cls, pulls: Iterable[Pulled], places: Iterable[Place], wanted: frozenset[str] = frozenset()
    ) -> "Marks":
        """Return the marks over everything that was pulled; every series has one vote.

        `wanted` are the levels with vintage that somebody asked to have figures on.
        """
        entries = {
            (pull.agency, pull.manifest.dataset, entry.id): entry
            for pull in pulls
            for entry in pull.manifest.indicators
        }
        listed = list(places)
        first: dict[Series, Period] = {}
        for series, text in {(place[:4], place.period) for place in listed}:
            period = read_period(text, _entry(entries, series).reporting_year_start)
            first[series] = min(first.get(series, period), period)
        loaded = {place[:4] for place in listed if not place.computed} or set(first)
        votes = [facts_of(_entry(entries, each), each[3]) for each in first if each in loaded]
        return cls(entries, standard(votes), first, wanted)

    def of(self, place: Place) -> Mark:
        """Return the mark of a cell; one without a number is incomplete whatever else it is."""
        series = place[:4]
        if series not in self._facts:
            entries = _entries(self.entries, series)
            self._facts[series] = tuple(dict.fromkeys(facts_of(e, place.level) for e in entries))
        return together(self._part(place, each) for each in self._facts[series])

    def _part(self, place: Place, facts: Facts) -> Mark:
        """Return the mark of a cell by the facts of one house that is in it."""
        reference, first = self._beside(place), self.first[place[:4]]
        if place.computed:
            facts = replace(facts, recalculated=True)
        kind = (reference, facts, place.period, place.obs_status, first)
        if kind not in self._known:
            period = read_period(place.period, facts.reporting_year_start)
            since = first if first < period else None
            self._known[kind] = mark(reference, facts, period, place.obs_status, since)
        return self._known[kind]

    def _beside(self, place: Place) -> Facts:
        """Return the reference a cell is held against: one of the year that was asked for.

        Where somebody asked for the areas of a year, a figure on them is on no other vintage, and
        one that could not be brought there is.
        """
        if not self.wanted:
            return self.reference
        asked = {each.partition("@")[2] for each in self.wanted}
        there = bool(place.computed) or place.level.partition("@")[2] in asked
        return replace(self.reference, vintage=place.level if there else min(self.wanted))


def _entry(
    entries: Mapping[tuple[str, str, str], IndicatorEntry], series: Series
) -> IndicatorEntry:
    """Return what the manifest says of a series; of one from several houses, what one says."""
    return _entries(entries, series)[0]


def _entries(
    entries: Mapping[tuple[str, str, str], IndicatorEntry], series: Series
) -> list[IndicatorEntry]:
    """Return what the manifests of every house say that a series is from."""
    if series[:3] in entries:
        return [entries[series[:3]]]
    houses = set(series[0].split("+"))
    known = [key for key in sorted(entries) if key[2] == series[2]]
    return [entries[key] for key in known if key[0] in houses] or [entries[known[0]]]


VOTED = (
    "concept", "definition_version", "unit", "reference_point", "vintage", "method", "asked",
    "round_base", "threshold", "sdc_method",
)  # fmt: skip


def standard(votes: Sequence[Facts]) -> Facts:
    """Return what most series say, fact by fact, ties broken by spelling; a break is nobody's."""
    said = {}
    for name in VOTED:
        counted = Counter(getattr(facts, name) for facts in votes)
        said[name] = min(counted, key=lambda value: (-counted[value], repr(value)), default=None)
    return Facts(**{name: value for name, value in said.items() if value is not None})


def facts_of(entry: IndicatorEntry, level: str) -> Facts:
    """Return what decides whether a series compares; a break that is no period says nothing."""
    return Facts(
        concept=entry.concept or "",
        definition_version=entry.definition_version,
        asked=_asked(entry),
        unit=entry.unit,
        reference_point=entry.reference_point,
        vintage=level,
        method=entry.method,
        round_base=_number(entry.round_base),
        threshold=_number(entry.threshold),
        sdc_method=entry.sdc_method,
        breaks=tuple(each for each in entry.breaks if _is_period(each, entry)),
        reporting_year_start=entry.reporting_year_start,
    )


def _asked(entry: IndicatorEntry) -> str:
    """Return what a survey asked, of whom, how, and how its margin is made; "" for no survey.

    Another question, age range or way of asking is another definition.
    """
    if entry.sample is None:
        return ""
    told = entry.sample
    said = (told.question, told.population, told.mode, told.ci_method)
    return ", ".join(each for each in said if each)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _is_period(text: str, entry: IndicatorEntry) -> bool:
    try:
        read_period(text, entry.reporting_year_start)
    except Invalid:
        return False
    return True
