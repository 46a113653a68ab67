"""The catalogue's API: one module per address, each a few lines over `hanse.catalog.answers`."""

from fastapi import APIRouter

from hanse.catalog.catalogue import Catalogue
from hanse.catalog.routes import (
    announce,
    areas,
    comparison,
    datasets,
    exchange,
    indicators,
    members,
    search,
)
from hanse.outbound import Outbound


def routes(catalogue: Catalogue, way: Outbound) -> APIRouter:
    """Return every route of the index; only a comparison carries figures, and keeps none."""
    router = APIRouter(prefix="/v1")
    for topic in (search, datasets, indicators, members, announce, exchange, areas):
        router.include_router(topic.routes(catalogue))
    router.include_router(comparison.routes(catalogue, way))
    return router
