"""Puts a node together: the door, the feed, the releases and their pages under one application."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import text

from hanse.auth import issuer as authorization
from hanse.node import issuing, pages
from hanse.node.desk import Desk
from hanse.node.pages import signing, waiting
from hanse.node.routes import data, datasets, feed, node, releases
from hanse.node.running import Clock, Node, start
from hanse.node.settings import NodeSettings
from hanse.outbound import Transport
from hanse.store.clock import now
from hanse.store.session import reading
from hanse.web import Site, create
from hanse.web.signin import identify


def create_app(
    settings: NodeSettings, *, clock: Clock = now, transport: Transport | None = None
) -> FastAPI:
    """Return the application of the node in `settings.home`.

    `transport` replaces the network on the way to the catalogue (tests hand in its application).
    """
    running = start(settings, clock, identify, transport)
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
        checks=_checks(running),
        facts={"register": lambda: running.door.worlds.current().register.hash},
        lifespan=_lifespan(running),
    )
    app.state.node = running
    app.state.gate = running.gate
    app.state.desk = desk = Desk(running.engine, settings, clock, transport)
    for topic in (node, datasets, data, feed, releases, pages):
        app.include_router(topic.routes(running))
    app.include_router(signing.routes(desk))
    app.include_router(waiting.routes(waiting.Table(desk, running.door.worlds, transport)))
    app.include_router(
        authorization.routes(running.issuer, running.publisher.key, keys_path=issuing.KEYS_PATH)
    )
    return app


def _lifespan(running: Node) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        running.close()

    return lifespan


def _checks(running: Node) -> Mapping[str, Callable[[], str | None]]:
    def database() -> str | None:
        with reading(running.engine) as session:
            session.connection().execute(text("SELECT 1"))
        return None

    def register() -> str | None:
        return None if running.door.worlds.is_stored() else "differs"

    return {"database": database, "register": register}
