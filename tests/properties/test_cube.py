"""What holds for every period, every sum and every formula, not only for those we thought of."""

import random
from collections import defaultdict
from datetime import timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.drafts import STATES, Record, by, draft, written

from hanse.areas.correspondence import correspond
from hanse.cube import expression
from hanse.cube.aggregate import roll_up
from hanse.cube.algebra import STATE_ORDER, combine, sum_cells
from hanse.cube.formula import evaluate, parse
from hanse.cube.indicator import Aggregation, Indicator
from hanse.cube.period import MONTHS, YEAR_MAX, YEAR_MIN, Period
from hanse.cube.status import FORMS, HIDDEN, CellState
from hanse.errors import Invalid

YEARS = st.integers(YEAR_MIN + 1, YEAR_MAX - 1)
STARTS = st.one_of(
    st.just(""),
    st.builds("--{:02}-{:02}".format, st.integers(1, 12), st.integers(1, 28)).filter(
        "--01-01".__ne__
    ),
)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    freq = draw(st.sampled_from(sorted(MONTHS)))
    number = draw(st.integers(1, 12 // MONTHS[freq]))
    return Period.of(freq, draw(YEARS), number, draw(STARTS))


@given(periods())
def test_a_period_is_read_back_from_its_spelling(period: Period) -> None:
    assert Period.parse(str(period), period.reporting_year_start) == period
    assert Period.parse_swing(period.swing, period.reporting_year_start) == period
    assert Period.of(period.freq, period.year, period.number, period.reporting_year_start) == period


@given(periods(), st.integers(-11, 11))
def test_a_period_follows_the_one_before_it_without_a_gap(period: Period, count: int) -> None:
    assert period.start_date <= period.end_date
    if YEAR_MIN < period.year < YEAR_MAX - 12:
        assert period.shift(1).start_date - period.end_date == timedelta(days=1)
    if YEAR_MIN + 12 < period.year < YEAR_MAX - 12:
        assert period.shift(count).shift(-count) == period
        assert (period.shift(count) < period) is (count < 0)


@given(st.text(max_size=40), st.one_of(STARTS, st.text(max_size=10)))
def test_what_is_no_period_is_invalid_and_nothing_else(text: str, start: str) -> None:
    try:
        period = Period.parse(text, start)
    except Invalid:
        return
    assert Period.parse(str(period), period.reporting_year_start) == period


CELLS = st.one_of(st.integers(-1000, 1000).map(str), st.sampled_from(sorted(STATES)))
AREAS = st.sampled_from(["W1", "W2", "W3"])


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    row = st.fixed_dictionaries(
        {"area": AREAS, "period": st.sampled_from(["2023", "2024"]), "cell": CELLS}
    )
    found: list[Record] = draw(st.lists(row, max_size=12))
    return found


def naive_sum(parts: list[str]) -> str:
    """The same algebra as a reader would do it, one part after another."""
    states = [STATES.get(part, CellState.VALUE) for part in parts]
    if any(state in HIDDEN for state in states):
        return "x"
    if CellState.UNKNOWN in states:
        return "?"
    if CellState.VALUE in states:
        return f"{sum(float(part) for part in parts if part not in STATES):g}"
    return "nvt" if set(states) == {CellState.NOT_APPLICABLE} else "-"


@given(records())
def test_sums_in_columns_are_the_sums_a_reader_would_make(cells: list[Record]) -> None:
    groups: dict[str, list[str]] = defaultdict(list)
    for cell in cells:
        groups[f"{cell['area']} {cell['period']}"].append(cell["cell"])
    expected = {key: naive_sum(parts) for key, parts in groups.items()}
    assert by(sum_cells(draft(cells), ["area", "period"]), "area", "period") == expected


@given(records(), st.randoms(use_true_random=False))
def test_a_sum_does_not_depend_on_the_order_of_its_parts(
    cells: list[Record], chance: random.Random
) -> None:
    shuffled = list(cells)
    chance.shuffle(shuffled)
    sums = [by(sum_cells(draft(each), ["area"]), "area") for each in (cells, shuffled)]
    assert sums[0] == sums[1]


@given(records(), st.integers(1, 11))
def test_a_sum_does_not_depend_on_how_the_table_is_cut(cells: list[Record], cut: int) -> None:
    table = draft(cells)
    chunked = pa.concat_tables([draft(cells[:cut]), draft(cells[cut:])])
    assert by(sum_cells(chunked, ["area"]), "area") == by(sum_cells(table, ["area"]), "area")


@given(st.lists(st.sampled_from(list(CellState))), st.sampled_from(list(CellState)))
def test_one_more_part_never_makes_a_whole_less_poisoned(
    states: list[CellState], more: CellState
) -> None:
    before, after = combine(states), combine([*states, more])
    if states:
        assert STATE_ORDER.index(after) >= STATE_ORDER.index(before)
    assert not FORMS[before].poisons or FORMS[after].poisons
    assert FORMS[after].poisons is any(FORMS[state].poisons for state in [*states, more])
    assert combine(reversed(states)) is before


@given(st.lists(st.lists(st.sampled_from(list(CellState)), min_size=1), min_size=1))
def test_a_sum_of_sums_is_the_sum_of_all(groups: list[list[CellState]]) -> None:
    everything = [state for group in groups for state in group]
    assert combine(map(combine, groups)) is combine(everything)


@given(records(), st.lists(st.sampled_from(["P", "Q", ""]), min_size=3, max_size=3))
def test_a_roll_up_in_columns_is_the_one_a_reader_would_make(
    cells: list[Record], parents: list[str]
) -> None:
    unique = {(each["area"], each["period"]): each for each in cells}
    parent_of = dict(zip(["W1", "W2", "W3"], parents, strict=True))
    links = [(child, parent, None) for child, parent in parent_of.items()]
    table = correspond(("wijk@2025", "gemeente@2025"), links, [*parent_of], ["P", "Q"]).table()
    each = Indicator("a", {"nl": "a"}, {"nl": "a"}, "aantal", aggregate_geo=Aggregation.SUM)
    computed = roll_up(draft(unique.values()), (each,), table, "wijk@2025", "gemeente@2025")
    groups: dict[str, list[str]] = defaultdict(list)
    for cell in unique.values():
        if parent_of[cell["area"]]:
            groups[f"{parent_of[cell['area']]} {cell['period']}"].append(cell["cell"])
        for orphan in {"P", "Q"} - set(parents):
            groups[f"{orphan} {cell['period']}"].append("?")
    assert by(computed, "area", "period") == {
        key: naive_sum(parts) for key, parts in groups.items()
    }


@given(st.text(alphabet="ab1 .+-*/(),\"'e_%cell sqrtdatfromperiodthreshold", max_size=60))
@settings(max_examples=400)
def test_reading_a_formula_fails_with_invalid_or_not_at_all(text: str) -> None:
    try:
        formula = parse(text)
    except Invalid:
        return
    assert formula.inputs


@given(st.text(max_size=200))
def test_no_text_at_all_makes_the_reader_stumble(text: str) -> None:
    try:
        parse(text)
    except Invalid:
        return


Pair = tuple[float, str]
"""A number (zero where there is none) and the state it is in, as a test writes it."""

OPERANDS = st.one_of(st.integers(-9, 9).map(str), st.sampled_from(["x", "?", "-", "nvt"]))


@st.composite
def formulas(draw: st.DrawFn) -> str:
    leaves = st.sampled_from(["a", "b", "c", "2", "0", "3.5"])
    tree = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
            st.builds("{}({})".format, st.sampled_from(["sqrt", "round", "-"]), inner),
        ),
        max_leaves=8,
    )
    return f"a * 0 + {draw(tree)}"


