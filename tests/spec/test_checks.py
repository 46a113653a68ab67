"""The rules of `hanse check`: for each, a draft in which it finds something and one in which
not."""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa
import pytest
from tests.support.questionnaires import book
from tests.support.workbooks import HEAD, NOW, Rows, drafted, registry

from hanse.cube.contract import Contract
from hanse.errors import Invalid, Refused
from hanse.messages import LANGUAGES, catalogue
from hanse.node.intake.check import LISTED_MAX, RULE_IDS, blocking, check
from hanse.node.intake.checks import Finding, Severity
from hanse.node.intake.draft import Draft, accept

Sheets = Mapping[str, Rows]

SECTORS = ("41002A00-", "41002A01-")


def series(*figures: object, area: str = "41002", first: int = 2018) -> list[tuple[object, ...]]:
    return [(first + at, "gemeente", area, figure) for at, figure in enumerate(figures)]


def sectors(count: int, *others: str) -> list[tuple[object, ...]]:
    return [(2024, "statsec", code, 1) for code in (*SECTORS[:count], *others)]


def described(**columns: object) -> Sheets:
    sheet = {
        "Indicator code": "v1",
        "Name": "inwoners",
        "Description": "[aantal] inwoners",
        "Unit": "aantal",
        "Source": "statbel",
        **columns,
    }
    rows: Rows = [tuple(sheet), tuple(sheet.values())]
    return {"Indicators": rows}


def both(rows: Rows, **columns: object) -> Sheets:
    return {"s": [(*HEAD, "v1"), *rows], **described(**columns)}


def brackets(count: int, hidden: dict[int, set[int]], total: int = 60) -> Sheets:
    """Return rows of three brackets that make a total, some brackets of some rows hidden."""
    rows: list[tuple[object, ...]] = [(*HEAD, "b_1", "b_2", "b_3", "b_tot")]
    for at in range(count):
        parts = [-99997 if n in hidden.get(at, set()) else 10 * n for n in (1, 2, 3)]
        rows.append((2000 + at, "gemeente", "41002", *parts, total))
    return {"s": rows}


def cube(male: object, female: object, total: object) -> Sheets:
    rows = [("M", male), ("V", female), ("_T", total)]
    return {
        "s": [(*HEAD, "sex", "k1"), *((2024, "gemeente", "41002", s, v) for s, v in rows)],
        "s_def": [("col", "type"), ("sex", "dim")],
    }


def levels(*parts: object, whole: object) -> Sheets:
    sectors = ("41002A00-", "41002A01-", "41002ZZZZ")
    rows = [(2024, "statsec", code, v) for code, v in zip(sectors, parts, strict=True)]
    return both([*rows, (2024, "gemeente", "41002", whole)])


def shares(*sums: int) -> Sheets:
    rows = [(2000 + at, "gemeente", "41002", 50, each - 50) for at, each in enumerate(sums)]
    head = ("Indicator code", "Data type", "Unit")
    return {
        "s": [(*HEAD, "p_1", "p_2"), *rows],
        "i": [head, ("p_1", "Percentage (sum)", "p"), ("p_2", "Percentage (sum)", "p")],
    }


LONG = "v" * 47

