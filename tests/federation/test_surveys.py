"""A survey question of two cities, from workbooks to a comparison that says how sure it is."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook
from tests.support import agreed, presses
from tests.support.catalogues import BASE_URL, Hosts, enrolment
from tests.support.feeds import NOW, FeedNode
from tests.support.questionnaires import Answers, book
from tests.support.workbooks import drafted, registry

from hanse.catalog import app as catalogue_app
from hanse.catalog import members
from hanse.catalog.settings import CatalogSettings
from hanse.cli.delivered import finish
from hanse.client.comparison import Comparison
from hanse.client.federation import Federation, Wish
from hanse.client.line import Line
from hanse.client.themes import Asked, gather
from hanse.cube.contract import Access
from hanse.cube.survey import Answered, Practice, result, together
from hanse.node import app as node_app
from hanse.node import areas, home
from hanse.node.publish import Intent, publish
from hanse.node.settings import NodeSettings
from hanse.report import page
from hanse.report.sheet import Sheet
from hanse.store.engine import create
from hanse.store.session import transaction

CITIES = {"NIS41002": ("Aalst", "0207437468", 8101), "NIS11002": ("Antwerpen", "0207500123", 8102)}
EXAMPLE: Answers = (4602.75, 11626.85, 408)
"""The worked example of the published method: 39.59 %, give or take 4.66."""

FIGURES: dict[str, dict[str, Answers]] = {
    "NIS41002": {"2017": (700.0, 1400.0, 78), "2020": (4100.0, 11500.0, 400), "2023": EXAMPLE},
    "NIS11002": {"2017": (9000.0, 18000.0, 800), "2020": (14000.0, 29000.0, 900),
                 "2023": (20000.0, 30000.0, 950)},
}  # fmt: skip
"""In 2017 one answer too few in Aalst: 78, where 79 are needed."""


def city(folder: Path, agency: str) -> tuple[FeedNode, FastAPI]:
    """A node that published its survey, openly."""
    name, kbo, port = CITIES[agency]
    url = f"http://127.0.0.1:{port}"
    home.init(folder, {"agency": agency, "name": name, "kbo": kbo, "base_url": url})
    settings = NodeSettings(_env_file=folder / "node.env", home=folder)
    areas.store(folder, registry())
    engine = create(settings.database)
    press = presses.press(folder, engine, key=home.signing_key(folder), registry=registry())
    code = agency.removeprefix("NIS")
    figures = {(year, "gemeente", code): told for year, told in FIGURES[agency].items()}
    made = drafted(
        book(figures), slug="monitor", agency=agency, access=Access.OPEN, theme="wonen",
        profile="enquete-79",
    )  # fmt: skip
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
    areas.store(settings.home, registry())
    transport = httpx.ASGITransport(app=Hosts(apps))
    app = catalogue_app.create_app(settings, clock=lambda: NOW, transport=transport)
    with transaction(app.state.catalogue.engine) as session:
        for node, _ in made:
            row = members.enrol(
                session, enrolment(node, settings.issuer), catalogue=settings.issuer, now=NOW
            )
            members.approve(session, node.agency, row.fingerprint, NOW)
    looks = asyncio.run(app.state.catalogue.harvester.once())
    assert [look.code for look in looks] == ["", ""]
    return Hosts({**apps, "127.0.0.1:8100": app})


@pytest.fixture(scope="module")
def federation(hosts: Hosts) -> Iterator[Federation]:
    """What the province asks with."""
    transport = httpx.ASGITransport(app=hosts)
    with Line.open(networks=("127.0.0.0/8",), transport=transport, deadline_seconds=30.0) as line:
        yield Federation(BASE_URL, line)


@pytest.fixture(scope="module")
def compared(federation: Federation) -> Comparison:
    return federation.compare("veilig_p", Wish())


def row_of(comparison: Comparison, area: str, period: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = comparison.table.to_pylist()
    (found,) = [row for row in rows if (row["area"], row["period"]) == (area, period)]
    return found


def test_the_worked_example_comes_out_as_4_66(
    compared: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(compared, None, "", as_json=True, lang="nl")
    document = json.loads(capsys.readouterr().out)
    columns = document["data"]
    places = list(zip(columns["area"], columns["period"], strict=True))
    at = places.index(("41002", "2023"))
    cell = {name: column[at] for name, column in columns.items()}
    assert cell["obs_value"] == pytest.approx(39.587248, abs=1e-6)
    assert f"{(cell['ci_high'] - cell['ci_low']) / 2:.2f}" == "4.66"
    assert (cell["n"], cell["ci_method"], cell["z"]) == (408.0, "swing-p-weighted-fpc", 1.96)
    assert (cell["mark"], cell["since_before"]) == ("comparable", "not-significant")


def test_what_differs_for_sure_is_said_between_cities_and_between_waves(
    compared: Comparison,
) -> None:
    told = {
        (*each["first"].values(), *each["second"].values()): each
        for each in compared.document("nl")["differences"]  # type: ignore[attr-defined]
    }
    cities = told["11002", "2023", "41002", "2023"]
    assert cities["significant"]
    assert cities["difference"] == pytest.approx(39.587248 - 66.666667, abs=1e-5)
    assert cities["sentence"] == "Het verschil is significant."
    waves = told["41002", "2020", "41002", "2023"]
    assert waves["significant"] is False
    hidden = told["41002", "2017", "41002", "2020"]
    assert (hidden["difference"], hidden["significant"]) == (None, None)


def test_a_figure_of_too_few_answers_is_hidden_with_all_that_stands_behind_it(
    compared: Comparison, federation: Federation
) -> None:
    names = ("obs_value", "ci_low", "ci_high", "n")
    row = row_of(compared, "41002", "2017")
    assert [row[name] for name in names] == [None] * 4
    assert row["obs_status"] == "Q"
    behind = federation.get("monitor", Wish(cities=("Aalst",), periods="2017")).table.to_pylist()
    assert {each["indicator"] for each in behind} == {
        "veilig_gt", "veilig_gn", "veilig_n", "veilig_p",
    }  # fmt: skip
    assert {each["obs_status"] for each in behind} == {"Q"}
    assert not any(each[name] is not None for each in behind for name in names)


def test_two_cities_together_have_the_margin_of_their_sums(federation: Federation) -> None:
    wish = Wish(combine=("41002+11002",), periods="2023")
    table = federation.compare("veilig_p", wish).table
    (whole,) = [row for row in table.to_pylist() if row["computed"]]
    parts = [Answered(*FIGURES[agency]["2023"]) for agency in CITIES]
    wanted = result(together(parts), Practice())
    assert wanted.interval is not None
    assert whole["obs_value"] == pytest.approx(wanted.value)
    assert (whole["ci_low"], whole["ci_high"]) == pytest.approx(wanted.interval)
    assert whole["n"] == 408 + 950
    assert whole["note"] == "RECAST_RATIO"


def test_nobody_has_a_place_where_intervals_overlap(federation: Federation) -> None:
    from hanse.client.shape import Shape

    ranked = federation.compare("veilig_p", Wish(shape=Shape(rank=True))).table.to_pylist()
    places = {(row["area"], row["period"]): row["rank"] for row in ranked}
    assert (places["11002", "2023"], places["41002", "2023"]) == (1.0, 2.0)
    assert places["41002", "2017"] is None


def ask(hosts: Hosts, path: str) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=hosts)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8101", timeout=30
        ) as client:
            return await client.get(path)

    reply = asyncio.run(run())
    assert reply.status_code == 200, reply.text
    return reply


DATA = "/v1/datasets/monitor/data?indicator=veilig_p&format="


def told_in(hosts: Hosts, form: str) -> list[dict[str, Any]]:
    """Return the rows of a file, whatever its form."""
    content = ask(hosts, f"{DATA}{form}").content
    if form == "csv":
        return list(csv.DictReader(io.StringIO(content.decode())))
    if form == "parquet":
        return list(pq.read_table(io.BytesIO(content)).to_pylist())
    if form == "xlsx":
        head, *rows = load_workbook(io.BytesIO(content))["Data"].iter_rows(values_only=True)
        return [dict(zip(map(str, head), row, strict=True)) for row in rows]
    columns = json.loads(content)["data"]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "xlsx"])
def test_every_file_has_the_interval_beside_the_figure(hosts: Hosts, form: str) -> None:
    rows = {row["period"]: row for row in told_in(hosts, form)}
    shown, hidden = rows["2023"], rows["2017"]
    low, high = float(shown["ci_low"]), float(shown["ci_high"])
    assert f"{(high - low) / 2:.2f}" == "4.66"
    assert float(shown["n"]) == 408
    assert (shown["ci_method"], float(shown["z"])) == ("swing-p-weighted-fpc", 1.96)
    assert not any(hidden[name] for name in ("obs_value", "ci_low", "ci_high", "n"))


def test_the_standards_have_it_as_attributes_and_columns(hosts: Hosts) -> None:
    listed = ask(hosts, "/odata/v4/NIS41002_MONITOR").json()["value"]
    (row,) = [r for r in listed if (r["Indicator"], r["Period"]) == ("veilig_p", "2023")]
    assert (row["SampleSize"], row["CiMethod"], row["CiZ"]) == (408.0, "swing-p-weighted-fpc", 1.96)
    assert row["CiHigh"] - row["CiLow"] == pytest.approx(2 * 4.661343, abs=1e-5)
    (hidden,) = [r for r in listed if (r["Indicator"], r["Period"]) == ("veilig_p", "2017")]
    assert [hidden[name] for name in ("CiLow", "CiHigh", "SampleSize")] == [None] * 3
    described = ask(hosts, "/sdmx/2.1/datastructure/NIS41002/MONITOR").text
    assert all(name in described for name in ("CI_LOW", "CI_HIGH", "SAMPLE_SIZE", "CI_METHOD"))
    xml = ask(hosts, "/sdmx/2.1/data/MONITOR").text
    assert '<gen:Value id="SAMPLE_SIZE" value="408"/>' in xml
    assert '<gen:Value id="SAMPLE_SIZE" value="78"/>' not in xml
    series = [part for part in xml.split("<gen:Series>") if '"VEILIG_P"' in part]
    assert series
    assert all('<gen:Value id="DECIMALS" value="1"/>' in part for part in series)


def test_a_fact_sheet_draws_dots_and_says_what_differs(federation: Federation) -> None:
    made = gather(
        federation, Asked("wonen", ("veilig_p",), Wish(), datetime(2026, 11, 1, tzinfo=UTC))
    )
    html = page.render(Sheet(made.theme, "41002", "nl").document()).decode()
    assert "39,6 ±\u00a04,7" in html
    assert "Verschil met Aalst" in html
    assert ">significant<" in html
    assert "Het verschil is niet significant." in html
    assert "53,1" not in html  # the mean of two percentages is no percentage of anybody


def test_a_reader_finds_the_question_and_not_what_stands_behind_it(federation: Federation) -> None:
    assert [hit.id for hit in federation.search("veilig").hits] == ["veilig_p"]
    assert not federation.search("achtergrondonderwerp").hits


def test_the_screen_and_the_portal_show_the_margin(
    hosts: Hosts, compared: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(compared, None, "", as_json=False, lang="nl")
    told = capsys.readouterr().out
    assert "39,6 ± 4,7" in told
    assert "Verschillen tussen steekproeven (95 %)" in told

    async def read() -> httpx.Response:
        transport = httpx.ASGITransport(app=hosts)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=30) as client:
            return await client.get("/nl/indicators/veilig_p?period=2023")

    assert "39,6 ±\u00a04,7" in asyncio.run(read()).text
