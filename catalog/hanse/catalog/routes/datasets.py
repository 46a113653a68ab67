"""`GET /v1/datasets`: what every node publishes, with its release and what it withdrew."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.search.question import LAST_PAGE
from hanse.wire import IndexedDataset, IndexedDatasets

Code = Annotated[str, Path(max_length=64)]


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the datasets."""
    router = APIRouter(prefix="/datasets", tags=["datasets"])

    @router.get("")
    def datasets(page: Annotated[int, Query(ge=1, le=LAST_PAGE)] = 1) -> IndexedDatasets:
        """List the datasets of all nodes, by agency and name."""
        return answers.datasets(catalogue, page)

    @router.get("/{agency}/{slug}")
    def dataset(agency: Code, slug: Code) -> IndexedDataset:
        """Show one dataset of one node."""
        return answers.dataset(catalogue, agency, slug)

    return router
