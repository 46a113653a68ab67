"""The same list in the words of others: portals, CKAN, data spaces; one word each."""

from fastapi import APIRouter

from hanse.catalog.catalogue import Catalogue
from hanse.catalog.listings import Listings
from hanse.catalog.routes import ckan, dcat, dsp


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the routes of every dialect of the list."""
    router, listings = APIRouter(), Listings(catalogue)
    for dialect in (dcat, ckan, dsp):
        router.include_router(dialect.routes(catalogue, listings))
    return router
