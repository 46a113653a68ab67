"""Files beside the figures: a workbook for Swing, and what describes the lines of a CSV answer."""

from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from fastapi import Query as Parameter

from hanse.dialects import csvw
from hanse.dialects.xlsx import MEDIA_TYPE
from hanse.errors import Invalid
from hanse.node import workbooks
from hanse.node.heading import heading
from hanse.node.readers import Reader, edition
from hanse.node.responses import FORMS, Wish, headed
from hanse.node.routes.question import LinesWished, Question
from hanse.node.running import Node
from hanse.node.watching import watched
from hanse.web.query import takes_dimensions
from hanse.web.signin import Caller

_PRIVATE: Final = {"Vary": "Authorization, Purpose", "Cache-Control": "private, no-store"}

Prefix = Annotated[
    str, Parameter(max_length=16, description="Before every code; else that of the house.")
]


def routes(node: Node) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/datasets/{slug}", tags=["data"])

    @router.get("/swing.xlsx", response_class=Response)
    @takes_dimensions
    def workbook(caller: Caller, asked: Question, prefix: Prefix = "") -> Response:
        """The cells and their indicator sheet as a Swing workbook, protected, codes prefixed."""
        reader = Reader(caller, asked.purpose, "swing")
        made = workbooks.workbook(node, reader, asked.query, prefix, asked.exchange)
        about = heading(node.settings, made.answer, asked.query)
        name = f"{about.dataset}-{about.release}-swing.xlsx"
        governed = made.answer.manifest.access != "open"
        headers = headed(made.answer, about, name, governed)
        return watched(
            node.door,
            made.answer.permit,
            Response(made.content, headers=headers, media_type=MEDIA_TYPE),
        )

    @router.get("/data.csv-metadata.json", response_class=Response)
    @takes_dimensions
    def described(caller: Caller, asked: Question, wish: LinesWished, request: Request) -> Response:
        """What the lines of the same question as CSV are (CSV on the Web)."""
        url = _csv_address(node, asked.query.dataset, wish, "format" in request.query_params)
        node.door.described(caller, asked.query, asked.purpose, "csv")
        reader = Reader(caller, asked.purpose, "csv")
        found = edition(node, reader, asked.query.dataset, asked.query.release)
        sheets = wish.form == "csv-spreadsheet"
        body = csvw.describe(found, url, wish.lang, for_spreadsheets=sheets)
        return Response(body, headers=_PRIVATE, media_type=csvw.MEDIA_TYPE)

    return router


def _csv_address(node: Node, slug: str, wish: Wish, named: bool) -> str:
    """Return the address of the lines that are described: the same question, as CSV."""
    if named and FORMS[wish.form] != "csv":
        raise Invalid("FORMAT_UNKNOWN", given=wish.form, choice="csv, csv-spreadsheet")
    query = "&".join(filter(None, (wish.query, "" if named else "format=csv")))
    return f"{node.settings.resource}/v1/datasets/{slug}/data?{query}"
