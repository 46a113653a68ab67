"""The table of `tests/spec/tables/aggregation.py`, one test a row, and the rules around it."""

import pyarrow as pa
import pytest
from tests.spec.tables.aggregation import ROWS
from tests.support.drafts import Record, by, draft

from hanse.areas.correspondence import correspond
from hanse.cube.aggregate import at_level, complete, derive, roll_up, total, uncovered
from hanse.cube.codelist import Code, Codelist
from hanse.cube.indicator import Aggregation, Indicator
from hanse.cube.timescale import lengthen

FINE, COARSE = "wijk@2025", "gemeente@2025"
NAME = {"nl": "naam"}


def indicator(code: str, rule: Aggregation = Aggregation.SUM, **more: str) -> Indicator:
    return Indicator(code, NAME, NAME, more.pop("unit", "aantal"), aggregate_geo=rule, **more)  # type: ignore[arg-type]


INDICATORS = {
    "sum": (indicator("a"),),
    "weighted": (indicator("a", Aggregation.WEIGHTED_MEAN, weight="w"), indicator("w")),
    "share": (
        indicator("a", Aggregation.WEIGHTED_MEAN, unit="p", numerator="n", denominator="w"),
        indicator("n"),
        indicator("w"),
    ),
    "none": (indicator("a", Aggregation.NONE),),
}


def links_of(text: str) -> pa.Table:
    pairs = [link.split("→") for link in text.replace("∅", "").split()]
    links = []
    for child, end in pairs:
        parent, _, share = end.partition(":")
        links.append((child, parent, float(share) if share else None))
    children = list(dict.fromkeys(child for child, _, _ in links if child))
    parents = list(dict.fromkeys(parent for _, parent, _ in links if parent))
    return correspond((FINE, COARSE), links, children, parents).table()


def cells_of(rule: str, text: str, level: str) -> list[Record]:
    records: list[Record] = []
    for part in text.split():
        area, _, written = part.partition("=")
        first, _, weight = written.partition("*")
        code = "n" if rule == "share" else "a"
        records.append({"area": area, "level": level, "indicator": code, "cell": first})
        if weight:
            records.append({"area": area, "level": level, "indicator": "w", "cell": weight})
    return records


@pytest.mark.parametrize(("situation", "rule", "parts", "links", "loaded", "wholes"), ROWS)
def test_parts_become_wholes_by_their_rule(
    situation: str, rule: str, parts: str, links: str, loaded: str, wholes: str
) -> None:
    cells = draft([*cells_of(rule, parts, FINE), *cells_of("sum", loaded, COARSE)])
    computed = roll_up(cells, INDICATORS[rule], links_of(links), FINE, COARSE)
    assert computed.schema.equals(cells.schema)
    found = by(at_level(complete(cells, computed), COARSE), "indicator", "area")
    expected = dict(whole.split("=") for whole in wholes.split())
    assert {f"a {area}": cell for area, cell in expected.items()}.items() <= found.items(), (
        situation
    )
    assert {key for key in found if key.startswith("a ")} == {f"a {area}" for area in expected}


def test_breakdowns_and_periods_are_kept_apart() -> None:
    cells = draft(
        [
            {"area": "x", "SEX": "M", "period": "2023", "cell": "1"},
            {"area": "y", "SEX": "M", "period": "2023", "cell": "2"},
            {"area": "y", "SEX": "F", "period": "2023", "cell": "4"},
            {"area": "x", "SEX": "M", "period": "2024", "cell": "x"},
        ],
        ["SEX"],
    )
    computed = roll_up(cells, INDICATORS["sum"], links_of("x→P y→P"), FINE, COARSE)
    found = by(computed, "area", "period", "SEX")
    assert found == {"P 2023 M": "3", "P 2023 F": "4", "P 2024 M": "x"}


def test_a_computed_cell_says_where_it_comes_from() -> None:
    computed = roll_up(draft([{"cell": "1"}]), INDICATORS["sum"], links_of("W01→P"), FINE, COARSE)
    assert computed["source_sheet"].to_pylist() == [f"{FINE} → {COARSE}"]
    assert computed["source_row"].to_pylist() == [None]
    assert computed["level"].to_pylist() == [COARSE]


def test_a_plain_table_of_children_and_parents_will_do() -> None:
    links = pa.table({"child": ["W01", "W02", "W03"], "parent": ["P", "P", "Q"]})
    cells = draft([{"area": f"W0{at}", "cell": str(at)} for at in (1, 2, 3)])
    medians = roll_up(cells, INDICATORS["none"], links, FINE, COARSE)
    assert by(medians, "area") == {"P": "?", "Q": "3"}


def test_a_formula_follows_its_rolled_up_inputs_and_loaded_ones_first() -> None:
    indicators = (
        indicator("r", Aggregation.WEIGHTED_MEAN, formula="n / w * 100"),
        indicator("dubbel", Aggregation.SUM, formula="r * 2"),
        indicator("n"),
        indicator("w"),
    )
    cells = draft(
        [
            {"area": "x", "indicator": "n", "cell": "1"},
            {"area": "x", "indicator": "w", "cell": "4"},
            {"area": "y", "indicator": "n", "cell": "2"},
            {"area": "y", "indicator": "w", "cell": "8"},
            {"area": "P", "indicator": "w", "level": COARSE, "cell": "6"},
        ]
    )
    computed = roll_up(cells, indicators, links_of("x→P y→P"), FINE, COARSE)
    assert by(computed, "indicator") == {"n": "3", "w": "12", "r": "50", "dubbel": "100"}


