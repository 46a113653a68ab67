"""`/v1/datasets/{slug}/data`: the figures, by way of the door."""

from fastapi import APIRouter, Response

from hanse.auth.principal import Principal
from hanse.node.heading import heading
from hanse.node.responses import FORMS, Wish, respond
from hanse.node.routes.question import Asked, FileWished, Question, Wished
from hanse.node.running import Node
from hanse.node.watching import watched
from hanse.web.query import takes_dimensions
from hanse.web.signin import Caller


def routes(node: Node) -> APIRouter:
    """Return the routes; what is not open is answered to whoever a protocol opens it for."""
    router = APIRouter(prefix="/v1/datasets/{slug}", tags=["data"])

    @router.head("/data", include_in_schema=False)
    @router.get("/data", response_class=Response)
    @takes_dimensions
    def figures(caller: Caller, question: Question, wish: Wished) -> Response:
        """The cells of a dataset in any format; `SEX=M` and the like choose breakdowns."""
        return _answer(node, caller, question, wish)

    @router.head("/data.parquet", include_in_schema=False)
    @router.get("/data.parquet", response_class=Response)
    @takes_dimensions
    def file(caller: Caller, question: Question, wish: FileWished) -> Response:
        """The same cells as a Parquet file with byte ranges, for readers that ask in parts."""
        return _answer(node, caller, question, wish)

    return router


def _answer(node: Node, caller: Principal, asked: Asked, wish: Wish) -> Response:
    form, codec = FORMS[wish.form], wish.codec
    answer = node.door.answer(caller, asked.query, asked.purpose, form, codec, asked.exchange)
    governed = answer.manifest.access != "open"
    told = respond(answer, heading(node.settings, answer, asked.query), wish, governed)
    return watched(node.door, answer.permit, told)
