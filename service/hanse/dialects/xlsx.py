"""An Excel workbook: a sheet that says what it is, the cells, and what every symbol means.

A hidden cell is blank and shaded, never nought; its status stands beside it in words. Texts are
texts, never formulas, links or numbers that only look like one.
"""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import xlsxwriter

from hanse.cube.cleared import Cells
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.dialects import sheet
from hanse.dialects.heading import Heading
from hanse.errors import Invalid
from hanse.messages import LANGUAGES, catalogue, say

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SUFFIX = ".xlsx"
ROWS_MAX = 1_048_575
"""What a sheet holds below its header."""

_DATA = "xl/worksheets/sheet2.xml"
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def render(cells: Cells, heading: Heading, lang: str = "nl") -> Iterator[bytes]:
    """Return the workbook in pieces; what stands around the cells is made first, the cells last.

    Raises `Invalid` (XLSX_ROWS) for more cells than a sheet holds, before anything is made.
    """
    if cells.rows > ROWS_MAX:
        raise Invalid("XLSX_ROWS", rows=cells.rows, limit=ROWS_MAX)
    return sheet.filled(_around(cells, heading, lang), _DATA, cells, lambda s: _status(s, lang))


def _around(cells: Cells, heading: Heading, lang: str) -> bytes:
    """Return the workbook with, of the cells, the header and one row that shows the shading."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        # The moment of publication, not of writing: the same answer is the same bytes.
        created = datetime.fromisoformat(heading.published_at).replace(tzinfo=None)
        book.set_properties(
            {"title": heading.title_in(lang), "company": heading.publisher, "created": created}
        )
        _read_me(book, heading, lang)
        _header(book, cells, lang)
        _legend(book, lang)
    return file.getvalue()


def _read_me(book: Any, heading: Heading, lang: str) -> None:
    page = book.add_worksheet(say("XLSX_SHEET_READ_ME", lang))
    bold = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    page.set_column(0, 0, 24, bold)
    page.set_column(1, 1, 100, wrapped)
    facts = {
        "XLSX_TITLE": heading.title_in(lang),
        "XLSX_DATASET": heading.dataset,
        "XLSX_PUBLISHER": heading.publisher or heading.agency,
        "XLSX_RELEASE": f"{heading.release} ({heading.published_at})",
        "XLSX_DIGEST": heading.manifest,
        "XLSX_QUERY": "; ".join(f"{name}={value}" for name, value in heading.asked.items()),
        "XLSX_URL": heading.url,
        "XLSX_CITATION": heading.citation(lang),
        "XLSX_LICENCE": heading.licence,
        "XLSX_PROTOCOL": heading.protocol or "-",
        "XLSX_RETENTION": heading.retention or "-",
        "XLSX_PROFILE": " ".join(part for part in (heading.profile, heading.sdc_method) if part),
        "XLSX_CONTACT": heading.contact,
        "XLSX_DECISION": heading.decision or "-",
    }
    for row, (label, value) in enumerate(facts.items()):
        page.write_string(row, 0, say(label, lang), bold)
        page.write_string(row, 1, value, wrapped)
    first = len(facts) + 1
    for number, indicator in enumerate(heading.indicators):
        page.write_string(first + number, 0, str(indicator.get("id", "")), bold)
        page.write_string(first + number, 1, _described(indicator, lang), wrapped)


def _described(indicator: Any, lang: str) -> str:
    name, described = (indicator.get(key) or {} for key in ("name", "description"))
    texts = [text.get(lang) or text.get("nl", "") for text in (name, described)]
    return ". ".join(text.rstrip(".") for text in [*texts, str(indicator.get("unit", ""))] if text)


def _header(book: Any, cells: Cells, lang: str) -> None:
    page = book.add_worksheet(say("XLSX_SHEET_DATA", lang))
    bold = book.add_format({"bold": True, "bottom": 1})
    shaded = book.add_format({"bg_color": "#D9D9D9"})
    names = [*cells.names, "status"]
    page.freeze_panes(1, 0)
    page.set_column(0, len(names) - 1, 16)
    page.autofilter(0, 0, cells.rows, len(names) - 1)
    for place, name in enumerate(names):
        page.write_string(0, place, name, bold)
    page.write_blank(1, 0, None, shaded)


def _status(code: str, lang: str) -> str:
    label = f"STATUS_{code}"
    return say(label, lang) if label in catalogue() else code


def _legend(book: Any, lang: str) -> None:
    page = book.add_worksheet(say("XLSX_SHEET_LEGEND", lang))
    bold = book.add_format({"bold": True})
    page.set_column(0, 1, 12)
    page.set_column(2, 4, 50)
    for place, name in enumerate(("obs_status", "symbol", *LANGUAGES)):
        page.write_string(0, place, name, bold)
    codes = sorted(code.removeprefix("STATUS_") for code in catalogue() if _is_status(code))
    for row, code in enumerate(codes, 1):
        page.write_string(row, 0, code)
        page.write_string(row, 1, SYMBOL_OF_OBS_STATUS.get(code, ""))
        for place, each in enumerate(LANGUAGES, 2):
            page.write_string(row, place, say(f"STATUS_{code}", each))


def _is_status(code: str) -> bool:
    return code.startswith("STATUS_") and len(code) == len("STATUS_X")
