"""What a reader has to do to bring one view up to another: put these cells, drop those keys.

Both sides are cleared cells of the same reader, so nothing is told that either view did not show. A
cell that became hidden is put (it is there, without a number), never dropped.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import NUMBER_COLUMNS, SAMPLE_COLUMNS, is_sampled, key_columns, measures_of
from hanse.cube.cleared import Cleared, scrub
from hanse.cube.codelist import TOTAL

BEFORE = "_before"


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


def changes(older: Cleared, newer: Cleared) -> Changes:
    """Return what changed from `older` to `newer`, in the order of each.

    A breakdown that only one of them has stands at its total in the other.
    """
    names = _dimensions(older, newer)
    sampled = is_sampled(older.table.column_names) or is_sampled(newer.table.column_names)
    was, now = (_aligned(each.table, names, sampled=sampled) for each in (older, newer))
    keys = key_columns(names)
    held = _joined(now, was, keys)
    known = held["known"]
    inserted = now.filter(pc.invert(known))
    updated = now.filter(pc.and_(known, held["differs"]))
    lost = _joined(was, now, keys)
    before = was.filter(pc.and_(lost["known"], lost["differs"]))
    removed = was.filter(pc.invert(lost["known"]))
    return Changes(scrub(inserted), scrub(updated), scrub(before), scrub(removed))


def _dimensions(older: Cleared, newer: Cleared) -> tuple[str, ...]:
    extra = [name for name in older.dimensions if name not in newer.dimensions]
    return (*newer.dimensions, *extra)


def _aligned(table: pa.Table, dimensions: tuple[str, ...], *, sampled: bool) -> pa.Table:
    """Return the cells with these breakdowns; one that they do not have stands at its total."""
    if sampled:
        table = with_sample(table)
    for name in dimensions:
        if name not in table.column_names:
            table = table.append_column(name, pa.repeat(pa.scalar(TOTAL), table.num_rows))
    return table.select([*key_columns(dimensions), *measures_of(table.column_names)])


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


def _joined(left: pa.Table, right: pa.Table, keys: tuple[str, ...]) -> dict[str, pa.ChunkedArray]:
    """Say of every row of `left` whether `right` knows its key, and whether it says otherwise."""
    place = pa.array(np.arange(left.num_rows))
    mine = left.append_column("_place", place)
    theirs = right.rename_columns(
        [name if name in keys else name + BEFORE for name in right.column_names]
    )
    there = pa.repeat(pa.scalar(True), right.num_rows)
    theirs = theirs.append_column("_there", there)
    found = mine.join(theirs, list(keys), join_type="left outer").sort_by("_place")
    known = pc.fill_null(found.column("_there"), False)
    differs = pa.chunked_array([pa.repeat(pa.scalar(False), found.num_rows)])
    for name in measures_of(left.column_names):
        differs = pc.or_(differs, pc.invert(_same(found.column(name), found.column(name + BEFORE))))
    return {"known": known, "differs": differs}


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    both = pc.and_(pc.is_null(one), pc.is_null(other))
    return pc.or_(both, pc.fill_null(pc.equal(one, other), False))