FOUND: dict[str, tuple[Sheets, Sheets]] = {
    "R001": (both(sectors(1)), both([*sectors(2), *series(1, first=2024)])),
    "R002": (
        both([*series(5, area="41002"), *series(5, 6, 7, area="11002"), *series(7, first=2020)]),
        both(series(5, 6, 7)),
    ),
    "R002_ZERO": (both(series(50, 0, 60)), both(series(3, 0, 4))),
    "R006": (
        {
            **brackets(60, {}, 60),
            "t": [(*HEAD, "b_1", "b_2", "b_3", "b_tot"), (1990, "gemeente", "41002", 1, 1, 1, 9)],
        },
        brackets(60, {}),
    ),
    "R007": (shares(*[100] * 8, 93), shares(*[100] * 9)),
    "R008": (
        both(
            [
                row
                for at in range(2)
                for row in series(
                    *[1000 + 7 * n * (at + 1) for n in range(30)],
                    90_000,
                    area=("41002", "11002")[at],
                )
            ]
        ),
        both(series(*[1000 + 10 * n for n in range(30)])),
    ),
    "R009": (both([*series(1, first=2018), *series(1, first=2020)]), both(series(1, 1, 1))),
    "R009_ALL": (both(series(-99997)), both(series(1))),
    "R010": (
        described(**{"Indicator code": "v1_mediaan"}),
        described(**{"Indicator code": "v1_mediaan", "Aggregate geoitems": 0}),
    ),
    "R011": (
        described(**{"Data type": "Percentage (sum)"}),
        described(**{"Data type": "Percentage (sum)", "Aggregation indicator": "v2"}),
    ),
    "R011_WEIGHT": (
        described(
            **{"Data type": "Percentage (sum)", "Formula": "a/b*100", "Aggregation indicator": "c"}
        ),
        described(
            **{"Data type": "Percentage (sum)", "Formula": "a/b*100", "Aggregation indicator": "B"}
        ),
    ),
    "R012": (both(series(-3)), both(series(3))),
    "R012_UNIT": ({"s": [(*HEAD, "v1"), *series(-3)]}, both(series(-3), Unit="kwh")),
    "R013_COUNT": (described(Unit=""), described()),
    "R013_UNIT": (
        described(Unit="", **{"Data type": "Percentage (sum)"}),
        described(Unit="p", **{"Data type": "Percentage (sum)"}),
    ),
    "R013_SOURCE": (described(Source=""), described()),
    "R013_DEFINITION": (described(Description=""), described()),
    "R013_LEVEL": (
        {
            "s_def": [("col", "type"), ("sex", "dim")],
            **cube(1, 2, 3),
            "sexe": [("Itemcode", "Naam"), ("M", "man")],
        },
        {**cube(1, 2, 3), "sex": [("Itemcode", "Naam"), ("M", "man")]},
    ),
    "R014": (described(Description="inwoners"), described()),
    "R014_NAME": (described(Name="Inwoners"), described(Name="€ per inwoner")),
    "R014_TWICE": (
        {"i": [("Indicator code", "Name"), ("a", "x"), ("b", "X")]},
        {"i": [("Indicator code", "Name"), ("a", "x"), ("b", "y")]},
    ),
    "R014_CODE": (
        described(**{"Indicator code": LONG}),
        described(**{"Indicator code": LONG[:46]}),
    ),
    "R016": (described(Name="tevreden [enquête]"), described()),
    "R016_ABSENT": (
        described(**{"Sample indicator": "n", "Aggregation indicator": "gn"}),
        {
            "i": [
                ("Indicator code", "Sample indicator", "Aggregation indicator"),
                ("p", "n", "gn"),
                ("n", "", ""),
                ("gn", "", ""),
            ]
        },
    ),
    "R016_MARGIN": (
        {
            "i": [
                (
                    "Indicator code",
                    "Data type",
                    "Aggregation indicator",
                    "Threshold value",
                    "Threshold indicator",
                ),
                ("s", "Percentage", "s_vw", 79, "s_n"),
                ("s_vw", "", "", "", ""),
                ("s_n", "", "", "", ""),
            ]
        },
        described(),
    ),
    "R016_SCALE": (
        book({("2024", "gemeente", "41002"): (10, 500, 300)}),
        book({("2024", "gemeente", "41002"): (10, 700, 300)}),
    ),
    "R017": (
        both([*series(*[-99997] * 10), *series(21, 30, area="11002")]),
        both([*series(*[-99997] * 10), *series(2, 30, area="11002")]),
    ),
    "R018": (brackets(30, {4: {2}}), brackets(30, {4: {1, 2}})),
    "R020": ({"uitleg": [("lees dit",)], **both(series(1))}, both(series(1))),
}


