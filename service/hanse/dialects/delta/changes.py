"""Change files: what one version changes, one row per cell and what happened to it.

Of a release that was withdrawn no figure leaves: what it had is taken back by key, without what it
said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from hanse.cube.cells import dimensions_of, is_sampled, key_columns, measures_of
from hanse.cube.changes import Changes, with_sample
from hanse.cube.codelist import TOTAL

TYPE: Final = "_change_type"
INSERT, BEFORE, AFTER, DELETE = "insert", "update_preimage", "update_postimage", "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be done from an earlier release on; `stands` says that it was not withdrawn."""

    changes: Changes
    stands: bool


def table(steps: Sequence[Step]) -> pa.Table:
    """Return the rows that bring every one of the earlier releases up to the same later one.

    The release that stood comes first. Whoever read a withdrawn one after it must end with the same
    cells, so what only the withdrawn one said is put right too.
    """
    names = _dimensions(steps)
    sampled = any(is_sampled(step.changes.inserted.table.column_names) for step in steps)
    parts: list[pa.Table] = []
    put: pa.Table | None = None
    dropped: pa.Table | None = None
    for step in steps:
        for type_, cells in _rows(step):
            wide = _aligned(cells, names, sampled=sampled)
            done = dropped if type_ == DELETE else put
            if parts and done is not None and not step.stands:
                wide = _without(wide, done, names)
            parts.append(wide.append_column(TYPE, pa.repeat(pa.scalar(type_), wide.num_rows)))
        added = pa.concat_tables(
            [
                _aligned(each.table, names, sampled=sampled)
                for each in (step.changes.inserted, step.changes.updated)
            ]
        )
        gone = _aligned(step.changes.removed.table, names, sampled=sampled)
        put = added if put is None else pa.concat_tables([put, added])
        dropped = gone if dropped is None else pa.concat_tables([dropped, gone])
    return pa.concat_tables(parts)


def write(path: Path, rows: pa.Table) -> None:
    """Write the rows as Parquet: plain columns and nothing but them."""
    plain = pa.schema([(name, rows.schema.field(name).type) for name in rows.column_names])
    pq.write_table(rows.cast(plain), path, compression="zstd", store_schema=False)


def _rows(step: Step) -> Iterator[tuple[str, pa.Table]]:
    found = step.changes
    if step.stands:
        yield INSERT, found.inserted.table
        yield BEFORE, found.before.table
        yield AFTER, found.updated.table
        yield DELETE, found.removed.table
        return
    yield AFTER, pa.concat_tables([found.inserted.table, found.updated.table])
    yield DELETE, _silenced(found.removed.table)


def _dimensions(steps: Sequence[Step]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for step in steps:
        names |= dict.fromkeys(dimensions_of(step.changes.inserted.table.schema))
    return tuple(names)


def _aligned(cells: pa.Table, names: Sequence[str], *, sampled: bool) -> pa.Table:
    cells = with_sample(cells) if sampled else cells
    for name in names:
        if name not in cells.column_names:
            cells = cells.append_column(name, pa.repeat(pa.scalar(TOTAL), cells.num_rows))
    return cells.select([*key_columns(names), *measures_of(cells.column_names)])


def _silenced(cells: pa.Table) -> pa.Table:
    """Return the same keys without a figure and without what was said about it."""
    for name in measures_of(cells.column_names):
        place = cells.schema.get_field_index(name)
        type_ = cells.schema.field(name).type
        cells = cells.set_column(place, name, pa.nulls(cells.num_rows, type_))
    return cells


def _without(cells: pa.Table, others: pa.Table, names: Sequence[str]) -> pa.Table:
    keys = list(key_columns(names))
    return cells.join(others.select(keys), keys, join_type="left anti").select(cells.column_names)