def test_formulas_are_derived_in_the_order_they_need_each_other() -> None:
    indicators = (
        indicator("c", formula="b + 1"),
        indicator("b", formula="a * 2"),
        indicator("a"),
        indicator("elders", formula="niet_geladen + 1"),
    )
    cells = draft([{"cell": "3"}, {"area": "W02", "cell": "4"}, {"indicator": "b", "cell": "9"}])
    found = by(derive(cells, indicators), "indicator", "area")
    assert found == {
        "a W01": "3",
        "a W02": "4",
        "b W01": "9",
        "b W02": "8",
        "c W01": "10",
        "c W02": "9",
    }


@pytest.mark.parametrize(
    ("loaded", "expected"),
    [
        ({"x": "1", "y": "2"}, {"P": "3", "Q": "2"}),
        ({"x": "1"}, {"P": "?"}),
        ({"x": "x"}, {"P": "x"}),
        ({"x": "1", "y": "-"}, {"P": "1", "Q": "-"}),
    ],
)
def test_a_whole_that_lacks_a_needed_part_altogether_is_unknown(
    loaded: dict[str, str], expected: dict[str, str]
) -> None:
    links = pa.table(
        {
            "child": ["x", "y", "onbekend", "y"],
            "parent": ["P", "P", "P", "Q"],
            "type": ["aggregate", "aggregate", "aggregate", "identity"],
            "needed": [True, True, False, True],
        }
    )
    cells = draft({"area": area, "cell": cell} for area, cell in loaded.items())
    assert by(roll_up(cells, INDICATORS["sum"], links, FINE, COARSE), "area") == expected


def test_a_part_is_lacking_for_the_indicator_that_has_no_cell_there_only() -> None:
    links = pa.table({"child": ["x", "y"], "parent": ["P", "P"], "needed": [True, True]})
    cells = draft(
        [
            {"area": "x", "cell": "1"},
            {"area": "y", "cell": "2"},
            {"area": "x", "indicator": "b", "cell": "4"},
            {"area": "x", "period": "2023", "cell": "8"},
        ]
    )
    computed = roll_up(cells, (indicator("a"), indicator("b")), links, FINE, COARSE)
    assert by(computed, "indicator", "period") == {"a 2024": "3", "a 2023": "8", "b 2024": "?"}


def test_areas_that_a_roll_up_would_lose_are_named() -> None:
    cells = draft([{"area": "x", "cell": "1"}, {"area": "verdwaald", "cell": "2"}])
    assert uncovered(cells, links_of("x→P"), FINE) == ("verdwaald",)


AGES = Codelist(
    "CL_AGE",
    (
        Code("_T", NAME),
        Code("Y0T17", NAME, "_T"),
        Code("Y0T9", NAME, "Y0T17"),
        Code("Y10T17", NAME, "Y0T17"),
        Code("Y_GE18", NAME),
    ),
)


def test_a_breakdown_adds_up_to_its_totals_and_never_twice() -> None:
    cells = draft(
        [
            {"AGE": "Y0T9", "cell": "1"},
            {"AGE": "Y10T17", "cell": "2"},
            {"AGE": "Y0T17", "cell": "3"},
            {"AGE": "Y_GE18", "cell": "10"},
        ],
        ["AGE"],
    )
    assert by(total(cells, (indicator("a"),), "AGE", AGES), "AGE") == {"Y0T17": "3", "_T": "13"}


def test_a_hidden_part_of_a_breakdown_hides_its_totals() -> None:
    cells = draft([{"AGE": "Y0T9", "cell": "x"}, {"AGE": "Y_GE18", "cell": "10"}], ["AGE"])
    assert by(total(cells, (indicator("a"),), "AGE", AGES), "AGE") == {"Y0T17": "x", "_T": "x"}


QUARTERS = [{"period": f"2024-Q{number}", "cell": str(number)} for number in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("rule", "cells", "expected"),
    [
        (Aggregation.SUM, QUARTERS, {"2024": "10"}),
        (Aggregation.MEAN, QUARTERS, {"2024": "2.5"}),
        (Aggregation.FIRST, QUARTERS, {"2024": "1"}),
        (Aggregation.NONE, QUARTERS, {}),
        (Aggregation.SUM, QUARTERS[:3], {"2024": "?"}),
        (Aggregation.FIRST, QUARTERS[1:], {}),
        (Aggregation.SUM, [*QUARTERS[:3], {"period": "2024-Q4", "cell": "x"}], {"2024": "x"}),
        (Aggregation.SUM, [*QUARTERS[:3], {"period": "2024-Q4", "cell": "-"}], {"2024": "6"}),
        (Aggregation.SUM, [{"period": "2024", "cell": "5"}], {}),
    ],
)
def test_short_periods_become_a_long_one_by_their_rule(
    rule: Aggregation, cells: list[Record], expected: dict[str, str]
) -> None:
    each = Indicator("a", NAME, NAME, "aantal", aggregate_time=rule)
    assert by(lengthen(draft(cells), (each,), "A"), "period") == expected


def test_the_longest_of_the_shorter_periods_counts() -> None:
    months = [{"period": f"2024-{month:02}", "cell": "1"} for month in range(1, 13)]
    each = Indicator("a", NAME, NAME, "aantal", aggregate_time=Aggregation.SUM)
    assert by(lengthen(draft([*months, *QUARTERS]), (each,), "A"), "period") == {"2024": "10"}
    quarters = lengthen(draft(months), (each,), "Q")
    assert by(quarters, "period") == {f"2024-Q{number}": "3" for number in (1, 2, 3, 4)}
