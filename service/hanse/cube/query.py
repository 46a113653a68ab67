"""A question to one dataset, in the words every dialect translates into."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hanse.cube.period import Period, read_period


@dataclass(frozen=True, slots=True)
class PeriodWindow:
    """Periods lying wholly between `start` and `end`, by their dates; None leaves a side open."""

    start: Period | None = None
    end: Period | None = None

    @classmethod
    def over(cls, periods: Collection[Period]) -> "PeriodWindow":
        """Return the window from the first day of these periods to the last; open for none."""
        if not periods:
            return cls()
        first = min(periods, key=lambda each: each.start_date)
        return cls(first, max(periods, key=lambda each: each.end_date))

    @classmethod
    def spelled(cls, text: str) -> "PeriodWindow":
        """Return the window of `2021`, `2018:2021`, `2018:` or `:2021`; of "" one that is open.

        Raises `Invalid` (PERIOD_UNKNOWN) for a period that does not exist.
        """
        start, colon, end = text.partition(":")
        first = read_period(start) if start else None
        last = read_period(end) if end else None
        return cls(first, last if colon else first)

    def holds(self, period: Period) -> bool:
        """Say whether `period` lies inside; dates are compared, never spellings."""
        after = self.start is None or period.start_date >= self.start.start_date
        before = self.end is None or period.end_date <= self.end.end_date
        return after and before


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a dataset. None on an axis means the whole extent of the release there.

    `permitted_only` asks for exactly what the permit opens on the axes left None. Without it, an
    extent wider than the permit is refused whole: an answer is never silently partial.
    `release` names a release id; None is the current one.
    """

    dataset: str
    indicators: frozenset[str] | None = None
    levels: frozenset[str] | None = None
    areas: frozenset[str] | None = None
    periods: PeriodWindow | None = None
    breakdowns: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    release: str | None = None
    permitted_only: bool = False


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of a protected cube, resolved: what a view opens. None on an axis means all of it.

    `areas` holds the codes per `level@vintage`; a level that is missing there is not opened at all.
    """

    indicators: frozenset[str] | None = None
    areas: Mapping[str, frozenset[str] | None] | None = None
    periods: PeriodWindow | None = None
    breakdowns: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
