"""Hidden figures, and figures outside a reader's view, in no byte of any dialect's answers.

Two partners with other rights, somebody with none: every number is unlike every other, so that it
is found again wherever it stands, unpacked where it is packed.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.attacks.test_hidden_bytes import found as found_in
from tests.support import agreed, callers, presses
from tests.support.callers import BASE_URL, CATALOGUE, KBO, NOW, House

from hanse.cube.contract import Access
from hanse.node import areas, home
from hanse.node.app import create_app
from hanse.node.publish import Intent, publish
from hanse.node.settings import NodeSettings
from hanse.policies.profile import Profile
from hanse.store.engine import create
from hanse.store.session import transaction

pytestmark = pytest.mark.anyio

SLUG, FLOW, TABLE = "geheim-dicht", "GEHEIM_DICHT", "GEHEIM_DICHT__GEMEENTE_2025"
STRICT = Profile("streng", {"nl": "Streng"}, {"nl": "Streng"}, min_count=100_000_000)
YEARS = (2022, 2023, 2024)
TOWNS = ("11002", "41002")
HIDDEN = {("inw", "41002", 2024): 73_194_628, ("huish", "11002", 2023): 73_194_731}

SHOWN = {
    (indicator, town, year): 200_000_000 + 7_654_321 * (1 + 6 * i + 3 * t + y) + 13
    for i, indicator in enumerate(("inw", "huish"))
    for t, town in enumerate(TOWNS)
    for y, year in enumerate(YEARS)
    if (indicator, town, year) not in HIDDEN
}
LINES = tuple(
    (indicator, presses.TOWN, town, year, number)
    for (indicator, town, year), number in {**SHOWN, **HIDDEN}.items()
)

AGREED = """
schema: 1
id: urn:protocol:aalst:2026-{number}
version: 1
parties:
  - {{role: supplier, kbo: "{supplier}"}}
  - {{role: recipient, kbo: "{kbo}", client_id: {client}, bearer: true, territory: "{territory}"}}
basis: {{kind: legal_protocol}}
purposes: [beleid]
data:
  datasets: [{slug}]
  indicators: [{indicator}]
  levels: [gemeente]
  areas: {areas}
  periods: {{from: 2023, until: open}}
  breakdowns: all
  formats: [json, csv, xlsx, parquet, arrow, sdmx, odata, delta, pxweb, ogc, swing, mcp]
actions: [read]
terms: {{profile: streng, group_size_min: 0, retention: P5Y, measures: [audit]}}
valid: {{from: "2026-01-01", until: "2029-01-01"}}
"""


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner: its protocol, and which numbers it may see."""

    number: str
    kbo: str
    indicator: str
    areas: str
    territory: str
    towns: tuple[str, ...]

    @property
    def view(self) -> set[int]:
        """Every number that this partner may see."""
        return {
            number
            for (indicator, town, year), number in SHOWN.items()
            if indicator == self.indicator and town in self.towns and year >= 2023
        }


PARTNERS = {
    "provincie": Partner("301", "0207725597", "inw", "own", "gemeente:41002", ("41002",)),
    "kenniscentrum": Partner("302", "0267400377", "huish", "all", "gewest:2000", TOWNS),
}
READERS = ("nobody", "vreemde", *PARTNERS)

CHOSEN = "".join(f"&valueCodes[{axis}]=*" for axis in ("INDICATOR", "REF_AREA", "TIME_PERIOD"))
DATA = f"/v1/datasets/{SLUG}/data?extent=permitted"
SHARE = "/delta/for/beleid/shares/nis41002/schemas/demografie/tables/geheim_dicht"

