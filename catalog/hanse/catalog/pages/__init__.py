"""The portal: server-rendered pages over the same answers as the API; all state in the address."""

from fastapi import APIRouter

from hanse.catalog.catalogue import Catalogue
from hanse.catalog.pages import indicator, members, search
from hanse.outbound import Outbound


def routes(catalogue: Catalogue, way: Outbound) -> APIRouter:
    """Return every page; `way` is how the indicator page reaches the nodes."""
    router = APIRouter(prefix="/{lang}", include_in_schema=False)
    router.include_router(search.routes(catalogue))
    router.include_router(members.routes(catalogue))
    router.include_router(indicator.routes(catalogue, way))
    return router
