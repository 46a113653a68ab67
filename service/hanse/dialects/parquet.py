"""Parquet: plain strings, nothing but the cells; statistics come from the cells that leave.

No Arrow schema and no pandas index travels along: either could tell of columns or rows that are not
there.
"""

import tempfile
from collections.abc import Iterator

import pyarrow.parquet as pq

from hanse.cube.cleared import Cleared
from hanse.dialects.heading import Heading

MEDIA_TYPE = "application/vnd.apache.parquet"
SUFFIX = ".parquet"
ROW_GROUP_ROWS = 122_880
CHUNK_BYTES = 1 << 20


def render(cleared: Cleared, heading: Heading) -> Iterator[bytes]:
    """Yield the file in pieces; its footer stands at the end, so it is made whole first."""
    with tempfile.TemporaryFile() as file:
        pq.write_table(
            cleared.table,
            file,
            row_group_size=ROW_GROUP_ROWS,
            compression="zstd",
            store_schema=False,
            version="2.6",
        )
        file.seek(0)
        while piece := file.read(CHUNK_BYTES):
            yield piece
