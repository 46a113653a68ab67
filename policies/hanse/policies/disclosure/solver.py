"""The linear solver, wrapped: cheapest moves inside one block of cells.

A move is a change of the table that keeps every relation and touches no fixed cell. Each cell has a
column for going up and one for going down; the program is kept from cell to cell.
"""

from dataclasses import dataclass
from typing import Any

import highspy as _highspy
import numpy as np
from numpy.typing import NDArray

from hanse.policies.disclosure.dimension import Ints, Sparse

Floats = NDArray[np.float64]

highspy: Any = _highspy  # it declares no types for its constructors

INFINITE = float("inf")
OPTIMAL = highspy.HighsModelStatus.kOptimal
ROUND = 1e-6
"""How far from a whole number a solution may be and still count as one."""
MULTIPLES = (2, 3)
"""A move of halves or thirds, taken two or three times, is whole and touches the same cells."""
SHAKES = 3
"""How often a fractional solution is sought again at slightly other costs before branching."""
FAR = 2**40
"""Room of as much, or more, is room without end."""
NODES_MAX = 2_000
"""Branching stops after so many nodes, on a fast machine and on a slow one."""
NEAR = 10
"""Branching first looks for moves of at most so many units a cell: bounded, it is much quicker."""
SECONDS_MAX = 600.0
"""One program that takes longer has failed: its cells stay unproven and the table is refused."""


FEW = 8
"""Rows are numbered by a list of them all where it is at most so many times what is picked."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A matrix stored by column, as scipy stores it, without what scipy spends on checking it."""

    indptr: Ints
    indices: Ints
    data: Ints
    rows: int


class Program:
    """A block of cells: `relations` restricted to its columns, room below, cost per unit moved."""

    def __init__(self, relations: Columns, room: Ints, cost: Floats) -> None:
        self._cells = room.size
        self._room = room
        self._cost = cost.copy()
        self._solver = quiet()
        matrix, bounds = _moves(relations, room)
        right = np.zeros(matrix.rows)
        load_program(self._solver, matrix, right, bounds, np.concatenate([cost, cost]))

    def reprice(self, cells: Ints, cost: Floats) -> None:
        """Change what moving some cells costs, up and down alike."""
        self._cost[cells] = cost
        columns = np.concatenate([cells, cells + self._cells]).astype(np.int32)
        self._solver.changeColsCost(columns.size, columns, np.concatenate([cost, cost]))

    def close(self, cells: Ints) -> None:
        """Fix some cells: no move may touch them any more."""
        zeros = np.zeros(cells.size)
        self._bound(cells, zeros, zeros)

    def open(self, cells: Ints) -> None:
        """Let moves touch some cells again."""
        room = self._room[cells]
        down = np.where(room >= FAR, INFINITE, room.astype(np.float64))
        self._bound(cells, np.full(cells.size, INFINITE), down)

    def _bound(self, cells: Ints, up: Floats, down: Floats) -> None:
        """Let some cells go up and down by so much at most."""
        columns = np.concatenate([cells, cells + self._cells]).astype(np.int32)
        ends = np.concatenate([up, down])
        self._solver.changeColsBounds(columns.size, columns, np.zeros(columns.size), ends)

    def cheapest(self, cell: int, amount: int) -> Floats | None:
        """Return the cheapest move that changes `cell` by `amount`, None where there is none."""
        room = int(self._room[cell])
        if -amount > room:
            return None
        up, down = float(max(amount, 0)), float(max(-amount, 0))
        self._solver.changeColBounds(cell, up, up)
        self._solver.changeColBounds(cell + self._cells, down, down)
        self._solver.setBasis()  # a move is short: from nothing it takes less than from another one
        found = self._solution()
        self._solver.changeColBounds(cell, 0.0, INFINITE)
        self._solver.changeColBounds(cell + self._cells, 0.0, INFINITE if room >= FAR else room)
        return found

    def _solution(self) -> Floats | None:
        """Run the solver; return by how much every cell changes, None where nothing was found."""
        self._solver.run()
        if self._solver.getModelStatus() != OPTIMAL:
            return None
        found = np.array(self._solver.getSolution().col_value)
        return np.asarray(found[: self._cells] - found[self._cells :])

    def together(self, cells: Ints, amounts: Ints, *, up: bool) -> Floats | None:
        """Return a change that moves as many of some cells by their amounts as it can.

        None where nothing was found in time. The costs are as before afterwards.
        """
        mine = cells if up else cells + self._cells
        columns, zeros = mine.astype(np.int32), np.zeros(cells.size)
        ends = amounts.astype(np.float64)
        if not up:
            ends = np.minimum(ends, self._room[cells])
        self._solver.changeColsCost(columns.size, columns, np.full(cells.size, -1.0))
        self._solver.changeColsBounds(columns.size, columns, zeros, ends)
        found = self._solution()
        self.open(cells)
        self._solver.changeColsCost(columns.size, columns, self._cost[cells])
        return found

    def whole(self, cell: int, amount: int) -> Floats | None:
        """Return a cheap move in whole numbers: the cheapest, one near it, or by branching."""
        found = self._multiple(self.cheapest(cell, amount))
        if found is None or is_whole(found):
            return found
        exact = self._cost.copy()
        everything = np.arange(self._cells)
        for attempt in range(SHAKES):
            shaken = exact * np.random.default_rng(attempt).uniform(1.0, 1.5, self._cells)
            self.reprice(everything, shaken)
            further = (
                amount + attempt if amount > 0 else max(amount - attempt, -int(self._room[cell]))
            )
            found = self._multiple(self.cheapest(cell, further))
            if found is None or is_whole(found):
                break
        self.reprice(everything, exact)
        return found if found is not None and is_whole(found) else self._branched(cell, amount)

    def near_whole(self, cell: int, amount: int) -> Floats | None:
        """Return the cheapest move if it or a small multiple of it is in whole numbers."""
        found = self._multiple(self.cheapest(cell, amount))
        return found if found is not None and is_whole(found) else None

    def _multiple(self, change: Floats | None) -> Floats | None:
        """Return a small multiple of a move that is whole and fits below, or the move as it is."""
        if change is None or is_whole(change):
            return change
        for factor in MULTIPLES:
            if is_whole(factor * change) and (factor * change >= -self._room - ROUND).all():
                return factor * change
        return change

    def _branched(self, cell: int, amount: int) -> Floats | None:
        """Return a cheap move in whole numbers by branch and bound, None where none was found."""
        self._integrality(highspy.HighsVarType.kInteger)
        ends = np.array(self._solver.getLp().col_upper_)
        self._upper(np.minimum(ends, max(NEAR, abs(amount))))
        found = self.cheapest(cell, amount)
        self._upper(ends)
        if found is None:
            found = self.cheapest(cell, amount)
        self._integrality(highspy.HighsVarType.kContinuous)
        return found if found is None or is_whole(found) else None

    def _upper(self, ends: Floats) -> None:
        """Let every column go up to so much."""
        columns = np.arange(ends.size, dtype=np.int32)
        self._solver.changeColsBounds(columns.size, columns, np.zeros(ends.size), ends)

    def _integrality(self, kind: Any) -> None:
        columns = np.arange(2 * self._cells, dtype=np.int32)
        kinds = np.full(columns.size, int(kind), dtype=np.uint8)
        self._solver.changeColsIntegrality(columns.size, columns, kinds)


