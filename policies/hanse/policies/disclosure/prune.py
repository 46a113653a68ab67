"""The way back: open what need not be hidden, dearest cells first, keeping the proof whole.

A secondary cell is opened when every protected cell whose proof leaned on it finds another move
within what stays hidden. What remains is minimal but for combinations of cells.
"""

from collections.abc import Callable

import numpy as np

from hanse.policies.disclosure.blocks import Block, Chain, Piece
from hanse.policies.disclosure.dimension import Ints, Sparse
from hanse.policies.disclosure.model import Bools, sums
from hanse.policies.disclosure.moves import Move
from hanse.policies.disclosure.repair import State, amounts, pieces_of
from hanse.policies.disclosure.solver import Program, columns_of

BLOCK_HIDDEN_MAX = 4_000
"""A block with more hidden cells is too slow to try cell by cell."""
CUTS = (1, 2)
"""Which cuts of the chain are searched: a neighbourhood in full, then the next one up."""


def prune(
    state: State, chain: Chain, columns: Sparse, locked: Bools, told: Callable[[float], None]
) -> None:
    """Open every secondary cell that can be spared; `locked` cells stay hidden.

    `told` hears how much is done.
    """
    opener = _Opener(state, columns, locked)
    opener.open_untouched()
    first = max(opener.candidates().size, 1)
    seen = 0
    for piece in pieces_of(state, columns, opener.candidates()):
        told(seen / first)
        opener.try_block(piece)
        seen += piece.targets.size
    for cut in CUTS:
        if cut < len(chain) and opener.candidates().size:
            for block in chain.blocks(cut, opener.candidates(), 10 * BLOCK_HIDDEN_MAX):
                told(seen / first)
                opener.try_block(block)
                seen += block.targets.size
    opener.open_untouched()
    state.moves = [move for move in opener.moves if move is not None]


