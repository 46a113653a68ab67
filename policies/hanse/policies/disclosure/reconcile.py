"""What a table's totals say of its parts before anything is hidden: whole, incomplete, or wrong.

A total above the sum of all its parts has a rest: people of unknown age, forms without an area. A
total below the sum of its parts is a mistake, or comes from another source.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hanse.policies.disclosure.dimension import Dimension, Ints


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


def gaps(dimensions: Sequence[Dimension], given: Ints) -> list[Gap]:
    """Return the codes that their parts do not make up; `given` is per cell, -1 where not known.

    A total with parts that are not known is too small when the known ones exceed it already.
    """
    found: list[Gap] = []
    shape = tuple(dimension.size for dimension in dimensions)
    places = np.arange(given.size).reshape(shape)
    tensor = given.reshape(shape)
    for axis, dimension in enumerate(dimensions):
        rows = dimension.definitions
        if not rows.shape[0]:
            continue
        values = np.moveaxis(tensor, axis, 0).reshape(dimension.size, -1)
        cells = np.moveaxis(places, axis, 0).reshape(dimension.size, -1)
        known = values >= 0
        over = rows @ np.where(known, values, 0)
        unknown = abs(rows) @ (~known).astype(np.int64)
        parents = rows.indices[rows.data > 0]  # one per row
        told = known[parents]
        for short, wrong in (
            (False, told & (over < 0)),
            (True, told & (unknown == 0) & (over > 0)),
        ):
            for number in np.flatnonzero(wrong.any(axis=1)).tolist():
                first = int(np.flatnonzero(wrong[number])[0])
                code = dimension.codes[parents[number]]
                cell = int(cells[parents[number], first])
                found.append(Gap(axis, code, short, cell, int(wrong[number].sum())))
    return found
