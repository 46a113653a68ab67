"""`/{lang}/members`: every node, how its last look went, and why when it did not go well."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.pages import words
from hanse.catalog.pages.search import by_name
from hanse.web import render
from hanse.web.language import PageLanguage


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the page of the members."""
    router = APIRouter()

    @router.get("/members")
    def members(request: Request, lang: PageLanguage) -> HTMLResponse:
        """Show who takes part and how fresh the index is about each."""
        listed = by_name(answers.members(catalogue))
        return render(request, "members.html", members=listed, words=words)

    return router
