"""`/api/action/{name}`: the list of datasets for clients and harvesters of CKAN, to read only."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from hanse.catalog.catalogue import Catalogue
from hanse.catalog.listings import Listings
from hanse.dialects.ckan import actions
from hanse.dialects.ckan.actions import BadParameter, Holdings
from hanse.dialects.ckan.search import BadSearch
from hanse.errors import HanseError, Invalid
from hanse.web.query import takes_dimensions
from hanse.web.spoken import Told, spoken

Name = Annotated[str, Path(max_length=80, description="An action that reads.")]


async def _raw(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_raw)]

MEDIA_TYPE: Final = "application/json"
_CACHE: Final = {"Cache-Control": "public, max-age=60"}
_STATUSES: Final[dict[type[HanseError], int]] = {BadParameter: 409, BadSearch: 400}
_TYPES: Final[Mapping[int, str]] = {
    400: "Search Query Error",
    403: "Authorization Error",
    404: "Not Found Error",
    409: "Validation Error",
}


def routes(catalogue: Catalogue, listings: Listings) -> APIRouter:
    """Return the actions under both addresses that clients use."""
    router = APIRouter(tags=["ckan"], route_class=spoken(_tell, _STATUSES))
    base = catalogue.settings.issuer

    def answer(name: str, given: Mapping[str, Any]) -> Response:
        holdings = Holdings(
            listings=listings.every(),
            lang=catalogue.settings.language,
            base_url=base,
            name=catalogue.settings.name,
            version=version("hanse"),
        )
        result = actions.act(name, holdings, given)
        body = {"help": _help(base, name), "success": True, "result": result}
        return Response(_json(body), headers=_CACHE, media_type=MEDIA_TYPE)

    @takes_dimensions
    def asked(name: Name, request: Request) -> Response:
        """Run an action that reads, its parameters in the address."""
        return answer(name, _one_of_each(request))

    @takes_dimensions
    def posted(name: Name, request: Request, body: Body) -> Response:
        """Run an action that reads, its parameters as JSON."""
        return answer(name, {**_one_of_each(request), **_object(body)})

    for shown, prefix in ((True, "/api/3/action"), (False, "/api/action")):
        path = f"{prefix}/{{name}}"
        add = router.add_api_route
        add(path, asked, methods=["GET"], response_class=Response, include_in_schema=shown)
        add(path, posted, methods=["POST"], response_class=Response, include_in_schema=shown)
        add(path, asked, methods=["HEAD"], include_in_schema=False)

    @router.get("/api/3", include_in_schema=False)
    def about() -> dict[str, int]:
        """Say which version of the interface this is."""
        return {"version": 3}

    return router


def _one_of_each(request: Request) -> dict[str, Any]:
    """Return the parameters of an address; one given twice is a list."""
    pairs = request.query_params.multi_items()
    names = dict.fromkeys(name for name, _ in pairs)
    found = {name: [value for key, value in pairs if key == name] for name in names}
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Invalid("CKAN_BODY") from fault
    if not isinstance(read, dict):
        raise Invalid("CKAN_BODY")
    return read


def _help(base: str, name: str) -> str:
    known = name if name in actions.ACTIONS else "site_read"
    return f"{base}/api/3/action/help_show?name={known}"


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _tell(request: Request, told: Told) -> Response:
    """Write a fault as CKAN does: its type, and what is wrong by field or as a message."""
    name = request.scope["path"].rpartition("/")[2]
    base = request.app.state.site.base
    kind = _TYPES.get(told.status, "Internal Server Error")
    said = {"__type": kind, "message": told.text, "code": told.code}
    body = {"help": _help(base, name), "success": False, "error": said}
    return Response(_json(body), told.status, media_type=MEDIA_TYPE)
