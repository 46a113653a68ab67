"""`/{lang}/members`: every node, how its last look went, and why when it did not go well."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.pages import words
from hanse.web import render
from hanse.web.language import PageLanguage


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the page of the members."""
    router = APIRouter()

    @router.get("/members")
    def members(request: Request, lang: PageLanguage) -> HTMLResponse:
        """Show who takes part and how fresh the index is about each."""
        return render(
            request, "members.html", members=answers.members(catalogue).members, words=words
        )

    return router
