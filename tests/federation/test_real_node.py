"""A catalogue and a real node: enrolled, harvested, searched, shown; what it hides stays hidden."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.support.callers import CLOSED, INTERNAL, LISTED, OPEN, UNLISTED, house
from tests.support.catalogues import BASE_URL, Hosts, enrolment
from tests.support.feeds import NOW, FeedNode
from tests.support.portal import rows

from hanse.catalog import members
from hanse.catalog.app import create_app
from hanse.catalog.settings import CatalogSettings
from hanse.node import home
from hanse.store.session import transaction


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    folder = tmp_path_factory.mktemp("aalst")
    made = house(folder)
    settings = CatalogSettings(
        home=tmp_path_factory.mktemp("catalogue"), base_url=BASE_URL, _env_file=None
    )
    transport = httpx.ASGITransport(app=Hosts({"127.0.0.1:8101": made.app}))
    app = create_app(settings, clock=lambda: NOW, transport=transport)
    node = FeedNode(name="Aalst", key=home.signing_key(folder))
    with transaction(app.state.catalogue.engine) as session:
        statement = enrolment(node, settings.issuer)
        row = members.enrol(session, statement, catalogue=settings.issuer, now=NOW)
        members.approve(session, node.agency, row.fingerprint, NOW)
    (look,) = asyncio.run(app.state.catalogue.harvester.once())
    assert look.code == "", look
    return app


def get(app: FastAPI, path: str) -> Any:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_only_what_strangers_may_know_is_in_the_index(catalogue: FastAPI) -> None:
    found = get(catalogue, "/v1/datasets").json()["datasets"]
    slugs = {each["dataset"]["slug"]: each["dataset"]["access"] for each in found}
    assert slugs[OPEN] == "open"
    assert slugs[LISTED] == "protocol"
    assert not {UNLISTED, CLOSED, INTERNAL} & set(slugs)
    for slug in (UNLISTED, CLOSED, INTERNAL):
        assert slug not in get(catalogue, "/v1/search?q=" + slug).text.partition("hits")[2]


def test_its_open_figures_stand_on_the_page_and_its_governed_ones_do_not(
    catalogue: FastAPI,
) -> None:
    page = get(catalogue, "/nl/indicators/inw").text
    figures = {(row[1].split()[-1], row[2]) for row in rows(page, "figures-table")}
    # A second open dataset has the same indicator by sex; its totals are 300.
    assert figures == {
        ("41002", "80.009"),
        ("41002", "300"),
        ("11002", "480.009"),
        ("11002", "300"),
    }
    outcomes = sorted(row[2] for row in rows(page, "accounts-table"))
    assert outcomes == ["gaf cijfers 2 cijfers", "gaf cijfers 2 cijfers", "protocol nodig"]


def test_the_catalogue_holds_none_of_its_figures(catalogue: FastAPI) -> None:
    folder: Path = catalogue.state.catalogue.settings.home
    held = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"80009" not in held
    assert b"80.009" not in held
