"""Arranges a protected cube so that what a permit opens lies together, and writes its files.

Cells are sorted by policy partition, indicator, area, period and breakdowns. A partition is one
level, or the part of it inside one area of the contract's partition level. The record batches of
the Arrow files never cross a partition, so a permit that opens whole partitions is answered with
byte ranges of a file that already exists; the message index says which. The slice index says where
each indicator stands in each partition.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hanse.cube import encoding
from hanse.cube.cells import NUMBER_COLUMNS, key_columns, measures_of, protected_as
from hanse.cube.cleared import Cleared
from hanse.errors import Invalid
from hanse.node.releases.messages import Message, messages_of
from hanse.store.objects import hash_file
from hanse.wire import Part

BATCH_ROWS = 65_536
ROW_GROUP_ROWS = 120_000
PARTITIONS_MAX = 4_096

PARQUET = "cells.parquet"
RAW = "cells.arrow"
ZSTD = "cells.zstd.arrow"
INDEX = "index.json"
SLICES = "slices.arrow"
FILES = {"raw": RAW, "zstd": ZSTD}

ARROW_STREAM = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Partition:
    """A run of rows that is opened or closed as one: a level, or its part inside one area."""

    level: str
    area: str
    start: int
    rows: int

    @property
    def id(self) -> str:
        """`statsec@2025/41002`, or `statsec@2025/` for the part without such an area."""
        return f"{self.level}/{self.area}"


@dataclass(frozen=True, slots=True)
class Arranged:
    """A protected cube in storage order: encoded columns, its partitions, and its record batches.

    `bounds` holds the first row of every batch and, last, the number of rows; `slices` is a table
    of (partition, indicator, start, rows).
    """

    table: pa.Table
    partitions: tuple[Partition, ...]
    bounds: tuple[int, ...]
    slices: pa.Table

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the record batches in storage order."""
        for start, stop in pairwise(self.bounds):
            yield from self.table.slice(start, stop - start).combine_chunks().to_batches()


def arrange(cleared: Cleared, ancestors: Mapping[str, Mapping[str, str]]) -> Arranged:
    """Return the cells in storage order.

    `ancestors` gives, per `level@vintage`, the area of the partition level that each area lies in;
    a level that is missing there is one partition. Raises `Invalid` for a cell that stands twice.
    """
    dimensions = cleared.dimensions
    names = key_columns(dimensions)
    columns = {name: _sorted_codes(cleared.table.column(name)) for name in names}
    codes = {name: column.indices.to_numpy() for name, column in columns.items()}
    labels, partition = _partitioned(columns, codes, ancestors)
    order = np.lexsort([codes[name] for name in reversed(_sort_columns(dimensions))] + [partition])
    codes = {name: code[order] for name, code in codes.items()}
    partition = partition[order]
    _refuse_twins(codes, columns)
    table = _sorted_table(cleared.table, columns, order, dimensions)
    starts = _starts(partition)
    blocks = _starts(partition, codes["indicator"])
    partitions = tuple(
        Partition(*labels[int(partition[start])], start, stop - start)
        for start, stop in _spans(starts, len(order))
    )
    slices = _slices(blocks, codes["indicator"], starts, len(order))
    return Arranged(table, partitions, _bounds(blocks, starts, len(order)), slices)


