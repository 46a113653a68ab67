"""The linear solver, wrapped: cheapest moves inside one block of cells.

A move is a change of the table that keeps every relation and touches no fixed cell. Each cell has a
column for going up and one for going down; the program is kept from cell to cell.
"""

from typing import Any

import highspy as _highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hanse.policies.disclosure.dimension import Ints, Sparse

Floats = NDArray[np.float64]

highspy: Any = _highspy  # it declares no types for its constructors

INFINITE = float("inf")
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
SECONDS_MAX = 600.0
"""One program that takes longer has failed: its cells stay unproven and the table is refused."""


class Program:
    """A block of cells: `relations` restricted to its columns, room below, cost per unit moved."""

    def __init__(self, relations: Sparse, room: Ints, cost: Floats) -> None:
        self._cells = room.size
        self._room = room
        self._cost = cost.copy()
        self._solver = quiet()
        matrix, bounds = _moves(relations, room)
        right = np.zeros(matrix.shape[0])
        load_program(self._solver, matrix, right, bounds, np.concatenate([cost, cost]))
        self._columns = np.arange(2 * self._cells, dtype=np.int32)

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
        if -amount > self._room[cell]:
            return None
        up, down = float(max(amount, 0)), float(max(-amount, 0))
        self._solver.changeColBounds(cell, up, up)
        self._solver.changeColBounds(cell + self._cells, down, down)
        self._solver.setBasis()  # a move is short: from nothing it takes less than from another one
        self._solver.run()
        solved = self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        found = np.array(self._solver.getSolution().col_value) if solved else None
        self.open(np.array([cell]))
        if found is None:
            return None
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
        self._solver.run()
        solved = self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        found = np.array(self._solver.getSolution().col_value) if solved else None
        self.open(cells)
        self._solver.changeColsCost(columns.size, columns, self._cost[cells])
        if found is None:
            return None
        return np.asarray(found[: self._cells] - found[self._cells :])

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
        found = self.cheapest(cell, amount)
        self._integrality(highspy.HighsVarType.kContinuous)
        return found if found is None or is_whole(found) else None

    def _integrality(self, kind: Any) -> None:
        kinds = np.full(self._columns.size, int(kind), dtype=np.uint8)
        self._solver.changeColsIntegrality(self._columns.size, self._columns, kinds)


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


def columns_of(relations: Sparse, cells: Ints) -> Sparse:
    """Return some columns of a matrix stored by column, without the rows that are empty in them.

    Costs what the columns hold, however many rows the whole matrix has.
    """
    starts = relations.indptr[cells]
    lengths = relations.indptr[cells + 1] - starts
    ends = np.concatenate([[0], np.cumsum(lengths)])
    places = np.repeat(starts - ends[:-1], lengths) + np.arange(ends[-1])
    rows, row = np.unique(relations.indices[places], return_inverse=True)
    shape = (rows.size, cells.size)
    return sparse.csc_matrix((relations.data[places], np.ravel(row), ends), shape=shape)


Bounds = tuple[Floats, Floats]


def load_program(solver: Any, matrix: Sparse, right: Floats, bounds: Bounds, cost: Floats) -> None:
    """Give a solver the program: least cost · x with matrix · x = right, x within its bounds.

    `matrix` is stored by column.
    """
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = matrix.shape
    program.col_cost_ = cost
    program.col_lower_, program.col_upper_ = bounds
    program.row_lower_ = right
    program.row_upper_ = right
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    program.a_matrix_.index_ = matrix.indices.astype(np.int32)
    program.a_matrix_.value_ = matrix.data.astype(np.float64)
    solver.passModel(program)


def _moves(relations: Sparse, room: Ints) -> tuple[Sparse, Bounds]:
    """Return relations on (up - down), both ≥ 0, down at most the room below."""
    ends = np.concatenate([relations.indptr, relations.indptr[1:] + relations.indptr[-1]])
    data = np.concatenate([relations.data, -relations.data])
    indices = np.concatenate([relations.indices, relations.indices])
    shape = (relations.shape[0], 2 * room.size)
    matrix = sparse.csc_matrix((data, indices, ends), shape=shape)
    upper = np.concatenate([np.full(room.size, INFINITE), np.where(room >= FAR, INFINITE, room)])
    return matrix, (np.zeros(2 * room.size), upper)
