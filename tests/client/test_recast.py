"""Figures of many nodes on the areas a reader asks for: one table, one mark per cell."""

import json
from collections.abc import Iterator
from csv import DictReader
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.houses import hanse
from tests.support.tiny_catalogue import TinyWorld, world
from tests.support.tiny_node import Row, TinyNode, TinyRelease, cells

from hanse.client.cache import AnswerCache
from hanse.client.federation import Federation, Wish
from hanse.client.outcome import NodeState
from hanse.client.settings import ClientConfig, write_config
from hanse.client.shape import Shape
from hanse.errors import Invalid, NotFound, Unavailable

CITIES = {
    "41002": "Aalst", "11002": "Antwerpen", "31005": "Brugge", "71016": "Genk", "44021": "Gent",
    "71022": "Hasselt", "34022": "Kortrijk", "24062": "Leuven", "12025": "Mechelen",
    "35013": "Oostende", "36015": "Roeselare", "46021": "Sint-Niklaas", "13040": "Turnhout",
}  # fmt: skip
"""The thirteen centre cities, by their code of 2024."""
MERGERS = {"11002": ("11007", "11002"), "71022": ("73040", "71072")}
"""What joined a city in 2025, and under which code."""
CODES = tuple(f"v{number}" for number in range(2501, 2511))
YEARS = range(2016, 2026)


def tables() -> dict[str, str]:
    """Return the area tables of three vintages, with the cities as a cluster and provinces."""
    old = {**CITIES, **{part: f"deel {part}" for part, _ in MERGERS.values()}}
    home = {**{code: code for code in CITIES}, **dict(MERGERS.values())}
    home |= {code: new for code, (_, new) in MERGERS.items()}
    now = {home[code]: CITIES[code] for code in CITIES}
    define = "code,name\n"
    return {
        "def_gemeente2018.csv": define + "".join(f"{c},{n}\n" for c, n in old.items()),
        "def_gemeente2024.csv": define + "".join(f"{c},{n}\n" for c, n in old.items()),
        "def_gemeente2025.csv": define + "".join(f"{c},{n}\n" for c, n in now.items()),
        "def_provincie2025.csv": "code,name\n10000,Antwerpen\n99000,overige\n",
        "def_groep2025.csv": "code,name\na0,Centrumsteden\n",
        "geolevel_names.csv": "geolevel code,type\ngroep,Cluster\n",
        "agg_gemeente2018_gemeente2024.csv": "a,b\n" + "".join(f"{c},{c}\n" for c in old),
        "agg_gemeente2024_gemeente2025.csv": "a,b\n" + "".join(f"{c},{home[c]}\n" for c in old),
        "agg_gemeente2025_provincie2025.csv": "a,b\n"
        + "".join(f"{c},{'10000' if c[0] == '1' else '99000'}\n" for c in now),
        "agg_gemeente2025_groep2025.csv": "a,b\n" + "".join(f"{c},a0\n" for c in now),
    }


def city(code: str) -> TinyNode:
    """Return a node with ten indicators over ten years, each year on the areas of its time."""
    rows: list[Row] = []
    parts = [code, *([MERGERS[code][0]] if code in MERGERS else [])]
    for number, indicator in enumerate(CODES, 1):
        for year in YEARS:
            vintage = 2018 if year < 2019 else 2024 if year < 2025 else 2025
            areas = [MERGERS[code][1]] if vintage == 2025 and code in MERGERS else parts
            for area in areas:
                hidden = (indicator, area, year) == (CODES[0], "11007", 2020)
                value = None if hidden else float(number * 1_000 + year)
                level = f"gemeente@{vintage}"
                rows.append((indicator, level, area, str(year), value, "Q" if hidden else "A"))
    return TinyNode(f"NIS{code}", CITIES[code], [TinyRelease(cells(rows))])


@pytest.fixture
def thirteen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyWorld]:
    """A province that signed in at a catalogue of thirteen cities, one of which is down."""
    monkeypatch.setenv("HANSE_CONFIG", str(tmp_path / "client.json"))
    monkeypatch.setenv("HANSE_CACHE", str(tmp_path / "cache"))
    with world([city(code) for code in CITIES]) as known:
        known.catalogue.tables = tables()
        known.kill("NIS36015")
        write_config(tmp_path / "client.json", ClientConfig(catalogue=known.catalogue.url))
        yield known


