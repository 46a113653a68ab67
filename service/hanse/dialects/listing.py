"""Any list as a CSV file or a workbook that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import xlsxwriter

from hanse.dialects.csv import guarded

_TEXTS_STAY_TEXTS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDTH_MAX: Final = 60
_SHEET_NAME_MAX: Final = 31


def encode(heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """Return rows under their heads as UTF-8 CSV with a byte order mark for Excel."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in (heads, *rows):
        writer.writerow([guarded(each) if isinstance(each, str) else each for each in row])
    return buffer.getvalue().encode("utf-8-sig")


def workbook(
    sheets: tuple[str, str],
    heads: Sequence[str],
    rows: Sequence[Sequence[str | int]],
    facts: Sequence[tuple[str, str]],
) -> bytes:
    """Return rows under their heads as a sheet that can be filtered, and a sheet of facts beside.

    `sheets` are the names of the two. Texts stay texts, never formulas, links or numbers.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _TEXTS_STAY_TEXTS) as book:
        first, second = (name[:_SHEET_NAME_MAX] for name in sheets)
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(first)
        sheet.freeze_panes(1, 0)
        for place, head in enumerate(heads):
            longest = max((len(str(row[place])) for row in rows), default=0)
            sheet.set_column(place, place, min(max(longest, len(head)) + 2, _WIDTH_MAX), wrapped)
        sheet.write_row(0, 0, heads, bold)
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, row, wrapped)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(heads) - 1)
        told = book.add_worksheet(second)
        told.set_column(0, 0, 30, bold)
        told.set_column(1, 1, 100, wrapped)
        for number, fact in enumerate(facts):
            told.write_row(number, 0, fact)
    return buffer.getvalue()
