"""What every count of a table is a sum of: inner counts, which are sums of nothing else in it.

Rounding and noise start there. Where two ways of adding up a count do not come to the same inner
counts, or parts are missing, there would be two figures of the same people: that is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hanse.errors import Conflict
from hanse.node.relations import Bools, Ints, Relations

NAMED = 3
"""How many cells a refusal names."""
PRINTS_SEED = 20_260_101
"""Any number: rows are told apart by numbers so large that sums of them say which they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """The counts of a release, one per given row: whether one is known, and how many.

    What holds nothing is known to be nought.
    """

    known: Bools
    values: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """How the rows of a table are made of inner rows: one equation per whole, by depth."""

    relations: Relations
    inner: Bools
    _steps: tuple[tuple[Ints, Ints], ...]

    def over(self, own: Ints) -> Ints:
        """Return per row the sum of what its inner rows have, modulo 2⁶⁴."""
        found = np.where(self.inner, own, 0)
        for wholes, parts in self._steps:
            np.add.at(found, wholes, found[parts])
        return found


def named(relations: Relations, rows: Ints | Sequence[int]) -> str:
    """Return the first few rows as people write cells."""
    frame = relations.frame
    return ", ".join(
        " · ".join(frame.spelled(name, int(row)) for name in frame.columns) for row in rows[:NAMED]
    )


def sums_of(relations: Relations, counts: Counts, dataset: str) -> Sums:
    """Return how every count is a sum of inner ones.

    Raises `Conflict` (`PERTURB_…`) where a release does not hold what that takes: parts that are
    missing or withheld, areas that are cut, or two breakdowns without the table that crosses them.
    """
    given = relations.given
    known, values = np.zeros(relations.size, dtype=bool), np.zeros(relations.size, dtype=np.int64)
    known[:given], values[:given] = counts.known, counts.values
    cut = relations.head[relations.crossing]
    _refuse("PERTURB_CUT", relations, cut[known[cut] & (values[cut] > 0)], dataset)
    sums = _Building(relations).sums()
    whole = ~sums.inner & known
    hidden = sums.over((~known).astype(np.int64)) > 0
    _refuse("PERTURB_WITHHELD", relations, np.flatnonzero(whole & hidden), dataset)
    exact = sums.over(np.where(known, values, 0))
    _refuse("PERTURB_REST", relations, np.flatnonzero(whole & (exact != values)), dataset)
    _check_crossed(sums, known, values, dataset)
    return sums


def _refuse(code: str, relations: Relations, rows: Ints, dataset: str) -> None:
    rows = np.unique(rows)
    if rows.size:
        told = named(relations, rows.tolist())
        raise Conflict(code, dataset=dataset, cells=told, count=int(rows.size))


def _check_crossed(sums: Sums, known: Bools, values: Ints, dataset: str) -> None:
    """Refuse a whole of which two ways of dividing it do not come to the same inner counts."""
    relations = sums.relations
    prints = np.random.default_rng(PRINTS_SEED).integers(1, 2**62, relations.size)
    prints[known & (values == 0)] = 0
    found = sums.over(prints)
    equation, parts = _edges(relations)
    parted = np.zeros(relations.head.size, dtype=np.int64)
    np.add.at(parted, equation, found[parts])
    off = ~relations.crossing & (parted != found[relations.head])
    if not off.any():
        return
    at = int(np.flatnonzero(off)[0])
    head = int(relations.head[at])
    mine = np.flatnonzero((relations.head == head) & ~relations.crossing)
    kinds = [int(kind) for kind in dict.fromkeys(relations.kind[mine].tolist())]
    raise Conflict(
        "PERTURB_CROSS",
        dataset=dataset,
        cells=named(relations, [head]),
        ways=", ".join(relations.frame.name_of(kind) for kind in kinds),
        count=int(np.unique(relations.head[off]).size),
    )


def _edges(relations: Relations) -> tuple[Ints, Ints]:
    """Return the edges that add up: equation and part of each."""
    mine = ~relations.crossing[relations.equation]
    return relations.equation[mine], relations.child[mine]


class _Building:
    """The order in which wholes are added up."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.equation, self.part = _edges(relations)

    def sums(self) -> Sums:
        relations = self.relations
        depth = self._depth()
        inner = depth == 0
        usable = np.flatnonzero(~relations.crossing)
        first = np.full(relations.size, -1, dtype=np.int64)
        first[relations.head[usable[::-1]]] = usable[::-1]
        mine = first[relations.head[self.equation]] == self.equation
        wholes, parts = relations.head[self.equation[mine]], self.part[mine]
        steps = []
        for level in range(1, int(depth.max(initial=0)) + 1):
            at = depth[wholes] == level
            steps.append((wholes[at], parts[at]))
        return Sums(relations, inner, tuple(steps))

    def _depth(self) -> Ints:
        """Return per row how many sums lie between it and the inner rows at most."""
        wholes = self.relations.head[self.equation]
        depth = np.zeros(self.relations.size, dtype=np.int64)
        for _ in range(self.relations.size):
            more = depth.copy()
            np.maximum.at(more, wholes, depth[self.part] + 1)
            if (more == depth).all():
                return depth
            depth = more
        return depth
