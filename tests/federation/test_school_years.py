"""A series over school years, from two cities' workbooks to one comparison."""

import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from tests.support import agreed, presses
from tests.support.catalogues import BASE_URL, Hosts, enrolment
from tests.support.feeds import NOW, FeedNode
from tests.support.workbooks import HEAD, drafted, registry

from hanse.catalog import app as catalogue_app
from hanse.catalog import members
from hanse.catalog.settings import CatalogSettings
from hanse.client.federation import Federation, Wish
from hanse.client.line import Line
from hanse.cube.contract import Access
from hanse.node import app as node_app
from hanse.node import areas, home
from hanse.node.publish import Intent, publish
from hanse.node.settings import NodeSettings
from hanse.store.engine import create
from hanse.store.session import transaction

CITIES = {"NIS41002": ("Aalst", "0207437468", 8101), "NIS11002": ("Antwerpen", "0207500123", 8102)}


def city(folder: Path, agency: str) -> tuple[FeedNode, FastAPI]:
    """A node that published its pupils of two school years, openly."""
    name, kbo, port = CITIES[agency]
    url = f"http://127.0.0.1:{port}"
    home.init(folder, {"agency": agency, "name": name, "kbo": kbo, "base_url": url})
    settings = NodeSettings(_env_file=folder / "node.env", home=folder)
    areas.store(folder, registry())
    engine = create(settings.database)
    press = presses.press(folder, engine, key=home.signing_key(folder), registry=registry())
    code = agency.removeprefix("NIS")
    rows = [("2023/24", "gemeente", code, 4_100), ("2024/25", "gemeente", code, 4_200)]
    made = drafted(
        {"data": [(*HEAD, "leerlingen"), *rows]},
        slug="onderwijs",
        agency=agency,
        access=Access.OPEN,
        theme="onderwijs",
    )
    publish(press, made, Intent(), "an")
    with transaction(engine) as session:
        agreed.in_force(session, folder, home.open_data_form(agency, kbo), NOW)
    engine.dispose()
    app = node_app.create_app(settings, clock=lambda: NOW)
    return FeedNode(agency=agency, name=name, base_url=url, key=home.signing_key(folder)), app


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Hosts:
    """Two nodes, and the catalogue that has looked at both."""
    folder = tmp_path_factory.mktemp("cities")
    made = [city(folder / agency, agency) for agency in CITIES]
    apps = {node.base_url.partition("://")[2]: app for node, app in made}
    settings = CatalogSettings(home=folder / "catalogue", base_url=BASE_URL, _env_file=None)
    settings.home.mkdir()
    transport = httpx.ASGITransport(app=Hosts(apps))
    app = catalogue_app.create_app(settings, clock=lambda: NOW, transport=transport)
    with transaction(app.state.catalogue.engine) as session:
        for node, _ in made:
            asked = enrolment(node, settings.issuer)
            row = members.enrol(session, asked, catalogue=settings.issuer, now=NOW)
            members.approve(session, node.agency, row.fingerprint, NOW)
    looks = asyncio.run(app.state.catalogue.harvester.once())
    assert [look.code for look in looks] == ["", ""]
    return Hosts({**apps, "127.0.0.1:8100": app})


@pytest.mark.parametrize("periods", ["2024/25", "2024-A1", "2024-2025"])
def test_a_school_year_of_two_cities_compares(hosts: Hosts, periods: str) -> None:
    with Line.open(
        networks=("127.0.0.0/8",), transport=httpx.ASGITransport(app=hosts), deadline_seconds=30.0
    ) as line:
        comparison = Federation(BASE_URL, line).compare("leerlingen", Wish(periods=periods))
    rows = comparison.table.to_pylist()
    assert comparison.complete, comparison.outcomes
    assert {(row["origin_name"], row["period"], row["obs_value"]) for row in rows} == {
        ("Aalst", "2024-A1", 4_200.0),
        ("Antwerpen", "2024-A1", 4_200.0),
    }
    assert {row["mark"] for row in rows} == {"comparable"}


def test_the_index_knows_the_school_years_that_are_there(hosts: Hosts) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=hosts)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.get("/v1/search?q=leerlingen")

    (hit,) = asyncio.run(ask()).json()["hits"]
    assert (hit["first_period"], hit["last_period"]) == ("2023-A1", "2024-A1")
