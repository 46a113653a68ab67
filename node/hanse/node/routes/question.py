"""A question as it stands in an address: axes, breakdowns, release, form and purpose.

Reading one waits for nothing, so it stays on the event loop: a worker thread per part of it would
cost more than the parts do.
"""

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import Depends, Header, Path, Request
from fastapi import Query as Parameter

from hanse.audit.entry import exchange
from hanse.cube.query import PeriodWindow, Query
from hanse.dialects import arrow_ipc
from hanse.errors import Invalid
from hanse.node.responses import Wish, form_of
from hanse.node.shape import CODES_MAX
from hanse.web import language
from hanse.web.accepting import accept_of
from hanse.web.query import declared, refuse_unknown

Slug = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="The dataset.")]
Text = Annotated[str | None, Parameter(max_length=60_000)]
FormName = Annotated[str | None, Parameter(alias="format")]
CodecName = Annotated[arrow_ipc.Codec, Parameter(description="of Arrow")]

_PURPOSE = r"^[a-z0-9][a-z0-9-]{0,62}$"
_DIMENSION = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_CODES_NAMED = ("indicator", "level", "area")


async def axes(
    slug: Slug,
    indicator: Text = None,
    level: Text = None,
    area: Text = None,
    period: Annotated[
        str | None, Parameter(max_length=80, description="`2020`, `2018:2021`, `2018:` or `:2021`")
    ] = None,
) -> Query:
    """Return which part of a dataset is asked for; lists are codes with commas between."""
    return Query(
        dataset=slug,
        indicators=_codes("indicator", indicator),
        levels=_codes("level", level),
        areas=_codes("area", area),
        periods=_window(period),
    )


async def question(
    request: Request,
    query: Annotated[Query, Depends(axes)],
    release: Annotated[str | None, Parameter(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")] = None,
    extent: Annotated[
        Literal["whole", "permitted"], Parameter(description="`permitted`: as far as it is open")
    ] = "whole",
) -> Query:
    """Return the whole question; parameters in capitals are breakdowns of the dataset."""
    given = [name for name in request.query_params if not _DIMENSION.fullmatch(name)]
    refuse_unknown(given, declared(request))
    breakdowns = {}
    for name, text in request.query_params.multi_items():
        if _DIMENSION.fullmatch(name):
            if name in breakdowns:
                raise Invalid("QUERY_TWICE", name=name)
            breakdowns[name] = _codes(name, text) or frozenset()
    return replace(
        query,
        release=release,
        permitted_only=extent == "permitted",
        breakdowns=MappingProxyType(breakdowns),
    )


async def purpose(
    header: Annotated[str | None, Header(alias="Purpose", pattern=_PURPOSE)] = None,
    field: Annotated[str | None, Parameter(alias="purpose", pattern=_PURPOSE)] = None,
) -> str | None:
    """Return what the figures are for, from the header or the parameter."""
    if header is not None and field is not None and header != field:
        raise Invalid("PURPOSE_TWICE")
    return header or field


async def wish(request: Request, form: FormName = None, codec: CodecName = "raw") -> Wish:
    """Return the form the answer is wanted in, by name or by `Accept`."""
    return _wish(request, form_of(form, accept_of(request)), codec)


async def parquet_wish(request: Request, form: FormName = None, codec: CodecName = "raw") -> Wish:
    """Return the wish for a Parquet file: its address names the form, whatever else is wished."""
    return _wish(request, "parquet", codec)


async def lines_wish(request: Request, form: FormName = None, codec: CodecName = "raw") -> Wish:
    """Return the wish for lines, of which a description is asked: `Accept` is about that one."""
    return _wish(request, form_of(form or "csv", ""), codec)


def _wish(request: Request, form: str, codec: arrow_ipc.Codec) -> Wish:
    lang = language.of_scope(request.scope["path"], request.scope["headers"], "nl")
    held = request.headers.get("if-none-match", "")
    return Wish(form, codec, lang, held, as_written(request))


def as_written(request: Request) -> str:
    """Return the question as it was written, fit to stand in an address that we give out."""
    return quote(request.scope["query_string"], safe="%&=+:@,/;!$'()*?-._~")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its purpose, and the name both sides keep of this exchange ("" for none)."""

    query: Query
    purpose: str | None
    exchange: str = ""


async def asked(
    query: Annotated[Query, Depends(question)],
    purpose: Annotated[str | None, Depends(purpose)],
    exchange_id: Annotated[
        str, Header(description="The name both sides keep of this exchange.", max_length=200)
    ] = "",
) -> Asked:
    """Return the question with its purpose and the name of the exchange."""
    return Asked(query, purpose, exchange(exchange_id))


Question = Annotated[Asked, Depends(asked)]
Wished = Annotated[Wish, Depends(wish)]
FileWished = Annotated[Wish, Depends(parquet_wish)]
LinesWished = Annotated[Wish, Depends(lines_wish)]
Purpose = Annotated[str | None, Depends(purpose)]


def _codes(name: str, text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    codes = frozenset(part.strip() for part in text.split(","))
    if "" in codes:
        raise Invalid("QUERY_EMPTY", name=name)
    if len(codes) > CODES_MAX:
        raise Invalid("CODES_MANY", name=name, count=len(codes), limit=CODES_MAX)
    return codes


def _window(text: str | None) -> PeriodWindow | None:
    if text is None:
        return None
    window = PeriodWindow.spelled(text)
    if window == PeriodWindow():
        raise Invalid("QUERY_EMPTY", name="period")
    return window
