"""Questions in SDMX's own words: keys, `c[…]` filters and time bounds, held against a dataset.

Grammar: SDMX REST 1.5 §4.4 and SDMX REST 2.x `data.md`. Time is compared by date. A code that a
dataset does not have selects nothing; a dimension that it does not have is an error. A filter on
the value never selects a cell whose value is hidden.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cleared import Cleared
from hanse.cube.period import Period, read_period
from hanse.cube.query import PeriodWindow, Query
from hanse.dialects.edition import Edition
from hanse.dialects.sdmx import names
from hanse.dialects.sdmx.cells import Layout
from hanse.errors import Invalid

KEYS_MAX: Final = 100
VALUES_MAX: Final = 5_000
_OPERATORS: Final = ("eq", "ne", "lt", "le", "gt", "ge", "co", "nc", "sw", "ew")
_FILTER: Final = re.compile(r"c\[([A-Za-z][A-Za-z0-9_\-]*)\]")

Allowed = Mapping[str, frozenset[str]]
"""Per dimension, the identifiers that are chosen; a dimension that is not there is not narrowed."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter."""

    operator: str
    value: str


Filter = tuple[tuple[Condition, ...], ...]
"""Any of these, each of them all of its conditions."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a question selects of a dataset: codes per dimension, then what rows must meet."""

    allowed: Allowed
    keys: tuple[Allowed, ...] = ()
    value: Filter = ()

    @property
    def nothing(self) -> bool:
        """Whether no cell can be meant."""
        return any(not codes for codes in self.allowed.values())


def read_key(text: str, series: Sequence[str], wildcard: str, separator: str) -> Allowed:
    """Return the codes of one key; `wildcard` stands for a dimension that is not narrowed.

    Raises `Invalid` (SDMX_KEY) for more parts than there are dimensions; in SDMX 2.1, where nothing
    may be dropped (`wildcard` is ""), for fewer too.
    """
    parts = text.split(".")
    if len(parts) > len(series) or (not wildcard and len(parts) != len(series)):
        raise Invalid("SDMX_KEY", found=len(parts), wanted=len(series), order=".".join(series))
    found: dict[str, frozenset[str]] = {}
    for name, part in zip(series, parts, strict=False):
        if part not in (wildcard, ""):
            found[name] = _codes(part.split(separator))
    return MappingProxyType(found)


def _codes(parts: Sequence[str]) -> frozenset[str]:
    if len(parts) > VALUES_MAX:
        raise Invalid("SDMX_VALUES", limit=VALUES_MAX)
    return frozenset(parts)


def read_filter(text: str) -> Filter:
    """Return a filter: `ge:A+le:B,ne:C` is (A at least, and at most B) or anything but C.

    Raises `Invalid` (SDMX_VALUES) for more values than a question may hold.
    """
    alternatives = text.split(",")
    _codes(alternatives)
    return tuple(tuple(_condition(part) for part in each.split("+")) for each in alternatives)


def _condition(text: str) -> Condition:
    operator, colon, value = text.partition(":")
    if colon and operator in _OPERATORS:
        return Condition(operator, value)
    return Condition("eq", text)


def filters_of(parameters: Sequence[tuple[str, str]]) -> dict[str, Filter]:
    """Return the `c[…]` parameters; raises `Invalid` (QUERY_TWICE) where one stands twice."""
    found: dict[str, Filter] = {}
    for name, text in parameters:
        match = _FILTER.fullmatch(name)
        if match is None:
            continue
        if match[1] in found:
            raise Invalid("QUERY_TWICE", name=name[:40])
        found[match[1]] = read_filter(text)
    return found


def is_filter(name: str) -> bool:
    """Say whether a parameter's name is that of a filter."""
    return _FILTER.fullmatch(name) is not None


def window(start: str | None, end: str | None) -> PeriodWindow | None:
    """Return the span of `startPeriod` and `endPeriod`; raises `Invalid` (PERIOD_UNKNOWN)."""
    if start is None and end is None:
        return None
    return PeriodWindow(read_period(start) if start else None, read_period(end) if end else None)


def select(
    layout: Layout,
    keys: Sequence[Allowed],
    filters: Mapping[str, Filter],
    span: PeriodWindow | None,
) -> Selection:
    """Return what a question selects of a dataset.

    Raises `Invalid`: SDMX_COMPONENT for a filter on something that it does not have, SDMX_VALUES
    for too many keys, SDMX_NUMBER for a value filter that is none.
    """
    if len(keys) > KEYS_MAX:
        raise Invalid("SDMX_VALUES", limit=KEYS_MAX)
    known = {name: codes.ids() for name, codes in names.codes_of(layout.edition).items()}
    allowed = {name: frozenset(codes) for name, codes in _hull(keys).items()}
    periods = layout.edition.periods
    for name, wanted in filters.items():
        if name == names.OBS_VALUE:
            continue
        if name == names.TIME_PERIOD:
            chosen = frozenset(str(each) for each in periods if _meets_time(each, wanted))
        elif name in known:
            chosen = frozenset(code for code in known[name] if _meets(code, wanted))
        else:
            raise Invalid("SDMX_COMPONENT", given=name[:40], choice=", ".join(layout.key))
        allowed[name] = allowed.get(name, chosen) & chosen
    if span is not None:
        inside = frozenset(str(each) for each in periods if span.holds(each))
        time = names.TIME_PERIOD
        allowed[time] = allowed.get(time, inside) & inside
    narrowed = {
        name: codes & known[name] if name in known else codes for name, codes in allowed.items()
    }
    _keep_to_levels(layout, narrowed)
    value = filters.get(names.OBS_VALUE, ())
    _check_numbers(value)
    return Selection(MappingProxyType(narrowed), tuple(keys) if len(keys) > 1 else (), value)


