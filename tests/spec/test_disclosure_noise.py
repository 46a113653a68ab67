"""Noise by cell keys: bounded, unbiased, never a one or a two, and the same for the same units."""

import numpy as np
import pyarrow as pa
import pytest
from tests.support.disclosure import crossed, shuffled

from hanse.errors import Invalid
from hanse.policies.disclosure import Rules, Spread, perturb, perturbed
from hanse.policies.disclosure.noise import changes

KEYS = np.random.default_rng(5).integers(0, 2**32, 40_000)
SPREAD = Spread()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 100])
def test_figures_are_off_by_little_and_not_on_average(count: int) -> None:
    found = perturb(np.full(KEYS.size, count), KEYS, SPREAD, 1)
    assert np.abs(found - count).max() <= SPREAD.deviation
    assert not np.isin(found, [1, 2]).any()
    assert abs(float(found.mean()) - count) < 0.05
    values, chances = changes(count, SPREAD)
    variance = sum(p * d * d for d, p in zip(values, chances, strict=True))
    assert sum(chances) == pytest.approx(1)
    assert variance == pytest.approx(max(1.0, {1: 2.0, 2: 2.0}.get(count, 1.0)), abs=0.01)


def test_nobody_stays_nobody() -> None:
    assert not perturb(np.zeros(100, dtype=np.int64), KEYS[:100], SPREAD, 1).any()


def test_the_same_cell_asked_a_thousand_times_shows_the_same_figure() -> None:
    found = perturb(np.full(1_000, 17), np.full(1_000, 12_345), SPREAD, 1)
    assert np.unique(found).size == 1


def test_another_seed_is_another_noise() -> None:
    counts = np.full(KEYS.size, 17)
    same = perturb(counts, KEYS, SPREAD, 1) == perturb(counts, KEYS, SPREAD, 2)
    assert same.mean() < 0.6


@pytest.mark.parametrize(
    ("name", "spread"),
    [
        ("deviation", {"deviation": 2}),
        ("absent", {"absent": 5}),
        ("variance", {"variance": 0.0}),
        ("variance", {"variance": 26.0}),
    ],
)
def test_noise_that_hides_nothing_is_refused(name: str, spread: dict[str, float]) -> None:
    with pytest.raises(Invalid) as refusal:
        Spread(**spread)  # type: ignore[arg-type]
    assert refusal.value.parameters["key"] == name


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(Invalid, match="DISCLOSURE_NEGATIVE"):
        perturb(np.array([-1]), np.array([1]), SPREAD, 1)


def test_totals_are_perturbed_too_and_equal_cells_are_perturbed_alike() -> None:
    """District 2 is sector 3 and nothing else: two ways to ask for the same people."""
    counts = [[3, 9], [14, 2], [6, 25], [17, 30]]
    made = crossed([0, 1, 2, 3], [0, 0, 1, 2], counts, Rules())
    table, plan = made.table, made.plan
    found = perturbed(table, plan, SPREAD, 7)
    figure = {(r["geo"], r["kind"]): r["obs_value"] for r in found.to_pylist()}
    for kind in ("k0", "k1", "Total"):
        assert figure["s3", kind] == figure["w2", kind]
    assert figure["Total", "Total"] != sum(figure[f"s{n}", "Total"] for n in range(4))
    assert perturbed(shuffled(table, 1), plan, SPREAD, 7).equals(found)
    exact = {(f"s{n}", f"k{k}"): c for n, row in enumerate(counts) for k, c in enumerate(row)}
    assert any(figure[key] != count for key, count in exact.items())
    assert isinstance(found, pa.Table)
