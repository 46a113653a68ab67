"""How the totals of a release fit their parts, its own and those that other datasets show."""

from dataclasses import dataclass

import numpy as np

from hanse.cube import algebra
from hanse.cube.status import CellState
from hanse.node.populations import Floats, Known
from hanse.node.relations import AREA, Bools, Ints, Relations

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
    was revised. `apart` rows are those among them that show nothing but the table as it was: what
    still fits stands beside the table as it is as well.
    """

    below: Bools
    short: Bools
    stale: Bools
    apart: Bools


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
    off = (off & countable[head]) | (mixed & _torn(relations, numbers))
    stale = np.zeros(int(part.max(initial=-1)) + 1, dtype=bool)
    stale[part[head[off]]] = True
    below = np.asarray(countable[head] & (over < 0))
    return Fit(below, np.asarray(short), stale[part], _apart(relations, part, numbers, off))


def small_rests(relations: Relations, seen: Bools, values: Floats, least: int) -> Ints:
    """Return the wholes of which readers can subtract a small part that was never loaded.

    The one sector left out of a table is a count like any other. Where all parts are there the rest
    is nobody's part: people without an address.
    """
    parts = np.bincount(relations.equation, minlength=relations.head.size)
    told = ~relations.complete & seen[relations.head] & (relations.count(seen) == parts)
    rest = values[relations.head] - relations.sums(values)
    return np.asarray(relations.head[told & (rest >= 1) & (rest < least)])


def _torn(relations: Relations, numbers: Numbers) -> Bools:
    """Say which equations of a whole that nobody shows give another number than its others do."""
    head = relations.head
    parts = np.bincount(relations.equation, minlength=head.size)
    clear = relations.complete & (head >= relations.given)
    clear &= relations.count(numbers.countable) == parts
    sums = relations.sums(np.where(numbers.ranks == _VALUE, numbers.shown(), 0.0))
    low, high = np.full(relations.size, np.inf), np.full(relations.size, -np.inf)
    np.minimum.at(low, head[clear], sums[clear])
    np.maximum.at(high, head[clear], sums[clear])
    return np.asarray(clear & (high[head] > low[head]))


def _apart(relations: Relations, part: Ints, numbers: Numbers, off: Bools) -> Bools:
    """Say which rows of other datasets lie where a figure was revised, in an area around it.

    Which of the parts of a sum that no longer fits was revised is not known: all of them may be,
    with everything in their areas.
    """
    found = np.zeros(relations.size, dtype=bool)
    if not off.any():
        return found
    child, parent, area = relations.child, relations.parent, relations.frame.columns["area"]
    over = relations.kind[relations.equation] == AREA
    pairs = np.unique(np.stack([area[child[over]], area[parent[over]]]), axis=1)
    lost = off[relations.equation] & numbers.beside[child]
    seeds = np.unique(np.stack([part[child[lost]], area[child[lost]]]), axis=1)
    below = lost & over
    inner = np.unique(np.stack([part[child[below]], area[child[below]]]), axis=1)
    heads = relations.head[off]
    outer = np.stack([part[heads], area[heads]])
    places = set(map(tuple, np.concatenate([seeds, outer], axis=1).T.tolist()))
    places |= _reached(set(map(tuple, inner.T.tolist())), pairs[::-1])
    places = _reached(places, pairs)
    rows = np.flatnonzero(numbers.beside & (numbers.ranks == _VALUE))
    found[rows] = [
        key in places for key in zip(part[rows].tolist(), area[rows].tolist(), strict=True)
    ]
    return found


def _reached(places: set[tuple[int, int]], pairs: Ints) -> set[tuple[int, int]]:
    """Return places (part, area) with all that pairs of areas lead to, step by step."""
    onward: dict[int, list[int]] = {}
    for first, second in pairs.T.tolist():
        onward.setdefault(first, []).append(second)
    found, fresh = set(places), list(places)
    while fresh:
        number, area = fresh.pop()
        new = {(number, each) for each in onward.get(area, ())} - found
        found |= new
        fresh += new
    return found


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