def write(arranged: Arranged, folder: Path, calendars: Mapping[str, str]) -> tuple[Part, ...]:
    """Write the files of a release into `folder` and return what the manifest says of each.

    `calendars` gives the `reporting_year_start` of the indicators that have one.
    """
    _write_parquet(arranged, folder / PARQUET)
    index: dict[str, Any] = {
        "schema": 1,
        "rows": arranged.table.num_rows,
        "calendars": dict(sorted(calendars.items())),
        "partitions": [[p.level, p.area, p.start, p.rows] for p in arranged.partitions],
        "areas": _areas(arranged),
        "bounds": list(arranged.bounds),
        "codecs": {},
    }
    for codec, name in FILES.items():
        write_stream(folder / name, arranged.table.schema, arranged.batches(), codec)
        index["codecs"][codec] = _message_index(folder / name, arranged)
    (folder / INDEX).write_bytes(json.dumps(index, separators=(",", ":")).encode())
    with (
        pa.OSFile(str(folder / SLICES), "wb") as sink,
        pa.ipc.new_file(sink, arranged.slices.schema) as writer,
    ):
        writer.write_table(arranged.slices.combine_chunks())
    rows = arranged.table.num_rows
    return (
        part(folder, PARQUET, "parquet", "application/vnd.apache.parquet", rows),
        part(folder, RAW, "arrow", ARROW_STREAM, rows),
        part(folder, ZSTD, "arrow-zstd", ARROW_STREAM, rows),
        part(folder, INDEX, "index", "application/json"),
        part(folder, SLICES, "index", ARROW_FILE),
    )


def part(folder: Path, name: str, role: Any, media_type: str, rows: int = 0) -> Part:
    """Return a file's line in the manifest."""
    path = folder / name
    return Part(
        path=name,
        role=role,
        sha256=f"sha-256:{hash_file(path)}",
        bytes=path.stat().st_size,
        rows=rows,
        media_type=media_type,
    )


