"""What the cities of a comparison say of one theme: subjects, figures, marks, sources, reasons.

It is all that a fact sheet, a table report or a workbook is made of; every figure in it is a
protected cell as its node released it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from types import MappingProxyType

from hanse.cube.comparability import MarkCode, Reason
from hanse.cube.survey import Gap, Result, gap
from hanse.messages import named, nearest
from hanse.report.pictures.cell import ABSENT, Cell

Text = Mapping[str, str]
COMPARABLE = MarkCode.COMPARABLE.value


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure and how far it compares with those of the other areas.

    `result` is there for a figure of a sample: its margin at 95 %, and how that was made.
    """

    cell: Cell
    mark: str = COMPARABLE
    reasons: tuple[str, ...] = ()
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the figures that are released: of how many areas, of how many there are."""

    value: float
    counted: int
    areas: int


@dataclass(frozen=True, slots=True)
class Steady:
    """Means over time of the same areas: a number per period, None where one of them has none."""

    areas: tuple[str, ...]
    values: tuple[float | None, ...]


NOTHING = Entry(Cell(None, ABSENT), MarkCode.INCOMPLETE.value, ("COMPARE_MISSING",))


@dataclass(frozen=True, slots=True)
class Subject:
    """One indicator with its figures by area and period; `periods` are in their own order."""

    id: str
    name: Text
    definition: Text
    unit: str
    decimals: int
    periods: tuple[str, ...]
    entries: Mapping[tuple[str, str], Entry]

    def at(self, area: str, period: str) -> Entry:
        """Return the figure of an area and period; one that nobody released is missing."""
        return self.entries.get((area, period), NOTHING)

    def title(self, lang: str) -> str:
        """Return its name, with its unit unless that is merely a count."""
        name = nearest(self.name, lang) or self.id
        return f"{name} ({self.unit})" if self.unit and self.unit != "aantal" else name

    def latest(self, area: str) -> str:
        """Return the last period with a number for the area, else the last of all."""
        told = [each for each in self.periods if self.at(area, each).cell.value is not None]
        return (told or list(self.periods) or [""])[-1]

    @property
    def sampled(self) -> bool:
        """Whether its figures are of a sample."""
        return any(each.result is not None for each in self.entries.values())

    def gap(self, one: tuple[str, str], other: tuple[str, str]) -> Gap | None:
        """Return what lies between two figures of samples, each by area and period."""
        first, second = self.at(*one).result, self.at(*other).result
        return None if first is None or second is None else gap(first, second)

    def mean(self, areas: Mapping[str, str], period: str) -> Mean | None:
        """Return the plain mean of what is released; None where fewer than two figures are.

        It is computed of published figures only, so it tells nothing that they do not. Figures of
        samples have none: a whole of them follows from their sums, never from their mean.
        """
        if self.sampled:
            return None
        cells = [self.at(area, period).cell for area in areas]
        known = [each.value for each in cells if each.value is not None]
        return Mean(fmean(known), len(known), len(cells)) if len(known) > 1 else None

    def steady(self, areas: Mapping[str, str], periods: Sequence[str]) -> Steady | None:
        """Return the means of one group of areas over time; None where no two go together.

        A mean of whoever is there in a year would move with who is there. Of the groups that have
        figures of all of some periods, the one with the most figures is taken.
        """
        if self.sampled:
            return None
        known = {
            area: frozenset(each for each in periods if self.at(area, each).cell.value is not None)
            for area in areas
        }
        best: tuple[int, int, list[str], frozenset[str]] | None = None
        for told in dict.fromkeys(known.values()):
            group = [area for area in areas if told <= known[area]]
            if len(group) > 1 and (best is None or (len(group) * len(told), len(told)) > best[:2]):
                best = len(group) * len(told), len(told), group, told
        if best is None or not best[0]:
            return None
        *_, group, told = best
        values = (self._mean_of(group, each) if each in told else None for each in periods)
        return Steady(tuple(group), tuple(values))

    def _mean_of(self, areas: Sequence[str], period: str) -> float:
        return fmean(self.at(area, period).cell.value or 0.0 for area in areas)


@dataclass(frozen=True, slots=True)
class Source:
    """The release that figures come from; `area` is the city's own code where it has one."""

    agency: str
    publisher: str
    dataset: str
    release: str
    manifest: str
    published: str
    licence: str
    protocol: str = ""

    @property
    def short(self) -> str:
        """The release by name."""
        return f"{self.publisher}: {self.dataset}@{self.release}"


@dataclass(frozen=True, slots=True)
class Caveat:
    """Why figures of one origin do not simply compare, and of how many cells that is said."""

    agency: str
    who: str
    indicator: str
    reason: Reason
    cells: int


@dataclass(frozen=True, slots=True)
class Absent:
    """A node that gave nothing of a subject, and why, by the message that says it."""

    who: str
    indicator: str
    why: Text


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme over many areas; `areas` are names by code, in the order they are shown in."""

    code: str
    areas: Mapping[str, str]
    subjects: tuple[Subject, ...]
    sources: tuple[Source, ...]
    made_at: datetime
    caveats: tuple[Caveat, ...] = ()
    absent: tuple[Absent, ...] = ()
    command: str = ""
    boundaries: Mapping[str, Mapping[str, object]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    attribution: str = ""

    def label(self, lang: str) -> str:
        """Return what the theme is called."""
        return named("theme", self.code, lang)

    def marks(self, subject: Subject, period: str) -> Counter[str]:
        """Return how many areas have each mark for a subject and period."""
        return Counter(subject.at(area, period).mark for area in self.areas)
