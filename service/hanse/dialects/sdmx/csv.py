"""SDMX-CSV 1.0 and 2.0: one line per observation, spelled column by column.

A value that is not there is `NaN`: an empty field stops one of the clients, and the standard reads
`NaN` as missing on purpose. Deleted observations (action D) carry their key and nothing else.
Source: SDMX-CSV field guides 1.0 and 2.0.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa

from hanse.cube.cleared import Cleared
from hanse.dialects.sdmx import names
from hanse.dialects.sdmx.cells import Layout
from hanse.dialects.words import Part, coded, in_steps, numbers

MEDIA_TYPE: Final[Mapping[str, str]] = {
    "1.0.0": "application/vnd.sdmx.data+csv;version=1.0.0;charset=utf-8",
    "2.0.0": "application/vnd.sdmx.data+csv;version=2.0.0;charset=utf-8",
}
LINE_END = "\n"
Labels = Literal["id", "name", "both"]
Action = Literal["R", "D"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a reader wants the lines: the version, codes or names, and which columns at all."""

    version: str = "2.0.0"
    labels: Labels = "id"
    attributes: tuple[str, ...] = names.ATTRIBUTES
    measure: bool = True
    label_of: Mapping[str, Mapping[str, str]] | None = None
    """Per component, the name of each code; wanted for every label but `id`."""
    title: str = ""


def render(
    parts: Iterable[tuple[Action, Iterable[Cleared]]], layout: Layout, style: Style
) -> Iterator[bytes]:
    """Yield the message: its header line, then every part in order, deletions before the rest."""
    yield (",".join(_header(layout, style)) + LINE_END).encode()
    for action, pieces in parts:
        for cleared in pieces:
            table = layout.observations(cleared)
            yield from in_steps(_line(table, action, layout, style), table.num_rows)


def _header(layout: Layout, style: Style) -> list[str]:
    first = ["STRUCTURE", "STRUCTURE_ID", "ACTION"] if style.version == "2.0.0" else ["DATAFLOW"]
    if style.labels == "name" and style.version == "2.0.0":
        first.insert(2, "STRUCTURE_NAME")
    columns: list[str] = []
    for name in _components(layout, style):
        columns.append(name)
        if style.labels == "name":
            columns.append(f"{name}_NAME")
    return [*first, *columns]


def _components(layout: Layout, style: Style) -> tuple[str, ...]:
    measure = (names.OBS_VALUE,) if style.measure else ()
    return (*layout.key, *measure, *style.attributes)


def _line(table: pa.Table, action: Action, layout: Layout, style: Style) -> list[Part]:
    structure = names.structure_id(layout.edition)
    first = [structure] if style.version == "1.0.0" else ["dataflow", structure, action]
    if style.labels == "name" and style.version == "2.0.0":
        first.insert(2, _field(style.title))
    if style.labels == "both":
        first[first.index(structure)] = _field(f"{structure}: {style.title}")
    parts: list[Part] = [",".join(first)]
    for name in _components(layout, style):
        gone = action == "D" and name not in layout.key
        for column in _columns(table, name, style, gone=gone):
            parts += [",", *column]
    return [*parts, LINE_END]


def _columns(table: pa.Table, name: str, style: Style, *, gone: bool) -> Iterator[list[Part]]:
    """Yield the fields of a component, each in parts."""
    column = table.column(name).chunk(0)
    known = (style.label_of or {}).get(name, {})
    if gone:
        yield []
    elif name == names.OBS_VALUE:
        yield numbers(column, "NaN")
    elif style.labels == "both":
        yield [coded(column, lambda text: _both(text, known))]
    else:
        yield [coded(column, _field)]
    if style.labels == "name":
        named = name != names.OBS_VALUE and not gone
        yield [coded(column, lambda text: _field(known.get(text, "")))] if named else []


def _both(text: str, known: Mapping[str, str]) -> str:
    return _field(f"{text}: {known[text]}" if text in known else text)


def _field(text: str) -> str:
    if {",", '"', "\r", "\n"}.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'
