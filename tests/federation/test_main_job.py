"""The main job on a real workbook: three cities publish it, the catalogue finds it, and a province
pulls it under a protocol with the tools it has; every one of them shows the same cells.

What should come out is computed apart, by DuckDB on the workbook itself.
"""

import io
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine
from tests.support.houses import CLIENT, PURPOSE, League, Town, hanse, hanse_json, protocol
from tests.support.live import eventually
from tests.support.needs import need, shared_data

from hanse.client.federation import Wish
from hanse.client.outcome import NodeState
from hanse.client.question import Question
from hanse.node.intake import draft as drafts

pytestmark = pytest.mark.needs("shared_data")

AALST, TURNHOUT, GENT = (
    Town("41002", "Aalst", "0207437468"),
    Town("13040", "Turnhout", "0207533997"),
    Town("44021", "Gent", "0207451227"),
)
TOWNS = (AALST, TURNHOUT, GENT)
DATASET, SECTOR, TOWN = "energie", "statsec@2019", "gemeente@2024"
RATIO, COUNT = "vp2506_elek_res_n", "v2506_elek_res_n"
UPLOAD, SHEET = "elektriciteit_gas_statsec2019_upload.xlsx", "elektriciteit_gas_Indicators.xlsx"
DEADLINE_SECONDS, TOLERANCE_SECONDS = 3.0, 0.25

Key = tuple[str, str, str, str]
"""indicator, level, area, period"""
Cells = dict[Key, float | None]


def uploads() -> Path:
    return shared_data() / "swing_uploads"


def published(league: League, town: Town) -> dict[str, Any]:
    """Let one city publish its part of the workbook, as its people would; return the release."""
    home = league.settle(town)
    at = ("--home", home)
    hanse("areas", "import", shared_data() / "pinc_areas", *at)
    hanse_json(
        "import", "swing", uploads() / UPLOAD, "--indicators", uploads() / SHEET,
        "--dataset", DATASET, "--title", f"Energie {town.name}", "--theme", "milieu",
        "--description", "Verbruik van elektriciteit en gas.", "--access", "protocol",
        "--profile", "open-0", "--only", f"gemeente:{town.nis}", "--roll-up", TOWN,
        "--as", "an", *at,
    )  # fmt: skip
    assert hanse_json("check", DATASET, *at)["datasets"][0]["blocking"] == 0
    form = home / "protocols" / "provincie.yaml"
    form.write_text(protocol(town, DATASET, "statsec, gemeente", key=league.key))
    league.agree(town, form)
    assert hanse_json("publish", DATASET, "--as", "an", *at)["outcome"] == "proposed"
    return dict(hanse_json("approve", DATASET, "--as", "bo", *at))


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[League]:
    """Three cities with releases, served; a catalogue that has harvested them; a province."""
    need("shared_data")
    made = League(tmp_path_factory.mktemp("league"), TOWNS)
    made.found()
    for town in TOWNS:
        assert published(made, town)["outcome"] == "published"
    try:
        made.start(*made.urls)
        for town in TOWNS:
            made.join(town)
        with made.province() as federation:
            eventually(lambda: len(federation.catalogue.indicator(RATIO).publications) == 3)
        yield made
    finally:
        made.stop_all()


@pytest.fixture(scope="module")
def workbook() -> Iterator[duckdb.DuckDBPyConnection]:
    """The workbook and the area tables in DuckDB, read by nothing of ours."""
    need("shared_data")
    book = python_calamine.CalamineWorkbook.from_path(uploads() / UPLOAD)
    head, *body = book.get_sheet_by_index(0).to_python()
    rows = {str(name): [row[at] for row in body] for at, name in enumerate(head)}
    areas = shared_data() / "pinc_areas"
    with duckdb.connect() as other:
        other.register("raw", pa.table(rows))
        other.execute(
            "create table parents as select distinct step.statsec2019 as geoitem,"
            " town.gemeente2024 as town from read_csv(?, all_varchar=true) as step"
            " join read_csv(?, all_varchar=true) as town using (statsec2024)",
            [
                str(areas / "agg_statsec2019_statsec2024.csv"),
                str(areas / "agg_statsec2024_gemeente2024.csv"),
            ],
        )
        other.execute(
            "create table mine as select raw.*, town from raw join parents using (geoitem)"
            " where list_contains(?, town)",
            [[town.nis for town in TOWNS]],
        )
        yield other


