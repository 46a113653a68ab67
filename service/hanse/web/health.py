"""Whether this process answers, and whether it may serve: for load balancers, not for readers.

The public answer is a status only: what is wrong is reconnaissance. The reasons go to the log and
to whoever calls `run` inside.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from fastapi import APIRouter, Response

READY_SECONDS = 1.0
"""How long one look stays valid: a stranger's probes cost the database nothing."""

CHECK_DEADLINE_SECONDS = 5.0

Check = Callable[[], str | None]
"""Returns None when all is well, else one word for the log; it may also raise."""

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


def routes(checks: Mapping[str, Check], clock: Callable[[], float] = time.monotonic) -> APIRouter:
    """Return `/health/live` and `/health/ready`."""
    router = APIRouter(prefix="/health", tags=["health"])
    last = (-READY_SECONDS, True)

    async def ready() -> bool:
        nonlocal last
        if clock() - last[0] >= READY_SECONDS:
            try:
                looked = asyncio.to_thread(run, checks)
                found = await asyncio.wait_for(looked, CHECK_DEADLINE_SECONDS)
            except TimeoutError:
                found = {"deadline": "exceeded"}
            for name, word in found.items():
                log.warning("health.not_ready", extra={"check": name, "reason": word})
            last = (clock(), not found)
        return last[1]

    @router.get("/live")
    async def live() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @router.get("/ready", responses={503: {"description": "Not ready to serve."}})
    async def readiness(response: Response) -> dict[str, str]:
        """Say whether every check holds; which one fails stands in the log."""
        well = await ready()
        response.status_code = 200 if well else 503
        return {"status": "ready" if well else "not-ready"}

    return router
