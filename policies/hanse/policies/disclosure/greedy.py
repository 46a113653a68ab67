"""Stage 1: publish greedily, in order of worth, whatever determines no primary cell.

The decision rule is Langsrud's Gaussian elimination (PSD 2024); the pattern depends on the order of
the candidates alone, not on pivots or basis.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hanse.errors import Invalid
from hanse.policies.disclosure.dimension import Ints, Sparse
from hanse.policies.disclosure.model import Bools

if TYPE_CHECKING:  # numba is slow to load: only whoever eliminates waits for it
    from hanse.policies.disclosure.elimination import Work

POOL_FACTOR = 10
POOL_SPARE = 1_000_000
POOL_MAX = 120_000_000
"""Entries of 16 bytes: about 2 GB is the most stage 1 may take."""


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What stage 1 decided: cells hidden to protect others, and forced cells that reveal one."""

    secondary: Ints
    revealing: Ints


def publish(coordinates: Sparse, primary: Ints, order: Ints, forced: int = 0) -> Pattern:
    """Return which of the cells in `order` cannot be published beside those before them.

    `coordinates` is cells x coordinates; `primary` and `order` name cells; the first `forced` cells
    of the order are published already. Raises Invalid when the fill-in passes `POOL_MAX`.
    """
    from hanse.policies.disclosure import elimination

    used = np.concatenate([order, primary])
    size = POOL_FACTOR * int(np.diff(coordinates.indptr)[used].sum()) + POOL_SPARE
    while size <= POOL_MAX:
        work = _work(coordinates, primary, used, size)
        outcome = np.zeros(coordinates.shape[0], dtype=np.int64)
        elimination.eliminate(work, order, forced, outcome)
        if work.state[elimination.OVERFLOW] == 0:
            secondary = np.flatnonzero(outcome == elimination.SECONDARY)
            return Pattern(secondary, np.flatnonzero(outcome == elimination.REFUSED))
        size *= 3
    raise Invalid("DISCLOSURE_TOO_LARGE", what="fill-in", found=size, limit=POOL_MAX)


def implied(coordinates: Sparse, known: Ints, asked: Ints) -> Ints:
    """Return which of the `asked` cells follow from the `known` ones by sums and differences."""
    from hanse.policies.disclosure import elimination

    nobody = np.zeros(0, dtype=np.int64)
    used = np.concatenate([known, asked])
    size = POOL_FACTOR * int(np.diff(coordinates.indptr)[used].sum()) + POOL_SPARE
    while size <= POOL_MAX:
        work = _work(coordinates, nobody, used, size)
        outcome = np.zeros(coordinates.shape[0], dtype=np.int64)
        elimination.eliminate(work, known, known.size, outcome)
        if work.state[elimination.OVERFLOW] == 0:
            return np.asarray(asked[work.length[asked] == 0])
        size *= 3
    raise Invalid("DISCLOSURE_TOO_LARGE", what="fill-in", found=size, limit=POOL_MAX)


def _work(coordinates: Sparse, primary: Ints, used: Ints, size: int) -> "Work":
    """Return the arrays of an elimination with a pool of `size` entries."""
    from hanse.policies.disclosure import elimination

    cells, rows = coordinates.shape
    picked = coordinates[used]
    nnz = picked.nnz
    start = np.zeros(cells, dtype=np.int64)
    length = np.zeros(cells, dtype=np.int64)
    start[used] = picked.indptr[:-1]
    length[used] = np.diff(picked.indptr)
    flag = np.zeros(cells, dtype=np.int64)
    flag[primary] = 1
    active = np.zeros(cells, dtype=np.int64)
    active[used] = 1
    row = np.empty(size, dtype=np.int64)
    value = np.empty(size, dtype=np.int64)
    row[:nnz] = picked.indices
    value[:nnz] = picked.data % elimination.PRIME
    owner = np.repeat(used, np.diff(picked.indptr))
    cell = np.empty(size, dtype=np.int64)
    cell[:nnz] = owner
    is_primary = flag[owner] == 1
    head, after = _lists(
        np.where(is_primary, picked.indices, picked.indices + rows), 2 * rows, size
    )
    primaries = np.bincount(picked.indices[is_primary], minlength=rows).astype(np.int64)
    others = np.bincount(picked.indices[~is_primary], minlength=rows).astype(np.int64)
    state = np.array([nnz, nnz, 0], dtype=np.int64)
    return elimination.Work(
        row, value, start, length, length.copy(), flag, active,
        head, primaries, others, after, cell, state,
    )  # fmt: skip


def _lists(rows: Ints, count: int, size: int) -> tuple[Ints, Ints]:
    """Return the linked lists (head per coordinate, next per entry) of the entries."""
    after = np.empty(size, dtype=np.int64)  # a link that comes later is written before it is read
    after[: rows.size] = -1
    order = np.argsort(rows, kind="stable")
    same = rows[order][1:] == rows[order][:-1]
    after[order[:-1][same]] = order[1:][same]
    head = np.full(count, -1, dtype=np.int64)
    first = np.concatenate([[True], ~same]) if rows.size else np.zeros(0, dtype=bool)
    head[rows[order[first]]] = order[first]
    return head, after


def candidates(first: Bools, open_cells: Ints, weight: Ints, depth: Ints) -> Ints:
    """Return the cells in the order they are tried: `first`, then by decreasing weight.

    Of equal ones the less broken down (by `depth`) comes first, then the lower index.
    """
    keys = (open_cells, depth[open_cells], -weight[open_cells], ~first[open_cells])
    order = np.lexsort(keys)
    return np.asarray(open_cells[order], dtype=np.int64)
