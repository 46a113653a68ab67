"""`/delta`: releases as tables, for clients of Delta Sharing.

`/delta/for/{purpose}` is the same for a purpose, since these clients can send no header of ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi import Query as Parameter
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from hanse.dialects.delta import actions, capabilities, faults, listing, profile, question
from hanse.dialects.delta.names import Place
from hanse.errors import HanseError, Invalid, NotFound
from hanse.node import delta, deltafiles, profiles
from hanse.node.continuing import Stale
from hanse.node.delta import Page, Said, Wanted
from hanse.node.readers import Reader
from hanse.node.routes.question import Purpose
from hanse.node.running import Node
from hanse.node.watching import watched
from hanse.web import language
from hanse.web.query import refuse_unknown, takes_dimensions
from hanse.web.signin import Caller
from hanse.web.spoken import Told, spoken

PARQUET: Final = "application/vnd.apache.parquet"

_STATUSES: Final[dict[type[HanseError], int]] = {Stale: 410}
_NO_STORE: Final = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
_VARY: Final = {"Vary": "Authorization, apikey, Accept-Language", "Cache-Control": "private"}
_PURPOSE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LISTED: Final = frozenset({"maxResults", "pageToken"})

Rest = Annotated[str, Path(description="Shares, schemas, tables, and what is asked of a table.")]

Name = Annotated[str | None, Parameter(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the parts of its path and its parameters, its reader, its headers."""

    node: Node
    reader: Reader
    parts: tuple[str, ...]
    given: Mapping[str, str]
    headers: Mapping[str, str]
    wanted: Wanted

    def only(self, known: frozenset[str]) -> None:
        """Refuse the first parameter that is not known."""
        refuse_unknown(list(self.given), known)


def routes(node: Node) -> APIRouter:
    """Return the routes: the file door, profiles, and everything of shares and tables."""
    router = APIRouter(prefix=delta.ROOT, tags=["delta"], route_class=spoken(_tell, _STATUSES))

    @router.head("/files/{link}", include_in_schema=False)
    @router.get("/files/{link}", response_class=Response)
    def file(
        link: str, caller: Caller, sp: Annotated[str, Parameter(max_length=1)] = "r"
    ) -> Response:
        """The bytes of one file by range; its address says for whom, and is asked about anew."""
        held = deltafiles.fetched(node, Reader(caller, None, "delta"), link)
        headers = _NO_STORE | {"ETag": f'"{held.digest}"'}
        told = FileResponse(held.path, headers=headers, media_type=PARQUET)
        return watched(node.door, held.permit, told)

    @router.get(f"/{profile.FILE}", response_class=Response)
    def profile_file(
        request: Request, caller: Caller, purpose: Purpose, client: Name = None, kid: Name = None
    ) -> Response:
        """The profile file of the feed token it is asked with, or of a client with its own key."""
        endpoint = _for(f"{node.settings.resource}{delta.ROOT}", purpose)
        if client or kid:
            document = profiles.private_key(node, endpoint, client, kid, purpose)
        else:
            document = profiles.bearer(node, caller, request.scope["headers"], endpoint)
        name = f'attachment; filename="{profile.FILE}"'
        headers = _NO_STORE | {"Content-Disposition": name}
        return Response(
            listing.line(dict(document)), headers=headers, media_type=profile.MEDIA_TYPE
        )

    @router.head("/{rest:path}", include_in_schema=False)
    @router.get("/{rest:path}", response_class=Response)
    @takes_dimensions
    def read(rest: Rest, request: Request, caller: Caller) -> Response:
        """Lists of shares, schemas and tables; version, metadata and changes of a table."""
        return _read(_asked(node, request, Reader(caller, None, "delta"), rest))

    @router.post("/{rest:path}", response_class=Response)
    @takes_dimensions
    async def query(rest: Rest, request: Request, caller: Caller) -> Response:
        """A table as of a version, with the file of what its reader may see."""
        body = await request.body()
        asked = _asked(node, request, Reader(caller, None, "delta"), rest)
        return await run_in_threadpool(_query, asked, body)

    return router


def _for(endpoint: str, purpose: str | None) -> str:
    return f"{endpoint}/for/{purpose}" if purpose else endpoint


