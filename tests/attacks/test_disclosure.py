"""Attackers on protected tables: they bite on what others publish, and find nothing in ours."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.disclosure import (
    AXES,
    attacked,
    bench,
    bench_codes,
    bench_path,
    bench_plan,
    codes_of,
    pattern,
    secured,
)

from hanse.errors import Invalid
from hanse.policies.attackers import (
    Needs,
    Published,
    System,
    Verdict,
    audit,
    determined,
    equations,
    read,
)
from hanse.policies.disclosure import Protected, Rules, inside, protect, public
from hanse.policies.disclosure.plan import Axis, Effort, Plan

WIDTH = 2
SMALL = 5


def judged(system: System, truth: dict[int, int], least: int) -> Verdict:
    """Audit the small counts (`truth`: unknown -> value, for scoring only) under requirement R1."""
    cells = np.array(sorted(truth), dtype=np.int64)
    upper = np.zeros(system.size, dtype=np.int64)
    upper[cells] = [truth[cell] + 1 for cell in cells.tolist()]
    return audit(system, Needs(cells, np.where(system.row >= 0, least, 0), upper, WIDTH))


def truth_of(system: System, values: list[int]) -> dict[int, int]:
    """Return the small counts among the unknowns that a published table holds."""
    rows = system.row.tolist()
    return {
        place: values[row] for place, row in enumerate(rows) if row >= 0 and values[row] < SMALL
    }


@dataclass(frozen=True)
class Recorded:
    """What is known of another tool's pattern: how many cells fail R1, and how many are exact."""

    name: str
    least: int
    below: int
    exact: int


RECORDED = [
    Recorded("gauss_t10k_nested_none", 1, 890, 376),
    Recorded("gauss_t10k_nested_anysum", 1, 637, 0),
    Recorded("gauss_t10k_nested_intervals", 1, 658, 0),
    Recorded("gauss_t10k_nested_intervals", 0, 0, 0),
    Recorded("gauss_t10k_nested_none", 0, 14, 0),
    Recorded("sdctable_t10k_nested_hypercube", 1, 67, 4),
    Recorded("sdctable_t10k_nested_hypercube", 0, 0, 0),
    Recorded("sdctable_t10k_nested_simpleheuristic_old", 1, 740, 320),
    Recorded("sdctable_t10k_nested_simpleheuristic_old", 0, 4, 4),
]


@pytest.mark.needs("shared_data")
@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case.name}-least-{case.least}")
def test_the_bounds_attacker_finds_what_other_tools_leave_open(case: Recorded) -> None:
    table = pq.read_table(bench_path(case.name))
    system = equations(pattern(case.name))
    verdict = judged(system, truth_of(system, table["freq"].to_pylist()), case.least)
    pinned = verdict.below[(verdict.high - verdict.low)[verdict.below] < 1e-6]
    assert (verdict.below.size, pinned.size) == (case.below, case.exact)
    assert verdict.exact.size >= pinned.size  # an interval of 1 to 1.5 holds one whole number


@pytest.mark.needs("shared_data")
def test_the_linear_attacker_finds_what_a_plain_threshold_leaves_open() -> None:
    name = "t10k_nested"
    found = secured(name, Rules(effort=Effort.ONCE))
    naked = replace_hidden(found, found.primary)
    recovered = determined(naked)
    assert len(recovered) > 100
    assert all(naked.row[place] >= 0 for place in recovered)


