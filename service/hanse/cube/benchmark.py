"""Figures made to compare: per inhabitant, as an index, with their spread, coverage and trend.

Everything is computed from cells that were released. A figure whose base is hidden is hidden, one
whose base nobody gave is unknown; spread and trend leave out what has no number and say how much
they cover. No place in a ranking is given unless it is asked for.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from hanse.cube.cells import SAMPLE_COLUMNS
from hanse.cube.period import read_period
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.errors import Invalid

Row = Mapping[str, object]
Key = tuple[object, ...]

_HIDDEN: Final = "Q"
_UNKNOWN: Final = "L"
INDEX_OF_BASE: Final = 100.0


def per(table: pa.Table, base: str, times: float = 1.0) -> pa.Table:
    """Return every figure divided by that of `base` for the same place and period, times `times`.

    The rows of `base` itself go. A breakdown of the figure is held against the same breakdown of
    the base. Raises `Invalid` (BENCHMARK_BASE) where nothing of the base is there.
    """
    rows = table.to_pylist()
    names = ["level", "area", "period", *(n for n in table.column_names if n.isupper())]
    known = _Bases.of((row for row in rows if row["indicator"] == base), names)
    if not known.of_place:
        raise Invalid("BENCHMARK_BASE", indicator=base[:60])
    kept = [row for row in rows if row["indicator"] != base]
    return _based(table.schema, [(row, known.under(row)) for row in kept], times)


def index(table: pa.Table, period: str) -> pa.Table:
    """Return every figure as a part of 100 of that of its own series in `period`.

    Raises `Invalid` (BENCHMARK_PERIOD) where nothing is about that period.
    """
    rows = table.to_pylist()
    names = ["indicator", "level", "area", *(n for n in table.column_names if n.isupper())]
    known = _Bases.of((row for row in rows if row["period"] == period), names)
    if not known.of_place:
        raise Invalid("BENCHMARK_PERIOD", period=period[:20])
    return _based(table.schema, [(row, known.under(row)) for row in rows], INDEX_OF_BASE)


@dataclass(frozen=True, slots=True)
class _Bases:
    """What figures are divided by: a house's own base, else the only one that anybody gives."""

    names: Sequence[str]
    of_place: Mapping[Key, Mapping[object, Row]]

    @classmethod
    def of(cls, rows: Iterable[Row], names: Sequence[str]) -> "_Bases":
        of_place: dict[Key, dict[object, Row]] = defaultdict(dict)
        for row in rows:
            of_place[_key(row, names)][row.get("origin", "")] = row
        return cls(names, of_place)

    def under(self, row: Row) -> Row | None:
        """Return the base of a figure; None where several houses give one and none is its own."""
        houses = self.of_place.get(_key(row, self.names), {})
        alone = next(iter(houses.values())) if len(houses) == 1 else None
        return houses.get(row.get("origin", ""), alone)


def _key(row: Row, names: Sequence[str]) -> Key:
    return tuple(row[name] for name in names)


def _based(schema: pa.Schema, pairs: Iterable[tuple[Row, Row | None]], times: float) -> pa.Table:
    made = []
    for row, base in pairs:
        value, status = _quotient(row, base, times)
        conf = "C" if status == _HIDDEN else "F"
        made.append({**row, "obs_value": value, "obs_status": status, "conf_status": conf})
    blank = [name for name in ("lower", "upper", *SAMPLE_COLUMNS) if name in schema.names]
    table = pa.Table.from_pylist(made, schema)
    return table.drop_columns(blank) if blank else table


def _quotient(row: Row, base: Row | None, times: float) -> tuple[float | None, str]:
    status = str(row["obs_status"])
    below = str(base["obs_status"]) if base else _UNKNOWN
    if _HIDDEN in {status, below}:
        return None, _HIDDEN
    if status in SYMBOL_OF_OBS_STATUS:
        return None, status
    number, divisor = row["obs_value"], base["obs_value"] if base else None
    if not isinstance(number, float) or not isinstance(divisor, float) or divisor == 0:
        return None, _UNKNOWN
    found = number / divisor * times
    return (found, status) if math.isfinite(found) else (None, _UNKNOWN)


@dataclass(frozen=True, slots=True)
class Spread:
    """How the areas of one level lie in one period; `of` is how many there are, `shown` counted."""

    indicator: str
    level: str
    period: str
    of: int
    shown: int
    lowest: float | None
    median: float | None
    mean: float | None
    highest: float | None
    deviation: float | None

    @property
    def coverage(self) -> float:
        """The part of the areas that has a number."""
        return self.shown / self.of if self.of else 0.0


