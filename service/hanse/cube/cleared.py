"""Cells that may leave: `scrub` is the only maker of `Cleared`, and renderers take nothing else.

Marking a cell null hides it from the reader of the table, not from the reader of the bytes: Arrow
may ship the old number under the null, the rows outside a slice, or a dictionary of every category
(Arrow's own `docs/source/format/Security.rst`). Scrubbing writes every buffer anew from what is
visible.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import dimensions_of, protected_schema
from hanse.cube.encoding import whole
from hanse.cube.status import SYMBOL_OF_OBS_STATUS, ConfStatus
from hanse.errors import Invalid

PIECE_ROWS = 65_536
"""About how many cells are cleared at a time where an answer is streamed."""
BOUNDARY_ROWS = 4_096

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Cleared:
    """A scrubbed table of protected cells: text columns plain, no metadata, nothing under nulls."""

    table: pa.Table
    seal: object

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


def hidden_in(table: pa.Table) -> int:
    """Return how many cells of a table in the protected shape are hidden."""
    column, wanted = whole(table.column("conf_status")), ConfStatus.CONFIDENTIAL.value
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
    wanted = protected_schema(dimensions_of(table.schema)).names
    if table.column_names != wanted:
        raise Invalid("CELLS_SHAPE", found=", ".join(table.column_names), wanted=", ".join(wanted))
    columns = {name: _scrub_column(table.column(name)) for name in wanted}
    _refuse_hidden_numbers(columns)
    return Cleared(pa.table(columns), _SEAL)


class Pieces:
    """Visible cells that are scrubbed piece by piece, so that memory stays flat.

    A piece ends where the indicator, the level or the area changes: what belongs to one series of
    the storage order is never cut. Raises what `scrub` raises.
    """

    def __init__(self, table: pa.Table, rows: int = PIECE_ROWS) -> None:
        self._table = table
        self._rows = rows

    def __iter__(self) -> Iterator[Cleared]:
        """Yield every piece."""
        return (cleared for _, cleared in self.after(0))

    def after(self, row: int) -> Iterator[tuple[int, Cleared]]:
        """Yield the pieces from a row on, each with its first row; what is before costs nothing."""
        table = self._table
        start = row
        while start < table.num_rows:
            stop = _boundary(table, min(start + self._rows, table.num_rows))
            yield start, scrub(table.slice(start, stop - start))
            start = stop


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
    missing = pa.array(list(SYMBOL_OF_OBS_STATUS), pa.string())
    numbered = pc.is_valid(columns["obs_value"])
    silent = pc.or_(
        pc.is_in(columns["obs_status"], value_set=missing),
        pc.equal(pc.fill_null(columns["conf_status"], ""), ConfStatus.CONFIDENTIAL.value),
    )
    count = pc.sum(pc.and_(numbered, silent), min_count=0).as_py()
    if count:
        raise Invalid("CELLS_HIDDEN_NUMBER", count=count)


def _scrub_column(column: pa.ChunkedArray) -> pa.Array:
    array = whole(column)
    if pa.types.is_dictionary(array.type) and array.type.value_type == pa.string():
        # Reading the texts one by one writes them anew; taking rows would keep every category.
        return _rebuilt(pc.take(array.dictionary, array.indices))
    if array.type == pa.float64():
        visible = pc.fill_null(pc.is_finite(array), False)
        if pc.sum(visible, min_count=0).as_py() != len(array) - array.null_count:
            raise Invalid("CELLS_TYPE", type="NaN")
        return _rebuilt(pc.if_else(visible, array, 0.0), visible)
    if array.type == pa.string():
        visible = pc.invert(pc.is_null(array))
        return _rebuilt(pc.if_else(visible, array, ""), visible)
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
