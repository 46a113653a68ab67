"""What stands around the rows: service documents, `$metadata`, and the sets that describe them.

The metadata lists nothing that the reader's rows would not show.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from hanse.dialects.edition import Edition, text_in
from hanse.dialects.heading import described_in
from hanse.dialects.odata.rows import ID, SAMPLE, VALUE, Cbs, Rows, cbs_period
from hanse.messages import say

JSON: Final = "application/json;odata.metadata=minimal;charset=utf-8"
XML: Final = "application/xml"
HEADERS: Final = {"OData-Version": "4.0"}
NAMESPACE: Final = "Hanse"

_EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"
_TYPES: Final = {
    ID: "Edm.Int64",
    VALUE: "Edm.Double",
    "PeriodStart": "Edm.Date",
    **{name: "Edm.Double" for name in SAMPLE if name != "CiMethod"},
}

DATASETS: Final = (
    "Identifier", "Agency", "Title", "Description", "Release", "PublishedAt", "Licence", "Access",
)  # fmt: skip


def set_name(edition: Edition) -> str:
    """Return the name of a dataset's set of rows: `NIS41002_PROEF`."""
    return f"{edition.agency}_{edition.dialect_id}"


def service(context: str, sets: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return a service document; `sets` are (name, kind)."""
    value = [{"name": name, "kind": kind, "url": name} for name, kind in sets]
    return {"@odata.context": f"{context}/$metadata", "value": value}


def listed(context: str, name: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a set that describes something; it is never paged."""
    return {"@odata.context": f"{context}/$metadata#{name}", "value": list(entries)}


def dataset(edition: Edition, lang: str) -> dict[str, Any]:
    """Return a dataset as a list of them has it."""
    return {
        "Identifier": set_name(edition),
        "Agency": edition.agency,
        "Title": text_in(edition.contract.title, lang, edition.slug),
        "Description": _description(edition, lang),
        "Release": edition.release,
        "PublishedAt": edition.moment,
        "Licence": edition.licence,
        "Access": edition.contract.access.value,
    }


def _description(edition: Edition, lang: str) -> str:
    """Return the description; it says that figures are perturbed, where they are."""
    return described_in(text_in(edition.contract.description, lang), edition.sdc_method, lang)


def metadata(
    types: Mapping[str, Sequence[str]],
    sets: Mapping[str, str],
    keys: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """Return the CSDL document: entity types with their properties, and sets with their type.

    The first property of a type is its key, unless `keys` names others. Singletons are types named
    `Property`.
    """
    entities = "".join(
        _entity(name, properties, (keys or {}).get(name, properties[:1]))
        for name, properties in types.items()
    )
    held = "".join(_set(name, kind) for name, kind in sets.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edmx:Edmx Version="4.0" xmlns:edmx="{_EDMX}">'
        f'<edmx:DataServices><Schema Namespace="{NAMESPACE}" xmlns="{_EDM}">{entities}'
        f'<EntityContainer Name="Container">{held}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()


def _entity(name: str, properties: Sequence[str], keys: Sequence[str]) -> str:
    lines = "".join(
        f"<Property Name={quoteattr(each)} Type={quoteattr(_TYPES.get(each, 'Edm.String'))}"
        f"{' Nullable=' + quoteattr('false') if each in keys else ''}/>"
        for each in properties
    )
    refs = "".join(f"<PropertyRef Name={quoteattr(key)}/>" for key in keys)
    return f"<EntityType Name={quoteattr(name)}><Key>{refs}</Key>{lines}</EntityType>"


def _set(name: str, kind: str) -> str:
    if kind == "Property":
        return f"<Singleton Name={quoteattr(name)} Type={quoteattr(f'{NAMESPACE}.{kind}')}/>"
    return f"<EntitySet Name={quoteattr(name)} EntityType={quoteattr(f'{NAMESPACE}.{kind}')}/>"


CODE: Final = ("Identifier", "Index", "Title", "Description", "DimensionGroupId")
MEASURE: Final = (
    "Identifier", "Index", "Title", "Description", "DataType", "Unit", "Format", "Decimals",
    "PresentationType",
)  # fmt: skip
PROPERTY: Final = (
    "Identifier", "Title", "Description", "Language", "Modified", "ObservationsModified", "Catalog",
    "Publisher", "License", "Version", "Source",
)  # fmt: skip
DIMENSION: Final = ("Identifier", "Title", "Description", "Kind", "ContainsGroups", "ContainsCodes")


def cbs_entry(edition: Edition, level: str, lang: str) -> dict[str, Any]:
    """Return a dataset at one level as the list of CBS has it."""
    name = edition.levels[level]
    title = text_in(edition.contract.title, lang, edition.slug)
    return {
        "Identifier": edition.table_id(level),
        "Catalog": edition.agency,
        "Title": f"{title} ({text_in(name.name, lang, name.code)} {name.vintage})",
        "Description": _description(edition, lang),
        "Language": lang,
        "Modified": edition.moment,
        "ObservationsModified": edition.moment,
        "DatasetType": "Numeric",
        "Status": "Regulier",
    }


def cbs_properties(edition: Edition, level: str, lang: str) -> dict[str, Any]:
    """Return what the singleton `Properties` says."""
    entry = cbs_entry(edition, level, lang)
    kept = ("Identifier", "Title", "Description", "Language", "Modified", "ObservationsModified")
    return {
        **{name: entry[name] for name in kept},
        "Catalog": edition.agency,
        "Publisher": edition.publisher,
        "License": edition.licence,
        "Version": edition.release,
        "Source": edition.manifest,
    }


def cbs_sets(edition: Edition, level: str, lang: str) -> dict[str, list[dict[str, Any]]]:
    """Return every describing set of a dataset at one level, by name."""
    breakdowns = {
        f"{each.id}Codes": list(
            _codes((code.id, text_in(code.name, lang, code.id)) for code in each.codelist.codes)
        )
        for each in edition.dimensions
    }
    return {
        "Dimensions": list(_dimensions(edition, lang)),
        "MeasureCodes": list(_measures(edition, lang)),
        "RegioSCodes": list(_codes((area.code, area.name) for area in edition.areas[level])),
        **breakdowns,
        "PeriodenCodes": [
            {**entry, "Status": "Definitief"}
            for entry in _codes((cbs_period(each), each.label(lang)) for each in edition.periods)
        ],
    }


def cbs_types(rows: Cbs) -> dict[str, Sequence[str]]:
    """Return the entity types of the layout."""
    return {
        "Observation": rows.columns,
        "Code": CODE,
        "MeasureCode": MEASURE,
        "PeriodCode": (*CODE, "Status"),
        "Dimension": DIMENSION,
        "Property": PROPERTY,
    }


def cbs_kinds(names: Iterable[str]) -> dict[str, str]:
    """Return the entity type of each set of the layout."""
    known = {
        "Dimensions": "Dimension",
        "MeasureCodes": "MeasureCode",
        "PeriodenCodes": "PeriodCode",
    }
    return {
        "Observations": "Observation",
        **{name: known.get(name, "Code") for name in names},
        "Properties": "Property",
    }


def _codes(pairs: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for place, (code, title) in enumerate(pairs, 1):
        yield {
            "Identifier": code,
            "Index": place,
            "Title": title,
            "Description": None,
            "DimensionGroupId": None,
        }


def _dimensions(edition: Edition, lang: str) -> Iterator[dict[str, Any]]:
    named = [("RegioS", say("SDMX_CONCEPT_REF_AREA", lang), "GeoDimension")]
    for each in edition.dimensions:
        title = text_in(each.name or each.codelist.name, lang, each.id)
        named.append((each.id, title, "Dimension"))
    named.append(("Perioden", say("SDMX_CONCEPT_TIME_PERIOD", lang), "TimeDimension"))
    for code, title, kind in named:
        yield {
            "Identifier": code,
            "Title": title,
            "Description": None,
            "Kind": kind,
            "ContainsGroups": False,
            "ContainsCodes": True,
        }


def _measures(edition: Edition, lang: str) -> Iterator[dict[str, Any]]:
    for place, each in enumerate(edition.indicators, 1):
        yield {
            "Identifier": each.id.upper(),
            "Index": place,
            "Title": text_in(each.name, lang, each.id),
            "Description": text_in(each.description, lang),
            "DataType": "Double",
            "Unit": each.unit,
            "Format": None,
            "Decimals": each.decimals,
            "PresentationType": "Relative" if each.measure_type.value == "share" else "Absolute",
        }


def written(document: Mapping[str, Any]) -> bytes:
    """Return a document as bytes."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def power_bi(root: str) -> bytes:
    """Return a `.pbids` file, with which Power BI opens the service at `root`."""
    address = {"protocol": "odata", "address": {"url": root}}
    connections = [{"details": address, "mode": "Import"}]
    return json.dumps({"version": "0.1", "connections": connections}).encode()


def fault(code: str, message: str, target: str = "") -> bytes:
    """Return an error in the form of OData."""
    told: dict[str, Any] = {"code": code, "message": message}
    if target:
        told["target"] = target
    return json.dumps({"error": told}, ensure_ascii=False).encode()


def wide_types(sets: Mapping[str, Rows]) -> dict[str, Sequence[str]]:
    """Return the entity types of the wide sets."""
    return {
        "Dataset": DATASETS,
        **{f"{name}_Row": rows.columns for name, rows in sets.items()},
    }
