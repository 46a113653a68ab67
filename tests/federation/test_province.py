"""The province over real sockets: a catalogue, two cities, a key, a protocol, figures."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from fastapi import FastAPI
from pyarrow import parquet
from tests.support import agreed
from tests.support.live import harvested, live
from tests.support.presses import TOWN, contract, draft, indicator, registry

from hanse.catalog import clients, members
from hanse.catalog import migrations as catalogue_migrations
from hanse.catalog.app import create_app as create_catalogue
from hanse.catalog.clients import NewClient
from hanse.catalog.settings import CatalogSettings
from hanse.client.cache import AnswerCache
from hanse.client.federation import Federation, Wish
from hanse.client.keys import ClientKey
from hanse.client.line import Line, networks_of
from hanse.client.outcome import NodeState
from hanse.client.question import Question
from hanse.client.signin import Credentials
from hanse.cube.contract import Access
from hanse.errors import NotFound
from hanse.node import areas, home, migrations, publish
from hanse.node.app import create_app as create_node
from hanse.node.publish import Intent, Press
from hanse.node.settings import read_settings
from hanse.policies.canonical import canonical
from hanse.policies.signatures import ENROLMENT, SigningKey, sign
from hanse.store import engine as store
from hanse.store.session import transaction

CITIES = {"NIS41002": ("Aalst", "0207437468"), "NIS11002": ("Antwerpen", "0207500123")}
YEARS = (2021, 2022, 2023)

PROTOCOL = """
schema: 1
id: urn:protocol:aalst:2026-001
version: 1
title: Provinciale monitor
parties:
  - {{role: supplier, kbo: "{kbo}", name: Aalst}}
  - role: recipient
    kbo: "0207725597"
    name: Provincie
    client_id: provincie
    keys: [{key}]
basis: {{kind: bilateral, text: Overeenkomst}}
purposes: [beleid]
data:
  datasets: [huishoudens]
  indicators: all
  levels: [gemeente]
  areas: all
  periods: all
  breakdowns: all
  formats: [json, csv, parquet, arrow]
