"""Cells that may leave: `scrub` is the only maker of `Cleared`, and renderers take nothing else.

Marking a cell null hides it from the reader of the table, not from the reader of the bytes: Arrow
may ship the old number under the null, the rows outside a slice, or a dictionary of every category
(Arrow's own `docs/source/format/Security.rst`). Scrubbing writes every buffer anew from what is
visible.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import NUMBER_COLUMNS, dimensions_of, protected_as
from hanse.cube.encoding import whole
from hanse.cube.status import SYMBOL_OF_OBS_STATUS, ConfStatus
from hanse.errors import Invalid

PIECE_ROWS = 65_536
"""About how many cells are cleared at a time where an answer is streamed."""
BOUNDARY_ROWS = 4_096

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Cleared:
    """A scrubbed table of protected cells: no metadata, nothing under nulls.

    Text columns are plain, or (`coded`) codes beside a dictionary of just the texts that occur.
    """

    table: pa.Table
    seal: object
    coded: bool = False

    def __post_init__(self) -> None:
        """Refuse any maker but `scrub`."""
        if self.seal is not _SEAL:
            raise TypeError("only scrub() clears a table")

    @property
    def rows(self) -> int:
        """How many cells there are."""
        return int(self.table.num_rows)

    @property
    def hidden(self) -> int:
        """How many of the cells are hidden."""
        return hidden_in(self.table)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The breakdown dimensions, in storage order."""
        return dimensions_of(self.table.schema)

    @property
    def names(self) -> list[str]:
        """The columns, in storage order."""
        return list(self.table.column_names)

    def __iter__(self) -> Iterator["Cleared"]:
        """Yield the cells, as one piece."""
        yield self

    def column(self, name: str) -> Iterator[pa.Array]:
        """Yield one column, chunk by chunk."""
        yield from self.table.column(name).chunks

    def kept(self, mask: pa.Array | pa.ChunkedArray) -> "Cleared":
        """Return the cells that a mask keeps, in the same form."""
        return (in_codes if self.coded else scrub)(self.table.filter(mask))


def hidden_in(table: pa.Table) -> int:
    """Return how many cells of a table in the protected shape are hidden."""
    return sum(_hidden(chunk) for chunk in table.column("conf_status").chunks)


def _hidden(column: pa.Array) -> int:
    wanted = ConfStatus.CONFIDENTIAL.value
    if not pa.types.is_dictionary(column.type):
        return int(pc.sum(pc.equal(column, wanted), min_count=0).as_py())
    place = pc.index(column.dictionary, wanted).as_py()
    return int(pc.sum(pc.equal(column.indices, place), min_count=0).as_py()) if place >= 0 else 0


def scrub(table: pa.Table) -> Cleared:
    """Return the same visible cells in buffers that hold nothing else.

    One copy, two where a column stands in several chunks. Every buffer is written anew and is as
    long as the visible rows need; a slot without a value is zero; no dictionary and no metadata
    remain.
    Raises `Invalid`: CELLS_SHAPE for columns that a protected cube does not have; CELLS_TYPE for a
    type it may not have (where nothing is known about a type's hidden bytes, nothing leaves) and
    for a number that is none (the bits of a NaN could carry another); CELLS_HIDDEN_NUMBER where a
    cell says that it is hidden or missing and has a number all the same.
    """
    columns = {name: _scrub_column(table.column(name)) for name in _wanted(table)}
    _refuse_hidden_numbers(columns)
    return Cleared(pa.table(columns), _SEAL)


def in_codes(table: pa.Table) -> Cleared:
    """Return what `scrub` returns, each text column as codes of just the texts that occur.

    The dictionaries are written anew: a text that no visible row has is in none of them.
    """
    columns = {name: _scrub_column(table.column(name), _codes) for name in _wanted(table)}
    _refuse_hidden_numbers(columns)
    return Cleared(pa.table(columns), _SEAL, coded=True)


def _wanted(table: pa.Table) -> list[str]:
    wanted: list[str] = protected_as(table.column_names).names
    if table.column_names != wanted:
        raise Invalid("CELLS_SHAPE", found=", ".join(table.column_names), wanted=", ".join(wanted))
    return wanted


