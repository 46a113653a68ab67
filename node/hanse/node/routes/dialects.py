"""Every dialect the node speaks beside its own: one line each."""

from fastapi import APIRouter

from hanse.node.routes import dcat, delta, odata, pxweb, sdmx
from hanse.node.running import Node


def routes(node: Node) -> APIRouter:
    """Return the routes of every dialect."""
    router = APIRouter()
    for dialect in (sdmx, odata, pxweb, delta, dcat):
        router.include_router(dialect.routes(node))
    return router
