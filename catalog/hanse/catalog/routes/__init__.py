"""The catalogue's API: one module per address, each a few lines over `hanse.catalog.answers`."""

from fastapi import APIRouter

from hanse.catalog.catalogue import Catalogue
from hanse.catalog.routes import announce, areas, datasets, exchange, indicators, members, search


def routes(catalogue: Catalogue) -> APIRouter:
    """Return every route of the index. None of them carries a figure."""
    router = APIRouter(prefix="/v1")
    for topic in (search, datasets, indicators, members, announce, exchange, areas):
        router.include_router(topic.routes(catalogue))
    return router
