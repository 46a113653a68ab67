"""Per inhabitant, index, spread and trend: from released cells, hidden where a part is hidden."""

import pyarrow as pa
import pytest
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
