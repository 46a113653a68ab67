"""Cells that may leave: `scrub` is the only maker of `Cleared`, and renderers take nothing else.

Marking a cell null hides it from the reader of the table, not from the reader of the bytes: Arrow may
ship the old number under the null, the rows outside a slice, or a dictionary of every category
(Arrow's own `docs/source/format/Security.rst`). Scrubbing rebuilds every buffer from what is visible.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import dimensions_of, protected_schema
from hanse.errors import Invalid

_SEAL = object()

_BLANKS: dict[pa.DataType, object] = {pa.float64(): 0.0, pa.string(): ""}


@dataclass(frozen=True, slots=True)
class Cleared:
    """A scrubbed table of protected cells: text columns plain, no metadata, nothing under a null."""

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
    def dimensions(self) -> tuple[str, ...]:
        """The breakdown dimensions, in storage order."""
        return dimensions_of(self.table.schema)


def scrub(table: pa.Table) -> Cleared:
    """Return the same visible cells in buffers that hold nothing else.

    Raises `Invalid` for a column that a protected cube does not have, or a type it may not have:
    where nothing is known about a type's hidden bytes, nothing leaves.
    """
    wanted = protected_schema(dimensions_of(table.schema)).names
    if table.column_names != wanted:
        raise Invalid("CELLS_SHAPE", found=", ".join(table.column_names), wanted=", ".join(wanted))
    columns = {name: _scrub_column(table.column(name)) for name in wanted}
    return Cleared(pa.table(columns), _SEAL)


def _scrub_column(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(array, pa.ChunkedArray):  # no rows at all: combine_chunks keeps the wrapper
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()  # `take` alone keeps every category
    if array.type not in _BLANKS:
        raise Invalid("CELLS_TYPE", type=str(array.type))
    blank = pa.scalar(_BLANKS[array.type], array.type)
    filled = pc.fill_null(array, blank)
    # A null *array*, not a null scalar: the scalar kernel leaves the old bytes under the null.
    masked = pc.replace_with_mask(filled, pc.is_null(array), pa.scalar(None, array.type))
    compacted = masked.take(pa.arange(0, len(masked), 1))
    return compacted
