"""Cuts views of one dataset into the same parts, each small enough to be held in memory.

A part is some series (a level with an indicator), where one is too long some of its areas. Rows of
one part are gathered from wherever they stand, so that views need no order in common: releases lie
by policy partitions, and those may differ from one release to the next.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.cube.encoding import encode

Array = np.ndarray[Any, Any]
Series = tuple[str, str]

_PLACED = ("level", "indicator", "area")


@dataclass(frozen=True, slots=True)
class Span:
    """A part: its series as (level, indicator), and the areas where it holds not all of them."""

    series: frozenset[Series]
    areas: frozenset[str] | None = None


class View:
    """The cells of one view; nothing of the table is copied until a part of it is gathered."""

    def __init__(self, table: pa.Table) -> None:
        self.schema: pa.Schema = table.schema
        self._batches: list[_Batch] = []
        texts: dict[str, tuple[pa.Array, tuple[str, ...]]] = {}
        for batch in table.to_batches():
            if batch.num_rows:
                self._batches.append(_placed(batch, texts))

    def series(self) -> Counter[Series]:
        """Return how many rows every series has."""
        found: Counter[Series] = Counter()
        for batch in self._batches:
            for pair, count in batch.pairs.items():
                found[batch.named(pair)] += count
        return found

    def areas(self, series: Series) -> Counter[str]:
        """Return how many rows every area has in a series, areas in the order they stand in."""
        found: Counter[str] = Counter()
        for batch, mask in self._masked(Span(frozenset({series}))):
            areas = batch.codes["area"][mask]
            codes, firsts, counts = np.unique(areas, return_index=True, return_counts=True)
            for number in np.argsort(firsts).tolist():
                found[batch.texts["area"][int(codes[number])]] += int(counts[number])
        return found

    def rows(self, span: Span) -> pa.Table:
        """Return the rows of a part, in the order they stand in."""
        kept = [
            each.batch if mask.all() else each.batch.filter(pa.array(mask))
            for each, mask in self._masked(span)
        ]
        return pa.Table.from_batches(kept, self.schema)

    def _masked(self, span: Span) -> Iterator[tuple["_Batch", Array]]:
        """Yield the batches that hold rows of a part, each with which rows those are."""
        texts: tuple[str, ...] | None = None
        opened: Array | None = None
        for each in self._batches:
            if span.areas is not None and each.texts["area"] is not texts:
                texts = each.texts["area"]
                opened = np.asarray([text in span.areas for text in texts], bool)
            mask = each.mask(span.series, opened)
            if mask is not None:
                yield each, mask


def spans(views: Sequence[View], rows: int) -> tuple[Span, ...]:
    """Return parts that together hold every row of every view once.

    Each has at most `rows` rows of all views together, or is one area of one series. Views without
    a row are one part without a series.
    """
    counts: Counter[Series] = Counter()
    for view in views:
        counts.update(view.series())
    found: list[Span] = []
    held: list[Series] = []
    size = 0
    for series in sorted(counts):
        if held and size + counts[series] > rows:
            found.append(Span(frozenset(held)))
            held, size = [], 0
        if counts[series] > rows:
            found.extend(_cut(views, series, rows))
        else:
            held.append(series)
            size += counts[series]
    if held or not found:
        found.append(Span(frozenset(held)))
    return tuple(found)


def _cut(views: Sequence[View], series: Series, rows: int) -> Iterator[Span]:
    counts: Counter[str] = Counter()
    for view in views:
        counts.update(view.areas(series))
    held: list[str] = []
    size = 0
    for area, count in counts.items():
        if held and size + count > rows:
            yield Span(frozenset({series}), frozenset(held))
            held, size = [], 0
        held.append(area)
        size += count
    yield Span(frozenset({series}), frozenset(held))


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """A record batch: the codes of its levels, indicators and areas, and what occurs in it.

    `pairs` counts the rows of each series, by the code of its level times the number of indicators
    plus the code of its indicator; `first` and `last` are the least and the most area code.
    """

    batch: pa.RecordBatch
    texts: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, Array]
    pairs: Mapping[int, int]
    first: int
    last: int

    def named(self, pair: int) -> Series:
        """Return the series that a number of `pairs` stands for."""
        level, indicator = divmod(pair, len(self.texts["indicator"]))
        return self.texts["level"][level], self.texts["indicator"][indicator]

    def mask(self, series: frozenset[Series], opened: Array | None) -> Array | None:
        """Return which rows are of these series and of the areas opened; None where none is."""
        wanted = [pair for pair in self.pairs if self.named(pair) in series]
        shut = opened is not None and not opened[self.first : self.last + 1].any()
        if not wanted or shut:
            return None
        mask = np.ones(self.batch.num_rows, bool)
        if len(wanted) < len(self.pairs):
            mask = np.isin(_pairs(self.codes, self.texts), wanted)
        if opened is not None:
            mask &= opened[self.codes["area"]]
        return mask if mask.any() else None


def _placed(batch: pa.RecordBatch, known: dict[str, tuple[pa.Array, tuple[str, ...]]]) -> _Batch:
    codes: dict[str, Array] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for name in _PLACED:
        column = batch.column(name)
        column = column if pa.types.is_dictionary(column.type) else encode(column)
        if name not in known or not known[name][0].equals(column.dictionary):
            known[name] = column.dictionary, tuple(column.dictionary.to_pylist())
        texts[name] = known[name][1]
        codes[name] = column.indices.to_numpy()
    counts = np.bincount(_pairs(codes, texts))
    pairs = {pair: int(counts[pair]) for pair in np.flatnonzero(counts).tolist()}
    areas = codes["area"]
    return _Batch(batch, texts, codes, pairs, int(areas.min()), int(areas.max()))


def _pairs(codes: Mapping[str, Array], texts: Mapping[str, tuple[str, ...]]) -> Array:
    return codes["level"].astype(np.int64) * len(texts["indicator"]) + codes["indicator"]
