"""Per inhabitant, index, spread and trend: from released cells, hidden where a part is hidden."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.tiny_node import Row, cells

from hanse.cube.benchmark import index, per, ranks, spreads, trends
from hanse.errors import Invalid

LEVEL = "gemeente@2025"


def table(*more: Row) -> pa.Table:
    rows: list[Row] = [
        ("v1", LEVEL, "11002", "2020", 50.0, "A"),
        ("v1", LEVEL, "11002", "2024", 80.0, "E"),
        ("v1", LEVEL, "41002", "2020", 10.0, "A"),
        ("v1", LEVEL, "41002", "2024", None, "Q"),
        ("mensen", LEVEL, "11002", "2020", 1_000.0, "A"),
        ("mensen", LEVEL, "11002", "2024", 2_000.0, "A"),
        ("mensen", LEVEL, "41002", "2020", None, "Q"),
    ]
    return cells([*rows, *more])


def found(made: pa.Table) -> dict[tuple[str, str], tuple[float | None, str, str]]:
    return {
        (row["area"], row["period"]): (row["obs_value"], row["obs_status"], row["conf_status"])
        for row in made.to_pylist()
        if row["indicator"] == "v1"
    }


def test_a_figure_per_inhabitant_is_hidden_where_either_is() -> None:
    made = per(table(), "mensen", 1_000)
    assert set(made.column("indicator").to_pylist()) == {"v1"}
    assert found(made) == {
        ("11002", "2020"): (50.0, "A", "F"),
        ("11002", "2024"): (40.0, "E", "F"),
        ("41002", "2020"): (None, "Q", "C"),
        ("41002", "2024"): (None, "Q", "C"),
    }


def test_a_base_that_nobody_gave_or_that_is_zero_makes_it_unknown() -> None:
    more: list[Row] = [
        ("v1", LEVEL, "44021", "2020", 5.0, "A"),
        ("v1", LEVEL, "13040", "2020", 5.0, "A"),
        ("mensen", LEVEL, "13040", "2020", 0.0, "A"),
    ]
    made = found(per(table(*more), "mensen"))
    assert made["44021", "2020"] == made["13040", "2020"] == (None, "L", "F")


def test_an_index_stands_on_the_same_series() -> None:
    made = found(index(table(), "2020"))
    assert made["11002", "2020"] == (100.0, "A", "F")
    assert made["11002", "2024"] == (160.0, "E", "F")
    assert made["41002", "2024"] == (None, "Q", "C")


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda: per(table(), "niets"), "BENCHMARK_BASE"),
        (lambda: index(table(), "1999"), "BENCHMARK_PERIOD"),
    ],
)
def test_without_a_base_there_is_one_clear_reason(made: object, code: str) -> None:
    assert callable(made)
    with pytest.raises(Invalid) as fault:
        made()
    assert fault.value.code == code


def test_a_spread_says_how_much_it_covers() -> None:
    one = {(each.indicator, each.period): each for each in spreads(table())}
    assert (one["v1", "2024"].shown, one["v1", "2024"].of, one["v1", "2024"].coverage) == (
        1,
        2,
        0.5,
    )
    both = one["v1", "2020"]
    assert (both.lowest, both.median, both.mean, both.highest) == (10.0, 30.0, 30.0, 50.0)
    assert both.deviation == pytest.approx(28.284, abs=1e-3)
    assert one["mensen", "2020"].deviation is None
    assert spreads(table(), [LEVEL]) == ()


def test_a_trend_is_not_drawn_across_a_break() -> None:
    whole = {(each.indicator, each.area): each for each in trends(table())}
    assert set(whole) == {("v1", "11002"), ("mensen", "11002")}
    trend = whole["v1", "11002"]
    assert (trend.first, trend.last, trend.change, trend.percent) == ("2020", "2024", 30.0, 60.0)
    assert trend.yearly == pytest.approx(12.47, abs=0.01)
    marks = pa.array(["break" if row["period"] == "2024" else "" for row in table().to_pylist()])
    broken = trends(table().append_column("mark", marks))
    assert all(each.broken and each.change is None for each in broken)


def test_a_place_in_a_ranking_is_shared_by_equals_and_never_given_to_what_is_hidden() -> None:
    more: list[Row] = [("v1", LEVEL, "44021", "2020", 50.0, "A")]
    made = table(*more)
    places = dict(zip(map(str, made.to_pylist()), ranks(made), strict=True))
    told = {
        (r["area"], r["period"]): places[str(r)] for r in made.to_pylist() if r["indicator"] == "v1"
    }
    assert told == {
        ("11002", "2020"): 1,
        ("44021", "2020"): 1,
        ("41002", "2020"): 3,
        ("11002", "2024"): 1,
        ("41002", "2024"): None,
    }


def of_houses(*rows: tuple[str, str, str, float]) -> pa.Table:
    """Return figures of 2020 by house: origin, indicator, area and value."""
    made = cells([(code, LEVEL, area, "2020", value, "A") for _, code, area, value in rows])
    return made.append_column("origin", pa.array([origin for origin, *_ in rows]))


def test_a_house_divides_by_its_own_base_and_by_anothers_only_where_one_gives_it() -> None:
    own = of_houses(
        ("A", "v1", "41002", 500.0),
        ("A", "mensen", "41002", 1_000.0),
        ("B", "mensen", "41002", 1.0),
        ("A", "v1", "44021", 30.0),
        ("B", "mensen", "44021", 60.0),
        ("A", "v1", "11002", 7.0),
        ("B", "mensen", "11002", 7.0),
        ("C", "mensen", "11002", 8.0),
    )
    made = {row["area"]: row for row in per(own, "mensen").to_pylist()}
    assert (made["41002"]["obs_value"], made["44021"]["obs_value"]) == (0.5, 0.5)
    assert (made["11002"]["obs_value"], made["11002"]["obs_status"]) == (None, "L")
    mixed = of_houses(("A", "v1", "41002", 5.0), ("B", "v1", "41002", 50.0))
    assert [row["obs_value"] for row in index(mixed, "2020").to_pylist()] == [100.0, 100.0]


def test_numbers_at_the_edge_of_what_can_be_written_give_none_rather_than_a_fault() -> None:
    edge: list[Row] = [
        ("v1", LEVEL, "11002", "2020-01", 1e-200, "A"),
        ("v1", LEVEL, "11002", "2020-02", 1.7e308, "A"),
        ("v1", LEVEL, "41002", "2020-02", 1.7e308, "A"),
        ("mensen", LEVEL, "41002", "2020-02", 1e-200, "A"),
    ]
    made = cells(edge)
    assert {each.mean for each in spreads(made)} >= {None}
    assert trends(made)[0].yearly is None
    assert found(per(made, "mensen"))["41002", "2020-02"][:2] == (None, "L")


NUMBERS = st.one_of(st.none(), st.integers(0, 6).map(float))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NUMBERS, st.booleans(), st.integers(0, 4)), max_size=14))
def test_places_are_those_of_whoever_counts_one_by_one(
    drawn: list[tuple[float | None, bool, int]],
) -> None:
    made = cells(
        [
            ("v1", LEVEL, str(at), "2020", value, "A" if value is not None else "L")
            for at, (value, _, _) in enumerate(drawn)
        ]
    )
    spans = [
        (value - wide, value + wide) if sampled and value is not None else (None, None)
        for value, sampled, wide in drawn
    ]
    made = made.append_column("ci_low", pa.array([low for low, _ in spans], pa.float64()))
    made = made.append_column("ci_high", pa.array([high for _, high in spans], pa.float64()))

    def unsure(at: int) -> bool:
        low, high = spans[at]
        if low is None or high is None:
            return False
        rest = [span for each, span in enumerate(spans) if each != at]
        known = [(low, high) for low, high in rest if low is not None and high is not None]
        return any(low <= top and bottom <= high for bottom, top in known)

    values = [value for value, _, _ in drawn]
    assert ranks(made) == [
        None
        if value is None or unsure(at)
        else 1 + sum(other is not None and other > value for other in values)
        for at, value in enumerate(values)
    ]
