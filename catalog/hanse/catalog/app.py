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
from hanse.catalog import (
    concepts,
    index,
    keeping,
    log,
    members,
    migrations,
    oauth,
    pages,
    routes,
    witness,
)
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
from hanse.web import Site, create, logbook

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
    signer = log.signer(settings.home, settings.issuer)
    keeper = keeping.Keeper(engine, signer, keeping.peers(settings), clock, way)
    app = create(site, checks=_checks(engine), lifespan=_lifespan(catalogue, keeper, way))
    app.state.catalogue = catalogue
    app.state.keeper = keeper
    app.include_router(logbook.routes(engine, log.BOOK, signer.verifier))
    app.include_router(oauth.routes(settings, engine, clock))
    app.include_router(routes.routes(catalogue, way))
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
    catalogue: Catalogue, keeper: keeping.Keeper, way: Outbound
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each) for each in (catalogue.schedule.run(), keeper.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(keeper.stop)
            await way.aclose()
            catalogue.engine.dispose()

    return lifespan
