"""Witness tables: sparse whole-number changes of a table that agree with everything published."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hanse.policies.disclosure.dimension import Ints, Sparse


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """One change: `cells` (sorted, distinct) and the whole number each changes by (never 0)."""

    cells: Ints
    change: Ints


def matrix(moves: Sequence[Move], cells: int) -> Sparse:
    """Return moves x cells, int64."""
    sizes = [move.cells.size for move in moves]
    indptr = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    empty = np.zeros(0, dtype=np.int64)
    indices = np.concatenate([empty, *(move.cells for move in moves)])
    data = np.concatenate([empty, *(move.change for move in moves)])
    return sparse.csr_matrix((data, indices, indptr), shape=(len(moves), cells))
