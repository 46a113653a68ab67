"""What a protected table cost, for the data manager and the data protection officer.

Everything here stays in the house: it tells small cells from cells that only protect others.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.moves import matrix
from hanse.policies.disclosure.plan import Plan, Rules
from hanse.policies.disclosure.protection import Protected
from hanse.policies.disclosure.table import inside, keys_table, suppress

COSTLIEST_MAX = 1_000


def by_level(protected: Protected) -> pa.Table:
    """Return, per combination of levels, how many cells there are and how many are hidden why.

    One column per dimension (its level), then `cells`, `zeros`, `primary`, `secondary`, and
    `largest_secondary`, the greatest count hidden for the sake of others (0 where none is).
    """
    model = protected.model
    cells = np.flatnonzero(model.published)
    keys = model.keys(cells)
    levels = [dim.level[key] for dim, key in zip(model.dimensions, keys, strict=True)]
    groups, place = np.unique(np.stack(levels, axis=1), axis=0, return_inverse=True)
    place = np.ravel(place)
    columns: dict[str, Ints | list[str]] = {
        dim.name: [dim.levels[number] for number in groups[:, axis].tolist()]
        for axis, dim in enumerate(model.dimensions)
    }
    secondary = protected.secondary[cells]
    values = model.values[cells]
    largest = np.zeros(len(groups), dtype=np.int64)
    np.maximum.at(largest, place[secondary], values[secondary])
    masks = {
        "cells": np.ones(cells.size, dtype=bool),
        "zeros": values == 0,
        "primary": protected.primary[cells],
        "secondary": secondary,
    }
    for name, mask in masks.items():
        columns[name] = np.bincount(place[mask], minlength=len(groups)).astype(np.int64)
    return pa.table({**columns, "largest_secondary": largest})


def costliest(protected: Protected, count: int = 20) -> pa.Table:
    """Return the greatest counts that are hidden only to protect others, greatest first."""
    table = inside(protected)
    rows = np.flatnonzero(np.asarray(table["conf_status"].to_pylist()) == "D")
    values = table["value"].to_numpy()[rows]
    order = np.lexsort((rows, -values))[: min(count, COSTLIEST_MAX)]
    return table.take(pa.array(rows[order])).drop_columns(["conf_status"])


def neediest(protected: Protected, count: int = 20) -> pa.Table:
    """Return the small cells whose protection leans on most cells hidden only for others.

    One column per dimension and `needs`: how many such cells the leanest witness touches that
    raises the cell as far as it must. Greatest first.
    """
    model, needs = protected.model, protected.needs
    witness = matrix(protected.moves, model.cells)
    owner = np.repeat(np.arange(witness.shape[0]), np.diff(witness.indptr))
    size = np.bincount(owner[protected.secondary[witness.indices]], minlength=witness.shape[0])
    cells = witness.indices
    raised = protected.primary[cells] & (model.values[cells] + witness.data >= needs.upper[cells])
    leanest = np.full(model.cells, -1, dtype=np.int64)
    leanest[cells[raised]] = np.iinfo(np.int64).max
    np.minimum.at(leanest, cells[raised], size[owner[raised]])
    found = np.flatnonzero(leanest > 0)
    order = found[np.lexsort((found, -leanest[found]))][: min(count, COSTLIEST_MAX)]
    return pa.table({**keys_table(model, order), "needs": leanest[order]})


def what_if(table: pa.Table, plan: Plan, others: Sequence[Rules]) -> pa.Table:
    """Return what other rules would hide: one row per set of rules, the plan's own first."""
    rows = []
    for rules in (plan.rules, *others):
        found = suppress(table, replace(plan, rules=rules)).certificate
        rows.append(
            {
                "k": rules.k,
                "zeros": rules.zeros.value,
                "width": rules.require.width,
                "upper_min": rules.require.upper_min,
                "published": found.published,
                "primary": found.primary,
                "secondary": found.secondary,
            }
        )
    return pa.Table.from_pylist(rows)
