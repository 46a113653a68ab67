"""Tables of figures over several nodes as files: CSV, JSON, Parquet, Arrow IPC, workbook.

A comparison has columns that no single dataset has (origin, release, mark, reasons), so it is
written here. It holds protected cells only: it is made on the reader's side, of answers that
already left.
"""

import io
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import pyarrow as pa
from pyarrow import csv, parquet

from hanse.errors import Invalid

_FORMULA_STARTS: Final = "=+-@|%\t\r\n＝＋－＠"  # noqa: RUF001 full-width signs start formulas too
_BLANK_STARTS: Final = " \u200b\ufeff"


def write(table: pa.Table, file_format: str) -> bytes:
    """Return a table of text and numbers as a file; raises `Invalid` for an unknown format."""
    if file_format not in _WRITERS:
        formats = ", ".join(sorted(_WRITERS))
        raise Invalid("FILE_FORMAT_UNKNOWN", format=file_format[:20], formats=formats)
    return _WRITERS[file_format](table)


def formats() -> frozenset[str]:
    """Return the formats that can be written."""
    return frozenset(_WRITERS)


def _csv(table: pa.Table) -> bytes:
    """Text that a spreadsheet would run as a formula gets an apostrophe; numbers never do."""
    columns = {
        _tamed(name): pa.array(
            [_tamed(text) if isinstance(text, str) else text for text in column.to_pylist()],
            column.type,
        )
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    sink = io.BytesIO()
    csv.write_csv(pa.table(columns), sink)
    return sink.getvalue()


def _tamed(text: str) -> str:
    return f"'{text}" if text.lstrip(_BLANK_STARTS).startswith(tuple(_FORMULA_STARTS)) else text


def _json(table: pa.Table) -> bytes:
    document = {
        "columns": table.column_names,
        "rows": table.num_rows,
        "data": table.to_pydict(),
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink, compression="zstd", store_schema=False)
    return sink.getvalue()


def _arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _xlsx(table: pa.Table) -> bytes:
    try:
        import xlsxwriter
    except ImportError as fault:
        raise Invalid(
            "FILE_FORMAT_UNKNOWN", format="xlsx", formats="csv, json, parquet, arrow"
        ) from fault
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True, "strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet("Cijfers")
        sheet.write_row(0, 0, table.column_names, workbook.add_format({"bold": True}))
        for number, column in enumerate(table.columns):
            put = sheet.write_number if column.type == pa.float64() else sheet.write_string
            for row, value in enumerate(column.to_pylist(), start=1):
                if value is not None:
                    put(row, number, value)
    return sink.getvalue()


_WRITERS: Final[Mapping[str, Callable[[pa.Table], bytes]]] = MappingProxyType(
    {"csv": _csv, "json": _json, "parquet": _parquet, "arrow": _arrow, "xlsx": _xlsx}
)
