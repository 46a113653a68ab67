"""Every dialect the node speaks beside its own: one line each."""

from fastapi import APIRouter

from hanse.node.routes import dcat, delta, files, mcp, odata, ogc, pxweb, sdmx, swing
from hanse.node.running import Node


def routes(node: Node) -> APIRouter:
    """Return the routes of every dialect."""
    router = APIRouter()
    for dialect in (sdmx, odata, swing, files, ogc, pxweb, delta, mcp, dcat):
        router.include_router(dialect.routes(node))
    return router
