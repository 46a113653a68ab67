"""Reads the cells of a release: a view is a selection of bytes that exist, never a computation.

Only the door and publishing may import this module. Files are memory-mapped, and checked against
the manifest whenever they were touched; a byte that differs is refused and never served.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.cleared import hidden_in
from hanse.cube.query import Extent
from hanse.node.releases import manifest, views
from hanse.node.releases.layout import FILES, INDEX, PARQUET, SLICES
from hanse.node.releases.opening import CLOSED, CUT, WHOLE, Codes, Opening, narrowed, resolve
from hanse.node.releases.views import Runs
from hanse.store.objects import DerivedFiles
from hanse.wire import Manifest

OPEN_MAX = 32
OPENINGS_MAX = 256
PLANS_MAX = 64
RUNS_CUT_MAX = 3
"""In how many runs open rows may lie before filtering them costs less than cutting."""

Codec = Literal["raw", "zstd"]
Array = np.ndarray[Any, Any]


def open_cells(folder: Path) -> "ReleaseCells":
    """Return the cells of the release in `folder`, `<home>/data/<digest>`.

    Raises `Unavailable` where a file is not what the manifest says, `NotFound` where it is gone.
    """
    manifest.read(folder)
    return _open(folder, tuple(manifest.check(path, sha256) for path, sha256 in _files(folder)))


@lru_cache(maxsize=OPEN_MAX)
def _files(folder: Path) -> tuple[tuple[Path, str], ...]:
    """Return the files that are opened, each with its digest; a folder's name fixes them."""
    parts = manifest.read(folder).parts
    return tuple(
        (folder / part.path, part.sha256) for part in parts if part.role in {"index", "arrow"}
    )


@lru_cache(maxsize=OPEN_MAX)
def _open(folder: Path, _fingerprints: tuple[manifest.Fingerprint, ...]) -> "ReleaseCells":
    described = manifest.read(folder)
    index = json.loads((folder / INDEX).read_bytes())
    stream = pa.ipc.open_stream(pa.memory_map(str(folder / FILES["raw"])))
    batches = tuple(batch for batch in stream if batch.num_rows)
    slices = pa.ipc.open_file(pa.memory_map(str(folder / SLICES))).read_all()
    columns = _dictionaries(stream.schema, batches)
    return ReleaseCells(
        folder=folder,
        manifest=described,
        schema=stream.schema,
        batches=batches,
        bounds=tuple(index["bounds"]),
        codes=Codes(
            columns=MappingProxyType(columns),
            calendars=MappingProxyType(index["calendars"]),
            places=MappingProxyType({code: n for n, code in enumerate(columns["indicator"])}),
            present=_present(columns, index),
        ),
        partitions=np.asarray([line[2:] for line in index["partitions"]], np.int64).reshape(-1, 2),
        slices=Slices.of(slices, len(columns["indicator"])),
        index=index,
    )


def _dictionaries(
    schema: pa.Schema, batches: tuple[pa.RecordBatch, ...]
) -> dict[str, tuple[str, ...]]:
    names = key_columns(dimensions_of(schema))
    if not batches:
        return dict.fromkeys(names, ())
    return {name: tuple(batches[0].column(name).dictionary.to_pylist()) for name in names}


def _present(columns: Mapping[str, tuple[str, ...]], index: Mapping[str, Any]) -> Array:
    levels = {level: number for number, level in enumerate(columns["level"])}
    areas = {area: number for number, area in enumerate(columns["area"])}
    present = np.zeros((len(levels), len(areas)), bool)
    for line, codes in zip(index["partitions"], index["areas"], strict=True):
        present[levels[line[0]], [areas[code] for code in codes]] = True
    return present


