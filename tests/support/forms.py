"""Every format with a reader of its own that is not ours: pandas, openpyxl, pyarrow, json."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hanse.cube.cleared import Cleared
from hanse.dialects import arrow_ipc, csv, json_cells, parquet, xlsx
from hanse.dialects.heading import Heading

Rows = list[tuple[Any, ...]]


def _json(content: bytes) -> Rows:
    document = json.loads(content)
    assert document["rows"] == len(document["data"]["area"])
    return list(zip(*(document["data"][name] for name in document["columns"]), strict=True))


def _csv(content: bytes) -> Rows:
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    return _typed(frame, ".")


def _typed(frame: pd.DataFrame, mark: str) -> Rows:
    texts = frame["obs_value"]
    values = [float(text.replace(mark, ".")) if text else None for text in texts]
    frame = frame.assign(obs_value=pd.Series(values, dtype=object))
    return list(frame.astype(object).itertuples(index=False, name=None))


def _spreadsheet(content: bytes) -> Rows:
    text = content.decode("utf-8-sig")
    frame = pd.read_csv(io.StringIO(text), sep=";", dtype=str, keep_default_na=False)
    return _typed(frame, ",")


def _xlsx(content: bytes) -> Rows:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[1]
    return [tuple(row[:7]) for row in sheet.iter_rows(min_row=2, values_only=True)]


def _table(table: pa.Table) -> Rows:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _parquet(content: bytes) -> Rows:
    return _table(pq.read_table(io.BytesIO(content)))


def _arrow(content: bytes) -> Rows:
    return _table(pa.ipc.open_stream(content).read_all())


def _zstd(cleared: Cleared, head: Heading) -> Iterator[bytes]:
    return arrow_ipc.render(cleared, head, "zstd")


Render = Callable[[Cleared, Heading], Iterator[bytes]]

FORMS: dict[str, tuple[Render, Callable[[bytes], Rows]]] = {
    "json": (json_cells.render, _json),
    "csv": (csv.render, _csv),
    "csv for spreadsheets": (csv.render_for_spreadsheets, _spreadsheet),
    "xlsx": (xlsx.render, _xlsx),
    "parquet": (parquet.render, _parquet),
    "arrow": (arrow_ipc.render, _arrow),
    "arrow zstd": (_zstd, _arrow),
}
