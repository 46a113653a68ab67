"""Amounts instead of counts: turnover, income, energy, given as contributions of known units.

A total is sensitive when one contributor can work out another's share too closely (p % rule), when
the few largest make up too much of it ((n, k) rule), or when there are too few of them. What an
attacker must then still think possible is a protection level above and below the total (Handbook on
Statistical Disclosure Control, ch. 4: 100/k · (x1 + … + xn) - X, and p/100 · x1 - (X - x1 - x2)).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.errors import Invalid
from hanse.policies.disclosure.certificate import Needs
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.model import Bools, Model
from hanse.policies.disclosure.plan import Plan, Requirement, Zeros
from hanse.policies.disclosure.protection import Protected, secure_needs
from hanse.policies.disclosure.table import demand_of, model_of

PAIRS_MAX = 20_000_000
"""Contributions times the cells each lies in."""


@dataclass(frozen=True, slots=True)
class Dominance:
    """The `n` largest contributions may not exceed `percent` of a total."""

    n: int
    percent: int


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """When an amount is sensitive; a rule left at its neutral value never speaks.

    `p_percent`: the second contributor may not estimate the first more closely. `known_percent`:
    the attacker knows every cell beforehand to this many percent below; 100: only that it is ≥ 0.
    """

    dominance: tuple[Dominance, ...] = (Dominance(1, 75), Dominance(2, 85))
    p_percent: int = 10
    contributors_min: int = 3
    known_percent: int = 100


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Per cell: how many contributors, and the sums of its largest 0, 1, 2 … contributions."""

    contributors: Ints
    largest: Ints


def protect_amounts(
    table: pa.Table, plan: Plan, contributor: str, sensitivity: Sensitivity
) -> Protected:
    """Return the protected table of the sums of `plan.value`, one row per contribution.

    Amounts are whole (cents, kWh) and not negative; a contributor may have several rows. The
    plan's `k` is not used; zero totals are shown.
    """
    names = [level for axis in plan.axes for level in axis.levels]
    sums = table.group_by(names).aggregate([(plan.value, "sum")])
    sums = sums.rename_columns([*names, plan.value])
    model = model_of(sums, plan)
    deepest = max([2, *(rule.n for rule in sensitivity.dominance)])
    shares = shares_of(table, plan, model, contributor, deepest)
    primary, level = sensitive(model, shares, sensitivity)
    told = Requirement(0, 0)  # here the needs differ from cell to cell
    rules = replace(plan.rules, k=0, require=told, attacker_lower=0, zeros=Zeros.PUBLISH)
    asked = replace(demand_of(model, plan), primary=primary, rules=rules)
    known = model.values * (100 - sensitivity.known_percent) // 100
    needs = Needs(
        protected=np.flatnonzero(primary),
        lower=np.where(model.published, known, 0),
        upper=model.values + level,
        lower_need=np.maximum(model.values - level, known),
        width=0,
    )
    return secure_needs(model, asked, needs)


def sensitive(model: Model, shares: Shares, rules: Sensitivity) -> tuple[Bools, Ints]:
    """Return which published cells are sensitive, and the protection level of each (≥ 1)."""
    total, largest = model.values, shares.largest
    levels = [-((-100 * largest[rule.n]) // rule.percent) - total for rule in rules.dominance]
    first, second = largest[1], largest[2] - largest[1]
    levels.append(-((-rules.p_percent * first) // 100) - (total - first - second))
    level = np.max(levels, axis=0, initial=0)
    few = (shares.contributors > 0) & (shares.contributors < rules.contributors_min)
    primary = model.published & (total > 0) & ((level > 0) | few)
    floor = np.maximum(1, -((-rules.p_percent * first) // 100))
    return np.asarray(primary), np.where(level > 0, level, floor)


def shares_of(table: pa.Table, plan: Plan, model: Model, contributor: str, deepest: int) -> Shares:
    """Return the largest contributions of every cell, a contributor's rows in it taken together."""
    for name in (contributor, plan.value):
        if name not in table.column_names:
            raise Invalid("DISCLOSURE_COLUMN", column=name, found=", ".join(table.column_names))
    who = pc.dictionary_encode(table[contributor].combine_chunks()).indices.to_numpy()
    amounts = table[plan.value].to_numpy().astype(np.int64)
    if amounts.size and amounts.min() < 0:
        raise Invalid("DISCLOSURE_NEGATIVE", row=int(np.argmin(amounts)) + 1)
    codes = [_codes(table, axis_number, plan, model) for axis_number in range(len(plan.axes))]
    ways = list(product(*codes))
    if len(ways) * table.num_rows > PAIRS_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what="pairs", found=len(ways), limit=PAIRS_MAX)
    cells = np.concatenate([np.ravel_multi_index(way, model.shape) for way in ways])
    return _largest(cells, np.tile(who, len(ways)), np.tile(amounts, len(ways)), model, deepest)


def _codes(table: pa.Table, number: int, plan: Plan, model: Model) -> list[Ints]:
    """Return, per level of one dimension, the code of every row."""
    axis, dimension = plan.axes[number], model.dimensions[number]
    columns: list[Sequence[str]] = [table[level].to_pylist() for level in axis.levels]
    if axis.total is not None:
        columns.append([axis.total] * table.num_rows)
    place = {code: index for index, code in enumerate(dimension.codes)}
    return [np.array([place[code] for code in column], dtype=np.int64) for column in columns]


def _largest(cells: Ints, who: Ints, amounts: Ints, model: Model, deepest: int) -> Shares:
    """Return the sums of the largest contributions, from pairs of cell and contributor."""
    order = np.lexsort((who, cells))
    cells, who, amounts = cells[order], who[order], amounts[order]
    first = np.concatenate([[True], (np.diff(cells) != 0) | (np.diff(who) != 0)])
    starts = np.flatnonzero(first)
    merged = np.add.reduceat(amounts, starts)
    owner = cells[starts]
    order = np.lexsort((-merged, owner))
    merged, owner = merged[order], owner[order]
    begins = np.concatenate([[0], np.flatnonzero(np.diff(owner)) + 1])
    rank = np.arange(owner.size) - np.repeat(begins, np.diff([*begins.tolist(), owner.size]))
    largest = np.zeros((deepest + 1, model.cells), dtype=np.int64)
    for depth in range(1, deepest + 1):
        within = rank < depth
        np.add.at(largest[depth], owner[within], merged[within])
    contributors = np.bincount(owner, minlength=model.cells).astype(np.int64)
    return Shares(contributors, largest)
