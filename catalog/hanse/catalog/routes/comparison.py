"""`GET /v1/comparison`: open figures of many cities side by side, each with its mark."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from hanse.areas.combination import USUAL
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.comparing import compare, offers
from hanse.client.expressions import listed
from hanse.client.federation import Wish
from hanse.client.shape import Shape
from hanse.outbound import Outbound
from hanse.web import language
from hanse.wire import ComparisonAnswer

_Some = Annotated[str, Query(max_length=2_000)]
_Word = Annotated[str, Query(max_length=64)]


def shape(
    per: _Word = "",
    times: Annotated[float, Query(ge=0, le=1e12, allow_inf_nan=False)] = 1.0,
    index: _Word = "",
    spread: bool = False,
    rank: bool = False,
) -> Shape:
    """Read how figures are wanted: per inhabitant, as an index, ranked, with their spread."""
    return Shape(per.strip(), times, index.strip(), spread, rank)


def wish(  # noqa: PLR0913 one parameter per axis of a comparison
    shaped: Annotated[Shape, Depends(shape)],
    cities: _Some = "",
    areas: _Some = "",
    level: _Word = "",
    periods: _Word = "",
    vintage: _Word = "",
    add_up: _Some = "",
    beside: _Word = USUAL,
    bounds: bool = False,
) -> Wish:
    """Read what is compared; `beside` is what figures are held against, empty for nothing."""
    return Wish(
        areas=areas,
        periods=periods,
        level=level,
        cities=listed(cities),
        permitted=True,
        vintage=vintage,
        combine=listed(add_up),
        bounds=bounds,
        shape=shaped,
        beside=listed(beside),
    )


def routes(catalogue: Catalogue, way: Outbound) -> APIRouter:
    """Return the comparison."""
    router = APIRouter(tags=["comparison"])

    @router.get("/comparison")
    async def comparison(
        request: Request,
        indicator: Annotated[str, Query(max_length=600)],
        asked: Annotated[Wish, Depends(wish)],
    ) -> ComparisonAnswer:
        """Compare indicators over all cities that publish them openly, or over `cities`."""
        named = listed(",".join((indicator, asked.shape.per)))
        found = await asyncio.to_thread(offers, catalogue, named)
        made = await compare(way, catalogue.areas, found, asked)
        scope = request.scope
        lang = language.of_scope(scope["path"], scope["headers"], catalogue.settings.language)
        return ComparisonAnswer.model_validate(made.document(lang))

    return router
