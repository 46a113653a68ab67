"""A comparison over many nodes: on time, whatever some of them do, and every node accounted for."""

import time

import pytest
from tests.support.peers import LOOPBACK
from tests.support.tiny_catalogue import TinyWorld, world
from tests.support.tiny_node import Row, TinyNode, TinyRelease, cells

from hanse.client.federation import Federation, Wish
from hanse.client.line import Line
from hanse.client.outcome import NodeState
from hanse.client.signin import Credentials
from hanse.errors import NotFound

INDICATOR = "v2506"
CITIES = {"NIS41002": "Aalst", "NIS44021": "Gent", "NIS11002": "Antwerpen", "NIS31005": "Brugge"}


def figures(area: str, level: str = "gemeente@2025", *more: Row) -> TinyRelease:
    rows: list[Row] = [
        (INDICATOR, level, area, str(year), float(1_000 + year), "A") for year in range(2018, 2022)
    ]
    return TinyRelease(cells([*rows, *more]))


def node(agency: str, mood: str = "well", **release: object) -> TinyNode:
    made = figures(agency.removeprefix("NIS"))
    for name, value in release.items():
        setattr(made, name, value)
    return TinyNode(agency, CITIES.get(agency, agency), [made], mood)


def federation(known: TinyWorld) -> Federation:
    return Federation(known.catalogue.url, known.line)


def test_every_cell_says_where_it_comes_from_and_whether_it_compares() -> None:
    hidden: Row = (INDICATOR, "gemeente@2025", "44021", "2022", None, "Q")
    nodes = [node("NIS41002"), node("NIS44021")]
    nodes[1].releases = [figures("44021", "gemeente@2025", hidden)]
    with world(nodes) as known:
        comparison = federation(known).compare(INDICATOR, Wish(periods="2020:"))
    rows = comparison.table.to_pylist()
    assert comparison.complete
    assert [(row["area"], row["period"], row["obs_value"]) for row in rows] == [
        ("41002", "2020", 3020.0),
        ("41002", "2021", 3021.0),
        ("44021", "2020", 3020.0),
        ("44021", "2021", 3021.0),
        ("44021", "2022", None),
    ]
    assert {(row["origin"], row["origin_name"], row["release"]) for row in rows} == {
        ("NIS41002", "Aalst", "2025.1"),
        ("NIS44021", "Gent", "2025.1"),
    }
    assert [row["mark"] for row in rows] == ["comparable"] * 4 + ["incomplete"]
    assert rows[-1]["reasons"] == "COMPARE_HIDDEN"
    assert {each.state for each in comparison.outcomes} == {NodeState.ANSWERED}
    assert all(each.published_at and each.index_age_seconds == 60 for each in comparison.outcomes)


@pytest.mark.parametrize(
    ("facts", "mark"),
    [
        ({"definition_version": "2.0.0"}, "other-definition"),
        ({"reference_point": "P1D@12-31"}, "other-reference-date"),
        ({"method": "survey"}, "other-method"),
        ({"round_base": "5"}, "other-rounding"),
        ({"breaks": ["2021"]}, "break"),
        ({"breaks": ["not a period"]}, "comparable"),
    ],
)
def test_what_most_cities_do_is_the_reference(facts: dict[str, object], mark: str) -> None:
    nodes = [node("NIS41002"), node("NIS44021", facts=facts), node("NIS11002")]
    with world(nodes) as known:
        comparison = federation(known).compare(INDICATOR, Wish(periods="2021"))
    rows = comparison.table.to_pylist()
    assert {row["origin"]: row["mark"] for row in rows} == {
        "NIS41002": "comparable",
        "NIS44021": mark,
        "NIS11002": "comparable",
    }


def pupils(agency: str, **facts: object) -> TinyNode:
    area = agency.removeprefix("NIS")
    rows: list[Row] = [
        (INDICATOR, "gemeente@2025", area, f"{year}-A1", float(year), "A") for year in (2023, 2024)
    ]
    release = TinyRelease(cells(rows), facts={"reporting_year_start": "--09-01", **facts})
    return TinyNode(agency, CITIES[agency], [release])


def test_school_years_of_two_cities_compare() -> None:
    with world([pupils("NIS41002"), pupils("NIS44021")]) as known:
        comparison = federation(known).compare(INDICATOR, Wish(periods="2024/25"))
    rows = comparison.table.to_pylist()
    assert comparison.complete
    assert [(row["origin"], row["period"]) for row in rows] == [
        ("NIS41002", "2024-A1"),
        ("NIS44021", "2024-A1"),
    ]
    assert {row["mark"] for row in rows} == {"comparable"}


