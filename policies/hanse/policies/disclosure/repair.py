"""Stage 2: widen every protected cell's interval by the cheapest moves, hiding what they touch.

A move that lives inside the hidden cells makes table + move a table that fits everything published,
so nobody can exclude it. One move serves every cell it touches.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from hanse.errors import Conflict
from hanse.policies.disclosure.blocks import PIECES_CELLS_MAX, Block, Chain, Piece, Pieces
from hanse.policies.disclosure.certificate import Needs
from hanse.policies.disclosure.dimension import Ints, Sparse
from hanse.policies.disclosure.model import Bools, Model
from hanse.policies.disclosure.moves import Move
from hanse.policies.disclosure.solver import Columns, Floats, Program, columns_of, is_whole

FREE = 0.001
"""What moving a cell costs that is hidden anyway."""
TOUCHED = 1e-7
"""A change below this is the solver's noise."""
BLOCK_CELLS_MAX = 60_000
TABLE_CELLS_MAX = 400_000
BULK_TARGETS_MIN = 3
"""Fewer targets are sought one by one."""
BULK_ROUNDS = 8
"""How often many targets are moved at once, up and down in turn."""


@dataclass(slots=True, eq=False)
class State:
    """What is hidden so far, and what is proven: `low` and `high` are reached by whole moves.

    `fixed` cells may never be touched; `cost` is what hiding a cell costs.
    """

    model: Model
    needs: Needs
    fixed: Bools
    cost: Floats
    hidden: Bools
    low: Ints
    high: Ints
    moves: list[Move] = field(default_factory=list)

    def open_targets(self) -> Ints:
        """Return the protected cells whose interval is not yet proven wide enough."""
        cells = self.needs.protected
        return cells[~self.met(cells)]

    def met(self, cells: Ints) -> Bools:
        """Say which protected cells have all they need."""
        return self.needs.met(cells, self.low[cells], self.high[cells])

    def is_met(self, cell: int) -> bool:
        """Say whether a protected cell has all it needs."""
        low, high, needs = self.low[cell], self.high[cell], self.needs
        enough = high >= needs.upper[cell] and low <= needs.lower_need[cell]
        return bool(enough and high - low >= needs.width)

    def free(self) -> Bools:
        """Return the cells a move may touch at no cost: hidden ones, and those never published."""
        return self.hidden | ~self.model.published


def repair(state: State, chain: Chain, columns: Sparse, told: Callable[[float], None]) -> None:
    """Hide cells until every protected cell is met, or no move exists in any block.

    `columns` is the relations stored by column; `told` hears how much is done.
    """
    first = max(state.open_targets().size, 1)
    seen = 0
    if state.model.cells <= PIECES_CELLS_MAX:
        bulk(state, Pieces(state.model, columns, state.fixed).small(), columns)
    for piece in pieces_of(state, columns, state.open_targets()):
        told(seen / first)
        _mend(state, piece, columns)
        seen += piece.targets.size
    for cut in range(len(chain)):
        targets = state.open_targets()
        if not targets.size:
            return
        for block in chain.blocks(cut, targets, BLOCK_CELLS_MAX):
            told(seen / first)
            _mend(state, block, columns)
            seen += block.targets.size


def settle(state: State, columns: Sparse, *, strict: bool) -> Ints:
    """Seek moves for what is left in the whole table; return what only a linear program proves.

    Without `strict`, a fractional move stands where no whole one exists; its cells are hidden too.
    """
    targets = state.open_targets()
    if not targets.size:
        return targets
    cells = np.flatnonzero(~state.fixed)
    if cells.size > TABLE_CELLS_MAX:
        raise Conflict("DISCLOSURE_NOT_PROVEN", count=int(targets.size))
    program = program_of(state, columns, cells)
    linear = []
    for target in targets.tolist():
        place = int(np.searchsorted(cells, target))
        if place == cells.size or cells[place] != target:
            continue
        for amount in amounts(state, target):
            _seek(state, program, cells, place, amount)
        if not strict and not state.is_met(target):
            changes = [program.cheapest(place, amount) for amount in amounts(state, target)]
            if all(change is not None for change in changes):
                touched = np.any([np.abs(c) > TOUCHED for c in changes if c is not None], axis=0)
                state.hidden[cells[touched & state.model.published[cells]]] = True
                linear.append(target)
    return np.array(linear, dtype=np.int64)


def pieces_of(state: State, columns: Sparse, targets: Ints) -> Iterator[Piece]:
    """Yield the pieces of a table that falls apart, as far as they hold targets."""
    if targets.size and state.model.cells <= PIECES_CELLS_MAX:
        yield from Pieces(state.model, columns, state.fixed).blocks(targets)


