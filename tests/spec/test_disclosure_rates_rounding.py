"""Percentages with safe decimals, and small counts rounded once for every figure."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pyarrow as pa
import pytest

from hanse.errors import Invalid
from hanse.policies.disclosure import Plan, Rounding, protect, public
from hanse.policies.disclosure.plan import Axis
from hanse.policies.disclosure.rates import safe_decimals
from hanse.policies.disclosure.rounding import round_small

WIDTH = 2


@pytest.mark.parametrize("denominator", [1, 37, 400, 401, 999, 4_000, 4_001, 23_456])
def test_every_percentage_leaves_enough_numerators(denominator: int) -> None:
    decimals = safe_decimals(denominator, WIDTH)
    if decimals is None:
        assert _fewest(denominator, 0) <= WIDTH
    else:
        assert _fewest(denominator, decimals) > WIDTH
        assert _fewest(denominator, decimals + 1) <= WIDTH


def _fewest(denominator: int, decimals: int) -> int:
    """Return the smallest number of numerators that share one shown percentage."""
    step = Decimal(1).scaleb(-decimals)
    shown: dict[Decimal, int] = {}
    for numerator in range(denominator + 1):
        percent = (Decimal(100 * numerator) / denominator).quantize(step, ROUND_HALF_UP)
        shown[percent] = shown.get(percent, 0) + 1
    return min(shown.values())


BASE = 5
PLAN = Plan((Axis("geo", ("sector", "wijk")), Axis("k", ("k",))))


def _city(seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    rows = [
        (f"s{sector:02}", f"w{sector // 5}", f"k{kind}", int(draw.poisson(4)))
        for sector in range(40)
        for kind in range(4)
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(dict(zip(("sector", "wijk", "k", "freq"), columns, strict=True)))


@pytest.mark.parametrize("seed", range(5))
def test_rounded_figures_add_up_and_stay_close(seed: int) -> None:
    table = _city(seed)
    shown = {
        (r["geo"], r["k"]): r["obs_value"] for r in round_small(table, PLAN, BASE, 9).to_pylist()
    }
    inner = {(r["sector"], r["k"]): r["freq"] for r in table.to_pylist()}
    for key, exact in inner.items():
        rounded = shown[key]
        assert rounded == exact if exact == 0 or exact >= BASE else rounded in (0, BASE)
    for wijk in range(8):
        parts = [shown[(f"s{sector:02}", "Total")] for sector in range(5 * wijk, 5 * wijk + 5)]
        assert shown[(f"w{wijk}", "Total")] == sum(parts)
    assert abs(shown[("Total", "Total")] - sum(inner.values())) < 2 * BASE


def test_the_same_question_twice_gives_the_same_bytes() -> None:
    table = _city(1)
    first, second = round_small(table, PLAN, BASE, 9), round_small(table, PLAN, BASE, 9)
    assert first.equals(second)
    order = np.random.default_rng(0).permutation(table.num_rows)
    assert round_small(table.take(pa.array(order)), PLAN, BASE, 9).equals(first)


def test_the_secret_matters() -> None:
    table = _city(2)
    assert not round_small(table, PLAN, BASE, 9).equals(round_small(table, PLAN, BASE, 10))


def test_random_bytes_are_a_secret_and_give_what_protect_gives_with_them() -> None:
    table, secret = _city(2), bytes(range(32))
    shown = round_small(table, PLAN, BASE, secret)
    whole = protect(table, replace(PLAN, method=Rounding(BASE)), secret=secret)
    assert shown["obs_value"].equals(public(whole)["obs_value"])
    assert not shown.equals(round_small(table, PLAN, BASE, bytes(32)))
    with pytest.raises(Invalid, match="DISCLOSURE_SECRET"):
        round_small(table, PLAN, BASE, b"short")


@pytest.mark.parametrize("base", [0, 2, 101])
def test_a_base_that_protects_nothing_is_refused(base: int) -> None:
    with pytest.raises(Invalid, match="DISCLOSURE_PLAN"):
        round_small(_city(1), PLAN, base, 9)