def _keep_to_levels(layout: Layout, narrowed: dict[str, frozenset[str]]) -> None:
    """Leave out the areas that stand at none of the levels chosen."""
    chosen = narrowed.get(names.REF_AREA)
    if chosen is None:
        return
    levels = narrowed.get(names.AREA_LEVEL)
    held = (
        names.minted(area.code)
        for level, areas in layout.edition.areas.items()
        if levels is None or names.minted(level) in levels
        for area in areas
    )
    narrowed[names.REF_AREA] = chosen & frozenset(held)


def _hull(keys: Sequence[Allowed]) -> Allowed:
    """Return the codes that any of the keys chooses, for dimensions that every key narrows."""
    if not keys:
        return {}
    common = frozenset.intersection(*(frozenset(key) for key in keys))
    return {name: frozenset[str]().union(*(key[name] for key in keys)) for name in common}


def _meets(code: str, wanted: Filter) -> bool:
    return any(all(_TEXT[each.operator](code, each.value) for each in group) for group in wanted)


_TEXT: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "eq": lambda code, value: code == value,
    "ne": lambda code, value: code != value,
    "lt": lambda code, value: code < value,
    "le": lambda code, value: code <= value,
    "gt": lambda code, value: code > value,
    "ge": lambda code, value: code >= value,
    "co": lambda code, value: value in code,
    "nc": lambda code, value: value not in code,
    "sw": lambda code, value: code.startswith(value),
    "ew": lambda code, value: code.endswith(value),
}


def _meets_time(period: Period, wanted: Filter) -> bool:
    return any(all(_compares(period, each) for each in group) for group in wanted)


def _compares(period: Period, condition: Condition) -> bool:
    if condition.operator in ("co", "nc", "sw", "ew"):
        return _TEXT[condition.operator](str(period), condition.value)
    other = read_period(condition.value)
    match condition.operator:
        case "eq":
            return period.start_date == other.start_date and period.end_date == other.end_date
        case "ne":
            return period.start_date != other.start_date or period.end_date != other.end_date
        case "lt":
            return period.start_date < other.start_date
        case "le":
            return period.end_date <= other.end_date
        case "gt":
            return period.end_date > other.end_date
    return period.start_date >= other.start_date


def _check_numbers(wanted: Filter) -> None:
    for group in wanted:
        for each in group:
            try:
                float(each.value)
            except ValueError as fault:
                raise Invalid("SDMX_NUMBER", given=each.value[:30]) from fault
            if each.operator in ("co", "nc", "sw", "ew"):
                raise Invalid("SDMX_NUMBER", given=each.operator)


def query(edition: Edition, selection: Selection, release: str | None) -> Query:
    """Return the question to the door: as far as codes can say it; `Selected` does the rest."""
    codes = names.codes_of(edition)

    def ours(name: str) -> frozenset[str] | None:
        chosen = selection.allowed.get(name)
        if chosen is None or chosen == codes[name].ids():
            return None
        return frozenset(codes[name].ours[code] for code in chosen)

    chosen = selection.allowed.get(names.TIME_PERIOD)
    held = [each for each in edition.periods if chosen is None or str(each) in chosen]
    every = chosen is None or len(held) == len(edition.periods)
    breakdowns = {each.id: found for each in edition.dimensions if (found := ours(each.id))}
    return Query(
        dataset=edition.slug,
        indicators=ours(names.INDICATOR),
        levels=ours(names.AREA_LEVEL),
        areas=ours(names.REF_AREA),
        periods=None if every else PeriodWindow.over(held),
        breakdowns=MappingProxyType(breakdowns),
        release=release,
        permitted_only=True,
    )


def selected(cleared: Cleared, layout: Layout, selection: Selection) -> Cleared:
    """Return the cells that a selection means, of those that its question to the door gave."""
    exact = {
        name: codes
        for name, codes in selection.allowed.items()
        if name in (names.TIME_PERIOD, names.FREQ)
    }
    if not exact and not selection.keys and not selection.value:
        return cleared
    table = layout.observations(cleared)
    mask = _in_all(table, exact)
    if selection.keys:
        mask = pc.and_(mask, _any([_in_all(table, key) for key in selection.keys]))
    if selection.value:
        value = partial(_value_mask, table.column(names.OBS_VALUE))
        mask = pc.and_(mask, _any([_all(map(value, group)) for group in selection.value]))
    return cleared.kept(mask)


def _in_all(table: pa.Table, wanted: Allowed) -> pa.ChunkedArray:
    yes = pa.chunked_array([pa.repeat(pa.scalar(True), table.num_rows)])
    for name, codes in wanted.items():
        yes = pc.and_(yes, pc.is_in(table.column(name), pa.array(sorted(codes), pa.string())))
    return yes


def _any(masks: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    found = masks[0]
    for mask in masks[1:]:
        found = pc.or_(found, mask)
    return found


def _all(masks: "map[pa.ChunkedArray]") -> pa.ChunkedArray:
    found = next(masks)
    for mask in masks:
        found = pc.and_(found, mask)
    return found


def _value_mask(values: pa.ChunkedArray, condition: Condition) -> pa.ChunkedArray:
    compare = {
        "eq": pc.equal,
        "ne": pc.not_equal,
        "lt": pc.less,
        "le": pc.less_equal,
        "gt": pc.greater,
        "ge": pc.greater_equal,
    }[condition.operator]
    return pc.fill_null(compare(values, pa.scalar(float(condition.value))), False)