def measures() -> list[str]:
    """Return the codes of the loaded indicators."""
    return [code for code, formula in described() if not formula]


def formulas() -> dict[str, str]:
    """Return the formula of each computed indicator, as its sheet spells it."""
    return {code: formula for code, formula in described() if formula}


def described() -> list[tuple[str, str]]:
    book = python_calamine.CalamineWorkbook.from_path(uploads() / SHEET)
    head, *body = book.get_sheet_by_index(0).to_python()
    code, formula = head.index("Indicator code"), head.index("Formula")
    return [(str(row[code]), str(row[formula])) for row in body]


def totals(other: duckdb.DuckDBPyConnection) -> Cells:
    """Return what every municipality should have: sums, and formulas over the sums."""
    sums = ", ".join(f"sum({code}) as {code}" for code in measures())
    every = f"select town, period, {sums} from mine group by all"  # noqa: S608 codes of a sheet
    other.execute(f"create or replace table sums as {every}")
    found: Cells = {}
    for code, expression in {**{code: code for code in measures()}, **formulas()}.items():
        asked = f"select town, period, {expression} from sums"  # noqa: S608 formulas of a sheet
        rows = other.execute(asked).fetchall()
        found |= {(code, TOWN, town, str(int(period))): value for town, period, value in rows}
    return found


def cells_of(table: pa.Table) -> Cells:
    """Return protected cells by key; each key once."""
    rows = table.select(["indicator", "level", "area", "period", "obs_value"]).to_pylist()
    found = {tuple(row.values())[:4]: row["obs_value"] for row in rows}
    assert len(found) == table.num_rows
    return found


def pulled(league: League, town: Town, **asked: Any) -> pa.Table:
    with league.province() as federation:
        question = Question(DATASET, purpose=PURPOSE, permitted=True, **asked)
        return federation.node(town.name).pull(question).table


def test_the_whole_workbook_is_read(league: League, workbook: duckdb.DuckDBPyConnection) -> None:
    home = league.home(AALST.nis)
    said = hanse_json(
        "import", "swing", uploads() / UPLOAD, "--indicators", uploads() / SHEET,
        "--dataset", "energie-alles", "--home", home,
    )  # fmt: skip
    assert (said["rows"], said["indicators"], said["formulas"]) == (40_932, 13, 4)
    assert said["levels"] == SECTOR
    draft = drafts.load(home, "energie-alles")
    loaded = set(draft.cells.column("indicator").unique().to_pylist())
    assert loaded == set(measures())
    assert len(loaded) == 9
    unknown = draft.cells.column("state").to_pylist().count("unknown")
    expected = workbook.execute(
        "select count(*) filter (v2506_elek_res_n = -99999), count(*) from raw"
    ).fetchone()
    assert expected == (unknown / 9, 40_932)
    drafts.discard(home, "energie-alles")


def test_the_catalogue_finds_all_three(league: League) -> None:
    found = hanse_json("search", "elektriciteit residentiële klant", env=league.env)
    assert RATIO in {hit["id"] for hit in found["hits"]}
    hit = next(each for each in found["hits"] if each["id"] == RATIO)
    assert set(hit["agencies"]) == {town.agency for town in TOWNS}


