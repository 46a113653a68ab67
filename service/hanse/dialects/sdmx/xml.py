"""SDMX-ML data messages: generic 2.1, structure-specific 2.1 and 3.0, written while they are read.

Observations stand in series in key order and by time within one. A value that is not there leaves
its element or attribute away; the status beside it says why. Source: the schemas of SDMX 2.1 and
3.0.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from hanse.cube.cleared import Cleared
from hanse.dialects.sdmx import names
from hanse.dialects.sdmx.cells import Layout, in_series
from hanse.dialects.words import numerals

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
                yield "".join(_series(cleared, layout, message, action)).encode()
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


def _series(cleared: Cleared, layout: Layout, message: Message, action: Action) -> Iterator[str]:
    table = in_series(layout.observations(cleared), layout, layout.edition.periods)
    told: Sequence[str] = names.SERIES_ATTRIBUTES
    heads = _rows(table, (*layout.series, *told))
    observed = (*(_texts(table, name) for name in _WRITTEN), _values(table))
    open_for: tuple[str, ...] | None = None
    writer = _Generic if message.shape == "generic" else _Specific
    writer_of = writer(layout.series, message.detail, gone=action == "Delete")
    for head, *observation in zip(heads, *observed, strict=True):
        if head != open_for:
            if open_for is not None:
                yield writer_of.end
            yield writer_of.start(head)
            open_for = head
        if message.detail != "serieskeysonly":
            yield writer_of.observation(*observation)
    if open_for is not None:
        yield writer_of.end


_WRITTEN: Final = (names.TIME_PERIOD, *names.OBS_ATTRIBUTES)


def _rows(table: pa.Table, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(_texts(table, name) for name in columns), strict=True)


def _texts(table: pa.Table, name: str) -> list[str]:
    return list(table.column(name).to_pylist())


def _values(table: pa.Table) -> list[str]:
    return list(numerals(table.column(names.OBS_VALUE).combine_chunks(), "").to_pylist())


@dataclass(frozen=True, slots=True)
class _Generic:
    series: tuple[str, ...]
    detail: Detail
    gone: bool

    end = "</gen:Series>"

    def start(self, head: tuple[str, ...]) -> str:
        count = len(self.series)
        key = "".join(_value(*pair) for pair in zip(self.series, head[:count], strict=True))
        told = zip(names.SERIES_ATTRIBUTES, head[count:], strict=True)
        attributes = "".join(_value(name, text) for name, text in told if text)
        if self.detail != "full" or self.gone:
            attributes = ""
        said = f"<gen:Attributes>{attributes}</gen:Attributes>" if attributes else ""
        return f"<gen:Series><gen:SeriesKey>{key}</gen:SeriesKey>{said}"

    def observation(self, period: str, status: str, conf: str, value: str) -> str:
        measured = f"<gen:ObsValue value={quoteattr(value)}/>" if value and not self.gone else ""
        said = _value(names.OBS_STATUS, status) + _value(names.CONF_STATUS, conf)
        attributes = f"<gen:Attributes>{said}</gen:Attributes>"
        if self.detail != "full" or self.gone:
            attributes = ""
        at = f"<gen:ObsDimension value={quoteattr(period)}/>"
        return f"<gen:Obs>{at}{measured}{attributes}</gen:Obs>"


def _value(name: str, text: str) -> str:
    return f"<gen:Value id={quoteattr(name)} value={quoteattr(text)}/>"


@dataclass(frozen=True, slots=True)
class _Specific:
    series: tuple[str, ...]
    detail: Detail
    gone: bool

    end = "</Series>"

    def start(self, head: tuple[str, ...]) -> str:
        count = len(self.series)
        pairs = list(zip(self.series, head[:count], strict=True))
        if self.detail == "full" and not self.gone:
            told = zip(names.SERIES_ATTRIBUTES, head[count:], strict=True)
            pairs.extend((name, text) for name, text in told if text)
        return "<Series" + "".join(f" {name}={quoteattr(text)}" for name, text in pairs) + ">"

    def observation(self, period: str, status: str, conf: str, value: str) -> str:
        measured = f" OBS_VALUE={quoteattr(value)}" if value and not self.gone else ""
        said = f' OBS_STATUS="{status}" CONF_STATUS="{conf}"'
        if self.detail != "full" or self.gone:
            said = ""
        return f"<Obs TIME_PERIOD={quoteattr(period)}{measured}{said}/>"
