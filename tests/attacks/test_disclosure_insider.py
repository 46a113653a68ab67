"""Somebody who is counted himself, or whose own amount is in a total, learns no more of the others.

He knows one unit of each cell he lies in, or what he contributed to each, and subtracts himself.
"""

from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from tests.support.disclosure import codes_of

from hanse.policies.attackers import Needs, System, audit, equations, insider, narrowed, read
from hanse.policies.attackers.intervals import INFINITE
from hanse.policies.attackers.published import Ints
from hanse.policies.disclosure import (
    Plan,
    Rules,
    Sensitivity,
    inside,
    protect,
    protect_amounts,
    public,
)
from hanse.policies.disclosure.plan import Axis, Effort, Zeros

SMALL, WIDTH, PEOPLE = 5, 2, 40
AXES = (Axis("geo", ("sector", "wijk")), Axis("age", ("age", "group")), Axis("sex", ("sex",)))
NAMES = ("geo", "age", "sex")


@cache
def town(*, crossing: bool) -> pa.Table:
    draw = np.random.default_rng(8)
    rows = []
    for sector in range(24):
        homes = {f"w{sector // 4}"} | ({f"w{(sector + 1) // 4 % 6}"} if crossing else set())
        for wijk in sorted(homes):
            for age in range(4):
                for sex in "FM":
                    count = int(draw.poisson(draw.choice([1, 4, 15])))
                    rows.append((f"s{sector:02}", wijk, f"y{age}", f"q{age // 2}", sex, count))
    names = ("sector", "wijk", "age", "group", "sex", "freq")
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(dict(zip(names, columns, strict=True)))


def system_of(table: pa.Table, plan: Plan, shown: pa.Table) -> System:
    columns = [shown[axis].to_pylist() for axis in NAMES]
    return equations(read(codes_of(table, plan), columns, shown["obs_value"].to_pylist()))


@pytest.mark.parametrize("zeros", [Zeros.PUBLISH, Zeros.SUPPRESSIBLE])
@pytest.mark.parametrize("crossing", [False, True], ids=["nested", "crossing"])
def test_one_who_is_counted_pins_nobody_else(zeros: Zeros, crossing: bool) -> None:
    """After subtracting himself, a small count of others keeps its width and a value above it."""
    attempts = attacks(Rules(effort=Effort.ONCE, zeros=zeros, attacker_lower=1), crossing=crossing)
    assert (len(attempts), sum(attempts)) == (PEOPLE, 0)


def test_a_plan_that_grants_nobody_a_unit_does_not_cover_insiders() -> None:
    """With `attacker_lower: 0` the proof may take a cell to be empty that an insider is in."""
    rules = Rules(effort=Effort.ONCE, zeros=Zeros.SUPPRESSIBLE, attacker_lower=0)
    assert sum(attacks(rules, crossing=False)) > 0


def attacks(rules: Rules, *, crossing: bool) -> list[int]:
    """Return how many small counts each of some people pins in a protected town."""
    table, plan = town(crossing=crossing), Plan(AXES, rules=rules)
    found = protect(table, plan)
    told = inside(found).to_pydict()
    system = system_of(table, plan, public(found))
    values = np.array([told["value"][row] if row >= 0 else 0 for row in system.row.tolist()])
    small = np.flatnonzero((values >= 1) & (values < SMALL) & (system.row >= 0))
    assert small.size > 50
    lower = np.where(system.row >= 0, int(rules.zeros is Zeros.PUBLISH), 0)
    codes = codes_of(table, plan)
    return [
        _pinned(system, small, values, insider(system, codes, person, lower))
        for person in _people(table)
    ]


def _pinned(system: System, small: Ints, values: Ints, known: Ints) -> int:
    low, high = narrowed(system, known, np.full(system.size, INFINITE))
    near = int(((high - low)[small] < WIDTH).sum())
    return near + audit(system, Needs(small, known, values + 1, WIDTH)).below.size


def _people(table: pa.Table) -> list[tuple[str, str, str]]:
    """Return the pieces somebody lies in, for a draw of the inner cells with few people."""
    rows = [row for row in table.to_pylist() if 1 <= row["freq"] < SMALL]
    draw = np.random.default_rng(2).choice(len(rows), PEOPLE, replace=False)
    return [
        (
            f"{rows[number]['sector']}|{rows[number]['wijk']}",
            f"{rows[number]['age']}|{rows[number]['group']}",
            rows[number]["sex"],
        )
        for number in draw.tolist()
    ]


CONTRIBUTORS, PERCENT = 70, 10


@cache
def firms() -> pa.Table:
    """Return what firms turned over, by area, branch and size: a few of them make up most."""
    draw = np.random.default_rng(31)
    rows = []
    for firm in range(CONTRIBUTORS):
        area = int(draw.integers(0, 8))
        branch = int(draw.integers(0, 3))
        amount = int(draw.pareto(1.1) * 1_000) + 1
        rows.append((f"f{firm}", f"s{area}", f"w{area // 3}", f"b{branch}", amount))
    names = ("firm", "sector", "wijk", "branch", "freq")
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(dict(zip(names, columns, strict=True)))


FIRM_PLAN = Plan(
    (Axis("geo", ("sector", "wijk")), Axis("branch", ("branch",))), rules=Rules(effort=Effort.ONCE)
)


def test_the_second_firm_cannot_estimate_the_first() -> None:
    """The p % rule, cell by cell: the greatest total he thinks possible, less what is his own."""
    table = firms()
    found = protect_amounts(table, FIRM_PLAN, "firm", Sensitivity(p_percent=PERCENT))
    shown = public(found)
    columns = [shown[name].to_pylist() for name in ("geo", "branch")]
    system = equations(read(codes_of(table, FIRM_PLAN), columns, shown["obs_value"].to_pylist()))
    judged = 0
    for cell, key in enumerate(system.keys):
        amounts = _amounts(table, key)
        if system.row[cell] < 0 or len(amounts) < 2:
            continue
        (largest, _), (second, firm) = amounts[:2]
        own = np.array([_of(table, firm, each) for each in system.keys], dtype=np.int64)
        needed = second + largest + -(-PERCENT * largest // 100)
        upper = np.zeros(system.size, dtype=np.int64)
        upper[cell] = needed
        verdict = audit(system, Needs(np.array([cell]), own, upper, 0))
        assert verdict.below.size == 0, key
        judged += _sensitive(amounts)
    assert judged > 10


def _within(row: dict[str, object], key: tuple[str, ...]) -> bool:
    return key[0] in (row["sector"], row["wijk"], "Total") and key[1] in (row["branch"], "Total")


def _amounts(table: pa.Table, key: tuple[str, ...]) -> list[tuple[int, str]]:
    """Return what is in a cell, largest first; for scoring only."""
    inside_it = [row for row in table.to_pylist() if _within(row, key)]
    return sorted(((row["freq"], row["firm"]) for row in inside_it), reverse=True)


def _of(table: pa.Table, firm: str, key: tuple[str, ...]) -> int:
    """Return what one firm knows to be its own of a cell."""
    return sum(
        row["freq"] for row in table.to_pylist() if row["firm"] == firm and _within(row, key)
    )


def _sensitive(amounts: list[tuple[int, str]]) -> bool:
    largest, second = amounts[0][0], amounts[1][0]
    return 100 * (sum(each for each, _ in amounts) - largest - second) < PERCENT * largest
