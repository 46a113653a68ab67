"""Reads a table in the form that its bytes say: Parquet, CSV or an Excel sheet.

A code is text, whatever it looks like: `01` keeps its zero. Only the columns that are asked for as
figures become numbers, and a figure that is none is refused with its row.
"""

import csv
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hanse.errors import Invalid

SHEET_BYTES_MAX = 200_000_000
DELIMITERS = (",", ";", "\t")
HEAD_BYTES = 65_536
"""How far the header of a CSV file may reach."""

_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"
_ROW = re.compile(r"Row #(\d+)")


def read(path: Path, figures: Collection[str]) -> pa.Table:
    """Return the table of a file, its `figures` as numbers (Parquet says itself what they are).

    Raises Invalid for a file of another form, a row that does not fit its header, a column that
    stands twice, and a figure that is no number.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(_PARQUET):
        return _parquet(path)
    if head.startswith(_ZIP):
        return _numbered(_sheet(path), figures, path)
    if path.suffix.lower() in {".csv", ".txt", ".tsv"}:
        return _numbered(_csv(path, head), figures, path)
    raise Invalid("DISCLOSURE_FILE", path=path.name)


def _parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise Invalid("DISCLOSURE_FILE", path=path.name) from None


def _csv(path: Path, head: bytes) -> pa.Table:
    """Return a CSV file, every column as text; what is empty is none."""
    from pyarrow import csv as arrow_csv

    try:
        header = head.partition(b"\n")[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        raise Invalid("DISCLOSURE_ROW", path=path.name, row=1) from None
    delimiter = max(DELIMITERS, key=re.sub(r'"[^"]*"', "", header).count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    try:
        return arrow_csv.read_csv(
            path,
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(
                column_types={_once(name, names, path): pa.string() for name in names},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowException as fault:
        row = _ROW.search(str(fault))
        place = int(row[1]) if row else "-"
        raise Invalid("DISCLOSURE_ROW", path=path.name, row=place) from None


def _once(name: str, names: Sequence[str], path: Path) -> str:
    if not name or names.count(name) > 1:
        raise Invalid("DISCLOSURE_COLUMN_TWICE", path=path.name, column=name[:60])
    return name


def _sheet(path: Path) -> pa.Table:
    """Return the one sheet of a workbook that holds anything, every column as text."""
    from hanse.dialects.swing import spreadsheet

    size = path.stat().st_size
    if size > SHEET_BYTES_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what=path.name, found=size, limit=SHEET_BYTES_MAX)
    sheets = [each for each in spreadsheet.read(path.read_bytes(), path.name) if each.rows]
    if len(sheets) != 1:
        raise Invalid("DISCLOSURE_SHEETS", path=path.name, count=len(sheets))
    header, *rows = sheets[0].rows
    while rows and not any(_text(value) for value in rows[-1]):
        rows.pop()
    names = [_text(name) for name in header]
    for at in range(len(names)):
        _once(names[at], names, path)
    return pa.table(
        {
            name: pa.array([_text(row[at]) or None for row in rows], pa.string())
            for at, name in enumerate(names)
        }
    )


def _text(value: Any) -> str:
    """Return a value of a sheet as it is written: 41002, not 41002.0."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value).strip()


def _numbered(table: pa.Table, figures: Collection[str], path: Path) -> pa.Table:
    """Return the table with its figures as numbers, whole ones where all are."""
    for at, name in enumerate(table.column_names):
        if name in figures:
            table = table.set_column(at, name, _numbers(table[name], name, path))
    return table


def _numbers(column: pa.ChunkedArray, name: str, path: Path) -> pa.ChunkedArray:
    for kind in (pa.int64(), pa.float64()):
        try:
            return pc.cast(pc.utf8_trim_whitespace(column), kind)
        except pa.ArrowException:
            continue
    row = next(at for at, text in enumerate(column.to_pylist(), 1) if not _is_number(text))
    raise Invalid("DISCLOSURE_FIGURE", path=path.name, column=name, row=row)


def _is_number(text: str | None) -> bool:
    try:
        pc.cast(pa.array([(text or "0").strip()]), pa.float64())
    except pa.ArrowException:
        return False
    return True
