"""`/dcat`: every member's datasets as one graph that portals harvest, page by page."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.responses import RedirectResponse

from hanse.catalog.catalogue import Catalogue
from hanse.catalog.listings import Listings
from hanse.dialects.dcat import syntax
from hanse.web import graphs
from hanse.web.graphs import Graphed
from hanse.web.spoken import spoken

PUBLIC = {"Cache-Control": "public, max-age=60"}
Code = Annotated[str, Path(max_length=64)]


def routes(catalogue: Catalogue, listings: Listings) -> APIRouter:
    """Return the routes; the end of an address says the syntax, else `Accept` does."""
    router = APIRouter(tags=["dcat"], route_class=spoken(graphs.tell))
    base = catalogue.settings.issuer

    def whole(how: Graphed) -> Response:
        """Every dataset of every member, as a DCAT graph; what is not heard of stays listed."""
        address = graphs.same_page(how, f"{base}/dcat")
        shown = graphs.page(listings.shelf, listings.every(), how.page, address)
        return graphs.answer(shown, how, PUBLIC)

    def single(agency: Code, slug: Code, how: Graphed) -> Response:
        """One dataset as a DCAT graph."""
        address = graphs.same_page(how, f"{base}/dcat/{agency}/{slug}")
        found = (listings.one(agency, slug),)
        shown = graphs.page(listings.shelf, found, how.page, address)
        return graphs.answer(shown, how, PUBLIC)

    for suffix in (*(f".{each}" for each in syntax.SYNTAXES), ""):
        graphs.route(router, f"/dcat{suffix}", whole)
        graphs.route(router, f"/dcat/{{agency}}/{{slug}}{suffix}", single)

    @router.get("/id/catalog", response_class=Response)
    def described() -> Response:
        """Where the catalogue, by its URI, is described."""
        return RedirectResponse(f"{base}/dcat", 303, headers=PUBLIC)

    @router.get("/id/dataset/{agency}/{dataset}", response_class=Response)
    def dataset(agency: Code, dataset: Code) -> Response:
        """Where a dataset, by its URI, is described."""
        found = listings.of_uri(agency, dataset)
        there = f"{base}/dcat/{found.publisher.agency}/{found.slug}"
        return RedirectResponse(there, 303, headers=PUBLIC)

    return router
