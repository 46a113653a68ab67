"""The alternative to hiding: small inner counts rounded once, every figure a sum of those.

Additive by construction: all totals, zonings and views are sums of the same rounded inner table,
so subtracting one from another gives a rounded count again. Exact and rounded figures of one
population must never stand beside each other.
"""

import numpy as np
import pyarrow as pa

from hanse.errors import Invalid
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.plan import Plan
from hanse.policies.disclosure.table import keys_table, model_of

BASE_MIN, BASE_MAX = 3, 100
SDC_METHOD = "ROUND_SMALL"


def round_small(table: pa.Table, plan: Plan, base: int, secret: int) -> pa.Table:
    """Return every published cell as a sum of inner counts, small ones rounded to 0 or `base`.

    Inner counts of 1 … base - 1 are taken in an order drawn from `secret` (never published) within
    each area, and rounded so that their running sum stays within half a base: totals stay close.
    The same table, plan and secret give the same figures.
    """
    if not BASE_MIN <= base <= BASE_MAX:
        raise Invalid("DISCLOSURE_PLAN", key="base", found=str(base))
    counts = np.array(table[plan.value].to_pylist(), dtype=object)
    model_of(table, plan)  # refuses whatever is wrong with the table
    exact = counts.astype(np.int64)
    keys = [
        np.array(table[level].to_pylist(), dtype=str) for axis in plan.axes for level in axis.levels
    ]
    order = np.lexsort(tuple(reversed(keys)))
    rounded = exact.copy()
    rounded[order] = _running(exact[order], base, secret)
    at = table.column_names.index(plan.value)
    model = model_of(table.set_column(at, plan.value, pa.array(rounded)), plan)
    cells = np.flatnonzero(model.published)
    columns = {**keys_table(model, cells), "obs_value": pa.array(model.values[cells])}
    free = ["F"] * cells.size
    return pa.table({**columns, "obs_status": ["A"] * cells.size, "conf_status": free})


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
