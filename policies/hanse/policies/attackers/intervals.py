"""The third attacker: counts are whole, so every equation narrows the others' intervals.

Each unknown starts between two bounds; an equation leaves it no more than what the others can make
up. Rounding inwards at every step tells whole numbers that a linear program would let pass.
"""

import numpy as np
from numpy.typing import NDArray

from hanse.errors import Invalid
from hanse.policies.attackers.published import Ints
from hanse.policies.attackers.system import System

Floats = NDArray[np.float64]

ROUNDS_MAX = 500
INFINITE = float("inf")
_SLACK = 1e-9


def narrowed(system: System, low: Ints | Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the least and the most each unknown can be, starting from what is known of each.

    Raises Invalid where nothing fits: then what is published contradicts itself, or what the
    attacker takes for known is wrong.
    """
    rows = np.repeat(np.arange(system.matrix.shape[0]), np.diff(system.matrix.indptr))
    columns, weight = system.matrix.indices, system.matrix.data.astype(np.float64)
    right = system.right.astype(np.float64)[rows]
    lower, upper = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
    for _ in range(ROUNDS_MAX):
        positive = weight > 0
        least = weight * np.where(positive, lower[columns], upper[columns])
        most = weight * np.where(positive, upper[columns], lower[columns])
        top = (right - _others(least, rows)) / weight
        bottom = (right - _others(most, rows)) / weight
        new_lower, new_upper = lower.copy(), upper.copy()
        np.maximum.at(new_lower, columns, np.ceil(np.where(positive, bottom, top) - _SLACK))
        np.minimum.at(new_upper, columns, np.floor(np.where(positive, top, bottom) + _SLACK))
        if (new_lower > new_upper).any():
            raise Invalid("DISCLOSURE_INCONSISTENT", cells=system.size)
        if np.array_equal(new_lower, lower) and np.array_equal(new_upper, upper):
            break
        lower, upper = new_lower, new_upper
    return lower, upper


def _others(terms: Floats, rows: Ints) -> Floats:
    """Return, per term, the sum of the other terms of its row; infinite where one of those is."""
    endless = np.isinf(terms)
    finite = np.where(endless, 0.0, terms)
    total, gone = np.bincount(rows, finite), np.bincount(rows, endless)
    others = total[rows] - finite
    upward = np.bincount(rows, np.where(endless, np.sign(terms), 0.0))[rows] > 0
    return np.where(gone[rows] > endless, np.where(upward, INFINITE, -INFINITE), others)
