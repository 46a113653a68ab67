"""Arrow IPC stream: key columns as dictionaries of just the codes that occur."""

from collections.abc import Iterator
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import protected_as
from hanse.cube.cleared import Cleared
from hanse.dialects.heading import Heading

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
SUFFIX = ".arrows"
CHUNK_ROWS = 65_536
RUN_ROWS = 4
"""How long runs of a code must be on average before reading runs costs less than reading rows."""

Codec = Literal["raw", "zstd"]


def render(cleared: Cleared, heading: Heading, codec: Codec = "raw") -> Iterator[bytes]:
    """Yield the stream message by message: schema, dictionaries, record batches, end marker."""
    table = cleared.table.combine_chunks()
    columns = [
        _encoded(column) if pa.types.is_string(column.type) else column for column in table.columns
    ]
    shaped = pa.table(columns, schema=protected_as(table.column_names))
    options = pa.ipc.IpcWriteOptions(compression=None if codec == "raw" else codec)
    sink = _Sink()
    with pa.ipc.new_stream(pa.PythonFile(sink, "w"), shaped.schema, options=options) as writer:
        for batch in shaped.to_batches(max_chunksize=CHUNK_ROWS):
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return codes as a dictionary array; sorted cells repeat them, so runs are read, not rows."""
    array = column.chunk(0) if column.num_chunks else pa.array([], pa.string())
    runs = pc.run_end_encode(array)
    if array.null_count or len(runs.values) * RUN_ROWS > len(array):
        return array.dictionary_encode()
    codes = runs.values.dictionary_encode()
    lengths = runs.run_ends.to_numpy().copy()
    lengths[1:] -= lengths[:-1].copy()
    indices = codes.indices.to_numpy().repeat(lengths)
    return pa.DictionaryArray.from_arrays(pa.array(indices), codes.dictionary)


class _Sink:
    """Holds what the writer wrote since it was last taken."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, piece: bytes) -> int:
        self.pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        return taken
