"""`hanse sheet` over thirteen cities: real protection, real answers, no hidden number in a file."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import typer
from pyarrow import parquet
from pypdf import PdfReader
from tests.support import presses
from tests.support.themes import CITIES
from tests.support.tiny_catalogue import TinyWorld, world
from tests.support.tiny_node import TinyNode, TinyRelease
from typer.testing import CliRunner

from hanse.areas.area import Area
from hanse.areas.level import Level
from hanse.areas.registry import Registry
from hanse.cli import province, sheet
from hanse.cli.main import exit_code
from hanse.client.settings import ClientConfig, write_config
from hanse.cube.indicator import SourceThreshold
from hanse.errors import HanseError, Invalid
from hanse.messages import LANGUAGES
from hanse.node import publish
from hanse.node.publish import Intent

YEARS = ("2022", "2023", "2024")
SUBJECTS = ("inw", "hh")
THRESHOLD = 500_000.0
HIDDEN = {("41002", "2023"), ("41002", "2024"), ("44021", "2024"), ("13040", "2022")}


def _value(subject: str, area: str, year: str) -> float:
    """Return a number of six or seven figures that no other cell has."""
    number = int(area) * 7 + int(year) * 13 + (0 if subject == "inw" else 311)
    hidden = (area, year) in HIDDEN
    return float(number % 400_000 + 90_001) if hidden else float(1_000_000 + number)


CANARIES = {_value(each, *place) for each in SUBJECTS for place in HIDDEN}
SEEN = {_value("inw", area, year) for area in CITIES for year in YEARS} - CANARIES


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Return the figures of all cities as a node's protection released them."""
    home = tmp_path_factory.mktemp("node")
    towns = [Area(code=code, name=name) for code, name in CITIES.items()]
    level = Level("gemeente", "2025", {"nl": "Gemeente"}, 30)
    subjects = [presses.indicator(each, threshold=SourceThreshold(THRESHOLD)) for each in SUBJECTS]
    lines = [
        (subject, presses.TOWN, area, year, _value(subject, area, year))
        for subject in SUBJECTS
        for area in CITIES
        for year in YEARS
    ]
    press = presses.press(home, registry=Registry().with_level(level, towns))
    publish.publish(press, presses.draft(lines, presses.contract(*subjects)), Intent(), "an")
    press.engine.dispose()
    files = [file for file in home.rglob("*.parquet") if "protection" not in file.parts]
    return pa.concat_tables([parquet.read_table(file) for file in files])


@pytest.fixture
def known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, released: pa.Table
) -> Iterator[TinyWorld]:
    monkeypatch.setenv("HANSE_CONFIG", str(tmp_path / "config" / "client.json"))
    monkeypatch.setenv("HANSE_CACHE", str(tmp_path / "cache"))
    nodes = []
    for area, name in CITIES.items():
        own = released.filter(pc.equal(released.column("area"), area)).combine_chunks()
        facts = {"method": "survey"} if area == "44021" else {}
        nodes.append(TinyNode(f"NIS{area}", name, [TinyRelease(own, facts=facts)]))
    nodes[-1].mood = "busy"
    with world(nodes) as running:
        key = tmp_path / "config" / "key.jwk"
        running.catalogue.client.write(key)
        url = running.catalogue.url
        config = ClientConfig(catalogue=url, client_id="provincie", key=key, issuers=(url,))
        write_config(tmp_path / "config" / "client.json", config)
        yield running


def hanse(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    sheet.register(app)
    province.register(app)
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, HanseError):
        return exit_code(result.exception), result.exception.code
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def _spellings(value: float) -> Iterator[str]:
    whole = f"{value:.0f}"
    for separator in ("", ".", ",", "\u202f", "\u00a0", " ", "'"):
        yield re.sub(r"(?<=\d)(?=(\d{3})+$)", separator, whole)


def _texts(file: Path) -> Iterator[str]:
    """Yield everything that a file holds, unpacked: bytes as they are, and texts as they show."""
    content = file.read_bytes()
    yield content.decode("latin-1")
    yield content.decode("utf-8", "replace")
    if file.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    if file.suffix == ".pdf":
        read = PdfReader(io.BytesIO(content))
        yield from (each.extract_text() for each in read.pages)


def _found(file: Path, values: set[float]) -> set[float]:
    whole = "\n".join(_texts(file))
    return {value for value in values if any(each in whole for each in _spellings(value))}


@pytest.mark.usefixtures("known")
def test_no_hidden_number_stands_in_any_byte_of_any_file(
    tmp_path: Path, released: pa.Table
) -> None:
    hidden = pc.sum(pc.equal(released.column("obs_status"), "Q")).as_py()
    assert hidden == len(CANARIES) == len(SUBJECTS) * len(HIDDEN)
    out = tmp_path / "out"
    words = ("--theme", "demografie", "--indicator", ",".join(SUBJECTS), "-o", str(out))
    code, told = hanse("sheet", "--all", *words, "--lang", ",".join(LANGUAGES))
    assert code == 4, "a city was not reached"
    assert "Turnhout: " in told
    files = sorted(out.iterdir())
    sheets, reports = (len(CITIES) - 1) * len(LANGUAGES), len(LANGUAGES)
    assert len(files) == 2 * sheets + 3 * reports
    assert {file.name: _found(file, CANARIES) for file in files if _found(file, CANARIES)} == {}
    unread = [file.name for file in files if not _found(file, SEEN)]
    assert unread == []


