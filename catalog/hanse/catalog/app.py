"""Puts a catalogue together: index, search, harvest, sign-in and portal under one application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import select

from hanse.areas import Registry
from hanse.areas.tables import registry_from
from hanse.catalog import concepts, index, members, migrations, oauth, pages, routes, witness
from hanse.catalog.catalogue import Catalogue
from hanse.catalog.harvest import Harvester, Schedule
from hanse.catalog.routes import dialects
from hanse.catalog.search.engine import TantivySearch
from hanse.catalog.settings import CatalogSettings
from hanse.catalog.subjects import Refresher
from hanse.outbound import Outbound, Transport
from hanse.store import engine as store
from hanse.store.clock import now
from hanse.store.session import reading, transaction
from hanse.web import Site, create

Clock = Callable[[], datetime]


def create_app(
    settings: CatalogSettings,
    *,
    clock: Clock = now,
    transport: Transport | None = None,
) -> FastAPI:
    """Return the catalogue's application; while it runs it looks at its members' nodes.

    `transport` replaces the network (tests hand in the nodes themselves).
    """
    engine = store.create(settings.database)
    migrations.upgrade(engine)
    way = Outbound(networks=settings.reachable, transport=transport)
    catalogue = assemble(settings, engine=engine, way=way, clock=clock)
    site = Site(
        title=settings.name,
        base_url=settings.base_url,
        language=settings.language,
        max_body_bytes=settings.max_body_bytes,
        rate=settings.rate,
        templates=Path(__file__).parent / "pages" / "templates",
        statics=Path(__file__).parent / "pages" / "static",
    )
    app = create(site, checks=_checks(engine), lifespan=_lifespan(catalogue, way))
    app.state.catalogue = catalogue
    app.include_router(oauth.routes(settings, engine, clock))
    app.include_router(routes.routes(catalogue))
    app.include_router(dialects.routes(catalogue))
    app.include_router(witness.routes(catalogue))
    app.include_router(pages.routes(catalogue, way))
    return app


def assemble(
    settings: CatalogSettings, *, engine: Engine, way: Outbound, clock: Clock
) -> Catalogue:
    """Return the parts of a catalogue, its search brought up to its tables."""
    registry = concepts.load(settings.home)
    search = TantivySearch(settings.home / "index")
    if search.revision.partition(" ")[2] != registry.digest:
        with transaction(engine) as session:
            index.regroup(session, registry)
    refresh = Refresher(engine, search, registry)
    refresh()
    harvester = Harvester(
        settings,
        engine=engine,
        roster=members.identities,
        way=way,
        concepts=registry,
        clock=clock,
        changed=refresh,
    )
    return Catalogue(
        settings=settings,
        engine=engine,
        members=members.members,
        search=search,
        concepts=registry,
        harvester=harvester,
        schedule=Schedule(harvester, settings.harvest_seconds),
        areas=_areas(settings.home / "areas"),
        clock=clock,
        refresh=refresh,
    )


def _areas(folder: Path) -> Registry:
    """Read the area tables in the home folder; without them, pages show codes instead of names."""
    if not folder.is_dir():
        return Registry()
    return registry_from({file.name: file.read_text("utf-8") for file in folder.glob("*.csv")})


def _checks(engine: Engine) -> Mapping[str, Callable[[], str | None]]:
    def database() -> str | None:
        with reading(engine) as session:
            session.exec(select(1)).one()
        return None

    return {"database": database}


def _lifespan(
    catalogue: Catalogue, way: Outbound
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(catalogue.schedule.run())
        try:
            yield
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
            await way.aclose()
            catalogue.engine.dispose()

    return lifespan
