"""The province's commands, run as a person runs them, against a federation on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pyarrow import parquet
from tests.client.test_compare import INDICATOR, node
from tests.support.tiny_catalogue import TinyWorld, world
from typer.testing import CliRunner

import hanse.client as hanse_client
from hanse.cli import codes, pages
from hanse.cli.main import EXIT_CODES, exit_code
from hanse.cli.province import register
from hanse.client.settings import ClientConfig, write_config
from hanse.client.shape import Shape
from hanse.errors import HanseError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HANSE_CONFIG", str(tmp_path / "config" / "client.json"))
    monkeypatch.setenv("HANSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def known(home: Path) -> Iterator[TinyWorld]:
    closed = node("NIS11002", access="protocol", purposes=("beleid",))
    with world([node("NIS41002"), node("NIS44021"), closed]) as running:
        key = home / "config" / "key.jwk"
        running.catalogue.client.write(key)
        url = running.catalogue.url
        config = ClientConfig(catalogue=url, client_id="provincie", key=key, issuers=(url,))
        write_config(home / "config" / "client.json", config)
        yield running


def hanse(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, HanseError):
        return exit_code(result.exception), result.exception.code
    return result.exit_code, result.output


@pytest.mark.usefixtures("home")
def test_login_makes_a_key_and_shows_its_public_half(home: Path) -> None:
    code, output = hanse(
        "login", "--catalogue", "http://127.0.0.1:8100/", "--client-id", "provincie", "--json"
    )
    document = json.loads(output)
    assert code == 0
    assert document["catalogue"] == "http://127.0.0.1:8100"
    assert set(document["public_key"]) >= {"kty", "crv", "x", "kid"}
    assert "d" not in document["public_key"]
    for name in ("client.json", "key.jwk"):
        assert (home / "config" / name).stat().st_mode & 0o077 == 0
    again = json.loads(hanse("whoami", "--json")[1])
    assert again["public_key"] == document["public_key"]
    words = hanse(
        "login", "--catalogue", "http://127.0.0.1:8100", "--client-id", "p", "--lang", "en"
    )
    assert "public key" in words[1]
    assert document["public_key"]["x"] in words[1]
    assert "client_id: p" in hanse("whoami")[1]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("words", [("whoami",), ("search", "gas"), ("compare", "v1")])
def test_without_a_login_every_command_says_what_to_do_first(words: tuple[str, ...]) -> None:
    assert hanse(*words) == (3, "CLIENT_LOGIN_FIRST")


@pytest.mark.usefixtures("home")
def test_a_catalogue_that_can_be_read_two_ways_is_no_login() -> None:
    words = ("login", "--catalogue", "http://a@b", "--client-id", "p")
    assert hanse(*words) == (2, "OUTBOUND_BASE_URL")


@pytest.mark.usefixtures("known")
def test_whoami_tries_the_sign_in_at_a_node(known: TinyWorld) -> None:
    code, output = hanse("whoami", "--city", "Antwerpen", "--purpose", "beleid", "--json")
    assert code == 0
    assert json.loads(output)["signed_in_at"] == known.nodes[2].url


@pytest.mark.usefixtures("known")
def test_search_prints_subjects_or_says_there_are_none() -> None:
    assert "gas" in hanse("search", "gas")[1]
    assert "energy" in hanse("search", "gas", "--lang", "en")[1]
    assert json.loads(hanse("search", "gas", "--json")[1])["total"] == 1
    assert "Niets gevonden" in hanse("search", "niets")[1]


@pytest.mark.usefixtures("known")
def test_compare_prints_figures_marks_and_what_every_city_gave() -> None:
    code, output = hanse("compare", INDICATOR, "-p", "2020:2021", "--cities", "Aalst,Gent")
    assert code == 0
    for shown in ("Aalst", "Gent", "3.020", "vergelijkbaar", "antwoordde", "2025.1"):
        assert shown in output


def test_compare_says_under_the_table_why_figures_do_not_compare(known: TinyWorld) -> None:
    known.nodes[1].releases[0].facts = {"definition_version": "2.0.0"}
    output = hanse(
        "compare", INDICATOR, "-p", "2020:2021", "--cities", "Aalst,Gent", "--lang", "fr"
    )
    lines = [line for line in output[1].splitlines() if line.startswith("Gent (2 x): ")]
    assert len(lines) == 1
    assert "définition" in lines[0]
    assert "COMPARE_" not in output[1]


@pytest.mark.usefixtures("known")
def test_compare_as_json_is_one_document_and_a_refusal_is_in_it() -> None:
    code, output = hanse("compare", INDICATOR, "--json", "--purpose", "reclame", "--lang", "en")
    document = json.loads(output)
    states = {each["name"]: each["state"] for each in document["nodes"]}
    assert code == 0
    assert states == {"Aalst": "answered", "Gent": "answered", "Antwerpen": "refused"}
    assert document["rows"] == 8


def test_a_city_that_is_not_reached_is_exit_code_four_and_the_rest_is_printed(
    known: TinyWorld,
) -> None:
    known.kill("NIS44021")
    code, output = hanse("compare", INDICATOR, "--cities", "all", "--deadline", "2", "--json")
    document = json.loads(output)
    assert code == 4
    assert {each["state"] for each in document["nodes"]} == {"answered", "unreachable", "refused"}
    assert document["rows"] == 4


@pytest.mark.usefixtures("known")
def test_nobody_who_gives_anything_is_exit_code_three() -> None:
    code, output = hanse("compare", INDICATOR, "--city", "Antwerpen", "--purpose", "reclame")
    assert code == 3
    assert "weigerde" in output


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("form", [(), ("--format", "csv")])
def test_in_a_pipe_a_refusal_stands_on_standard_error(form: tuple[str, ...]) -> None:
    app = typer.Typer()
    register(app)
    typed = ["compare", INDICATOR, "--city", "Antwerpen", "--purpose", "reclame", *form]
    done = CliRunner().invoke(app, typed)
    assert done.exit_code == 3
    assert done.stderr.startswith("Antwerpen: weigerde. ")
    typed = ["compare", INDICATOR, "--city", "Aalst", *form]
    assert CliRunner().invoke(app, typed).stderr == ""


@pytest.mark.usefixtures("known")
def test_no_figure_is_cut_off_on_a_narrow_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    _, output = hanse("compare", INDICATOR, "-p", "2020:2021", "--cities", "Aalst,Gent")
    assert "3.020" in output
    assert "vergelijkbaar" in output
    assert "…" not in output


@pytest.mark.usefixtures("known")
def test_a_city_that_does_not_take_part_is_named() -> None:
    assert hanse("compare", INDICATOR, "--city", "Atlantis") == (3, "CITY_UNKNOWN")
    assert hanse("compare", INDICATOR, "-p", "soon") == (2, "PERIOD_UNKNOWN")
    assert hanse("compare", INDICATOR, "-o", "x.doc") == (2, "FILE_FORMAT_UNKNOWN")


@pytest.mark.usefixtures("known")
def test_figures_go_to_a_file_with_their_marks(home: Path) -> None:
    file = home / "x.parquet"
    code, _ = hanse("compare", INDICATOR, "--city", "Aalst", "--city", "Gent", "-o", str(file))
    table = parquet.read_table(file)
    assert code == 0
    assert table.num_rows == 8
    assert {"origin", "release", "mark", "reasons"} <= set(table.column_names)


@pytest.mark.usefixtures("known")
def test_pull_of_one_city_saves_the_nodes_own_file(home: Path) -> None:
    file = home / "y.csv"
    code, output = hanse("pull", f"energie/{INDICATOR}", "--city", "Aalst", "-o", str(file))
    assert code == 0
    assert "2025.1" in output
    assert file.read_text("utf-8").splitlines()[0].startswith('"indicator","level"')


@pytest.mark.usefixtures("known")
def test_pull_of_several_cities_is_one_table_or_one_stream() -> None:
    words = (
        "pull",
        f"energie/{INDICATOR}",
        "--city",
        "Aalst,Gent",
        "-g",
        "41002,44021",
        "-p",
        "2021",
    )
    assert hanse(*words)[1].count("3.021") == 2
    lines = hanse(*words, "--format", "csv")[1].splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == ['"41002"', '"44021"']


@pytest.mark.usefixtures("known")
def test_a_notebook_asks_in_two_lines() -> None:
    pulled = hanse_client.get(f"energie/{INDICATOR}", cities=["Aalst"], periods="2021")
    compared = hanse_client.compare(INDICATOR, cities=["Aalst", "Gent"], periods="2021")
    assert pulled.table.column("obs_value").to_pylist() == [3021.0]
    assert compared.table.column("mark").to_pylist() == ["comparable"] * 2
    with pytest.raises(AttributeError):
        hanse_client.nothing_of_the_kind  # noqa: B018 looking is the test


@pytest.mark.usefixtures("known")
def test_a_refused_check_and_what_is_allowed_are_told(known: TinyWorld) -> None:
    known.nodes[0].explanation = {
        "outcome": "refused",
        "sentence": "Geweigerd.",
        "checks": [{"name": "doel", "passed": False, "wanted": "reclame", "had": "beleid"}],
        "allowed": "beleid",
    }
    words = ("explain", f"energie/{INDICATOR}", "--city", "Aalst")
    assert hanse(*words)[1].splitlines() == [
        "Aalst: Geweigerd.",
        "  x doel: reclame",
        "  beleid",
    ]


@pytest.mark.usefixtures("known")
def test_figures_of_several_cities_in_one_file_are_named_in_the_document(home: Path) -> None:
    file = home / "z.csv"
    words = ("pull", f"energie/{INDICATOR}", "--city", "Aalst,Gent", "-o", str(file), "--json")
    document = json.loads(hanse(*words)[1])
    assert (document["file"], document["data"]) == (str(file), {})
    assert file.read_text("utf-8").count("\n") == 9


@pytest.mark.usefixtures("known")
def test_explain_tells_the_reason_per_city() -> None:
    code, output = hanse("explain", f"energie/{INDICATOR}", "-g", "41002", "--city", "Aalst")
    assert (code, output) == (0, "Aalst: Verborgen.\n")
    words = ("explain", f"energie/{INDICATOR}", "--city", "Gent", "--json")
    assert json.loads(hanse(*words)[1])["nodes"][0]["outcome"] == "hidden"
    assert hanse("explain", "energie/v1", "-g", "wijk:1", "--city", "Gent") == (3, "LEVEL_ABSENT")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("lang", "number", "base"),
    [
        ("nl", "3.020", "index: 2020 = 100"),
        ("en", "3,020", "index: 2020 = 100"),
        ("fr", "3\u202f020", "indice : 2020 = 100"),
    ],
)
def test_numbers_and_headings_are_written_as_readers_of_a_language_do(
    lang: str, number: str, base: str
) -> None:
    words = ("compare", INDICATOR, "-p", "2020:2021", "--cities", "Aalst", "--lang", lang)
    assert number in hanse(*words)[1]
    shown = hanse(*words, "--index", "2020")[1]
    assert base in shown
    assert {"nl": " 100,033 ", "en": " 100.033 ", "fr": " 100,033 "}[lang] in shown
    spread = hanse(*words, "--spread")[1]
    assert spread.count(number) == 4, "in the table, and as lowest, median and highest"


@pytest.mark.usefixtures("known")
def test_what_figures_are_divided_by_stands_above_them() -> None:
    shape = Shape(per="inw", times=1_000.0, index="2020", confidence=90)
    assert shape.say("nl") == "per 1.000 inw; index: 2020 = 100; marges bij 90 % zekerheid"
    assert shape.say("en") == "per 1,000 inw; index: 2020 = 100; margins at 90 % confidence"
    assert Shape(per="inw").say("nl") == "gedeeld door inw"
    assert Shape().say("nl") == ""


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("command", ["compare", "pull"])
def test_a_confidence_that_margins_are_not_made_at_is_refused(command: str) -> None:
    subject = {"compare": INDICATOR, "pull": f"energie/{INDICATOR}"}[command]
    assert hanse(command, subject, "--confidence", "80") == (2, "CONFIDENCE_UNKNOWN")
    assert hanse(command, subject, "--cities", "Aalst", "--confidence", "99")[0] == 0


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("compare", INDICATOR, "--city", "Parijs"), (3, "CITY_UNKNOWN")),
        (("compare", "onbekend"), (3, "PEER_ABSENT")),
        (("pull", "onbekend/v1"), (3, "DATASET_NOWHERE")),
        (
            ("explain", f"energie/{INDICATOR}", "-g", "wijk:1", "--city", "Gent"),
            (3, "LEVEL_ABSENT"),
        ),
        (("compare", INDICATOR, "-p", "ooit"), (2, "PERIOD_UNKNOWN")),
        (("compare", INDICATOR, "--format", "pdf"), (2, "FILE_FORMAT_UNKNOWN")),
        (("compare", INDICATOR, "--vintage", "2025"), (3, "AREAS_NONE")),
    ],
)
def test_what_is_not_there_and_what_cannot_be_have_one_code_each(
    words: tuple[str, ...], code: tuple[int, str]
) -> None:
    assert hanse(*words) == code


def test_every_exit_code_of_every_command_is_on_the_reference_page() -> None:
    page = pages.exits()
    assert {
        value for name, value in vars(codes).items() if name.isupper() and name != "MEANINGS"
    } == {*codes.MEANINGS}
    for code, meaning in codes.MEANINGS.items():
        assert f"| {code} | {meaning} |" in page
    assert set(EXIT_CODES.values()) <= set(codes.MEANINGS)
