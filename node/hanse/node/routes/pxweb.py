"""`/px/v2`: the figures as tables for clients of PxWeb."""

import json
from collections.abc import Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Query as Parameter
from starlette.responses import StreamingResponse

from hanse.dialects import jsonstat, parquet, xlsx
from hanse.dialects.edition import text_in
from hanse.dialects.media import accepted
from hanse.dialects.pxweb import selection, table_csv, tables
from hanse.dialects.pxweb.selection import Chosen
from hanse.errors import Invalid
from hanse.messages import LANGUAGES
from hanse.node import pxweb
from hanse.node.answer import told as said_of
from hanse.node.heading import heading
from hanse.node.readers import Reader
from hanse.node.routes.question import Purpose
from hanse.node.running import Node
from hanse.node.watching import watched
from hanse.web.accepting import accept_of, offers
from hanse.web.query import takes_dimensions
from hanse.web.signin import Caller

Lang = Annotated[str, Parameter(max_length=20)]
Page = Annotated[int, Parameter(alias="pageNumber", ge=1, le=1_000_000)]
Size = Annotated[int, Parameter(alias="pageSize", ge=1, le=pxweb.PAGE_SIZE_MAX)]
_SEEN: Final = {"lang", "outputformat", "outputformatparams", "purpose", "heading", "stub"}
_FORMS: Final = {
    jsonstat.MEDIA_TYPE: "json-stat2",
    table_csv.MEDIA_TYPE.partition(";")[0]: "csv",
    xlsx.MEDIA_TYPE: "xlsx",
    parquet.MEDIA_TYPE: "parquet",
}
_NO_STORE: Final = {"Vary": "Authorization, apikey, Accept", "Cache-Control": "private, no-store"}


async def reader(caller: Caller, purpose: Purpose) -> Reader:
    """Return who reads."""
    return Reader(caller, purpose, "pxweb")


Reading = Annotated[Reader, Depends(reader)]


def routes(node: Node) -> APIRouter:
    """Return the routes; each table is a dataset at one level."""
    router = APIRouter(prefix=pxweb.ROOT, tags=["pxweb"])
    rate = node.settings.rate

    json_only = [Depends(offers(jsonstat.MEDIA_TYPE))]

    @router.get("/config", dependencies=json_only)
    def configuration(lang: Lang = "") -> dict[str, Any]:
        """Limits, languages and formats: the first question of every client."""
        calls = int(rate.burst) or 1_000
        licence = "https://creativecommons.org/licenses/by/4.0/"
        return tables.configuration(node.settings.name, _spoken(node, ""), licence, calls, 10)

    @router.get("/tables", dependencies=json_only)
    @takes_dimensions
    def listing(
        who: Reading,
        query: Annotated[str, Parameter(max_length=200)] = "",
        number: Page = 1,
        size: Size = pxweb.PAGE_SIZE,
        lang: Lang = "",
    ) -> dict[str, Any]:
        """The tables that whoever asks may see, page by page."""
        spoken = _spoken(node, lang)
        found = [each.entry for each in pxweb.search(node, who, spoken, query)]
        return tables.listing(found, number, size, spoken)

    @router.get("/tables/{table}", dependencies=json_only)
    def described(table: str, who: Reading, lang: Lang = "") -> dict[str, Any]:
        """One table."""
        found = pxweb.one(node, who, table, _spoken(node, lang))
        return {"language": found.table.lang, **found.entry}

    @router.get("/tables/{table}/metadata", response_class=Response, dependencies=json_only)
    def metadata(table: str, who: Reading, lang: Lang = "") -> Response:
        """What a table may be chosen from: JSON-stat without values."""
        found = pxweb.one(node, who, table, _spoken(node, lang))
        shown = jsonstat.document(found.table.edition, found.cube, None, found.table.lang)
        return Response(jsonstat.written(shown), media_type=jsonstat.MEDIA_TYPE)

    @router.get("/tables/{table}/defaultselection", dependencies=json_only)
    def default(table: str, who: Reading, lang: Lang = "") -> dict[str, Any]:
        """What is answered where nobody chooses."""
        found = pxweb.one(node, who, table, _spoken(node, lang))
        return tables.default_selection(found.cube, found.table.lang)

    _data(router, node)
    return router


