"""Strict query parameters: a name a route does not know is refused by name, never ignored.

A silently ignored parameter (`periode=` for `period=`) would answer another question than the one
asked. A parameter given twice is refused too, unless the route takes a list.
"""

import typing
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from hanse.auth.bearer import refuse_in_query
from hanse.errors import Invalid

MAX_NAME_CHARACTERS = 50

_KEPT = "_hanse_query_names"  # on the route itself: routes are made once and compared by value

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Names:
    once: frozenset[str]
    lists: frozenset[str]

    @property
    def known(self) -> frozenset[str]:
        return self.once | self.lists


def takes_dimensions(endpoint: _Endpoint) -> _Endpoint:
    """Mark a route that takes further parameters, named by the dataset it is about.

    Such a route calls `refuse_unknown` itself as soon as it knows those names.
    """
    endpoint.__takes_dimensions__ = True  # type: ignore[attr-defined]
    return endpoint


async def strict(request: Request) -> None:
    """Refuse a key in the address, and a parameter that is not declared or is given once too often.

    A dependency of every route: `hanse.web.create` puts it there.
    """
    refuse_in_query(request.scope["query_string"])
    given = request.query_params.multi_items()
    route = request.scope.get("route")
    if not given or not isinstance(route, APIRoute):
        return
    names = _declared(route)
    if not getattr(route.endpoint, "__takes_dimensions__", False):
        refuse_unknown([name for name, _ in given], names.known)
    counts = Counter(name for name, _ in given)
    for name in names.once:
        if counts[name] > 1:
            raise Invalid("QUERY_TWICE", name=name)


def declared(request: Request) -> frozenset[str]:
    """Return the names the route of this request declares."""
    route = request.scope.get("route")
    return _declared(route).known if isinstance(route, APIRoute) else frozenset()


def refuse_unknown(given: Collection[str], known: Collection[str]) -> None:
    """Refuse the first name that is not known, naming it and the one that is nearest."""
    for name in given:
        if name not in known:
            near = get_close_matches(name[:MAX_NAME_CHARACTERS], known, 1)
            choice = near[0] if near else ", ".join(sorted(known)) or "-"
            raise Invalid("QUERY_UNKNOWN", name=_plain(name), choice=choice)


def _plain(name: str) -> str:
    shown = name[:MAX_NAME_CHARACTERS]
    return shown if shown.isprintable() else ascii(shown)[1:-1]


def _declared(route: APIRoute) -> _Names:
    known: _Names | None = getattr(route, _KEPT, None)
    if known is None:
        known = _read_names(route)
        setattr(route, _KEPT, known)
    return known


def _read_names(route: APIRoute) -> _Names:
    once: set[str] = set()
    lists: set[str] = set()
    for dependant in _walk(route.dependant):
        for field in dependant.query_params:
            target = lists if _is_list(field.field_info.annotation) else once
            target.add(field.alias)
    return _Names(frozenset(once), frozenset(lists))


def _walk(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _walk(inner)


def _is_list(annotation: object) -> bool:
    candidates = (annotation, *typing.get_args(annotation))
    return any(typing.get_origin(item) in {list, set, tuple, frozenset} for item in candidates)
