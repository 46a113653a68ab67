"""Laws of disclosure control on small random tables, held against every table that fits them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.disclosure import (
    attacked,
    codes_of,
    consistent_tables,
    crossed,
    shuffled,
    statuses,
)

from hanse.errors import Conflict
from hanse.policies.attackers import Needs, audit, determined
from hanse.policies.disclosure import Plan, Protected, Rules, inside, protect, public, verify
from hanse.policies.disclosure.plan import R1, R2, Effort, Requirement, Zeros

TABLES_MAX = 4_000
COMMON = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)

RULES = st.builds(
    Rules,
    k=st.integers(2, 6),
    zeros=st.just(Zeros.PUBLISH),
    require=st.sampled_from([R1, R2, Requirement(1, 0), Requirement(2, 0, 1)]),
    attacker_lower=st.sampled_from([0, 1]),
    effort=st.sampled_from(list(Effort)),
)


@st.composite
def cities(draw: st.DrawFn) -> tuple[pa.Table, Plan]:
    """Draw up to six atoms in sectors and districts that may cross, by one to three kinds."""
    atoms = draw(st.integers(2, 6))
    kinds = draw(st.integers(1, 3))
    sectors = draw(st.lists(st.integers(0, 4), min_size=atoms, max_size=atoms))
    districts = draw(st.lists(st.integers(0, 2), min_size=atoms, max_size=atoms))
    count = st.one_of(st.integers(0, 6), st.integers(0, 30))
    counts = draw(
        st.lists(st.lists(count, min_size=kinds, max_size=kinds), min_size=atoms, max_size=atoms)
    )
    made = crossed(sectors, districts, counts, draw(RULES))
    return made.table, made.plan


def protected_or_none(table: pa.Table, plan: Plan) -> Protected | None:
    try:
        return protect(table, plan)
    except Conflict:
        return None


@given(cities())
@COMMON
def test_every_proven_value_belongs_to_a_table_that_fits_everything_published(
    city: tuple[pa.Table, Plan],
) -> None:
    table, plan = city
    found = protected_or_none(table, plan)
    if found is None:
        return
    rules = plan.rules
    system = attacked(codes_of(table, plan), public(found))
    lower = np.where(system.row >= 0, rules.attacker_lower, 0)
    solutions = list(consistent_tables(system, lower.tolist(), TABLES_MAX))
    assert solutions, "the true table fits"
    if len(solutions) == TABLES_MAX:
        return  # too many to list: plenty of doubt
    seen = np.array(solutions)
    values = np.array(inside(found)["value"].to_pylist())
    for place, row in enumerate(system.row.tolist()):
        if row < 0 or not 1 <= values[row] < rules.k:
            continue
        low, high = seen[:, place].min(), seen[:, place].max()
        assert high >= max(values[row] + 1, rules.require.upper_min)
        assert high - low >= rules.require.width
        if rules.require.lower_max is not None:
            assert low <= max(rules.require.lower_max, 1)


@given(cities())
@COMMON
def test_the_auditor_s_bounds_hold_every_table_that_fits(city: tuple[pa.Table, Plan]) -> None:
    table, plan = city
    found = protected_or_none(table, replace(plan, rules=Rules(k=3, effort=Effort.ONCE)))
    if found is None:
        return
    cells = np.flatnonzero(found.model.published)
    naked = pa.array(found.model.values[cells], mask=found.primary[cells])
    seen = public(found)
    naked_table = seen.set_column(seen.column_names.index("obs_value"), "obs_value", naked)
    system = attacked(codes_of(table, plan), naked_table)
    if system.size == 0:
        return
    lower = np.zeros(system.size, dtype=np.int64)
    solutions = np.array(list(consistent_tables(system, lower.tolist(), TABLES_MAX)))
    needs = Needs(np.arange(system.size), lower, np.full(system.size, 10**6), 10**6)
    verdict = audit(system, needs)  # nothing is wide enough: every bound is worked out
    assert (verdict.low <= solutions.min(axis=0) + 1e-6).all()
    assert (verdict.high >= solutions.max(axis=0) - 1e-6).all()
    if len(solutions) < TABLES_MAX:
        single = np.flatnonzero(solutions.min(axis=0) == solutions.max(axis=0))
        assert determined(system) <= set(single.tolist())


@given(cities(), st.integers(0, 5))
@COMMON
def test_the_same_table_gives_the_same_pattern_whatever_its_order(
    city: tuple[pa.Table, Plan], seed: int
) -> None:
    table, plan = city
    first = protected_or_none(table, plan)
    second = protected_or_none(shuffled(table, seed), plan)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert statuses(first) == statuses(second)
        assert first.certificate == second.certificate


@given(cities())
@COMMON
def test_small_counts_and_nothing_shown_but_the_truth(city: tuple[pa.Table, Plan]) -> None:
    table, plan = city
    found = protected_or_none(table, plan)
    if found is None:
        return
    true = inside(found)["value"].to_pylist()
    shown = public(found)["obs_value"].to_pylist()
    for value, seen in zip(true, shown, strict=True):
        assert seen is None or (seen == value and not 1 <= value < plan.rules.k)


WIDE = settings(COMMON, max_examples=20)
WIDE_MAX = 600
"""Whole-number tables that are listed of one larger table before it counts as one of many."""


@st.composite
def towns(draw: st.DrawFn) -> tuple[pa.Table, Plan]:
    """Draw up to 200 cells: sectors in districts by kinds, of which few are small."""
    sectors, kinds = draw(st.integers(8, 20)), draw(st.integers(4, 6))
    few = draw(st.integers(1, 6))
    source = np.random.default_rng(draw(st.integers(0, 2**32)))
    counts = source.integers(10, 60, (sectors, kinds))
    counts.ravel()[source.choice(counts.size, few, replace=False)] = source.integers(1, 4, few)
    rules = replace(draw(RULES), k=4)
    made = crossed(range(sectors), [n // 4 for n in range(sectors)], counts.tolist(), rules)
    return made.table, made.plan


def test_up_to_two_hundred_cells_certificate_brute_force_and_auditor_agree() -> None:
    """Witnesses fit the attacker's own equations; proven ⊆ possible ⊆ the auditor's bounds."""
    sizes, listed = [], []

    @given(towns())
    @WIDE
    def holds(town: tuple[pa.Table, Plan]) -> None:
        table, plan = town
        found = protected_or_none(table, plan)
        if found is None:
            return
        model, cells = found.model, np.flatnonzero(found.model.published)
        system = attacked(codes_of(table, plan), public(found))
        assert (system.row >= 0).all()
        mine = cells[system.row]
        least = np.full(system.size, plan.rules.attacker_lower, dtype=np.int64)
        for move in found.moves:
            witness = model.values.copy()
            witness[move.cells] += move.change
            assert (system.matrix @ witness[mine] == system.right).all()
            assert (witness[mine] >= least).all()
            assert found.hidden[move.cells[model.published[move.cells]]].all()
        proof = verify(model, found.hidden, found.needs, found.moves)
        assert not proof.unproven.size
        assert not proof.unsound.size
        needs = Needs(np.arange(system.size), least, np.full(system.size, 10**6), 10**6)
        verdict = audit(system, needs)
        assert (verdict.low <= proof.low[mine] + 1e-6).all()
        assert (verdict.high >= proof.high[mine] - 1e-6).all()
        possible = np.array(list(consistent_tables(system, least.tolist(), WIDE_MAX)))
        assert (verdict.low <= possible.min(axis=0) + 1e-6).all()
        assert (verdict.high >= possible.max(axis=0) - 1e-6).all()
        sizes.append(cells.size)
        if len(possible) < WIDE_MAX:
            listed.append(cells.size)
            assert (possible.min(axis=0) <= proof.low[mine]).all()
            assert (possible.max(axis=0) >= proof.high[mine]).all()

    holds()
    assert max(sizes) > 150
    assert len(listed) > len(sizes) / 3
