"""Group disclosure: a row with nearly everybody in one category tells on each of them.

Hiding small counts does not cover it, for the telling count is a large one. It must be possible
that its share is lower than the rule says, so empty categories of such a row may be hidden too:
"12 of 12" is told by the zeros beside it.
"""

from dataclasses import dataclass

import numpy as np

from hanse.errors import Invalid
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.model import Bools, Model
from hanse.policies.disclosure.plan import Homogeneity


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """The telling cells, the most each may be known to be at least, and the empty cells beside."""

    cells: Bools
    ceiling: Ints
    beside: Bools


def telling(model: Model, rule: Homogeneity) -> Telling:
    """Return the published cells that hold too much of their row, at every level."""
    axis = next((n for n, d in enumerate(model.dimensions) if d.name == rule.dimension), -1)
    if axis < 0 or "Total" not in model.dimensions[axis].levels:
        raise Invalid("DISCLOSURE_PLAN", key="homogeneity", found=rule.dimension)
    dimension = model.dimensions[axis]
    values = np.moveaxis(model.values.reshape(model.shape), axis, 0)
    shown = np.moveaxis(model.published.reshape(model.shape), axis, 0)
    whole = dimension.level[: dimension.published] == dimension.levels.index("Total")
    total = values[: dimension.published][whole][0]
    cells = np.zeros(values.shape, dtype=bool)
    beside = np.zeros(values.shape, dtype=bool)
    for number in range(len(dimension.levels) - 1):
        codes = np.flatnonzero(dimension.level[: dimension.published] == number)
        heavy = shown[codes] & (100 * values[codes] >= rule.percent * total) & (values[codes] > 0)
        heavy &= total >= rule.total_min
        cells[codes] = heavy
        beside[codes] = shown[codes] & (values[codes] == 0) & heavy.any(axis=0)
    most = -(-rule.percent * total // 100) - 1
    ceiling = np.broadcast_to(most, values.shape)
    back = [np.moveaxis(part, 0, axis).ravel() for part in (cells, ceiling, beside)]
    return Telling(back[0], back[1], back[2])
