"""Files made to eat the machine, or to be taken for another kind: one clear no, and nothing is
left.

The table is B1 to B15 of the hostile inputs. Bombs are made here and never kept.
"""

import gzip
import io
import resource
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.workbooks import HEAD, workbook

from hanse.errors import Invalid
from hanse.node.intake import cage
from hanse.node.intake.jobs import Job, Limits

LIMITS = Limits(file_bytes=30_000_000, memory_bytes=2_500_000_000, cpu_seconds=20, rows=1_000_000)
SECONDS_MAX = 20
"""Wide: the machine may be doing other things; alone each takes about one second."""

GROWTH_MAX = 50_000_000

KEYS = {"period": "period", "level": "level", "area": "area", "v": "measure"}


def table(rows: int, **columns: object) -> pa.Table:
    known: dict[str, object] = {
        "period": ["2024"] * rows,
        "level": ["gemeente"] * rows,
        "area": [f"a{at}" for at in range(rows)],
        "v": [1.0] * rows,
    }
    return pa.table({**known, **columns})


def parquet(path: Path, content: pa.Table, **options: object) -> Path:
    pq.write_table(content, path, **{"compression": "zstd", **options})
    return path


def repeated(length: int, rows: int) -> pa.Table:
    text = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array(["x" * length])
    )
    one = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["2024"]))
    return pa.table({"period": one, "level": one, "area": text, "v": np.ones(rows)})


def b1(path: Path) -> Path:
    return parquet(path, repeated(10_000, 100_000))


def b2(path: Path) -> Path:
    return parquet(path, repeated(1_000_000, 100_000), store_schema=False)


def b3(path: Path) -> Path:
    return parquet(path, repeated(1_000_000, 900_000), store_schema=False, row_group_size=90_000)


def b3_rows(path: Path) -> Path:
    return parquet(path, repeated(10, 1_000_001), store_schema=False)


def b4(path: Path) -> Path:
    zeros = pa.array([bytes(2_000_000)] * 20, pa.binary())
    return parquet(path, table(20, area=zeros), use_dictionary=False)


def b4_text(path: Path) -> Path:
    zeros = pa.array(["0" * 2_000_000] * 20)
    return parquet(path, table(20, area=zeros), use_dictionary=False)


def b5(path: Path) -> Path:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    zeros = pa.table({"period": np.zeros(5_000_000)})
    with pa.ipc.new_file(path, zeros.schema, options=options) as writer:
        writer.write_table(zeros)
    return path


def b6(path: Path) -> Path:
    return parquet(path, pa.table({f"c{at}": [1] for at in range(501)}))


def footer(path: Path, size: int) -> Path:
    path.write_bytes(b"PAR1" + bytes(20) + struct.pack("<I", size) + b"PAR1")
    return path


def b7_past(path: Path) -> Path:
    return footer(path, 2**31)


def b7_empty(path: Path) -> Path:
    path.write_bytes(b"PAR1PAR1")
    return path


def b7_rows(path: Path) -> Path:
    """Return a sound file whose footer is made to claim another number of rows."""
    parquet(path, table(100), compression="none")
    content = path.read_bytes()
    size = struct.unpack("<I", content[-8:-4])[0]
    start = len(content) - 8 - size
    # Thrift compact: 100 as zigzag varint is C8 01; the file's own count is the last one.
    at = content.rindex(b"\x16\xc8\x01", start)
    path.write_bytes(content[:at] + b"\x16\xff\xff" + content[at + 3 :])
    return path


