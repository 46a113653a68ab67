"""Short periods to longer ones: months to quarters, quarters to years, each by its own rule.

A sum or mean over time needs every short period: a year of which a quarter has no row is unknown,
not small. A stock takes the first one. (Source: Swing's period types Stock, Pending and Mean.)
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import algebra, encoding
from hanse.cube.aggregate import complete
from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.grid import RANK, VALUE, settled
from hanse.cube.indicator import Aggregation, Indicator
from hanse.cube.parts import in_draft
from hanse.cube.period import MONTHS, Period
from hanse.cube.status import CellState, Flag

_ADDED = frozenset({Aggregation.SUM, Aggregation.MEAN})
_MEASURES = ("value", "state", "flag")


def lengthen(cells: pa.Table, indicators: Sequence[Indicator], freq: str) -> pa.Table:
    """Return the cells of the longer periods of `freq` (A, S or Q), in the shape of a draft.

    Where a series has several shorter frequencies, the longest of them counts. Indicators whose
    rule over time is none or a weighted mean are left out: the first have no longer periods, the
    others get them from their formula. The result holds computed cells only.
    """
    computed = cells.slice(0, 0)
    for each in indicators:
        own = _where(cells, "indicator", {each.id})
        for shorter in sorted(MONTHS, key=lambda short: -MONTHS[short]):
            if MONTHS[shorter] < MONTHS[freq]:
                computed = complete(computed, _longer(own, each, shorter, freq))
    return encoding.with_constants(computed.unify_dictionaries(), {"source_sheet": f"Σ {freq}"})


def _where(cells: pa.Table, column: str, texts: set[str]) -> pa.Table:
    return cells.filter(encoding.one_of(encoding.encode(cells.column(column)), texts))


def _longer(cells: pa.Table, indicator: Indicator, shorter: str, freq: str) -> pa.Table:
    """Return the longer periods made of those of one shorter frequency."""
    periods = encoding.texts(encoding.encode(cells.column("period")))
    inside: dict[str, str] = {}
    firsts: dict[str, str] = {}
    for text in periods:
        period = Period.parse(text, indicator.reporting_year_start)
        if period.freq == shorter:
            whole = _around(period, freq)
            inside[text] = str(whole)
            if whole.start_date == period.start_date:
                firsts[text] = str(whole)
    if indicator.aggregate_time is Aggregation.FIRST:
        return _moved(cells, firsts)
    if indicator.aggregate_time in _ADDED:
        mean = indicator.aggregate_time is Aggregation.MEAN
        return _added(_moved(cells, inside), MONTHS[freq] // MONTHS[shorter], mean=mean)
    return cells.slice(0, 0)


def _around(period: Period, freq: str) -> Period:
    first = Period.of(freq, period.year, 1, period.reporting_year_start)
    return first.shift((period.number - 1) * MONTHS[period.freq] // MONTHS[freq])


def _moved(cells: pa.Table, longer: Mapping[str, str]) -> pa.Table:
    """Return the rows of these periods, at the longer period instead."""
    kept = _where(cells, "period", set(longer))
    moved = encoding.mapped(encoding.encode(kept.column("period")), longer.get)
    return kept.set_column(kept.column_names.index("period"), "period", moved)


def _added(cells: pa.Table, count: int, *, mean: bool) -> pa.Table:
    """Return sum or mean of each group of rows with one key; fewer rows than `count` is unknown."""
    names = key_columns(dimensions_of(cells.schema))
    sums = algebra.sum_cells(cells, names)
    ones = {"state": CellState.VALUE.value, "flag": Flag.NORMAL.value}
    counted = encoding.with_constants(cells, ones)
    place = counted.column_names.index("value")
    counted = counted.set_column(place, "value", pa.repeat(pa.scalar(1.0), cells.num_rows))
    rows = algebra.sum_cells(counted, names).column("value")
    ranks = algebra.state_ranks(sums)
    short = pc.and_(pc.less_equal(ranks, VALUE), pc.not_equal(rows, float(count)))
    ranks = pc.if_else(short, RANK[CellState.UNKNOWN], ranks).combine_chunks()
    numbers = algebra.numbers(sums, ranks)
    result = settled(
        pc.divide(numbers, float(count if mean else 1)), ranks, algebra.flag_ranks(sums)
    )
    measures = algebra.with_states(result.values, result.ranks, result.flags)
    kept = dict(zip(sums.column_names, sums.columns, strict=True))
    return in_draft(pa.table(kept | measures), cells)
