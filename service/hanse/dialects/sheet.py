"""Rows of a spreadsheet written into a workbook while it is sent: nothing of them is held.

The workbook around them is made first, small; its parts are packed anew one after another, and the
rows are put where one part has its example of a row. Source: ECMA-376 part 1, §18.3.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Final
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cleared import Cells
from hanse.cube.encoding import whole
from hanse.dialects.words import Part, coded, in_steps, numbers, told_if

LEVEL: Final = 1
"""How hard rows are packed: packing them is most of the work."""

_EXAMPLE: Final = re.compile(rb'<row r="2"[^>]*><c r="A2" s="([0-9]+)"/></row>')
_SIZE: Final = re.compile(rb'<dimension ref="([A-Z]+1):([A-Z]+)2"/>')
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def filled(around: bytes, name: str, cells: Cells, status: Callable[[str], str]) -> Iterator[bytes]:
    """Yield a workbook whose part `name` gets the cells as rows from its second on.

    Its second row is an example of a cell that is hidden, alone. After the columns of the cells
    stands their status in words.
    """
    sink = _Sink()
    with (
        zipfile.ZipFile(io.BytesIO(around)) as held,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as made,
    ):
        for entry in held.infolist():
            content = held.read(entry)
            if entry.filename != name:
                made.writestr(entry, content, zipfile.ZIP_DEFLATED, LEVEL)
                continue
            with made.open(entry, "w") as part:
                for piece in _sheet(content, cells, status):
                    part.write(piece)
                    yield sink.take()
    yield sink.take()


def _sheet(content: bytes, cells: Cells, status: Callable[[str], str]) -> Iterator[bytes]:
    example = _EXAMPLE.search(content)
    assert example is not None  # noqa: S101 the workbook around was made for this
    last = str(cells.rows + 1).encode()
    yield _SIZE.sub(rb'<dimension ref="\1:\g<2>' + last + b'"/>', content[: example.start()])
    row = 2
    for cleared in cells:
        yield from in_steps(_row(cleared.table, row, example[1].decode(), status), cleared.rows)
        row += cleared.rows
    yield content[example.end() :]


def _row(table: pa.Table, first: int, shade: str, status: Callable[[str], str]) -> list[Part]:
    number = pa.array(np.arange(first, first + table.num_rows)).cast(pa.string())
    parts: list[Part] = ['<row r="', number, '">']
    for place, name in enumerate(table.column_names):
        column = whole(table.column(name))
        parts += [f'<c r="{_letters(place)}', number, '"']
        if pa.types.is_floating(column.type):
            blank = f' s="{shade}"/>' if name == "obs_value" else "/>"
            there = pc.is_valid(column)
            parts += [told_if(there, "><v>"), *numbers(column, blank), told_if(there, "</v></c>")]
        else:
            parts.append(coded(column, _inline))
    parts += [f'<c r="{_letters(table.num_columns)}', number, '"']
    said = coded(whole(table.column("obs_status")), lambda code: _inline(status(code)))
    return [*parts, said, "</row>"]


def _letters(place: int) -> str:
    """Return what a column is called: A, B, … Z, AA."""
    before, last = divmod(place, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _inline(text: str) -> str:
    """Return a text as it stands in its cell; what XML cannot hold is spelled as §22.4.2.4 says."""
    if not text:
        return "/>"
    spelled = escape(_UNSEEN.sub(lambda found: f"_x{ord(found[0]):04X}_", text))
    space = ' xml:space="preserve"' if text != text.strip() else ""
    return f' t="inlineStr"><is><t{space}>{spelled}</t></is></c>'


class _Sink(io.RawIOBase):
    """Holds what was packed since it was last taken; nothing before it can be gone back to."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        held = bytes(piece)  # type: ignore[call-overload]
        self._pieces.append(held)
        return len(held)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