def _data(router: APIRouter, node: Node) -> None:
    @router.get("/tables/{table}/data", response_class=Response)
    @takes_dimensions
    def data(table: str, request: Request, who: Reading) -> Response:
        """The cells that `valueCodes[…]` choose."""
        return _answer(node, who, table, request, selection.of_parameters(_pairs(request)))

    @router.post("/tables/{table}/data", response_class=Response)
    @takes_dimensions
    async def posted(table: str, request: Request, who: Reading) -> Response:
        """The cells that a posted selection chooses."""
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError) as fault:
            raise Invalid("PXWEB_BODY") from fault
        return _answer(node, who, table, request, selection.of_body(body))


def _spoken(node: Node, lang: str) -> str:
    """Return the language asked for; another one than ours is no fault: clients always send one."""
    return lang if lang in LANGUAGES else node.settings.language


def _pairs(request: Request) -> list[tuple[str, str]]:
    return list(request.query_params.multi_items())


def _answer(node: Node, who: Reader, table: str, request: Request, chosen: Chosen) -> Response:
    given = {name.lower(): text for name, text in _pairs(request)}
    for name in given:
        if selection.names_codelist(name) and given[name]:
            raise Invalid("PXWEB_PARAMETER", given=name[:40], choice="valueCodes[…]")
        if name not in _SEEN and not selection.is_parameter(name):
            known = ", ".join(sorted(_SEEN))
            raise Invalid(
                "QUERY_UNKNOWN", name=name[:40] if name.isprintable() else "?", choice=known
            )
    form = _form(given.get("outputformat"), accept_of(request))
    spoken = _spoken(node, given.get("lang", ""))
    cut = pxweb.cut(node, who, pxweb.one(node, who, table, spoken), chosen)
    parameters = frozenset(filter(None, given.get("outputformatparams", "").split(",")))
    media_type, body = _written(node, cut, form, parameters)
    headers = _NO_STORE | said_of(cut.answer)
    told = StreamingResponse(iter(body), headers=headers, media_type=media_type)
    return watched(node.door, cut.answer.permit, told)


def _form(named: str | None, accept: str) -> str:
    """Return the format that is asked for by name, else the one that `Accept` weighs highest."""
    if named is None:
        return accepted(accept, _FORMS)
    form = named.lower()
    if form not in tables.FORMATS:
        shown = form[:20] if form.isprintable() else "?"
        raise Invalid("FORMAT_UNKNOWN", given=shown, choice=", ".join(tables.FORMATS))
    return form


def _written(
    node: Node, cut: pxweb.Cut, form: str, parameters: frozenset[str]
) -> tuple[str, Iterable[bytes]]:
    edition, lang = cut.table.edition, cut.table.lang
    match form:
        case "json-stat2":
            shown = jsonstat.document(edition, cut.cube, cut.filled(), lang)
            return jsonstat.MEDIA_TYPE, [jsonstat.written(shown)]
        case "csv":
            title = text_in(edition.contract.title, lang, edition.slug)
            lines = table_csv.render(cut.cube, cut.filled(), title, parameters)
            return table_csv.MEDIA_TYPE, lines
    return _file(node, cut, form)


def _file(node: Node, cut: pxweb.Cut, form: str) -> tuple[str, Iterable[bytes]]:
    cells = pxweb.together(cut)
    about = heading(node.settings, cut.answer, cut.query)
    if form == "xlsx":
        return xlsx.MEDIA_TYPE, xlsx.render(cells, about, cut.table.lang)
    return parquet.MEDIA_TYPE, parquet.render(cells, about)
