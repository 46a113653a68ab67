"""How the totals of a release fit their parts, its own and those that other datasets show."""

from dataclasses import dataclass

import numpy as np

from hanse.cube import algebra
from hanse.cube.status import CellState
from hanse.node.populations import Floats, Known
from hanse.node.relations import Bools, Ints, Relations

_VALUE = algebra.STATE_RANK[CellState.VALUE]

DECIMALS_MAX = 6
"""More decimals of a weighted count are noise of its computation."""

NOISE = 1e-9
"""By how much, relatively, a number may be off its decimals."""


def decimals_of(values: Floats) -> Ints:
    """Return how many decimals each number has; what is no finite number has none."""
    numbers = np.where(np.isfinite(values), values, 0.0)
    found = np.zeros(numbers.shape, dtype=np.int64)
    for decimals in range(DECIMALS_MAX):
        scaled = numbers * 10.0**decimals
        off = np.abs(scaled - np.round(scaled)) > NOISE * np.maximum(1.0, np.abs(scaled))
        found[off] = decimals + 1
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Of each equation: whether its whole is below its parts, and whether parts are missing.

    `stale` says of each row that what other datasets show of its part fitted only before a figure
    was revised: they show the table as it was.
    """

    below: Bools
    short: Bools
    stale: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """The rows of a release: place in `STATE_ORDER`, number, and which hold nothing or a number.

    `beside` rows stand in other datasets; `known` is what readers hold of all that were given.
    """

    ranks: Ints
    values: Floats
    countable: Bools
    beside: Bools
    known: Known

    def shown(self) -> Floats:
        """Return the numbers that readers hold, and where they hold none the present ones."""
        values, given = self.values.copy(), self.known.seen.size
        values[:given] = np.where(self.known.seen > 0, self.known.values, values[:given])
        return values


def fit(relations: Relations, part: Ints, numbers: Numbers) -> Fit:
    """Return how the wholes fit; `part` is the connected part of each row.

    Whatever is revised here is not revised in other datasets: a sum over parts that stand there is
    one of the numbers that readers hold.
    """
    head, countable = relations.head, numbers.countable
    mixed = numbers.beside[head].copy()
    mixed[relations.equation[numbers.beside[relations.child]]] = True
    now = _above(relations, numbers, numbers.values)
    over = np.where(mixed, _above(relations, numbers, numbers.shown()), now)
    parts = np.bincount(relations.equation, minlength=head.size)
    clear = (relations.count(countable) == parts) & countable[head]
    short = np.where(clear, over > 0, ~relations.complete) & (head < relations.given)
    off = np.where(clear, np.sign(now) != np.sign(over), (now < 0) != (over < 0))
    stale = np.zeros(int(part.max(initial=-1)) + 1, dtype=bool)
    stale[part[head[off & countable[head]]]] = True
    return Fit(np.asarray(countable[head] & (over < 0)), np.asarray(short), stale[part])


def _above(relations: Relations, numbers: Numbers, values: Floats) -> Floats:
    """Return how far each whole is above the sum of its parts.

    Weighted counts have decimals: a whole may lie half a unit of the last one per number off.
    """
    counted = np.where(numbers.ranks == _VALUE, values, 0.0)
    head = relations.head
    over = values[head] - relations.sums(counted)
    decimals = decimals_of(counted)
    if not decimals.any():
        return np.asarray(over)
    most = decimals[head]
    np.maximum.at(most, relations.equation, decimals[relations.child])
    parts = np.bincount(relations.equation, minlength=head.size)
    allowed = (parts // 2) * 10.0**-most + NOISE * np.maximum(1.0, np.abs(values[head]))
    return np.asarray(np.where((most > 0) & (np.abs(over) <= allowed), 0.0, over))
