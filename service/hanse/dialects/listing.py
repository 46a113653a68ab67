"""Any list as a CSV file that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterable, Sequence

from hanse.dialects.csv import guarded


def encode(heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """Return rows under their heads as UTF-8 CSV with a byte order mark for Excel."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in (heads, *rows):
        writer.writerow([guarded(each) if isinstance(each, str) else each for each in row])
    return buffer.getvalue().encode("utf-8-sig")
