"""The second attacker, and the audit: how narrow the interval of every hidden cell can be made.

Linear programs over the attacker's own equations. One program that pushes many cells at once proves
width for most of them; what stays open gets its own programs, so that every verdict on a narrow
cell is exact (to `TOLERANCE`).
"""

from dataclasses import dataclass
from typing import Any

import highspy as _highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hanse.errors import Invalid, Unavailable
from hanse.policies.attackers.published import Ints
from hanse.policies.attackers.system import System

Floats = NDArray[np.float64]

highspy: Any = _highspy  # it declares no types for its constructors

TOLERANCE = 1e-6
ROUNDS_MAX = 12
BUNDLE = 100
"""Unknowns per program at least: small components are solved together."""
INFINITE = float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """What must stay possible, per unknown: some value ≥ `upper`, and an interval ≥ `width`.

    `cells` are the unknowns judged, `lower` the least the attacker knows each unknown to be, `most`
    the most (None: he knows no bound).
    """

    cells: Ints
    lower: Ints
    upper: Ints
    width: int
    most: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """The judged unknowns that fail, and those of them known exactly; the bounds seen of each."""

    below: Ints
    exact: Ints
    low: Floats
    high: Floats
    programs: int


def audit(system: System, needs: Needs) -> Verdict:
    """Return which of the judged unknowns an attacker can pin more closely than is allowed."""
    low = np.full(system.size, INFINITE)
    high = np.full(system.size, -INFINITE)
    programs = 0
    for part in _bundles(system.matrix):
        chosen = np.isin(part, needs.cells)
        if chosen.any():
            judge = _Judge(system, needs, part)
            judge.settle(np.flatnonzero(chosen))
            low[part], high[part] = judge.low, judge.high
            programs += judge.programs
    bad = needs.cells[~_enough(low, high, needs)[needs.cells]]
    exact = bad[high[bad] - low[bad] < 1 - TOLERANCE]
    return Verdict(bad, exact, low, high, programs)


def _enough(low: Floats, high: Floats, needs: Needs) -> NDArray[np.bool_]:
    """Say which unknowns have been seen to vary as much as they must."""
    wide = high - low >= needs.width - TOLERANCE
    return np.asarray(wide & (high >= needs.upper - TOLERANCE))


def _bundles(matrix: sparse.csr_matrix) -> list[Ints]:
    """Return the unknowns in groups that no equation links, small groups put together."""
    links = (matrix.T != 0) @ (matrix != 0)
    count, label = sparse.csgraph.connected_components(links, directed=False)
    order = np.argsort(label, kind="stable")
    ends = np.cumsum(np.bincount(label, minlength=count))
    bundles, start = [], 0
    for end in ends.tolist():
        if end - start >= BUNDLE or end == order.size:
            bundles.append(np.sort(order[start:end]))
            start = end
    return bundles


class _Judge:
    """One bundle of unknowns and its program."""

    def __init__(self, system: System, needs: Needs, part: Ints) -> None:
        matrix = system.matrix[:, part]
        rows = np.flatnonzero(np.diff(matrix.indptr) > 0)
        self._needs = Needs(part, needs.lower[part], needs.upper[part], needs.width)
        self._most = np.full(part.size, INFINITE) if needs.most is None else needs.most[part]
        self.low = np.full(part.size, INFINITE)
        self.high = np.full(part.size, -INFINITE)
        self.programs = 0
        self._columns = np.arange(part.size, dtype=np.int32)
        bounds = (self._needs.lower.astype(np.float64), self._most)
        self._solver = _solver(matrix[rows].tocsc(), system.right[rows], bounds)

    def settle(self, chosen: Ints) -> None:
        """Prove width in bulk, then cell by cell."""
        draw = np.random.default_rng(1)
        for number in range(ROUNDS_MAX):
            left = chosen[~_enough(self.low, self.high, self._needs)[chosen]]
            if left.size == 0:
                return
            self._bulk(left, draw.uniform(0.1, 1.1, left.size), upward=number % 2 == 0)
            still = chosen[~_enough(self.low, self.high, self._needs)[chosen]]
            if number >= 2 and still.size > 0.9 * left.size:
                break
        for cell in chosen.tolist():
            self._single(cell)

    def _bulk(self, cells: Ints, weight: Floats, *, upward: bool) -> None:
        """Push many cells at once, each no further than it needs to go."""
        if upward:
            seen = np.where(np.isfinite(self.low[cells]), self.low[cells], self._needs.lower[cells])
            cap = np.maximum(self._needs.upper[cells], np.ceil(seen) + self._needs.width)
            self._bound(cells, np.minimum(cap.astype(np.float64), self._most[cells]))
            if not self._solve(cells, -weight):  # no table lies under all the caps at once
                self._bound(cells, self._most[cells])
                self._solve(cells, -weight)
            self._bound(cells, self._most[cells])
        else:
            self._solve(cells, weight)

    def _single(self, cell: int) -> None:
        """Find the exact bounds of a cell that is still open."""
        place = np.array([cell])
        directions = (-1.0, 1.0) if np.isfinite(self.low[cell]) else (1.0, -1.0)
        for weight in directions:
            if _enough(self.low, self.high, self._needs)[cell]:
                return
            if self._solve(place, np.array([weight])):
                continue
            if weight > 0:  # bounded below: with no least value there is no table at all
                raise Invalid("DISCLOSURE_INCONSISTENT", cells=self._columns.size)
            self.high[cell] = INFINITE

    def _bound(self, cells: Ints, upper: Floats) -> None:
        lower = self._needs.lower[cells].astype(np.float64)
        self._solver.changeColsBounds(cells.size, cells.astype(np.int32), lower, upper)

    def _solve(self, cells: Ints, weight: Floats) -> bool:
        """Minimise weight · cells; note every value seen. False when it has no optimum."""
        cost = np.zeros(self._columns.size)
        cost[cells] = weight
        self._solver.changeColsCost(self._columns.size, self._columns, cost)
        self._solver.run()
        self.programs += 1
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            if status in _HOPELESS:
                return False
            raise Unavailable("DISCLOSURE_SOLVER", status=str(status))
        found = np.array(self._solver.getSolution().col_value)
        self.low = np.minimum(self.low, found)
        self.high = np.maximum(self.high, found)
        return True


_HOPELESS = (
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnbounded,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
)


def _solver(matrix: sparse.csc_matrix, right: Ints, bounds: tuple[Floats, Floats]) -> Any:
    """Return the program: matrix · x = right, x between bounds."""
    program = highspy.HighsLp()
    program.num_col_ = matrix.shape[1]
    program.num_row_ = matrix.shape[0]
    program.col_cost_ = np.zeros(matrix.shape[1])
    program.col_lower_, program.col_upper_ = bounds
    program.row_lower_ = right.astype(np.float64)
    program.row_upper_ = right.astype(np.float64)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    program.a_matrix_.index_ = matrix.indices.astype(np.int32)
    program.a_matrix_.value_ = matrix.data.astype(np.float64)
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 1)):
        solver.setOptionValue(option, value)
    solver.passModel(program)
    return solver
