"""Addresses of SDMX REST: which resource, of which artefact, with which parameters.

Paths and parameters are read raw: `+` in a key is "or", never a blank. Source: SDMX REST 1.5 (the
family `2.1`) and 2.x (the family `3.0`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from hanse.dialects.sdmx import question
from hanse.errors import Invalid

Family = Literal["2.1", "3.0"]
Resource = Literal["structure", "data", "availability", "schema"]

HELD: Final = ("dataflow", "datastructure", "codelist", "conceptscheme")
"""The kinds of artefact that exist here."""

STANDARD: Final = frozenset(
    {
        *("agencyscheme", "allowedconstraint", "attachmentconstraint", "actualconstraint"),
        *("categorisation", "categoryscheme", "contentconstraint", "customtypescheme"),
        *("dataconstraint", "dataconsumerscheme", "dataproviderscheme", "geocodelist"),
        *("geogridcodelist", "hierarchicalcodelist", "hierarchy", "hierarchyassociation"),
        *("hybridcodelistmap", "metadataconstraint", "metadataflow", "metadataproviderscheme"),
        *("metadataprovisionagreement", "metadatastructure", "namepersonalisationscheme"),
        *("organisationscheme", "organisationunitscheme", "process", "provisionagreement"),
        *("reportingtaxonomy", "representationmap", "rulesetscheme", "structureset"),
        *("structuremap", "conceptschememap", "categoryschememap", "organisationschememap"),
        *("reportingtaxonomymap", "transformationscheme", "userdefinedoperatorscheme"),
        *("valuelist", "vtlmappingscheme"),
    }
)
"""The kinds that the standard knows and this service holds none of: an empty answer, no error."""

LISTS_MAX: Final = 50
_DATA: Final[Mapping[Family, frozenset[str]]] = {
    "2.1": frozenset(
        {
            *("startPeriod", "endPeriod", "updatedAfter", "firstNObservations"),
            *("lastNObservations", "dimensionAtObservation", "detail", "includeHistory", "format"),
        }
    ),
    "3.0": frozenset(
        {
            *("updatedAfter", "firstNObservations", "lastNObservations", "asOf", "format"),
            *("dimensionAtObservation", "attributes", "measures", "includeHistory"),
        }
    ),
}
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "includeHistory": ("false",),
    "measures": ("all", "none", "OBS_VALUE"),
    "mode": ("exact", "available"),
}
"""What parameters may say that change nothing, or little: another value is never passed over."""
_STRUCTURE: Final = frozenset({"detail", "references", "format", "lang"})
_AVAILABILITY: Final = frozenset(
    {"references", "mode", "startPeriod", "endPeriod", "updatedAfter", "format", "lang"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """What is asked for. `all` and `*` are "" here; `versions` are as they were written.

    `kind` is a kind of artefact, or of what the data is of. `key` is the raw text of the key, ""
    for everything. `parameters` keep their order; `component` narrows an availability.
    """

    family: Family
    resource: Resource
    kind: str = "dataflow"
    agencies: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    version: str = ""
    key: str = ""
    component: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str | None:
        """Return a parameter, None where it was not given."""
        return next((text for given, text in self.parameters if given == name), None)


class Unsupported(Invalid):
    """Something the standard has and this service has not, or no standard has at all."""


def read(family: Family, path: str, query: str) -> Address:
    """Return what a raw path (below the family's root) and a raw query ask for.

    Raises `Invalid`: SDMX_PATH for a path of another shape, QUERY_UNKNOWN for a parameter that does
    not exist, QUERY_TWICE for one that stands twice; `Unsupported` (SDMX_RESOURCE) for a resource
    that no standard knows.
    """
    parts = [unquote(part) for part in path.strip("/").split("/")]
    parameters = _parameters(query)
    if family == "2.1":
        return _read21(parts, parameters)
    return _read30(parts, parameters)


def _parameters(query: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in query.split("&") if part]
    return tuple((unquote(name), unquote(text)) for name, _, text in pairs)


def _read21(parts: Sequence[str], parameters: tuple[tuple[str, str], ...]) -> Address:
    resource, *rest = parts
    if resource in ("data", "availableconstraint"):
        return _flow21(resource, rest, parameters)
    _check(parameters, _STRUCTURE)
    _check_kind(resource)
    agency, id_, version = _padded(rest, 3)
    return Address(
        "2.1",
        "structure",
        resource,
        _list(agency, "all"),
        _list(id_, "all"),
        "" if version in ("all", "*") else version or "latest",
        parameters=parameters,
    )


def _flow21(resource: str, rest: Sequence[str], parameters: tuple[tuple[str, str], ...]) -> Address:
    available = resource == "availableconstraint"
    _check(parameters, _AVAILABILITY if available else _DATA["2.1"])
    flow, key, _provider, component = _padded(rest, 4 if available else 3, 4)
    named = flow.split(",")
    if not flow or len(named) > 3:
        raise Invalid("SDMX_PATH", given=flow[:60])
    agency = named[0] if len(named) > 1 else ""
    return Address(
        "2.1",
        "availability" if available else "data",
        "dataflow",
        _list(agency, "all"),
        (named[1] if len(named) > 1 else named[0],),
        named[2] if len(named) == 3 else "latest",
        "" if key == "all" else key,
        "" if component == "all" else component,
        parameters,
    )


def _read30(parts: Sequence[str], parameters: tuple[tuple[str, str], ...]) -> Address:
    resource, *rest = parts
    match resource:
        case "structure":
            return _structure30(rest, parameters)
        case "data" | "availability" | "schema":
            return _context30(resource, rest, parameters)
    raise Unsupported("SDMX_RESOURCE", given=resource[:40])


def _structure30(rest: Sequence[str], parameters: tuple[tuple[str, str], ...]) -> Address:
    _check(parameters, _STRUCTURE)
    kind, agency, id_, version, _item = _padded(rest, 5)
    if kind != "*":
        _check_kind(kind)
    return Address(
        "3.0",
        "structure",
        kind,
        _list(agency, "*"),
        _list(id_, "*"),
        "" if version == "*" else version or "~",
        parameters=parameters,
    )


def _context30(
    resource: str, rest: Sequence[str], parameters: tuple[tuple[str, str], ...]
) -> Address:
    _check(parameters, _AVAILABILITY if resource != "data" else _DATA["3.0"])
    kind, agency, id_, version, key, component = _padded(rest, 6)
    if kind not in ("dataflow", "datastructure", "*"):
        raise Unsupported("SDMX_RESOURCE", given=kind[:40])
    named: Mapping[str, Resource] = {
        "data": "data",
        "availability": "availability",
        "schema": "schema",
    }
    return Address(
        "3.0",
        named[resource],
        kind,
        _list(agency, "*"),
        _list(id_, "*"),
        "" if version == "*" else version or "~",
        "" if key == "*" else key,
        "" if component == "*" else component,
        parameters,
    )


def _check_kind(kind: str) -> None:
    if kind not in HELD and kind not in STANDARD:
        raise Unsupported("SDMX_RESOURCE", given=kind[:40])


def _padded(parts: Sequence[str], most: int, wide: int = 0) -> list[str]:
    if len(parts) > most:
        raise Invalid("SDMX_PATH", given="/".join(parts)[:60])
    return [*parts, *[""] * (max(wide, most) - len(parts))]


def _list(text: str, every: str) -> tuple[str, ...]:
    if text in ("", every, "all", "*"):
        return ()
    found = tuple(part for part in text.replace("+", ",").split(",") if part)
    if len(found) > LISTS_MAX:
        raise Invalid("SDMX_VALUES", limit=LISTS_MAX)
    return found


def _check(parameters: Sequence[tuple[str, str]], known: frozenset[str]) -> None:
    seen: set[str] = set()
    for name, text in parameters:
        if name in seen:
            raise Invalid("QUERY_TWICE", name=name[:40])
        seen.add(name)
        if name not in known and not question.is_filter(name):
            shown = name[:40] if name.isprintable() else "?"
            raise Invalid("QUERY_UNKNOWN", name=shown, choice=", ".join(sorted(known)))
        if text not in _VALUES.get(name, (text,)):
            raise Invalid("SDMX_PARAMETER", name=name, choice=", ".join(_VALUES[name]))
