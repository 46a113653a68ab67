"""Percentages, means and rates beside denominators from any table: no numerator comes back."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from tests.support.disclosure import codes_of

from hanse.policies.attackers import (
    Needs,
    System,
    audit,
    bounded,
    equations,
    narrowed,
    numerators,
    read,
)
from hanse.policies.attackers.shares import Told
from hanse.policies.disclosure import Plan, Rules, inside, protect, public, safe_decimals
from hanse.policies.disclosure.plan import Axis, Effort

SMALL, WIDTH = 5, 2
PLAN = Plan(
    (Axis("geo", ("sector", "wijk")), Axis("age", ("age",)), Axis("sex", ("sex",))),
    rules=Rules(effort=Effort.ONCE),
)
NAMES = ("geo", "age", "sex")
Key = tuple[str, ...]


@cache
def unemployed() -> pa.Table:
    draw = np.random.default_rng(12)
    rows = [
        (f"s{sector:02}", f"w{sector // 4}", f"y{age}", sex, int(draw.poisson(draw.choice([2, 9]))))
        for sector in range(24)
        for age in range(4)
        for sex in "FM"
    ]
    names = ("sector", "wijk", "age", "sex", "freq")
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(dict(zip(names, columns, strict=True)))


def inhabitants(key: Key) -> int:
    """Return how many people live in a cell: known to all, from another table."""
    draw = np.random.default_rng(sum(map(ord, "".join(key))))
    size = 24 if key[0] == "Total" else 4 if key[0].startswith("w") else 1
    return int(size * draw.integers(60, 2_000))


@cache
def attacked() -> tuple[System, dict[Key, int]]:
    """Return what is known of the counts, and the small ones among them (for scoring only)."""
    found = protect(unemployed(), PLAN)
    shown, told = public(found), inside(found).to_pylist()
    columns = [shown[name].to_pylist() for name in NAMES]
    system = equations(read(codes_of(unemployed(), PLAN), columns, shown["obs_value"].to_pylist()))
    true = {tuple(row[name] for name in NAMES): row["value"] for row in told}
    return system, true


def scored(shares: Iterator[Told]) -> tuple[int, int]:
    """Return how many small counts there are, and how many an attacker with shares pins."""
    system, true = attacked()
    values = np.array([true.get(key, 0) for key in system.keys], dtype=np.int64)
    small = np.flatnonzero((values >= 1) & (values < SMALL) & (system.row >= 0))
    low, high = bounded(system, shares, np.where(system.row >= 0, 1, 0))
    low, high = narrowed(system, low, high)
    assert (low <= values)[small].all()
    assert (values <= high)[small].all()
    needs = Needs(small, low.astype(np.int64), values + 1, WIDTH, most=high)
    return small.size, audit(system, needs).below.size


def percentages(decimals: int | None) -> Iterator[Told]:
    """Yield the percentage of every hidden count, with so many decimals or (None) as is safe."""
    system, true = attacked()
    for key in system.keys:
        if key in true:
            whole = inhabitants(key)
            places = safe_decimals(whole, WIDTH) if decimals is None else decimals
            if places is not None:
                yield key, round(100 * true[key] / whole, places), places, whole


@pytest.mark.parametrize("decimals", [1, 2])
def test_percentages_beside_their_denominators_undo_everything(decimals: int) -> None:
    """The attack itself: with a decimal or two, most small counts are back."""
    small, pinned = scored(percentages(decimals))
    assert pinned > 0.9 * small


def test_one_percentage_with_safe_decimals_leaves_its_numerator_room() -> None:
    told = list(percentages(None))
    assert len(told) > 100
    for _, shown, decimals, whole in told:
        low, high = numerators(shown, decimals, whole)
        assert high - low >= WIDTH


def test_safe_decimals_alone_do_not_protect_a_count_whose_totals_are_shown() -> None:
    """Each leaves room; all equations together do not. So a hidden count hides its share."""
    small, pinned = scored(percentages(None))
    assert pinned > 0.5 * small


def test_where_the_numerator_is_hidden_and_no_share_is_shown_nothing_is_pinned() -> None:
    small, pinned = scored(iter(()))
    assert small > 50
    assert pinned == 0


@pytest.mark.parametrize(
    ("shown", "decimals", "denominator", "factor", "bounds"),
    [
        (33.3, 1, 3, 100, (1, 1)),
        (0.0, 0, 150, 100, (0, 0)),
        (2.0, 0, 150, 100, (3, 3)),
        (1.0, 0, 1_000, 100, (5, 15)),
        (2.5, 1, 4, 1, (10, 10)),
        (7.0, 0, 2_000, 1_000, (13, 15)),
        (50.0, 1, 3, 100, (2, 1)),
    ],
)
def test_a_share_leaves_these_numerators(
    shown: float, decimals: int, denominator: int, factor: int, bounds: tuple[int, int]
) -> None:
    assert numerators(shown, decimals, denominator, factor) == bounds
