"""`/dcat`: what the node offers as a graph that portals harvest, and the contract of a release."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.responses import RedirectResponse

from hanse.dialects import odcs
from hanse.dialects.dcat import syntax
from hanse.node import listings, readers
from hanse.node.readers import Reader
from hanse.node.routes.question import Purpose, Slug
from hanse.node.running import Node
from hanse.web import graphs, language
from hanse.web.graphs import Graphed
from hanse.web.signin import Caller
from hanse.web.spoken import spoken

PRIVATE = {"Cache-Control": "private, no-store"}
Name = Annotated[str, Path(max_length=80)]
Release = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


async def reader(caller: Caller) -> Reader:
    """Return who reads; nothing here is a figure, so that no purpose is asked."""
    return Reader(caller, None, "json")


Reading = Annotated[Reader, Depends(reader)]


def routes(node: Node) -> APIRouter:
    """Return the routes; the end of an address says the syntax, else `Accept` does."""
    router = APIRouter(tags=["dcat"], route_class=spoken(graphs.tell))
    base = node.settings.resource

    def whole(who: Reading, how: Graphed) -> Response:
        """Every dataset the caller may know of, as a DCAT graph."""
        address = graphs.same_page(how, f"{base}/dcat")
        found = listings.every(node, who)
        shown = graphs.page(listings.shelf(node), found, how.page, address)
        return graphs.answer(shown, how, PRIVATE)

    def single(slug: Slug, who: Reading, how: Graphed) -> Response:
        """One dataset as a DCAT graph."""
        address = graphs.same_page(how, f"{base}/dcat/{slug}")
        found = (listings.one(node, who, slug),)
        shown = graphs.page(listings.shelf(node), found, how.page, address)
        return graphs.answer(shown, how, PRIVATE)

    for suffix in (*(f".{each}" for each in syntax.SYNTAXES), ""):
        graphs.route(router, f"/dcat{suffix}", whole)
        graphs.route(router, f"/dcat/{{slug}}{suffix}", single)

    @router.get("/v1/datasets/{slug}/releases/{release_id}/contract.yaml", response_class=Response)
    def contract(
        slug: Slug, release_id: Release, caller: Caller, purpose: Purpose, request: Request
    ) -> Response:
        """The data contract of a release (ODCS 3.1), as far as the caller may see the release."""
        scope = request.scope
        lang = language.of_scope(scope["path"], scope["headers"], node.settings.language)
        found = readers.edition(node, Reader(caller, purpose, "json"), slug, release_id)
        headers = {**PRIVATE, "Vary": "Accept-Language, Authorization, apikey"}
        body = odcs.written(odcs.contract(found, lang))
        return Response(body, headers=headers, media_type=odcs.MEDIA_TYPE)

    @router.get("/id/catalog", response_class=Response)
    def catalogue() -> Response:
        """Where the node's catalogue, by its URI, is described."""
        return RedirectResponse(f"{base}/dcat", 303)

    @router.get("/id/dataset/{agency}/{dataset}", response_class=Response)
    def dataset(agency: Name, dataset: Name, who: Reading) -> Response:
        """Where a dataset, by its URI, is described."""
        found = listings.of_uri(node, who, agency, dataset)
        return RedirectResponse(f"{base}/dcat/{found.slug}", 303, headers=PRIVATE)

    return router
