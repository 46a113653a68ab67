"""Which columns of a sparse matrix hang together: those that share a row, and so on from there."""

import numpy as np
from numpy.typing import NDArray

from hanse.policies.disclosure.compiled import compiled

Ints = NDArray[np.int64]


def components(indptr: Ints, indices: Ints, rows: int) -> Ints:
    """Return per column the number of its component, in the order of their first columns.

    `indptr` and `indices` store a matrix of so many `rows` by column; a column without an entry
    hangs together with none.
    """
    count = indptr.size - 1
    found = np.arange(count)
    first = np.full(rows, -1, dtype=np.int64)
    _unite(indptr.astype(np.int64), indices.astype(np.int64), first, found)
    _number(found)
    return found


@compiled
def _root(above: Ints, column: int) -> int:
    """Return the first column that a column is known to hang together with."""
    while above[column] != column:
        above[column] = above[above[column]]
        column = above[column]
    return column


@compiled
def _unite(indptr: Ints, indices: Ints, first: Ints, above: Ints) -> None:
    """Lead every column to the first one of its component; `first` is per row, -1 at the start."""
    for column in range(above.size):
        for place in range(indptr[column], indptr[column + 1]):
            row = indices[place]
            if first[row] < 0:
                first[row] = column
                continue
            one = _root(above, first[row])
            other = _root(above, column)
            above[max(one, other)] = min(one, other)


@compiled
def _number(above: Ints) -> None:
    """Replace what every column leads to by the number of the component."""
    count = 0
    for column in range(above.size):
        if above[column] == column:
            above[column] = count
            count += 1
        else:
            above[column] = above[above[column]]