def test_municipalities_equal_what_another_engine_computes(
    league: League, workbook: duckdb.DuckDBPyConnection
) -> None:
    expected = totals(workbook)
    found: Cells = {}
    for town in TOWNS:
        found |= cells_of(pulled(league, town, level=TOWN))
    assert found.keys() == expected.keys()
    assert len(found) == 3 * 13 * 4
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-12), key
    assert found[RATIO, TOWN, "41002", "2021"] == pytest.approx(3_058.6, abs=0.05)
    assert found[COUNT, TOWN, "41002", "2021"] == 39_402
    assert found[COUNT, TOWN, "44021", "2021"] == 121_195


def test_sectors_are_the_cells_of_the_workbook(
    league: League, workbook: duckdb.DuckDBPyConnection
) -> None:
    for town in TOWNS:
        loaded = tuple(measures())
        found = cells_of(pulled(league, town, level=SECTOR, indicators=loaded))
        asked = workbook.execute(
            "select geoitem, period, columns(c -> list_contains(?, c)) from mine where town = ?",
            [list(loaded), town.nis],
        )
        names = [column[0] for column in asked.description or ()][2:]
        expected = {
            (code, SECTOR, area, str(int(period))): value
            for area, period, *values in asked.fetchall()
            for code, value in zip(names, values, strict=True)
        }
        assert found == expected


def token(league: League, town: Town) -> dict[str, str]:
    """Make a feed token at one node, as for a tool that cannot prove a key; return its headers."""
    made = hanse_json(
        "token", "new", "--client", CLIENT, "--label", secrets.token_hex(4), "--as", "an",
        "--home", league.home(town.nis),
    )  # fmt: skip
    return {"Authorization": f"Bearer {made['token']}", "Purpose": PURPOSE}


def by_duckdb(url: str, headers: dict[str, str]) -> Cells:
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    folder = Path(str(resources.files("duckdb_extension_httpfs")))
    connection.load_extension(str(next(folder.rglob("*.duckdb_extension"))))
    pairs = ", ".join(f"'{name}': '{value}'" for name, value in headers.items())
    connection.execute(f"CREATE SECRET node (TYPE http, EXTRA_HTTP_HEADERS MAP {{{pairs}}})")
    address = url.replace("/data?", "/data.parquet?")
    return cells_of(connection.execute("SELECT * FROM read_parquet(?)", [address]).to_arrow_table())


def by_pandas(url: str, headers: dict[str, str]) -> Cells:
    content = httpx.get(f"{url}&format=csv", headers=headers).raise_for_status().content
    frame = pd.read_csv(io.BytesIO(content), dtype={"area": str, "period": str})
    return cells_of(pa.Table.from_pandas(frame, preserve_index=False))


def by_pyarrow(url: str, headers: dict[str, str]) -> Cells:
    content = httpx.get(f"{url}&format=arrow", headers=headers).raise_for_status().content
    return cells_of(pa.ipc.open_stream(content).read_all())


@pytest.mark.parametrize(
    "asked",
    [{}, {"level": TOWN, "indicators": (COUNT, RATIO), "periods": "2020:2021"}],
    ids=["everything", "a slice"],
)
def test_every_tool_shows_the_same_cells(league: League, asked: dict[str, Any]) -> None:
    expected = cells_of(pulled(league, AALST, **asked))
    assert len(expected) == (4 if asked else (133 + 1) * 4 * 13)
    question = Question(DATASET, permitted=True, **asked)
    url = f"{league.urls[AALST.nis]}{question.target('')}"
    headers = {**token(league, AALST), "Purpose": PURPOSE}
    assert httpx.get(url).status_code == 401
    for reader in (by_duckdb, by_pandas, by_pyarrow):
        assert reader(url, headers) == expected, reader.__name__


def test_the_commands_give_the_same_cells(league: League, tmp_path: Path) -> None:
    file = tmp_path / "aalst.parquet"
    words = ("pull", f"{DATASET}/{RATIO}", "-g", "gemeente:41002", "-p", "2018:2021")
    hanse(*words, "--city", "Aalst", "-o", file, env=league.env)
    expected = cells_of(pulled(league, AALST, level=TOWN, indicators=(RATIO,)))
    assert cells_of(pq.read_table(file)) == expected
    shown = hanse_json(*words, "--city", "Aalst", env=league.env)
    assert shown["data"]["obs_value"] == list(expected.values())


