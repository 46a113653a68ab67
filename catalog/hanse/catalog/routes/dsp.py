"""`/dsp/2025-1` and its version document: the list of datasets for crawlers of data spaces."""

import json
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as InPath
from fastapi import Query as Parameter

from hanse.catalog.catalogue import Catalogue
from hanse.catalog.listings import Listings
from hanse.dialects import dsp
from hanse.errors import Invalid, NotFound
from hanse.web.graphs import LAST_PAGE
from hanse.web.spoken import Told, spoken

MEDIA_TYPE: Final = "application/json"
_CACHE: Final = {"Cache-Control": "public, max-age=60"}


async def _raw(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_raw)]
Page = Annotated[int, Parameter(ge=1, le=LAST_PAGE)]


def routes(catalogue: Catalogue, listings: Listings) -> APIRouter:
    """Return the version document and the catalogue; nothing is negotiated here."""
    router = APIRouter(tags=["dataspace"], route_class=spoken(_tell))
    base = catalogue.settings.issuer

    @router.get("/.well-known/dspace-version")
    def versions(response: Response) -> dict[str, Any]:
        """Say which version of the Dataspace Protocol is spoken where."""
        response.headers.update(_CACHE)
        return dsp.versions()

    @router.post(dsp.PATH + "/catalog/request", response_class=Response)
    def requested(body: Body, page: Page = 1) -> Response:
        """The catalogue, page by page; a filter is refused, never ignored."""
        _check(body)
        return _page(base, listings, page)

    @router.get(dsp.PATH + "/catalog/request", response_class=Response)
    def continued(page: Page = 1) -> Response:
        """A further page of the catalogue, as `Link` names it."""
        return _page(base, listings, page)

    @router.get(dsp.PATH + "/catalog/datasets/{dataset:path}", response_class=Response)
    def single(dataset: Annotated[str, InPath(max_length=500)]) -> Response:
        """One dataset, by its URI."""
        wanted = unquote(dataset)
        found = next((each for each in listings.every() if each.uri == wanted), None)
        if found is None:
            raise NotFound("NOT_FOUND")
        return _answer(dsp.alone(found))

    return router


def _page(base: str, listings: Listings, number: int) -> Response:
    found = listings.every()
    pages = max(1, -(-len(found) // dsp.PAGE_SIZE))
    if number > pages:
        raise NotFound("NOT_FOUND")
    shown = found[(number - 1) * dsp.PAGE_SIZE : number * dsp.PAGE_SIZE]
    answer = _answer(dsp.catalogue(base, shown))
    address = f"{base}{dsp.PATH}/catalog/request?page="
    links = [
        f'<{address}{each}>; rel="{relation}"'
        for each, relation in ((number + 1, "next"), (number - 1, "previous"))
        if 1 <= each <= pages
    ]
    if links:
        answer.headers["Link"] = ", ".join(links)
    return answer


def _check(body: bytes) -> None:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Invalid("DSP_MESSAGE", choice="CatalogRequestMessage") from fault
    if not isinstance(message, dict) or message.get("@type") != "CatalogRequestMessage":
        raise Invalid("DSP_MESSAGE", choice="CatalogRequestMessage")
    if message.get("filter"):
        raise Invalid("DSP_FILTER")


def _answer(body: object) -> Response:
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, headers=_CACHE, media_type=MEDIA_TYPE)


def _tell(_: Request, told: Told) -> Response:
    body = dsp.error(told.code, [told.text])
    return Response(json.dumps(body), told.status, media_type=MEDIA_TYPE)
