"""What a reader has to do to bring one view up to another: put these cells, drop those keys.

Both sides are cells of the same reader's views, so nothing is told that either view did not show. A
cell that became hidden is put (it is there, without a number), never dropped. Two views are walked
through together, part by part, so that memory stays flat however large they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.cube.cells import (
    NUMBER_COLUMNS,
    SAMPLE_COLUMNS,
    dimensions_of,
    is_sampled,
    key_columns,
    measures_of,
)
from hanse.cube.cleared import Cleared, hidden_in, in_codes, scrub
from hanse.cube.codelist import TOTAL
from hanse.cube.encoding import constant, encode, keys, whole
from hanse.cube.spans import Span, View, spans

SPAN_ROWS = 65_536
"""About how many rows of both views are held at a time."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """The steps from one view to another; every part is in the shape of protected cells.

    `inserted` and `updated` stand as the newer view has them, `before` as the older one had what is
    updated, `removed` is what only the older one had.
    """

    inserted: Cleared
    updated: Cleared
    before: Cleared
    removed: Cleared


@dataclass(frozen=True, slots=True)
class _Count:
    """How many cells of a part are put and dropped, and how many of those put are hidden."""

    put: int
    removed: int
    hidden: int


class Transition:
    """The way from an older view to a newer one, both unscrubbed; what it hands out is scrubbed.

    A breakdown that only one of them has stands at its total in the other. `rows` says how many
    cells of both views are held at a time.
    """

    def __init__(self, older: pa.Table, newer: pa.Table, rows: int = SPAN_ROWS) -> None:
        self._was, self._now = View(older), View(newer)
        self._rows = rows
        self.dimensions = _dimensions(older, newer)
        """The breakdowns of both, those of the newer view first."""
        self._sampled = is_sampled(older.column_names) or is_sampled(newer.column_names)

    @property
    def rows(self) -> int:
        """How many cells are put and dropped."""
        return sum(each.put + each.removed for each in self._counted.values())

    @property
    def hidden(self) -> int:
        """How many of the cells that are put are hidden; of what is dropped only its key leaves."""
        return sum(each.hidden for each in self._counted.values())

    def put(self) -> Iterator[Cleared]:
        """Yield what is new or revised, part by part, as the newer view has it."""
        for span, count in self._counted.items():
            if count.put:
                found = self._compared(span)
                yield in_codes(found.now.filter(pa.array(~found.known | found.differs)))

    def removed(self) -> Iterator[Cleared]:
        """Yield what only the older view has, part by part."""
        for span, count in self._counted.items():
            if count.removed:
                found = self._compared(span)
                yield in_codes(found.was.filter(pa.array(~found.kept)))

    @cached_property
    def _counted(self) -> dict[Span, _Count]:
        """What is to be done in every part in which there is something to do."""
        counts = {span: self._count(span) for span in spans(self.views, self._rows)}
        return {span: count for span, count in counts.items() if count.put or count.removed}

    def _count(self, span: Span) -> _Count:
        found = self._compared(span)
        put = ~found.known | found.differs
        hidden = hidden_in(found.now.filter(pa.array(put))) if put.any() else 0
        return _Count(int(put.sum()), int((~found.kept).sum()), hidden)

    @property
    def views(self) -> tuple[View, View]:
        """The two views."""
        return self._was, self._now

    def within(self, span: Span) -> Changes:
        """Return what changes in one part, in the order of each view."""
        found = self._compared(span)
        return Changes(
            inserted=scrub(found.now.filter(pa.array(~found.known))),
            updated=scrub(found.now.filter(pa.array(found.differs))),
            before=scrub(found.was.filter(pa.array(found.differed))),
            removed=scrub(found.was.filter(pa.array(~found.kept))),
        )

    def _compared(self, span: Span) -> "_Compared":
        was, now = (
            _aligned(view.rows(span), self.dimensions, sampled=self._sampled) for view in self.views
        )
        return _compared(was, now, key_columns(self.dimensions))


def together(
    transitions: Sequence[Transition], rows: int = SPAN_ROWS
) -> Iterator[tuple[Changes, ...]]:
    """Yield what every one of some transitions changes, part by part: the same parts in all.

    There is at least one part. `rows` is about how many rows of all views are held at a time.
    """
    views = [view for each in transitions for view in each.views]
    for span in spans(views, rows):
        yield tuple(each.within(span) for each in transitions)


def _dimensions(older: pa.Table, newer: pa.Table) -> tuple[str, ...]:
    names = dimensions_of(newer.schema)
    return (*names, *(name for name in dimensions_of(older.schema) if name not in names))


def _aligned(table: pa.Table, dimensions: tuple[str, ...], *, sampled: bool) -> pa.Table:
    """Return the cells in one piece with these breakdowns; one they lack stands at its total."""
    if sampled:
        table = with_sample(table)
    columns: dict[str, pa.Array] = {}
    for name in (*key_columns(dimensions), *measures_of(table.column_names)):
        if name not in table.column_names:
            columns[name] = constant(TOTAL, table.num_rows)
        elif name in NUMBER_COLUMNS:
            columns[name] = whole(table.column(name))
        else:
            columns[name] = encode(table.column(name))
    return pa.table(columns)


def with_sample(table: pa.Table) -> pa.Table:
    """Return the cells with the columns of a sample, which say nothing where they were not."""
    for name in () if is_sampled(table.column_names) else SAMPLE_COLUMNS:
        blank = (
            pa.nulls(table.num_rows, pa.float64())
            if name in NUMBER_COLUMNS
            else pa.repeat(pa.scalar(""), table.num_rows)
        )
        table = table.append_column(name, blank)
    return table


@dataclass(frozen=True, slots=True)
class _Compared:
    """Two parts beside one another, and per row of each what the other has.

    `known` and `differs` are of the newer rows: has the older part that key, and says it otherwise.
    `kept` and `differed` are the same of the older rows.
    """

    was: pa.Table
    now: pa.Table
    known: Array
    differs: Array
    kept: Array
    differed: Array


def _compared(was: pa.Table, now: pa.Table, names: Sequence[str]) -> _Compared:
    both = pa.concat_tables([was, now])
    first = was.num_rows
    same_key = keys([encode(both.column(name)) for name in names], both.num_rows).to_numpy()
    place = np.full(both.num_rows + 1, -1)
    place[same_key[:first]] = np.arange(first)
    match = place[same_key[first:]]
    known = match >= 0
    differs = np.zeros(now.num_rows, bool)
    theirs, mine = match[known], np.flatnonzero(known) + first
    for name in measures_of(was.column_names):
        differs[known] |= _differ(both.column(name), theirs, mine)
    kept, differed = np.zeros(first, bool), np.zeros(first, bool)
    kept[theirs] = True
    differed[match[differs]] = True
    return _Compared(was, now, known, differs, kept, differed)


def _differ(column: pa.ChunkedArray, theirs: Array, mine: Array) -> Array:
    """Say of every pair of rows whether a column has other things in them; nothing is nothing."""
    valid = column.is_valid().to_numpy()
    codes = encode(column).indices if pa.types.is_dictionary(column.type) else column.fill_null(0.0)
    told = codes.to_numpy()
    other: Array = (valid[theirs] != valid[mine]) | (valid[theirs] & (told[theirs] != told[mine]))
    return other