@pytest.mark.usefixtures("thirteen")
def test_one_command_gives_every_cell_its_mark_and_its_reason_in_words(tmp_path: Path) -> None:
    file = tmp_path / "centrumsteden.csv"
    words = ("--vintage", "2018,2024,2025", "--deadline", "30", "-o", file, "--lang", "en")
    told = hanse("compare", ",".join(CODES), *words, status=4)
    assert "Roeselare" in told
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(DictReader(text))
    assert len([row for row in rows if row["level"] == "gemeente@2025"]) == 12 * 10 * 10
    assert {row["period"] for row in rows} == {str(year) for year in YEARS}
    assert {row["level"] for row in rows} >= {"gemeente@2018", "gemeente@2024", "gemeente@2025"}
    assert all(row["mark"] and (row["mark"] == "comparable" or row["why"]) for row in rows)


@pytest.mark.usefixtures("thirteen")
def test_a_city_is_held_against_its_province_and_its_kind_and_ranked_among_nobody() -> None:
    words = ("--city", "Antwerpen", "--beside", "usual", "--vintage", "2025", "-p", "2024:2025")
    told = json.loads(hanse("compare", CODES[0], *words, "--json", status=4))
    rows = [
        dict(zip(told["data"], row, strict=True))
        for row in zip(*told["data"].values(), strict=True)
    ]
    shown = {(row["level"], row["area"]) for row in rows if row["period"] == "2025"}
    assert shown == {
        ("gemeente@2025", "11002"),
        ("provincie@2025", "10000"),
        ("groep@2025", "a0"),
    }
    of_level = {row["level"]: row for row in rows if row["period"] == "2025"}
    three = 3 * (1_000 + 2025)  # Antwerpen, Mechelen and Turnhout
    assert of_level["provincie@2025"]["obs_value"] == three
    assert of_level["groep@2025"]["obs_value"] is None, "one city of the kind is down"
    assert of_level["groep@2025"]["obs_status"] == "L"
    assert "rank" not in told["columns"]


@pytest.mark.usefixtures("thirteen")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--beside", "continent"), "COMPARATOR_UNKNOWN"),
        (("--beside", "province,region"), "COMPARATOR_NONE"),
        (("-o", "/nergens/hier/x.csv"), "PROTECT_FOLDER"),
    ],
)
def test_what_cannot_be_given_is_refused_before_anybody_is_asked(
    words: tuple[str, ...], code: str
) -> None:
    with pytest.raises(AssertionError) as raised:
        hanse("compare", CODES[0], *words)
    assert getattr(raised.value.__cause__, "code", "") == code


def test_a_sum_of_two_definitions_says_that_it_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSE_CONFIG", str(tmp_path / "client.json"))
    monkeypatch.setenv("HANSE_CACHE", str(tmp_path / "cache"))
    other = city("12025")
    other.releases[0].facts = {"definition_version": "2.0.0"}
    with world([city("11002"), other, city("13040")]) as known:
        known.catalogue.tables = tables()
        write_config(tmp_path / "client.json", ClientConfig(catalogue=known.catalogue.url))
        words = ("-a", "12025+13040", "-a", "11002+13040", "--vintage", "2025", "-p", "2025")
        told = json.loads(hanse("compare", CODES[0], *words, "--json"))
    marks = dict(zip(told["data"]["area"], told["data"]["mark"], strict=True))
    assert marks["12025"] == marks["12025+13040"] == "other-definition"
    assert marks["11002+13040"] == "recalculated"


@pytest.mark.usefixtures("thirteen")
def test_a_merger_is_shown_before_and_after_and_per_inhabitant() -> None:
    words = ("--simulate", CODES[0], "--per", CODES[1], "-p", "2025", "--json")
    told = json.loads(hanse("areas", "merge", "11002", "12025", *words, status=4))
    shown = dict(zip(told["data"]["area"], told["data"]["obs_value"], strict=True))
    assert set(shown) == {"11002", "12025", "11002+12025"}
    assert shown["11002+12025"] == pytest.approx(3_025 / 4_025)
    assert set(told["data"]["note"]) == {"", "RECAST_SUM"}


