"""`/ogc`: areas with figures and boundaries for QGIS and whatever reads OGC API Features."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.responses import StreamingResponse

from hanse.dialects.ogc import documents
from hanse.dialects.ogc.features import GEOJSON, collection
from hanse.dialects.ogc.question import read
from hanse.node import ogc
from hanse.node.answer import told as said_of
from hanse.node.ogc import ROOT, Given
from hanse.node.readers import Reader
from hanse.node.routes.question import Purpose, as_written
from hanse.node.running import Node
from hanse.node.watching import watched
from hanse.web import language
from hanse.web.accepting import offers
from hanse.web.query import takes_dimensions
from hanse.web.signin import Caller
from hanse.web.spoken import Told, spoken

_HEADERS: Final = {
    "Vary": "Authorization, apikey, Accept, Accept-Language",
    "Cache-Control": "private, no-store",
}

_JSON: Final = [Depends(offers(documents.JSON))]
_OPENAPI: Final = [Depends(offers(documents.OPENAPI, "application/openapi+json", documents.JSON))]
_SCHEMA: Final = [Depends(offers(documents.SCHEMA, documents.JSON))]
_FEATURES: Final = [Depends(offers(GEOJSON, documents.JSON))]
"""What each document is accepted as: it is JSON too, for whoever knows no more special name."""


async def reader(caller: Caller, purpose: Purpose) -> Reader:
    """Return who reads."""
    return Reader(caller, purpose, "ogc")


Reading = Annotated[Reader, Depends(reader)]
Collection = Annotated[str, Path(alias="collection", max_length=140)]


def routes(node: Node) -> APIRouter:
    """Return the routes; each collection is a dataset at one level."""
    router = APIRouter(prefix=ROOT, tags=["ogc"], route_class=spoken(_tell))
    root, name = f"{node.settings.resource}{ROOT}", node.settings.name

    @router.get("", response_class=Response, dependencies=_JSON)
    def landing(request: Request) -> Response:
        """Where everything stands."""
        return _document(documents.landing(root, name, _lang(node, request)))

    @router.get("/api", response_class=Response, dependencies=_OPENAPI)
    def api() -> Response:
        """The interface as OpenAPI 3.0."""
        described = documents.api(root, name, version("hanse"))
        return _document(described, documents.OPENAPI)

    @router.get("/conformance", response_class=Response, dependencies=_JSON)
    def conformance() -> Response:
        """Which parts of the standard hold here."""
        return _document({"conformsTo": list(documents.CONFORMANCE)})

    @router.get("/collections", response_class=Response, dependencies=_JSON)
    def collections(who: Reading, request: Request) -> Response:
        """The collections that whoever asks may see."""
        lang = _lang(node, request)
        held = [documents.collection(each.described(lang)) for each in ogc.every(node, who)]
        return _document(documents.collections(root, held))

    _collection(router, node)
    return router


def _collection(router: APIRouter, node: Node) -> None:
    @router.get("/collections/{collection}", response_class=Response, dependencies=_JSON)
    @takes_dimensions
    def described(which: Collection, who: Reading, request: Request) -> Response:
        """One collection; what is asked of it is repeated in its links."""
        found = _found(node, who, which, request)
        read(_given(request), found.edition, found.level)
        asked = as_written(request)
        return _document(documents.collection(found.described(_lang(node, request), asked)))

    @router.get("/collections/{collection}/schema", response_class=Response, dependencies=_SCHEMA)
    @takes_dimensions
    def schema(which: Collection, who: Reading, request: Request) -> Response:
        """What properties the features of a collection have."""
        found = _found(node, who, which, request)
        read(_given(request), found.edition, found.level)
        about = found.described(_lang(node, request))
        return _document(documents.schema(about), documents.SCHEMA)

    @router.get("/collections/{collection}/items", response_class=Response, dependencies=_FEATURES)
    @takes_dimensions
    def items(which: Collection, who: Reading, request: Request) -> Response:
        """Areas with their figures, `limit` at a time, for one period."""
        given = _given(request)
        page = ogc.page(who, _found(node, who, which, request), given)
        body = collection(page.features(), ogc.counted(page, given))
        told = StreamingResponse(body, headers=_told(page), media_type=GEOJSON)
        return watched(node.door, page.answer.permit if page.answer else None, told)

    @router.get(
        "/collections/{collection}/items/{feature:path}",
        response_class=Response,
        dependencies=_FEATURES,
    )
    @takes_dimensions
    def item(which: Collection, feature: str, who: Reading, request: Request) -> Response:
        """One area with its figures."""
        found = _found(node, who, which, request)
        page = ogc.feature(who, found, feature, _given(request))
        return Response(b"".join(page.features()), headers=_told(page), media_type=GEOJSON)


def _found(node: Node, who: Reader, which: str, request: Request) -> ogc.Found:
    return ogc.one(node, who, which, request.query_params.get("release"))


def _told(page: ogc.Page) -> dict[str, str]:
    if page.answer is None:
        return {**_HEADERS, "X-Release-Id": page.found.edition.release}
    return {**_HEADERS, **said_of(page.answer)}


def _given(request: Request) -> Given:
    return request.query_params.multi_items()


def _lang(node: Node, request: Request) -> str:
    return language.of_scope(
        request.scope["path"], request.scope["headers"], node.settings.language
    )


def _document(document: Mapping[str, Any], media_type: str = documents.JSON) -> Response:
    return Response(documents.written(document), headers=_HEADERS, media_type=media_type)


def _tell(_: Request, told: Told) -> Response:
    return Response(documents.fault(told.code, told.text), told.status, media_type=documents.JSON)