def test_a_break_in_a_school_year_is_read_by_its_own_calendar() -> None:
    nodes = [pupils("NIS41002"), pupils("NIS44021", breaks=["2024-A1"])]
    with world(nodes) as known:
        comparison = federation(known).compare(INDICATOR)
    marks = {(row["origin"], row["period"]): row["mark"] for row in comparison.table.to_pylist()}
    assert marks == {
        ("NIS41002", "2023-A1"): "comparable",
        ("NIS41002", "2024-A1"): "comparable",
        ("NIS44021", "2023-A1"): "comparable",
        ("NIS44021", "2024-A1"): "break",
    }


def test_another_vintage_of_the_level_is_marked() -> None:
    nodes = [node("NIS41002"), node("NIS11002"), node("NIS44021")]
    nodes[2].releases = [figures("44021", "gemeente@2024")]
    with world(nodes) as known:
        comparison = federation(known).compare(INDICATOR, Wish(periods="2021"))
    marks = {row["origin"]: row["mark"] for row in comparison.table.to_pylist()}
    assert marks["NIS44021"] == "other-vintage"


def test_every_reason_is_said_once_per_city_in_each_language() -> None:
    hidden: list[Row] = [
        (INDICATOR, "gemeente@2025", "44021", str(year), None, "Q") for year in (2022, 2023)
    ]
    nodes = [node("NIS41002"), node("NIS44021"), node("NIS11002", facts={"method": "survey"})]
    nodes[1].releases = [figures("44021", "gemeente@2025", *hidden)]
    with world(nodes) as known:
        comparison = federation(known).compare(INDICATOR, Wish(periods="2021:"))
    told = [(each.origin_name, each.reason.code, each.cells) for each in comparison.remarks]
    assert told == [("Antwerpen", "COMPARE_METHOD", 1), ("Gent", "COMPARE_HIDDEN", 2)]
    for lang, word in {"nl": "verborgen", "en": "hidden", "fr": "masqué"}.items():
        reasons = comparison.document(lang)["reasons"]
        assert isinstance(reasons, list)
        assert (reasons[1]["code"], reasons[1]["origin"]) == ("COMPARE_HIDDEN", "NIS44021")
        assert word in reasons[1]["sentence"]
    assert comparison.table.column("reasons").to_pylist()[-1] == "COMPARE_HIDDEN"


def test_each_way_of_failing_has_its_own_reason_and_none_costs_the_others_time() -> None:
    moods = {
        "NIS41002": "well",
        "NIS44021": "hangs",
        "NIS11002": "drips",
        "NIS31005": "lies",
        "NIS13040": "tampers",
        "NIS23027": "mixes",
        "NIS24062": "borrows",
        "NIS34022": "answers else",
        "NIS35013": "busy",
        "NIS36015": "well",
    }
    nodes = [node(agency, mood) for agency, mood in moods.items()]
    with world(nodes) as known:
        known.kill("NIS36015")
        started = time.monotonic()
        comparison = federation(known).compare(INDICATOR, deadline_seconds=1.0)
        spent = time.monotonic() - started
    states = {each.agency: each.state for each in comparison.outcomes}
    codes = {each.agency: each.code for each in comparison.outcomes}
    assert spent < 1.0 + 0.15
    assert states == {
        "NIS41002": NodeState.ANSWERED,
        "NIS44021": NodeState.SILENT,
        "NIS11002": NodeState.SLOW,
        "NIS31005": NodeState.UNTRUSTED,
        "NIS13040": NodeState.UNTRUSTED,
        "NIS23027": NodeState.UNTRUSTED,
        "NIS24062": NodeState.UNTRUSTED,
        "NIS34022": NodeState.UNUSABLE,
        "NIS35013": NodeState.BUSY,
        "NIS36015": NodeState.UNREACHABLE,
    }
    assert codes["NIS31005"] == "STATEMENT_SIGNATURE"
    assert codes["NIS13040"] == "ANSWER_DIGEST"
    assert {row["origin"] for row in comparison.table.to_pylist()} == {"NIS41002"}
    assert not comparison.reached
    assert all(
        each.sentence(lang)
        for each in comparison.outcomes[1:]
        for lang in ("nl", "fr")
        if each.code
    )