def bulk(state: State, cells: Ints, columns: Sparse) -> None:
    """Widen many targets at once by moves of what is hidden already: these cost nothing.

    What one change of the table does falls apart into moves that have nothing in common.
    """
    free = cells[state.free()[cells]]
    part = columns_of(columns, free)
    program: Program | None = None
    for number in range(BULK_ROUNDS):
        targets = np.intersect1d(state.open_targets(), free, assume_unique=True)
        up = number % 2 == 0
        asked = _asked(state, targets, up=up)
        targets, asked = targets[asked > 0], asked[asked > 0]
        if targets.size < BULK_TARGETS_MIN:
            return
        program = program or program_of(state, columns, free)
        change = program.together(np.searchsorted(free, targets), asked, up=up)
        if change is None:
            return
        for places in _apart(part, np.flatnonzero(np.abs(change) > TOUCHED)):
            if is_whole(change[places]):
                moved = np.round(change[places]).astype(np.int64)
                accept(state, Move(free[places], moved))


def _asked(state: State, cells: Ints, *, up: bool) -> Ints:
    """Return by how much each of some cells has still to be moved up, or down, as `amounts`."""
    values, needs = state.model.values[cells], state.needs
    down = np.minimum(values - needs.lower[cells], needs.width - 1)
    down = np.maximum(down, values - needs.lower_need[cells])
    if not up:
        return np.where(state.low[cells] > values - down, down, 0)
    rise = np.maximum(needs.upper[cells] - values, needs.width - down)
    return np.where(state.high[cells] < values + rise, rise, 0)


def _apart(columns: Columns, touched: Ints) -> Iterator[Ints]:
    """Yield the places of each of the moves that a change of the table consists of.

    `touched` are all places that change, by however little: a move without one of them would break
    the sums that this one is in.
    """
    # numba is slow to load: stage 1 had to wait for it already
    from hanse.policies.disclosure.components import components

    if not touched.size:
        return
    part = columns_of(columns, touched)
    found = components(part.indptr, part.indices, part.rows)
    order = np.argsort(found, kind="stable")
    stops = np.cumsum(np.bincount(found))
    yield from np.split(touched[order], stops[:-1])


def _mend(state: State, block: Block | Piece, columns: Sparse) -> None:
    """Seek moves for the targets of one block, small values first."""
    targets = block.targets[~state.met(block.targets)]
    if not targets.size:
        return
    cells = block.cells(state.model.shape)
    cells = cells[~state.fixed[cells]]
    program = program_of(state, columns, cells)
    values = state.model.values
    targets = targets[np.lexsort((targets, values[targets]))]
    places = cells.searchsorted(targets)
    inside = cells.take(places, mode="clip") == targets
    for target, place in zip(targets[inside].tolist(), places[inside].tolist(), strict=True):
        for amount in amounts(state, target):
            _seek(state, program, cells, place, amount)


def program_of(state: State, columns: Sparse, cells: Ints) -> Program:
    """Return the program of moves within `cells`."""
    room = state.model.values[cells] - state.needs.lower[cells]
    free = state.hidden[cells] | ~state.model.published[cells]
    return Program(columns_of(columns, cells), room, np.where(free, FREE, state.cost[cells]))


def amounts(state: State, cell: int) -> list[int]:
    """Return the changes still to be proven for a cell, up first."""
    if state.is_met(cell):
        return []
    needs, value = state.needs, int(state.model.values[cell])
    down = min(value - int(needs.lower[cell]), needs.width - 1)
    down = max(down, value - int(needs.lower_need[cell]))
    up = max(int(needs.upper[cell]) - value, needs.width - down)
    wanted = []
    if state.high[cell] < value + up:
        wanted.append(up)
    if down and state.low[cell] > value - down:
        wanted.append(-down)
    return wanted


def _seek(state: State, program: Program, cells: Ints, place: int, amount: int) -> None:
    """Find a cell's cheapest move in whole numbers, hide what it touches, note what it shows."""
    cell = int(cells[place])
    reached = state.high[cell] >= state.model.values[cell] + amount
    if (amount > 0 and reached) or state.is_met(cell):
        return
    change = program.whole(place, amount)
    if change is None:
        return
    touched = np.flatnonzero(np.abs(change) > TOUCHED)
    accept(state, Move(cells[touched], np.rint(change[touched]).astype(np.int64)))
    program.reprice(touched, np.full(touched.size, FREE))


def accept(state: State, move: Move) -> None:
    """Hide what a move touches and note the values it shows possible."""
    state.moves.append(move)
    published = move.cells[state.model.published[move.cells]]
    state.hidden[published] = True
    reached = state.model.values[move.cells] + move.change
    state.low[move.cells] = np.minimum(state.low[move.cells], reached)
    state.high[move.cells] = np.maximum(state.high[move.cells], reached)
