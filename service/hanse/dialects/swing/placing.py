"""What each sheet of a workbook is: told by its headers, its name, or its definition sheet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hanse.dialects.swing import headers
from hanse.dialects.swing.spreadsheet import Sheet, Value, read

MAX_HEADER_ROW = 5
"""Rows that may stand above the headers: some templates explain their columns first."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A sheet with the row its headers stand in, and what kind of sheet it is."""

    sheet: Sheet
    kind: str
    header_row: int = 0

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers, folded."""
        return tuple(headers.fold(each) for each in self.sheet.rows[self.header_row])

    def records(self) -> list[dict[str, Value]]:
        """Return the rows below the headers by folded header."""
        return [
            dict(zip(self.headers, row, strict=True))
            for row in self.sheet.rows[self.header_row + 1 :]
        ]


def placed(workbooks: Mapping[str, bytes]) -> list[Placed]:
    """Return the sheets of all workbooks that have something in them, each told apart."""
    return _defined([_place(sheet) for sheet in _sheets(workbooks)])


def _sheets(workbooks: Mapping[str, bytes]) -> list[Sheet]:
    """Return all sheets with something in them; a name that stands twice gets its file's before
    it."""
    found = [
        (file, sheet)
        for file, content in workbooks.items()
        for sheet in read(content, file)
        if _has_text(sheet)
    ]
    names = Counter(headers.fold(sheet.name) for _, sheet in found)
    return [
        sheet
        if names[headers.fold(sheet.name)] == 1
        else replace(sheet, name=f"{file}:{sheet.name}")
        for file, sheet in found
    ]


def _has_text(sheet: Sheet) -> bool:
    return any(value != "" for row in sheet.rows for value in row)


def _place(sheet: Sheet) -> Placed:
    for number, row in enumerate(sheet.rows[:MAX_HEADER_ROW]):
        kind = _kind(sheet.name, tuple(headers.fold(each) for each in row))
        if kind:
            return Placed(sheet, kind, number)
    return Placed(sheet, "other")


def _kind(name: str, row: tuple[str, ...]) -> str:
    """Return what kind of sheet has this header row: the first answer that fits, or ""."""
    present = set(row)
    roles = [headers.KEY_HEADERS.get(each, "") for each in row]
    by_name = headers.SHEET_NAMES.get(headers.fold(name.rpartition(":")[2]), "")
    answers = (
        ("definition", {"col", "type"} <= present),
        (by_name, bool(by_name) and bool({"naam", "name"} & present)),
        ("items", bool({"itemcode", "item code"} & present)),
        ("stream", roles[0] == "stream" and len(row) > 3),
        ("data", {"period", "area"} <= set(roles)),
        ("indicators", bool({"indicator code", "onderwerpcode"} & present)),
    )
    return next((kind for kind, fits in answers if fits), "")


def _defined(sheets: Sequence[Placed]) -> list[Placed]:
    """Return the sheets, those with headers of their own placed by their definition sheet."""
    return [
        _by_definition(each, definition(each, sheets)) if each.kind == "other" else each
        for each in sheets
    ]


def _by_definition(placed: Placed, definition: Mapping[str, str]) -> Placed:
    keys = {column for column, kind in definition.items() if kind in {"period", "geoitem"}}
    for number, row in enumerate(placed.sheet.rows[:MAX_HEADER_ROW]):
        if len(keys) > 1 and keys <= {headers.fold(each) for each in row}:
            return Placed(placed.sheet, "data", number)
    return placed


def definition(placed: Placed, sheets: Sequence[Placed]) -> Mapping[str, str]:
    """Return column → type of the definition sheet that goes with a data sheet, or nothing."""
    names = {headers.fold(f"{placed.sheet.name}_def"), "_def"}
    for each in sheets:
        if each.kind == "definition" and headers.fold(each.sheet.name) in names:
            return {
                headers.fold(record["col"]): headers.fold(record["type"])
                for record in each.records()
            }
    return {}
