"""Small workbooks, area tables and drafts for the tests of intake, built in memory."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import xlsxwriter

from hanse.areas import Registry
from hanse.areas.tables import registry_from
from hanse.cube.contract import Access
from hanse.dialects.swing import decode
from hanse.node.intake.build import Order, build
from hanse.node.intake.draft import Draft

Rows = Sequence[Sequence[object]]

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)

HEAD = ("period", "geolevel", "geoitem")

_AREAS = {
    "def_statsec.csv": ["41002A00-", "41002A01-", "41002ZZZZ", "11002A00-", "11002B01-"],
    "def_gemeente.csv": ["41002", "11002"],
    "def_gemeente2024.csv": ["41002", "11002", "11007"],
    "def_provincie.csv": ["01000", "04000"],
}
_TABLES = {
    "agg_statsec_gemeente.csv": [
        ("statsec", "gemeente"),
        ("41002A00-", "41002"),
        ("41002A01-", "41002"),
        ("41002ZZZZ", "41002"),
        ("11002A00-", "11002"),
        ("11002B01-", "11002"),
    ],
    "agg_gemeente2024_gemeente.csv": [
        ("gemeente2024", "gemeente"),
        ("41002", "41002"),
        ("11002", "11002"),
        ("11007", "11002"),
    ],
}


def area_tables() -> dict[str, str]:
    """Return two cities, one of them merged in 2025, with five sectors."""
    files = {}
    for name, codes in _AREAS.items():
        lines = ["sequence nr,geoitem code,short name,name"]
        for number, code in enumerate(codes):
            word = "onbekend" if code.endswith("ZZZZ") else "gebied"
            lines.append(f"{number},{code},{word} {code},{word} {code}")
        files[name] = "\n".join(lines) + "\n"
    for name, rows in _TABLES.items():
        files[name] = "".join(f"{child},{parent}\n" for child, parent in rows)
    return files


def registry() -> Registry:
    """Return the registry of those tables."""
    return registry_from(area_tables())


def workbook(sheets: Mapping[str, Rows]) -> bytes:
    """Return an `.xlsx` with these sheets; a text that begins with `=` becomes a formula."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, values in enumerate(rows):
                for column, value in enumerate(values):
                    if value is not None:
                        sheet.write(row, column, value)
    return buffer.getvalue()


def order(slug: str = "proef", **given: object) -> Order:
    """Return an order for a dataset; only the slug is needed."""
    known: dict[str, object] = {
        "agency": "NIS41002",
        "created_by": "ann",
        "created_at": NOW,
        "access": Access.PROTOCOL,
        "levels": ("gemeente@2025",),
    }
    return Order(slug, **{**known, **given})  # type: ignore[arg-type]


def drafted(sheets: Mapping[str, Rows], **given: object) -> Draft:
    """Return the draft of a workbook with these sheets."""
    reading = decode({"proef.xlsx": workbook(sheets)})
    return build(reading, order(**given), registry(), ("proef.xlsx",))  # type: ignore[arg-type]