@dataclass(frozen=True, slots=True)
class Slices:
    """Where each indicator stands in each partition; grouped by indicator for look-up."""

    partition: Array
    start: Array
    stop: Array
    first: Array  # per indicator, where its lines start; one more at the end

    @classmethod
    def of(cls, table: pa.Table, indicators: int) -> "Slices":
        """Group the lines of the slice index by indicator."""
        columns = {name: table.column(name).to_numpy() for name in table.column_names}
        order = np.argsort(columns["indicator"], kind="stable")
        counts = np.bincount(columns["indicator"], minlength=indicators)
        return cls(
            partition=columns["partition"][order],
            start=columns["start"][order],
            stop=(columns["start"] + columns["rows"])[order],
            first=np.concatenate([[0], np.cumsum(counts)]),
        )

    def lines(self, indicators: Array) -> Array:
        """Return the lines of these indicators (by number), in storage order."""
        found = [
            np.arange(self.first[number], self.first[number + 1]) for number in indicators.tolist()
        ]
        if not found:
            return np.zeros(0, np.int64)
        if len(found) == 1:
            return found[0]
        lines = np.concatenate(found)
        return lines[np.argsort(self.start[lines])]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReleaseCells:
    """The cells of one release, mapped from its files; safe to share between threads."""

    folder: Path
    manifest: Manifest
    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...]
    bounds: tuple[int, ...]
    codes: Codes
    partitions: Array  # first row and number of rows, per partition
    slices: Slices
    index: Mapping[str, Any]
    _openings: dict[object, tuple[Opening, Array]] = field(default_factory=dict)
    _plans: dict[object, views.Plan] = field(default_factory=dict)
    _hidden: dict[object, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The release's address: the digest of its manifest."""
        return f"sha-256:{self.folder.name}"

    def whole(self, extent: Extent) -> bool:
        """Say whether an extent opens every cell of the release."""
        opening, states = self._resolved(extent)
        return bool(opening.indicators.all()) and bool((states == WHOLE).all())

    def select(self, extent: Extent) -> pa.Table:
        """Return the open cells in storage order, in the protected shape, mostly without a copy.

        The table may share buffers and dictionaries with the whole release: scrub it before any of
        it leaves.
        """
        opening, states = self._resolved(extent)
        pieces = list(self._pieces(opening, states))
        return pa.Table.from_batches(pieces, self.schema)

    def hidden(self, extent: Extent) -> int:
        """Return how many of the open cells are hidden; counted once for an extent."""
        key = _key(extent), extent.indicators
        found = self._hidden.get(key)
        if found is None:
            found = hidden_in(self.select(extent))
            if len(self._hidden) >= OPENINGS_MAX:
                self._hidden.clear()
            self._hidden[key] = found
        return found

    def runs(self, extent: Extent, codec: Codec) -> Runs:
        """Return the open cells as an Arrow IPC stream made of byte ranges that exist.

        Only record batches that the extent's edge cuts are filtered and encoded, once, and kept
        under `<home>/views`.
        """
        self._check(FILES[codec])
        source = views.Source(self.folder / FILES[codec], codec, self.index["codecs"][codec])
        opening, states = self._resolved(extent)
        if opening.indicators.all() and (states == WHOLE).all():
            return views.whole(source, self.bounds)
        way = self._plan(extent, source, opening, states)
        return views.runs(source, opening, way, self._views, self.folder.name)

    def parquet(self, extent: Extent) -> Path:
        """Return a Parquet file with the open cells: the release's own twin, or a kept view."""
        if self.whole(extent):
            self._check(PARQUET)
            return self.folder / PARQUET
        opening, states = self._resolved(extent)
        pieces = self._pieces(opening, states)
        return views.parquet(opening, self.schema, pieces, self._views, self.folder.name)

    @property
    def _views(self) -> DerivedFiles:
        return DerivedFiles(self.folder.parent.parent / "views")

    def _check(self, name: str) -> None:
        part = next(part for part in self.manifest.parts if part.path == name)
        manifest.check(self.folder / name, part.sha256)

    def _plan(
        self, extent: Extent, source: views.Source, opening: Opening, states: Array
    ) -> views.Plan:
        key = _key(extent), extent.indicators, source.codec
        found = self._plans.get(key)
        if found is None:
            batches = zip(self.batches, self._batch_states(opening, states), strict=True)
            found = views.plan(source, opening, tuple(batches))
            if len(self._plans) >= PLANS_MAX:
                self._plans.clear()
            self._plans[key] = found
        return found

    def _resolved(self, extent: Extent) -> tuple[Opening, Array]:
        """Return the extent held against this release, and the state of each partition."""
        key = _key(extent)
        found = self._openings.get(key)
        if found is None:
            opening = resolve(extent, self.codes)
            found = opening, self._states(opening)
            if len(self._openings) >= OPENINGS_MAX:
                self._openings.clear()
            self._openings[key] = found
        return narrowed(found[0], extent.indicators), found[1]

    def _states(self, opening: Opening) -> Array:
        """Say of each partition whether its areas are closed, cut or whole, and cut by the rest."""
        levels = {level: number for number, level in enumerate(self.codes.columns["level"])}
        areas = {area: number for number, area in enumerate(self.codes.columns["area"])}
        states = np.empty(len(self.index["partitions"]), np.int8)
        for number, (level, *_) in enumerate(self.index["partitions"]):
            present = [areas[code] for code in self.index["areas"][number]]
            bits = opening.areas[levels[level], present]
            states[number] = WHOLE if bits.all() else CUT if bits.any() else CLOSED
        if not opening.everywhere:
            states[states == WHOLE] = CUT
        return states

    def _pieces(self, opening: Opening, states: Array) -> Iterator[pa.RecordBatch]:
        if opening.indicators.all():
            spans = self.partitions[states != CLOSED]
            runs = np.column_stack(
                [spans[:, 0], spans[:, 0] + spans[:, 1], states[states != CLOSED]]
            )
        else:
            lines = self.slices.lines(np.flatnonzero(opening.indicators))
            lines = lines[states[self.slices.partition[lines]] != CLOSED]
            kinds = states[self.slices.partition[lines]]
            runs = np.column_stack([self.slices.start[lines], self.slices.stop[lines], kinds])
        for start, stop, kind in _joined(runs):
            for piece in self._cut(start, stop):
                if kind == WHOLE:
                    yield piece
                    continue
                yield from _open_rows(piece, opening.mask(piece))

    def _cut(self, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        number = bisect_right(self.bounds, start) - 1
        while start < stop:
            first, last = self.bounds[number], self.bounds[number + 1]
            end = min(stop, last)
            batch = self.batches[number]
            whole = start == first and end == last
            yield batch if whole else batch.slice(start - first, end - start)
            start, number = end, number + 1

    def _batch_states(self, opening: Opening, states: Array) -> list[int]:
        """Say of each record batch what the index tells: closed, to be looked at, or whole."""
        firsts = self.partitions[:, 0]
        found: list[int] = []
        for number, batch in enumerate(self.batches):
            partition = int(np.searchsorted(firsts, self.bounds[number], side="right")) - 1
            found.append(_batch_state(int(states[partition]), opening, batch))
        return found


def _batch_state(state: int, opening: Opening, batch: pa.RecordBatch) -> int:
    """Narrow the state of a batch's partition by the run of indicators that the batch holds."""
    if state == CLOSED:
        return CLOSED
    numbers = batch.column("indicator").indices
    held = opening.indicators[numbers[0].as_py() : numbers[-1].as_py() + 1]
    if not held.any():
        return CLOSED
    return state if held.all() else CUT


def _open_rows(piece: pa.RecordBatch, mask: Array) -> Iterator[pa.RecordBatch]:
    """Yield the open rows: without a copy where they lie in a few runs, else filtered."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    if len(edges) > 2 * RUNS_CUT_MAX:
        yield piece.filter(pa.array(mask))
        return
    for start, stop in edges.reshape(-1, 2).tolist():
        yield piece.slice(start, stop - start)


def _joined(runs: Array) -> Iterator[tuple[int, int, int]]:
    """Yield runs (start, stop, kind) with neighbours of one kind joined."""
    lines = runs.tolist()
    if not lines:
        return
    start, stop, kind = lines[0]
    for following in lines[1:]:
        if following[0] == stop and following[2] == kind:
            stop = following[1]
        else:
            yield start, stop, kind
            start, stop, kind = following
    yield start, stop, kind


def _key(extent: Extent) -> object:
    areas = None if extent.areas is None else frozenset(extent.areas.items())
    return areas, extent.periods, frozenset(extent.breakdowns.items())
