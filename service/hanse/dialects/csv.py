"""CSV (RFC 4180): one line per cell, as it is for machines, and guarded for spreadsheets.

The plain form is exactly the same cells as every other format: `.` in numbers, an empty field where
there is no value. The form for spreadsheets opens in Excel as it stands: a byte order mark, `;`
between fields, a decimal comma, and no text that a spreadsheet could take for a formula.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cleared import Cleared
from hanse.dialects.heading import Heading
from hanse.dialects.words import joined, numerals, spelled

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
SUFFIX = ".csv"
CHUNK_ROWS = 16_384
LINE_END = "\r\n"

_FORMULA = frozenset("=+-@|%＝＋－＠")  # noqa: RUF001 full-width forms count in some spreadsheets


def render(cleared: Cleared, heading: Heading) -> Iterator[bytes]:
    """Yield the plain form, line by line, in pieces."""
    return _render(cleared, _PLAIN)


def render_for_spreadsheets(cleared: Cleared, heading: Heading) -> Iterator[bytes]:
    """Yield the form for spreadsheets, in pieces."""
    return _render(cleared, _SPREADSHEET)


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


def _render(cleared: Cleared, form: _Form) -> Iterator[bytes]:
    table = cleared.table
    names = form.separator.join(form.field(name) for name in table.column_names)
    yield form.start + (names + LINE_END).encode()
    for batch in table.combine_chunks().to_batches(max_chunksize=CHUNK_ROWS):
        fields = [_texts(column, form) for column in batch.columns]
        lines = pc.binary_join_element_wise(*fields, form.separator)
        yield joined(lines, LINE_END) + LINE_END.encode()


def _texts(column: pa.Array, form: _Form) -> pa.Array:
    if not pa.types.is_floating(column.type):
        return spelled(column, form.field)
    plain = numerals(column, "")
    if form.decimal_mark == ".":
        return plain
    return pc.replace_substring(plain, pattern=".", replacement=form.decimal_mark)
