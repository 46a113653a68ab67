"""Clauses on what part of a cube is opened: indicators, levels, areas, periods, breakdowns.

Each knows two ways of being asked: for a part whole, and for as much of it as is opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hanse.cube.codelist import TOTAL
from hanse.cube.query import PeriodWindow
from hanse.policies.clauses import listed
from hanse.policies.request import Areas, Request


@dataclass(frozen=True, slots=True)
class Indicators:
    """The indicators are named; None names all of them."""

    indicators: frozenset[str] | None
    name = "indicator"
    source = "data.indicators"

    def holds(self, request: Request, today: date) -> bool:
        if self.indicators is None:
            return True
        if "indicators" in request.narrow:
            return not self.indicators.isdisjoint(request.indicators)
        return request.indicators <= self.indicators

    def wanted(self, request: Request, today: date) -> str:
        beyond = request.indicators - (self.indicators or frozenset())
        return listed(beyond if self.indicators is not None else request.indicators)

    def had(self) -> str:
        return listed(self.indicators)


@dataclass(frozen=True, slots=True)
class Levels:
    """The area levels are opened, by name, by name and vintage, or by lying at or above a ceiling.

    `opened` holds names (`gemeente`) and ids (`gemeente@2025`), None all of them; `said` is what
    the form says.
    """

    opened: frozenset[str] | None
    said: str
    name = "level"
    source = "data.levels"

    def opens(self, level: str) -> bool:
        """Say whether one level is opened."""
        if self.opened is None:
            return True
        return level in self.opened or level.partition("@")[0] in self.opened

    def holds(self, request: Request, today: date) -> bool:
        if "levels" in request.narrow:
            return any(self.opens(level) for level in request.levels)
        return all(map(self.opens, request.levels))

    def wanted(self, request: Request, today: date) -> str:
        return listed([level for level in request.levels if not self.opens(level)])

    def had(self) -> str:
        return self.said or "-"


@dataclass(frozen=True, slots=True)
class AreaScope:
    """The areas lie in scope. `opened` holds codes per level id; `all_of` the levels opened whole.

    In `all_of` a name stands for all its vintages, and `*` for every level. `parts_of` are those
    opened in part; what is said of one vintage goes before what is said of all of them.
    """

    opened: Areas
    all_of: frozenset[str]
    said: str
    parts_of: frozenset[str] = frozenset()
    name = "area"
    source = "data.areas"

    def whole(self, level: str) -> bool:
        """Say whether every area of a level is in scope, also one nobody has heard of."""
        for key in (level, level.partition("@")[0], "*"):
            if key in self.parts_of:
                return False
            if key in self.all_of:
                return True
        return False

    def at(self, level: str, asked: frozenset[str]) -> frozenset[str]:
        """Return those of the asked areas that are in scope."""
        return asked if self.whole(level) else asked & self.opened.get(level, frozenset())

    def holds(self, request: Request, today: date) -> bool:
        if "areas" in request.narrow:
            return any(self.at(level, asked) for level, asked in request.areas.items())
        return all(
            self.whole(level) or asked <= self.opened.get(level, frozenset())
            for level, asked in request.areas.items()
        )

    def wanted(self, request: Request, today: date) -> str:
        beyond = [
            f"{level}:{code}"
            for level, asked in request.areas.items()
            for code in asked - self.at(level, asked)
        ]
        return listed(beyond)

    def had(self) -> str:
        return self.said or "-"


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods lie in the window; None opens none."""

    window: PeriodWindow | None
    name = "period"
    source = "data.periods"

    def holds(self, request: Request, today: date) -> bool:
        if "periods" in request.narrow:
            return self.narrowed(request.periods) is not None
        if self.window is None:
            return False
        asked = request.periods
        return _no_earlier(asked, self.window) and _no_later(asked, self.window)

    def narrowed(self, asked: PeriodWindow) -> PeriodWindow | None:
        """Return the part of a window that is opened, None where nothing is."""
        if self.window is None:
            return None
        start = asked.start if _no_earlier(asked, self.window) else self.window.start
        end = asked.end if _no_later(asked, self.window) else self.window.end
        empty = start is not None and end is not None and start.start_date > end.end_date
        return None if empty else PeriodWindow(start, end)

    def wanted(self, request: Request, today: date) -> str:
        return _window(request.periods)

    def had(self) -> str:
        return _window(self.window) if self.window else "-"


@dataclass(frozen=True, slots=True)
class Breakdowns:
    """The breakdowns are named; one that is not opens its totals. None opens all of them."""

    opened: Mapping[str, frozenset[str]] | None
    name = "breakdown"
    source = "data.breakdowns"

    def at(self, dimension: str, asked: frozenset[str]) -> frozenset[str]:
        """Return those of the asked codes that are opened."""
        if self.opened is None:
            return asked
        return asked & (self.opened.get(dimension, frozenset()) | {TOTAL})

    def holds(self, request: Request, today: date) -> bool:
        if self.opened is None:
            return True
        narrow = "breakdowns" in request.narrow
        for dimension, asked in request.breakdowns.items():
            opened = self.at(dimension, asked)
            if not opened if narrow else opened != asked:
                return False
        return True

    def wanted(self, request: Request, today: date) -> str:
        beyond = [
            f"{dimension}={code}"
            for dimension, asked in request.breakdowns.items()
            for code in asked - self.at(dimension, asked)
        ]
        return listed(beyond)

    def had(self) -> str:
        if self.opened is None:
            return "all"
        return listed([f"{name}={code}" for name, codes in self.opened.items() for code in codes])


def _no_earlier(asked: PeriodWindow, window: PeriodWindow) -> bool:
    if window.start is None:
        return True
    return asked.start is not None and asked.start.start_date >= window.start.start_date


def _no_later(asked: PeriodWindow, window: PeriodWindow) -> bool:
    if window.end is None:
        return True
    return asked.end is not None and asked.end.end_date <= window.end.end_date


def _window(window: PeriodWindow) -> str:
    return f"{window.start or '..'}:{window.end or '..'}"
