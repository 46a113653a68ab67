"""Twelve releases of one population: zonings come and go, a reform, a merger, revisions.

The attacker keeps everything. After every release he may pin no small count, and no figure that was
shown with its present value may vanish.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from tests.support.disclosure import codes_of

from hanse.policies.attackers import Needs, audit, determined, equations, read
from hanse.policies.disclosure import Ledger, Plan, Rules, protect_next
from hanse.policies.disclosure.ledger import keys_of
from hanse.policies.disclosure.plan import Axis, Selection

AXES = (
    Axis("geo", ("sector", "wijk", "reformed", "merged")),
    Axis("age", ("age", "group")),
    Axis("sex", ("sex",)),
)


def _population(revisions: int) -> pa.Table:
    """Return inner counts; each revision changes about one cell in a hundred."""
    draw = np.random.default_rng(23)
    rows = []
    for sector in range(14):
        for age in range(4):
            for sex in "FM":
                key = (
                    f"s{sector:02}",
                    f"w{sector // 4}",
                    f"n{(sector + 2) // 4}",
                    f"m{sector // 8}",
                )
                count = int(draw.poisson(draw.choice([2, 9, 30])))
                rows.append([*key, f"y{age}", f"q{age // 2}", sex, count])
    for number in range(revisions):
        change = np.random.default_rng(number)
        for place in change.choice(len(rows), max(1, len(rows) // 100), replace=False).tolist():
            rows[place][-1] = max(0, rows[place][-1] + int(change.choice([-1, 1])))
    names = ("sector", "wijk", "reformed", "merged", "age", "group", "sex", "freq")
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(dict(zip(names, columns, strict=True)))


@dataclass(frozen=True)
class Release:
    """What one release shows, and how often the figures have been revised by then."""

    cubes: tuple[Selection, ...]
    revisions: int = 0


def _cube(*areas: str, ages: tuple[str, ...] = ("group", "Total")) -> Selection:
    return {"geo": (*areas, "Total"), "age": ages}


WITHOUT_SEX: Mapping[str, tuple[str, ...]] = {"sex": ("Total",)}

RELEASES = [
    Release((_cube("sector"),)),
    Release((_cube("sector", "wijk"),)),
    Release((_cube("sector", "wijk"), {**_cube("wijk", ages=("age",)), **WITHOUT_SEX})),
    Release((_cube("sector", "wijk"),), revisions=1),
    Release((_cube("sector", "wijk", "reformed"),), revisions=1),  # a district reform
    Release((_cube("reformed"),), revisions=1),  # the old districts are withdrawn
    Release((_cube("sector", "wijk", "reformed"),), revisions=1),  # and come back
    Release((_cube("sector", "wijk", "reformed"),), revisions=2),
    Release((_cube("sector", "wijk", "reformed", "merged"),), revisions=2),  # a merger
    Release((_cube("wijk", "merged", ages=("age", "group", "Total")),), revisions=2),
    Release((_cube("sector", "reformed"),), revisions=3),
    Release((_cube("sector", "wijk", "reformed", "merged", ages=("age", "group", "Total")),), 3),
]


def _pinned(table: pa.Table, plan: Plan, ledger: Ledger, true: dict[tuple[str, ...], int]) -> int:
    """Return how many small counts follow, exactly or nearly, from all that was ever shown."""
    columns = list(zip(*ledger.cells, strict=True))
    system = equations(
        read(
            codes_of(table, plan),
            columns,
            [None if value is None else int(value) for value in ledger.cells.values()],
        )
    )
    values = np.array([true.get(key, 0) for key in system.keys])
    cells = np.flatnonzero((system.row >= 0) & (values >= 1) & (values < plan.rules.k))
    lower = np.where(system.row >= 0, 1, 0)
    exact = determined(system) & set(cells.tolist())
    return len(exact) + int(audit(system, Needs(cells, lower, values + 1, 2)).below.size)


def test_twelve_releases_together_give_no_small_count_away() -> None:
    plan = Plan(AXES, rules=Rules())
    ledger = Ledger()
    for number, release in enumerate(RELEASES):
        table = _population(release.revisions)
        found = protect_next(table, replace(plan, cubes=release.cubes), ledger)
        model = found.model
        true = dict(
            zip(keys_of(model), model.values[np.flatnonzero(model.published)].tolist(), strict=True)
        )
        later = ledger.after(found)
        kept = {key for key, value in ledger.cells.items() if value is not None}
        vanished = {key for key in kept if later.cells[key] is None}
        assert all(true[key] != ledger.cells[key] for key in vanished), number
        ledger = later
        assert found.certificate.primary > 5, number
        assert _pinned(table, plan, ledger, true) == 0, number
