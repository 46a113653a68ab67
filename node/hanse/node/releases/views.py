"""Views of a release: the runs of existing bytes a permit opens, and the few batches its edge cuts.

What has to be filtered is filtered once, and kept under the digest of what was opened; the next one
with the same right to see is answered from that file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hanse.cube.cleared import scrub
from hanse.node.releases import manifest
from hanse.node.releases.layout import plain_schema
from hanse.node.releases.messages import END, tail_of
from hanse.node.releases.opening import CLOSED, CUT, WHOLE, Opening
from hanse.store.objects import DerivedFiles

CHUNK_BYTES = 1 << 20

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One Arrow file of a release and its message index."""

    path: Path
    codec: str
    index: Mapping[str, Any]

    @property
    def head_bytes(self) -> int:
        """How many bytes precede the first record batch."""
        return int(self.index["head"])

    def head(self) -> bytes:
        """Return the schema and dictionaries as they stand in the file."""
        with self.path.open("rb") as file:
            return file.read(self.head_bytes)


@dataclass(frozen=True, slots=True)
class Runs:
    """An Arrow IPC stream as its parts: `head`, ranges of `path`, ranges of `cut_path`, `tail`.

    `length` is exact, in bytes; `rows` counts the cells.
    """

    head: bytes
    path: Path
    ranges: Ranges
    cut_path: Path | None
    cut_ranges: Ranges
    tail: bytes
    rows: int

    @property
    def length(self) -> int:
        """The number of bytes of the whole answer."""
        ranges = (*self.ranges, *self.cut_ranges)
        return len(self.head) + sum(length for _, length in ranges) + len(self.tail)

    @property
    def cut(self) -> tuple[bytes, ...]:
        """The record batches that were filtered, as bytes."""
        if self.cut_path is None:
            return ()
        return tuple(b"".join(_read(self.cut_path, (each,))) for each in self.cut_ranges)

    def chunks(self) -> Iterator[bytes]:
        """Yield the answer in pieces of at most 1 MiB, in order."""
        yield self.head
        yield from _read(self.path, self.ranges)
        if self.cut_path is not None:
            yield from _read(self.cut_path, self.cut_ranges)
        yield self.tail


def whole(source: Source, bounds: Sequence[int]) -> Runs:
    """Return a whole file: its head, one run of all its record batches, and the end marker."""
    lines = source.index["messages"]
    ranges = _joined([(line[0], line[1]) for line in lines])
    return Runs(source.head(), source.path, ranges, None, (), END, bounds[-1])


@dataclass(frozen=True, slots=True)
class Plan:
    """How a stream is put together: its head, and what the index tells of each record batch."""

    head: bytes
    batches: tuple[tuple[pa.RecordBatch, int], ...]


def plan(source: Source, opening: Opening, batches: tuple[tuple[pa.RecordBatch, int], ...]) -> Plan:
    """Return the plan of a stream; it holds no figure, and is the same for the same opening."""
    head = _head(batches[0][0], opening, source.codec) if batches else source.head()
    return Plan(head, batches)


def runs(source: Source, opening: Opening, way: Plan, kept: DerivedFiles, release: str) -> Runs:
    """Return the stream of what is open.

    Existing record batches come first, those that had to be cut after them.
    """
    lines = source.index["messages"]
    head, batches = way.head, way.batches
    if all(state != CUT for _, state in batches):
        held = [line for line, (_, state) in zip(lines, batches, strict=True) if state == WHOLE]
        ranges = _joined([(line[0], line[1]) for line in held])
        return Runs(head, source.path, ranges, None, (), END, sum(line[3] for line in held))
    key = opening.key(release, f"arrow-{source.codec}")
    path = kept.find(key, ".view")
    if path is None:
        path = kept.make(key, ".view", lambda draft: _write_view(draft, source, opening, batches))
    return _kept_runs(head, source, _checked(path))


