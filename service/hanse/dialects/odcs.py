"""A release's data contract: Open Data Contract Standard 3.1, one YAML text per release and reader.

What the standard has no field for (legal basis, protocol, protection) stands in `customProperties`,
as it advises. Texts are written as JSON strings, which YAML reads as they are.

| ours | in ODCS | lost |
|---|---|---|
| dataset in a release | contract with one table, a row per cell | nothing |
| indicator | custom property of the column `indicator`, by id | aggregation, breaks, formula |
| breakdown | column with its codes as a custom property | names of codes |
| hidden cells | `obs_value` is not required; rule on `obs_status` | nothing |
| texts in three languages | one language | the others: ask again |
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hanse.cube.cells import NUMBER_COLUMNS, SAMPLE_COLUMNS
from hanse.dialects.edition import Edition, text_in

API_VERSION: Final = "v3.1.0"
MEDIA_TYPE: Final = "application/yaml"
SUFFIX: Final = ".odcs.yaml"

_STATES: Final = {"preliminary": "draft", "final": "active", "corrected": "active"}
_FREQUENCIES: Final = {"A": (1, "y"), "S": (6, "m"), "Q": (3, "m"), "M": (1, "m")}


def contract(edition: Edition, lang: str) -> dict[str, Any]:
    """Return the contract of a release as one reader may see it."""
    made: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": f"urn:hanse:{edition.agency}:{edition.dialect_id}:{edition.release}",
        "version": edition.contract.version,
        "status": _STATES.get(edition.kind, "active"),
        "name": edition.slug,
        "tenant": edition.agency,
        "domain": edition.contract.theme or None,
        "dataProduct": edition.dialect_id,
        "contractCreatedTs": edition.published_at.isoformat(),
        "description": _description(edition, lang),
        "tags": list(edition.contract.keywords) or None,
        "servers": _servers(edition),
        "schema": [_table(edition, lang)],
        "slaProperties": _agreed(edition),
        "support": _support(edition),
        "customProperties": _own(edition),
    }
    return {name: value for name, value in made.items() if value is not None}


def _description(edition: Edition, lang: str) -> dict[str, Any]:
    profile = edition.contract.profile
    said = {
        "purpose": text_in(edition.contract.description, lang, edition.slug),
        "usage": edition.licence,
        "limitations": f"{edition.sdc_method}: every figure is perturbed under {profile}"
        if edition.sdc_method
        else f"OBS_STATUS Q: hidden under the protection profile {profile}",
    }
    return {name: text for name, text in said.items() if text}


def _servers(edition: Edition) -> list[dict[str, Any]]:
    base = edition.base_url
    return [
        {"server": name, "type": "api", "location": f"{base}{path}"}
        for name, path in (
            ("hanse", f"/v1/datasets/{edition.slug}/data?release={edition.release}"),
            ("sdmx", "/sdmx/3.0"),
            ("odata", "/odata/v4"),
        )
    ]


def _table(edition: Edition, lang: str) -> dict[str, Any]:
    keys = ("indicator", "level", "area", "period", *(each.id for each in edition.dimensions))
    columns = [_key(edition, name, place, lang) for place, name in enumerate(keys, 1)]
    return {
        "name": edition.slug.replace("-", "_"),
        "physicalName": edition.dialect_id,
        "logicalType": "object",
        "physicalType": "table",
        "businessName": text_in(edition.contract.title, lang, edition.slug),
        "description": text_in(edition.contract.description, lang, edition.slug),
        "properties": [*columns, *_figures(), *_sample(edition)],
    }


def _key(edition: Edition, name: str, place: int, lang: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "logicalType": "string",
        "required": True,
        "primaryKey": True,
        "primaryKeyPosition": place,
    }
    codes = _codes(edition, name)
    if codes:
        made["customProperties"] = [{"property": "codes", "value": codes}]
    if name == "indicator":
        made["customProperties"] += [
            {"property": f"unit:{each.id}", "value": each.unit} for each in edition.indicators
        ]
    found = next((each for each in edition.dimensions if each.id == name), None)
    if found is not None:
        made["businessName"] = text_in(found.name, lang, name)
    return made


def _codes(edition: Edition, name: str) -> list[str]:
    if name == "indicator":
        return [each.id for each in edition.indicators]
    if name == "level":
        return list(edition.levels)
    if name == "period":
        return [str(each) for each in edition.periods]
    found = next((each for each in edition.dimensions if each.id == name), None)
    return [code.id for code in found.codelist.codes] if found else []


def _figures() -> list[dict[str, Any]]:
    return [
        {
            "name": "obs_value",
            "logicalType": "number",
            "required": False,
            "description": "Empty where OBS_STATUS is Q, L, M or O: never zero.",
        },
        {
            "name": "obs_status",
            "logicalType": "string",
            "logicalTypeOptions": {"minLength": 1, "maxLength": 1},
            "required": True,
            "quality": [
                {
                    "type": "library",
                    "metric": "nullValues",
                    "mustBe": 0,
                    "dimension": "completeness",
                }
            ],
        },
        {"name": "conf_status", "logicalType": "string", "required": True},
    ]


def _sample(edition: Edition) -> list[dict[str, Any]]:
    """Return the columns that say how sure a figure of a sample is."""
    return [
        {
            "name": name,
            "logicalType": "number" if name in NUMBER_COLUMNS else "string",
            "required": False,
        }
        for name in SAMPLE_COLUMNS
        if edition.sampled
    ]


def _agreed(edition: Edition) -> list[dict[str, Any]] | None:
    found = {each.freq for each in edition.indicators}
    finest = next((each for each in ("M", "Q", "S", "A") if each in found), "")
    if not finest:
        return None
    value, unit = _FREQUENCIES[finest]
    return [{"property": "frequency", "value": value, "unit": unit}]


def _support(edition: Edition) -> list[dict[str, Any]] | None:
    if not edition.contact:
        return None
    tool = "email" if "@" in edition.contact else "other"
    return [{"channel": edition.contact, "tool": tool}]


def _own(edition: Edition) -> list[dict[str, Any]]:
    told = {
        "accessClass": edition.contract.access.value,
        "protocolId": edition.protocol,
        "disclosurePolicy": edition.contract.profile,
        "licence": edition.licence,
        "releaseId": edition.release,
        "releaseNumber": edition.release_no,
        "releaseKind": edition.kind,
        "manifest": edition.manifest,
        "previousManifest": edition.previous or "",
    }
    return [{"property": name, "value": value} for name, value in told.items() if value != ""]


def written(made: Mapping[str, Any]) -> bytes:
    """Return a contract as YAML text in UTF-8; keys keep their order."""
    return ("\n".join(_mapping(made, 0)) + "\n").encode()


def _mapping(made: Mapping[str, Any], indent: int) -> Iterator[str]:
    for name, value in made.items():
        yield from _entry(f"{' ' * indent}{_scalar(name)}:", value, indent)


def _entry(head: str, value: object, indent: int) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, indent + 2)
    elif isinstance(value, list) and value:
        yield head
        yield from _sequence(value, indent + 2)
    else:
        yield f"{head} {_scalar(value)}"


def _sequence(made: Sequence[Any], indent: int) -> Iterator[str]:
    for value in made:
        if isinstance(value, Mapping) and value:
            first, *rest = _mapping(value, indent + 2)
            yield f"{' ' * indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{' ' * indent}- {_scalar(value)}"


def _scalar(value: object) -> str:
    """Return a value as a YAML flow scalar; what does not print is escaped (YAML 1.2 §5.7)."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in text)
