"""`/v1/members`: who takes part, with which keys, and how fresh the index is about each."""

from fastapi import APIRouter

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.wire import Members


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the members."""
    router = APIRouter(prefix="/members", tags=["members"])

    @router.get("")
    def members() -> Members:
        """List the members; a node that does not answer stays listed, with its reason and age."""
        return answers.members(catalogue)

    return router