def test_a_merger_is_announced_as_a_planned_vintage(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, text in tables().items():
        (folder / name).write_text(text, "utf-8")
    home = tmp_path / "node"
    hanse("areas", "import", folder, "--home", home, "--quiet")
    words = ("--into", "11099", "--name", "Samen", "--from", "2031-01-01", "--home", home)
    assert "gemeente@2031" in hanse("areas", "merge", "11002", "12025", *words)
    levels = json.loads(hanse("areas", "list", "--home", home, "--json"))["levels"]
    assert {"gemeente@2025": 13, "gemeente@2031": 12}.items() <= {
        each["level"]: each["areas"] for each in levels
    }.items()
    for wrong, code in (
        (("11002",), "MERGE_PARTS"),
        (("11002", "12025", "--into", "1", "--from", "ooit"), "MERGE_DAY"),
        (("11002", "9", "--into", "1", "--from", "2031-01-01"), "AREA_UNKNOWN"),
    ):
        with pytest.raises(AssertionError) as failed:
            hanse("areas", "merge", *wrong, "--home", home)
        assert code in repr(failed.value.__cause__)


@pytest.mark.usefixtures("thirteen")
def test_a_city_hears_what_keeps_its_indicator_from_comparing(thirteen: TinyWorld) -> None:
    thirteen.nodes[0].releases[0].facts = {"method": "survey", "definition_version": "2.0.0"}
    told = json.loads(hanse("concepts", "check", CODES[0], "--json", status=1))
    reasons = {
        each["name"]: [one["code"] for one in each["reasons"]] for each in told["publications"]
    }
    assert reasons.pop("Aalst") == ["COMPARE_DEFINITION", "COMPARE_METHOD"]
    assert set(map(tuple, reasons.values())) == {()}
    assert "methode" in hanse("concepts", "check", CODES[0], "--city", "Aalst", status=1)
    assert "vergelijkbaar" in hanse("concepts", "check", CODES[0], "--city", "Gent")


@pytest.mark.usefixtures("thirteen")
def test_a_whole_city_or_dataset_is_checked_at_once(thirteen: TinyWorld) -> None:
    thirteen.nodes[0].releases[0].facts = {"method": "survey"}
    aalst = json.loads(hanse("concepts", "check", "--city", "Aalst", "--json", status=1))
    told = aalst["publications"]
    assert [each["indicator"] for each in told] == list(CODES)
    assert {each["name"] for each in told} == {"Aalst"}
    assert all([one["code"] for one in each["reasons"]] == ["COMPARE_METHOD"] for each in told)
    gent = json.loads(hanse("concepts", "check", "--city", "Gent", "--json"))["publications"]
    assert len(gent) == len(CODES)
    every = json.loads(hanse("concepts", "check", "--dataset", "energie", "--json", status=1))
    assert len(every["publications"]) == len(CODES) * len(CITIES)
    both = hanse("concepts", "check", "--dataset", "energie", "--city", "Gent")
    assert both.count("Gent, energie/") == len(CODES)


@pytest.mark.usefixtures("thirteen")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "CONCEPTS_CHOICE"),
        (("--city", "Parijs"), "CITY_UNKNOWN"),
        (("--dataset", "onbekend"), "DATASET_NOWHERE"),
        (("--city", "Gent", "--dataset", "onbekend"), "DATASET_NOWHERE"),
    ],
)
def test_what_cannot_be_checked_is_refused(words: tuple[str, ...], code: str) -> None:
    with pytest.raises(AssertionError) as failed:
        hanse("concepts", "check", *words)
    assert code in repr(failed.value.__cause__)


@pytest.mark.usefixtures("thirteen")
def test_a_city_hears_what_the_name_of_its_indicator_should_be() -> None:
    told = json.loads(hanse("concepts", "check", CODES[0], "--city", "Gent", "--json"))
    (gent,) = told["publications"]
    assert gent["reasons"] == []
    assert {each["code"]: each["instead"] for each in gent["naming"]} == {
        "NAMING_KIND": f"[aantal] {CODES[0]}",
        "NAMING_UNIT_TOLD": "(kWh)",
    }
    asked = ("concepts", "check", CODES[0], "--city", "Gent", "--lang", "en")
    assert "Write: [aantal]" in hanse(*asked)
    assert "Add: (kWh)" in hanse(*asked, "--strict", status=1)


