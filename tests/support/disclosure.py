"""Tables for disclosure control: the benchmark, small ones, and every table that fits one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, product

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.support.needs import shared_data

from hanse.policies.attackers import Codes, Published, System, equations, read
from hanse.policies.disclosure import Plan, Protected, Rules, protect
from hanse.policies.disclosure.plan import Axis

AXES = ("geo", "age", "sex")


def bench_path(name: str) -> str:
    return str(shared_data() / "disclosure_bench" / f"{name}.parquet")


@cache
def bench(name: str) -> pa.Table:
    return pq.read_table(bench_path(name))


def bench_plan(name: str, rules: Rules = Rules()) -> Plan:  # noqa: B008 - frozen
    """Return the plan of a benchmark table: with one municipality, that level is the total."""
    areas = ("sector", "wijk") if name.startswith("t10k") else ("sector", "wijk", "gemeente")
    return Plan(
        (Axis("geo", areas), Axis("age", ("age", "agegrp")), Axis("sex", ("sex",))), rules=rules
    )


@cache
def secured(name: str, rules: Rules) -> Protected:
    """Return a protected benchmark table, made once for all tests of a run."""
    return protect(bench(name), bench_plan(name, rules))


@cache
def bench_codes(name: str) -> tuple[Codes, ...]:
    """Return what anybody knows of the benchmark's codes."""
    table = bench(name)
    return codes_of(table, bench_plan(name))


def codes_of(table: pa.Table, plan: Plan) -> tuple[Codes, ...]:
    return tuple(
        Codes.of(axis.name, [table[level].to_pylist() for level in axis.levels], axis.total)
        for axis in plan.axes
    )


def attacked(codes: Sequence[Codes], shown: pa.Table) -> System:
    """Return the equations of whoever reads a published table."""
    columns = [shown[each.name].to_pylist() for each in codes]
    return equations(read(codes, columns, shown["obs_value"].to_pylist()))


def pattern(name: str) -> Published:
    """Return a recorded pattern of another tool as its readers see it."""
    table = pq.read_table(bench_path(name))
    codes = bench_codes("_".join(["", *name.split("_")][2:4]))
    values = [
        value if status == "F" else None
        for value, status in zip(
            table["freq"].to_pylist(), table["status"].to_pylist(), strict=True
        )
    ]
    return read(codes, [table[axis].to_pylist() for axis in AXES], values)


def statuses(protected: Protected) -> dict[tuple[str, ...], str]:
    """Return A, D or F of every published cell by its codes."""
    model = protected.model
    cells = np.flatnonzero(model.published)
    columns = [
        [dimension.codes[place] for place in places.tolist()]
        for dimension, places in zip(model.dimensions, model.keys(cells), strict=True)
    ]
    marks = np.where(protected.hidden[cells], "D", "F")
    marks = np.where(protected.primary[cells], "A", marks)
    return dict(zip(zip(*columns, strict=True), marks.tolist(), strict=True))


@dataclass(frozen=True)
class Crossed:
    """A small table: areas of two zonings that may cross, and a second dimension."""

    table: pa.Table
    plan: Plan


def crossed(
    sectors: Sequence[int], districts: Sequence[int], counts: Sequence[Sequence[int]], rules: Rules
) -> Crossed:
    """Return the table of atoms (each in a sector and a district) by kind, with its plan."""
    rows = [
        (f"s{sector}", f"w{district}", f"k{kind}", count)
        for sector, district, row in zip(sectors, districts, counts, strict=True)
        for kind, count in enumerate(row)
    ]
    names = ("sector", "wijk", "kind", "freq")
    table = pa.table(
        {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    )
    merged = table.group_by(["sector", "wijk", "kind"]).aggregate([("freq", "sum")])
    merged = merged.rename_columns(["sector", "wijk", "kind", "freq"])
    return Crossed(
        merged, Plan((Axis("geo", ("sector", "wijk")), Axis("kind", ("kind",))), rules=rules)
    )


def consistent_tables(
    system: System, lower: Sequence[int], limit: int
) -> Iterator[tuple[int, ...]]:
    """Yield the whole-number solutions of the equations, at most `limit`, by plain search."""
    matrix = system.matrix.toarray()
    rows = [
        (np.flatnonzero(row).tolist(), row[np.flatnonzero(row)].tolist(), int(right))
        for row, right in zip(matrix, system.right, strict=True)
    ]
    domains = _domains(rows, list(lower), system.size)
    yield from islice(_search(rows, domains), limit)


Row = tuple[list[int], list[int], int]
Domains = list[tuple[int, int]]
TOP = 10_000


def _domains(rows: list[Row], lower: list[int], size: int) -> Domains:
    start = [(low, TOP) for low in lower]
    return _narrowed(rows, start) or [(1, 0)] * size


def _narrowed(rows: list[Row], domains: Domains) -> Domains | None:
    """Propagate bounds through the equations until nothing moves; None for a contradiction."""
    domains = list(domains)
    moved = True
    while moved:
        moved = False
        for columns, weights, right in rows:
            low = sum(
                w * domains[c][0 if w > 0 else 1] for c, w in zip(columns, weights, strict=True)
            )
            high = sum(
                w * domains[c][1 if w > 0 else 0] for c, w in zip(columns, weights, strict=True)
            )
            if low > right or high < right:
                return None
            for column, weight in zip(columns, weights, strict=True):
                before = domains[column]
                after = _cut(before, weight, right - low, right - high)
                if after[0] > after[1]:
                    return None
                if after != before:
                    moved = True
                    mine_low, mine_high = (
                        (after[0], after[1]) if weight > 0 else (after[1], after[0])
                    )
                    old_low, old_high = (
                        (before[0], before[1]) if weight > 0 else (before[1], before[0])
                    )
                    low += weight * (mine_low - old_low)
                    high += weight * (mine_high - old_high)
                    domains[column] = after
    return domains


def _cut(domain: tuple[int, int], weight: int, slack: int, excess: int) -> tuple[int, int]:
    """Return what an equation leaves of one domain: weight is 1 or -1 in these tables."""
    low, high = domain
    if weight > 0:
        return max(low, high + excess), min(high, low + slack)
    return max(low, high - slack), min(high, low - excess)


def _search(rows: list[Row], domains: Domains) -> Iterator[tuple[int, ...]]:
    if any(low > high for low, high in domains):
        return
    open_columns = [place for place, (low, high) in enumerate(domains) if low < high]
    if not open_columns:
        yield tuple(low for low, _ in domains)
        return
    column = min(open_columns, key=lambda place: domains[place][1] - domains[place][0])
    for value in range(domains[column][0], domains[column][1] + 1):
        trial = list(domains)
        trial[column] = (value, value)
        narrowed = _narrowed(rows, trial)
        if narrowed is not None:
            yield from _search(rows, narrowed)


def shuffled(table: pa.Table, seed: int) -> pa.Table:
    order = np.random.default_rng(seed).permutation(table.num_rows)
    return table.take(pa.array(order))


def every_cell(codes: Sequence[Codes]) -> list[tuple[str, ...]]:
    return list(product(*(sorted(each.pieces) for each in codes)))
