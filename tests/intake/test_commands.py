"""The commands of whoever publishes, as a person types them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine
import typer
from tests.support.needs import shared_data
from tests.support.workbooks import HEAD, area_tables, workbook
from typer.testing import CliRunner, Result

from hanse.cli import intake
from hanse.errors import HanseError
from hanse.node.intake import draft

ROWS = [(2024, "gemeente", "41002", 5), (2023, "gemeente", "41002", -99997)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    source = tmp_path / "bron"
    source.mkdir()
    for name, content in area_tables().items():
        (source / name).write_text(content)
    assert run("areas", "import", str(source), "--home", str(tmp_path)).exit_code == 0
    return tmp_path


def run(*words: str) -> Result:
    app = typer.Typer()
    intake.register(app)
    return CliRunner().invoke(app, list(words))


def imported(home: Path, *words: str) -> Result:
    path = home / "f.xlsx"
    if not path.exists():
        path.write_bytes(workbook({"s": [(*HEAD, "v1"), *ROWS]}))
    return run("import", "swing", str(path), "--dataset", "proef", "--home", str(home), *words)


def test_a_workbook_becomes_a_draft_and_says_what_it_holds(home: Path) -> None:
    result = imported(home, "--title", "Proef", "--theme", "bevolking", "--as", "ann", "--json")
    said = json.loads(result.stdout)
    assert (said["rows"], said["cells"], said["hidden"], said["indicators"]) == (2, 2, 1, 1)
    made = draft.load(home, "proef")
    assert (made.created_by, made.contract.title, made.contract.theme) == (
        "ann",
        {"nl": "Proef"},
        "bevolking",
    )
    assert "2 rijen, 2 cijfers waarvan 1 verborgen" in imported(home).stdout
    assert imported(home, "--quiet").stdout == ""


def test_bad_input_keeps_the_draft_that_was_there(home: Path) -> None:
    imported(home)
    (home / "f.xlsx").write_bytes(
        workbook({"s": [(*HEAD, "v1"), (2024, "gemeente", "41002", "x")]})
    )
    result = imported(home)
    assert isinstance(result.exception, HanseError)
    assert result.exception.code == "INTAKE_NUMBER"
    assert draft.load(home, "proef").cells.num_rows == 2


def test_a_profile_that_nobody_knows_is_refused_before_a_draft_is_made(home: Path) -> None:
    result = imported(home, "--profile", "standaard-21")
    assert isinstance(result.exception, HanseError)
    assert result.exception.code == "PROFILE_UNKNOWN"
    assert "fiscaal-21" in str(result.exception.parameters["known"])
    assert not (home / "drafts").exists()
    assert imported(home, "--profile", "fiscaal-21").exit_code == 0
    assert draft.load(home, "proef").contract.profile == "fiscaal-21"


def test_more_can_be_added_to_a_draft(home: Path) -> None:
    imported(home)
    (home / "f.xlsx").write_bytes(workbook({"s": [(*HEAD, "v1"), (2022, "gemeente", "41002", 4)]}))
    imported(home, "--add")
    assert draft.load(home, "proef").cells.num_rows == 3


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_is_loaded_by_what_its_columns_are_said_to_be(kind: str, home: Path) -> None:
    path = home / f"f.{kind}"
    if kind == "csv":
        path.write_text("jaar;nis;geslacht;aantal\n2024;41002;M;3\n2024;41002;V;4\n")
    else:
        columns = {
            "jaar": [2024, 2024],
            "nis": ["41002"] * 2,
            "geslacht": ["M", "V"],
            "aantal": [3, 4],
        }
        pq.write_table(pa.table(columns), path)
    maps = ("jaar=period", "nis=area", "geslacht=dimension:SEX", "aantal=measure:bev")
    words = [word for each in maps for word in ("--map", each)]
    result = run(
        "import",
        kind,
        str(path),
        "--dataset",
        "proef",
        "--level",
        "gemeente@2025",
        *words,
        "--home",
        str(home),
    )
    assert result.exit_code == 0, result.exception
    cells = draft.load(home, "proef").cells
    assert [(r["SEX"], r["value"]) for r in cells.to_pylist()] == [("M", 3.0), ("V", 4.0)]


def test_our_own_csv_comes_back_in(home: Path) -> None:
    path = home / "f.csv"
    path.write_text(
        "indicator,level,area,period,obs_value,obs_status,conf_status\n"
        "v1,gemeente@2025,41002,2024,5.0,A,F\nv1,gemeente@2025,41002,2023,,Q,C\n"
        "v1,gemeente@2025,41002,2022,,L,F\n"
    )
    run("import", "csv", str(path), "--dataset", "proef", "--home", str(home))
    states = draft.load(home, "proef").cells.column("state").to_pylist()
    assert states == ["value", "suppressed_source", "unknown"]


def test_a_check_ends_with_one_when_the_draft_may_not_be_published(home: Path) -> None:
    sheet = [(*HEAD, "v1"), (2024, "gemeente", "41002", -5)]
    indicator = [("Indicator code", "Unit"), ("v1", "aantal")]
    (home / "f.xlsx").write_bytes(workbook({"=s": sheet, "i": indicator}))
    imported(home, "--as", "ann")
    failing = home / "rows.csv"
    result = run("check", "proef", "--home", str(home), "--only-failing", str(failing))
    assert result.exit_code == 1
    assert "✖ R012" in result.stdout
    assert "kolom v1" in result.stdout
    assert "R012,error,'=s,2,v1" in failing.read_text("utf-8-sig")
    document = json.loads(run("check", "--json", "--home", str(home)).stdout)
    assert document["datasets"][0]["blocking"] == 1
    found = [each for each in document["datasets"][0]["findings"] if each["rule"] == "R012"]
    assert (found[0]["row"], found[0]["severity"], found[0]["waived"]) == (2, "error", None)
    accepted = run(
        "check",
        "proef",
        "--accept",
        "R012",
        "--reason",
        "saldo van migratie",
        "--as",
        "ann",
        "--home",
        str(home),
    )
    assert accepted.exit_code == 0
    assert "☑ R012" in accepted.stdout
    assert run("check", "proef", "--home", str(home)).exit_code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--accept", "R099", "--reason", "zomaar een reden", "--as", "x"), "CHECK_RULE_UNKNOWN"),
        (("--accept", "R012", "--reason", "zomaar een reden"), "WAIVER_PERSON"),
        (("--accept", "R012", "--as", "x"), "WAIVER_PERSON"),
        (("--accept", "R012", "--reason", "nee", "--as", "x"), "WAIVER_REASON"),
    ],
)
def test_a_waiver_needs_a_rule_a_reason_and_a_person(
    words: tuple[str, ...], code: str, home: Path
) -> None:
    imported(home)
    result = run("check", "proef", "--home", str(home), *words)
    assert isinstance(result.exception, HanseError)
    assert result.exception.code == code


def test_an_export_is_the_workbook_that_came_in(home: Path) -> None:
    imported(home)
    out = home / "uit.xlsx"
    assert run("export", "swing", "proef", "-o", str(out), "--home", str(home)).exit_code == 0
    books = [
        python_calamine.CalamineWorkbook.from_path(home / name) for name in ("f.xlsx", "uit.xlsx")
    ]
    before, after = (book.get_sheet_by_name("s").to_python() for book in books)
    assert after == before
    assert len(books[1].get_sheet_by_name("Indicators").to_python()[0]) == 42


@pytest.mark.parametrize("level", ["gemeente", "gemeente@2025"])
def test_a_level_to_add_up_to_is_part_of_the_contract(level: str, home: Path) -> None:
    (home / "f.xlsx").write_bytes(
        workbook({"s": [(*HEAD, "v1"), (2024, "statsec", "41002A00-", 5)]})
    )
    assert imported(home, "--roll-up", level).exit_code == 0
    assert draft.load(home, "proef").contract.levels == ("statsec@2025", "gemeente@2025")


@pytest.mark.parametrize("level", ["gemeente@1950", "bestaatniet", "provincie"])
def test_a_level_nothing_leads_to_is_not_added_up_to(level: str, home: Path) -> None:
    refused = imported(home, "--roll-up", level)
    assert isinstance(refused.exception, HanseError)
    assert refused.exception.code == "INTAKE_ROLL_UP"
    assert draft.slugs(home) == ()


def test_the_levels_of_a_node_are_listed_finest_first(home: Path) -> None:
    document = json.loads(run("areas", "list", "--json", "--home", str(home)).stdout)
    assert document["levels"][0] == {
        "level": "statsec@2025",
        "name": "statistische sector",
        "areas": 5,
    }
    assert "gemeente@2024" in run("areas", "list", "--home", str(home)).stdout


def test_a_pair_without_a_sign_and_an_unknown_access_are_refused(home: Path) -> None:
    (home / "f.csv").write_text("a\n")
    result = run(
        "import", "csv", str(home / "f.csv"), "--dataset", "p", "--map", "a", "--home", str(home)
    )
    assert isinstance(result.exception, HanseError)
    assert result.exception.code == "CLI_PAIR"
    assert imported(home, "--access", "iedereen").exit_code == 2


@pytest.mark.needs("shared_data")
def test_the_real_workbooks_go_the_whole_way(tmp_path: Path) -> None:
    uploads = shared_data() / "swing_uploads"
    at = ("--home", str(tmp_path))
    tables = shared_data() / "pinc_areas"
    assert run("areas", "import", str(tables), str(shared_data() / "nis"), *at).exit_code == 0
    energy = run(
        "import",
        "swing",
        str(uploads / "elektriciteit_gas_statsec2019_upload.xlsx"),
        "--indicators",
        str(uploads / "elektriciteit_gas_Indicators.xlsx"),
        "--dataset",
        "energie-aalst",
        "--only",
        "gemeente:41002",
        "--json",
        *at,
    )
    said = json.loads(energy.stdout)
    assert (said["rows"], said["indicators"], said["formulas"]) == (133 * 4, 13, 4)
    assert said["levels"] == "statsec@2019"
    income = run(
        "import",
        "swing",
        str(uploads / "Aangiften_deelgemeente.xlsx"),
        "--dataset",
        "inkomen",
        "--json",
        "--as",
        "ann",
        *at,
    )
    said = json.loads(income.stdout)
    assert (said["rows"], said["hidden"], said["levels"]) == (20_553, 133_846, "deelgemeente@2024")
    result = run("check", "inkomen", "--json", *at)
    findings = json.loads(result.stdout)["datasets"][0]["findings"]
    given_away = [each for each in findings if each["rule"] == "R018"]
    assert (result.exit_code, len(given_away)) == (1, 671)
    assert len({each["row"] for each in given_away}) == 671
    assert {each["column"][:-1] for each in given_away} == {"v1210_inkaang_"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_units_of_a_table_stand_in_an_indicator_sheet(kind: str, home: Path) -> None:
    table = pa.table(
        {"period": ["2024"], "geolevel": ["gemeente"], "geoitem": ["41002"], "V1": [7]}
    )
    path = home / f"f.{kind}"
    if kind == "csv":
        path.write_text("period,geolevel,geoitem,V1\n2024,gemeente,41002,7\n", "utf-8")
    else:
        pq.write_table(table, path)
    sheet = home / "i.xlsx"
    told = [("Indicator code", "Name", "Unit"), ("V1", "inwoners", "aantal"), ("v9", "x", "p")]
    sheet.write_bytes(workbook({"Indicators": told}))
    words = ("import", kind, str(path), "--dataset", "proef", "--map", "V1=measure")
    assert run(*words, "--home", str(home)).exit_code == 0
    assert draft.load(home, "proef").contract.indicators[0].unit == ""
    done = run(*words, "--indicators", str(sheet), "--home", str(home))
    assert done.exit_code == 0, done.exception
    made = draft.load(home, "proef")
    units = {each.id: (each.unit, each.aggregate_geo.value) for each in made.contract.indicators}
    assert units["v1"] == ("aantal", "sum")
    assert made.sources == (path.name, "i.xlsx")
    sheet.write_bytes(workbook({"uitleg": [("lees dit",)]}))
    refused = run(*words, "--indicators", str(sheet), "--home", str(home))
    assert isinstance(refused.exception, HanseError)
    assert refused.exception.code == "INTAKE_NO_DATA"
