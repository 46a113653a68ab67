"""`/mcp`: the figures as tools for assistants (Model Context Protocol, Streamable HTTP)."""

from importlib.metadata import version
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from hanse.dialects.mcp import figures, messages, offer, service
from hanse.dialects.mcp.messages import RequestId
from hanse.dialects.mcp.service import Service
from hanse.node import mcp
from hanse.node.mcp import Desk
from hanse.node.readers import Reader
from hanse.node.routes.question import Purpose
from hanse.node.running import Node
from hanse.web import language
from hanse.web.signin import Caller
from hanse.web.spoken import Told, spoken

MEDIA_TYPE: Final = "application/json"
_HEADERS: Final = {
    "Vary": "Authorization, apikey, Accept-Language",
    "Cache-Control": "private, no-store",
}


async def content(request: Request) -> bytes:
    """Return the body."""
    return await request.body()


def routes(node: Node) -> APIRouter:
    """Return the route; there is one, and it is only posted to."""
    router = APIRouter(tags=["mcp"], route_class=spoken(_tell))

    @router.post("/mcp", response_class=Response)
    def posted(
        request: Request,
        body: Annotated[bytes, Depends(content)],
        caller: Caller,
        purpose: Purpose,
    ) -> Response:
        """One JSON-RPC message: discover, initialize, list the tools, call one."""
        mcp.check_origin(node.settings.resource, request.headers.get("origin"))
        offered = _service(node, Reader(caller, purpose, "mcp"), _lang(request, node))

        def heard(id_: RequestId) -> None:
            request.state.message_id = id_

        reply = service.answer(offered, body, request.headers, heard)
        return Response(reply.body, reply.status, _HEADERS, MEDIA_TYPE if reply.body else None)

    return router


def _lang(request: Request, node: Node) -> str:
    return language.of_scope(
        request.scope["path"], request.scope["headers"], node.settings.language
    )


def _service(node: Node, reader: Reader, lang: str) -> Service:
    name = node.settings.name
    return Service(
        name="hanse",
        title=figures.plain(name),
        version=version("hanse"),
        instructions=mcp.instructions(name),
        tools=offer.OF_A_HOUSE,
        call=Desk(node, reader, lang).call,
        tell=lambda fault: figures.failure(fault, lang),
    )


def _tell(request: Request, told: Told) -> Response:
    """Return a fault that no tool may tell: who asks is unknown, or from where is not trusted."""
    id_ = getattr(request.state, "message_id", None)
    body = messages.error(id_, told.status, told.text, {"code": told.code})
    return Response(body, told.status, media_type=MEDIA_TYPE)