class Pieces:
    """Visible cells that are scrubbed piece by piece, so that memory stays flat.

    A piece ends where the indicator, the level or the area changes: what belongs to one series of
    the storage order is never cut. Raises what `scrub` raises.
    """

    def __init__(self, table: pa.Table, rows: int = PIECE_ROWS, *, coded: bool = False) -> None:
        self._table = table
        self._rows = rows
        self._clear = in_codes if coded else scrub

    @property
    def rows(self) -> int:
        """How many cells there are."""
        return int(self._table.num_rows)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The breakdown dimensions, in storage order."""
        return dimensions_of(self._table.schema)

    @property
    def names(self) -> list[str]:
        """The columns, in storage order."""
        return list(self._table.column_names)

    def coded(self) -> "Pieces":
        """Return the same cells with texts as codes: less work for whoever spells each once."""
        return Pieces(self._table, self._rows, coded=True)

    def column(self, name: str) -> Iterator[pa.Array]:
        """Yield one column, scrubbed, chunk by chunk."""
        for start in range(0, self._table.num_rows, self._rows):
            piece = self._table.slice(start, self._rows)
            if name in NUMBER_COLUMNS:  # a number is looked at beside its status
                yield from self._clear(piece).column(name)
            else:
                yield _scrub_column(piece.column(name))

    def numbered(self, skip: int) -> tuple[int, int]:
        """Return where the cell stands that has `skip` cells with a number before it.

        A row before which at most `skip` of them stand, and how many are left to pass from there.
        """
        row = 0
        for chunk in self._table.column("obs_value").chunks:
            count = len(chunk) - chunk.null_count
            if count > skip:
                break
            row, skip = row + len(chunk), skip - count
        return row, skip

    def unnumbered(
        self, row: int
    ) -> Iterator[tuple["np.ndarray[Any, np.dtype[np.int64]]", Cleared]]:
        """Yield the cells without a number from a row on, with the row of each.

        Those with a number are passed by without reading them.
        """
        first = 0
        for chunk in self._table.column("obs_value").chunks:
            last = first + len(chunk)
            if last > row and chunk.null_count:
                places = np.flatnonzero(chunk.is_null().to_numpy(zero_copy_only=False)) + first
                places = places[places >= row]
                if len(places):
                    rows = self._table.slice(first, len(chunk))
                    yield places, self._clear(rows.take(pa.array(places - first)))
            first = last

    def __iter__(self) -> Iterator[Cleared]:
        """Yield every piece."""
        return (cleared for _, cleared in self.after(0))

    def after(self, row: int, rows: int = 0) -> Iterator[tuple[int, Cleared]]:
        """Yield the pieces from a row on, each with its first row; what is before costs nothing.

        Where `rows` is given, pieces are about as long as that, if it is shorter than they were.
        """
        table = self._table
        start, length = row, min(rows or self._rows, self._rows)
        while start < table.num_rows:
            stop = _boundary(table, min(start + length, table.num_rows))
            yield start, self._clear(table.slice(start, stop - start))
            start = stop


Cells = Cleared | Pieces
"""What renderers take: cells that were scrubbed at once, or are while they are read."""


def _boundary(table: pa.Table, place: int) -> int:
    """Return the first row at or after `place` that starts something else than the row before."""
    while 0 < place < table.num_rows:
        window = table.slice(place - 1, BOUNDARY_ROWS).select(["indicator", "level", "area"])
        first = {name: window.column(name)[0] for name in window.column_names}
        differs = pa.chunked_array([pa.repeat(pa.scalar(False), window.num_rows)])
        for name, value in first.items():
            differs = pc.or_(differs, pc.not_equal(window.column(name), value))
        found = pc.index(differs, pa.scalar(True)).as_py()
        if found >= 0:
            return place - 1 + int(found)
        place += window.num_rows - 1
        if window.num_rows == 1:
            break
    return min(place, int(table.num_rows))


def _refuse_hidden_numbers(columns: Mapping[str, pa.Array]) -> None:
    told = [columns[name] for name in columns if name in NUMBER_COLUMNS - {"z"}]
    numbered = pc.is_valid(pc.coalesce(*told))  # a margin or a sample tells of its figure
    silent = pc.or_(
        _one_of(columns["obs_status"], SYMBOL_OF_OBS_STATUS),
        _one_of(columns["conf_status"], (ConfStatus.CONFIDENTIAL.value,)),
    )
    count = pc.sum(pc.and_(numbered, silent), min_count=0).as_py()
    if count:
        raise Invalid("CELLS_HIDDEN_NUMBER", count=count)


def _one_of(column: pa.Array, texts: Iterable[str]) -> pa.Array:
    """Say of every row whether it has one of these texts; a null has none."""
    wanted = pa.array(list(texts), pa.string())
    if not pa.types.is_dictionary(column.type):
        return pc.is_in(column, value_set=wanted)
    return pc.fill_null(
        pc.take(pc.is_in(column.dictionary, value_set=wanted), column.indices), False
    )


def _texts(array: pa.DictionaryArray) -> pa.Array:
    # Reading the texts one by one writes them anew; taking rows would keep every category.
    return _rebuilt(pc.take(array.dictionary, array.indices))


def _codes(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the same texts as codes of a dictionary that has no more than those."""
    if array.null_count or array.dictionary.null_count:
        return _texts(array).dictionary_encode()
    indices = array.indices.to_numpy()
    used = np.flatnonzero(np.bincount(indices, minlength=len(array.dictionary)))
    places = np.zeros(len(array.dictionary), np.int32)
    places[used] = np.arange(len(used), dtype=np.int32)
    texts = _rebuilt(pc.take(array.dictionary, pa.array(used)))
    return pa.DictionaryArray.from_arrays(pa.array(places[indices]), texts)


def _scrub_column(
    column: pa.ChunkedArray, told: Callable[[pa.DictionaryArray], pa.Array] = _texts
) -> pa.Array:
    array = whole(column)
    if pa.types.is_dictionary(array.type) and array.type.value_type == pa.string():
        return told(array)
    if array.type == pa.float64():
        visible = pc.fill_null(pc.is_finite(array), False)
        if pc.sum(visible, min_count=0).as_py() != len(array) - array.null_count:
            raise Invalid("CELLS_TYPE", type="NaN")
        return _rebuilt(pc.if_else(visible, array, 0.0), visible)
    if array.type == pa.string():
        visible = pc.invert(pc.is_null(array))
        plain = _rebuilt(pc.if_else(visible, array, ""), visible)
        return plain if told is _texts else plain.dictionary_encode()
    raise Invalid("CELLS_TYPE", type=str(array.type))


def _rebuilt(array: pa.Array, visible: pa.Array | None = None) -> pa.Array:
    """Return what a kernel wrote, with its own idea of nulls replaced by `visible`, if given."""
    if (
        array.offset
    ):  # a kernel that hands back a view instead of writing would carry what is outside
        raise Invalid("CELLS_TYPE", type=f"{array.type} at {array.offset}")
    if visible is None:
        return array
    _, *buffers = array.buffers()
    validity = None if pc.all(visible).as_py() is not False else visible.buffers()[1]
    return pa.Array.from_buffers(array.type, len(array), [validity, *buffers])
