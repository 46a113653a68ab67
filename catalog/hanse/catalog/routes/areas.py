"""`/v1/areas`: levels, vintages, areas and correspondences, as signed list and tables by digest."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from hanse.catalog import areas
from hanse.catalog.catalogue import Catalogue

Sha256 = Annotated[str, Path(pattern=r"^sha-256:[0-9a-f]{64}$")]


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the registry of areas."""
    router = APIRouter(prefix="/areas", tags=["areas"])
    shelf = areas.shelf(catalogue.areas)

    @router.get("", response_class=Response)
    def tables() -> Response:
        """The list of area tables, as a signed statement; nodes and clients keep copies."""
        headers = {"Cache-Control": "public, max-age=300"}
        told = areas.statement(catalogue, shelf)
        return Response(told, media_type="application/jose", headers=headers)

    @router.get("/{sha256}", response_class=Response)
    def table(sha256: Sha256) -> Response:
        """One table (CSV); what stands under a digest never changes."""
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(areas.table(shelf, sha256), media_type="text/csv", headers=headers)

    return router
