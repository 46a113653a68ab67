"""`/odata/v4` and `/odata/cbs/v1`: the figures as rows for spreadsheets and tools of CBS."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import StreamingResponse

from hanse.dialects.edition import Edition, slug_of
from hanse.dialects.odata import documents
from hanse.dialects.odata.filter import NotOffered
from hanse.dialects.odata.options import accepted, options, parameters
from hanse.dialects.odata.rows import Cbs, Wide
from hanse.errors import HanseError, NotFound
from hanse.node import continuing, odata
from hanse.node.answer import told as said_of
from hanse.node.continuing import Stale
from hanse.node.odata import CodeOf, Source, TooMuch
from hanse.node.readers import Reader, edition, editions
from hanse.node.routes.question import Purpose
from hanse.node.running import Node
from hanse.node.watching import watched
from hanse.web import language
from hanse.web.accepting import accept_of
from hanse.web.query import takes_dimensions
from hanse.web.signin import Caller
from hanse.web.spoken import Told, spoken

WIDE: Final = "/odata/v4"
CBS: Final = "/odata/cbs/v1"
WIDE_ROWS: Final = 50_000
CBS_ROWS: Final = 100_000
POWER_BI: Final = "application/octet-stream"

_STATUSES: Final[dict[type[HanseError], int]] = {NotOffered: 501, Stale: 410, TooMuch: 413}
_PREFERS: Final = re.compile(r"(?:odata\.)?maxpagesize=([1-9][0-9]{0,8})")
_HEADERS: Final = {**documents.HEADERS, "Vary": "Authorization, apikey, Accept, Accept-Language"}

Rest = Annotated[str, Path(description="A set, a dataset, or `$metadata`.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the parts of its path, its options as written, its reader and language."""

    node: Node
    reader: Reader
    parts: tuple[str, ...]
    given: tuple[tuple[str, str], ...]
    lang: str
    page_rows: int | None = None
    """At most how many rows a page may have, where the reader prefers that (OData 4.0 §8.2.8.5)."""

    @property
    def base(self) -> str:
        """The configured address of the node."""
        return self.node.settings.resource


def routes(node: Node) -> APIRouter:
    """Return the routes of both layouts."""
    router = APIRouter(tags=["odata"], route_class=spoken(_tell, _STATUSES))

    @router.get(WIDE, response_class=Response, include_in_schema=False)
    @takes_dimensions
    def wide_root(request: Request, caller: Caller, purpose: Purpose) -> Response:
        """The list of sets."""
        return _wide(_asked(node, request, Reader(caller, purpose, "odata"), WIDE))

    @router.get(WIDE + "/{rest:path}", response_class=Response)
    @takes_dimensions
    def wide(rest: Rest, request: Request, caller: Caller, purpose: Purpose) -> Response:
        """One set of wide rows per dataset, with codes and labels beside one another."""
        return _wide(_asked(node, request, Reader(caller, purpose, "odata"), WIDE))

    @router.get(CBS, response_class=Response, include_in_schema=False)
    @takes_dimensions
    def cbs_root(request: Request, caller: Caller, purpose: Purpose) -> Response:
        """The list of catalogues and datasets."""
        return _cbs(_asked(node, request, Reader(caller, purpose, "odata"), CBS))

    @router.get(CBS + "/{rest:path}", response_class=Response)
    @takes_dimensions
    def cbs(rest: Rest, request: Request, caller: Caller, purpose: Purpose) -> Response:
        """The layout of CBS: datasets by catalogue and level, code sets and observations."""
        return _cbs(_asked(node, request, Reader(caller, purpose, "odata"), CBS))

    return router


def _asked(node: Node, request: Request, reader: Reader, root: str) -> Asked:
    raw = request.scope["raw_path"].decode("latin-1").partition(root)[2]
    parts = tuple(unquote(part) for part in raw.split("/") if part)
    query = request.scope["query_string"].decode("latin-1")
    lang = language.of_scope(
        request.scope["path"], request.scope["headers"], node.settings.language
    )
    preferred = _PREFERS.search(request.headers.get("prefer", ""))
    rows = int(preferred[1]) if preferred else None
    given = tuple(parameters(query))
    accepted(parts, given, accept_of(request))
    token = next((text for name, text in given if name == "$skiptoken"), "")
    if token:
        reader = continuing.reader_of(node, reader, token)
    return Asked(node, reader, parts, given, lang, rows)


def _wide(asked: Asked) -> Response:
    root = f"{asked.base}{WIDE}"
    match asked.parts:
        case ():
            sets = [documents.set_name(each) for each in editions(asked.node, asked.reader)]
            kinds = [(name, "EntitySet") for name in ("Datasets", *sets)]
            return _document(asked, documents.service(root, kinds))
        case ("$metadata",):
            held = {documents.set_name(e): Wide(e, asked.lang) for e in _all(asked)}
            types = {name: f"{name}_Row" for name in held}
            body = documents.metadata(documents.wide_types(held), {"Datasets": "Dataset", **types})
            return Response(body, headers=_HEADERS, media_type=documents.XML)
        case ("Datasets",):
            entries = [documents.dataset(each, asked.lang) for each in _all(asked)]
            return _document(asked, documents.listed(root, "Datasets", entries))
        case ("hanse.pbids",):
            return Response(documents.power_bi(root), media_type=POWER_BI)
        case (name,):
            return _rows(asked, _wide_source(asked, name), f"{root}/$metadata#{name}")
        case (name, "$count"):
            return _counted(asked, _wide_source(asked, name))
    raise NotFound("NOT_FOUND")


