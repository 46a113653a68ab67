"""The application factory of both roles: gates, error answers, headers, health, pages.

A role calls `create(site)` and adds its routers. From outside in: trace, headers, error answers,
gates, routes. Every route is strict about its query parameters.
"""

from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.types import Lifespan

from hanse import telemetry
from hanse.errors import HanseError
from hanse.messages import catalogue
from hanse.web import health, pages, problems
from hanse.web.headers import SecurityHeaders
from hanse.web.limits import Limits
from hanse.web.query import strict
from hanse.web.rates import Rates
from hanse.web.site import Site
from hanse.web.statics import Statics

# The framework's own traces and log records name addresses and the text of exceptions; ours do not.
_NO_TRACES: Final[TelemetryConfig] = {
    "auto_configure": False,
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}
_NO_CHECKS: Mapping[str, health.Check] = MappingProxyType({})


def create(
    site: Site,
    *,
    checks: Mapping[str, health.Check] = _NO_CHECKS,
    facts: Mapping[str, health.Fact] = health.NO_FACTS,
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """Return an application with no routes but health, statics and the way to its first page.

    `checks` decide `/health/ready`, which tells `facts` to this machine alone; `lifespan` starts
    and stops what the role runs beside requests.
    """
    catalogue()  # every text is read before the first request, and a fault in one stops the start
    app = FastAPI(
        title=site.title,
        version=version("hanse"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        telemetry=_NO_TRACES,
        dependencies=[Depends(strict)],
        lifespan=lifespan,
        middleware=[
            Middleware(telemetry.Traces),
            Middleware(SecurityHeaders),
            Middleware(problems.Faults),
            Middleware(Rates, rate=site.rate),
            Middleware(Limits, site=site),
        ],
    )
    statics = Statics([site.statics] if site.statics else [])
    app.state.site = site
    app.state.pages = pages.Pages(site, statics)
    for kind in (HanseError, RequestValidationError, StarletteHTTPException):
        app.add_exception_handler(kind, problems.on_fault)
    app.include_router(health.routes(checks, facts=facts))
    app.include_router(statics.routes())
    pages.routes(app)
    _first_page(app, site)
    return app


def _first_page(app: FastAPI, site: Site) -> None:
    @app.get("/", include_in_schema=False)
    async def first_page() -> RedirectResponse:
        return RedirectResponse(f"/{site.language}/", 307)