FIGURES = (
    *(f"{DATA}&format={form}" for form in ("json", "csv", "csv-spreadsheet", "xlsx", "parquet")),
    f"{DATA}&format=arrow",
    f"{DATA}&format=arrow&codec=zstd",
    f"/v1/datasets/{SLUG}/data.parquet?extent=permitted",
    f"/sdmx/2.1/data/NIS41002,{FLOW}/all",
    f"/sdmx/2.1/data/NIS41002,{FLOW}/all?format=csv",
    f"/sdmx/3.0/data/dataflow/NIS41002/{FLOW}/1.0.0",
    f"/sdmx/3.0/data/dataflow/NIS41002/{FLOW}/1.0.0?format=csv",
    f"/odata/v4/NIS41002_{FLOW}",
    f"/odata/cbs/v1/NIS41002/{TABLE}/Observations",
    *(
        f"/px/v2/tables/{TABLE}/data?outputFormat={form}{CHOSEN}"
        for form in ("json-stat2", "csv", "xlsx", "parquet")
    ),
)
"""Where the figures of a partner's own view are."""

OTHERS = (
    "/v1/datasets", f"/v1/datasets/{SLUG}", f"/v1/datasets/{SLUG}/permitted",
    f"{DATA}&indicator=inw",
    f"{DATA}&indicator=huish", f"{DATA}&area=11002", f"{DATA}&period=2022", f"{DATA}&area=41002",
    f"/v1/datasets/{SLUG}/explain?indicator=inw&area=41002&period=2024",
    f"/v1/datasets/{SLUG}/explain?indicator=huish&area=11002&period=2023",
    "/v1/feed", "/v1/changes",
    f"/sdmx/2.1/data/NIS41002,{FLOW}/all?updatedAfter=2020-01-01",
    f"/sdmx/2.1/data/NIS41002,{FLOW}/all?startPeriod=2022&endPeriod=2022",
    f"/sdmx/3.0/data/dataflow/NIS41002/{FLOW}/1.0.0?c[REF_AREA]=11002",
    f"/sdmx/3.0/availability/dataflow/NIS41002/{FLOW}/1.0.0",
    "/sdmx/3.0/structure/dataflow/NIS41002?references=all",
    "/odata/v4", "/odata/v4/$metadata", "/odata/v4/Datasets", f"/odata/v4/NIS41002_{FLOW}/$count",
    f"/odata/v4/NIS41002_{FLOW}?$orderby=Value desc",
    f"/odata/v4/NIS41002_{FLOW}?$filter=Value gt 0",
    f"/odata/v4/NIS41002_{FLOW}?$filter=RefArea eq '11002'",
    f"/odata/cbs/v1/NIS41002/{TABLE}", f"/odata/cbs/v1/NIS41002/{TABLE}/Properties",
    "/px/v2/tables", f"/px/v2/tables/{TABLE}/metadata", f"/px/v2/tables/{TABLE}/data",
    "/ogc/collections", f"/ogc/collections/{TABLE}", f"/ogc/collections/{TABLE}/items",
    "/jiveservices/odata",
    "/jiveservices/odata/$metadata", "/delta/for/beleid/shares", f"{SHARE}/metadata",
    f"{SHARE}/version", f"{SHARE}/changes?startingVersion=0", "/dcat", f"/dcat/{SLUG}",
    f"/id/dataset/NIS41002/{FLOW}", f"/nl/datasets/{SLUG}",
)  # fmt: skip
"""Everything else that speaks of them: lists, structures, counts, questions refused."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node with one closed release in which two unique numbers are hidden."""
    folder = tmp_path_factory.mktemp("node") / "aalst"
    given = {"agency": "NIS41002", "name": "Aalst", "kbo": KBO, "base_url": BASE_URL}
    home.init(folder, {**given, "catalogue_url": CATALOGUE, "territory": "gemeente:41002"})
    settings = NodeSettings(_env_file=folder / "node.env", home=folder, revocation_hours=0)
    areas.store(folder, presses.registry())
    engine = create(settings.database)
    key = home.signing_key(folder)
    press = presses.press(folder, engine, key=key, own_profiles={"streng": STRICT})
    indicators = (presses.indicator("inw"), presses.indicator("huish"))
    contract = presses.contract(*indicators, slug=SLUG, levels=(presses.TOWN,), profile="streng")
    publish(press, presses.draft(LINES, replace(contract, access=Access.PROTOCOL)), Intent(), "an")
    with transaction(engine) as session:
        agreed.in_force(session, folder, home.open_data_form("NIS41002", KBO), NOW)
        for client, each in PARTNERS.items():
            told = {"number": each.number, "kbo": each.kbo, "indicator": each.indicator}
            where = {"areas": each.areas, "territory": each.territory}
            text = AGREED.format(supplier=KBO, client=client, slug=SLUG, **told, **where)
            agreed.in_force(session, folder, text, NOW, {"streng": STRICT})
    engine.dispose()
    clock = callers.Moment()
    app = create_app(settings, clock=clock, transport=httpx.ASGITransport(callers.catalogue()))
    yield House(app, app.state.node, clock, folder)
    app.state.node.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def seen(content: bytes) -> set[int]:
    """Return every number of the release that stands in some bytes."""
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    every = (*SHOWN.values(), *HIDDEN.values())
    return {number for number in every if found_in(content, number)}


