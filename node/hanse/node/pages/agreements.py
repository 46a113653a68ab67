"""The public register of protocols as pages: which agreements there are, and what each says."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse

from hanse.node import gazette
from hanse.node.running import Node
from hanse.web import render
from hanse.web.language import PageLanguage

ProtocolName = Annotated[
    str, Path(pattern=r"^urn:protocol:[a-z0-9-]{1,63}:[a-z0-9.-]{1,63}$", max_length=140)
]


def routes(node: Node) -> APIRouter:
    """Return the pages; both are public."""
    router = APIRouter(include_in_schema=False)

    @router.get("/{lang}/protocols")
    def register(request: Request, lang: PageLanguage) -> HTMLResponse:
        found = gazette.lines(node.door.worlds.current().book)
        shown = [gazette.summary(each, lang) for each in found]
        return render(request, "node_protocols.html", lines=shown, settings=node.settings)

    @router.get("/{lang}/protocols/{protocol}")
    def document(request: Request, lang: PageLanguage, protocol: ProtocolName) -> HTMLResponse:
        found = gazette.document(node.door.worlds.current().book, protocol, lang)
        return render(
            request,
            "node_protocol.html",
            document=found,
            shown=gazette.shown(found, lang),
            settings=node.settings,
        )

    return router
