"""Rounded tables: intervals, linear programs, averages and repeats bring no small count back."""

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from tests.support.disclosure import codes_of, shuffled

from hanse.policies.attackers import Needs, System, audit, equations, narrowed, read
from hanse.policies.attackers.intervals import INFINITE, Floats
from hanse.policies.attackers.published import Ints
from hanse.policies.disclosure import (
    Plan,
    Rounding,
    Spread,
    perturbed,
    protect,
    public,
    round_small,
)
from hanse.policies.disclosure.plan import Axis
from hanse.policies.method import seed_of

PLAN = Plan((Axis("geo", ("sector", "wijk", "zone")), Axis("age", ("age",)), Axis("sex", ("sex",))))
NAMES = ("geo", "age", "sex")
SECRET, WIDTH = 20_260_101, 3


@cache
def town(sectors: int = 30) -> pa.Table:
    draw = np.random.default_rng(17)
    rows = [
        (f"s{sector:02}", f"w{sector // 5}", f"z{(sector + 2) // 6}", f"y{age}", sex,
         int(draw.poisson(draw.choice([1, 3, 8, 30]))))
        for sector in range(sectors) for age in range(4) for sex in "FM"
    ]  # fmt: skip
    names = ("sector", "wijk", "zone", "age", "sex", "freq")
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(dict(zip(names, columns, strict=True)))


def unknown(table: pa.Table, shown: pa.Table) -> System:
    """Return all relations between the true counts: of none of them is the value known."""
    columns = [shown[name].to_pylist() for name in NAMES]
    return equations(read(codes_of(table, PLAN), columns, [None] * shown.num_rows))


def bounds(system: System, shown: pa.Table, base: int) -> tuple[Floats, Floats]:
    """Return what a reader knows who knows the method: inner counts, and how close the total is."""
    told = shown["obs_value"].to_pylist()
    low, high = np.zeros(system.size), np.full(system.size, INFINITE)
    for place, (key, row) in enumerate(zip(system.keys, system.row.tolist(), strict=True)):
        if row < 0:
            continue
        value = told[row]
        if key[0].startswith("s") and "Total" not in key:
            small = {0: (0, base - 1), base: (1, base)}
            low[place], high[place] = small.get(value, (value, value))
        if key == ("Total", "Total", "Total"):
            low[place], high[place] = value - 2 * base + 1, value + 2 * base - 1
    return low, high


def small_of(system: System, table: pa.Table, base: int) -> Ints:
    """Return the unknowns that are small counts; the truth is for scoring only."""
    true: dict[tuple[str, ...], int] = {
        (row["sector"], row["age"], row["sex"]): row["freq"] for row in table.to_pylist()
    }
    cells = [place for place, key in enumerate(system.keys) if 1 <= true.get(key, 0) < base]
    return np.array(cells, dtype=np.int64)


@pytest.mark.parametrize("base", [5, 10])
@pytest.mark.parametrize("sectors", [30, 4])
def test_no_small_count_is_narrower_than_rounding_leaves_it(base: int, sectors: int) -> None:
    table = town(sectors)
    shown = round_small(table, PLAN, base, SECRET)
    system = unknown(table, shown)
    low, high = bounds(system, shown, base)
    small = small_of(system, table, base)
    assert small.size > 10
    low, high = narrowed(system, low, high)
    assert ((high - low)[small] >= WIDTH).all()
    needs = Needs(small, low.astype(np.int64), np.zeros(system.size, np.int64), WIDTH, most=high)
    assert audit(system, needs).below.size == 0


