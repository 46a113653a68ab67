"""What a reader chose on an indicator page: level, period, areas; sensible where left open."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Annotated

from fastapi import Depends, Query

from hanse.cube.period import read_period
from hanse.errors import Invalid
from hanse.wire import Publication

MOST_AREAS = 100
_AREA = re.compile(r"[A-Za-z0-9_]{1,32}")
_FIRST_LEVEL = "gemeente"


@dataclass(frozen=True, slots=True)
class Asked:
    """The address as it was given."""

    level: str = ""
    period: str = ""
    areas: str = ""


def asked(
    level: Annotated[str, Query(max_length=64)] = "",
    period: Annotated[str, Query(max_length=32)] = "",
    areas: Annotated[str, Query(max_length=2_000)] = "",
) -> Asked:
    """Read a choice from an address."""
    return Asked(level.strip(), period.strip(), areas.strip())


AskedChoice = Annotated[Asked, Depends(asked)]


@dataclass(frozen=True, slots=True)
class Choice:
    """One level (with or without a vintage), one period, areas or all; and what else there is.

    `calendar` is when the years of the periods start (`--09-01`), "" where it is 1 January.
    """

    level: str
    period: str
    areas: tuple[str, ...]
    levels: tuple[str, ...]
    periods: tuple[str, ...]
    calendar: str = ""

    def level_of(self, publication: Publication) -> str:
        """Return the newest edition of the level that a publication has; "" when it has none."""
        fitting = (each for each in publication.levels if self.level in _names(each))
        return max(fitting, default="")


def _names(level: str) -> tuple[str, str]:
    return level, level.partition("@")[0]


def choose(given: Asked, publications: Sequence[Publication]) -> Choice:
    """Return the choice; raises `Invalid` (FACET_UNKNOWN) for what no publication has."""
    levels = _counted(name for each in publications for name in _level_codes(each))
    periods = _counted(period for each in publications for period in each.periods)
    every = {name for each in publications for level in each.levels for name in _names(level)}
    _check("level", given.level, every)
    _check("period", given.period, set(periods))
    calendar = _usual(each.indicator.reporting_year_start for each in publications)
    return Choice(
        level=given.level or _usual_level(levels),
        period=given.period or _latest(periods, calendar),
        areas=_areas(given.areas),
        levels=tuple(sorted(levels)),
        periods=tuple(sorted(periods, key=lambda each: _start(each, calendar), reverse=True)),
        calendar=calendar,
    )


def _level_codes(publication: Publication) -> set[str]:
    return {level.partition("@")[0] for level in publication.levels}


def _counted(values: Iterable[str]) -> Counter[str]:
    return Counter(values)


def _usual_level(levels: Counter[str]) -> str:
    """Return the municipality where it is offered, else what most publications have."""
    if _FIRST_LEVEL in levels:
        return _FIRST_LEVEL
    return max(sorted(levels), key=lambda level: levels[level], default="")


def _usual(calendars: Iterable[str]) -> str:
    """Return what most say, ties broken by spelling."""
    counted = Counter(calendars)
    return min(counted, key=lambda each: (-counted[each], each), default="")


def _latest(periods: Counter[str], calendar: str) -> str:
    """Return the latest of the periods that most publications have."""
    return max(periods, key=lambda period: (periods[period], _start(period, calendar)), default="")


def _start(period: str, calendar: str) -> date:
    return read_period(period, calendar).start_date


def _areas(text: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(code for code in re.split(r"[\s,]+", text) if code))
    wrong = next((code for code in codes if not _AREA.fullmatch(code)), None)
    if wrong is not None or len(codes) > MOST_AREAS:
        shown = ascii(wrong or text)[1:33]
        raise Invalid("FACET_UNKNOWN", name="areas", value=shown, choice="41002,11002")
    return codes


def _check(name: str, value: str, known: Iterable[str]) -> None:
    offered = sorted(known)
    if value and value not in offered:
        near = get_close_matches(value, offered, 1) or offered[:5] or ["-"]
        shown = value if value.isprintable() else ascii(value)[1:-1]
        raise Invalid("FACET_UNKNOWN", name=name, value=shown, choice=", ".join(near))
