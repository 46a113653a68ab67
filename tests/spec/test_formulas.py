"""The table of `tests/spec/tables/formulas.py`, one test a row, and formulas over cubes."""

import pytest
from tests.spec.tables.formulas import ROWS
from tests.support.drafts import Record, by, draft

from hanse.cube import expression
from hanse.cube.cells import draft_schema
from hanse.cube.formula import evaluate, in_order, parse
from hanse.cube.indicator import SourceThreshold
from hanse.errors import Invalid

THRESHOLDS = {"onder21": SourceThreshold(21.0), "aandeel": SourceThreshold(5.0, on="teller")}


def cells_of(text: str) -> list[Record]:
    records: list[Record] = []
    for part in text.split():
        place, _, cell = part.partition("=")
        code, _, period = place.partition("@")
        records.append({"indicator": code, "period": period, "cell": cell})
    return records


def outcome_of(formula: str, cells: str) -> str:
    try:
        result = evaluate(parse(formula), "z", draft(cells_of(cells)), THRESHOLDS)
    except Invalid as fault:
        return f"{fault.code} {fault.parameters.get('position', '')}".strip()
    assert result.schema.equals(draft_schema())
    assert set(result["indicator"].to_pylist()) <= {"z"}
    found = by(result, "period")
    return " ".join(f"{period}={found[period]}" for period in sorted(found))


@pytest.mark.parametrize(("situation", "formula", "cells", "outcome"), ROWS)
def test_a_formula_has_one_outcome(situation: str, formula: str, cells: str, outcome: str) -> None:
    assert outcome_of(formula, cells) == outcome, situation


CUBE = [
    {"indicator": "kubus", "GESLACHT": "M", "cell": "4"},
    {"indicator": "kubus", "GESLACHT": "V", "cell": "x"},
    {"indicator": "kubus", "GESLACHT": "_T", "cell": "10"},
    {"indicator": "kubus", "GESLACHT": "M", "LEEFTIJD_3": "0", "cell": "1"},
    {"indicator": "kubus", "LEEFTIJD_3": "0", "cell": "3"},
    {"indicator": "noemer", "cell": "20"},
    {"indicator": "noemer", "GESLACHT": "M", "cell": "8"},
]


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("cell(kubus, geslacht_M)", "4"),
        ("cell(kubus, GESLACHT_m) / noemer", "0.2"),
        ("cell(kubus)", "10"),
        ('cell(kubus, "geslacht_V")', "x"),
        ("cell(kubus) - cell(kubus, geslacht_V)", "x"),
        ("cell(kubus, leeftijd_3_0)", "3"),
        ("cell(kubus, geslacht_M, leeftijd_3_0)", "1"),
        ("cell(kubus, geslacht_X) + noemer - noemer", "0"),
        ("noemer + cell(kubus)", "30"),
    ],
)
def test_a_formula_takes_one_cell_of_a_cube(formula: str, result: str) -> None:
    cells = draft(CUBE, ["GESLACHT", "LEEFTIJD_3"])
    found = by(evaluate(parse(formula), "z", cells), "GESLACHT", "LEEFTIJD_3")
    assert found == {"_T _T": result}


def test_an_item_of_no_breakdown_is_refused() -> None:
    for dimensions in (["GESLACHT", "LEEFTIJD_3"], []):
        cells = draft(CUBE[:1] if dimensions else [{"indicator": "kubus", "cell": "1"}], dimensions)
        with pytest.raises(Invalid) as fault:
            evaluate(parse("cell(kubus, inkomen_1)"), "z", cells)
        assert fault.value.code == "FORMULA_ITEM"


def test_a_formula_without_cubes_is_computed_for_every_breakdown() -> None:
    found = by(
        evaluate(parse("noemer * 2"), "z", draft(CUBE, ["GESLACHT", "LEEFTIJD_3"])), "GESLACHT"
    )
    assert found == {"_T": "40", "M": "16"}