def write_stream(
    path: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch], codec: str
) -> None:
    """Write an Arrow IPC stream; every column shares one dictionary, written once at its head."""
    compression = None if codec == "raw" else codec
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_stream(sink, schema, options=options) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table that is no release as Parquet, equal tables as equal bytes."""
    pq.write_table(table, path, compression="zstd", store_schema=False)


def read_table(path: Path) -> pa.Table:
    """Return a table that `write_table` wrote."""
    return pq.read_table(path)


def fingerprint(arranged: Arranged) -> str:
    """Return a digest of the cells: equal cells in any row order have the same one."""
    hasher = hashlib.sha256()
    for name in arranged.table.column_names:
        codes = _spellings(arranged.table.column(name))
        hasher.update(json.dumps([name, codes]).encode())
    for batch in arranged.batches():
        hasher.update(batch.serialize())
    return f"sha-256:{hasher.hexdigest()}"


def _spellings(column: pa.ChunkedArray) -> list[str]:
    if not pa.types.is_dictionary(column.type) or not column.num_chunks:
        return []
    return [text or "" for text in column.chunk(0).dictionary.to_pylist()]


def _sorted_codes(column: pa.ChunkedArray) -> pa.DictionaryArray:
    encoded = encoding.encode(column)
    spellings = np.asarray(encoded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(spellings, kind="stable")
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    indices = places[encoded.indices.to_numpy()] if len(places) else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, pa.int32()), pa.array(spellings[order].tolist(), pa.string())
    )


def _sort_columns(dimensions: Sequence[str]) -> tuple[str, ...]:
    return ("indicator", "area", "period", *dimensions)


def _partitioned(
    columns: Mapping[str, pa.DictionaryArray],
    codes: Mapping[str, Array],
    ancestors: Mapping[str, Mapping[str, str]],
) -> tuple[list[tuple[str, str]], Array]:
    """Return the partitions' labels in order, and the place of each row's partition among them."""
    levels = columns["level"].dictionary.to_pylist()
    areas = columns["area"].dictionary.to_pylist()
    width = max(len(areas), 1)
    pairs = codes["level"].astype(np.int64) * width + codes["area"]
    distinct, inverse = np.unique(pairs, return_inverse=True)
    labels = [
        (level, ancestors.get(level, {}).get(areas[pair % width], ""))
        for pair in distinct.tolist()
        for level in (levels[pair // width],)
    ]
    ordered = sorted(set(labels))
    if len(ordered) > PARTITIONS_MAX:
        raise Invalid("RELEASE_PARTITIONS", found=len(ordered), limit=PARTITIONS_MAX)
    place = {label: number for number, label in enumerate(ordered)}
    places = np.asarray([place[label] for label in labels], np.int32)
    return ordered, places[inverse] if len(places) else np.zeros(0, np.int32)


def _refuse_twins(codes: Mapping[str, Array], columns: Mapping[str, pa.DictionaryArray]) -> None:
    same = np.ones(max(len(codes["indicator"]) - 1, 0), bool)
    for code in codes.values():
        same &= code[1:] == code[:-1]
    twins = np.flatnonzero(same)
    if len(twins):
        row = int(twins[0])
        where = " · ".join(
            columns[name].dictionary[int(code[row])].as_py() for name, code in codes.items()
        )
        raise Invalid("RELEASE_TWIN", cell=where, count=len(twins))


def _sorted_table(
    plain: pa.Table, columns: Mapping[str, pa.DictionaryArray], order: Array, dims: Sequence[str]
) -> pa.Table:
    measures = {name: plain.column(name) for name in measures_of(plain.column_names)}
    coded = {
        name: column if name in NUMBER_COLUMNS else _sorted_codes(column)
        for name, column in measures.items()
    }
    rows, schema = pa.array(order), protected_as([*dims, *measures])
    arrays = [_flat(({**columns, **coded})[name]).take(rows) for name in schema.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column


def _starts(*codes: Array) -> Array:
    """Return the rows where any of the codes differs from the row before, 0 among them."""
    if len(codes[0]) == 0:
        return np.zeros(0, np.int64)
    changed = np.zeros(len(codes[0]), bool)
    changed[0] = True
    for code in codes:
        changed[1:] |= code[1:] != code[:-1]
    return np.flatnonzero(changed)


def _spans(starts: Array, rows: int) -> Iterator[tuple[int, int]]:
    edges = [*starts.tolist(), rows]
    yield from pairwise(edges)


def _slices(blocks: Array, indicator: Array, starts: Array, rows: int) -> pa.Table:
    stops = np.append(blocks[1:], rows) if len(blocks) else blocks
    partition = np.searchsorted(starts, blocks, side="right") - 1
    return pa.table(
        {
            "partition": pa.array(partition.astype(np.int32)),
            "indicator": pa.array(indicator[blocks].astype(np.int32)),
            "start": pa.array(blocks.astype(np.int64)),
            "rows": pa.array((stops - blocks).astype(np.int64)),
        }
    )


def _bounds(blocks: Array, starts: Array, rows: int) -> tuple[int, ...]:
    """Return where batches start: at partitions, at indicators where full, inside large blocks."""
    firsts = set(starts.tolist())
    bounds: list[int] = []
    for start, stop in _spans(blocks, rows):
        full = bool(bounds) and stop - bounds[-1] > BATCH_ROWS
        if start in firsts or full:
            bounds.append(start)
        bounds.extend(range(bounds[-1] + BATCH_ROWS, stop, BATCH_ROWS))
    return (*bounds, rows)


def _write_parquet(arranged: Arranged, path: Path) -> None:
    schema = plain_schema(arranged.table.schema)
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        for start in range(0, arranged.table.num_rows, ROW_GROUP_ROWS):
            writer.write_table(arranged.table.slice(start, ROW_GROUP_ROWS).cast(schema))


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with plain text instead of codes: what third parties' readers prune on."""
    return pa.schema(
        [
            (field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type)
            for field in schema
        ]
    )


def _message_index(path: Path, arranged: Arranged) -> dict[str, Any]:
    head, found = messages_of(path)
    starts = [each.start for each in arranged.partitions]
    places = np.searchsorted(starts, arranged.bounds[:-1], side="right") - 1
    rows = np.diff(arranged.bounds)
    lines = [
        [each.offset, each.length, int(place), int(count), _digest_of(path, each)]
        for each, place, count in zip(found, places, rows, strict=False)
    ]
    return {"path": path.name, "head": head, "messages": lines}


def _areas(arranged: Arranged) -> list[list[str]]:
    """Return the codes of the areas that each partition holds."""
    areas = arranged.table.column("area")
    return [
        sorted(areas.slice(each.start, each.rows).unique().to_pylist())
        for each in arranged.partitions
    ]


def _digest_of(path: Path, message: Message) -> str:
    with path.open("rb") as file:
        file.seek(message.offset)
        return hashlib.sha256(file.read(message.length)).hexdigest()