def version() -> str:
    """Return the solver's version."""
    return str(highspy.Highs().version())


def is_whole(change: Floats) -> bool:
    """Say whether a solution is in whole numbers, but for the solver's noise."""
    return bool(np.abs(change - np.round(change)).max(initial=0.0) <= ROUND)


def quiet() -> Any:
    """Return a quiet, deterministic, single-threaded solver."""
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("presolve", "off"),
        ("solver", "simplex"),
        ("simplex_strategy", 1),
        ("simplex_scale_strategy", 0),  # entries are 1 and -1
        ("random_seed", 1),
        ("time_limit", SECONDS_MAX),
        ("mip_max_nodes", NODES_MAX),
        ("mip_rel_gap", 0.05),
    ):
        solver.setOptionValue(option, value)
    return solver


def columns_of(relations: Columns | Sparse, cells: Ints) -> Columns:
    """Return some columns of a matrix stored by column, without the rows that are empty in them.

    Costs what the columns hold, however many rows the whole matrix has.
    """
    starts = relations.indptr[cells]
    lengths = relations.indptr[cells + 1] - starts
    ends = np.zeros(cells.size + 1, dtype=np.int64)
    np.cumsum(lengths, out=ends[1:])
    places = np.repeat(starts - ends[:-1], lengths) + np.arange(ends[-1])
    picked = relations.indices[places]
    rows, count = _numbered(picked)
    return Columns(ends, rows, relations.data[places], count)


def _numbered(picked: Ints) -> tuple[Ints, int]:
    """Return the rank of each number among the different ones, and how many these are."""
    size = int(picked.max(initial=-1)) + 1
    if size > FEW * picked.size:
        rows, rank = np.unique(picked, return_inverse=True)
        return np.ravel(rank), rows.size
    held = np.zeros(size, dtype=np.int64)
    held[picked] = 1
    ranks = np.cumsum(held)
    return ranks[picked] - 1, int(ranks[-1]) if size else 0


Bounds = tuple[Floats, Floats]


def load_program(
    solver: Any, matrix: Columns | Sparse, right: Floats, bounds: Bounds, cost: Floats
) -> None:
    """Give a solver the program: least cost · x with matrix · x = right, x within its bounds.

    `matrix` is stored by column.
    """
    start, index = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    value = matrix.data.astype(np.float64)
    continuous = np.zeros(cost.size, dtype=np.int32)
    by_column, least = int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize)
    solver.passModel(
        cost.size, right.size, value.size, by_column, least, 0.0,
        cost, *bounds, right, right, start, index, value, continuous,
    )  # fmt: skip


def _moves(relations: Columns, room: Ints) -> tuple[Columns, Bounds]:
    """Return relations on (up - down), both ≥ 0, down at most the room below."""
    ends = np.concatenate([relations.indptr, relations.indptr[1:] + relations.indptr[-1]])
    data = np.concatenate([relations.data, -relations.data])
    indices = np.concatenate([relations.indices, relations.indices])
    upper = np.concatenate([np.full(room.size, INFINITE), np.where(room >= FAR, INFINITE, room)])
    return Columns(ends, indices, data, relations.rows), (np.zeros(2 * room.size), upper)
