"""A spreadsheet file as rows of plain values, with nothing silently lost on the way.

The fast reader turns an error value (`#N/A`) and a formula without a remembered result into a
blank, and a blank is a missing figure. So the sheet's own XML is searched for both: an error value
is refused where it stands, and a formula without a result is worked out if it only joins text.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import openpyxl
import python_calamine

from hanse.cube.spelling import composed
from hanse.dialects.swing.joining import Unreadable, evaluate
from hanse.errors import Invalid

Value = str | float | bool | object
"""Text, number or truth value; anything else (a date, a duration) is refused where a column is
used."""

MAX_SHEETS = 200
MAX_XML_BYTES = 1_500_000_000
"""The largest XML of one sheet; a full sheet of 1,048,576 rows and 20 columns is about half of
it."""

_CELL = re.compile(
    rb"<c ([^>]*?)(?:/>|>(?:<f[^>]*?(?:/>|>([^<]*)</f>))?(<v>[^<]*</v>|<v/>|<is>)?)", re.DOTALL
)
_NO_RESULT = (b"<v/>", b"<v></v>")
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, and its rows from the first one on, all of one length."""

    name: str
    rows: tuple[tuple[Value, ...], ...]


def read(content: bytes, file: str) -> tuple[Sheet, ...]:
    """Return the sheets of an `.xlsx` or `.xlsm` workbook, in order.

    Raises `Invalid` for any other content (whatever its name), too many sheets, an error value, or
    a formula without a remembered result that does more than join text.
    """
    _refuse_other_content(content, file)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = list(workbook.sheet_names)
        if len(names) > MAX_SHEETS:
            raise Invalid("INTAKE_SHEETS", file=file, count=len(names), limit=MAX_SHEETS)
        sheets = [
            (name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in names
        ]
        marks = dict(_marks(content))
    except (python_calamine.CalamineError, zipfile.BadZipFile, KeyError, ValueError) as fault:
        raise Invalid("INTAKE_UNREADABLE", file=file) from fault
    return tuple(
        Sheet(name, tuple(_composed(row) for row in _completed(content, name, rows, marks)))
        for name, rows in sheets
    )


def _composed(row: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(composed(each) if isinstance(each, str) else each for each in row)


def _refuse_other_content(content: bytes, file: str) -> None:
    if not content.startswith(_ZIP):
        raise Invalid("INTAKE_FILE_KIND", file=file, wanted="xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile as fault:
        raise Invalid("INTAKE_UNREADABLE", file=file) from fault
    if "xl/workbook.xml" not in names:
        raise Invalid("INTAKE_FILE_KIND", file=file, wanted="xlsx")


@dataclass(frozen=True, slots=True)
class _Marks:
    """What the XML of a sheet says that its values do not: (row, column), both from zero."""

    errors: tuple[tuple[int, int], ...]
    uncached: tuple[tuple[int, int], ...]


def _marks(content: bytes) -> Iterator[tuple[str, _Marks]]:
    """Yield per sheet name the cells that hold an error or a formula without a result."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name, path in _paths(archive).items():
            if archive.getinfo(path).file_size > MAX_XML_BYTES:
                raise ValueError(path)
            text = archive.read(path)
            if b' t="e"' in text or b"<f" in text:
                yield name, _search(text)


def _paths(archive: zipfile.ZipFile) -> Mapping[str, str]:
    relations = archive.read("xl/_rels/workbook.xml.rels")
    targets = {
        _attribute(each, b"Id"): _attribute(each, b"Target")
        for each in re.findall(rb"<Relationship [^>]*>", relations)
    }
    names = re.findall(rb"<sheet [^>]*>", archive.read("xl/workbook.xml"))
    found = {}
    for each in names:
        target = targets.get(_attribute(each, b"r:id"), "").removeprefix("/xl/")
        if f"xl/{target}" in archive.namelist():
            found[_unescape(_attribute(each, b"name"))] = f"xl/{target}"
    return found


def _attribute(element: bytes, name: bytes) -> str:
    match = re.search(rb"\b" + name + rb'="([^"]*)"', element)
    return match.group(1).decode("utf-8") if match else ""


def _unescape(text: str) -> str:
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'")):
        text = text.replace(escaped, plain)
    return text.replace("&amp;", "&")


def _lacks_result(attributes: bytes, held: bytes | None) -> bool:
    """Say whether a formula has no stored result; an empty text (`t="str"`) is one."""
    return held is None or (held in _NO_RESULT and b't="str"' not in attributes)


def _search(text: bytes) -> _Marks:
    errors: list[tuple[int, int]] = []
    uncached: list[tuple[int, int]] = []
    for match in _CELL.finditer(text):
        attributes = match.group(1)
        is_error = b't="e"' in attributes
        is_formula = text.startswith(b"<f", text.index(b">", match.start()) + 1)
        if not is_error and not (is_formula and _lacks_result(attributes, match.group(3))):
            continue
        reference = _REFERENCE.search(attributes)
        if reference is None:
            continue
        place = (int(reference.group(2)) - 1, _column_number(reference.group(1).decode()))
        (errors if is_error else uncached).append(place)
    return _Marks(tuple(errors), tuple(uncached))


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def column_letters(column: int) -> str:
    """Return a column's letters from its number counted from zero: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _completed(
    content: bytes, name: str, rows: list[list[Any]], marks: Mapping[str, _Marks]
) -> list[list[Any]]:
    """Return the rows with formulas worked out that the file remembers no result of."""
    mark = marks.get(name)
    if mark is None:
        return rows
    if mark.errors:
        row, column = mark.errors[0]
        raise Invalid("SWING_ERROR_CELL", sheet=name, row=row + 1, column=column_letters(column))
    if not mark.uncached:
        return rows
    formulas = _formulas(content, name)
    for row, column in mark.uncached:
        try:
            rows[row][column] = evaluate(formulas, f"{column_letters(column)}{row + 1}")
        except (Unreadable, IndexError) as fault:
            raise Invalid(
                "SWING_FORMULA_CELL", sheet=name, row=row + 1, column=column_letters(column)
            ) from fault
    return rows


def _formulas(content: bytes, name: str) -> dict[str, Value]:
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    sheet = workbook[name]
    return {
        cell.coordinate: cell.value
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }
