"""A node's cells as an Arrow table: read only when their shape and their buffers can be trusted.

Arrow's reader follows what a stream says. So a stream is refused when a batch is compressed (9 kB
can unfold to 300 MB), when a column is not one of a protected cube, when an offset or a dictionary
index points outside its buffer, and when its dictionaries stand for more text than fits.
"""

import struct
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import (
    KEY_COLUMNS,
    MEASURE_COLUMNS,
    NUMBER_COLUMNS,
    ORIGIN_COLUMNS,
    SAMPLE_COLUMNS,
    protected_as,
)
from hanse.errors import Invalid

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
CODE_BYTES_MAX: Final = 256
"""The longest text of a key or status: one long text in a dictionary stands for millions."""

PLAIN_BYTES_MAX: Final = 1_000_000_000
"""How much text a stream may come to once its dictionaries are written out."""

MARK_COLUMNS: Final = ("mark", "reasons")
"""What a comparison says of every cell beside its measures."""

TAKEN: Final = frozenset(
    {
        *KEY_COLUMNS, *MEASURE_COLUMNS, *SAMPLE_COLUMNS, *ORIGIN_COLUMNS, *MARK_COLUMNS, "rank",
    }
)  # fmt: skip
"""Columns that a breakdown may not be called after, however it is spelled."""

_BATCHES: Final = {2: "dictionary", 3: "record batch"}  # MessageHeader of Arrow's Message.fbs


def read_cells(content: bytes, peer: str) -> pa.Table:
    """Return the cells of an uncompressed Arrow IPC stream, text columns plain.

    Columns are those of a protected cube, in its order. Raises `Invalid` for anything else.
    """
    try:
        if _is_compressed(content):
            raise Invalid("ANSWER_CELLS", peer=peer)
        with pa.ipc.open_stream(content) as reader:
            return plain(check_cells(reader.read_all(), peer))
    except (pa.ArrowException, OSError, ValueError, struct.error, IndexError) as fault:
        raise Invalid("ANSWER_CELLS", peer=peer) from fault


def check_cells(table: pa.Table, peer: str) -> pa.Table:
    """Return the table when it has the columns and types of a protected cube and valid buffers."""
    wanted = protected_as(table.column_names).names
    if table.column_names != wanted or not all(map(_fits, table.schema)):
        raise Invalid("ANSWER_CELLS", peer=peer)
    table.validate(full=True)
    longest = [_longest(table.column(name)) for name in wanted if name not in NUMBER_COLUMNS]
    if not all(_are_numbers(table.column(name)) for name in wanted if name in NUMBER_COLUMNS):
        raise Invalid("ANSWER_CELLS", peer=peer)
    if any(name.lower() in TAKEN for name in wanted if name.isupper()):
        raise Invalid("ANSWER_CELLS", peer=peer)
    if max(longest) > CODE_BYTES_MAX or sum(longest) * table.num_rows > PLAIN_BYTES_MAX:
        raise Invalid("ANSWER_CELLS", peer=peer)
    return table.replace_schema_metadata(None)


def plain(table: pa.Table) -> pa.Table:
    """Return the same cells with every text column as plain strings."""
    columns = {
        name: table.column(name).cast(pa.float64() if name in NUMBER_COLUMNS else pa.string())
        for name in table.column_names
    }
    return pa.table(columns)


def _are_numbers(column: pa.ChunkedArray) -> bool:
    """Say whether every value is null or a finite number: others poison every sum they are in."""
    return bool(pc.all(pc.is_finite(column), min_count=0).as_py())


def _longest(column: pa.ChunkedArray) -> int:
    """Return the length in bytes of the longest text that a column holds or names."""
    texts = [chunk.dictionary if _is_coded(column) else chunk for chunk in column.chunks]
    lengths = (pc.max(pc.binary_length(each)).as_py() for each in texts)
    return max((length or 0 for length in lengths), default=0)


def _is_coded(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_dictionary(column.type))


def _fits(column: pa.Field) -> bool:
    if column.name in NUMBER_COLUMNS:
        return bool(column.type == pa.float64())
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_compressed(content: bytes) -> bool:
    """Say whether any batch names a compression, from the messages' own metadata."""
    with pa.BufferReader(content) as source:
        reader = pa.ipc.MessageReader.open_stream(source)
        try:
            while True:
                if _names_compression(reader.read_next_message().metadata.to_pybytes()):
                    return True
        except StopIteration:
            return False


def _names_compression(metadata: bytes) -> bool:
    """Look up field 3 (`compression`) of a RecordBatch in a Message (Arrow's Message.fbs).

    A flatbuffer table starts with the distance back to its vtable; the vtable holds, after its own
    size and the table's, the place of each field, 0 where it is absent.
    """
    message = struct.unpack_from("<I", metadata, 0)[0]
    kind_at = _field(metadata, message, 1)
    header_at = _field(metadata, message, 2)
    if not kind_at or not header_at or metadata[kind_at] not in _BATCHES:
        return False
    batch = header_at + struct.unpack_from("<I", metadata, header_at)[0]
    if _BATCHES[metadata[kind_at]] == "dictionary":
        inner_at = _field(metadata, batch, 1)
        batch = inner_at + struct.unpack_from("<I", metadata, inner_at)[0]
    return _field(metadata, batch, 3) != 0


def _field(metadata: bytes, table: int, number: int) -> int:
    vtable = table - struct.unpack_from("<i", metadata, table)[0]
    size = struct.unpack_from("<H", metadata, vtable)[0]
    if 4 + 2 * number >= size:
        return 0
    offset = int(struct.unpack_from("<H", metadata, vtable + 4 + 2 * number)[0])
    return table + offset if offset else 0
