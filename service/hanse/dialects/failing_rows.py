"""The rows a check found wrong, as a CSV file that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterable, Sequence

from hanse.dialects.csv import guarded

HEADERS = ("dataset", "rule", "severity", "sheet", "row", "column", "message")


def encode(rows: Iterable[Sequence[str | int]]) -> bytes:
    """Return the rows (in the order of `HEADERS`) as UTF-8 CSV with a byte order mark for Excel."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(HEADERS)
    for row in rows:
        writer.writerow([guarded(each) if isinstance(each, str) else each for each in row])
    return buffer.getvalue().encode("utf-8-sig")
