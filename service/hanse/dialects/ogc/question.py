"""A question to a collection: which areas, which period, which columns, how many at a time.

Source: OGC 17-069r4 §7.15. A parameter that a collection does not have is refused, never ignored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from hanse.areas.area import Area
from hanse.areas.boxes import Box
from hanse.cube.codelist import TOTAL, Dimension
from hanse.cube.period import Period
from hanse.dialects.edition import Edition
from hanse.dialects.ogc.features import COLUMNS_MAX, FIXED, Cell, Cut, columns
from hanse.errors import Invalid

LIMIT: Final = 10
LIMIT_MAX: Final = 10_000
OFFSET_MAX: Final = 10_000_000
PARAMETERS: Final = (
    "limit", "offset", "bbox", "datetime", "indicator", "period", "release", "purpose",
)  # fmt: skip
_SHOWN: Final = 40

Span = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; `wanted` are properties with the text they must have.

    `cut` is None where no period lies in the time that was asked for: nothing is selected then.
    """

    cut: Cut | None
    limit: int = LIMIT
    offset: int = 0
    box: Box | None = None
    wanted: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def by_figures(self) -> bool:
        """Whether what is wanted can only be told with the figures at hand."""
        held = () if self.cut is None else (*FIXED, *self.cut.breakdowns)
        return any(name not in held for name in self.wanted)

    def names(self, area: Area) -> bool:
        """Say whether an area has the code and name that are wanted."""
        told = {"code": area.code, "name": area.name}
        return all(self.wanted.get(name, text) == text for name, text in told.items())

    def holds(self, area: Area, cells: Mapping[str, Cell]) -> bool:
        """Say whether an area has every property that is wanted; what is hidden has no value."""
        if self.cut is None:
            return False
        held = self.cut.properties(area, cells)
        return all(_is(held[name], text) for name, text in self.wanted.items())


def read(given: Sequence[tuple[str, str]], edition: Edition, level: str) -> Question:
    """Return what parameters ask of a dataset at a level.

    Raises `Invalid`: QUERY_TWICE, QUERY_UNKNOWN for a parameter that is none, OGC_VALUE for one
    whose text cannot be read, OGC_CODE for a code that the collection does not have, OGC_COLUMNS
    for more columns than an answer may have.
    """
    held = dict(given)
    if len(held) < len(given):
        names = [name for name, _ in given]
        raise Invalid("QUERY_TWICE", name=_plain(next(n for n in names if names.count(n) > 1)))
    named = columns(edition)
    breakdowns = {each.id: each for each in edition.dimensions}
    figures = {name for column in named.values() for name in (column, f"{column}_status")}
    known = list(dict.fromkeys([*PARAMETERS, *FIXED, *breakdowns, *sorted(figures)]))
    for name in held:
        if name not in known:
            raise _unknown(name, known)
    chosen = _chosen(held.get("indicator"), named)
    missing = {name for name in held if name in figures} - {
        name for column in chosen.values() for name in (column, f"{column}_status")
    }
    if missing:
        raise _unknown(min(missing), [*PARAMETERS, *FIXED, *breakdowns])
    period = _period(held, edition.periods)
    codes = {name: _code(each, held.get(name)) for name, each in breakdowns.items()}
    cut = None if period is None else Cut(edition, level, period, chosen, MappingProxyType(codes))
    return Question(
        cut=cut,
        limit=min(_number(held, "limit", LIMIT, 1), LIMIT_MAX),
        offset=_number(held, "offset", 0, 0),
        box=_box(held.get("bbox")),
        wanted=MappingProxyType(
            {name: held[name] for name in ("code", "name", *sorted(figures)) if name in held}
        ),
    )


def _unknown(name: str, known: Sequence[str]) -> Invalid:
    near = get_close_matches(name[:_SHOWN], known, 1)
    return Invalid(
        "QUERY_UNKNOWN", name=_plain(name), choice=near[0] if near else ", ".join(known[:20])
    )


def _plain(text: str) -> str:
    return text[:_SHOWN] if text.isprintable() else "?"


def _chosen(text: str | None, named: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that are asked for, in the order of their ids."""
    if text is None:
        chosen = dict(named)
    else:
        asked = [part.strip() for part in text.split(",")]
        for each in asked:
            if each not in named:
                raise _no_code("indicator", each, list(named))
        chosen = {each: named[each] for each in named if each in asked}
    if len(chosen) > COLUMNS_MAX:
        raise Invalid("OGC_COLUMNS", count=len(chosen), limit=COLUMNS_MAX)
    return chosen


def _no_code(name: str, given: str, known: Sequence[str]) -> Invalid:
    near = get_close_matches(given[:_SHOWN], known, 1)
    choice = near[0] if near else ", ".join(known[:20]) or "-"
    return Invalid("OGC_CODE", name=name, given=_plain(given), choice=choice)


def _code(dimension: Dimension, given: str | None) -> str:
    """Return the one code of a breakdown: what is asked, else the total, else the first."""
    held = [code.id for code in dimension.codelist.codes]
    if given is None:
        return TOTAL if TOTAL in held else held[0]
    if given not in held:
        raise _no_code(dimension.id, given, held)
    return given


def _period(held: Mapping[str, str], periods: Sequence[Period]) -> Period | None:
    """Return the period of an answer: the one named, else the newest in the time asked for."""
    inside = list(periods)
    if "period" in held:
        inside = [each for each in periods if str(each) == held["period"]]
        if not inside:
            raise _no_code("period", held["period"], [str(each) for each in periods][::-1])
    if "datetime" in held:
        start, end = _span(held["datetime"])
        inside = [
            each
            for each in inside
            if (end is None or each.start_date <= end) and (start is None or each.end_date >= start)
        ]
    return max(inside, key=lambda each: (each.end_date, each.start_date), default=None)


def _span(text: str) -> Span:
    start, slash, end = text.partition("/")
    first = _moment(start) if slash else _moment(text)
    last = _moment(end) if slash else first
    unbound = first is None and (last is None or not slash)
    if unbound or (first is not None and last is not None and first > last):
        raise Invalid("OGC_VALUE", name="datetime", given=_plain(text))
    return first, last


def _moment(text: str) -> date | None:
    """Return the day of a moment (RFC 3339); None for an open side of an interval."""
    if text in ("", ".."):
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as fault:
        raise Invalid("OGC_VALUE", name="datetime", given=_plain(text)) from fault


def _box(text: str | None) -> Box | None:
    """Return the rectangle of four or six numbers; heights are not looked at."""
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as fault:
        raise Invalid("OGC_VALUE", name="bbox", given=_plain(text)) from fault
    if len(numbers) == 6:
        numbers = [*numbers[0:2], *numbers[3:5]]
    # A number that is none, or beyond the poles, is neither below nor above these.
    if len(numbers) != 4 or not -90 <= numbers[1] <= numbers[3] <= 90:
        raise Invalid("OGC_VALUE", name="bbox", given=_plain(text))
    if not all(-180 <= numbers[place] <= 180 for place in (0, 2)):
        raise Invalid("OGC_VALUE", name="bbox", given=_plain(text))
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _number(held: Mapping[str, str], name: str, otherwise: int, least: int) -> int:
    text = held.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) < least:
        raise Invalid("OGC_VALUE", name=name, given=_plain(text))
    return int(text)


def _is(value: Any, text: str) -> bool:
    """Say whether a property has the value that a text means; no value is like no text."""
    if isinstance(value, float):
        try:
            return value == float(text)
        except ValueError:
            return False
    return bool(value == text)
