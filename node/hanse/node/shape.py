"""What a release holds, axis by axis: a question is held against it before anybody decides.

A code that the release does not have is named; whether its asker may learn that much is the door's
to say.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from hanse.cube.period import Period
from hanse.cube.query import PeriodWindow, Query
from hanse.errors import Invalid

CODES_MAX = 1_500
"""How many codes one axis of a question may name."""

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Shape:
    """The codes of a release: areas per `level@vintage`, codes per breakdown dimension."""

    indicators: frozenset[str]
    areas: Mapping[str, frozenset[str]]
    periods: tuple[Period, ...]
    breakdowns: Mapping[str, frozenset[str]]
    spelled: tuple[Period, ...] = ()
    """One period for each spelling that stands in the cells, in order of time."""

    @property
    def span(self) -> PeriodWindow:
        """The window from the first day to the last."""
        return PeriodWindow.over(self.periods)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a release that a question is about, and the axes it did not mention."""

    indicators: frozenset[str]
    areas: Mapping[str, frozenset[str]]
    periods: PeriodWindow
    breakdowns: Mapping[str, frozenset[str]]
    silent: frozenset[str]


def of(codes: Any, partitions: Collection[Any], areas: Collection[Collection[str]]) -> Shape:
    """Return the shape of a release from its dictionaries and the index of its partitions.

    `codes` are the release's (columns, calendars); `partitions` start with their level, `areas`
    holds each one's codes.
    """
    per_level: dict[str, set[str]] = {}
    for partition, held in zip(partitions, areas, strict=True):
        per_level.setdefault(partition[0], set()).update(held)
    starts = {"", *codes.calendars.values()}
    periods = {Period.parse(text, start) for text in codes.columns["period"] for start in starts}
    return Shape(
        indicators=frozenset(codes.columns["indicator"]),
        areas=MappingProxyType({level: frozenset(held) for level, held in per_level.items()}),
        periods=tuple(sorted(periods)),
        breakdowns=MappingProxyType(
            {name: frozenset(codes.columns[name]) for name in codes.dimensions}
        ),
        spelled=tuple(sorted(_spelled(text, starts) for text in codes.columns["period"])),
    )


def _spelled(text: str, starts: Collection[str]) -> Period:
    """Return the period a spelling means: of the calendar, unless no calendar spells it so."""
    calendar = Period.parse(text)
    if str(calendar) == text:
        return calendar
    found = (Period.parse(text, start) for start in sorted(starts) if start)
    return next((each for each in found if str(each) == text), calendar)


def part(shape: Shape, query: Query) -> Part:
    """Return the part of a release that a question is about.

    Raises `Invalid` naming the first code that the release does not have.
    """
    silent = {
        name
        for name, said in (
            ("indicators", query.indicators),
            ("levels", query.levels),
            ("areas", query.areas),
            ("periods", query.periods),
        )
        if said is None
    }
    if set(shape.breakdowns) - set(query.breakdowns):
        silent.add("breakdowns")
    return Part(
        indicators=_asked(query.indicators, shape.indicators, "INDICATOR_NOT_HERE"),
        areas=_areas(shape, query),
        periods=_periods(shape, query.periods),
        breakdowns=_breakdowns(shape, query.breakdowns),
        silent=frozenset(silent),
    )


def clipped(shape: Shape, query: Query) -> Query:
    """Return a question without the codes that a release does not have, where one stays."""
    areas = frozenset[str]().union(*shape.areas.values())
    periods = query.periods
    if periods and not any(periods.holds(each) for each in shape.periods):
        periods = None
    return replace(
        query,
        indicators=_kept(query.indicators, shape.indicators),
        levels=_kept(query.levels, frozenset(shape.areas)),
        areas=_kept(query.areas, areas),
        periods=periods,
        breakdowns=MappingProxyType(
            {
                name: found
                for name, codes in query.breakdowns.items()
                if name in shape.breakdowns
                and (found := _kept(codes, shape.breakdowns[name])) is not None
            }
        ),
    )


def _kept(asked: frozenset[str] | None, held: frozenset[str]) -> frozenset[str] | None:
    return asked & held or None if asked is not None else None


def _asked(asked: frozenset[str] | None, held: Collection[str], code: str) -> frozenset[str]:
    if asked is None:
        return frozenset(held)
    unknown = sorted(asked - frozenset(held))
    if unknown:
        raise _not_here(code, unknown[0], held)
    return asked


def _not_here(code: str, given: str, held: Collection[str]) -> Invalid:
    shown = given[:_SHOWN] if given.isprintable() else ascii(given[:_SHOWN])
    near = get_close_matches(given[:_SHOWN], sorted(held), 1)
    return Invalid(code, given=shown, choice=near[0] if near else ", ".join(sorted(held)[:5]))


def _areas(shape: Shape, query: Query) -> Mapping[str, frozenset[str]]:
    levels = _levels(shape, query.levels)
    if query.areas is None:
        return MappingProxyType({level: shape.areas[level] for level in levels})
    held = frozenset[str]().union(*(shape.areas[level] for level in levels))
    asked = _asked(query.areas, held, "AREA_NOT_HERE")
    chosen = {level: asked & shape.areas[level] for level in levels}
    return MappingProxyType({level: codes for level, codes in chosen.items() if codes})


def _levels(shape: Shape, asked: frozenset[str] | None) -> list[str]:
    if asked is None:
        return sorted(shape.areas)
    found: list[str] = []
    for name in sorted(asked):
        # A bare name means the level in every vintage that the release holds.
        named = [level for level in shape.areas if name in (level, level.partition("@")[0])]
        if not named:
            raise _not_here("LEVEL_NOT_HERE", name, shape.areas)
        found.extend(named)
    return sorted(set(found))


def _periods(shape: Shape, asked: PeriodWindow | None) -> PeriodWindow:
    if asked is None:
        return shape.span
    inside = [period for period in shape.periods if asked.holds(period)]
    if not inside:
        span = shape.span
        raise Invalid(
            "PERIOD_NOT_HERE",
            given=f"{asked.start or ''}:{asked.end or ''}",
            choice=f"{span.start or ''}:{span.end or ''}",
        )
    return PeriodWindow.over(inside)


def _breakdowns(shape: Shape, asked: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    for name in asked:
        if name not in shape.breakdowns:
            raise _not_here("QUERY_UNKNOWN_DIMENSION", name, shape.breakdowns)
    return MappingProxyType(
        {
            name: _asked(asked.get(name), held, "CODE_NOT_HERE")
            for name, held in shape.breakdowns.items()
        }
    )
