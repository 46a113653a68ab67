"""What differs for sure: figures of samples held against those of other areas and earlier periods.

The margin of a difference is √(m₁² + m₂²), for samples that were drawn apart; a difference that is
larger is significant. Areas of one level are held against one another, a period against the one
before it. Nothing is ranked.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

import pyarrow as pa

from hanse.cube.cells import is_sampled
from hanse.cube.period import read_period
from hanse.cube.survey import Z_OF_CONFIDENCE, Method, Result, gap
from hanse.messages import say

COLUMN: Final = "since_before"
"""What a figure is against the one before it: `significant`, `not-significant`, or ""."""

AREAS_MAX: Final = 20
"""More areas than these are not held against one another two by two: 190 pairs say enough."""

_WORDS: Final = {True: "significant", False: "not-significant", None: ""}

Row = Mapping[str, object]
Side = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What lies between two figures, each by its area and period: the second less the first.

    Numbers are None where one is hidden; `significant` is None where nothing can be said, and
    `code` is the message that says why.
    """

    indicator: str
    level: str
    first: Side
    second: Side
    difference: float | None
    margin: float | None
    significant: bool | None
    code: str

    def document(self, lang: str = "nl") -> dict[str, object]:
        """Return it as a JSON object."""
        return {
            "indicator": self.indicator,
            "level": self.level,
            "first": {"area": self.first[0], "period": self.first[1]},
            "second": {"area": self.second[0], "period": self.second[1]},
            "difference": self.difference,
            "margin": self.margin,
            "significant": self.significant,
            "code": self.code,
            "sentence": say(self.code, lang),
        }


def told(
    table: pa.Table, z: float = Z_OF_CONFIDENCE[95]
) -> tuple[pa.Table, tuple[Difference, ...]]:
    """Return compared figures with `since_before` beside them, and every difference.

    `z` is how many standard errors the margins of differences are.

    A table without figures of a sample stays as it is.
    """
    if not is_sampled(table.column_names):
        return table, ()
    rows = [row for row in table.to_pylist() if row["ci_method"]]
    changes = dict(_over_time(rows, table.column_names, z))
    between = tuple(_between_areas(rows, table.column_names, z))
    words = [
        _WORDS[changes[key].significant] if (key := _key(row)) in changes else ""
        for row in table.to_pylist()
    ]
    column = pa.array(words, pa.string())
    return table.append_column(COLUMN, column), (*between, *changes.values())


def result_of(row: Row, wanted: float = Z_OF_CONFIDENCE[95]) -> Result:
    """Return a figure of a compared table with its margin at 95 %, or at `wanted` errors."""
    value, low, high = row["obs_value"], row["ci_low"], row["ci_high"]
    known = {each.value for each in Method}
    method = Method(str(row["ci_method"])) if row["ci_method"] in known else Method.NONE
    if not isinstance(value, float):
        return Result(None, None, method, shown=False)
    if not isinstance(low, float) or not isinstance(high, float):
        return Result(value, None, method)
    z = row["z"] if isinstance(row["z"], float) and row["z"] > 0 else Z_OF_CONFIDENCE[95]
    return Result(value, (high - low) / 2 * wanted / z, method)


def _key(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in row if name in _PLACE or name.isupper())


_PLACE: Final = ("indicator", "level", "area", "period", "origin", "dataset")


def _grouped(
    rows: Sequence[Row], columns: Sequence[str], without: frozenset[str]
) -> Mapping[tuple[object, ...], list[Row]]:
    """Return rows that are alike in all but some of what they are about."""
    names = [name for name in columns if name.isupper() or name in _PLACE]
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names if name not in without)].append(row)
    return groups


def _over_time(
    rows: Sequence[Row], columns: Sequence[str], z: float
) -> Iterator[tuple[tuple[object, ...], Difference]]:
    """Yield what each figure differs from the one before it, by the key of the later."""
    for series in _grouped(rows, columns, frozenset({"period"})).values():
        ordered = sorted(series, key=lambda row: read_period(str(row["period"])).start_date)
        for before, after in pairwise(ordered):
            yield _key(after), _difference(before, after, z)


def _between_areas(rows: Sequence[Row], columns: Sequence[str], z: float) -> Iterator[Difference]:
    """Yield what every two areas of one level differ; totals of breakdowns and parts apart."""
    whose = frozenset({"area", "origin", "dataset"})
    for group in _grouped(rows, columns, whose).values():
        by_area = {str(row["area"]): row for row in group}
        if len(by_area) <= AREAS_MAX:
            for one, other in combinations([by_area[code] for code in sorted(by_area)], 2):
                yield _difference(one, other, z)


def _difference(one: Row, other: Row, z: float) -> Difference:
    found = gap(result_of(one, z), result_of(other, z))
    sides = ((str(row["area"]), str(row["period"])) for row in (one, other))
    first, second = sides
    return Difference(
        str(one["indicator"]), str(one["level"]), first, second,
        found.difference, found.margin, found.significant, found.code,
    )  # fmt: skip
