"""Cells of a draft as a file: written and read back by the node that made it, never sent
anywhere."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write(cells: pa.Table, path: Path) -> None:
    """Write cells; their dictionary columns come back as they were."""
    pq.write_table(cells, path, compression="zstd")


def read(path: Path) -> pa.Table:
    """Return cells that `write` wrote."""
    return pq.read_table(path)