def test_an_exact_total_beside_rounded_parts_gives_small_counts_away() -> None:
    """The same attack bites where exact and rounded figures of one population stand together."""
    table, base = town(4), 5
    shown = round_small(table, PLAN, base, SECRET)
    system = unknown(table, shown)
    low, high = bounds(system, shown, base)
    sexes: dict[tuple[str, ...], int] = {}
    for row in table.to_pylist():
        both = (row["sector"], row["age"], "Total")
        sexes[both] = sexes.get(both, 0) + row["freq"]
    for place, key in enumerate(system.keys):
        if key in sexes:
            low[place] = high[place] = sexes[key]
    low, high = narrowed(system, low, high)
    small = small_of(system, table, base)
    assert ((high - low)[small] < WIDTH).sum() > 0.3 * small.size


def test_cells_that_are_equal_by_algebra_say_the_same_so_that_averaging_says_nothing() -> None:
    shown = {
        tuple(row[name] for name in NAMES): row["obs_value"]
        for row in round_small(town(), PLAN, 5, SECRET).to_pylist()
    }
    sectors = sorted({key[0] for key in shown if key[0].startswith("s")})
    for zoning in "wz":
        areas = sorted({key[0] for key in shown if key[0].startswith(zoning)})
        for age in ("y0", "Total"):
            whole = sum(shown[(area, age, "Total")] for area in areas)
            parts = sum(shown[(sector, age, sex)] for sector in sectors for sex in "FM")
            assert whole == parts == shown[("Total", age, "Total")]


def test_asking_often_gives_the_same_bytes_so_that_the_mean_keeps_its_noise() -> None:
    first = _bytes(round_small(town(), PLAN, 5, SECRET))
    for turn in range(20):
        assert _bytes(round_small(shuffled(town(), turn), PLAN, 5, SECRET)) == first


def test_with_a_new_secret_each_time_the_mean_would_tell() -> None:
    """Why the secret must stay: the mean over many of them comes close to the true counts."""
    exact = np.array(town()["freq"].to_pylist())
    keys = [(r["sector"], r["age"], r["sex"]) for r in town().to_pylist()]
    total = np.zeros(exact.size)
    for secret in range(100):
        shown = {
            tuple(row[name] for name in NAMES): row["obs_value"]
            for row in round_small(town(), PLAN, 5, secret).to_pylist()
        }
        total += [shown[key] for key in keys]
    assert (np.abs(total / 100 - exact) < 0.75).mean() > 0.8


@pytest.mark.parametrize(("deviation", "narrow"), [(5, 0), (3, 3)])
def test_noise_by_cell_keys_is_as_wide_as_it_is_far(deviation: int, narrow: int) -> None:
    """Off by five at most nothing is narrow; by three, all totals together pin a few counts to two.

    Asked again, in any order, it says the same.
    """
    spread = Spread(deviation=deviation)
    shown = perturbed(town(), PLAN, spread, SECRET)
    assert perturbed(town(), PLAN, spread, SECRET).equals(shown)
    system, told = unknown(town(), shown), shown["obs_value"].to_pylist()
    low, high = np.zeros(system.size), np.full(system.size, INFINITE)
    for place, row in enumerate(system.row.tolist()):
        if row >= 0:
            low[place] = max(int(told[row] > 0), told[row] - deviation)
            high[place] = told[row] + deviation
    small = small_of(system, town(), 5)
    low, high = narrowed(system, low, high)
    assert int(((high - low)[small] < WIDTH).sum()) == narrow
    assert ((high - low)[small] >= 1).all()


@pytest.mark.parametrize("method", [Rounding(5), Spread()])
def test_what_a_plan_chooses_is_what_the_attackers_above_were_given(
    method: Rounding | Spread,
) -> None:
    """The same figures, byte for byte, with the same one word about all of them."""
    secret = b"a secret of many bytes"
    found = public(protect(town(), replace(PLAN, method=method), secret=secret))
    seed = seed_of(secret)
    if isinstance(method, Rounding):
        other = round_small(town(), PLAN, method.base, seed)
    else:
        other = perturbed(town(), PLAN, method, seed)
    assert _bytes(found) == _bytes(other)
    constant = ("obs_status", "conf_status", "sdc_method")
    assert [len(found[name].unique()) for name in constant] == [1, 1, 1]


def _bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()
