"""Makes the houses of the demo, each through the commands its owner would use.

A catalogue, three nodes with their areas, workbooks, releases and protocols, and the province's
sign-in, all below one folder.
"""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hanse.cli.demo import figures
from hanse.cli.demo.cast import (
    CHECKER,
    CITIES,
    FIRST_PORT,
    HOST,
    OFFICER,
    PEOPLE,
    PROVIDER,
    PROVINCE_CLIENT,
    PROVINCE_KBO,
    PROVINCE_NAME,
    PUBLISHER,
    PURPOSE,
    City,
    area_tables,
)

DATASETS = {
    "demografie": ("Demografie (voorbeelddata)", "open"),
    "welzijn": ("Welzijn (voorbeelddata)", "protocol"),
}
WIDE_CITY = "aalst"
"""Opens its districts to the province too; the others stop at the municipality."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything of one demo is."""

    folder: Path
    first_port: int = FIRST_PORT

    @property
    def catalogue_url(self) -> str:
        """The catalogue's address."""
        return f"http://{HOST}:{self.first_port}"

    @property
    def catalogue_home(self) -> Path:
        """The catalogue's folder."""
        return self.folder / "catalogue"

    @property
    def config(self) -> Path:
        """The file with the province's sign-in."""
        return self.folder / "province" / "client.json"

    def node_url(self, city: City) -> str:
        """Return a city's address."""
        return f"http://{HOST}:{self.first_port + 1 + CITIES.index(city)}"

    @property
    def identity_url(self) -> str:
        """The address of where the cities' people sign in."""
        return f"http://{HOST}:{self.first_port + 1 + len(CITIES)}"

    def returns(self) -> dict[str, str]:
        """Return the clients of the identity provider: each city with its one return address."""
        path = f"/nl/sign-in/{PROVIDER}/return"
        return {f"hanse-{city.slug}": f"{self.node_url(city)}{path}" for city in CITIES}

    def node_home(self, city: City) -> Path:
        """Return a city's folder."""
        return self.folder / city.slug


def write_files(folder: Path) -> Iterator[Path]:
    """Write the demo's workbooks and area tables; yield the path of each."""
    areas = folder / "areas"
    areas.mkdir(parents=True, exist_ok=True)
    for name, text in area_tables().items():
        (areas / name).write_text(text, "utf-8")
        yield areas / name
    for city in CITIES:
        for dataset in DATASETS:
            yield figures.write_workbook(city, dataset, folder)


def catalogue(stage: Stage) -> None:
    """Make the catalogue and register the province's program there."""
    from hanse.catalog import clients
    from hanse.catalog.settings import read_settings
    from hanse.cli import catalog
    from hanse.client.keys import ClientKey
    from hanse.client.settings import ClientConfig, write_config
    from hanse.store.clock import now
    from hanse.store.engine import create
    from hanse.store.session import transaction

    with _quietly():
        catalog.init(stage.catalogue_home, stage.catalogue_url, "Stedencatalogus (voorbeeld)")
    areas = stage.catalogue_home / "areas"
    areas.mkdir(exist_ok=True)
    for name, text in area_tables().items():
        (areas / name).write_text(text, "utf-8")
    key = ClientKey.generate()
    key_file = stage.config.with_name("key.jwk")
    key.write(key_file)
    base = stage.catalogue_url
    public = stage.config.with_name("key.public.jwk")
    public.write_text(json.dumps(key.public_jwk()), "utf-8")
    config = ClientConfig(catalogue=base, client_id=PROVINCE_CLIENT, key=key_file, issuers=(base,))
    write_config(stage.config, config)
    keys = {"keys": [key.public_jwk()]}
    scopes = "catalog:read dataset:read"
    new = clients.NewClient(PROVINCE_CLIENT, PROVINCE_KBO, PROVINCE_NAME, keys, scopes, ())
    with transaction(create(read_settings(stage.catalogue_home).database)) as session:
        clients.register(session, new, now())