def _asked(node: Node, request: Request, reader: Reader, rest: str) -> Asked:
    parts = tuple(rest.split("/"))
    if parts[0] == "for" and len(parts) > 1:
        if not _PURPOSE.fullmatch(parts[1]):
            raise NotFound("NOT_FOUND")
        reader = Reader(reader.principal, parts[1], reader.form)
        parts = parts[2:]
    given = request.query_params
    if len(given.multi_items()) != len(given):
        twice = next(name for name in given if len(given.getlist(name)) > 1)
        raise Invalid("QUERY_TWICE", name=twice[:40] if twice.isprintable() else "?")
    headers = request.headers
    lang = language.of_scope(request.scope["path"], request.scope["headers"], "nl")
    wanted = Wanted(capabilities.read(headers.get(capabilities.HEADER, "")), lang)
    return Asked(node, reader, parts, dict(given), headers, wanted)


def _read(asked: Asked) -> Response:
    match asked.parts:
        case ("shares", share, "schemas", schema, "tables", table, *question_):
            place = Place(share.lower(), schema.lower(), table.lower())
            return _table(asked, place, "/".join(question_))
        case ("shares", _):
            asked.only(frozenset())
            return _listed(delta.share(asked.node, asked.reader, asked.parts[1]))
    return _listed(_list(asked))


def _list(asked: Asked) -> bytes:
    asked.only(_LISTED)
    node, reader = asked.node, asked.reader
    size = question.page_items(asked.given.get("maxResults", ""), listing.PAGE_ITEMS)
    page = Page("/".join(asked.parts).lower(), size, asked.given.get("pageToken", ""))
    match asked.parts:
        case ("shares",):
            return delta.shares(node, reader, page)
        case ("shares", share, "schemas"):
            return delta.schemas(node, reader, page, share)
        case ("shares", share, "all-tables"):
            return delta.tables(node, reader, page, share)
        case ("shares", share, "schemas", schema, "tables"):
            return delta.tables(node, reader, page, share, schema)
    raise NotFound("NOT_FOUND")


def _listed(body: bytes) -> Response:
    return Response(body, headers=_VARY, media_type=listing.MEDIA_TYPE)


def _table(asked: Asked, place: Place, what: str) -> Response:
    node, reader, given = asked.node, asked.reader, asked.given
    if what in ("version", ""):
        asked.only(frozenset({"startingTimestamp"}) if what else frozenset())
        text = given.get("startingTimestamp", "")
        since = question.moment("startingTimestamp", text) if text else None
        number = delta.newest(node, reader, place, since)
        return Response(b"", headers=_VARY | {actions.VERSION_HEADER: str(number)})
    if what == "metadata":
        asked.only(question.SNAPSHOT)
        when = question.of_parameters(given)
        return _lines(asked, delta.metadata(node, reader, place, when, asked.wanted))
    if what == "changes":
        asked.only(question.CHANGES)
        bounds = question.span(given)
        return _lines(asked, delta.changes(node, reader, place, bounds, asked.wanted))
    raise NotFound("NOT_FOUND")


def _query(asked: Asked, body: bytes) -> Response:
    asked.only(frozenset())
    match asked.parts:
        case ("shares", share, "schemas", schema, "tables", table, "query"):
            place = Place(share.lower(), schema.lower(), table.lower())
            when = question.of_body(body)
            return _lines(asked, delta.query(asked.node, asked.reader, place, when, asked.wanted))
    raise NotFound("NOT_FOUND")


def _lines(asked: Asked, said: Said) -> Response:
    headers = {
        **_NO_STORE,
        "Vary": f"Authorization, apikey, Accept-Language, {capabilities.HEADER}",
        actions.VERSION_HEADER: str(said.version),
        capabilities.HEADER: asked.wanted.capabilities.header,
        **capabilities.file_hash(asked.headers.get("fileidhash", "")),
    }
    return Response(actions.written(said.lines), headers=headers, media_type=actions.MEDIA_TYPE)


def _tell(_: Request, told: Told) -> Response:
    body = faults.fault(told.status, told.code, told.text)
    return Response(body, told.status, media_type=listing.MEDIA_TYPE)
