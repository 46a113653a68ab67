"""`/{lang}/`: the question, its facets as a form, what is found, how fresh the index is."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.pages import words
from hanse.catalog.routes.search import Asked
from hanse.catalog.search import FACETS, Question
from hanse.cube.period import read_period
from hanse.messages import named
from hanse.web import render
from hanse.web.language import PageLanguage
from hanse.wire import Hit, MemberEntry, Members

VALUES_SHOWN = 8
NAMES_SHOWN = 4


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the first page of the portal."""
    router = APIRouter()

    @router.get("/")
    def search(request: Request, lang: PageLanguage, question: Asked) -> HTMLResponse:
        """Show what a question finds."""
        members = by_name(answers.members(catalogue))
        names = {each.agency: each.name for each in members}
        return render(
            request,
            "search.html",
            answer=answers.search(catalogue, question, lang),
            members=members,
            facets=FACETS,
            values_shown=VALUES_SHOWN,
            names_shown=NAMES_SHOWN,
            publishers=lambda hit: sorted(names.get(each, each) for each in hit.agencies),
            address=lambda page: address(question, page),
            label=lambda kind, value: named(kind, value, lang),
            levels=lambda hit: levels(hit, lang),
            period_label=lambda text: read_period(text).label(lang),
            words=words,
        )

    return router


def by_name(members: Members) -> list[MemberEntry]:
    """Return the members as a reader looks for them."""
    return sorted(members.members, key=lambda each: each.name.casefold())


def levels(hit: Hit, lang: str) -> list[str]:
    """Return the area levels of a subject in words, the editions of each together."""
    editions: dict[str, list[str]] = {}
    for level in hit.levels:
        code, _, vintage = level.partition("@")
        editions.setdefault(code, []).append(vintage)
    return [
        answers.level_label(f"{code}@{', '.join(vintages)}", lang)
        for code, vintages in editions.items()
    ]


def address(question: Question, page: int) -> str:
    """Return the query of the same question on another page."""
    given = [("q", question.words)] if question.words else []
    given += [(facet, each) for facet in FACETS for each in sorted(question.filters[facet])]
    if page > 1:
        given.append(("page", str(page)))
    return "?" + urlencode(given)
