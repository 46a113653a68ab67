"""Intervals beside figures: the same as made one by one, of sums, and of nothing that is hidden."""

import math

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from tests.support.cells import cube

from hanse.cube.cells import SAMPLE_COLUMNS
from hanse.cube.cleared import scrub
from hanse.cube.indicator import Indicator, Sample
from hanse.cube.sampled import with_intervals
from hanse.cube.survey import Answered, Practice, result

QUESTION = Indicator(
    "x_p", {"nl": "x"}, {"nl": ""}, "p", numerator="x_gt", denominator="x_gn",
    formula="x_gt / x_gn * 100", sample=Sample("x_n", "x_gn"),
)  # fmt: skip
PARTS = ("x_gt", "x_gn", "x_n")


@st.composite
def answered(draw: st.DrawFn) -> Answered:
    n = draw(st.integers(1, 2_000))
    base = n * draw(st.floats(1.0, 60.0))
    return Answered(base * draw(st.floats(0, 1)), base, float(n))


def table(told: Answered, hidden: frozenset[str] = frozenset()) -> pa.Table:
    """Return the released cells of one question in one area."""
    value = 100 * told.weighted / told.base
    figures = dict(zip((*PARTS, "x_p"), (told.weighted, told.base, told.n, value), strict=True))
    return cube(
        [
            (name, "gemeente@2025", "41002", "2023", None if name in hidden else figure,
             "Q" if name in hidden else "A", "C" if name in hidden else "F")
            for name, figure in figures.items()
        ]
    )  # fmt: skip


def beside(cells: pa.Table) -> dict[str, object]:
    rows = scrub(with_intervals(cells, [QUESTION])).table.to_pylist()
    (found,) = [row for row in rows if row["indicator"] == "x_p"]
    assert all(row[name] is None for row in rows if row is not found for name in ("ci_low", "n"))
    return {name: found[name] for name in (*SAMPLE_COLUMNS, "obs_value", "obs_status")}


@given(answered())
def test_an_interval_beside_a_figure_is_that_of_its_answers(told: Answered) -> None:
    found, wanted = beside(table(told)), result(told, Practice())
    assert wanted.interval is not None
    for name, end in zip(("ci_low", "ci_high"), wanted.interval, strict=True):
        assert math.isclose(float(str(found[name])), end, rel_tol=1e-9, abs_tol=1e-9)
    assert (found["n"], found["z"]) == (told.n, 1.96)


@given(answered())
def test_everybody_asked_has_no_margin(told: Answered) -> None:
    all_asked = Answered(told.weighted * told.n / told.base, told.n, told.n)
    found = beside(table(all_asked))
    assert found["ci_low"] == found["ci_high"] == found["obs_value"]


@given(answered(), st.sets(st.sampled_from([*PARTS, "x_p"]), min_size=1))
def test_a_hidden_figure_or_part_leaves_no_margin_and_no_n(
    told: Answered, hidden: set[str]
) -> None:
    found = beside(table(told, frozenset(hidden)))
    if hidden & {"x_p", "x_n", "x_gn"}:
        assert (found["ci_low"], found["ci_high"]) == (None, None)
    if hidden & {"x_p", "x_n"}:
        assert found["n"] is None