def parquet(
    opening: Opening,
    schema: pa.Schema,
    pieces: Iterator[pa.RecordBatch],
    kept: DerivedFiles,
    release: str,
) -> Path:
    """Return the Parquet file of what is open, made now or kept from before."""
    key = opening.key(release, "parquet")
    found = kept.find(key, ".parquet")
    if found is not None:
        return _checked(found)

    def fill(draft: Path) -> None:
        plain = plain_schema(schema)
        with pq.ParquetWriter(draft, plain, compression="zstd", store_schema=False) as writer:
            for piece in pieces:
                writer.write_table(scrub(pa.Table.from_batches([piece])).table.cast(plain))

    return kept.make(key, ".parquet", fill)


def _checked(path: Path) -> Path:
    manifest.check(path, f"sha-256:{path.stem.rpartition('-')[2]}")
    return path


def _head(batch: pa.RecordBatch, opening: Opening, codec: str) -> bytes:
    """Return schema and dictionaries, where codes that the extent does not open have no name."""
    return tail_of(_stream(_nameless(batch.slice(0, 0), opening), codec))[0]


def _nameless(batch: pa.RecordBatch, opening: Opening) -> pa.RecordBatch:
    opened = opening.codes_open()
    columns = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name in opened and not opened[name].all():
            codes = opening.codes.columns[name]
            names = [
                code if shown else f"-{number}"  # distinct: readers want unique categories
                for number, (code, shown) in enumerate(zip(codes, opened[name], strict=True))
            ]
            column = pa.DictionaryArray.from_arrays(column.indices, pa.array(names, pa.string()))
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _stream(batch: pa.RecordBatch, codec: str) -> bytes:
    options = pa.ipc.IpcWriteOptions(compression=None if codec == "raw" else codec)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _write_view(
    draft: Path,
    source: Source,
    opening: Opening,
    batches: Sequence[tuple[pa.RecordBatch, int]],
) -> None:
    """Write the cut record batches one after another, then a line that says where everything is."""
    ranges: list[tuple[int, int]] = []
    cuts: list[tuple[int, int]] = []
    rows = 0
    with draft.open("wb") as file:
        for line, (batch, state) in zip(source.index["messages"], batches, strict=True):
            mask = opening.mask(batch) if state == CUT else None
            if state == WHOLE or (mask is not None and mask.all()):
                ranges.append((line[0], line[1]))
                rows += batch.num_rows
            elif state != CLOSED and mask is not None and mask.any():
                message = _encoded(batch.filter(pa.array(mask)), opening, source.codec)
                cuts.append((file.tell(), len(message)))
                rows += int(mask.sum())
                file.write(message)
        plan = {"ranges": _joined(ranges), "cuts": cuts, "rows": rows}
        line_bytes = json.dumps(plan, separators=(",", ":")).encode()
        file.write(line_bytes)
        file.write(len(line_bytes).to_bytes(8, "big"))


def _encoded(batch: pa.RecordBatch, opening: Opening, codec: str) -> bytes:
    return tail_of(_stream(_nameless(batch, opening), codec))[1]


def _kept_runs(head: bytes, source: Source, path: Path) -> Runs:
    with path.open("rb") as file:
        file.seek(-8, 2)
        size = int.from_bytes(file.read(8), "big")
        file.seek(-8 - size, 2)
        plan = json.loads(file.read(size))
    ranges = tuple((offset, length) for offset, length in plan["ranges"])
    cuts = tuple((offset, length) for offset, length in plan["cuts"])
    return Runs(head, source.path, ranges, path, cuts, END, plan["rows"])


def _joined(ranges: Sequence[tuple[int, int]]) -> Ranges:
    joined: list[tuple[int, int]] = []
    for offset, length in ranges:
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + length)
        else:
            joined.append((offset, length))
    return tuple(joined)


def _read(path: Path, ranges: Ranges) -> Iterator[bytes]:
    with path.open("rb") as file:
        for offset, length in ranges:
            file.seek(offset)
            left = length
            while left:
                piece = file.read(min(left, CHUNK_BYTES))
                left -= len(piece)
                yield piece
