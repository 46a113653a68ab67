"""Where to look for a move: growing neighbourhoods of a cell, derived from its dimensions.

A code's neighbourhood of step n is everything below the codes n + 1 levels coarser that it touches:
a sector's first one is all sectors and slivers of every district it lies in. The widest step is the
whole dimension.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hanse.policies.disclosure.dimension import Dimension, Ints, Sparse
from hanse.policies.disclosure.model import Bools, Model
from hanse.policies.disclosure.solver import columns_of

SMALL = 4
"""A dimension of no more codes is never cut into neighbourhoods."""
CODES_MAX = 400
"""A neighbourhood of more codes is cut: into stretches of branches, at the last step a code's own
branch and a few partners."""
STRETCH_CELLS = 4_000
STRETCH_BRANCHES_MIN = 5
"""A stretch of neighbouring branches holds about so many cells, and at least so many branches."""
PARTNERS = 10
PARTNER_CHOICE_MIN = 20
STEPS_KEPT = 16
PIECE_CELLS_MAX = 1_000
"""A piece that hangs together with no other is searched whole up to so many cells."""
PIECES_CELLS_MAX = 100_000
"""A larger table is one: that it falls apart is not looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One way to cut a dimension: the group of every code, and the codes of every group."""

    group: Ints
    sets: tuple[Ints, ...]


@lru_cache(maxsize=STEPS_KEPT)
def _steps(dimension: Dimension, others: int) -> "_Steps":
    """Return the neighbourhoods of a dimension; those of the last few dimensions are kept.

    `others` is the number of combinations of codes of the other dimensions. The populations of a
    release often share their dimensions.
    """
    return _Steps(dimension, others)


class _Steps:
    """The neighbourhoods of a dimension from narrow to whole, each made when it is asked for."""

    def __init__(self, dimension: Dimension, others: int) -> None:
        self._dimension, self._others = dimension, others
        self._made: dict[int, Step] = {}
        self._cutter: _Cutter | None = None

    def __len__(self) -> int:
        return 1 if self._dimension.size <= SMALL else len(self._dimension.levels)

    def __getitem__(self, number: int) -> Step:
        if number not in self._made:
            self._made[number] = self._cut(number)
        return self._made[number]

    def _cut(self, number: int) -> Step:
        size = self._dimension.size
        whole = number == len(self) - 1 and size <= CODES_MAX
        if size <= SMALL or whole:
            return Step(np.zeros(size, dtype=np.int64), (np.arange(size),))
        if self._cutter is None:
            self._cutter = _Cutter(self._dimension, self._others)
        return self._cutter.step(number)


class _Cutter:
    """Cuts one dimension into neighbourhoods; `step` n looks n + 1 levels up."""

    def __init__(self, dimension: Dimension, others: int) -> None:
        self._dimension = dimension
        self._others = others
        self._touches = (dimension.members @ dimension.members.T).tocsr()
        self._cache: dict[tuple[int, ...], Ints] = {}
        self._stretches: dict[int, dict[int, tuple[int, ...]]] = {}
        self._wholes: dict[tuple[int, ...], Ints] = {}

    def step(self, number: int) -> Step:
        """Return the neighbourhoods under the ancestors `number` + 1 levels up; the last is all."""
        dimension = self._dimension
        last = number == len(dimension.levels) - 1
        groups: dict[tuple[int, ...], int] = {}
        sets: list[Ints] = []
        group = np.empty(dimension.size, dtype=np.int64)
        for code in range(dimension.size):
            key = () if last else self._above(code, int(dimension.level[code]) + 1 + number)
            found = self._set(key)
            if found.size > CODES_MAX:
                key = self._branch(code, key)
                key = self._partnered(key) if last else self._stretch(key)
                found = self._whole(key)
            if key not in groups:
                groups[key] = len(sets)
                sets.append(found)
            group[code] = groups[key]
        return Step(group, tuple(sets))

    def _above(self, code: int, level: int) -> tuple[int, ...]:
        """Return the codes of a level that touch a code."""
        near = self._touches.indices[self._touches.indptr[code] : self._touches.indptr[code + 1]]
        published = near < self._dimension.published
        above = near[published & (self._dimension.level[near] == level)]
        return tuple(np.sort(above).tolist())

    def _set(self, ancestors: tuple[int, ...]) -> Ints:
        """Return what lies under some codes, all codes for none."""
        if ancestors not in self._cache:
            self._cache[ancestors] = _below(self._dimension, ancestors)
        return self._cache[ancestors]

    def _branch(self, code: int, ancestors: tuple[int, ...]) -> tuple[int, ...]:
        """Return the codes one level under the ancestors that touch a code."""
        levels = self._dimension.level
        top = int(levels[ancestors[0]]) if ancestors else len(self._dimension.levels) - 1
        branch = self._above(code, max(top - 1, int(levels[code])))
        return branch or (code,)

    def _peers(self, code: int) -> Ints:
        """Return the codes of the same level."""
        levels = self._dimension.level
        return np.flatnonzero(levels[: self._dimension.published] == levels[code])

    def _stretch(self, own: tuple[int, ...]) -> tuple[int, ...]:
        """Return some branches with their neighbours, so that all of a stretch share one block."""
        level = int(self._dimension.level[own[0]])
        if level not in self._stretches:
            peers = self._peers(own[0])
            sizes = [self._whole((peer,)).size for peer in peers.tolist()]
            parts = _stretches(peers.tolist(), sizes, STRETCH_CELLS // self._others)
            self._stretches[level] = {code: part for part in parts for code in part}
        found = {code for each in own for code in self._stretches[level].get(each, (each,))}
        return tuple(sorted(found))

    def _partnered(self, own: tuple[int, ...]) -> tuple[int, ...]:
        """Return some branches with partners drawn from the smaller half of their level."""
        peers = self._peers(own[0])
        size = np.diff(self._dimension.members.indptr)[peers]
        choice = peers[np.argsort(size, kind="stable")][: max(peers.size // 2, PARTNER_CHOICE_MIN)]
        start = int(own[0]) * PARTNERS % choice.size
        drawn = np.roll(choice, -start)[: PARTNERS + len(own)].tolist()
        return tuple(sorted({*own, *[code for code in drawn if code not in own][:PARTNERS]}))

    def _whole(self, branches: tuple[int, ...]) -> Ints:
        """Return some branches and everything below them."""
        if branches not in self._wholes:
            self._wholes[branches] = np.union1d(self._set(branches), np.array(branches))
        return self._wholes[branches]


def _stretches(branches: list[int], sizes: list[int], size: int) -> list[tuple[int, ...]]:
    """Return neighbouring branches put together until they are many and large enough."""
    parts: list[tuple[int, ...]] = []
    part: list[int] = []
    held = 0
    for branch, own in zip(branches, sizes, strict=True):
        part.append(branch)
        held += own
        if held >= size and len(part) >= STRETCH_BRANCHES_MIN:
            parts.append(tuple(part))
            part, held = [], 0
    if part and parts:
        parts[-1] = (*parts[-1], *part)
    return parts or [tuple(part)]


def _below(dimension: Dimension, ancestors: tuple[int, ...]) -> Ints:
    """Return the codes of finer levels that touch some codes, and their slivers; all for none."""
    if not ancestors:
        return np.arange(dimension.size)
    members = dimension.members
    finer = (dimension.level < dimension.level[ancestors[0]]).astype(np.int64)
    inside = (np.asarray(members[list(ancestors)].sum(axis=0)).ravel() > 0).astype(np.int64)
    touching = ((members @ inside) > 0) & (finer == 1)
    reached = ((members.T @ touching.astype(np.int64)) > 0).astype(np.int64)
    size = np.diff(members.indptr)
    return np.flatnonzero(((members @ reached) == size) & (finer == 1))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Cells among which a move may be sought, and the protected cells to seek one for."""

    codes: tuple[Ints, ...]
    targets: Ints

    def cells(self, shape: tuple[int, ...]) -> Ints:
        """Return the indices of the block's cells, sorted."""
        return np.ravel_multi_index(np.ix_(*self.codes), shape).ravel()


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Cells that hang together and with no others, and the protected cells among them."""

    own: Ints
    targets: Ints

    def cells(self, shape: tuple[int, ...]) -> Ints:
        """Return the indices of the cells, sorted."""
        return self.own


class Pieces:
    """The parts into which a table falls by itself: no relation joins one to another.

    A table of many small sums is many small tables; each is its own whole neighbourhood.
    """

    def __init__(self, model: Model, columns: Sparse, fixed: Bools) -> None:
        # numba is slow to load: stage 1 had to wait for it already
        from hanse.policies.disclosure.components import components

        cells = np.flatnonzero(~fixed)
        part = columns_of(columns, cells)
        found = components(part.indptr, part.indices, part.rows)
        self._order = cells[np.argsort(found, kind="stable")]
        sizes = np.bincount(found)
        self._stops = np.cumsum(sizes)
        self._piece = np.full(model.cells, -1, dtype=np.int64)
        self._piece[cells] = found
        self._small = (sizes <= PIECE_CELLS_MAX) & ((sizes > 1).sum() > 1)

    def small(self) -> Ints:
        """Return the cells of all small pieces, sorted."""
        cells = np.flatnonzero(self._piece >= 0)
        return np.asarray(cells[self._small[self._piece[cells]]], dtype=np.int64)

    def blocks(self, targets: Ints) -> Iterator[Piece]:
        """Yield the small pieces that hold targets."""
        piece = self._piece[targets]
        kept = piece >= 0
        kept[kept] = self._small[piece[kept]]
        targets, piece = targets[kept], piece[kept]
        if not targets.size:
            return
        order = np.argsort(piece, kind="stable")
        numbers, starts = np.unique(piece[order], return_index=True)
        for number, mine in zip(numbers, np.split(targets[order], starts[1:]), strict=True):
            start = self._stops[number - 1] if number else 0
            yield Piece(self._order[start : self._stops[number]], mine)


class Chain:
    """The sequence of cuts from narrow to the whole table, the largest dimension widened last."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._steps = [_steps(each, model.cells // each.size) for each in model.dimensions]
        self._cuts = _cuts(self._steps, int(np.argmax(model.shape)))

    def __len__(self) -> int:
        return len(self._cuts)

    def blocks(self, cut: int, targets: Ints, cells_max: int) -> Iterator[Block]:
        """Yield the blocks of one cut that hold targets, but those above `cells_max` cells."""
        chosen = [ways[step] for ways, step in zip(self._steps, self._cuts[cut], strict=True)]
        keys = self._model.keys(targets)
        groups = np.stack([way.group[key] for way, key in zip(chosen, keys, strict=True)], axis=1)
        unique, place = np.unique(groups, axis=0, return_inverse=True)
        order = np.argsort(np.ravel(place), kind="stable")
        bounds = np.searchsorted(np.ravel(place)[order], np.arange(len(unique) + 1))
        for number, row in enumerate(unique.tolist()):
            codes = tuple(way.sets[group] for way, group in zip(chosen, row, strict=True))
            if np.prod([part.size for part in codes]) <= cells_max:
                yield Block(codes, targets[order[bounds[number] : bounds[number + 1]]])


def _cuts(ways: Sequence[_Steps], widest: int) -> list[tuple[int, ...]]:
    """Return the step of every dimension, cut after cut."""
    last = [len(way) - 1 for way in ways]
    narrow = [0] * len(ways)
    cuts = [tuple(narrow)]
    for step in range(last[widest] + 1):
        cut = list(last)
        cut[widest] = step
        if tuple(cut) not in cuts:
            cuts.append(tuple(cut))
    return cuts
