"""A comparison as an Excel workbook: read-me, data, status, symbols, and a chart with its figures.

A hidden cell is blank and shaded, never nought; its status stands beside it in words, and every
reason why a figure does not simply compare is a sentence. Texts are texts, never formulas.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from hanse.cube.codelist import TOTAL
from hanse.cube.comparability import MarkCode
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.errors import Invalid
from hanse.messages import catalogue, say

ROWS_MAX: Final = 1_000_000
CHART_LINES: Final = 13
SHEET_LETTERS: Final = 31
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@dataclass(frozen=True, slots=True)
class About:
    """What a reader must know of a comparison, in their own language.

    `facts` are names and values for the read-me; `status` is what each node gave (city, outcome,
    dataset, release, digest, reason); `reasons` is, by origin and reason code, every sentence.
    `at` is when the newest of its releases was published.
    """

    title: str
    lang: str
    facts: Sequence[tuple[str, str]]
    status: Sequence[tuple[str, ...]]
    reasons: Mapping[tuple[str, str], Sequence[str]]
    at: datetime


def render(table: pa.Table, about: About) -> bytes:
    """Return the workbook of a comparison's table.

    Raises `Invalid`: XLSX_ROWS for more cells than a sheet holds, CELLS_HIDDEN_NUMBER for a hidden
    or missing cell with a number, FILE_FORMAT_UNKNOWN where the writer of workbooks is missing.
    """
    try:
        import xlsxwriter
    except ImportError as fault:
        others = "csv, json, parquet, arrow"
        raise Invalid("FILE_FORMAT_UNKNOWN", format="xlsx", formats=others) from fault
    if table.num_rows > ROWS_MAX:
        raise Invalid("XLSX_ROWS", rows=table.num_rows, limit=ROWS_MAX)
    rows = table.to_pylist()
    silent = [row for row in rows if row["obs_status"] in SYMBOL_OF_OBS_STATUS]
    if any(row["obs_value"] is not None for row in silent):
        raise Invalid("CELLS_HIDDEN_NUMBER", count=len(silent))
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, _OPTIONS) as book:
        book.set_properties({"title": about.title, "created": about.at.replace(tzinfo=None)})
        _read_me(book, about)
        _data(book, (table.column_names, rows), about)
        _status(book, about)
        _chart(book, rows, about)
    return sink.getvalue()


def _read_me(book: Any, about: About) -> None:
    sheet = book.add_worksheet(_name("XLSX_SHEET_READ_ME", about))
    bold = book.add_format({"bold": True, "valign": "top"})
    large = book.add_format({"bold": True, "font_size": 16})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 24, bold)
    sheet.set_column(1, 1, 100, wrapped)
    sheet.write_string(0, 0, about.title, large)
    symbols = (say("BOOK_SYMBOLS", about.lang), say("LEGEND_SYMBOLS", about.lang))
    for row, (label, value) in enumerate([*about.facts, symbols], 2):
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, value, wrapped)


def _data(book: Any, cells: tuple[Sequence[str], Sequence[dict[str, Any]]], about: About) -> None:
    names, rows = cells
    sheet = book.add_worksheet(_name("XLSX_SHEET_DATA", about))
    bold = book.add_format({"bold": True, "bottom": 1})
    shaded = book.add_format({"bg_color": "#D9D9D9"})
    heads = [*names, *("status", "comparable", "why") * ("mark" in names)]
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(0, len(heads) - 2), 16)
    sheet.set_column(len(heads) - 1, len(heads) - 1, 80)
    sheet.autofilter(0, 0, max(1, len(rows)), len(heads) - 1)
    for place, head in enumerate(heads):
        sheet.write_string(0, place, head, bold)
    for line, row in enumerate(rows, 1):
        values = [*(row[name] for name in names), *_words(row, about)]
        for place, value in enumerate(values):
            if isinstance(value, float):
                sheet.write_number(line, place, value)
            elif value is None:
                sheet.write_blank(line, place, None, shaded)
            else:
                sheet.write_string(line, place, value)


def _words(row: Mapping[str, Any], about: About) -> Iterator[str]:
    """Yield the status, the mark and the reasons of a row in words; a pulled row has no mark."""
    if "mark" not in row:
        return
    status = f"STATUS_{row['obs_status']}"
    yield say(status, about.lang) if status in catalogue() else row["obs_status"]
    known = row["mark"] in {each.value for each in MarkCode}
    yield say(f"MARK_{MarkCode(row['mark']).name}", about.lang) if known else row["mark"]
    told = [
        sentence
        for code in row["reasons"].split()
        for sentence in about.reasons.get((row["origin"], code), (code,))
    ]
    yield " ".join(dict.fromkeys(told))


def _status(book: Any, about: About) -> None:
    sheet = book.add_worksheet(_name("BOOK_SHEET_STATUS", about))
    bold = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 4, 22)
    sheet.set_column(5, 5, 90, wrapped)
    heads = ("CITY", "OUTCOME", "DATASET", "RELEASE", "DIGEST", "WHY")
    for place, head in enumerate(heads):
        code = "XLSX_DIGEST" if head == "DIGEST" else f"COLUMN_{head}"
        sheet.write_string(0, place, say(code, about.lang), bold)
    for line, values in enumerate(about.status, 1):
        for place, value in enumerate(values):
            sheet.write_string(line, place, value)


def _chart(book: Any, rows: Sequence[dict[str, Any]], about: About) -> None:
    """Write the chart of the first subject over time, beside the figures that it is drawn of.

    A figure without a number is an empty cell and a gap in the line.
    """
    sheet = book.add_worksheet(_name("BOOK_SHEET_CHART", about))
    bold = book.add_format({"bold": True})
    subject, periods, lines = _first(rows)
    if not lines:
        sheet.write_string(0, 0, say("BOOK_NO_CHART", about.lang))
        return
    sheet.write_string(0, 0, subject, bold)
    for place, period in enumerate(periods, 1):
        sheet.write_string(0, place, period, bold)
    for line, (label, values) in enumerate(lines.items(), 1):
        sheet.write_string(line, 0, label)
        for place, period in enumerate(periods, 1):
            if values.get(period) is not None:
                sheet.write_number(line, place, values[period])
    chart = book.add_chart({"type": "line" if len(periods) > 1 else "column"})
    for line in range(1, len(lines) + 1):
        chart.add_series(
            {
                "name": [sheet.name, line, 0],
                "categories": [sheet.name, 0, 1, 0, len(periods)],
                "values": [sheet.name, line, 1, line, len(periods)],
            }
        )
    chart.set_title({"name": subject})
    chart.show_blanks_as("gap")
    told = say("BOOK_CHART_TOLD", about.lang, subject=subject, lines=len(lines))
    at = {"description": told, "x_scale": 1.8, "y_scale": 1.6}
    sheet.insert_chart(len(lines) + 2, 0, chart, at)


def _first(
    rows: Sequence[dict[str, Any]],
) -> tuple[str, list[str], dict[str, dict[str, float | None]]]:
    """Return the first subject's totals: its periods, and the first lines by their name."""
    subject = rows[0]["indicator"] if rows else ""
    lines: dict[str, dict[str, float | None]] = {}
    for row in rows:
        total = all(row[name] in {TOTAL, None} for name in row if name.isupper())
        if row["indicator"] == subject and total:
            label = f"{row['origin_name']} {row['area']}"
            if label in lines or len(lines) < CHART_LINES:
                lines.setdefault(label, {})[row["period"]] = row["obs_value"]
    return subject, sorted({period for values in lines.values() for period in values}), lines


def _name(code: str, about: About) -> str:
    return say(code, about.lang)[:SHEET_LETTERS]
