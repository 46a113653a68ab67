"""Puts a node together: the door, the feed, the releases and their pages under one application."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import text
from starlette.middleware import Middleware

from hanse.auth import issuer as authorization
from hanse.node import checkpoints, issuing, pages, retention, sequencer, trusting, witnesses
from hanse.node.desk import Desk
from hanse.node.keeper import Keeper
from hanse.node.pages import accounts, agreements, signing, waiting
from hanse.node.pages.visitors import Visitors
from hanse.node.routes import (
    audit,
    data,
    datasets,
    dialects,
    feed,
    node,
    protocols,
    releases,
    reports,
)
from hanse.node.running import Clock, Node, start
from hanse.node.settings import NodeSettings
from hanse.outbound import Outbound, Transport
from hanse.store.clock import now
from hanse.store.session import reading
from hanse.web import Site, create
from hanse.web.named import NamedOnly
from hanse.web.signin import identify


def create_app(
    settings: NodeSettings, *, clock: Clock = now, transport: Transport | None = None
) -> FastAPI:
    """Return the application of the node in `settings.home`.

    `transport` replaces the network on the way to the catalogue (tests hand in its application).
    """
    running = start(settings, clock, identify, transport)
    keeper = Keeper(
        engine=running.engine,
        door=running.door,
        signer=checkpoints.signer(settings, running.publisher.key),
        peers=witnesses.peers(settings),
        clock=clock,
        way=lambda: Outbound(networks=settings.reachable, transport=transport),
        rules=retention.rules(settings),
    )
    keeper.place()  # what commands wrote while the node was off
    site = Site(
        title=settings.name,
        base_url=settings.base_url,
        language=settings.language,
        max_body_bytes=settings.max_body_bytes,
        rate=settings.rate,
        templates=Path(__file__).parent / "pages" / "templates",
        feed_tokens=True,
    )
    app = create(
        site,
        checks={**_checks(running), **trusting.checks(running)},
        facts={
            "register": lambda: running.door.worlds.current().register.hash,
            "protocols": lambda: _damaged(running),
            **trusting.facts(running),
        },
        lifespan=_lifespan(running, keeper),
    )
    app.state.node = running
    app.state.keeper = keeper
    app.state.gate = running.gate
    app.user_middleware.append(Middleware(NamedOnly))
    app.state.desk = desk = Desk(running.engine, settings, clock, transport)
    for topic in (node, audit, reports, datasets, data, feed, releases, dialects, pages):
        app.include_router(topic.routes(running))
    app.include_router(protocols.routes(running, clock))
    app.include_router(agreements.routes(running))
    app.include_router(signing.routes(desk))
    app.include_router(accounts.routes(running, Visitors(desk)))
    app.include_router(waiting.routes(waiting.Table(desk, running.door.worlds, transport)))
    app.include_router(
        authorization.routes(running.issuer, running.publisher.key, keys_path=issuing.KEYS_PATH)
    )
    return app


def _lifespan(
    running: Node, keeper: Keeper
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        keeping = asyncio.create_task(keeper.run())
        async with trusting.pulling(running):
            yield
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await asyncio.to_thread(keeper.stop)
        running.close()

    return lifespan


def _damaged(running: Node) -> str:
    """Name the protocols that are refused because what is stored of them was changed."""
    damaged = running.door.worlds.current().book.damaged
    return f"damaged: {', '.join(damaged)}" if damaged else "ok"


def _checks(running: Node) -> Mapping[str, Callable[[], str | None]]:
    def database() -> str | None:
        with reading(running.engine) as session:
            session.connection().execute(text("SELECT 1"))
        return None

    def register() -> str | None:
        return None if running.door.worlds.is_stored() else "differs"

    def log() -> str | None:
        return (
            "behind" if sequencer.lag(running.engine, running.publisher.clock()).too_much else None
        )

    return {"database": database, "register": register, "log": log}
