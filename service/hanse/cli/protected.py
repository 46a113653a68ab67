"""Writes a table in the form that its file's name says: Parquet, CSV or an Excel sheet."""

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hanse.errors import Invalid

SHEET_ROWS_MAX = 1_048_575
"""What a sheet holds below its header."""

Writer = Callable[[Any, Path], object]


def writer_of(path: Path) -> Writer:
    """Return how a file of this name is written; raise Invalid for a name that says no form."""
    found = _WRITERS.get(path.suffix.lower())
    if found is None:
        raise Invalid("PROTECT_SUFFIX", path=path.name[:200], known=", ".join(sorted(_WRITERS)))
    return found


def _parquet(table: Any, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd", store_schema=False)


def _csv(table: Any, path: Path) -> None:
    """Write commas, a header, UTF-8; a hidden cell is empty."""
    from pyarrow import csv

    csv.write_csv(table, path)


def _xlsx(table: Any, path: Path) -> None:
    """Write one sheet; a hidden cell is blank, and a code is never read as a number."""
    import xlsxwriter

    if table.num_rows > SHEET_ROWS_MAX:
        raise Invalid("XLSX_ROWS", rows=table.num_rows, limit=SHEET_ROWS_MAX)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, table.column_names)
        columns = [column.to_pylist() for column in table.columns]
        for number, row in enumerate(zip(*columns, strict=True), 1):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif value is not None:
                    sheet.write_number(number, place, value)


_WRITERS = MappingProxyType({".parquet": _parquet, ".csv": _csv, ".xlsx": _xlsx})
