"""Whoever knows the program runs it on every table that fits, and compares what travels with it."""

from collections.abc import Mapping
from itertools import product

import pyarrow as pa
import pytest

from hanse.policies.disclosure import Plan, Rules, protect, public
from hanse.policies.disclosure.certificate import INSIDE
from hanse.policies.disclosure.plan import Axis

PLAN = Plan((Axis("geo", ("sector",)),), rules=Rules())
TOWNS = [(4, 4, 30, 40), (1, 6, 30, 40), (3, 4, 30, 40), (1, 3, 20, 40), (2, 2, 2, 40)]
Counts = tuple[int, ...]


def outcome(counts: Counts) -> tuple[list[int | None], Mapping[str, object]]:
    found = protect(pa.table({"sector": list("abcd"), "freq": list(counts)}), PLAN)
    assert set(found.certificate.__slots__) > INSIDE
    return public(found)["obs_value"].to_pylist(), found.certificate.content()


def left_over(true: Counts) -> set[Counts]:
    """Return every town that would have been published, and certified, in just this way."""
    shown, told = outcome(true)
    free = [place for place in range(4) if shown[place] is None]
    rest = sum(true[place] for place in free)
    towns = set()
    for values in product(range(1, rest), repeat=len(free)):
        if sum(values) == rest:
            town = list(true)
            for place, value in zip(free, values, strict=True):
                town[place] = value
            if outcome(tuple(town)) == (shown, told):
                towns.add(tuple(town))
    return towns


@pytest.mark.parametrize("true", TOWNS)
def test_what_travels_beside_a_table_leaves_every_small_count_its_width(true: Counts) -> None:
    towns = left_over(true)
    assert true in towns
    for place, count in enumerate(true):
        if 1 <= count < PLAN.rules.k:
            values = {town[place] for town in towns}
            assert max(values) > count
            assert max(values) - min(values) >= 2


def test_what_stays_in_the_house_would_have_told() -> None:
    """Two hidden cells that are both small and make eight together: four and four."""
    true = (4, 4, 30, 40)
    small = {
        town for town in left_over(true) if sum(1 <= count < PLAN.rules.k for count in town) == 2
    }
    assert small == {true}