def codes(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.message_code for finding in findings}


def checked(sheets: Sheets) -> tuple[Finding, ...]:
    return check(drafted(sheets), registry())


@pytest.mark.parametrize("code", FOUND)
def test_a_rule_finds_what_it_says(code: str) -> None:
    assert code in codes(checked(FOUND[code][0]))


@pytest.mark.parametrize("code", FOUND)
def test_a_rule_is_silent_where_all_is_well(code: str) -> None:
    assert code not in codes(checked(FOUND[code][1]))


def rolled_up(*units: str) -> tuple[Finding, ...]:
    """Check sectors that are rolled up, per indicator a unit; "" is one that no sheet describes."""
    codes = ("41002A00-", "41002A01-", "41002ZZZZ")
    names = [f"v{at}" for at in range(len(units))]
    rows = [(2024, "statsec", code, *(7 for _ in units)) for code in codes]
    told = [(name, unit) for name, unit in zip(names, units, strict=True) if unit]
    sheets: Sheets = {"s": [(*HEAD, *names), *rows], "i": [("Indicator code", "Unit"), *told]}
    return check(drafted(sheets, roll_up=("gemeente@2025",), levels=()), registry())


@pytest.mark.parametrize(
    ("units", "told"),
    [
        (("aantal", "personen"), []),
        (("aantal", "coëfficiënt"), [("R010_EMPTY", "warning", "v1", 1)]),
        (("aantal", ""), [("R010_EMPTY", "warning", "v1", 1)]),
        (("index", ""), [("R010_LEVEL", "error", "", 2)]),
        (("per 1000 inwoners",), [("R010_LEVEL", "error", "", 1)]),
    ],
)
def test_a_level_that_nothing_can_be_added_up_to_is_found(
    units: tuple[str, ...], told: list[tuple[str, str, str, int]]
) -> None:
    found = [each for each in rolled_up(*units) if each.rule == "R010"]
    rows = [(each.message_code, each.severity.value, each.column, each.count) for each in found]
    assert rows == told
    assert bool(blocking(tuple(found))) == any(row[1] == "error" for row in told)


def test_a_formula_fills_a_level_that_its_inputs_are_added_up_to() -> None:
    rows = [(2024, "statsec", code, 7, 9) for code in (*SECTORS, "41002ZZZZ")]
    head = ("Indicator code", "Unit", "Formula")
    told = [("a", "aantal", ""), ("b", "aantal", ""), ("r", "coëfficiënt", "a / b")]
    sheets: Sheets = {"s": [(*HEAD, "a", "b"), *rows], "i": [head, *told]}
    draft = drafted(sheets, roll_up=("gemeente@2025",), levels=())
    assert not [each for each in check(draft, registry()) if each.rule == "R010"]


@pytest.mark.parametrize(
    ("columns", "rule", "found"),
    [
        ({"Unit": "coefficient"}, "none", False),
        ({"Unit": "coefficient", "Aggregate geoitems": 1}, "sum", True),
        ({"Unit": "index", "Aggregation indicator": "v2"}, "weighted_mean", False),
        ({"Unit": "%"}, "none", False),
        ({"Unit": "euro per inwoner", "Aggregate geoitems": 1}, "sum", True),
        ({"Unit": "kWh per jaar"}, "sum", False),
        ({"Unit": ""}, "sum", False),
    ],
)
def test_what_is_no_sum_by_its_unit_is_added_up_only_where_the_sheet_says_so_and_that_is_found(
    columns: dict[str, object], rule: str, found: bool
) -> None:
    draft = drafted(described(**columns))
    assert draft.contract.indicators[0].aggregate_geo.value == rule
    assert ("R010" in codes(check(draft, registry()))) == found


