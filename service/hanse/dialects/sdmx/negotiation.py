"""Which message answers a request: by `format=`, else by `Accept`, else what its clients expect.

The 2.1 family answers `*/*` and plain XML with generic data; the 3.0 family with SDMX-ML 3.0, since
the clients that send nothing more read that (the standard's own default would be JSON).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hanse.dialects.media import Range, ranges, refusal
from hanse.dialects.sdmx.address import Family

Data = Literal["generic", "specific21", "specific30", "csv1", "csv2"]
Structure = Literal["xml21", "xml30", "json20"]

_VENDOR: Final = "application/vnd.sdmx."
_ANY: Final = ("*/*", "application/*", "application/xml", "text/xml", "text/*")
_DATA: Final[dict[str, dict[str, Data]]] = {
    "2.1": {
        "genericdata+xml": "generic",
        "generictimeseriesdata+xml": "generic",
        "structurespecificdata+xml": "specific21",
        "structurespecifictimeseriesdata+xml": "specific21",
        "data+csv": "csv1",
    },
    "3.0": {"data+xml": "specific30", "data+csv": "csv2"},
}
_STRUCTURE: Final[dict[str, dict[str, Structure]]] = {
    "2.1": {"structure+xml": "xml21"},
    "3.0": {"structure+json": "json20", "structure+xml": "xml30"},
}
_ALIASES: Final[dict[str, str]] = {
    "genericdata": "genericdata+xml",
    "structurespecificdata": "structurespecificdata+xml",
    "csvdata": "data+csv",
    "xmldata": "data+xml",
    "csv": "data+csv",
    "xml": "data+xml",
    "structure": "structure+xml",
    "jsonstructure": "structure+json",
}
_VERSIONS: Final[dict[str, frozenset[str]]] = {
    "generic": frozenset({"2.1", "2.1.0"}),
    "specific21": frozenset({"2.1", "2.1.0"}),
    "specific30": frozenset({"3.0.0", "3.0"}),
    "csv1": frozenset({"1.0.0", "1.0"}),
    "csv2": frozenset({"2.0.0", "2.0"}),
    "xml21": frozenset({"2.1", "2.1.0"}),
    "xml30": frozenset({"3.0.0", "3.0"}),
    "json20": frozenset({"2.0.0", "2.0"}),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The message, and the parameters of the media range that chose it (`labels=both`)."""

    form: str
    parameters: Mapping[str, str]


def data(family: Family, accept: str, named: str | None) -> Chosen:
    """Return the data message; raises `NotAcceptable` (SDMX_MEDIA)."""
    default: Data = "generic" if family == "2.1" else "specific30"
    return _choose(dict(_DATA[family]), accept, named, default)


def structure(family: Family, accept: str, named: str | None) -> Chosen:
    """Return the structure message; raises `NotAcceptable` (SDMX_MEDIA)."""
    default: Structure = "xml21" if family == "2.1" else "xml30"
    known: dict[str, str] = dict(_STRUCTURE[family])
    if named is None and "json" in accept and family == "3.0":
        known |= {"application/json": "json20"}
    return _choose(known, accept, named, default)


def _choose(known: dict[str, str], accept: str, named: str | None, default: str) -> Chosen:
    if named is not None:
        form = known.get(_ALIASES.get(named.lower(), named.lower()))
        if form is None:
            raise refusal("SDMX_MEDIA", named, _choice(known))
        return Chosen(form, {})
    for each in sorted(ranges(accept), key=lambda found: -found.quality):
        form = _fits(each, known, default)
        if form is not None and each.quality > 0:
            return Chosen(form, each.parameters)
    raise refusal("SDMX_MEDIA", accept, _choice(known))


def _fits(wanted: Range, known: dict[str, str], default: str) -> str | None:
    if wanted.media in known:
        return known[wanted.media]
    if wanted.media in _ANY:
        return default
    form = known.get(wanted.media.removeprefix(_VENDOR))
    if form is None or not wanted.media.startswith(_VENDOR):
        return None
    version = wanted.parameters.get("version", "")
    fits = not version or version.replace("+", "") in _VERSIONS[form]
    return form if fits else None


def _choice(known: dict[str, str]) -> list[str]:
    return [f"{_VENDOR}{name}" for name in known if "/" not in name]
