"""CSV and Parquet files as grids, strictly: a file that is not quite right is refused with its
line.

Only ever called inside the cage of `hanse.node.intake.decoder`.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hanse.cube.spelling import composed
from hanse.dialects.swing import Grid, Role
from hanse.errors import Invalid
from hanse.node.intake.columns import Columns
from hanse.node.intake.jobs import Limits

FIELD_BYTES = 32_768
"""The longest field of a CSV file."""

LINE_BYTES = 16_777_216
"""The longest line of a CSV file: as many of the longest fields as may stand in one."""

CELL_BYTES = 1_024
"""The longest text of a Parquet column: a key is a code, not a document."""

CHUNK_ROWS = 50_000
SNIFF_BYTES = 8
DELIMITERS = (";", ",", "\t")

_MAGIC = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"ARROW1", b"PAR1",
          b"\xd0\xcf\x11\xe0", b"%PDF")  # fmt: skip
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def csv_grids(path: Path, name: str, columns: Columns, limits: Limits) -> Iterator[Grid]:
    """Yield a CSV file in chunks. Raises `Invalid` with the line of the first fault."""
    _refuse_magic(path, name, _MAGIC, "csv")
    csv.field_size_limit(FIELD_BYTES)
    with path.open("rb") as file:
        lines = _lines(file, name)
        first = next(lines, "")
        reader = csv.reader(_again(first, lines), delimiter=_delimiter(first), strict=True)
        rows = _rows(reader, name)
        _, headers = next(rows, (1, []))
        _refuse_width(headers, name, limits)
        roles = columns.roles(headers, name)
        total = 0
        while chunk := list(islice(rows, CHUNK_ROWS)):
            total += len(chunk)
            if total > limits.rows:
                raise Invalid("INTAKE_ROWS", file=name, limit=limits.rows)
            yield _csv_grid(name, headers, roles, chunk, columns)
        if not total:
            yield _csv_grid(name, headers, roles, [], columns)


def _again(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _refuse_magic(path: Path, name: str, magic: Sequence[bytes], wanted: str) -> None:
    """Refuse by content, never by name."""
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
    if head.startswith(_UTF16):
        raise Invalid("INTAKE_ENCODING", file=name, line=1)
    if any(head.startswith(each) for each in magic):
        raise Invalid("INTAKE_FILE_KIND", file=name, wanted=wanted)


def _lines(file: BinaryIO, name: str) -> Iterator[str]:
    """Yield the lines of a UTF-8 file with a newline each, whatever ended them."""
    number = 0
    while line := file.readline(LINE_BYTES):
        number += 1
        if len(line) == LINE_BYTES:
            raise Invalid("INTAKE_LINE_LONG", file=name, line=number, limit=LINE_BYTES)
        if b"\0" in line:
            raise Invalid("INTAKE_NUL", file=name, line=number)
        try:
            text = composed(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError as fault:
            raise Invalid("INTAKE_ENCODING", file=name, line=number) from fault
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        yield from text.splitlines(keepends=True) if text.count("\n") > 1 else (text,)


def _delimiter(first: str) -> str:
    """Return the delimiter that the header line has most of, quoted parts apart."""
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count)


def _rows(reader: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with the line it ends on; a row of another width is refused."""
    width = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as fault:
            code = "INTAKE_FIELD_LONG" if "limit" in str(fault) else "INTAKE_QUOTES"
            raise Invalid(code, file=name, line=reader.line_num, limit=FIELD_BYTES) from fault
        if row is None:
            return
        if not row:
            continue
        width = width or len(row)
        if len(row) != width:
            raise Invalid(
                "INTAKE_RAGGED", file=name, line=reader.line_num, found=len(row), wanted=width
            )
        yield reader.line_num, row


def _refuse_width(headers: Sequence[str], name: str, limits: Limits) -> None:
    if len(headers) > limits.columns:
        raise Invalid("INTAKE_COLUMNS", file=name, count=len(headers), limit=limits.columns)
    if not any(headers):
        raise Invalid("INTAKE_NO_DATA", file=name)