def federation(known: TinyWorld) -> Federation:
    return Federation(known.catalogue.url, known.line)


def test_thirteen_cities_ten_indicators_ten_years_three_vintages_in_one_table() -> None:
    with world([city(code) for code in CITIES]) as known:
        known.catalogue.tables = tables()
        known.kill("NIS36015")
        asked = Wish(vintage="2018,2024,2025", bounds=True)
        found = federation(known).compare(",".join(CODES), asked, deadline_seconds=30)
    rows = found.table.to_pylist()
    states = {each.name: each.state for each in found.outcomes}
    assert states.pop("Roeselare") is NodeState.UNREACHABLE
    assert set(states.values()) == {NodeState.ANSWERED}
    assert len(found.outcomes) == 13
    down = next(each for each in found.outcomes if each.name == "Roeselare")
    assert down.sentence("nl")
    assert all(row["mark"] for row in rows)
    keys = [(row["indicator"], row["level"], row["area"], row["period"]) for row in rows]
    assert len(keys) == len(set(keys))
    in_2025 = [row for row in rows if row["level"] == "gemeente@2025"]
    assert len(in_2025) == 12 * 10 * 10
    by_key = dict(zip(keys, rows, strict=True))
    merged = by_key[CODES[1], "gemeente@2025", "11002", "2020"]
    assert merged["obs_value"] == 2 * (2_000 + 2_020)
    assert (merged["computed"], merged["note"], merged["parts"]) == (
        "gemeente@2024",
        "RECAST_SUM",
        "11002 11007",
    )
    assert merged["mark"] == "recalculated"
    hidden = by_key[CODES[0], "gemeente@2025", "11002", "2020"]
    assert (hidden["obs_value"], hidden["mark"]) == (None, "incomplete")
    assert (hidden["note"], hidden["parts"], hidden["lower"]) == ("RECAST_HIDDEN", "11007", 3_020)
    loaded = by_key[CODES[1], "gemeente@2025", "11002", "2025"]
    assert (loaded["computed"], loaded["mark"]) == ("", "comparable")
    words = {(row["area"], row["period"]): row["why"] for row in found.worded("nl").to_pylist()}
    assert "verborgen" in words["11002", "2020"].lower() or "Som" in words["11002", "2020"]


def test_the_reason_travels_in_words_with_every_cell() -> None:
    with world([city("11002"), city("41002")]) as known:
        known.catalogue.tables = tables()
        found = federation(known).compare(CODES[0], Wish(vintage="2025", periods="2020:2021"))
    why = {(r["area"], r["period"]): r["why"] for r in found.worded("en").to_pylist()}
    assert why["11002", "2020"].endswith("Hidden because a part is hidden: 11007.")
    assert "recalculated to the areas of gemeente@2025" in why["11002", "2021"]
    assert why["11002", "2021"].endswith("Sum of the parts: 11002, 11007.")
    assert found.table.column_names[-5:] == ["computed", "note", "parts", "mark", "reasons"]


def test_combinations_add_up_over_nodes_and_say_what_is_missing() -> None:
    with world([city("11002"), city("12025"), city("13040")]) as known:
        known.catalogue.tables = tables()
        wish = Wish(
            periods="2025", combine=("11002+12025", "province:10000", "cluster:centrumsteden")
        )
        found = federation(known).compare(CODES[0], wish)
    rows = {(row["level"], row["area"]): row for row in found.table.to_pylist()}
    both = rows["combination@2025", "11002+12025"]
    assert (both["obs_value"], both["note"]) == (2 * 3_025.0, "RECAST_SUM")
    assert both["origin"] == "NIS11002+NIS12025"
    assert both["mark"] == "recalculated"
    assert rows["provincie@2025", "10000"]["obs_value"] == 3 * 3_025.0
    cluster = rows["groep@2025", "a0"]
    assert (cluster["obs_value"], cluster["note"]) == (None, "RECAST_PART_MISSING")
    assert "41002" in cluster["parts"].split()
    assert rows["gemeente@2025", "13040"]["computed"] == ""


