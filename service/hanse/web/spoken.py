"""Routes that answer faults in the words of their own standard instead of problem details.

A client of a standard shows its user what stands in that standard's error form, and nothing else.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from hanse import telemetry
from hanse.errors import HanseError, Invalid
from hanse.web import language, problems
from hanse.web.site import Site


@dataclass(frozen=True, slots=True)
class Told:
    """A fault as a reader is told it: status, code, one sentence, all of it, and the language."""

    status: int
    code: str
    title: str
    text: str
    lang: str


Tell = Callable[[Request, Told], Response]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def spoken(tell: Tell, statuses: Mapping[type[HanseError], int] | None = None) -> type[APIRoute]:
    """Return a class of routes whose faults `tell` writes; `statuses` adds words of the standard.

    What every 401 must carry (challenges, no caching) is laid on top.
    """

    class Route(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    return await handle(request)
                except HanseError as fault:
                    return _told(request, fault)
                except RequestValidationError as fault:
                    names = ", ".join(str(each["loc"][-1])[:40] for each in fault.errors()[:5])
                    return _told(request, Invalid("QUERY_VALUE", names=names))

            return answer

    def _told(request: Request, fault: HanseError) -> Response:
        site: Site = request.app.state.site
        lang = language.of_scope(request.scope["path"], request.scope["headers"], site.language)
        status = _status(fault, statuses or {})
        telemetry.count_refusal(fault.code, status)
        body = problems.body_of(fault, site, lang)
        said = Told(status, str(body["code"]), str(body["title"]), str(body["detail"]), lang)
        answer = tell(request, said)
        own_page = problems.is_own_page(request.scope["headers"])
        plain = problems.response(fault, site, lang, own_page=own_page)
        for name, value in plain.raw_headers:
            if name not in (b"content-type", b"content-length"):
                answer.raw_headers.append((name, value))
        return answer

    return Route


def _status(fault: HanseError, statuses: Mapping[type[HanseError], int]) -> int:
    found = next((status for word, status in statuses.items() if isinstance(fault, word)), None)
    return found or problems.status_of(fault)