actions: [read]
terms: {{profile: standaard-5, group_size_min: 5, onward: none, retention: P1Y, measures: [audit]}}
valid: {{from: "2020-01-01", until: "2090-01-01"}}
"""


@dataclass(slots=True)
class World:
    """What runs, and how to ask it."""

    catalogue: str
    federation: Federation
    line: Line
    stops: dict[str, ExitStack]


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    key = ClientKey.generate("ES256")
    catalogue = f"http://127.0.0.1:{free_port()}"
    settings = CatalogSettings(
        home=tmp_path / "catalogue", base_url=catalogue, harvest_seconds=1, _env_file=None
    )
    settings.home.mkdir()
    engine = store.create(settings.database)
    catalogue_migrations.upgrade(engine)
    jwks = {"keys": [key.public_jwk()]}
    with transaction(engine) as session:
        clients.register(
            session, NewClient("provincie", "0207725597", "Provincie", jwks, "dataset:read"), now()
        )
    with ExitStack() as stack:
        stops = {}
        for agency in CITIES:
            url = f"http://127.0.0.1:{free_port()}"
            app = made_node(tmp_path / agency, agency, url, (catalogue, key.kid))
            enrol(engine, agency, url, home.signing_key(tmp_path / agency), catalogue)
            stops[agency] = stack.enter_context(ExitStack())
            stops[agency].enter_context(live(app, int(url.rpartition(":")[2])))
        engine.dispose()
        port = int(catalogue.rpartition(":")[2])
        stack.enter_context(live(create_catalogue(settings), port))
        harvested(catalogue, len(CITIES))
        line = stack.enter_context(
            Line.open(
                Credentials("provincie", key, (catalogue,)),
                networks=networks_of(catalogue),
                cache=AnswerCache(tmp_path / "cache"),
            )
        )
        yield World(catalogue, Federation(catalogue, line), line, stops)


def enrol(engine: object, agency: str, url: str, key: SigningKey, catalogue: str) -> None:
    name, kbo = CITIES[agency]
    asked = {
        "schema": 1,
        "catalogue": catalogue,
        "agency": agency,
        "name": name,
        "kbo": kbo,
        "base_url": url,
        "keys": [key.public_jwk()],
        "issued_at": now().isoformat(),
    }
    with transaction(engine) as session:  # type: ignore[arg-type]
        statement = sign(canonical(asked), ENROLMENT, key)
        row = members.enrol(session, statement, catalogue=catalogue, now=now())
        members.approve(session, agency, row.fingerprint, now())


def made_node(folder: Path, agency: str, url: str, known: tuple[str, str]) -> FastAPI:
    catalogue, thumbprint = known
    name, kbo = CITIES[agency]
    given = {"agency": agency, "name": name, "kbo": kbo, "base_url": url}
    key = home.init(folder, given | {"catalogue_url": catalogue, "approvals": "none"})
    settings = read_settings(folder)
    engine = store.create(settings.database)
    migrations.upgrade(engine)
    areas.store(folder, registry())
    with transaction(engine) as session:
        agreed.in_force(session, folder, home.open_data_form(agency, kbo), now())
        if agency == "NIS41002":
            agreed.in_force(session, folder, PROTOCOL.format(kbo=kbo, key=thumbprint), now())
    press = Press(
        engine=engine,
        home=folder,
        key=key,
        registry=registry(),
        clock=now,
        check=lambda *_: (),
        approvals="none",
    )
    town = agency.removeprefix("NIS")
    lines = [("inw", TOWN, town, year, 1_000 + year) for year in YEARS]
    version = "1.0.0" if agency == "NIS41002" else "2.0.0"
    subject = indicator("inw", definition_version=version)
    plain = contract(subject, agency=agency, listed=True)
    publish.publish(press, draft(lines, plain), Intent(), "an")
    if agency == "NIS41002":
        closed = contract(
            indicator("hh"), slug="huishoudens", agency=agency, access=Access.PROTOCOL, listed=True
        )
        figures = [("hh", TOWN, town, year, 400) for year in YEARS]
        publish.publish(press, draft(figures, closed), Intent(), "an")
    return create_node(settings)


def test_the_province_finds_compares_pulls_and_is_refused(world: World, tmp_path: Path) -> None:
    federation = world.federation
    assert federation.search("onderwerp inw").total >= 1

    comparison = federation.compare("inw", Wish(periods="2022:"))
    assert comparison.complete, [each.sentence("en") for each in comparison.outcomes]
    rows = comparison.table.to_pylist()
    assert [(row["origin"], row["period"], row["obs_value"]) for row in rows] == [
        ("NIS11002", "2022", 3022.0),
        ("NIS11002", "2023", 3023.0),
        ("NIS41002", "2022", 3022.0),
        ("NIS41002", "2023", 3023.0),
    ]
    assert {row["mark"] for row in rows} == {"comparable", "other-definition"}

    again = federation.compare("inw", Wish(periods="2022:"))
    assert all(each.reused for each in again.outcomes)
    assert again.table.equals(comparison.table)

    governed = Question("huishoudens", ("hh",), level=TOWN, purpose="beleid")
    node = federation.node("Aalst")
    pulled = node.pull(governed)
    assert pulled.table.column("obs_value").to_pylist() == [400.0] * 3
    assert pulled.protocol == "urn:protocol:aalst:2026-001"
    everything = node.pull_all(Question("huishoudens", purpose="beleid", permitted=True))
    assert everything.table.num_rows == 3

    file = tmp_path / "huishoudens.parquet"
    saved = node.save(governed, file)
    assert saved.signed.digest == pulled.manifest_digest
    assert parquet.read_table(file).num_rows == 3

    refused = federation.get("huishoudens/hh", Wish(purpose="reclame"))
    assert [each.state for each in refused.outcomes] == [NodeState.REFUSED]
    assert node.explain(Question("huishoudens", ("hh",), purpose="reclame")).outcome == "refused"
    assert node.permitted("huishoudens", "beleid")
    assert {each.slug for each in node.datasets().datasets} >= {"bevolking"}
    assert node.feed().agency == "NIS41002"
    with pytest.raises(NotFound):
        node.pull(Question("bestaat-niet", purpose="beleid"))


def test_a_city_that_stops_is_missed_and_the_other_still_answers(world: World) -> None:
    world.stops["NIS11002"].close()
    started = time.monotonic()
    comparison = world.federation.compare("inw", deadline_seconds=3.0)
    assert time.monotonic() - started < 3.05
    assert {each.agency: each.state for each in comparison.outcomes} == {
        "NIS11002": NodeState.UNREACHABLE,
        "NIS41002": NodeState.ANSWERED,
    }
    assert isinstance(comparison.table, pa.Table)
    assert comparison.table.num_rows == 3