def test_areas_and_levels_are_kept_apart() -> None:
    cells = draft(
        [
            {"area": "11002", "level": "gemeente@2024", "cell": "1"},
            {"area": "11002", "level": "gemeente@2025", "cell": "2"},
            {"area": "11002", "level": "gemeente@2025", "indicator": "b", "cell": "3"},
        ]
    )
    found = by(evaluate(parse("a + b"), "z", cells), "level", "area")
    assert found == {"gemeente@2024 11002": "1", "gemeente@2025 11002": "5"}


@pytest.mark.parametrize(
    ("numerator", "share", "shown"),
    [("4", "40", "x"), ("5", "40", "40"), ("0", "0", "0"), ("-", "40", "x")],
)
def test_a_threshold_may_look_at_another_indicator(numerator: str, share: str, shown: str) -> None:
    cells = draft(
        [{"indicator": "teller", "cell": numerator}, {"indicator": "aandeel", "cell": share}]
    )
    result = evaluate(parse("threshold(aandeel)"), "z", cells, THRESHOLDS)
    assert by(result, "indicator") == {"z": shown}


def test_a_result_says_which_formula_it_comes_from_and_keeps_its_flag() -> None:
    cells = draft([{"cell": "1", "flag": "P"}, {"indicator": "b", "cell": "1", "flag": "A"}])
    result = evaluate(parse("a+b"), "z", cells)
    assert result["source_sheet"].to_pylist() == ["= a+b"]
    assert result["flag"].to_pylist() == ["P"]


def test_without_cells_there_are_no_results() -> None:
    assert evaluate(parse("a + cell(b)"), "z", draft([])).num_rows == 0
    assert evaluate(parse("a"), "z", draft([{"indicator": "b", "cell": "1"}])).num_rows == 0


def test_the_inputs_of_a_formula_are_known() -> None:
    formula = parse(
        'A + data_from_period(b,"-1") / cell(K, x_y) + threshold(t) + data_from_mrp(m,0)'
    )
    assert formula.inputs == {"a", "b", "k", "t", "m"}
    assert formula.anchors == {"a", "k", "t"}


def test_formulas_stand_after_what_they_need() -> None:
    formulas = {code: parse(text) for code, text in {"c": "b+a", "a": "1*x", "b": "a+1"}.items()}
    assert in_order(formulas) == ("a", "b", "c")


def test_formulas_in_a_circle_are_refused() -> None:
    with pytest.raises(Invalid) as fault:
        in_order({"a": parse("b"), "b": parse("a + 1"), "c": parse("c")})
    assert fault.value.code == "FORMULA_CYCLE"


@pytest.mark.parametrize(
    "text",
    [
        "a" * (expression.TEXT_LENGTH_MAX + 1),
        "(" * (expression.DEPTH_MAX + 1) + "a" + ")" * (expression.DEPTH_MAX + 1),
        "-" * (expression.DEPTH_MAX + 1) + "a",
        "+".join(["a"] * expression.NODES_MAX),
        "(((" * 400,
    ],
)
def test_a_formula_beyond_its_limits_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as fault:
        parse(text)
    assert fault.value.code == "FORMULA_LIMIT"


@pytest.mark.parametrize(
    "text",
    [
        "a" * expression.TEXT_LENGTH_MAX,
        "(" * expression.DEPTH_MAX + "a" + ")" * expression.DEPTH_MAX,
        "-" * expression.DEPTH_MAX + "a",
        "+".join(["a"] * (expression.NODES_MAX // 2)),
    ],
)
def test_a_formula_at_its_limits_is_read_and_evaluated(text: str) -> None:
    assert evaluate(parse(text), "z", draft([{"cell": "1"}])).num_rows in {0, 1}


def test_a_shift_beyond_all_years_finds_nothing() -> None:
    text = f'a + data_from_period(a,"-{expression.SHIFT_MAX}")'
    assert by(evaluate(parse(text), "z", draft([{"cell": "1"}])), "period") == {"2024": "1"}
    with pytest.raises(Invalid):
        parse(f'a + data_from_period(a,"{expression.SHIFT_MAX + 1}")')