def spreads(table: pa.Table, whole: Iterable[str] = ()) -> tuple[Spread, ...]:
    """Return the spread of every indicator, level and period, over whole areas only.

    Totals of breakdowns are not told apart here: hand in one table per breakdown. `whole` are
    levels that are left out: what is a sum of others belongs beside them, not among them.
    """
    groups: dict[tuple[str, str, str], list[object]] = defaultdict(list)
    left_out = set(whole)
    for row in table.to_pylist():
        if row["level"] not in left_out:
            key = (row["indicator"], row["level"], row["period"])
            groups[key].append(row["obs_value"])
    return tuple(_spread(key, groups[key]) for key in sorted(groups))


def _spread(key: tuple[str, str, str], values: Sequence[object]) -> Spread:
    numbers = [each for each in values if isinstance(each, float)]
    if not numbers:
        return Spread(*key, len(values), 0, None, None, None, None, None)
    return Spread(
        *key,
        len(values),
        len(numbers),
        min(numbers),
        statistics.median(numbers),
        _held(lambda: statistics.fmean(numbers)),
        max(numbers),
        _held(lambda: statistics.stdev(numbers)) if len(numbers) > 1 else None,
    )


def _held(compute: Callable[[], float]) -> float | None:
    """Return a number; None where it is larger than any that can be written."""
    try:
        found = compute()
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


@dataclass(frozen=True, slots=True)
class Trend:
    """How one series went from its first number to its last; None where it cannot be said.

    `yearly` is the mean change a year, in percent (compound). `broken` says that a mark on the way
    forbids it: the two ends do not compare.
    """

    indicator: str
    level: str
    area: str
    first: str
    last: str
    change: float | None
    percent: float | None
    yearly: float | None
    broken: bool = False


_BREAKING: Final = frozenset({"break", "other-definition", "other-method"})


def trends(table: pa.Table) -> tuple[Trend, ...]:
    """Return the trend of every series with two numbers or more."""
    series: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in table.to_pylist():
        if isinstance(row["obs_value"], float):
            series[row["indicator"], row["level"], row["area"]].append(row)
    return tuple(_trend(key, series[key]) for key in sorted(series) if len(series[key]) > 1)


def _trend(key: tuple[str, str, str], rows: Sequence[Row]) -> Trend:
    ordered = sorted(rows, key=lambda row: read_period(str(row["period"])).start_date)
    first, last = ordered[0], ordered[-1]
    ends = (*key, str(first["period"]), str(last["period"]))
    if any(row.get("mark") in _BREAKING for row in ordered):
        return Trend(*ends, None, None, None, broken=True)
    start, end = float(str(first["obs_value"])), float(str(last["obs_value"]))
    days = read_period(ends[4]).start_date - read_period(ends[3]).start_date
    years = days.days / 365.25
    grows = start > 0 and end >= 0 and years > 0
    yearly = _held(lambda: ((end / start) ** (1 / years) - 1) * 100) if grows else None
    percent = _held(lambda: (end - start) / start * 100) if start else None
    return Trend(*ends, _held(lambda: end - start), percent, yearly)


def ranks(table: pa.Table) -> list[int | None]:
    """Return the place of each row among the areas of its level, highest first; equals share one.

    Only a reader who asks gets this. What has no number has no place, and neither has a figure of
    a sample whose interval overlaps that of another area: nobody knows which is higher.
    """
    rows = table.to_pylist()
    names = ["indicator", "level", "period", *(n for n in table.column_names if n.isupper())]
    groups: dict[Key, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if isinstance(row["obs_value"], float):
            groups[_key(row, names)].append(at)
    places: list[int | None] = [None] * len(rows)
    for group in groups.values():
        for at, place in _places(rows, group):
            places[at] = place
    return places


def _places(rows: Sequence[Row], group: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the place of each figure of a group that has one; one pass after one sorting."""
    unsure = _overlapping(rows, group)
    highest = sorted((float(str(rows[at]["obs_value"])) for at in group), reverse=True)
    first = {value: place for place, value in reversed(list(enumerate(highest, 1)))}
    for at in group:
        if at not in unsure:
            yield at, first[float(str(rows[at]["obs_value"]))]


def _overlapping(rows: Sequence[Row], group: Sequence[int]) -> set[int]:
    """Return the figures whose interval overlaps another's: lower ends in order, one look back."""
    spans = []
    for at in group:
        low, high = rows[at].get("ci_low"), rows[at].get("ci_high")
        if isinstance(low, float) and isinstance(high, float):
            spans.append((low, high, at))
    spans.sort()
    found: set[int] = set()
    reach: tuple[float, int] | None = None
    for low, high, at in spans:
        if reach and low <= reach[0]:
            found |= {at, reach[1]}
        if not reach or high > reach[0]:
            reach = (high, at)
    return found