def node(stage: Stage, city: City, files: Path) -> dict[str, str]:
    """Make one city's node and publish its two datasets; return the release of each."""
    from hanse.cli import node as operating
    from hanse.node import areas

    home = stage.node_home(city)
    with _quietly():
        operating.init(
            home, city.agency, city.name, city.kbo, f"gemeente:{city.nis}",
            stage.node_url(city), f"cijfers@{city.slug}.example", stage.catalogue_url,
            str(stage.catalogue_home / "catalogue-keys.json"),
        )  # fmt: skip
        areas.store(home, areas.read_folders([files / "areas"]))
        text = home / "protocols" / "welzijn.yaml"
        text.write_text(agreement(city, _thumbprint(stage)), "utf-8")
        _agree(stage, city, text)
        _people(stage, city)
        return {dataset: _published(home, city, dataset, files) for dataset in DATASETS}


def _people(stage: Stage, city: City) -> None:
    """Let the city's people sign in, each with the role they have."""
    from hanse.cli import people

    home = stage.node_home(city)
    people.provider_add(PROVIDER, stage.identity_url, f"hanse-{city.slug}", "Demo", None, home)
    for each in PEOPLE:
        people.add(each.name, PROVIDER, each.subject, [each.role], each.subject, home)


def _agree(stage: Stage, city: City, text: Path) -> None:
    """Let both parties advise on the protocol and sign it, each with its own key."""
    from hanse.cli import agreeing, partner
    from hanse.policies.statements import Saying

    home, copied = stage.node_home(city), stage.folder / f"{city.slug}.protocol.json"
    name, signs = f"urn:protocol:{city.slug}:2026-001", Saying("accept", "signatory")
    partner.add(PROVINCE_KBO, stage.config.with_name("key.public.jwk"), home)
    agreeing.new(text, PUBLISHER, home)
    agreeing.advise(name, "favourable", person=OFFICER, home=home)
    for advice in ("favourable", None):  # the province advises, then signs
        agreeing.export(name, copied, home)
        agreeing.countersign(copied, PROVINCE_KBO, stage.config.with_name("key.jwk"), advice)
        agreeing.apply(copied, home)
    agreeing.speak(name, signs, CHECKER, home)


def _published(home: Path, city: City, dataset: str, files: Path) -> str:
    from hanse.cli import intake
    from hanse.node import publish
    from hanse.node.intake import draft as drafts
    from hanse.node.press import open_press
    from hanse.node.settings import read_settings

    title, access = DATASETS[dataset]
    workbook = files / f"{city.slug}-{dataset}.xlsx"
    intake.import_swing(
        [workbook], dataset, title=f"{title}, {city.name}", theme=dataset, access=access,
        description=f"{title}: gegenereerde cijfers van {city.name}.", home=home,
        level=["gemeente@2025", "wijk@2025"], person=PUBLISHER, quiet=True,
    )  # fmt: skip
    press = open_press(read_settings(home))
    found = drafts.load(home, dataset)
    publish.propose(press, found, publish.Intent(), PUBLISHER)
    return publish.approve(press, found, CHECKER).release_id


def _thumbprint(stage: Stage) -> str:
    from hanse.client.keys import ClientKey

    return str(ClientKey.read(stage.config.with_name("key.jwk")).public_jwk()["kid"])


def agreement(city: City, thumbprint: str) -> str:
    """Return the review form of the protocol between a city and the province."""
    ceiling = "wijk" if city.slug == WIDE_CITY else "gemeente"
    return f"""\
# Voorbeeldprotocol: {city.name} deelt cijfers over welzijn met de provincie.
schema: 1
id: urn:protocol:{city.slug}:2026-001
version: 1
title: Welzijn in de provinciale monitor (voorbeeld)
parties:
  - {{role: supplier, kbo: "{city.kbo}", name: {city.name}, dpo: dpo@{city.slug}.example}}
  - role: recipient
    kbo: "{PROVINCE_KBO}"
    name: {PROVINCE_NAME}
    dpo: dpo@provincie.example
    client_id: {PROVINCE_CLIENT}
    keys: [{thumbprint}]
    bearer: true
basis: {{kind: bilateral, text: Voorbeeld zonder rechtskracht}}
purposes: [{PURPOSE}]
data:
  datasets: [welzijn]
  indicators: all
  level_ceiling: {ceiling}
  areas: all
  periods: all
  breakdowns: all
  formats: [json, csv, xlsx, parquet, arrow, sdmx, odata, delta, pxweb, ogc, swing, mcp]
actions: [read]
terms: {{profile: standaard-5, group_size_min: 5, onward: none, retention: P5Y, measures: [audit]}}
valid: {{from: "2026-01-01", until: "2036-01-01"}}
"""


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield
