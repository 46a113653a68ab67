"""`GET /v1/search`: subjects by words and filters, with the counts of every facet."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from hanse.catalog import answers
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.search import Question
from hanse.catalog.search.question import LAST_PAGE
from hanse.web import language
from hanse.wire import SearchAnswer

LONGEST_QUESTION = 200
MOST_VALUES = 50
LONGEST_VALUE = 100

_Values = Annotated[
    list[Annotated[str, Query(max_length=LONGEST_VALUE)]], Query(max_length=MOST_VALUES)
]


def asked(  # noqa: PLR0913 one parameter per facet is the address's own vocabulary
    q: Annotated[str, Query(max_length=LONGEST_QUESTION)] = "",
    theme: _Values = [],  # noqa: B006 FastAPI copies it
    level: _Values = [],  # noqa: B006
    access: _Values = [],  # noqa: B006
    agency: _Values = [],  # noqa: B006
    state: _Values = [],  # noqa: B006
    page: Annotated[int, Query(ge=1, le=LAST_PAGE)] = 1,
) -> Question:
    """Read a question from an address."""
    given = {"theme": theme, "level": level, "access": access, "agency": agency, "state": state}
    return Question(q.strip(), {name: frozenset(each) for name, each in given.items()}, page)


Asked = Annotated[Question, Depends(asked)]


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the search."""
    router = APIRouter(tags=["search"])

    @router.get("/search")
    def search(request: Request, question: Asked) -> SearchAnswer:
        """Find indicators over all nodes: Dutch stems and compounds, English and French names.

        Values of one facet widen the answer, different facets narrow it. The counts of a facet say
        how many subjects each of its values would give.
        """
        scope = request.scope
        lang = language.of_scope(scope["path"], scope["headers"], catalogue.settings.language)
        return answers.search(catalogue, question, lang)

    return router
