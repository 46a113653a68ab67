"""`GET /v1/indicators/{id}`: every node that publishes an indicator, and what tells them apart."""

from typing import Annotated

from fastapi import APIRouter, Path

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.wire import SubjectAnswer


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the indicators."""
    router = APIRouter(prefix="/indicators", tags=["indicators"])

    @router.get("/{indicator}")
    def indicator(indicator: Annotated[str, Path(max_length=64)]) -> SubjectAnswer:
        """Show who publishes an indicator or concept, in which release, under which definition."""
        return answers.subject(catalogue, indicator)

    return router
