"""How sure each figure of a sample is: intervals beside figures, made of the cells beside them.

An interval is a function of cells that stand in the same table, so that it tells nothing that they
do not: where the figure, its n or its base is hidden there is no interval, and n shows only beside
a figure that shows. Two areas together have the interval of their sums, never a mean of two.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hanse.cube import encoding
from hanse.cube.cells import SAMPLE_COLUMNS, is_sampled, key_columns
from hanse.cube.indicator import Indicator, Sample
from hanse.cube.status import Flag
from hanse.cube.survey import Method, WeightScale, mean_margin, proportion_margin

MARGIN_MAX: Final = 10.0
"""A percentage with a margin of more points than this is little reliable."""

SUPPLIED_DECIMALS: Final = 1
"""Bounds that a producer supplies are rounded: unrounded they could tell a rounded n."""

_NOT_OF_PARTS: Final = frozenset({Method.SUPPLIED.value, Method.MEAN.value})
"""Ways to make an interval that a whole does not have from its parts."""

_OF_ERRORS: Final = [Method.WEIGHTED.value, Method.UNWEIGHTED.value, Method.MEAN.value]
"""Ways whose interval is so many standard errors to both sides of its figure."""

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


def with_intervals(cells: pa.Table, indicators: Sequence[Indicator]) -> pa.Table:
    """Return protected cells with `SAMPLE_COLUMNS` after the measures.

    A figure of a margin that is wide, or that is nought or a hundred of a hundred and so has a
    margin of nothing, gets the status U where it was A.
    """
    work = _Work(cells)
    for each in indicators:
        if each.sample is not None:
            work.fill(each.id, each.sample, each.numerator)
    return work.table()


class _Work:
    """The columns of a table while intervals are put beside its figures."""

    def __init__(self, cells: pa.Table) -> None:
        self.cells = cells
        names = [name for name in cells.column_names if name.isupper()]
        others = [name for name in ("origin", "dataset") if name in cells.column_names]
        about = [*key_columns(names)[1:], *others]
        columns = [encoding.encode(cells.column(name)) for name in about]
        self.place: Ints = np.asarray(encoding.keys(columns, cells.num_rows))
        code = encoding.encode(cells.column("indicator"))
        self.names: list[str] = code.dictionary.to_pylist()
        self.code = np.asarray(code.indices)
        self.value: Floats = cells.column("obs_value").to_numpy().astype(np.float64)
        rows = cells.num_rows
        self.low, self.high, self.n, self.z = (np.full(rows, np.nan) for _ in range(4))
        self.method = np.full(rows, "", dtype=object)
        self.unsure = np.zeros(rows, dtype=bool)
        made = cells.column("computed").to_pylist() if "computed" in cells.column_names else ()
        self.computed = np.array([bool(each) for each in made] or [False] * rows, dtype=bool)

    def rows(self, name: str | None) -> Ints:
        """Return the rows of an indicator."""
        if name is None or name not in self.names:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.code == self.names.index(name))

    def beside(self, rows: Ints, name: str | None) -> Floats:
        """Return the number of another indicator beside each row; NaN where none shows."""
        there = self.rows(name)
        there = there[np.argsort(self.place[there], kind="stable")]
        found = np.full(len(rows), np.nan)
        if len(there):
            at = np.searchsorted(self.place[there], self.place[rows])
            at = np.minimum(at, len(there) - 1)
            same = self.place[there][at] == self.place[rows]
            found[same] = self.value[there[at[same]]]
        return found

    def fill(self, name: str, sample: Sample, numerator: str | None) -> None:
        """Put intervals beside the figures of one indicator."""
        rows = self.rows(name)
        shown = np.isfinite(self.value[rows])
        n = np.where(shown, self.beside(rows, sample.n_indicator), np.nan)
        self.method[rows] = sample.ci_method
        self.n[rows] = n
        if sample.ci_method == Method.NONE.value:
            return
        self.z[rows] = sample.z
        drawn = {each: self.beside(rows, name) for each, name in _asked(sample, numerator)}
        low, high = _interval(self.value[rows], n, drawn, sample)
        if sample.ci_method in _NOT_OF_PARTS:
            low = np.where(self.computed[rows], np.nan, low)
        sure = np.isfinite(low) & np.isfinite(high) & np.isfinite(n)
        self.low[rows] = np.where(sure, low, np.nan)
        self.high[rows] = np.where(sure, high, np.nan)
        if sample.ci_method != Method.MEAN.value:
            half = (high - low) / 2
            certain = np.isin(self.value[rows], (0.0, 100.0)) & (half == 0)
            self.unsure[rows] = sure & ((half > MARGIN_MAX) | certain)

    def table(self) -> pa.Table:
        """Return the table with its new columns."""
        cells = self.cells
        status = np.asarray(cells.column("obs_status").to_pylist(), dtype=object)
        status[self.unsure & (status == Flag.NORMAL.value)] = Flag.LOW_RELIABILITY.value
        place = cells.schema.get_field_index("obs_status")
        type_ = cells.schema.field(place).type
        told = pa.array(status.tolist(), pa.string())
        cells = cells.set_column(place, "obs_status", told.cast(type_))
        columns = (
            pa.array(self.low, from_pandas=True),
            pa.array(self.high, from_pandas=True),
            pa.array(self.n, from_pandas=True),
            pa.array(self.method.tolist(), pa.string()),
            pa.array(self.z, from_pandas=True),
        )
        for offset, (name, column) in enumerate(zip(SAMPLE_COLUMNS, columns, strict=True)):
            after = cells.schema.get_field_index("conf_status") + 1 + offset
            cells = cells.add_column(after, name, column)
        return cells


def _asked(sample: Sample, numerator: str | None) -> Iterator[tuple[str, str | None]]:
    """Yield what an interval is made of: a word, and the indicator that has it."""
    normalised = sample.weight_scale == WeightScale.NORMALISED.value
    people = sample.population_indicator or (None if normalised else sample.base_indicator)
    yield "people", people
    yield "deviation", sample.stddev_indicator
    yield "counted", sample.counted_indicator
    yield "lower", sample.lower_indicator
    yield "upper", sample.upper_indicator
    yield "weighted", numerator


def _interval(
    value: Floats, n: Floats, beside: Mapping[str, Floats], sample: Sample
) -> tuple[Floats, Floats]:
    """Return the ends of the interval around each value; NaN where nothing can be said."""
    if sample.ci_method == Method.SUPPLIED.value:
        low, high = (np.round(beside[each], SUPPLIED_DECIMALS) for each in ("lower", "upper"))
        return low, high
    people = beside["people"] if _draws(sample) else np.full(len(n), np.inf)
    asked = (value, n, people, beside["counted"], beside["deviation"])
    margin = np.array(
        [_half(sample, *row) for row in zip(*(each.tolist() for each in asked), strict=True)]
    )
    return value - margin, value + margin


def _half(
    sample: Sample, value: float, n: float, people: float, counted: float, deviation: float
) -> float:
    """Return the margin of one figure; NaN where it has none."""
    drawn = None if math.isinf(people) else people
    if not n > 0 or (drawn is not None and not drawn > 0):
        return math.nan
    if sample.ci_method == Method.MEAN.value:
        return mean_margin(deviation, n, drawn, sample.z)
    part = 100 * counted / n if sample.ci_method == Method.UNWEIGHTED.value else value
    return proportion_margin(part, n, drawn, sample.z) if math.isfinite(part) else math.nan


def _draws(sample: Sample) -> bool:
    """Say whether it is known how many people a sample was drawn from."""
    if sample.population_indicator:
        return True
    return sample.weight_scale != WeightScale.NORMALISED.value and bool(sample.base_indicator)


def at_confidence(cells: pa.Table, z: float) -> pa.Table:
    """Return cells with intervals of `z` standard errors, where theirs were made of errors.

    An interval that a producer supplies, or that was made in another way, stays as it is: its own
    `z` says how sure it is. A table without figures of a sample stays as it is too.
    """
    if not is_sampled(cells.column_names):
        return cells
    low, high, own = (
        cells.column(name).to_numpy().astype(np.float64) for name in ("ci_low", "ci_high", "z")
    )
    ways = np.asarray(cells.column("ci_method").to_pylist(), dtype=object)
    made = np.isin(ways, _OF_ERRORS) & np.isfinite(low) & np.isfinite(high) & (own > 0)
    middle, half = (low + high) / 2, (high - low) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        wide = half * z / own
    columns = {
        "ci_low": np.where(made, middle - wide, low),
        "ci_high": np.where(made, middle + wide, high),
        "z": np.where(made, z, own),
    }
    for name, column in columns.items():
        place = cells.schema.get_field_index(name)
        cells = cells.set_column(place, name, pa.array(column, from_pandas=True))
    return cells


def kept_intervals(cells: pa.Table, loaded: pa.Table) -> pa.Table:
    """Return cells with the intervals that their own house gave them, where they were not computed.

    `cells` may say in `computed` what a cell was made from; a figure that two houses give has the
    interval of neither.
    """
    names = [name for name in cells.column_names if name.isupper()]
    about = [*key_columns(names), *(["origin"] if "origin" in cells.column_names else [])]
    theirs = {tuple(row[name] for name in about): row for row in loaded.to_pylist()}
    rows = cells.to_pylist()
    columns: dict[str, list[object]] = {name: [] for name in SAMPLE_COLUMNS}
    for row in rows:
        known = theirs.get(tuple(row[name] for name in about))
        alone = not row.get("computed") and known is not None
        same = alone and known is not None and known["obs_value"] == row["obs_value"]
        for name, column in columns.items():
            column.append(known[name] if same and known is not None else row[name])
    for name, column in columns.items():
        place = cells.schema.get_field_index(name)
        cells = cells.set_column(place, name, pa.array(column, cells.schema.field(place).type))
    return cells