def test_a_city_that_loads_its_own_figures_misses_no_area_of_another() -> None:
    own = [*sectors(2), *series(1, first=2024)]
    assert "R001" not in codes(checked(both(own)))
    missed = [each for each in checked(both(own[1:])) if each.rule == "R001"]
    assert [(each.parameters["areas"], each.count) for each in missed] == [("41002A00-", 1)]
    both_cities = checked(both([*sectors(2, "11002A00-"), *series(1, first=2024)]))
    missed = [each for each in both_cities if each.rule == "R001"]
    assert {each.parameters["areas"] for each in missed} == {"11002", "11002B01-"}


def test_every_rule_has_a_case_here_and_a_title_in_three_languages() -> None:
    elsewhere = {"R003", "R004", "R005", "R015", "R019", "R021"}
    assert {code[:4] for code in FOUND} | elsewhere == set(RULE_IDS)
    assert all(set(catalogue()[f"{rule}_TITLE"]) == set(LANGUAGES) for rule in RULE_IDS)


def with_areas(draft: Draft, areas: list[str]) -> Draft:
    at = draft.cells.column_names.index("area")
    column = pa.array(areas, pa.string()).dictionary_encode()
    return replace(draft, cells=draft.cells.set_column(at, "area", column))


def test_an_area_that_left_the_registry_is_found() -> None:
    draft = with_areas(drafted(both(series(1, 2))), ["41002", "99998"])
    found = [each for each in check(draft, registry()) if each.rule == "R003"]
    assert [(each.row, each.column, each.parameters["area"]) for each in found] == [
        (3, "v1", "99998")
    ]


def test_an_area_code_that_lost_its_zero_is_found_with_the_right_one() -> None:
    sheets = {"s": [(*HEAD, "v1"), (2024, "provincie", "01000", 1)]}
    draft = with_areas(drafted(sheets), ["1000"])
    found = check(draft, registry())
    assert [(each.rule, each.fix) for each in found if each.rule in {"R003", "R004"}] == [
        ("R004", "area:01000")
    ]


def test_a_key_that_stands_twice_is_found() -> None:
    draft = drafted(both(series(1, 2)))
    doubled = replace(draft, cells=pa.concat_tables([draft.cells, draft.cells.slice(0, 1)]))
    found = [each for each in check(doubled, registry()) if each.rule == "R005"]
    assert [(each.row, each.parameters["other_row"]) for each in found] == [(2, 2)]


def test_a_jump_of_the_whole_is_found_unless_it_was_written_down() -> None:
    codes_of = ["41002A00-", "41002A01-", "41002ZZZZ", "11002A00-", "11002B01-"]
    rows = [
        (year, "statsec", code, sex, value)
        for code in codes_of
        for sex in "MV"
        for year, value in ((2020, 100), (2021, 200))
    ]
    sheets = {"s": [(*HEAD, "sex", "v1"), *rows], "s_def": [("col", "type"), ("sex", "dim")]}
    draft = drafted(sheets)  # type: ignore[arg-type]
    found = [each for each in check(draft, registry()) if each.rule == "R015"]
    assert [(each.parameters["period"], each.count) for each in found] == [("2021", 10)]
    from hanse.cube.indicator import Break

    known = replace(draft.contract.indicators[0], breaks=(Break("2021", {"nl": "nieuwe bron"}),))
    told = replace(draft, contract=replace(draft.contract, indicators=(known,)))
    assert not [each for each in check(told, registry()) if each.rule == "R015"]


@pytest.mark.parametrize(
    ("sheets", "given_away"),
    [
        (cube(-99997, 4, 10), 1),
        (cube(-99997, -99997, 10), 0),
        (cube(3, 4, -99997), 1),
        (cube(-99997, 4, -99997), 0),
        (cube(-99997, -99999, 10), 0),
        (cube(-99997, -99998, 10), 1),
        (levels(-99997, 4, 5, whole=20), 1),
        (levels(-99997, -99997, 5, whole=20), 0),
        (levels(-99997, 4, 5, whole=-99997), 0),
        (levels(1, 4, 5, whole=-99997), 1),
    ],
)
def test_a_hidden_figure_is_found_exactly_where_it_can_be_worked_out(
    sheets: Sheets, given_away: int
) -> None:
    assert [each.rule for each in checked(sheets)].count("R018") == given_away


