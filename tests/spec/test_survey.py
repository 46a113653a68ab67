"""Margins by the documented formulas, thresholds on the unweighted n, and what differs for sure."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.cube.status import Flag
from hanse.cube.survey import (
    Z_OF_CONFIDENCE,
    Answered,
    Method,
    Practice,
    Result,
    WeightScale,
    gap,
    mean_margin,
    proportion_margin,
    result,
    together,
)
from hanse.errors import Invalid

EXAMPLE = Answered(weighted=4602.75, base=11626.85, n=408)
"""The worked example of the published method."""


def test_the_worked_example_has_a_margin_of_4_66() -> None:
    found = result(EXAMPLE, Practice())
    assert found.value is not None
    assert found.margin is not None
    assert found.value == pytest.approx(39.587248, abs=1e-6)
    assert found.margin == pytest.approx(4.661343, abs=1e-6)
    assert f"{found.margin:.2f}" == "4.66"
    assert found.interval == pytest.approx((34.93, 44.25), abs=5e-3)
    assert (found.method, found.flag) == (Method.WEIGHTED, Flag.NORMAL)


@pytest.mark.parametrize(("confidence", "margin"), [(90, 3.912199), (99, 6.126337)])
def test_a_reader_may_ask_for_another_confidence(confidence: int, margin: float) -> None:
    found = result(EXAMPLE, Practice(z=Z_OF_CONFIDENCE[confidence]))
    assert found.margin == pytest.approx(margin, abs=1e-6)


@pytest.mark.parametrize(
    ("n", "at_half", "at_85"),
    [(79, 11.03, 7.87), (135, 8.43, 6.02), (200, 6.93, 4.95), (700, 3.70, 2.65)],
)
def test_margins_of_a_very_large_population(n: int, at_half: float, at_85: float) -> None:
    assert round(proportion_margin(50, n, None), 2) == at_half
    assert round(proportion_margin(85, n, None), 2) == at_85


def test_normalised_weights_make_no_margin_of_nothing() -> None:
    normalised = Answered(weighted=161.5, base=408, n=408)
    as_population = result(normalised, Practice())
    assert as_population.margin == 0.0
    assert "SURVEY_BASE_SMALL" in as_population.warnings
    told = result(normalised, Practice(scale=WeightScale.NORMALISED))
    assert told.margin == pytest.approx(4.745, abs=5e-3)
    people = replace(normalised, population=11626.85)
    assert result(people, Practice(scale=WeightScale.NORMALISED)).margin == pytest.approx(
        4.661, abs=5e-3
    )


def test_below_the_threshold_on_n_neither_value_nor_sample_shows() -> None:
    found = result(replace(EXAMPLE, n=78), Practice(n_min=79))
    assert found == Result(None, None, Method.WEIGHTED, shown=False, warnings=("SURVEY_SMALL",))
    assert "78" not in repr(found)
    assert result(replace(EXAMPLE, n=79), Practice(n_min=79)).shown
    assert result(replace(EXAMPLE, n=79), Practice(n_min=79)).flag is Flag.LOW_RELIABILITY
    assert result(replace(EXAMPLE, n=0), Practice()).shown is False


def test_a_sample_larger_than_its_base_is_refused() -> None:
    for wrong in (Answered(10, 20, 30), Answered(-1, 20, 10), Answered(math.nan, 20, 10)):
        with pytest.raises(Invalid) as fault:
            result(wrong, Practice())
        assert fault.value.code == "SURVEY_SAMPLE"


def test_the_unweighted_method_needs_the_unweighted_count() -> None:
    with pytest.raises(Invalid) as fault:
        result(EXAMPLE, Practice(method=Method.UNWEIGHTED))
    assert fault.value.code == "SURVEY_COUNT_ABSENT"
    found = result(replace(EXAMPLE, counted=204), Practice(method=Method.UNWEIGHTED))
    assert found.value == pytest.approx(39.587, abs=1e-3)
    assert found.margin == pytest.approx(proportion_margin(50, 408, 11626.85))


def test_without_a_method_there_is_a_value_and_no_margin() -> None:
    found = result(EXAMPLE, Practice(method=Method.NONE))
    assert (found.margin, found.interval) == (None, None)
    assert found.warnings == ("SURVEY_NO_MARGIN",)


def test_nobody_or_everybody_is_less_sure_than_it_looks() -> None:
    assert result(Answered(0, 1000, 100), Practice()).flag is Flag.LOW_RELIABILITY


def test_a_difference_is_marked_significant_or_not() -> None:
    low = result(EXAMPLE, Practice())
    near = result(replace(EXAMPLE, weighted=5000), Practice())
    far = result(replace(EXAMPLE, weighted=6500), Practice())
    assert (gap(low, near).significant, gap(low, near).code) == (False, "SURVEY_GAP_NOT")
    assert (gap(low, far).significant, gap(low, far).code) == (True, "SURVEY_GAP")
    other = result(replace(EXAMPLE, counted=200), Practice(method=Method.UNWEIGHTED))
    assert gap(low, other).code == "SURVEY_GAP_METHOD"
    none = result(EXAMPLE, Practice(method=Method.NONE))
    assert gap(none, none).code == "SURVEY_GAP_NO_MARGIN"
    hidden = result(replace(EXAMPLE, n=3), Practice(n_min=79))
    assert gap(low, hidden) == gap(hidden, low)
    assert gap(low, hidden).difference is None


sizes = st.floats(1, 1e6)
shares = st.floats(0, 100).map(lambda share: round(share, 6))


@given(shares, sizes, st.floats(1, 100))
def test_margins_shrink_with_n_and_are_the_same_for_yes_and_no(
    share: float, n: float, more: float
) -> None:
    people = n * more + 1
    margin = proportion_margin(share, n, people)
    assert margin == pytest.approx(proportion_margin(100 - share, n, people), abs=1e-9)
    assert proportion_margin(share, min(n * 1.5, people), people) <= margin + 1e-9
    assert proportion_margin(share, people, people) == 0.0
    assert mean_margin(2.0, n, people) >= 0.0


@given(st.lists(st.builds(Answered, sizes, st.just(1e6), sizes), min_size=1, max_size=5))
def test_a_whole_is_made_of_sums(parts: list[Answered]) -> None:
    whole = together(parts)
    assert whole.base == 1e6 * len(parts)
    assert whole.n == pytest.approx(sum(each.n for each in parts))
    assert together(parts[:1]) == parts[0]
    assert (whole.counted, whole.population) == (None, None)
