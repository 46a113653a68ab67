"""Indicators side by side: one row per level, area, period and breakdown, one operand per input.

What makes arithmetic between indicators possible without a loop per row: every cell gets an integer
key, and reading another indicator, or another period of it, is looking up keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import algebra, encoding, expression, inputs
from hanse.cube.cells import dimensions_of
from hanse.cube.indicator import SourceThreshold
from hanse.cube.period import SCHOOL_YEAR_START, Period
from hanse.cube.status import CellState
from hanse.errors import Invalid

RANK = {state: pa.scalar(rank, pa.int8()) for state, rank in algebra.STATE_RANK.items()}
VALUE = RANK[CellState.VALUE]


@dataclass(frozen=True, slots=True)
class Operand:
    """One number per cell of the grid, with its place in the order of states and of flags."""

    values: pa.Array
    ranks: pa.Array
    flags: pa.Array


def settled(values: pa.Array, ranks: pa.Array, flags: pa.Array) -> Operand:
    """Return the operand with zero where there is no number, and unknown where it is not finite."""
    counted = pc.equal(ranks, VALUE)
    finite = pc.is_finite(values)
    lost = pc.and_(counted, pc.invert(finite))
    ranks = pc.if_else(lost, RANK[CellState.UNKNOWN], ranks)
    return Operand(pc.if_else(pc.and_(counted, finite), values, 0.0), ranks, flags)


def anchors(reference: expression.Reference) -> bool:
    """Say whether the cells of what is referred to are cells that a formula has a result for."""
    if isinstance(reference, expression.Series):
        return reference.shift == 0
    return not isinstance(reference, expression.MostRecent)


@dataclass(frozen=True, slots=True)
class _Source:
    """The cells of one input: their keys and what stands there."""

    keys: pa.Array
    operand: Operand


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells a formula is computed for, and its inputs by key.

    A key is `place * len(periods) + period`; `keys` are those with a result, `rows` says where in
    the columns each was first seen.
    """

    keys: pa.Array
    rows: pa.Array
    columns: Mapping[str, pa.DictionaryArray]
    sources: Mapping[str, _Source]
    periods: tuple[str, ...]
    thresholds: Mapping[str, SourceThreshold]

    def read(self, reference: expression.Reference) -> Operand:
        """Return what a formula reads by this reference, one row per cell of the grid."""
        if isinstance(reference, expression.Shown):
            return self._shown(reference.code)
        return self._look_up(inputs.name_of(reference), self._wanted(reference))

    def table(self, like: pa.Table, indicator: str, result: Operand) -> pa.Table:
        """Return a result as cells of an indicator, in the shape of a draft."""
        rows = len(self.keys)
        columns = {
            "indicator": encoding.constant(indicator, rows),
            **{name: pc.take(column, self.rows) for name, column in self.columns.items()},
            **algebra.with_states(result.values, result.ranks, result.flags),
            "source_sheet": encoding.constant("", rows),
            "source_row": pa.nulls(rows, pa.int32()),
        }
        return pa.table({name: columns[name] for name in like.column_names})

    def number(self, value: float) -> Operand:
        """Return the same number for every cell."""
        rows = len(self.keys)
        zero = pa.repeat(pa.scalar(0, pa.int8()), rows)
        return Operand(pa.repeat(pa.scalar(value), rows), pa.repeat(VALUE, rows), zero)

    def _look_up(self, name: str, wanted: pa.Array) -> Operand:
        """Return what an input has at the wanted keys; where it has no cell, it is empty."""
        source = self.sources[name]
        at = pc.index_in(wanted, value_set=source.keys)
        found = source.operand
        return Operand(
            pc.fill_null(pc.take(found.values, at), 0.0),
            pc.fill_null(pc.take(found.ranks, at), RANK[CellState.EMPTY]),
            pc.fill_null(pc.take(found.flags, at), pa.scalar(0, pa.int8())),
        )

    def _wanted(
        self, node: expression.Series | expression.MostRecent | expression.Slice
    ) -> pa.Array:
        """Return, for each key of the grid, the key at which an input is to be read; null: none."""
        if isinstance(node, expression.Slice) or node == expression.Series(node.code):
            return self.keys
        if isinstance(node, expression.Series):
            texts = [_shifted(text, node.shift) for text in self.periods]
        else:
            texts = self._most_recent(node)
        places = {text: place for place, text in enumerate(self.periods)}
        moved = pa.array([places.get(text or "") for text in texts], pa.int64())
        place, period = self._split(self.keys)
        return pc.add(place, pc.take(moved, period))

    def _split(self, keys: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Return the part of each key that says the place, and the number of its period."""
        count = pa.scalar(max(len(self.periods), 1), pa.int64())
        place = pc.multiply(pc.divide(keys, count), count)
        return place, pc.subtract(keys, place)

    def _most_recent(self, node: expression.MostRecent) -> list[str | None]:
        """Return for every period the one of the same frequency that is the input's most recent."""
        keys = self.sources[node.code].keys
        had = {self.periods[place] for place in pc.unique(self._split(keys)[1]).to_pylist()}
        newest: dict[str, list[Period]] = {}
        for period in sorted(map(_period, had)):
            newest.setdefault(period.freq, []).append(period)
        freqs = [_period(text).freq for text in self.periods]
        choices = {
            freq: seen[-1 - node.back] for freq, seen in newest.items() if len(seen) > node.back
        }
        return [str(choices[freq]) if freq in choices else None for freq in freqs]

    def _shown(self, code: str) -> Operand:
        """Return an input with a number only where the supplier's threshold lets it be seen."""
        operand = self._look_up(code, self.keys)
        threshold = self.thresholds.get(code)
        if threshold is None:
            return operand
        judged = self._look_up((threshold.on or code).lower(), self.keys)
        enough = pc.or_(
            pc.greater_equal(judged.values, threshold.value), pc.equal(judged.values, 0.0)
        )
        seen = pc.and_(enough, pc.equal(judged.ranks, VALUE))
        hides = pc.and_(pc.equal(operand.ranks, VALUE), pc.invert(seen))
        ranks = pc.if_else(hides, RANK[CellState.SUPPRESSED_SOURCE], operand.ranks)
        return settled(operand.values, ranks, operand.flags)


def over(
    cells: pa.Table,
    references: Sequence[expression.Reference],
    thresholds: Mapping[str, SourceThreshold],
) -> Grid:
    """Return the grid of the cells that have any unshifted reference, with all they refer to.

    Raises `Invalid` (FORMULA_ITEM) for an item of a cube whose breakdown the cells do not have.
    """
    judges = {
        (thresholds[node.code].on or node.code).lower()
        for node in references
        if isinstance(node, expression.Shown) and node.code in thresholds
    }
    table, codes = inputs.gather(cells, references, {each.code for each in references} | judges)
    names = ("level", "area", "period", *dimensions_of(cells.schema))
    columns = {name: encoding.encode(table.column(name)) for name in names}
    places = encoding.keys([columns[n] for n in names if n != "period"], table.num_rows)
    periods = tuple(columns["period"].dictionary.to_pylist())
    wide = pc.multiply(places, pa.scalar(max(len(periods), 1), pa.int64()))
    keys = pc.add(wide, pc.cast(columns["period"].indices, pa.int64()))
    ranks = algebra.state_ranks(table)
    whole = Operand(algebra.numbers(table, ranks), ranks, algebra.flag_ranks(table))
    anchoring = {inputs.name_of(node) for node in references if anchors(node)}
    anchored = keys.filter(encoding.one_of(codes, anchoring))
    domain = pc.unique(anchored)
    wanted = {inputs.name_of(node) for node in references} | judges
    sources = {code: _source(keys, whole, encoding.one_of(codes, {code})) for code in wanted}
    rows = pc.index_in(domain, value_set=keys)
    return Grid(domain, rows, columns, sources, periods, thresholds)


def _source(keys: pa.Array, whole: Operand, mask: pa.Array) -> _Source:
    parts = (each.filter(mask) for each in (whole.values, whole.ranks, whole.flags))
    return _Source(keys.filter(mask), Operand(*parts))


def _period(text: str) -> Period:
    """Read a period for reckoning only: shifting its spelling does not need its first day."""
    return Period.parse(text, SCHOOL_YEAR_START)


def _shifted(text: str, count: int) -> str | None:
    try:
        return str(_period(text).shift(count))
    except Invalid:
        return None  # beyond the years that can be written there is no cell