def _csv_grid(
    name: str,
    headers: Sequence[str],
    roles: tuple[Role, ...],
    chunk: Sequence[tuple[int, list[str]]],
    columns: Columns,
) -> Grid:
    values = list(zip(*(row for _, row in chunk), strict=True)) or [() for _ in headers]
    figures = {"value", "measure"}
    return Grid(
        sheet=name,
        headers=tuple(headers),
        roles=roles,
        columns=tuple(
            pa.array(column, pa.string()) if role.kind in figures else column
            for column, role in zip(values, roles, strict=True)
        ),
        rows=pa.array([line for line, _ in chunk], pa.int32()),
        level=columns.level if "level" not in {role.kind for role in roles} else "",
        period=columns.period if "period" not in {role.kind for role in roles} else "",
    )


def parquet_grids(path: Path, name: str, columns: Columns, limits: Limits) -> Iterator[Grid]:
    """Yield a Parquet file by row group.

    Its own figures about itself are read first and believed never: text columns are read as
    dictionaries, their longest value measured, everything validated, before anything is decoded.
    """
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise Invalid("INTAKE_FILE_KIND", file=name, wanted="parquet")
    try:
        source = pq.ParquetFile(path, memory_map=True)
        _refuse_footer(source, name, limits)
        texts = [each.name for each in source.schema_arrow if _is_text(each.type)]
        source = pq.ParquetFile(path, memory_map=True, read_dictionary=texts)
        roles = columns.roles(source.schema_arrow.names, name)
        row = 1
        for group in range(source.num_row_groups):
            table = _group(source, group, roles, name)
            yield _parquet_grid(table, name, row, roles, columns)
            row += table.num_rows
    except pa.ArrowMemoryError as fault:
        raise MemoryError from fault
    except (pa.ArrowException, OSError) as fault:
        raise Invalid("INTAKE_UNREADABLE", file=name) from fault


def _refuse_footer(source: pq.ParquetFile, name: str, limits: Limits) -> None:
    metadata = source.metadata
    if metadata.num_columns > limits.columns:
        raise Invalid("INTAKE_COLUMNS", file=name, count=metadata.num_columns, limit=limits.columns)
    if not 0 <= metadata.num_rows <= limits.rows:
        raise Invalid("INTAKE_ROWS", file=name, limit=limits.rows)
    for each in source.schema_arrow:
        if not (_is_text(each.type) or _is_figure(each.type)):
            raise Invalid("INTAKE_COLUMN_TYPE", file=name, column=each.name[:60])


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))


def _is_figure(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind))


def _group(source: pq.ParquetFile, group: int, roles: Sequence[Role], name: str) -> pa.Table:
    """Return one row group's columns that say something, proven sound and short."""
    names = source.schema_arrow.names
    wanted = [each for each, role in zip(names, roles, strict=True) if role.kind != "skip"]
    table = source.read_row_group(group, columns=wanted, use_threads=False)
    for column in table.column_names:
        for chunk in table.column(column).chunks:
            if pa.types.is_dictionary(chunk.type):
                _refuse_long(chunk.dictionary, name, column)
    table.validate(full=True)
    return table


def _refuse_long(dictionary: pa.Array, name: str, column: str) -> None:
    longest = pc.max(pc.binary_length(dictionary)).as_py() or 0
    if longest > CELL_BYTES:
        raise Invalid("INTAKE_TEXT_LONG", file=name, column=column[:60], limit=CELL_BYTES)


def _parquet_grid(
    table: pa.Table, name: str, first: int, roles: Sequence[Role], columns: Columns
) -> Grid:
    kept = tuple(role for role in roles if role.kind != "skip")
    kinds = {role.kind for role in kept}
    return Grid(
        sheet=name,
        headers=tuple(table.column_names),
        roles=kept,
        columns=tuple(_plain(table.column(each)) for each in table.column_names),
        rows=pa.array(np.arange(first, first + table.num_rows, dtype=np.int32)),
        level=columns.level if "level" not in kinds else "",
        period=columns.period if "period" not in kinds else "",
    )


def _plain(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    with suppress(AttributeError):
        array = array.dictionary_decode()
    return pc.utf8_normalize(array.cast(pa.string()), "NFC") if _is_text(array.type) else array