def replace_hidden(found: Protected, hidden: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> System:
    """Return what is known when exactly these cells carry no value."""
    cells = np.flatnonzero(found.model.published)
    seen = public(found)
    values = pa.array(found.model.values[cells], mask=hidden[cells])
    at = seen.column_names.index("obs_value")
    return attacked(bench_codes("t10k_nested"), seen.set_column(at, "obs_value", values))


@pytest.mark.needs("shared_data")
@pytest.mark.parametrize("name", ["t10k_nested", "t10k_ov6"])
def test_neither_attacker_finds_a_small_count_in_our_tables(name: str) -> None:
    found = secured(name, Rules())
    system = attacked(bench_codes(name), public(found))
    truth = truth_of(system, inside(found)["value"].to_pylist())
    assert len(truth) == found.certificate.primary
    assert determined(system) & truth.keys() == set()
    verdict = judged(system, truth, 1)
    assert verdict.below.size == 0


@pytest.mark.needs("shared_data")
def test_slivers_of_crossing_zonings_stay_hidden_too() -> None:
    name = "t10k_ov6"
    exposed = _slivers_found(secured(name, Rules(effort=Effort.ONCE, slivers=False)), name)
    covered = _slivers_found(secured(name, Rules()), name)
    assert exposed > 0
    assert covered == 0


def _slivers_found(found: Protected, name: str) -> int:
    """Return how many small counts of overlaps, at any breakdown, an attacker can pin."""
    system = attacked(bench_codes(name), public(found))
    known = _atom_counts(name)
    truth = {
        place: count
        for place, key in enumerate(system.keys)
        if key[0].startswith("piece:") and 1 <= (count := known[key]) < SMALL
    }
    assert len(truth) > 200
    return judged(system, truth, 1).below.size


def _atom_counts(name: str) -> dict[tuple[str, ...], int]:
    """Return the count of every overlap at every breakdown."""
    counts: dict[tuple[str, ...], int] = {}
    for row in bench(name).to_pylist():
        piece = f"piece:{row['sector']}|{row['wijk']}"
        for age in (row["age"], row["agegrp"], "Total"):
            for sex in (row["sex"], "Total"):
                key = (piece, age, sex)
                counts[key] = counts.get(key, 0) + row["freq"]
    return counts


@pytest.mark.needs("shared_data")
def test_two_zonings_protected_apart_give_each_other_away() -> None:
    name = "t10k_ov6"
    plan = bench_plan(name, Rules(effort=Effort.ONCE))
    shown: dict[tuple[str, ...], int | None] = {}
    for level in ("sector", "wijk"):
        geo = replace(plan.axes[0], levels=(level,))
        alone = replace(plan, axes=(geo, *plan.axes[1:]))
        table = bench(name).group_by([level, "age", "agegrp", "sex"]).aggregate([("freq", "sum")])
        table = table.rename_columns([level, "age", "agegrp", "sex", "freq"])
        for row in public(protect(table, alone)).to_pylist():
            key = tuple(row[axis] for axis in AXES)
            shown[key] = row["obs_value"] if row["obs_value"] is not None else shown.get(key)
    columns = list(zip(*shown, strict=True))
    pooled = equations(read(bench_codes(name), columns, list(shown.values())))
    true = {
        tuple(row[axis] for axis in AXES): row["value"]
        for row in inside(secured(name, Rules())).to_pylist()
    }
    small = {place for place, key in enumerate(pooled.keys) if 1 <= true.get(key, 0) < SMALL}
    recovered = determined(pooled) & small
    assert len(recovered) > 0.10 * len(small)


PLANTED = 15


@pytest.mark.needs("shared_data")
def test_every_planted_leak_is_found() -> None:
    """Open one secondary cell at a time: whatever breaks the requirement must be reported."""
    name = "t10k_nested"
    found = secured(name, Rules())
    secondary = np.flatnonzero(found.secondary)
    draw = np.random.default_rng(5).choice(secondary, PLANTED, replace=False)
    values = inside(found)["value"].to_pylist()
    leaks = 0
    for cell in draw.tolist():
        opened = found.hidden.copy()
        opened[cell] = False
        system = replace_hidden(found, opened)
        leaks += judged(system, truth_of(system, values), 1).below.size > 0
    assert leaks >= 0.8 * PLANTED  # what stays closed is needed, all but a few


def test_an_unknown_code_in_a_published_table_is_refused() -> None:
    codes = codes_of(pa.table({"s": ["a", "b"]}), _one("s"))
    with pytest.raises(Invalid, match="DISCLOSURE_CODE_UNKNOWN"):
        read(codes, [["a", "zz"]], [1, None])


def _one(name: str) -> Plan:
    return Plan((Axis(name, (name,)),))


def test_a_table_with_one_hidden_cell_has_no_secret() -> None:
    codes = codes_of(pa.table({"s": ["a", "b"]}), _one("s"))
    table: Published = read(codes, [["a", "b", "Total"]], [None, 7, 10])
    system = equations(table)
    assert determined(system) == {0}
    verdict = audit(system, Needs(np.array([0]), np.array([1]), np.array([4]), WIDTH))
    assert verdict.exact.tolist() == [0]
    assert (verdict.low[0], verdict.high[0]) == (3, 3)