class _Opener:
    """Moves by the cells they touch, so that dropping some is undone as easily."""

    def __init__(self, state: State, columns: Sparse, locked: Bools) -> None:
        self._state = state
        self._locked = locked
        self._columns = columns
        self._protected = np.zeros(state.model.cells, dtype=bool)
        self._protected[state.needs.protected] = True
        self.moves: list[Move | None] = []
        self._touching: dict[int, dict[int, int]] = {}  # cell -> number of a move -> change
        self._tried: set[int] = set()
        self._chains = _Chains(state, self._protected)
        for move in state.moves:
            self._add(move)

    def _secondary(self) -> Ints:
        """Return the cells hidden only for the sake of others."""
        state = self._state
        return np.flatnonzero(state.hidden & state.model.published & ~self._locked)

    def candidates(self) -> Ints:
        """Return the secondary cells that have not been tried."""
        return np.setdiff1d(self._secondary(), np.array([*self._tried], dtype=np.int64))

    def open_untouched(self) -> None:
        """Open the secondary cells no move touches: nothing leans on them."""
        cells = [c for c in self._secondary().tolist() if not self._touching.get(c)]
        self._state.hidden[cells] = False
        for cell in cells:
            self._chains.know(cell)

    def try_block(self, block: Block | Piece) -> None:
        """Try to open the block's targets, dearest first."""
        cells = block.cells(self._state.model.shape)
        cells = cells[self._state.free()[cells] & ~self._state.fixed[cells]]
        if cells.size > BLOCK_HIDDEN_MAX:
            return
        part = columns_of(self._columns, cells)
        room = self._state.model.values[cells] - self._state.needs.lower[cells]
        program = Program(part, room, np.ones(cells.size))
        cost = self._state.cost[block.targets]
        for cell in block.targets[np.lexsort((block.targets, -cost))].tolist():
            if self._chains.reveals(cell):
                self._tried.add(cell)
            elif self._state.hidden[cell]:
                self._try(cell, program, cells)

    def _try(self, cell: int, program: Program, cells: Ints) -> None:
        """Open one cell if every proof that leaned on it finds another move."""
        dropped = sorted(self._touching.get(cell, ()))
        affected = self._affected(dropped)
        inside = np.isin(affected, cells)
        place = int(np.searchsorted(cells, cell))
        program.close(np.array([place]))
        removed = [(number, self._drop(number)) for number in dropped]
        self._recount(affected)
        unmet = affected[~self._state.met(affected)]
        added: list[int] = []
        if np.isin(unmet, affected[inside]).all():
            self._tried.add(cell)
            if all(self._replace(int(p), program, cells, added) for p in unmet):
                self._state.hidden[cell] = False
                self._chains.know(cell)
                return
        touched = self._affected(added)
        for number in added:
            self._drop(number)
        for number, move in removed:
            self._restore(number, move)
        self._recount(np.union1d(affected, touched))
        program.open(np.array([place]))

    def _replace(self, cell: int, program: Program, cells: Ints, added: list[int]) -> bool:
        """Find moves that prove a protected cell again; True when it is met."""
        place = int(np.searchsorted(cells, cell))
        for amount in amounts(self._state, cell):
            change = program.near_whole(place, amount)
            if change is None:
                return False
            touched = np.flatnonzero(np.round(change))
            move = Move(cells[touched], np.round(change[touched]).astype(np.int64))
            added.append(self._add(move))
            reached = self._state.model.values[move.cells] + move.change
            low, high = self._state.low, self._state.high
            low[move.cells] = np.minimum(low[move.cells], reached)
            high[move.cells] = np.maximum(high[move.cells], reached)
        return bool(self._state.met(np.array([cell]))[0])

    def _affected(self, numbers: list[int]) -> Ints:
        """Return the protected cells that some moves touch."""
        parts = [move.cells for number in numbers if (move := self.moves[number]) is not None]
        if not parts:
            return np.zeros(0, dtype=np.int64)
        cells = np.unique(np.concatenate(parts))
        return cells[self._protected[cells]]

    def _recount(self, cells: Ints) -> None:
        """Work out anew what the remaining moves prove of some cells."""
        values = self._state.model.values
        for cell in cells.tolist():
            changes = [0, *self._touching[cell].values()]
            self._state.low[cell] = values[cell] + min(changes)
            self._state.high[cell] = values[cell] + max(changes)

    def _add(self, move: Move) -> int:
        """Take a move up; return its number."""
        self.moves.append(None)
        self._restore(len(self.moves) - 1, move)
        return len(self.moves) - 1

    def _restore(self, number: int, move: Move) -> None:
        self.moves[number] = move
        for cell, change in zip(move.cells.tolist(), move.change.tolist(), strict=True):
            self._touching.setdefault(cell, {})[number] = change

    def _drop(self, number: int) -> Move:
        """Put a move aside and return it."""
        move = self.moves[number]
        assert move is not None, number  # noqa: S101 - a number is dropped once
        self.moves[number] = None
        for cell in move.cells.tolist():
            del self._touching[cell][number]
        return move


class _Chains:
    """The quick no: what follows from a cell by sums in which it leaves one unknown only."""

    def __init__(self, state: State, protected: Bools) -> None:
        columns = sums(state.model)
        self._columns = columns
        self._protected = protected
        unknown = (state.free() & ~state.fixed).astype(np.int64)
        held = abs(columns)
        self._count = np.asarray(held @ unknown)
        self._sum = np.asarray(held @ (unknown * np.arange(unknown.size)))

    def _rows(self, cell: int) -> list[int]:
        span = slice(self._columns.indptr[cell], self._columns.indptr[cell + 1])
        return list(self._columns.indices[span].tolist())

    def know(self, cell: int) -> None:
        """Take a cell out of the unknowns."""
        for row in self._rows(cell):
            self._count[row] -= 1
            self._sum[row] -= cell

    def reveals(self, cell: int) -> bool:
        """Say whether knowing the cell gives a protected one, sum after sum."""
        known, queue = {cell}, [cell]
        counts: dict[int, int] = {}
        sums: dict[int, int] = {}
        while queue:
            latest = queue.pop()
            for row in self._rows(latest):
                counts[row] = counts.get(row, int(self._count[row])) - 1
                sums[row] = sums.get(row, int(self._sum[row])) - latest
                last = sums[row]
                if counts[row] == 1 and last not in known:
                    if self._protected[last]:
                        return True
                    known.add(last)
                    queue.append(last)
        return False