def b8(path: Path) -> Path:
    """Return a file whose first page says that it is much larger than it is."""
    parquet(path, table(100), compression="snappy", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[4:40] = b"\x15\x00\x15\xfe\xff\xff\xff\x0f\x15\x28" + bytes(26)
    path.write_bytes(content)
    return path


def b9_indices(path: Path) -> Path:
    """Return a file of which the data pages were overwritten, the footer not."""
    parquet(path, table(1000), compression="none")
    content = bytearray(path.read_bytes())
    size = struct.unpack("<I", content[-8:-4])[0]
    for at in range(60, len(content) - size - 8):
        content[at] ^= 0x5A
    path.write_bytes(content)
    return path


def b9_utf8(path: Path) -> Path:
    raw = pa.Array.from_buffers(
        pa.string(),
        3,
        [None, pa.py_buffer(struct.pack("<4i", 0, 2, 4, 6)), pa.py_buffer(b"\xff\xfe\xc0\x80a1")],
    )
    return parquet(path, table(3, area=raw))


def b10(path: Path) -> Path:
    nested = pa.int64()
    for _ in range(30):
        nested = pa.list_(nested)
    return parquet(path, table(1, area=pa.array([None], nested)))


PARQUET: dict[str, tuple[Callable[[Path], Path], set[str]]] = {
    "B1": (b1, {"INTAKE_TEXT_LONG"}),
    "B2": (b2, {"INTAKE_TEXT_LONG"}),
    "B3": (b3, {"INTAKE_TEXT_LONG"}),
    "B3 rows": (b3_rows, {"INTAKE_ROWS"}),
    "B4": (b4, {"INTAKE_COLUMN_TYPE"}),
    "B4 text": (b4_text, {"INTAKE_TEXT_LONG"}),
    "B5": (b5, {"INTAKE_FILE_KIND"}),
    "B6": (b6, {"INTAKE_COLUMNS"}),
    "B7 past the end": (b7_past, {"INTAKE_UNREADABLE", "INTAKE_MEMORY"}),
    "B7 empty": (b7_empty, {"INTAKE_UNREADABLE"}),
    "B7 rows": (b7_rows, {"INTAKE_ROWS", "INTAKE_UNREADABLE"}),
    "B8": (b8, {"INTAKE_UNREADABLE", "INTAKE_MEMORY"}),
    "B9 pages": (b9_indices, {"INTAKE_UNREADABLE", "INTAKE_MEMORY", "INTAKE_TEXT_LONG"}),
    "B9 text": (b9_utf8, {"INTAKE_UNREADABLE"}),
    "B10": (b10, {"INTAKE_COLUMN_TYPE", "INTAKE_UNREADABLE"}),
}


def refused(job: Job, limits: Limits = LIMITS) -> Invalid:
    """Return the one refusal, having seen that it was quick and that this process did not grow."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    with pytest.raises(Invalid) as caught:
        cage.read(job, limits)
    assert time.monotonic() - start < SECONDS_MAX
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < GROWTH_MAX
    return caught.value


@pytest.mark.parametrize("name", PARQUET)
def test_a_parquet_bomb_is_refused_in_a_process_of_its_own(name: str, tmp_path: Path) -> None:
    make, codes = PARQUET[name]
    path = make(tmp_path / "f.parquet")
    assert refused(Job("parquet", (path,), KEYS)).code in codes


def test_five_hundred_columns_are_accepted(tmp_path: Path) -> None:
    content = table(2, **{f"c{at}": [1, 2] for at in range(496)})
    path = parquet(tmp_path / "f.parquet", content)
    assert (
        cage.read(Job("parquet", (path,), {**KEYS, "*": "measure"}), LIMITS).cells.num_rows == 994
    )


CSV_HEAD = b"period,level,area,v\n"
GOOD = CSV_HEAD + b"2024,gemeente,41002,5\n2023,gemeente,41002,6\n"

CSV: dict[str, tuple[bytes, str, int]] = {
    "line without end": (CSV_HEAD + b"x" * 17_000_000, "INTAKE_LINE_LONG", 2),
    "unclosed quote": (CSV_HEAD + b'2024,gemeente,"41002,5\n' * 3, "INTAKE_QUOTES", 3),
    "text after a quote": (CSV_HEAD + b'2024,gemeente,"41002"x,5\n', "INTAKE_QUOTES", 2),
    "unclosed quote over much": (
        CSV_HEAD + b'2024,"gemeente,a,5\n' + b"2024,gemeente,a,5\n" * 9000,
        "INTAKE_FIELD_LONG",
        0,
    ),
    "600 columns": (b",".join(b"c%d" % at for at in range(600)) + b"\n", "INTAKE_COLUMNS", 0),
    "field of 1 MB": (
        CSV_HEAD + b"2024,gemeente," + b"x" * 1_000_000 + b",5\n",
        "INTAKE_FIELD_LONG",
        2,
    ),
    "NUL": (CSV_HEAD + b"2024,gemeente,4\x001002,5\n", "INTAKE_NUL", 2),
    "UTF-16": (GOOD.decode().encode("utf-16"), "INTAKE_ENCODING", 1),
    "Latin-1": (CSV_HEAD + "2024,gemeente,é,5\n".encode("latin-1"), "INTAKE_ENCODING", 2),
    "header twice": (b"period,level,area,v,V\n", "INTAKE_HEADER_TWICE", 0),
    "a field too many": (GOOD + b"2024,gemeente,41002,5,6\n", "INTAKE_RAGGED", 4),
    "a field too few": (GOOD + b"2024,gemeente,41002\n", "INTAKE_RAGGED", 4),
    "empty": (b"", "INTAKE_NO_DATA", 0),
    "thousands separator": (CSV_HEAD + b'2024,gemeente,41002,"1,234"\n', "INTAKE_NUMBER", 0),
    "NaN": (CSV_HEAD + b"2024,gemeente,41002,NaN\n", "INTAKE_NUMBER", 0),
    "inf": (CSV_HEAD + b"2024,gemeente,41002,inf\n", "INTAKE_NUMBER", 0),
    "1e400": (CSV_HEAD + b"2024,gemeente,41002,1e400\n", "INTAKE_NUMBER", 0),
    "underscore": (CSV_HEAD + b"2024,gemeente,41002,1_000\n", "INTAKE_NUMBER", 0),
}


@pytest.mark.parametrize("name", CSV)
def test_a_csv_that_is_not_quite_right_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    content, code, line = CSV[name]
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    fault = refused(Job("csv", (path,), {"v": "measure", "*": "skip"}))
    assert fault.code == code
    assert not line or fault.parameters["line"] == line


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        (GOOD, 2),
        (GOOD.replace(b"\n", b"\r\n", 1), 2),
        (GOOD.replace(b",", b";"), 2),
        (b"\xef\xbb\xbf" + GOOD, 2),
        (GOOD.replace(b"\n", b"\r"), 2),
        (CSV_HEAD, 0),
    ],
)
def test_mixed_line_ends_and_headers_alone_are_accepted(
    content: bytes, cells: int, tmp_path: Path
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    assert cage.read(Job("csv", (path,), KEYS), LIMITS).cells.num_rows == cells


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("f.csv", GOOD)
    return buffer.getvalue()


CONTENT_OF = {"csv": "csv", "parquet": "parquet", "swing": "xlsx"}
DISGUISES = [
    (kind, name)
    for kind in CONTENT_OF
    for name in ("zip", "gz", "xlsx", "parquet", "csv")
    if CONTENT_OF[kind] != name
]


@pytest.mark.parametrize(("kind", "name"), DISGUISES)
def test_a_file_is_known_by_its_content_not_by_its_name(
    kind: str, name: str, tmp_path: Path
) -> None:
    contents = {
        "zip": zipped(),
        "gz": gzip.compress(GOOD),
        "xlsx": workbook({"s": [(*HEAD, "v"), (2024, "gemeente", "41002", 1)]}),
        "parquet": parquet(tmp_path / "x", table(1)).read_bytes(),
        "csv": GOOD,
    }
    path = tmp_path / f"f.{kind}"
    path.write_bytes(contents[name])
    assert refused(Job(kind, (path,), KEYS)).code == "INTAKE_FILE_KIND"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["..x", "con", "a" * 200, "\u202egnp.csv", "a\tb", "=1+1", "-rf"])
def test_a_file_name_is_only_shown_and_shown_harmless(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04")
    fault = refused(Job("csv", (path,), KEYS))
    shown = str(fault.parameters["file"])
    assert shown.isprintable()
    assert len(shown) <= 100
    assert "/" not in shown


def test_the_size_is_judged_before_a_byte_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(GOOD)
    exact = Limits(file_bytes=len(GOOD), memory_bytes=2_500_000_000)
    assert cage.read(Job("csv", (path,), KEYS), exact).cells.num_rows == 2
    under = Limits(file_bytes=len(GOOD) - 1, memory_bytes=2_500_000_000)
    assert refused(Job("csv", (path,), KEYS), under).code == "INTAKE_TOO_LARGE"


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        assert refused(Job("csv", (path,), KEYS)).code == "INTAKE_FILE_MISSING"


def test_processor_time_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(CSV_HEAD + b"".join(b"2024,gemeente,a%d,5\n" % at for at in range(800_000)))
    brief = Limits(cpu_seconds=1)
    assert refused(Job("csv", (path,), KEYS), brief).code == "INTAKE_TIME"


def test_a_workbook_that_unpacks_to_much_more_is_refused(tmp_path: Path) -> None:
    good = workbook({"s": [(*HEAD, "v"), (2024, "gemeente", "41002", 1)]})
    path = tmp_path / "f.xlsx"
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                row = (
                    b'<row r="9"><c r="A9" t="inlineStr"><is><t>'
                    + b"x" * 30_000
                    + b"</t></is></c></row>"
                )
                content = content.replace(b"</sheetData>", row * 12_000 + b"</sheetData>")
            target.writestr(name, content, zipfile.ZIP_DEFLATED)
    tight = Limits(memory_bytes=800_000_000, cpu_seconds=20)
    assert refused(Job("swing", (path,)), tight).code in {"INTAKE_MEMORY", "INTAKE_UNREADABLE"}
