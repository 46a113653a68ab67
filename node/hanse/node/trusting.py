"""Keeps what a running node knows of its catalogue's keys and revocations up to date, and tells."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from hanse.auth.revoked import PULL_SECONDS
from hanse.node.running import Node


@asynccontextmanager
async def pulling(running: Node) -> AsyncIterator[None]:
    """Ask every minute what is revoked, and for the keys when due, while the block runs."""
    asking = asyncio.create_task(_pull(running))
    try:
        yield
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking


async def _pull(running: Node) -> None:
    if running.revocations is None or running.keys is None:
        return
    while True:
        await asyncio.to_thread(running.revocations.pull)
        await asyncio.to_thread(running.keys.warm)
        await asyncio.sleep(PULL_SECONDS)


def facts(running: Node) -> Mapping[str, Callable[[], str]]:
    """Return what is told of the catalogue's lists to this machine alone."""

    def revocations() -> str:
        feed = running.revocations
        return "-" if feed is None else f"number {feed.sequence}, {feed.age():.0f} s old"

    def keys() -> str:
        age = running.keys.age() if running.keys else None
        return "-" if age is None else f"{age:.0f} s old"

    return {"revocations": revocations, "catalogue_keys": keys}


def checks(running: Node) -> Mapping[str, Callable[[], str | None]]:
    """Return what decides whether governed data may be served."""
    return {"revocations": lambda: "stale" if running.guard.stale() else None}