def test_per_inhabitant_index_and_spread_go_with_a_merger() -> None:
    shape = Shape(per=CODES[1], times=100, spread=True, rank=True)
    with world([city("11002"), city("12025")]) as known:
        known.catalogue.tables = tables()
        wish = Wish(
            areas="gemeente:11002,12025", vintage="2025", periods="2021:2022", shape=shape,
            combine=("11002+12025",),
        )  # fmt: skip
        found = federation(known).compare(CODES[0], wish)
        indexed = federation(known).compare(CODES[0], replace(wish, shape=Shape(index="2021")))
        with pytest.raises(Invalid) as fault:
            federation(known).compare(CODES[0], replace(wish, shape=Shape(index="1999")))
    rows = {(row["area"], row["period"]): row for row in found.table.to_pylist()}
    assert rows["11002", "2021"]["obs_value"] == pytest.approx(3_021 / 4_021 * 100)
    assert rows["11002+12025", "2021"]["obs_value"] == pytest.approx(3_021 / 4_021 * 100)
    assert {row["shown_as"] for row in rows.values()} == {f"per 100 {CODES[1]}"}
    assert {row["indicator"] for row in rows.values()} == {CODES[0]}
    assert rows["11002", "2021"]["rank"] == rows["12025", "2021"]["rank"] == 1
    assert [(each.period, each.shown, each.of) for each in found.spreads] == [
        ("2021", 2, 2),
        ("2022", 2, 2),
    ]
    assert {each.area for each in found.trends} == {"11002", "12025", "11002+12025"}
    assert set(found.document()) >= {"spread", "trends"}
    values = {(r["area"], r["period"]): r["obs_value"] for r in indexed.table.to_pylist()}
    assert values["11002", "2021"] == 100
    assert values["11002", "2022"] == pytest.approx(3_022 / 3_021 * 100)
    assert fault.value.code == "BENCHMARK_PERIOD"


def test_a_pull_may_be_recalculated_too() -> None:
    with world([city("71022")]) as known:
        known.catalogue.tables = tables()
        wish = Wish(areas="gemeente:71072", periods="2019:2020", vintage="2025")
        found = federation(known).get(f"energie/{CODES[2]}", wish)
        asked = known.nodes[0].seen[-2].query
    assert (asked["extent"], "area" in asked) == ("permitted", False)
    assert {row["obs_value"] for row in found.table.to_pylist()} == {2 * 5_019.0, 2 * 5_020.0}


def test_a_wrong_area_or_year_has_one_clear_reason() -> None:
    wrong = {
        "LEVEL_UNKNOWN": Wish(vintage="2031"),
        "AREA_UNKNOWN": Wish(vintage="2025", areas="gemeente:73040"),
        "COMBINATION_UNKNOWN": Wish(combine=("cluster:nergens",)),
        "COMBINATION_TWICE": Wish(combine=("11002+11002",)),
        "COMBINATION_FORM": Wish(combine=("11002+",)),
    }
    with world([city("41002")]) as known:
        known.catalogue.tables = tables()
        for code, wish in wrong.items():
            with pytest.raises((NotFound, Invalid)) as fault:
                federation(known).compare(CODES[0], wish)
            assert fault.value.code == code
        known.catalogue.tables = {}
        with pytest.raises(NotFound) as fault:
            federation(known).compare(CODES[0], Wish(vintage="2025"))
        assert fault.value.code == "AREAS_NONE"


def test_copies_serve_while_the_catalogue_is_away_and_a_forged_table_never(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path, "open")
    with world([city("41002")], cache=cache) as known:
        known.catalogue.tables = tables()
        first = federation(known).areas()
        kept = tmp_path / "areas"
        assert (kept / "tables.jws").exists()
        one = next(each for each in kept.iterdir() if each.suffix == "")
        one.write_text("code,name\n1,forged\n", "utf-8")
        known.servers.kill(known.catalogue.url)
        with pytest.raises(Unavailable):
            federation(known).areas()
    with world([city("41002")], cache=AnswerCache(tmp_path / "b", "open")) as known:
        known.catalogue.tables = tables()
        assert federation(known).areas() == first
        known.servers.kill(known.catalogue.url)
        assert federation(known).areas() == first
