"""What a table's totals say of its parts before anything is hidden: whole, incomplete, or wrong.

A total above the sum of all its parts has a rest: people of unknown age, forms without an area. A
total below the sum of its parts is a mistake, or comes from another source.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hanse.policies.disclosure.dimension import Dimension, Ints
from hanse.policies.disclosure.model import Bools


@dataclass(frozen=True, slots=True)
class Gap:
    """A code whose parts do not make it up: somewhere they are `short`, or together too much.

    `dimension` is a place in the model, `cell` the first cell (a place in the table) where it
    shows, `count` the number of such cells.
    """

    dimension: int
    code: str
    short: bool
    cell: int
    count: int


def gaps(
    dimensions: Sequence[Dimension], given: Ints, known: Bools, *, rounded: bool = False
) -> list[Gap]:
    """Return the codes that their parts do not make up; numbers count where they are `known`.

    A total with parts that are not known is too small when the known ones exceed it already. Of
    `rounded` numbers a total may lie half a unit per number off its parts, on either side.
    """
    found: list[Gap] = []
    shape = tuple(dimension.size for dimension in dimensions)
    for axis, dimension in enumerate(dimensions):
        if dimension.definitions.shape[0]:
            folded = [
                np.moveaxis(part.reshape(shape), axis, 0).reshape(dimension.size, -1)
                for part in (np.where(known, given, 0), known.astype(np.int64), _order(given))
            ]
            found.extend(_of(axis, dimension, folded, rounded))
    return found


def _of(axis: int, dimension: Dimension, folded: Sequence[Ints], rounded: bool) -> Iterator[Gap]:
    """Yield the gaps of one dimension from its numbers, whether known, and their cells."""
    values, known, cells = folded
    rows = dimension.definitions
    over = rows @ values
    unknown = abs(rows) @ (known == 0).astype(np.int64)
    parents = rows.indices[rows.data > 0]  # one per row
    told = known[parents].astype(bool)
    slack = slack_of(dimension)[:, None] if rounded else 0
    nonnegative = rounded and bool((values < 0).any())
    below = told & (over < -slack) & ((unknown == 0) | (not nonnegative))
    short = told & (unknown == 0) & (over != 0) & ~below
    for is_short, wrong in ((False, below), (True, short)):
        for number in np.flatnonzero(wrong.any(axis=1)).tolist():
            first = int(np.flatnonzero(wrong[number])[0])
            code = dimension.codes[parents[number]]
            cell = int(cells[parents[number], first])
            yield Gap(axis, code, is_short, cell, int(wrong[number].sum()))


def _order(given: Ints) -> Ints:
    return np.arange(given.size, dtype=np.int64)


def slack_of(dimension: Dimension) -> Ints:
    """Return, per code that is a sum, by how many units rounding may set it off its parts."""
    parts = np.diff(dimension.definitions.indptr)
    return np.asarray(parts // 2, dtype=np.int64)
