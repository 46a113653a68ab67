"""The alternative to hiding: small inner counts rounded once, every figure a sum of those.

Additive by construction: all totals, zonings and views are sums of the same rounded inner table,
so subtracting one from another gives a rounded count again. Exact and rounded figures of one
population must never stand beside each other.
"""

import numpy as np
import pyarrow as pa

from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.plan import Plan
from hanse.policies.disclosure.table import figures_table, model_of
from hanse.policies.method import Rounding, seed_of


def round_small(table: pa.Table, plan: Plan, base: int, secret: bytes | int) -> pa.Table:
    """Return every published cell as a sum of inner counts, small ones rounded to 0 or `base`.

    Inner counts of 1 … base - 1 are taken in an order drawn from `secret` (never published) within
    each area, and rounded so that their running sum stays within half a base: totals stay close.
    The same table, plan and secret give the same figures; bytes give those of `protect` with them.
    A node draws every cell by itself instead, so its totals are further off. Raises Invalid for
    fewer than 16 bytes.
    """
    method = Rounding(base)
    seed = secret if isinstance(secret, int) else seed_of(secret)
    model = model_of(table, plan)
    return figures_table(model, rounded(table, plan, method, seed), method.mark)


def rounded(table: pa.Table, plan: Plan, method: Rounding, secret: int) -> Ints:
    """Return the figure of every cell of a table's model."""
    exact = np.asarray(table[plan.value].to_numpy()).astype(np.int64)
    keys = [
        np.array(table[level].to_pylist(), dtype=str) for axis in plan.axes for level in axis.levels
    ]
    order = np.lexsort(tuple(reversed(keys)))
    found = exact.copy()
    found[order] = _running(exact[order], method.base, secret)
    at = table.column_names.index(plan.value)
    return model_of(table.set_column(at, plan.value, pa.array(found)), plan).values


def _running(counts: Ints, base: int, secret: int) -> Ints:
    """Return the counts, small ones rounded so that their running sum stays close."""
    small = np.flatnonzero((counts > 0) & (counts < base))
    draw = np.random.default_rng(secret)
    start = int(draw.integers(0, base))
    found = counts.copy()
    for stretch in np.array_split(small, max(1, small.size // (4 * base))):
        mixed = draw.permutation(stretch)
        running = start + np.cumsum(counts[mixed])
        before = np.concatenate([[start], running[:-1]])
        found[mixed] = (running // base - before // base) * base
        start = int(running[-1]) % base if mixed.size else start
    return found
