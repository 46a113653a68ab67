"""Noise by cell keys: every figure a little off, the same figure always by the same.

Every inner unit or cell has a secret key; the key of a cell is the sum of those in it, modulo 2³².
Key and count decide on the change, so whoever asks twice, or in another way for the same units,
sees the same figure. Figures do not add up any more. (The method of Fraser and Wooton, 2005.) Exact
and perturbed figures of one population must never stand beside each other.
"""

import hashlib
from functools import lru_cache

import numpy as np
import pyarrow as pa

from hanse.errors import Invalid
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.model import Model
from hanse.policies.disclosure.plan import Plan
from hanse.policies.disclosure.table import figures_table, model_of
from hanse.policies.method import Spread

KEYS = 2**32
STEPS = 64
"""Bisections for the spread: more change nothing in a float."""


def perturb(counts: Ints, keys: Ints, spread: Spread, seed: int) -> Ints:
    """Return the figures of cells with these counts and keys (whole numbers, keys 0 … 2³² - 1).

    `seed` is secret too: it decides which keys mean which change. The same count, key and seed give
    the same figure, wherever it is asked for.
    """
    if counts.size and counts.min() < 0:
        raise Invalid("DISCLOSURE_NEGATIVE", row=int(np.argmin(counts)) + 1)
    drawn = _drawn(keys, seed)
    top = spread.deviation + spread.absent
    found = np.zeros_like(counts)
    for count in range(1, top + 1):
        rows = np.flatnonzero((counts == count) if count < top else (counts >= count))
        values, chances = changes(count, spread)
        place = np.searchsorted(np.cumsum(chances)[:-1], drawn[rows], side="right")
        found[rows] = counts[rows] + np.array(values, dtype=np.int64)[place]
    return found


@lru_cache(maxsize=256)
def changes(count: int, spread: Spread) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the changes a count may get and the chance of each: zero on average, least telling.

    Among all chances with that mean and variance, those of greatest entropy: exp(a·d + b·d²). The
    variance of a small count is as near to the one asked as its few values allow.
    """
    values = [
        d
        for d in range(-spread.deviation, spread.deviation + 1)
        if count + d == 0 or count + d > spread.absent
    ]
    steps = np.array(values, dtype=np.float64)
    if steps.min() > 0 or steps.max() < 0:
        raise Invalid("DISCLOSURE_PLAN", key="absent", found=str(spread.absent))
    low, high = -30.0, 30.0
    for _ in range(STEPS):
        narrow = (low + high) / 2
        chances = _unbiased(steps, narrow)
        wide = float(chances @ steps**2) > spread.variance
        low, high = (low, narrow) if wide else (narrow, high)
    return tuple(values), tuple(_unbiased(steps, high).tolist())


def _unbiased(steps: np.ndarray, square: float) -> np.ndarray:
    """Return the chances exp(a·d + b·d²) for b = `square`, with a such that their mean is zero."""
    low, high = -200.0, 200.0
    for _ in range(STEPS):
        tilt = (low + high) / 2
        power = tilt * steps + square * steps**2
        chances = np.exp(power - power.max())
        chances /= chances.sum()
        low, high = (low, tilt) if float(chances @ steps) > 0 else (tilt, high)
    return np.asarray(chances)


def _drawn(keys: Ints, seed: int) -> np.ndarray:
    """Return a number from 0 up to 1 for every key: a keyed hash of it."""
    secret = hashlib.sha256(f"hanse cell key {seed}".encode()).digest()
    unique, place = np.unique(keys % KEYS, return_inverse=True)
    found = [
        int.from_bytes(hashlib.blake2b(k.to_bytes(8), key=secret, digest_size=6).digest())
        for k in unique.tolist()
    ]
    return np.array(found, dtype=np.float64)[np.ravel(place)] / 2.0**48


def perturbed(table: pa.Table, plan: Plan, spread: Spread, seed: int) -> pa.Table:
    """Return every published cell of a table of inner counts, totals included, by cell keys.

    The key of an inner cell follows from its codes and the seed; that of any other cell is the sum
    of the keys of the inner cells that hold somebody, each times its count.
    """
    model = model_of(table, plan)
    return figures_table(model, noisy(model, table, plan, (spread, seed)), spread.mark)


def noisy(model: Model, table: pa.Table, plan: Plan, drawn: tuple[Spread, int]) -> Ints:
    """Return the figure of every cell of a table's model, by a spread and a secret seed."""
    spread, seed = drawn
    secret = hashlib.sha256(f"hanse record keys {seed}".encode()).digest()
    names = [level for axis in plan.axes for level in axis.levels]
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    own = [
        int.from_bytes(
            hashlib.blake2b("\x1f".join(map(str, row)).encode(), key=secret, digest_size=4).digest()
        )
        for row in rows
    ]
    counts = table[plan.value].to_numpy().astype(np.int64)
    at = table.column_names.index(plan.value)
    weighed = (np.array(own, dtype=np.int64) % 2**20) * np.minimum(counts, 2**20)
    summed = model_of(table.set_column(at, plan.value, pa.array(weighed)), plan)
    return perturb(model.values, summed.values % KEYS, spread, seed)
