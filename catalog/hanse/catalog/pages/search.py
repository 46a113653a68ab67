"""`/{lang}/`: the question, its facets as a form, what is found, how fresh the index is."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.pages import words
from hanse.catalog.routes.search import Asked
from hanse.catalog.search import FACETS, Question
from hanse.cube.period import Period
from hanse.web import render
from hanse.web.language import PageLanguage

VALUES_SHOWN = 8
NAMES_SHOWN = 4


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the first page of the portal."""
    router = APIRouter()

    @router.get("/")
    def search(request: Request, lang: PageLanguage, question: Asked) -> HTMLResponse:
        """Show what a question finds."""
        return render(
            request,
            "search.html",
            answer=answers.search(catalogue, question, lang),
            members=answers.members(catalogue).members,
            facets=FACETS,
            values_shown=VALUES_SHOWN,
            names_shown=NAMES_SHOWN,
            names={each.agency: each.name for each in answers.members(catalogue).members},
            address=lambda page: address(question, page),
            label=lambda kind, value: answers.label(kind, value, lang),
            level_label=lambda level: answers.level_label(level, lang),
            period_label=lambda text: Period.parse(text).label(lang),
            words=words,
        )

    return router


def address(question: Question, page: int) -> str:
    """Return the query of the same question on another page."""
    given = [("q", question.words)] if question.words else []
    given += [(facet, each) for facet in FACETS for each in sorted(question.filters[facet])]
    if page > 1:
        given.append(("page", str(page)))
    return "?" + urlencode(given)
