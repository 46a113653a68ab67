"""How an interval is made by each method, and what no table may say beside a hidden figure."""

import math
from dataclasses import replace

import pyarrow as pa
import pytest
from tests.support.cells import cube

from hanse.cube.changes import Transition, together
from hanse.cube.cleared import scrub
from hanse.cube.differences import told
from hanse.cube.indicator import Indicator, Sample
from hanse.cube.sampled import at_confidence, kept_intervals, with_intervals
from hanse.cube.survey import Z_OF_CONFIDENCE
from hanse.errors import Invalid

SAMPLE = Sample("n", "base", "sd", counted_indicator="t", lower_indicator="low",
                upper_indicator="high", population_indicator=None)  # fmt: skip
FIGURES = {"x": 40.0, "n": 400.0, "base": 10_000.0, "sd": 2.5, "t": 180.0, "low": 35.04,
           "high": 46.46}  # fmt: skip
SHRUNK = math.sqrt(1 - 400 / 10_000)
MADE = {
    "swing-p-weighted-fpc": (1.96 * math.sqrt(40 * 60 / 400) * SHRUNK,) * 2,
    "p-unweighted-fpc": (1.96 * math.sqrt(45 * 55 / 400) * SHRUNK,) * 2,
    "mean-sd-fpc": (1.96 * 2.5 / math.sqrt(400) * SHRUNK,) * 2,
    "supplied": (40.0 - 35.0, 46.5 - 40.0),
}
"""How far the ends lie from 40; bounds that are supplied are rounded to one decimal."""


def cells(hidden: frozenset[str] = frozenset(), period: str = "2023", **own: float) -> pa.Table:
    rows = [
        (name, "gemeente@2025", "41002", period, None if name in hidden else value,
         "Q" if name in hidden else "A", "C" if name in hidden else "F")
        for name, value in {**FIGURES, **own}.items()
    ]  # fmt: skip
    return cube(rows)


def question(**how: object) -> Indicator:
    return Indicator("x", {"nl": "x"}, {"nl": ""}, "p", sample=replace(SAMPLE, **how))  # type: ignore[arg-type]


def first(table: pa.Table) -> dict[str, object]:
    row: dict[str, object] = table.to_pylist()[0]
    return row


@pytest.mark.parametrize("method", MADE)
def test_each_method_has_its_own_interval(method: str) -> None:
    row = first(with_intervals(cells(), [question(ci_method=method)]))
    below, above = MADE[method]
    assert row["ci_low"] == pytest.approx(40 - below)
    assert row["ci_high"] == pytest.approx(40 + above)
    assert (row["ci_method"], row["n"]) == (method, 400.0)


def test_weights_that_add_up_to_the_sample_leave_the_population_aside() -> None:
    row = first(with_intervals(cells(base=400.0), [question(weight_scale="normalised")]))
    assert row["ci_high"] == pytest.approx(40 + 1.96 * math.sqrt(40 * 60 / 400))


def test_a_score_has_its_n_and_no_interval() -> None:
    row = first(with_intervals(cells(), [question(ci_method="none")]))
    assert [row[name] for name in ("ci_low", "ci_high", "z")] == [None] * 3
    assert (row["n"], row["ci_method"]) == (400.0, "none")


@pytest.mark.parametrize("figures", [{"n": 12.0, "base": 900.0}, {"x": 0.0}, {"x": 100.0}])
def test_a_wide_or_a_certain_figure_is_little_reliable(figures: dict[str, float]) -> None:
    assert first(with_intervals(cells(**figures), [question()]))["obs_status"] == "U"  # type: ignore[arg-type]
    assert first(with_intervals(cells(), [question()]))["obs_status"] == "A"


def test_supplied_bounds_and_means_are_not_those_of_a_whole() -> None:
    made = cells().append_column("computed", pa.array(["wijk@2025"] * len(FIGURES)))
    for method in MADE:
        row = first(with_intervals(made, [question(ci_method=method)]))
        assert (row["ci_low"] is None) is (method in {"supplied", "mean-sd-fpc"})


def test_a_house_keeps_its_own_interval_where_parts_are_not_open() -> None:
    own = with_intervals(cells(), [question()])
    alone = own.slice(0, 1)
    bare = alone.drop_columns(["ci_low", "ci_high", "n", "ci_method", "z"])
    again = with_intervals(bare, [question()])
    assert first(again)["ci_low"] is None
    assert first(kept_intervals(again, alone)) == first(alone)


@pytest.mark.parametrize("name", ["ci_low", "ci_high", "n"])
def test_nothing_leaves_that_says_how_sure_a_hidden_figure_is(name: str) -> None:
    table = with_intervals(cells(frozenset({"x"})), [question()])
    place = table.schema.get_field_index(name)
    leaky = table.set_column(place, name, pa.array([7.0] + [None] * (len(FIGURES) - 1)))
    with pytest.raises(Invalid) as raised:
        scrub(leaky)
    assert raised.value.code == "CELLS_HIDDEN_NUMBER"


def test_a_dataset_may_begin_to_say_how_sure_it_is() -> None:
    older, newer = cells(), with_intervals(cells(), [question()])
    ((found,),) = together([Transition(older, newer)])
    assert found.updated.table.column("indicator").to_pylist() == ["x"]
    assert first(found.before.table)["ci_low"] is None
    assert Transition(newer, newer).rows == 0


def test_nothing_is_said_of_differences_between_methods() -> None:
    one = with_intervals(cells(), [question()])
    two = with_intervals(cells(period="2024", x=60.0), [question(ci_method="p-unweighted-fpc")])
    table, found = told(pa.concat_tables([one, two]))
    assert [(each.code, each.significant) for each in found] == [("SURVEY_GAP_METHOD", None)]
    assert set(table.column("since_before").to_pylist()) == {""}


@pytest.mark.parametrize("percent", [90, 95, 99])
def test_margins_may_be_asked_at_another_confidence(percent: int) -> None:
    """The same as if the house had published them at it."""
    z = Z_OF_CONFIDENCE[percent]
    published = with_intervals(cells(), [question(z=z)])
    asked = at_confidence(with_intervals(cells(), [question()]), z)
    assert first(asked)["z"] == z
    for name in ("ci_low", "ci_high"):
        assert first(asked)[name] == pytest.approx(first(published)[name])
    assert asked.column("obs_value") == published.column("obs_value")


@pytest.mark.parametrize("method", ["supplied", "wilson", "none"])
def test_margins_that_are_not_made_of_errors_stay_as_they_are(method: str) -> None:
    made = with_intervals(cells(), [question()])
    place = made.schema.get_field_index("ci_method")
    other = made.set_column(place, "ci_method", pa.array([method] * made.num_rows))
    assert at_confidence(other, 2.576).to_pylist() == other.to_pylist()
    assert at_confidence(cells(), 2.576).column_names == cells().column_names


def test_a_difference_is_sure_or_not_at_the_confidence_that_is_asked() -> None:
    one = with_intervals(cells(), [question()])
    two = with_intervals(cells(period="2024", x=60.0), [question()])
    both = pa.concat_tables([one, two])
    margins = {
        percent: told(both, Z_OF_CONFIDENCE[percent])[1][0].margin for percent in (90, 95, 99)
    }
    assert None not in margins.values()
    assert margins[90] < margins[95] < margins[99]  # type: ignore[operator]