def naive(node: expression.Node, cells: dict[str, str]) -> str:
    """A formula worked out for one cell, number by number."""
    match node:
        case expression.Number(value):
            return repr(value)
        case expression.Series(code):
            return cells[code]
        case expression.Call(name, argument):
            inner = naive(argument, cells)
            return inner if inner in STATES else naive_call(name, float(inner))
        case expression.Binary(operator, left, right):
            return naive_binary(operator, naive(left, cells), naive(right, cells))
    raise AssertionError(node)


def naive_call(name: str, value: float) -> str:
    if name == "sqrt":
        return "nvt" if value < 0 else repr(value**0.5)
    if name == "round":
        size = float(int(abs(value) + 0.5))
        return repr(size if value > 0 else -size)
    return repr(-value)


def naive_binary(operator: str, left: str, right: str) -> str:
    for poison in ("x", "?"):
        if poison in (left, right):
            return poison
    ignored = [side for side in (left, right) if side in STATES]
    if operator in "+-" and len(ignored) < 2:
        return repr(eval_sum(operator, left, right))
    if ignored:
        return "-" if "-" in ignored else "nvt"
    if operator == "*":
        return repr(float(left) * float(right))
    return "nvt" if float(right) == 0 else repr(float(left) / float(right))


def eval_sum(operator: str, left: str, right: str) -> float:
    first, second = (0.0 if side in STATES else float(side) for side in (left, right))
    return first + second if operator == "+" else first - second


@given(formulas(), st.tuples(OPERANDS, OPERANDS, OPERANDS))
@settings(max_examples=300)
def test_formulas_over_columns_are_formulas_over_single_cells(
    text: str, cells: tuple[str, str, str]
) -> None:
    values = dict(zip("abc", cells, strict=True))
    formula = parse(text)
    table = draft({"indicator": code, "cell": cell} for code, cell in values.items())
    result = evaluate(formula, "z", table)
    expected = naive(formula.root, values)
    if expected in STATES:
        assert written(result, 0) == expected
    else:
        found = result["value"][0].as_py()
        assert abs(found - float(expected)) <= 1e-9 * max(1.0, abs(float(expected)))


@given(formulas(), st.tuples(OPERANDS, OPERANDS, OPERANDS), st.sampled_from("abc"))
def test_hiding_one_more_input_never_shows_more(
    text: str, cells: tuple[str, str, str], hidden: str
) -> None:
    values = dict(zip("abc", cells, strict=True))
    formula = parse(text)

    def outcome(of: dict[str, str]) -> str:
        table = draft({"indicator": code, "cell": cell} for code, cell in of.items())
        return written(evaluate(formula, "z", table), 0)

    after = outcome({**values, hidden: "x"})
    if hidden in formula.inputs:
        assert after == "x"
    if outcome(values) == "x":
        assert after == "x"