def test_the_release_goes_back_to_swing_cell_for_cell(league: League, tmp_path: Path) -> None:
    file = tmp_path / "terug.xlsx"
    at = ("--home", league.home(AALST.nis))
    hanse("export", "swing", DATASET, "-o", file, "--release", "last", *at)
    codes = {"O": -99996.0, "Q": -99997.0, "M": -99998.0, "L": -99999.0}
    expected = {
        (row["indicator"], row["level"], row["area"], row["period"]): (
            codes[row["obs_status"]] if row["obs_value"] is None else row["obs_value"]
        )
        for row in pulled(league, AALST).to_pylist()
    }
    assert exported(file) == expected
    assert set(codes.values()) & set(expected.values()) == {-99998.0}


def exported(file: Path) -> Cells:
    """Return what stands in a workbook, codes of missing figures as they are."""
    levels = {"statsec2019": SECTOR, "gemeente2024": TOWN}
    head, *body = python_calamine.CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    assert head[:3] == ["period", "geolevel", "geoitem"]
    found: dict[Any, Any] = {}
    for year, level, area, *values in body:
        for code, value in zip(head[3:], values, strict=True):
            found[code, levels[str(level)], area, f"{year:.0f}"] = value
    return found


def test_a_purpose_nobody_agreed_to_is_refused(league: League) -> None:
    with league.province() as federation:
        answer = federation.get(f"{DATASET}/{RATIO}", Wish(purpose="reclame"))
    assert {each.state for each in answer.outcomes} == {NodeState.REFUSED}
    assert answer.table.num_rows == 0


def test_all_three_compare(league: League) -> None:
    side = hanse_json("compare", RATIO, "-p", "2021", env=league.env)
    assert side["complete"]
    assert sorted(side["data"]["area"]) == ["13040", "41002", "44021"]
    assert set(side["data"]["mark"]) == {"comparable"}


@pytest.fixture
def hurt(league: League) -> Iterator[League]:
    """Gent is killed and Turnhout stands still; afterwards both are as they were."""
    league.kill(GENT.nis)
    league.signal(TURNHOUT.nis, signal.SIGSTOP)
    try:
        yield league
    finally:
        league.signal(TURNHOUT.nis, signal.SIGCONT)
        league.start(GENT.nis)


def test_one_node_killed_and_one_slow_are_two_reasons_within_the_deadline(hurt: League) -> None:
    with hurt.province() as federation:
        started = time.monotonic()
        side = federation.compare(RATIO, Wish(periods="2021"), DEADLINE_SECONDS)
        spent = time.monotonic() - started
    assert spent <= DEADLINE_SECONDS + TOLERANCE_SECONDS
    states = {each.agency: each.state for each in side.outcomes}
    assert states == {
        AALST.agency: NodeState.ANSWERED,
        GENT.agency: NodeState.UNREACHABLE,
        TURNHOUT.agency: NodeState.SILENT,
    }
    reasons = {each.why("nl") for each in side.outcomes if each.state is not NodeState.ANSWERED}
    assert len(reasons) == 2
    assert side.table.column("area").to_pylist() == ["41002"]


def test_the_command_ends_with_four_and_names_both(hurt: League) -> None:
    words = ("compare", RATIO, "-p", "2021", "--deadline", str(DEADLINE_SECONDS), "--json")
    done = subprocess.run(
        [sys.executable, "-m", "hanse.cli", *words],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **hurt.env},
    )
    assert done.returncode == 4, done.stderr.decode()
    side = json.loads(done.stdout)
    assert side["seconds"] <= DEADLINE_SECONDS + TOLERANCE_SECONDS
    assert side["data"]["area"] == ["41002"]
    states = {each["agency"]: each["state"] for each in side["nodes"]}
    assert states[GENT.agency] == "unreachable"
    assert states[TURNHOUT.agency] == "silent"