def test_a_numerator_hidden_beside_its_ratio_is_found() -> None:
    sheets: Sheets = {
        "s": [(*HEAD, "a", "b", "p"), (2024, "gemeente", "41002", -99997, 50, 12.5)],
        "i": [("Indicator code", "Formula"), ("a", ""), ("b", ""), ("p", "a/b*100")],
    }
    found = [each for each in checked(sheets) if each.rule == "R018"]
    assert [(each.column, each.row) for each in found] == [("a", 2)]


def test_a_figure_the_release_before_showed_is_found() -> None:
    draft = drafted(both(series(-99997, -99997)))
    before = draft.cells.select(["indicator", "level", "area", "period"])
    previous = before.append_column("obs_value", pa.array([6.0, None]))
    found = [each for each in check(draft, registry(), previous) if each.rule == "R018"]
    assert [(each.message_code, each.parameters["period"]) for each in found] == [
        ("R018_EARLIER", "2018")
    ]


def test_a_code_with_another_meaning_than_before_is_found() -> None:
    draft = drafted(described(Unit="promille"))
    before: Contract = drafted(described()).contract
    found = check(draft, registry(), None, before)
    assert {"R019_UNIT"} <= codes(found)
    assert not codes(check(draft, registry(), None, draft.contract)) & {"R019_UNIT", "R019_TYPE"}


def test_no_finding_repeats_a_hidden_figure() -> None:
    for finding in checked(brackets(30, {4: {2}, 7: {3}})):
        if finding.rule == "R018":
            said = " ".join(" ".join(finding.said(lang).values()) for lang in LANGUAGES)
            assert "20" not in said.replace("2004", "").replace("2007", "").replace("2025", "")


def test_a_long_list_ends_in_a_count() -> None:
    draft = drafted(both(series(*[-1] * (LISTED_MAX + 5), first=1000)))
    found = [each for each in check(draft, registry()) if each.rule == "R012"]
    assert len(found) == LISTED_MAX + 1
    assert (found[-1].message_code, found[-1].count) == ("CHECK_MORE", 5)


def test_an_accepted_finding_stops_nothing_and_carries_its_reason() -> None:
    draft = drafted(both(series(-3)))
    assert {each.rule for each in blocking(check(draft, registry()))} == {"R012"}
    accepted = accept(draft, "R012", "saldo van verhuizingen", "ann")
    found = check(accepted, registry())
    assert blocking(found) == ()
    assert [each.waived_reason for each in found if each.rule == "R012"] == [
        "saldo van verhuizingen"
    ]
    assert accepted.waivers == {"R012": "saldo van verhuizingen"}


def test_who_loaded_the_figures_may_not_accept_alone_that_they_can_be_worked_out() -> None:
    draft = drafted(brackets(30, {4: {2}}))
    with pytest.raises(Refused, match="WAIVER_OWN"):
        accept(draft, "R018", "alles is al openbaar", "ann")
    assert "R018" in accept(draft, "R018", "alles is al openbaar", "bob").waivers


@pytest.mark.parametrize("reason", ["", "ok", "x" * 501, "  te   kort "])
def test_a_reason_that_says_nothing_is_refused(reason: str) -> None:
    with pytest.raises(Invalid, match="WAIVER_REASON"):
        accept(drafted(both(series(1))), "R012", reason, "ann")


def test_a_check_takes_the_moment_from_nowhere() -> None:
    draft = drafted(both(series(1)))
    assert draft.created_at == NOW
    assert check(draft, registry()) == check(draft, registry())


def test_severities_are_the_three_a_reader_knows() -> None:
    assert [each.value for each in Severity] == ["error", "warning", "info"]