def test_a_refused_city_says_so_and_is_not_called_unreached() -> None:
    closed = node("NIS44021", access="protocol", purposes=("beleid",))
    with world([node("NIS41002"), closed]) as known:
        asked = federation(known)
        refused = asked.compare(INDICATOR, Wish(purpose="reclame"))
        allowed = asked.compare(INDICATOR, Wish(purpose="beleid"))
    outcome = next(each for each in refused.outcomes if each.agency == "NIS44021")
    assert outcome.state is NodeState.REFUSED
    assert refused.reached
    assert not refused.complete
    assert outcome.parameters["code"] == "PURPOSE_NOT_AGREED"
    assert "\x1b" not in outcome.sentence()
    assert allowed.complete


def test_an_issuer_that_is_away_costs_only_what_needs_a_sign_in() -> None:
    closed = node("NIS44021", access="protocol", purposes=("beleid",))
    with world([node("NIS41002"), closed]) as known:
        closed.issuers = ["http://127.0.0.1:9"]
        issuers = (known.catalogue.url, "http://127.0.0.1:9")
        credentials = Credentials("provincie", known.catalogue.client, issuers)
        with Line.open(credentials, networks=LOOPBACK) as line:
            asked = Federation(known.catalogue.url, line)
            comparison = asked.compare(INDICATOR, Wish(purpose="beleid"))
    assert {each.agency: each.state for each in comparison.outcomes} == {
        "NIS41002": NodeState.ANSWERED,
        "NIS44021": NodeState.NO_SIGN_IN,
    }


def test_a_city_without_the_level_or_the_indicator_is_absent_with_its_reason() -> None:
    other = TinyNode("NIS11002", "Antwerpen", [TinyRelease(cells([]), slug="leeg")])
    with world([node("NIS41002"), other]) as known:
        asked = federation(known)
        named = asked.compare(INDICATOR, Wish(cities=("Aalst", "11002")))
        finer = asked.compare(INDICATOR, Wish(level="wijk"))
        everybody = asked.compare(INDICATOR)
        with pytest.raises(NotFound, match="CITY_UNKNOWN"):
            asked.compare(INDICATOR, Wish(cities=("Atlantis",)))
        with pytest.raises(NotFound):
            asked.compare("v0")
    assert [(each.agency, each.code) for each in named.outcomes] == [
        ("NIS11002", "INDICATOR_NOT_THERE"),
        ("NIS41002", ""),
    ]
    assert [each.code for each in finer.outcomes] == ["LEVEL_ABSENT"]
    assert [each.agency for each in everybody.outcomes] == ["NIS41002"]


def test_a_city_without_a_breakdown_gives_the_totals_of_it() -> None:
    rows: list[Row] = [(INDICATOR, "gemeente@2025", "44021", "2021", 5.0, "A")]
    nodes = [node("NIS41002"), node("NIS44021", table=cells(rows, SEX="F"))]
    with world(nodes) as known:
        table = federation(known).compare(INDICATOR, Wish(periods="2021")).table
    assert {row["origin"]: row["SEX"] for row in table.to_pylist()} == {
        "NIS41002": "_T",
        "NIS44021": "F",
    }


def test_the_order_of_the_nodes_never_shows() -> None:
    agencies = list(CITIES)
    facts: dict[str, object] = {"method": "survey"}
    seen = []
    for turn in range(len(agencies)):
        turned = [*agencies[turn:], *agencies[:turn]]
        nodes = [node(agency, facts=facts if agency in agencies[:2] else {}) for agency in turned]
        with world(nodes) as known:
            comparison = federation(known).compare(INDICATOR)
        manifest = comparison.table.column_names.index("manifest")
        seen.append(
            (
                comparison.table.remove_column(manifest).to_pylist(),
                [(each.agency, each.state, each.cells) for each in comparison.outcomes],
            )
        )
    assert all(each == seen[0] for each in seen)


def test_sixty_nodes_answer_together_and_again_without_sending_a_body() -> None:
    nodes = [node(f"NIS{10_000 + number}") for number in range(60)]
    hosts = [f"127.1.{number // 30}.{number % 30 + 1}" for number in range(60)]
    with world(nodes, hosts) as known:
        asked = federation(known)
        first = asked.compare(INDICATOR, deadline_seconds=5.0)
        second = asked.compare(INDICATOR, deadline_seconds=5.0)
    assert first.complete
    assert second.complete
    assert first.table.num_rows == 240
    assert first.seconds < 3.0
    statements = [each for each in nodes[0].seen if each.path.endswith("manifest.jws")]
    assert len(statements) == 1


