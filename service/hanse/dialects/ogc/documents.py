"""What stands around the features: landing page, conformance, collections, their schema, the API.

Nothing is described that the reader's features would not show.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from hanse.areas.boxes import Box
from hanse.dialects.edition import Edition, text_in
from hanse.dialects.ogc.features import COLUMNS_MAX, GEOJSON, columns
from hanse.dialects.ogc.question import LIMIT, LIMIT_MAX
from hanse.messages import say

JSON: Final = "application/json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA: Final = "application/schema+json"
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GREGORIAN: Final = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
CONFORMANCE: Final = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{part}"
    for part in ("core", "oas30", "geojson")
)


def link(rel: str, href: str, media_type: str, title: str = "") -> dict[str, str]:
    """Return a link as every document here has it."""
    return {"rel": rel, "href": href, "type": media_type} | ({"title": title} if title else {})


def landing(root: str, title: str, lang: str) -> dict[str, Any]:
    """Return the landing page; clients break where one of its links is missing."""
    return {
        "title": title,
        "description": say("OGC_ABOUT", lang),
        "links": [
            link("self", root, JSON),
            link("service-desc", f"{root}/api", OPENAPI),
            link("conformance", f"{root}/conformance", JSON),
            link("data", f"{root}/collections", JSON),
        ],
    }


@dataclass(frozen=True, slots=True)
class Described:
    """A collection about to be described; `box` is the extent of its boundaries, None without."""

    edition: Edition
    level: str
    root: str
    lang: str
    box: Box | None
    attribution: str = ""
    asked: str = ""
    """A question that its links repeat, as it was written."""

    @property
    def id(self) -> str:
        """The id of the collection."""
        return self.edition.table_id(self.level)

    @property
    def address(self) -> str:
        """The address of the collection."""
        return f"{self.root}/collections/{quote(self.id)}"


def collection(about: Described) -> dict[str, Any]:
    """Return the description of a collection."""
    edition, lang = about.edition, about.lang
    level = edition.levels[about.level]
    title = text_in(edition.contract.title, lang, edition.slug)
    asked = f"?{about.asked}" if about.asked else ""
    found: dict[str, Any] = {
        "id": about.id,
        "title": f"{title} ({text_in(level.name, lang, level.code)} {level.vintage})",
        "description": _description(about),
        "itemType": "feature",
        "extent": _extent(about),
        "crs": [CRS84],
        "links": [
            link("self", about.address + asked, JSON),
            link("items", f"{about.address}/items{asked}", GEOJSON),
            link("describedby", f"{about.address}/schema{asked}", SCHEMA),
            *([_licence(edition.licence)] if edition.licence else []),
        ],
    }
    return found | ({"attribution": about.attribution} if about.attribution else {})


def _description(about: Described) -> str:
    parts = [text_in(about.edition.contract.description, about.lang), say("OGC_ONE", about.lang)]
    if about.box is None:
        parts.append(say("OGC_UNDRAWN", about.lang))
    if len(about.edition.indicators) > COLUMNS_MAX:
        parts.append(say("OGC_MANY", about.lang, limit=COLUMNS_MAX))
    return " ".join(part for part in parts if part)


def _extent(about: Described) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if about.box is not None:
        found["spatial"] = {"bbox": [list(about.box)], "crs": CRS84}
    periods = about.edition.periods
    if periods:
        first = min(each.start_date for each in periods)
        last = max(each.end_date for each in periods)
        interval = [f"{first.isoformat()}T00:00:00Z", f"{last.isoformat()}T23:59:59Z"]
        found["temporal"] = {"interval": [interval], "trs": GREGORIAN}
    return found


def _licence(licence: str) -> dict[str, str]:
    known = licence.startswith(("https://", "http://"))
    return link(
        "license", licence if known else f"https://spdx.org/licenses/{quote(licence)}", "text/html"
    )


def collections(root: str, described: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the list of collections."""
    links = [link("self", f"{root}/collections", JSON)]
    return {"links": links, "collections": list(described)}


def schema(about: Described) -> dict[str, Any]:
    """Return what properties the features of a collection have (JSON Schema 2020-12)."""
    edition, lang = about.edition, about.lang
    text = {"type": "string"}
    properties: dict[str, Any] = {
        "code": text | {"title": say("OGC_CODE_TITLE", lang)},
        "name": text | {"title": say("OGC_NAME_TITLE", lang)},
        "period": text | {"enum": [str(each) for each in edition.periods]},
    }
    for each in edition.dimensions:
        names = {code.id: text_in(code.name, lang, code.id) for code in each.codelist.codes}
        title = text_in(each.name or each.codelist.name, lang, each.id)
        properties[each.id] = text | {"title": title, "oneOf": [
            {"const": code, "title": name} for code, name in names.items()
        ]}  # fmt: skip
    named = columns(edition)
    for indicator in edition.indicators:
        column = named[indicator.id]
        title = text_in(indicator.name, lang, indicator.id)
        number = {"type": ["number", "null"], "title": title, "x-ogc-unit": indicator.unit}
        properties[column] = number
        properties[f"{column}_status"] = {"type": ["string", "null"], "title": f"{title} (status)"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{about.address}/schema",
        "type": "object",
        "title": about.id,
        "properties": properties,
    }


def api(root: str, title: str, version: str) -> dict[str, Any]:
    """Return the description of the interface as OpenAPI 3.0: what the standard's clients read."""
    collection_parameter = _parameter("collection", {"type": "string"}, "path")
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": version},
        "servers": [{"url": root}],
        "paths": {
            "/": _get("landing", JSON),
            "/api": _get("api", OPENAPI),
            "/conformance": _get("conformance", JSON),
            "/collections": _get("collections", JSON),
            "/collections/{collection}": _get("collection", JSON, [collection_parameter]),
            "/collections/{collection}/schema": _get("schema", SCHEMA, [collection_parameter]),
            "/collections/{collection}/items": _get(
                "items", GEOJSON, [collection_parameter, *_query_parameters()]
            ),
            "/collections/{collection}/items/{feature}": _get(
                "feature",
                GEOJSON,
                [collection_parameter, _parameter("feature", {"type": "string"}, "path")],
            ),
        },
    }


def _get(
    name: str, media_type: str, parameters: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    answer = {"description": name, "content": {media_type: {"schema": {"type": "object"}}}}
    fault = {"description": "code, description", "content": {JSON: {"schema": {"type": "object"}}}}
    return {
        "get": {
            "operationId": name,
            "parameters": list(parameters),
            "responses": {"200": answer, "default": fault},
        }
    }


def _query_parameters() -> list[dict[str, Any]]:
    number = {"type": "number"}
    whole = {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT}
    texts = ("datetime", "indicator", "period", "release", "purpose", "code", "name")
    return [
        _parameter("limit", whole),
        _parameter("offset", {"type": "integer", "minimum": 0, "default": 0}),
        _parameter("bbox", {"type": "array", "items": number, "minItems": 4, "maxItems": 6}),
        *(_parameter(name, {"type": "string"}) for name in texts),
    ]


def _parameter(name: str, schema_: Mapping[str, Any], place: str = "query") -> dict[str, Any]:
    listed = {"style": "form", "explode": False} if place == "query" else {}
    return {"name": name, "in": place, "required": place == "path", "schema": schema_, **listed}


def fault(code: str, text: str) -> bytes:
    """Return an error as the standard has it (OGC 17-069r4 §7.5.1)."""
    return json.dumps({"code": code, "description": text}, ensure_ascii=False).encode()


def written(document: Mapping[str, Any]) -> bytes:
    """Return a document as bytes."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
