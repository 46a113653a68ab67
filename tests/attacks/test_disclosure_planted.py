"""A leak that was planted is found: each cell that only protects is opened in turn.

What is a leak is told by a second implementation: two linear programs per small count, solved one
by one by another library's interface, none of the judge's short cuts.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import linprog
from tests.support.disclosure import codes_of

from hanse.policies.attackers import Needs, System, audit, equations, narrowed, read
from hanse.policies.attackers.intervals import INFINITE
from hanse.policies.disclosure import Plan, Rules, inside, protect
from hanse.policies.disclosure.plan import Axis, Effort

SMALL, WIDTH = 5, 2
LEVELS = ("sector", "wijk")
PLAN = Plan(
    (Axis("geo", LEVELS), Axis("age", ("age",)), Axis("sex", ("sex",))),
    rules=Rules(effort=Effort.ONCE),  # one pass leaves cells that are not needed: both kinds occur
)


def town(seed: int, sectors: int, *, crossing: bool) -> pa.Table:
    draw = np.random.default_rng(seed)
    rows = []
    for sector in range(sectors):
        homes = [
            f"w{sector // 3}",
            *([f"w{(sector + 1) // 3 % (sectors // 3)}"] if crossing else []),
        ]
        for wijk in sorted(set(homes)):
            for age in range(3):
                for sex in "FM":
                    count = int(draw.poisson(draw.choice([2, 8, 25]) / len(homes)))
                    rows.append((f"s{sector}", wijk, f"y{age}", sex, count))
    names = (*LEVELS, "age", "sex", "freq")
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(dict(zip(names, columns, strict=True)))


@dataclass(frozen=True)
class Opened:
    """What is known when one more cell is shown, and which unknowns are small counts."""

    system: System
    small: np.ndarray[tuple[int], np.dtype[np.int64]]
    values: np.ndarray[tuple[int], np.dtype[np.int64]]


def openings(table: pa.Table) -> list[Opened]:
    """Return what is known once each secondary cell in turn is shown."""
    told = inside(protect(table, PLAN)).to_pydict()
    codes = codes_of(table, PLAN)
    columns = [told[axis.name] for axis in PLAN.axes]
    hidden = [status != "F" for status in told["conf_status"]]
    found = []
    for number, status in enumerate(told["conf_status"]):
        if status != "D":
            continue
        shown = [
            None if gone and place != number else value
            for place, (value, gone) in enumerate(zip(told["value"], hidden, strict=True))
        ]
        system = equations(read(codes, columns, shown))
        values = np.array([told["value"][row] if row >= 0 else 0 for row in system.row.tolist()])
        small = np.flatnonzero((values >= 1) & (values < SMALL) & (system.row >= 0))
        found.append(Opened(system, small, values))
    return found


def narrow_by_pairs(opened: Opened) -> set[int]:
    """Return the small counts an attacker pins, from two programs for each."""
    system = opened.system
    bounds = [(1 if row >= 0 else 0, None) for row in system.row.tolist()]
    found = set()
    for cell in opened.small.tolist():
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(system.size)
            cost[cell] = sign
            told = linprog(cost, A_eq=system.matrix, b_eq=system.right, bounds=bounds)
            ends.append(sign * told.fun if told.status == 0 else sign * -INFINITE)
        low, high = ends
        if high < opened.values[cell] + 1 - 1e-6 or high - low < WIDTH - 1e-6:
            found.add(cell)
    return found


@pytest.mark.parametrize("crossing", [False, True], ids=["nested", "crossing"])
def test_every_planted_leak_is_found_and_nothing_else_is_called_one(crossing: bool) -> None:
    leaks = sound = 0
    for opened in openings(town(3, 6 if crossing else 9, crossing=crossing)):
        lower = np.where(opened.system.row >= 0, 1, 0)
        verdict = audit(opened.system, Needs(opened.small, lower, opened.values + 1, WIDTH))
        exact = narrow_by_pairs(opened)
        assert set(verdict.below.tolist()) == exact
        low, high = narrowed(opened.system, lower, np.full(opened.system.size, INFINITE))
        assert (low <= opened.values)[opened.small].all()
        assert (high >= opened.values)[opened.small].all()
        leaks += bool(exact)
        sound += not exact
    assert leaks > 8
    assert sound > 0