def reader(guarded: House, who: str) -> httpx.AsyncClient:
    """Return somebody at the node, who says what the figures are for."""
    told = (
        {} if who == "nobody" else callers.credentials("partner", client_id=who, purpose="beleid")
    )
    transport = httpx.ASGITransport(app=guarded.app)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=dict(told))


@pytest.mark.parametrize("address", FIGURES)
@pytest.mark.parametrize("who", PARTNERS)
async def test_a_partner_finds_its_own_view_and_no_other_number(
    guarded: House, who: str, address: str
) -> None:
    async with reader(guarded, who) as client:
        answer = await client.get(address)
    assert answer.status_code == 200, answer.text[:300]
    assert seen(answer.content) == PARTNERS[who].view


@pytest.mark.parametrize("who", READERS)
async def test_nothing_else_that_is_said_holds_a_number_outside_the_view(
    guarded: House, who: str
) -> None:
    view = PARTNERS[who].view if who in PARTNERS else set()
    async with reader(guarded, who) as client:
        for address in OTHERS if who in PARTNERS else (*OTHERS, *FIGURES):
            answer = await client.get(address)
            assert answer.status_code < 500, address
            assert seen(answer.content) <= view, address
            assert not seen(str(answer.headers).encode()), address


@pytest.mark.parametrize("who", PARTNERS)
async def test_delta_tables_and_their_files_hold_the_view_alone(guarded: House, who: str) -> None:
    async with reader(guarded, who) as client:
        listed = await client.post(f"{SHARE}/query", json={})
        assert listed.status_code == 200, listed.text
        assert seen(listed.content) <= PARTNERS[who].view
        lines: list[Any] = [json.loads(line) for line in listed.text.splitlines()]
        addresses = [line["file"]["url"] for line in lines if "file" in line]
        assert addresses
        files = [await client.get(address) for address in addresses]
    assert {each.status_code for each in files} == {200}
    assert set[int]().union(*(seen(each.content) for each in files)) == PARTNERS[who].view


@pytest.mark.parametrize("who", READERS)
async def test_no_tool_of_a_language_model_tells_one(guarded: House, who: str) -> None:
    view = PARTNERS[who].view if who in PARTNERS else set()
    told = {"MCP-Protocol-Version": "2025-06-18"}
    async with reader(guarded, who) as client:

        async def call(method: str, **params: Any) -> httpx.Response:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            return await client.post("/mcp", json=body, headers=told)

        for name in (each["name"] for each in (await call("tools/list")).json()["result"]["tools"]):
            for more in ({}, {"indicator": "inw"}, {"indicator": "huish", "area": "11002"}):
                given = {"dataset": SLUG, "level": "gemeente@2025", "purpose": "beleid", **more}
                answer = await call("tools/call", name=name, arguments=given)
                assert answer.status_code < 500, name
                assert seen(answer.content) <= view, name


def test_the_search_finds_every_number(tmp_path: Path) -> None:
    assert len({*SHOWN.values(), *HIDDEN.values()}) == 12
    text = json.dumps([*SHOWN.values(), *HIDDEN.values()]).encode()
    assert seen(gzip.compress(text)) == {*SHOWN.values(), *HIDDEN.values()}
