"""`/jiveservices/odata`: the figures for reports and scripts that were written for a Swing site."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Scope

from hanse.dialects.odata import documents
from hanse.dialects.odata.filter import NotOffered
from hanse.dialects.odata.options import accepted, parameters
from hanse.dialects.odata.swing import ENTITIES, SETS, TOP, Place, Step, steps
from hanse.dialects.odata.swing_rows import NOTES
from hanse.errors import HanseError, NotFound
from hanse.node import continuing, odata, swing
from hanse.node.answer import told as said_of
from hanse.node.continuing import Stale
from hanse.node.odata import Page
from hanse.node.readers import Reader
from hanse.node.routes.question import Purpose
from hanse.node.running import Node
from hanse.node.swing import ROOT, Given
from hanse.node.watching import watched
from hanse.web import language
from hanse.web.accepting import accept_of
from hanse.web.query import takes_dimensions
from hanse.web.signin import Caller
from hanse.web.spoken import Told, spoken

_STATUSES: Final[dict[type[HanseError], int]] = {NotOffered: 501, Stale: 410}
_HEADERS: Final = {
    **documents.HEADERS,
    "Vary": "Authorization, apikey, Accept, Accept-Language",
    "Cache-Control": "private, no-store",
}
_PREFERS: Final = re.compile(r"(?:odata\.)?maxpagesize=([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the parts of its path, its options as written, its reader and language."""

    node: Node
    reader: Reader
    parts: tuple[str, ...]
    given: Given
    lang: str
    page_rows: int

    @property
    def root(self) -> str:
        """The configured address of the service."""
        return f"{self.node.settings.resource}{ROOT}"

    @property
    def address(self) -> str:
        """The path of the question, as the service itself spells its beginning."""
        return "/".join([ROOT, *self.parts])


def routes(node: Node) -> APIRouter:
    """Return the routes; the beginning of the path may stand in capitals, as users write it."""
    router = APIRouter(tags=["swing"], route_class=_anyhow(spoken(_tell, _STATUSES)))

    @router.get(ROOT, response_class=Response, include_in_schema=False)
    @router.get(ROOT + "/{rest:path}", response_class=Response)
    @takes_dimensions
    def service(request: Request, caller: Caller, purpose: Purpose, rest: str = "") -> Response:
        """The open data service of a Swing site: variables, areas, periods and their values."""
        asked = _asked(node, request, Reader(caller, purpose, "odata"))
        if not asked.parts:
            return _service(asked)
        if asked.parts == ("$metadata",):
            return _metadata(asked)
        return _at(asked, steps(asked.parts))

    return router


def _anyhow(route: type) -> type:
    """Return a class of routes that match the beginning of a path in small letters and capitals."""

    class Anyhow(route):  # type: ignore[misc]
        def matches(self, scope: Scope) -> Any:
            path = str(scope.get("path", ""))
            if path.lower().startswith(ROOT):
                scope = {**scope, "path": ROOT + path[len(ROOT) :]}
            return super().matches(scope)

    return Anyhow


def _asked(node: Node, request: Request, reader: Reader) -> Asked:
    raw = request.scope["raw_path"].decode("latin-1")[len(ROOT) :]
    parts = tuple(unquote(part) for part in raw.split("/") if part)
    given = tuple(parameters(request.scope["query_string"].decode("latin-1")))
    accepted(parts, given, accept_of(request))
    token = next((text for name, text in given if name == "$skiptoken"), "")
    if token:
        reader = continuing.reader_of(node, reader, token)
    preferred = _PREFERS.search(request.headers.get("prefer", ""))
    rows = min(int(preferred[1]), swing.VALUE_ROWS) if preferred else swing.VALUE_ROWS
    return Asked(
        node=node,
        reader=reader,
        parts=parts,
        given=given,
        lang=language.of_scope(
            request.scope["path"], request.scope["headers"], node.settings.language
        ),
        page_rows=rows,
    )


def _service(asked: Asked) -> Response:
    swing.read(asked.given, ())
    return _document(documents.service(asked.root, [(name, "EntitySet") for name in TOP]))


def _metadata(asked: Asked) -> Response:
    swing.read(asked.given, ())
    keys = {"Value": ("ExternalCode", "PeriodLevel", "Period")}
    body = documents.metadata(ENTITIES, SETS, keys)
    return Response(body, headers=_HEADERS, media_type=documents.XML)


def _at(asked: Asked, way: tuple[Step, ...]) -> Response:
    place = swing.start(asked.node, asked.reader, asked.lang)
    for step in way[:-1]:
        place = place.narrowed(step)
    last = way[-1]
    if last.name == "Values":
        return _values(asked, place) if last.key is None else _nothing()
    if last.key is not None or asked.parts[-1].lower() == "datasource":
        return _one(asked, place, last)
    return _list(asked, place, last.name)


def _nothing() -> Response:
    raise NotFound("NOT_FOUND")


def _list(asked: Asked, place: Place, name: str) -> Response:
    held = swing.listed(asked.node, asked.reader, place, name, asked.given, asked.address)
    document = documents.listed(asked.root, name, held.entries)
    if held.count is not None:
        document["@odata.count"] = held.count
    if held.next_link:
        document["@odata.nextLink"] = held.next_link
    return _document(document)


def _one(asked: Asked, place: Place, step: Step) -> Response:
    """Answer with one entity; a source without a key is the one there is."""
    swing.read(asked.given, ())
    there = place if step.key is None else place.narrowed(step)
    wanted = (step.key or "").lower()
    if SETS[step.name] == "Variable" and there.variable is not None:
        wanted = there.variable.code.lower()
    held = [
        entry
        for entry in there.held(step.name)
        if step.key is None or (entry["ExternalCode"] or "").lower() == wanted
    ]
    if not held:
        raise NotFound("NOT_FOUND")
    context = f"{asked.root}/$metadata#{step.name}/$entity"
    return _document({"@odata.context": context, **held[0]})


def _values(asked: Asked, place: Place) -> Response:
    source = swing.source(asked.node, place, asked.address)
    context = f"{asked.root}/$metadata#Values"
    wanted = swing.read(asked.given, ENTITIES["Value"])
    if source is None:
        page = Page(count=0 if wanted.count else None)
    else:
        source = replace(source, page_rows=asked.page_rows)
        page = odata.page(asked.node, asked.reader, source, wanted)
    headers = dict(_HEADERS)
    if page.answer is not None:
        headers |= said_of(page.answer)
    columns = (*NOTES, *odata.selected(wanted, ENTITIES["Value"]))
    body = odata.written(page, columns, context)
    told = StreamingResponse(body, headers=headers, media_type=documents.JSON)
    return watched(asked.node.door, page.answer.permit if page.answer else None, told)


def _document(document: Mapping[str, object]) -> Response:
    return Response(documents.written(document), headers=_HEADERS, media_type=documents.JSON)


def _tell(_: Request, told: Told) -> Response:
    body = documents.fault(told.code, told.text)
    return Response(body, told.status, headers=documents.HEADERS, media_type=documents.JSON)
