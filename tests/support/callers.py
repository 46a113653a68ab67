"""A node with figures behind every kind of lock, and everybody who may knock: nobody, a stranger,
a partner with a protocol, a steward.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.support import agreed, forge, presses

from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.cube.contract import Access, Contract
from hanse.node import areas, home
from hanse.node.app import create_app
from hanse.node.publish import Intent, publish
from hanse.node.running import Node
from hanse.node.settings import NodeSettings
from hanse.store.engine import create
from hanse.store.session import transaction

BASE_URL = "http://127.0.0.1:8101"
CATALOGUE = "http://127.0.0.1:8100"
KBO = "0207437468"
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

OPEN, LISTED, UNLISTED, CLOSED, INTERNAL = "bevolking", "inkomens", "zorg", "dossiers", "kladwerk"

SEX = Dimension("SEX", Codelist("SEX", tuple(Code(id_, {"nl": id_}) for id_ in ("_T", "F", "M"))))

TOWN_LINES = tuple(
    (indicator, presses.TOWN, town, year, value)
    for indicator, base in (("inw", 80_000), ("huish", 30_000))
    for town, factor in (("41002", 1), ("11002", 6))
    for year, value in ((2022, base * factor), (2023, base * factor + 7), (2024, base * factor + 9))
)
SECTOR_LINES = tuple(
    ("inw", presses.SECTOR, f"{town}{letter}", year, value)
    for town in ("41002", "11002")
    for letter, value in (("A", 5_000), ("B", 3))
    for year in (2022, 2023, 2024)
)
SEX_LINES = tuple(
    ("inw", presses.TOWN, town, year, sex, value)
    for town in ("41002", "11002")
    for year in (2023, 2024)
    for sex, value in (("_T", 300), ("F", 160), ("M", 140))
)

PARTNER = """
schema: 1
id: urn:protocol:aalst:2026-001
version: 1
parties:
  - {{role: supplier, kbo: "0207437468"}}
  - role: recipient
    kbo: "0207725597"
    client_id: provincie
    bearer: true
    territory: "gemeente:41002"
basis: {{kind: legal_protocol}}
purposes: [statistiek, beleid]
data:
  datasets: [{datasets}]
  indicators: [inw]
  levels: [gemeente, statsec]
  areas: own
  periods: {{from: 2023, until: open}}
  formats: [json, csv, xlsx, parquet, arrow]
actions: [read]
terms: {{profile: standaard-5, group_size_min: 5, retention: P5Y, measures: [audit]}}
valid: {{from: "2026-01-01", until: "2029-01-01"}}
"""


@dataclass(slots=True)
class Moment:
    """A clock that stands where it is put."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True)
class House:
    """A node with its application and its clock."""

    app: FastAPI
    node: Node
    clock: Moment
    home: Path

    def client(self, caller: str = "nobody") -> httpx.AsyncClient:
        """Return somebody at its address."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url=BASE_URL,
            headers=dict(credentials(caller)),
        )


CALLERS = ("nobody", "stranger", "partner", "steward")


def credentials(caller: str, **claims: object) -> Mapping[str, str]:
    """Return the headers of a caller."""
    known: dict[str, dict[str, object]] = {
        "stranger": {"client_id": "vreemde"},
        "partner": {"client_id": "provincie", "purpose": "beleid"},
        "steward": {"client_id": "beheer", "scope": "dataset:read audit:read"},
    }
    if caller == "nobody":
        return {}
    return {"Authorization": f"Bearer {_token(**{**known[caller], **claims})}"}


def _token(**claims: object) -> str:
    now = int(NOW.timestamp())
    client = claims.get("client_id")
    base = {"iss": CATALOGUE, "aud": BASE_URL, "iat": now, "exp": now + 300, "sub": client}
    return forge.token(payload=forge.claims(**{**base, **claims}))


def house(folder: Path, **changes: object) -> House:
    """Return a node with six datasets, behind every kind of lock; `changes` are its settings."""
    given = {"agency": "NIS41002", "name": "Stad Aalst", "kbo": KBO, "base_url": BASE_URL}
    home.init(folder, {**given, "catalogue_url": CATALOGUE, "territory": "gemeente:41002"})
    # Tests put the clock where they like; the list of what is revoked would grow old with it, and
    # the log, which nobody keeps unless a test does, would fall behind.
    chosen = {"revocation_hours": 0, "audit_lag_seconds": 0, **changes}
    settings = NodeSettings(_env_file=folder / "node.env", home=folder, **chosen)  # type: ignore[arg-type]
    areas.store(folder, presses.registry())
    engine = create(settings.database)
    press = presses.press(folder, engine, key=home.signing_key(folder))
    for contract, lines in _datasets():
        publish(press, presses.draft(lines, contract), Intent(), "an")
    with transaction(press.engine) as session:
        agreed.in_force(session, folder, home.open_data_form("NIS41002", KBO), NOW)
        text = PARTNER.format(datasets=", ".join((LISTED, UNLISTED)))
        agreed.in_force(session, folder, text, NOW)
    engine.dispose()
    clock = Moment()
    transport = httpx.ASGITransport(app=catalogue())
    app = create_app(settings, clock=clock, transport=transport)
    return House(app, app.state.node, clock, folder)


def _datasets() -> list[tuple[Contract, tuple[presses.Line, ...]]]:
    both = (presses.indicator("inw"), presses.indicator("huish"))
    plain = presses.contract(*both, levels=(presses.TOWN, presses.SECTOR))
    governed = replace(plain, access=Access.PROTOCOL)
    lines = TOWN_LINES + SECTOR_LINES
    sexed = presses.contract(
        presses.indicator("inw"), slug="geslacht", levels=(presses.TOWN,), dimensions=(SEX,)
    )
    return [
        (replace(plain, slug=OPEN), lines),
        (sexed, SEX_LINES),
        (replace(governed, slug=LISTED), lines),
        (replace(governed, slug=UNLISTED, listed=False), lines),
        (replace(governed, slug=CLOSED, listed=False), lines),
        (replace(plain, slug=INTERNAL, access=Access.INTERNAL), lines),
    ]


@cache
def catalogue() -> Starlette:
    """Return the part of a catalogue that a node asks: its keys."""

    def keys(_: object) -> JSONResponse:
        return JSONResponse({"keys": forge.jwks()})

    return Starlette(routes=[Route("/v1/jwks", keys)])