def _all(asked: Asked) -> Iterator[Edition]:
    options(asked.given, ())
    return editions(asked.node, asked.reader)


def _wide_source(asked: Asked, name: str) -> Source:
    agency, _, dialect_id = name.partition("_")
    found = _edition(asked, agency, dialect_id)
    codes: dict[str, CodeOf] = {
        "Indicator": ("indicator", str),
        "GeoLevel": ("level", str),
        "RefArea": ("area", str),
        **{each.id: (each.id, str) for each in found.dimensions},
    }
    layout = Wide(found, asked.lang)
    return Source(layout, None, f"{WIDE}/{name}", WIDE_ROWS, MappingProxyType(codes))


def _edition(asked: Asked, agency: str, dialect_id: str) -> Edition:
    found = edition(asked.node, asked.reader, slug_of(dialect_id))
    if found.agency != agency or found.dialect_id != dialect_id:
        raise NotFound("NOT_FOUND")
    return found


def _cbs(asked: Asked) -> Response:
    root = f"{asked.base}{CBS}"
    match asked.parts:
        case () | ("$metadata",):
            return _document(
                asked, documents.service(root, [(n, "EntitySet") for n in ("Catalogs", "Datasets")])
            )
        case ("Catalogs",):
            settings = asked.node.settings
            entries = [{"Identifier": settings.agency, "Title": settings.name}]
            return _document(asked, documents.listed(root, "Catalogs", entries))
        case ("Datasets",):
            entries = [
                documents.cbs_entry(each, level, asked.lang)
                for each in _all(asked)
                for level in each.areas
            ]
            return _document(asked, documents.listed(root, "Datasets", entries))
        case (catalog, name, *rest):
            return _cbs_dataset(asked, catalog, name, tuple(rest))
    raise NotFound("NOT_FOUND")


def _cbs_dataset(asked: Asked, catalog: str, name: str, rest: tuple[str, ...]) -> Response:
    found = _edition(asked, catalog, name.rpartition("__")[0])
    level = found.level_of(name)
    if level is None:
        raise NotFound("NOT_FOUND")
    context = f"{asked.base}{CBS}/{catalog}/{name}"
    layout = Cbs(found, asked.lang)
    if rest[:1] == ("Observations",):
        source = _cbs_source(layout, level, f"{CBS}/{catalog}/{name}/Observations")
        return _cbs_observations(asked, source, rest[1:], context)
    sets = documents.cbs_sets(found, level, asked.lang)
    match rest:
        case ():
            kinds = [(each, "EntitySet") for each in ("Observations", *sets)]
            return _document(
                asked, documents.service(context, [*kinds, ("Properties", "Singleton")])
            )
        case ("$metadata",):
            body = documents.metadata(documents.cbs_types(layout), documents.cbs_kinds(sets))
            return Response(body, headers=_HEADERS, media_type=documents.XML)
        case ("Properties",):
            told = documents.cbs_properties(found, level, asked.lang)
            return _document(asked, {"@odata.context": f"{context}/$metadata#Properties", **told})
        case (each,) if each in sets:
            return _document(asked, documents.listed(context, each, sets[each]))
    raise NotFound("NOT_FOUND")


def _cbs_observations(
    asked: Asked, source: Source, rest: tuple[str, ...], context: str
) -> Response:
    match rest:
        case ():
            return _rows(asked, source, f"{context}/$metadata#Observations")
        case ("$count",):
            return _counted(asked, source)
    raise NotFound("NOT_FOUND")


def _cbs_source(layout: Cbs, level: str, address: str) -> Source:
    codes: dict[str, CodeOf] = {
        "Measure": ("indicator", str.lower),
        "RegioS": ("area", str),
        **{each.id: (each.id, str) for each in layout.edition.dimensions},
    }
    return Source(layout, level, address, CBS_ROWS, MappingProxyType(codes), values_first=True)


def _document(asked: Asked, document: Mapping[str, object]) -> Response:
    options(asked.given, ())
    return Response(documents.written(document), headers=_HEADERS, media_type=documents.JSON)


def _counted(asked: Asked, source: Source) -> Response:
    wanted = options(asked.given, source.rows.columns)
    count = odata.total(asked.node, asked.reader, source, wanted)
    return Response(str(count), headers=_HEADERS, media_type="text/plain")


def _rows(asked: Asked, source: Source, context: str) -> Response:
    wanted = options(asked.given, source.rows.columns)
    if asked.page_rows is not None:
        source = replace(source, page_rows=min(asked.page_rows, source.page_rows))
    found = odata.page(asked.node, asked.reader, source, wanted)
    headers = dict(_HEADERS)
    if found.answer is not None:
        headers |= said_of(found.answer)
    body = odata.written(found, odata.selected(wanted, source.rows.columns), context)
    told = StreamingResponse(body, headers=headers, media_type=documents.JSON)
    return watched(asked.node.door, found.answer.permit if found.answer else None, told)


def _tell(_: Request, told: Told) -> Response:
    body = documents.fault(told.code, told.text)
    return Response(body, told.status, headers=documents.HEADERS, media_type=documents.JSON)