def test_a_node_that_keeps_failing_is_left_alone_for_a_while() -> None:
    with world([node("NIS41002"), node("NIS44021")]) as known:
        known.kill("NIS44021")
        asked = federation(known)
        states = []
        for _ in range(4):
            comparison = asked.compare(INDICATOR, deadline_seconds=2.0)
            states.append(next(e.state for e in comparison.outcomes if e.agency == "NIS44021"))
    assert states[0] is NodeState.UNREACHABLE
    assert states[-1] is NodeState.LEFT_ALONE


def test_figures_of_several_cities_are_pulled_into_one_table() -> None:
    with world([node("NIS41002"), node("NIS44021")]) as known:
        asked = federation(known)
        gathered = asked.get(f"energie/{INDICATOR}", Wish(areas="41002,44021", periods="2021"))
        with pytest.raises(NotFound, match="DATASET_NOWHERE"):
            asked.get("onbekend/v1")
    assert gathered.table.column("origin").to_pylist() == ["NIS41002", "NIS44021"]
    assert "mark" not in gathered.table.column_names


def test_the_document_of_a_comparison_has_stable_members() -> None:
    with world([node("NIS41002")]) as known:
        document = federation(known).compare(INDICATOR).document()
    assert set(document) == {
        "schema",
        "seconds",
        "deadline_seconds",
        "complete",
        "nodes",
        "reasons",
        "elsewhere",
        "columns",
        "rows",
        "data",
    }


def merged() -> TinyNode:
    """Return a city that keeps the years before its merger on the areas of 2024."""
    older: list[Row] = [
        (INDICATOR, "gemeente@2024", "44021", str(year), 7.0, "A") for year in (2018, 2019)
    ]
    newer: list[Row] = [
        (INDICATOR, "gemeente@2025", "44021", str(year), 8.0, "A") for year in (2020, 2021)
    ]
    return TinyNode("NIS44021", "Gent", [TinyRelease(cells([*older, *newer]))])


def test_blanks_say_which_other_vintage_there_is_and_how_to_ask_for_it() -> None:
    with world([node("NIS41002"), merged()]) as known:
        asked = federation(known)
        comparison = asked.compare(INDICATOR)
        (found,) = comparison.elsewhere
        older = asked.compare(INDICATOR, Wish(level="gemeente@2024", cities=("Gent",)))
    assert (found.origin, found.level) == ("NIS44021", "gemeente@2025")
    assert (found.periods, found.levels) == (("2018", "2019"), ("gemeente@2024",))
    for lang in ("nl", "en", "fr"):
        said = found.say(lang)
        for part in ("2018, 2019", "gemeente@2024", "--level", "--vintage 2025"):
            assert part in said
    assert comparison.document("en")["elsewhere"] == [found.document("en")]
    assert older.table.column("period").to_pylist() == ["2018", "2019"]


def test_a_window_that_was_asked_for_is_blank_too_where_nobody_has_it() -> None:
    with world([merged()]) as known:
        asked = federation(known)
        alone = asked.compare(INDICATOR)
        named = asked.compare(INDICATOR, Wish(periods="2019:2021"))
        nothing = asked.compare(INDICATOR, Wish(periods="2018:2019"))
        pulled = asked.get(f"energie/{INDICATOR}", Wish(level="gemeente", periods="2019:"))
    assert alone.elsewhere == ()
    assert [each.periods for each in named.elsewhere] == [("2019",)]
    assert nothing.table.num_rows == 0
    assert [each.periods for each in nothing.elsewhere] == [("2018", "2019")]
    assert [each.periods for each in pulled.elsewhere] == [("2019",)]


def test_no_hint_is_given_without_another_vintage_or_where_figures_are_recalculated() -> None:
    with world([node("NIS41002"), node("NIS44021")]) as known:
        assert federation(known).compare(INDICATOR, Wish(periods="2010:")).elsewhere == ()
    with world([merged()]) as known:
        known.catalogue.tables = {
            "def_gemeente2024.csv": "code,name\n44021,Gent\n",
            "def_gemeente2025.csv": "code,name\n44021,Gent\n",
            "agg_gemeente2024_gemeente2025.csv": "a,b\n44021,44021\n",
        }
        found = federation(known).compare(INDICATOR, Wish(periods="2018:", vintage="2025"))
    assert found.elsewhere == ()
    assert sorted(found.table.column("period").to_pylist()) == ["2018", "2019", "2020", "2021"]
