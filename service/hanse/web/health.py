"""Whether this process answers, and whether it may serve: for load balancers, not for readers.

The public answer is a status only: what is wrong is reconnaissance. The reasons go to the log, and
to who asks from this machine itself, without a proxy in between.
"""

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

READY_SECONDS = 1.0
"""How long one look stays valid: a stranger's probes cost the database nothing."""

CHECK_DEADLINE_SECONDS = 5.0

Check = Callable[[], str | None]
"""Returns None when all is well, else one word for the log; it may also raise."""

Fact = Callable[[], str]
"""Returns what a check held against, such as the digest of the register in force."""

NO_FACTS: Final[Mapping[str, Fact]] = MappingProxyType({})
_PASSED_ON: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

log = logging.getLogger(__name__)


def run(checks: Mapping[str, Check]) -> dict[str, str]:
    """Return what is not well: the name of each failing check and its word."""
    found: dict[str, str] = {}
    for name, check in checks.items():
        try:
            word = check()
        except Exception as fault:  # a check that cannot be made is a check that fails
            word = type(fault).__name__
        if word is not None:
            found[name] = word
    return found


def is_near(request: Request) -> bool:
    """Say whether a request comes from this machine itself and names it, passed on by nobody."""
    named = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    peer = request.client.host if request.client else ""
    passed_on = any(name in request.headers for name in _PASSED_ON)
    return _is_loopback(peer) and _is_loopback(named) and not passed_on


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def routes(
    checks: Mapping[str, Check],
    clock: Callable[[], float] = time.monotonic,
    facts: Mapping[str, Fact] = NO_FACTS,
) -> APIRouter:
    """Return `/health/live` and `/health/ready`; `facts` are told to this machine alone."""
    router = APIRouter(prefix="/health", tags=["health"])
    last: tuple[float, Mapping[str, str]] = (-READY_SECONDS, {})

    async def failing() -> Mapping[str, str]:
        nonlocal last
        if clock() - last[0] >= READY_SECONDS:
            try:
                looked = asyncio.to_thread(run, checks)
                found = await asyncio.wait_for(looked, CHECK_DEADLINE_SECONDS)
            except TimeoutError:
                found = {"deadline": "exceeded"}
            for name, word in found.items():
                log.warning("health.not_ready", extra={"check": name, "reason": word})
            last = (clock(), found)
        return last[1]

    @router.get("/live")
    async def live() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @router.get("/ready", responses={503: {"description": "Not ready to serve."}})
    async def readiness(request: Request, response: Response) -> dict[str, Any]:
        """Say whether every check holds; which one fails is told to this machine alone."""
        found = await failing()
        response.status_code = 503 if found else 200
        told: dict[str, Any] = {"status": "not-ready" if found else "ready"}
        if is_near(request):
            told |= await asyncio.to_thread(_details, found, checks, facts)
        return told

    return router


def _details(
    found: Mapping[str, str], checks: Mapping[str, Check], facts: Mapping[str, Fact]
) -> dict[str, Any]:
    told: dict[str, Any] = {name: found.get(name, "ok") for name in {**checks, **found}}
    held = {} if found else {name: fact() for name, fact in facts.items()}
    return {"checks": told, **held}
