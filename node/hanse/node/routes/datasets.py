"""`/v1/datasets`: what there is, what may be asked of it, and why an answer is what it is."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from starlette.requests import Request

from hanse.auth.principal import Principal
from hanse.node import datasets, explaining, receipts, record
from hanse.node.feed import entry
from hanse.node.routes.question import Purpose, Question, Slug
from hanse.node.running import Node
from hanse.store.session import reading
from hanse.web import language
from hanse.web.query import takes_dimensions
from hanse.web.signin import Caller, needs
from hanse.wire import DatasetEntry, Datasets, Explanation, Permitted

Auditor = Annotated[Principal, needs("audit:read")]


def _reader(request: Request) -> str:
    return language.of_scope(request.scope["path"], request.scope["headers"], "nl")


Reader = Annotated[str, Depends(_reader)]


def routes(node: Node) -> APIRouter:
    """Return the routes; lists show what whoever asks may know of, and nothing tells of more."""
    router = APIRouter(prefix="/v1", tags=["datasets"])

    @router.get("/datasets")
    def all_datasets(caller: Caller, response: Response) -> Datasets:
        """Every dataset the caller may know of."""
        _vary(response)
        offers = node.door.visible(caller)
        return Datasets(datasets=[_entry(node, offer.slug) for offer in offers])

    @router.get("/datasets/{slug}")
    def one_dataset(slug: Slug, caller: Caller, response: Response) -> DatasetEntry:
        """One dataset."""
        _vary(response)
        return _entry(node, node.door.offer(caller, slug).slug)

    @router.get("/datasets/{slug}/permitted")
    def permitted(slug: Slug, caller: Caller, purpose: Purpose, response: Response) -> Permitted:
        """What the caller may see of the current release, and on which terms."""
        _vary(response)
        return explaining.terms(node.door.permitted(caller, slug, purpose))

    @router.get("/datasets/{slug}/explain")
    @takes_dimensions
    def explain(
        caller: Caller, question: Question, lang: Reader, response: Response
    ) -> Explanation:
        """Why one cell is shown, hidden, missing or refused: in words of its reader."""
        _vary(response)
        return explaining.explain(node.door, caller, question.query, question.purpose, lang)

    @router.get("/decisions/{ref}")
    def decision(ref: str, auditor: Auditor) -> dict[str, Any]:
        """A recorded decision with every check that failed, for whoever audits."""
        found = record.find(node.engine, ref)
        receipts.looked(node.engine, auditor, ref, node.publisher.clock())
        return dict(record.as_document(found))

    return router


def _entry(node: Node, slug: str) -> DatasetEntry:
    with reading(node.engine) as session:
        return entry(node.home, datasets.get(session, slug))


def _vary(response: Response) -> None:
    response.headers["Vary"] = "Authorization"
    response.headers["Cache-Control"] = "private, no-store"
