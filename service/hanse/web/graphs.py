"""Answers a graph of datasets: in the syntax that is asked for, with a profile, page and tag."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Query as Parameter

from hanse.dialects.dcat import profiles, syntax
from hanse.dialects.dcat.graph import PAGE_SIZE, graph
from hanse.dialects.dcat.listing import Listing, Page, Shelf
from hanse.dialects.dcat.syntax import Syntax
from hanse.errors import Invalid, NotFound
from hanse.web import problems
from hanse.web.accepting import accept_of
from hanse.web.spoken import Told

LAST_PAGE: Final = 100_000
KEPT_MAX: Final = 32
"""Written graphs that are kept; one of a whole page has up to three megabytes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a graph is wanted. `none_match` is the entity tag the reader holds already."""

    syntax: Syntax
    profile: str
    page: int
    none_match: str


def wanted(
    request: Request,
    profile: Annotated[str, Parameter(max_length=20)] = profiles.DEFAULT,
    page: Annotated[int, Parameter(ge=1, le=LAST_PAGE)] = 1,
) -> Wanted:
    """Return how a graph is wanted: the end of the path says the syntax, else `Accept`.

    Raises `Invalid` (DCAT_PROFILE) and `NotAcceptable` (DCAT_MEDIA).
    """
    if profile not in profiles.ADDRESSES:
        shown = profile if profile.isprintable() else "?"
        raise Invalid("DCAT_PROFILE", given=shown, choice=", ".join(profiles.ADDRESSES))
    suffix = request.scope["path"].rpartition(".")[2]
    chosen = syntax.SYNTAXES.get(suffix) or syntax.accepted(accept_of(request))
    return Wanted(chosen, profile, page, request.headers.get("if-none-match", ""))


Graphed = Annotated[Wanted, Depends(wanted)]


def page(shelf: Shelf, listings: tuple[Listing, ...], number: int, address: str) -> Page:
    """Return one page of listings, in the order of their URIs.

    Raises `NotFound` for a page that is not there: a harvester that got the first one again would
    take it for the whole.
    """
    pages = max(1, -(-len(listings) // PAGE_SIZE))
    if number > pages:
        raise NotFound("NOT_FOUND")
    ordered = sorted(listings, key=lambda each: each.uri)
    shown = tuple(ordered[(number - 1) * PAGE_SIZE : number * PAGE_SIZE])
    return Page(shelf, shown, address, number, pages, len(listings))


def answer(shown: Page, how: Wanted, headers: dict[str, str]) -> Response:
    """Return a page as a graph; 304 for whoever holds it already.

    The tag is weak: writers may order one graph in several ways.
    """
    said = {**headers, **_headers(shown, how)}
    if how.none_match and _tag(shown, how) in how.none_match:
        return Response(status_code=304, headers=said)
    body = _KEPT.get(_tag(shown, how), lambda: _written(shown, how))
    # Harvesters compare the media type as a whole: no charset beside it.
    return Response(body, headers={**said, "Content-Type": how.syntax.media_type})


class _Kept:
    """Graphs as they were written, by their tag; one is made at a time, for it costs seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[str, bytes] = OrderedDict()

    def get(self, tag: str, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under a tag, made where it is not."""
        found = self._held.get(tag)
        if found is not None:
            return found
        with self._lock:
            if tag not in self._held:
                self._held[tag] = make()
            while len(self._held) > KEPT_MAX:
                self._held.popitem(last=False)
            return self._held[tag]


_KEPT: Final = _Kept()


def _written(shown: Page, how: Wanted) -> bytes:
    return syntax.written(profiles.view(graph(shown), how.profile), how.syntax)


def _headers(shown: Page, how: Wanted) -> dict[str, str]:
    vary = "Accept, Authorization, apikey"
    said = {
        "ETag": f'W/"{_tag(shown, how)}"',
        "Link": f'<{profiles.ADDRESSES[how.profile]}>; rel="profile"',
        "Vary": vary,
    }
    if shown.changed_at:
        said["Last-Modified"] = format_datetime(shown.changed_at.astimezone(UTC), usegmt=True)
    return said


def _tag(shown: Page, how: Wanted) -> str:
    told = f"{shown!r} {how.profile} {how.syntax.suffix}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def same_page(how: Wanted, address: str) -> str:
    """Return the address of the whole that further pages continue: the same syntax and profile."""
    profile = f"?profile={how.profile}" if how.profile != profiles.DEFAULT else ""
    return f"{address}.{how.syntax.suffix}{profile}"


def route(router: APIRouter, path: str, endpoint: Callable[..., Response]) -> None:
    """Add an address that answers GET, and HEAD with the same status and headers.

    Those that end on a syntax are the same operation, so that only the bare one is documented.
    """
    bare = "." not in path
    router.add_api_route(
        path, endpoint, methods=["GET"], response_class=Response, include_in_schema=bare
    )
    router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


def tell(_: Request, told: Told) -> Response:
    """Write a fault: problem details, since DCAT has no form of its own."""
    body = {"title": told.title, "status": told.status, "detail": told.text, "code": told.code}
    return Response(json.dumps(body), told.status, media_type=problems.MEDIA_TYPE)
