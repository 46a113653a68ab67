"""SDMX-ML data messages: generic 2.1, structure-specific 2.1 and 3.0, written while they are read.

Observations stand in series in key order and by time within one. A value that is not there leaves
its element or attribute away; the status beside it says why. Source: the schemas of SDMX 2.1 and
3.0.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cleared import Cleared
from hanse.cube.encoding import whole
from hanse.dialects.heading import perturbed_in
from hanse.dialects.sdmx import names
from hanse.dialects.sdmx.cells import Layout, in_series
from hanse.dialects.words import Part, coded, encoded, in_steps, texts, told_at, wrapped

Shape = Literal["generic", "specific21", "specific30"]
Detail = Literal["full", "dataonly", "serieskeysonly", "nodata"]
Action = Literal["Information", "Replace", "Delete"]

MEDIA_TYPE: Final[Mapping[Shape, str]] = {
    "generic": "application/vnd.sdmx.genericdata+xml;version=2.1",
    "specific21": "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
    "specific30": "application/vnd.sdmx.data+xml;version=3.0.0",
}
LANG: Final = "en"
"""What a header of SDMX is written in."""
_BASE: Final = "http://www.sdmx.org/resources/sdmxml/schemas/"
_ROOT: Final[Mapping[Shape, str]] = {
    "generic": "GenericData",
    "specific21": "StructureSpecificData",
    "specific30": "StructureSpecificData",
}

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
        f"{_source(layout.edition.sdc_method)}</mes:Header>"
    )


def _source(method: str) -> str:
    """Return in the header that every figure is perturbed; nothing where small ones are hidden.

    One of the clients stops at an annotation of a data set or a name, and shows this.
    """
    if not method:
        return ""
    told = f"sdc_method {method}: {perturbed_in(method, LANG)}"
    return f'<mes:Source xml:lang="{LANG}">{escape(told)}</mes:Source>'


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
    """Yield the series of a piece, some lines at a time: each code is escaped once per piece."""
    table = in_series(layout.observations(cleared), layout, layout.edition.periods)
    if not table.num_rows:
        return
    writer = _Generic if message.shape == "generic" else _Specific
    first = _first_of_series(table, (*layout.series, *names.SERIES_ATTRIBUTES))
    written = writer(table, layout.series, message.detail, action == "Delete")
    heads = table.filter(pa.array(first))
    opening = told_at(first, texts([written.end, *written.starts(heads)], heads.num_rows))
    keys = message.detail == "serieskeysonly"
    parts = [opening] if keys else [opening, *written.observations()]
    end = written.end.encode()
    for number, step in enumerate(in_steps(parts, table.num_rows)):
        yield step if number else step.removeprefix(end)
    yield end


def _first_of_series(table: pa.Table, columns: Sequence[str]) -> Starts:
    """Say of every row whether it starts another series than the row before."""
    differs = np.zeros(table.num_rows, np.bool_)
    differs[0] = True
    for name in columns:
        codes = encoded(_column(table, name)).indices.to_numpy()
        differs[1:] |= codes[1:] != codes[:-1]
    return differs


def _column(table: pa.Table, name: str) -> pa.Array:
    return whole(table.column(name))


def _unless_empty(told: pa.Array, before: str, after: str) -> pa.Array:
    return pc.if_else(pc.equal(told, ""), "", pc.binary_join_element_wise(before, told, after, ""))


def _sampled(table: pa.Table) -> tuple[str, ...]:
    return tuple(name for name in names.SAMPLE_ATTRIBUTES if name in table.column_names)


@dataclass(frozen=True, slots=True)
class _Generic:
    table: pa.Table
    series: tuple[str, ...]
    detail: Detail
    gone: bool

    end = "</gen:Series>"

    def starts(self, heads: pa.Table) -> list[Part]:
        """Return what opens each series, by its first rows."""
        key = [_named(heads, name) for name in self.series]
        opened = ["<gen:Series><gen:SeriesKey>", *key, "</gen:SeriesKey>"]
        if self.detail != "full" or self.gone:
            return opened
        told = texts([_told(heads, name) for name in names.SERIES_ATTRIBUTES], heads.num_rows)
        return [*opened, _unless_empty(told, "<gen:Attributes>", "</gen:Attributes>")]

    def observations(self) -> list[Part]:
        """Return every observation."""
        at = coded(
            _column(self.table, names.TIME_PERIOD),
            lambda text: f"<gen:Obs><gen:ObsDimension value={quoteattr(text)}/>",
        )
        if self.gone:
            return [at, "</gen:Obs>"]
        value = wrapped(_column(self.table, names.OBS_VALUE), '<gen:ObsValue value="', '"/>')
        if self.detail != "full":
            return [at, *value, "</gen:Obs>"]
        said = [_named(self.table, name) for name in names.OBS_ATTRIBUTES]
        said += [_told(self.table, name) for name in _sampled(self.table)]
        return [at, *value, "<gen:Attributes>", *said, "</gen:Attributes></gen:Obs>"]


def _named(table: pa.Table, name: str) -> pa.DictionaryArray:
    return coded(_column(table, name), lambda text: _value(name, text))


def _told(table: pa.Table, name: str) -> pa.DictionaryArray:
    return coded(_column(table, name), lambda text: _value(name, text) if text else "")


def _value(name: str, text: str) -> str:
    return f"<gen:Value id={quoteattr(name)} value={quoteattr(text)}/>"


@dataclass(frozen=True, slots=True)
class _Specific:
    table: pa.Table
    series: tuple[str, ...]
    detail: Detail
    gone: bool

    end = "</Series>"

    def starts(self, heads: pa.Table) -> list[Part]:
        """Return what opens each series, by its first rows."""
        parts = [_attribute(heads, name) for name in self.series]
        if self.detail == "full" and not self.gone:
            parts += [_attribute(heads, name, empty=False) for name in names.SERIES_ATTRIBUTES]
        return ["<Series", *parts, ">"]

    def observations(self) -> list[Part]:
        """Return every observation."""
        at = _attribute(self.table, names.TIME_PERIOD)
        if self.gone:
            return ["<Obs", at, "/>"]
        value = wrapped(_column(self.table, names.OBS_VALUE), ' OBS_VALUE="', '"')
        if self.detail != "full":
            return ["<Obs", at, *value, "/>"]
        said = [_attribute(self.table, name) for name in names.OBS_ATTRIBUTES]
        said += [_attribute(self.table, name, empty=False) for name in _sampled(self.table)]
        return ["<Obs", at, *value, *said, "/>"]


def _attribute(table: pa.Table, name: str, *, empty: bool = True) -> pa.DictionaryArray:
    def spell(text: str) -> str:
        return f" {name}={quoteattr(text)}" if text or empty else ""

    return coded(_column(table, name), spell)
