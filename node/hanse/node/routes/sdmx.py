"""`/sdmx/2.1` and `/sdmx/3.0`: the figures and their structures, for clients of SDMX."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Request, Response
from starlette.responses import StreamingResponse

from hanse.auth.principal import Principal
from hanse.dialects.sdmx import address, faults
from hanse.dialects.sdmx.address import Family, Unsupported
from hanse.errors import HanseError
from hanse.node import sdmx
from hanse.node.readers import Reader
from hanse.node.routes.question import Purpose
from hanse.node.running import Node
from hanse.node.watching import watched
from hanse.web import language
from hanse.web.query import takes_dimensions
from hanse.web.signin import Caller
from hanse.web.spoken import Told, spoken

_STATUSES: Final[dict[type[HanseError], int]] = {Unsupported: 501}
_PROTOCOL: Final = {"Vary": "Accept, Accept-Language, Authorization, apikey"}
_NO_CONTENT: Final = 204

Rest = Annotated[str, Path(description="Resource, agency, artefact, version and key.")]
Accept = Annotated[str, Header()]


def routes(node: Node) -> APIRouter:
    """Return the routes of both families; each reads its own grammar."""
    router = APIRouter(prefix="/sdmx", tags=["sdmx"], route_class=spoken(_tell, _STATUSES))

    @router.head("/2.1/{rest:path}", include_in_schema=False)
    @router.get("/2.1/{rest:path}", response_class=Response)
    @takes_dimensions
    def older(
        rest: Rest, request: Request, caller: Caller, purpose: Purpose, accept: Accept = "*/*"
    ) -> Response:
        """SDMX REST 1.5 with SDMX 2.1 messages: structures, data, available constraints."""
        return _answer(node, "2.1", request, caller, (purpose, accept))

    @router.head("/3.0/{rest:path}", include_in_schema=False)
    @router.get("/3.0/{rest:path}", response_class=Response)
    @takes_dimensions
    def newer(
        rest: Rest, request: Request, caller: Caller, purpose: Purpose, accept: Accept = "*/*"
    ) -> Response:
        """SDMX REST 2.x with SDMX 3.0 messages: structure, data, availability, schema."""
        return _answer(node, "3.0", request, caller, (purpose, accept))

    return router


Asked = tuple[str | None, str]


def _answer(
    node: Node, family: Family, request: Request, caller: Principal, asked: Asked
) -> Response:
    purpose, accept = asked
    raw = request.scope["raw_path"].decode("latin-1").partition(f"/sdmx/{family}/")[2]
    query = request.scope["query_string"].decode("latin-1")
    lang = language.of_scope(request.scope["path"], request.scope["headers"], "en")
    wanted = sdmx.Wanted(accept, lang, node.publisher.clock())
    said = sdmx.answer(
        node, Reader(caller, purpose, "sdmx"), address.read(family, raw, query), wanted
    )
    headers = dict(said.headers) | _PROTOCOL
    told = StreamingResponse(said.body, said.status, headers, said.media_type)
    return watched(node.door, said.permit, told)


def _tell(request: Request, told: Told) -> Response:
    newer = "/sdmx/3.0/" in request.scope["path"]
    if told.code == "SDMX_EMPTY" and newer:
        return Response(status_code=_NO_CONTENT)
    wants_json = "json" in request.headers.get("accept", "")
    if newer and wants_json:
        body = faults.as_json(told.status, told.text, "hanse", "")
        return Response(body, told.status, media_type=faults.JSON)
    version = "v3_0" if newer else "v2_1"
    body = faults.as_xml(told.status, told.text, told.lang, version)
    return Response(body, told.status, media_type=faults.XML)
