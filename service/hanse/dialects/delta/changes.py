"""Change files: what one version changes, one row per cell and what happened to it.

Of a release that was withdrawn no figure leaves: what it had is taken back by key, without what it
said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from hanse.cube.cells import dimensions_of, is_sampled, key_columns, measures_of
from hanse.cube.changes import Changes, Transition, together, with_sample
from hanse.cube.cleared import PIECE_ROWS
from hanse.cube.codelist import TOTAL

TYPE: Final = "_change_type"
INSERT, BEFORE, AFTER, DELETE = "insert", "update_preimage", "update_postimage", "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be done from an earlier release on; `stands` says that it was not withdrawn."""

    changes: Changes
    stands: bool


def tables(ways: Sequence[tuple[Transition, bool]]) -> Iterator[pa.Table]:
    """Yield the rows of `table`, part by part: a key is in one part only.

    `ways` are transitions to one later release, each with whether the release it starts from still
    stands.
    """
    standing = [stands for _, stands in ways]
    for found in together([each for each, _ in ways]):
        yield table([Step(each, ok) for each, ok in zip(found, standing, strict=True)])


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


def write(path: Path, parts: Iterator[pa.Table]) -> None:
    """Write the rows of one or more parts as Parquet: plain columns and nothing but them."""
    first = next(parts)
    plain = pa.schema([(name, first.schema.field(name).type) for name in first.column_names])
    with pq.ParquetWriter(path, plain, compression="zstd", store_schema=False) as writer:
        for group in _groups(chain((first,), parts)):
            writer.write_table(group.cast(plain))


def _groups(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield the same rows in tables that are worth a row group of their own; one at least."""
    held: list[pa.Table] = []
    for part in parts:
        held.append(part)
        if sum(each.num_rows for each in held) >= PIECE_ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


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
