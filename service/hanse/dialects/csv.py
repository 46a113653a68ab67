"""CSV (RFC 4180): one line per cell, as it is for machines, and guarded for spreadsheets.

The plain form is exactly the same cells as every other format: `.` in numbers, an empty field where
there is no value. The form for spreadsheets opens in Excel as it stands: a byte order mark, `;`
between fields, a decimal comma, and no text that a spreadsheet could take for a formula.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from hanse.cube.cleared import Cells
from hanse.cube.encoding import whole
from hanse.dialects.heading import Heading
from hanse.dialects.words import Part, coded, in_steps, numbers

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
SUFFIX = ".csv"
LINE_END = "\r\n"

_FORMULA = frozenset("=+-@|%＝＋－＠")  # noqa: RUF001 full-width forms count in some spreadsheets


def render(cells: Cells, heading: Heading) -> Iterator[bytes]:
    """Yield the plain form, line by line, in pieces."""
    return _render(cells, _PLAIN)


def render_for_spreadsheets(cells: Cells, heading: Heading) -> Iterator[bytes]:
    """Yield the form for spreadsheets, in pieces."""
    return _render(cells, _SPREADSHEET)


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with `'` before it where it could.

    What a spreadsheet skips (blanks, line ends, invisible characters) is skipped here too.
    """
    first = next((character for character in text if not _skipped(character)), "")
    return f"'{text}" if first in _FORMULA else text


def _skipped(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}


@dataclass(frozen=True, slots=True)
class _Form:
    start: bytes
    separator: str
    decimal_mark: str
    text: Callable[[str], str]

    def field(self, text: str) -> str:
        shown = self.text(text)
        special = {self.separator, '"', "\r", "\n"}
        if special.isdisjoint(shown):
            return shown
        return '"' + shown.replace('"', '""') + '"'


_PLAIN = _Form(b"", ",", ".", lambda text: text)
_SPREADSHEET = _Form(b"\xef\xbb\xbf", ";", ",", guarded)


def _render(cells: Cells, form: _Form) -> Iterator[bytes]:
    names = form.separator.join(form.field(name) for name in cells.names)
    yield form.start + (names + LINE_END).encode()
    for cleared in cells:
        yield from in_steps(_fields(cleared.table, form), cleared.rows)


def _fields(table: pa.Table, form: _Form) -> list[Part]:
    parts: list[Part] = []
    for number, column in enumerate(map(whole, table.columns)):
        if number:
            parts.append(form.separator)
        if pa.types.is_floating(column.type):
            parts += numbers(column, "", form.decimal_mark)
        else:
            parts.append(coded(column, form.field))
    return [*parts, LINE_END]