@pytest.mark.usefixtures("known")
def test_one_sheet_by_name_for_the_subjects_of_a_theme(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert hanse("sheet", "aalst", "--theme", "energie", "-o", str(out), "--lang", "en")[0] == 4
    names = {file.name for file in out.iterdir()}
    assert names == {
        "sheet-energie-41002-en.html",
        "sheet-energie-41002-en.pdf",
        "tables-energie-en.html",
        "tables-energie-en.pdf",
        "tables-energie-en.xlsx",
    }
    shown = (out / "sheet-energie-41002-en.html").read_text("utf-8")
    assert "Fact sheet energy: Aalst" in shown
    assert "Turnhout" in shown, "a city that gave nothing is told of"
    assert "hatch" in shown


def test_a_sheet_leaves_with_the_code_that_says_who_was_missed(
    known: TinyWorld, tmp_path: Path
) -> None:
    words = ("--theme", "energie", "--indicator", "inw", "-o", str(tmp_path / "out"))
    code, told = hanse("sheet", "aalst", *words)
    assert (code, hanse("compare", "inw")[0]) == (4, 4)
    assert [line for line in told.splitlines() if line.startswith("Turnhout: ")]
    known.nodes[-1].mood = "well"
    code, told = hanse("sheet", "aalst", *words)
    assert (code, hanse("compare", "inw")[0]) == (0, 0)
    assert "Turnhout" not in told


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (("--theme", "energie"), (2, "SHEET_CHOICE")),
        (("41002", "--all", "--theme", "energie"), (2, "SHEET_CHOICE")),
        (("41002", "--theme", "energie", "--lang", "de"), (2, "SHEET_LANGUAGE")),
        (("41002", "--theme", "energie", "--lang", ","), (2, "SHEET_LANGUAGE")),
        (("41002", "--theme", "energie", "--lang", "nl,de"), (2, "SHEET_LANGUAGE")),
    ],
)
def test_a_command_that_can_be_read_two_ways_asks_nobody_anything(
    words: tuple[str, ...], refused: tuple[int, str]
) -> None:
    assert hanse("sheet", *words) == refused


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (("90210", "--theme", "energie", "--indicator", "inw"), (3, "SHEET_AREA_UNKNOWN")),
        (
            ("41002", "--theme", "x", "--indicator", "inw", "--periods", "1901"),
            (3, "SHEET_NOTHING"),
        ),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_reason(
    words: tuple[str, ...], refused: tuple[int, str], tmp_path: Path
) -> None:
    assert hanse("sheet", *words, "-o", str(tmp_path / "out")) == refused


@pytest.mark.usefixtures("known")
def test_boundaries_make_it_a_map_and_other_properties_none(tmp_path: Path) -> None:
    ring = [[4.0, 50.9], [4.1, 50.9], [4.1, 51.0], [4.0, 50.9]]
    feature = {
        "type": "Feature",
        "properties": {"nis": "41002", "naam": "Aalst"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    file = tmp_path / "grenzen.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    words = ("sheet", "41002", "--theme", "x", "--indicator", "inw", "--boundaries", str(file))
    assert hanse(*words, "-o", str(tmp_path / "out"))[0] == 4
    assert 'fill-rule="evenodd"' in (tmp_path / "out" / "sheet-x-41002-nl.html").read_text("utf-8")


@pytest.mark.usefixtures("known")
def test_the_workbook_of_a_comparison_explains_itself(tmp_path: Path) -> None:
    file = tmp_path / "vergelijking.xlsx"
    code, _ = hanse("compare", "inw", "-o", str(file), "--lang", "nl")
    assert code == 4, "a city was not reached"
    book: Any = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Lees mij", "Data", "Status", "Grafiek"]
    data = book["Data"]
    heads = [cell.value for cell in data[1]]
    lines = [dict(zip(heads, [cell.value for cell in row], strict=True))
             for row in data.iter_rows(min_row=2)]  # fmt: skip
    hidden = [line for line in lines if line["obs_status"] == "Q"]
    assert {(line["area"], line["period"]) for line in hidden} == HIDDEN - {("13040", "2022")}
    assert all(line["obs_value"] is None and "verborgen" in line["why"] for line in hidden)
    gent = next(line for line in lines if line["area"] == "44021" and line["period"] == "2022")
    assert gent["comparable"] == "andere methode"
    assert "survey" in gent["why"]
    assert "COMPARE_" not in gent["why"]
    status = [[cell.value or "" for cell in row] for row in book["Status"].iter_rows(min_row=2)]
    assert any(row[0] == "Turnhout" and row[5] for row in status)
    assert len(book["Grafiek"]._charts) == 1
    assert _found(file, CANARIES) == set()
    assert _found(file, SEEN)


def test_a_small_installation_says_what_it_lacks() -> None:
    sheet.require(sheet.PARTS)
    with pytest.raises(Invalid) as refused:
        sheet.require(("babel", "a_library_that_nobody_has"))
    assert refused.value.parameters == {"missing": "a_library_that_nobody_has"}
