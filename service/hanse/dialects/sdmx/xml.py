"""SDMX-ML data messages: generic 2.1, structure-specific 2.1 and 3.0, written while they are read.

Observations stand in series in key order and by time within one. A value that is not there leaves
its element or attribute away; the status beside it says why. Source: the schemas of SDMX 2.1 and
3.0.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cleared import Cleared
from hanse.dialects.sdmx import names
from hanse.dialects.sdmx.cells import Layout, in_series
from hanse.dialects.words import joined, numerals, spelled

Shape = Literal["generic", "specific21", "specific30"]
Detail = Literal["full", "dataonly", "serieskeysonly", "nodata"]
Action = Literal["Information", "Replace", "Delete"]

MEDIA_TYPE: Final[Mapping[Shape, str]] = {
    "generic": "application/vnd.sdmx.genericdata+xml;version=2.1",
    "specific21": "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
    "specific30": "application/vnd.sdmx.data+xml;version=3.0.0",
}
_BASE: Final = "http://www.sdmx.org/resources/sdmxml/schemas/"
_ROOT: Final[Mapping[Shape, str]] = {
    "generic": "GenericData",
    "specific21": "StructureSpecificData",
    "specific30": "StructureSpecificData",
}


STEP_ROWS: Final = 8_192
"""About how many observations are written at a time: what they are made of takes some memory."""

Starts = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Message:
    """What stands around the data: the kind of message, how much of it, its id and its moment."""

    shape: Shape
    prepared: str
    id: str
    detail: Detail = "full"


def render(
    parts: Iterable[tuple[Action, Iterable[Cleared]]], layout: Layout, message: Message
) -> Iterator[bytes]:
    """Yield the message: its header, then one data set per part."""
    yield _opening(layout, message).encode()
    for action, pieces in parts:
        yield _data_set(layout, message, action).encode()
        for cleared in pieces:
            if message.detail != "nodata":
                yield from _series(cleared, layout, message, action)
        yield b"</mes:DataSet>"
    yield f"</mes:{_ROOT[message.shape]}>".encode()


def _opening(layout: Layout, message: Message) -> str:
    version = "v3_0" if message.shape == "specific30" else "v2_1"
    spaces = {
        "mes": f"{_BASE}{version}/message",
        "com": f"{_BASE}{version}/common",
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    }
    if message.shape == "generic":
        spaces["gen"] = f"{_BASE}{version}/data/generic"
    else:
        spaces["ss"] = f"{_BASE}{version}/data/structurespecific"
        spaces["ns1"] = f"{names.flow_urn(layout.edition)}:ObsLevelDim:TIME_PERIOD"
    said = "".join(f" xmlns:{name}={quoteattr(uri)}" for name, uri in spaces.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<mes:{_ROOT[message.shape]}{said}>'
        f"<mes:Header><mes:ID>{escape(message.id)}</mes:ID><mes:Test>false</mes:Test>"
        f"<mes:Prepared>{escape(message.prepared)}</mes:Prepared>"
        f"<mes:Sender id={quoteattr(layout.edition.agency)}/>{_structure(layout, message)}"
        "</mes:Header>"
    )


def _structure(layout: Layout, message: Message) -> str:
    edition = layout.edition
    space = f" namespace={quoteattr(names.flow_urn(edition))}"
    if message.shape == "generic":
        space = ""
    if message.shape == "specific30":
        usage = escape(names.flow_urn(edition))
    else:
        usage = (
            f"<Ref agencyID={quoteattr(edition.agency)} id={quoteattr(edition.dialect_id)}"
            f' version={quoteattr(edition.contract.version)} class="Dataflow"/>'
        )
    return (
        f"<mes:Structure structureID={quoteattr(edition.dialect_id)}{space}"
        f' dimensionAtObservation="TIME_PERIOD"><com:StructureUsage>{usage}</com:StructureUsage>'
        "</mes:Structure>"
    )


def _data_set(layout: Layout, message: Message, action: Action) -> str:
    name = quoteattr(layout.edition.dialect_id)
    if message.shape == "generic":
        return f'<mes:DataSet structureRef={name} action="{action}">'
    if message.shape == "specific21":
        said = f'ss:structureRef={name} xsi:type="ns1:DataSetType" ss:dataScope="DataStructure"'
        return f'<mes:DataSet {said} action="{action}">'
    return f'<mes:DataSet ss:structureRef={name} xsi:type="ns1:DataSetType" ss:action="{action}">'


def _series(cleared: Cleared, layout: Layout, message: Message, action: Action) -> Iterator[bytes]:
    """Yield the series of a piece, some at a time, column by column: each code is escaped once."""
    table = in_series(layout.observations(cleared), layout, layout.edition.periods)
    if not table.num_rows:
        return
    writer = _Generic if message.shape == "generic" else _Specific
    first = _first_of_series(table, (*layout.series, *names.SERIES_ATTRIBUTES))
    for start, stop in pairwise(_bounds(first)):
        part = table.slice(start, stop - start).combine_chunks()
        written = writer(part, layout.series, message.detail, action == "Delete")
        yield _lines(written, pa.array(first[start:stop]), keys=message.detail == "serieskeysonly")


def _bounds(first: Starts) -> list[int]:
    """Return where to cut so that no series is cut, in steps of about `STEP_ROWS`."""
    starts = np.flatnonzero(first)
    steps = np.searchsorted(starts, np.arange(STEP_ROWS, len(first), STEP_ROWS))
    cuts = starts[np.unique(steps[steps < len(starts)])]
    return [0, *(int(each) for each in cuts if each), len(first)]


def _lines(written: "_Generic | _Specific", first: pa.Array, *, keys: bool) -> bytes:
    opening = _join(written.end, written.starts(written.table.filter(first)))
    before = pc.replace_with_mask(_constant("", len(first)), first, opening)
    lines = before if keys else _join(before, written.observations())
    end = written.end.encode()
    return joined(lines, "").removeprefix(end) + end


def _first_of_series(table: pa.Table, columns: Sequence[str]) -> Starts:
    """Say of every row whether it starts another series than the row before."""
    differs = np.zeros(table.num_rows, np.bool_)
    differs[0] = True
    for name in columns:
        codes = _column(table, name).dictionary_encode().indices.to_numpy(zero_copy_only=False)
        differs[1:] |= codes[1:] != codes[:-1]
    return differs


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _constant(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), count)


def _join(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _unless_empty(texts: pa.Array, before: str, after: str) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), "", _join(before, texts, after))


def _values(table: pa.Table) -> pa.Array:
    return numerals(_column(table, names.OBS_VALUE), "")


@dataclass(frozen=True, slots=True)
class _Generic:
    table: pa.Table
    series: tuple[str, ...]
    detail: Detail
    gone: bool

    end = "</gen:Series>"

    def starts(self, heads: pa.Table) -> pa.Array:
        """Return what opens each series, by its first rows."""
        key = _join(*(_named(heads, name) for name in self.series))
        opened = _join("<gen:Series><gen:SeriesKey>", key, "</gen:SeriesKey>")
        if self.detail != "full" or self.gone:
            return opened
        told = _join(*(_told(heads, name) for name in names.SERIES_ATTRIBUTES))
        return _join(opened, _unless_empty(told, "<gen:Attributes>", "</gen:Attributes>"))

    def observations(self) -> pa.Array:
        """Return every observation."""
        at = spelled(
            _column(self.table, names.TIME_PERIOD),
            lambda text: f"<gen:Obs><gen:ObsDimension value={quoteattr(text)}/>",
        )
        if self.gone:
            return _join(at, "</gen:Obs>")
        measured = _unless_empty(_values(self.table), '<gen:ObsValue value="', '"/>')
        if self.detail != "full":
            return _join(at, measured, "</gen:Obs>")
        said = (_named(self.table, name) for name in names.OBS_ATTRIBUTES)
        return _join(at, measured, "<gen:Attributes>", *said, "</gen:Attributes></gen:Obs>")


def _named(table: pa.Table, name: str) -> pa.Array:
    return spelled(_column(table, name), lambda text: _value(name, text))


def _told(table: pa.Table, name: str) -> pa.Array:
    return spelled(_column(table, name), lambda text: _value(name, text) if text else "")


def _value(name: str, text: str) -> str:
    return f"<gen:Value id={quoteattr(name)} value={quoteattr(text)}/>"


@dataclass(frozen=True, slots=True)
class _Specific:
    table: pa.Table
    series: tuple[str, ...]
    detail: Detail
    gone: bool

    end = "</Series>"

    def starts(self, heads: pa.Table) -> pa.Array:
        """Return what opens each series, by its first rows."""
        parts = [_attribute(heads, name) for name in self.series]
        if self.detail == "full" and not self.gone:
            parts += [_attribute(heads, name, empty=False) for name in names.SERIES_ATTRIBUTES]
        return _join("<Series", *parts, ">")

    def observations(self) -> pa.Array:
        """Return every observation."""
        at = _attribute(self.table, names.TIME_PERIOD)
        if self.gone:
            return _join("<Obs", at, "/>")
        measured = _unless_empty(_values(self.table), ' OBS_VALUE="', '"')
        if self.detail != "full":
            return _join("<Obs", at, measured, "/>")
        said = (_attribute(self.table, name) for name in names.OBS_ATTRIBUTES)
        return _join("<Obs", at, measured, *said, "/>")


def _attribute(table: pa.Table, name: str, *, empty: bool = True) -> pa.Array:
    def spell(text: str) -> str:
        return f" {name}={quoteattr(text)}" if text or empty else ""

    return spelled(_column(table, name), spell)
