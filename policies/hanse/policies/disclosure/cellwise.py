"""Figures of a perturbed release, each drawn by itself: from a cell's codes, its count, a secret.

Whoever corrects one cell changes the figures that hold it and no other, and the same cell with the
same count has the same figure in every release and dataset. So nothing is left to average.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.model import Bools
from hanse.policies.disclosure.noise import perturb
from hanse.policies.method import Perturbing, Rounding, Spread, seed_of

DRAW_BYTES = 6


def drawn(cells: Sequence[str], counts: Ints, secret: bytes) -> Ints:
    """Return a number 0 … 2⁴⁸ - 1 per inner cell: a keyed hash of its name and its count."""
    seed = seed_of(secret).to_bytes(32)
    key = hashlib.sha256(b"hanse inner cells " + seed).digest()
    found = [
        int.from_bytes(
            hashlib.blake2b(f"{count}\x1f{cell}".encode(), key=key, digest_size=DRAW_BYTES).digest()
        )
        for cell, count in zip(cells, counts.tolist(), strict=True)
    ]
    return np.array(found, dtype=np.int64)


def rounded(counts: Ints, draws: Ints, method: Rounding) -> Ints:
    """Return inner counts with the small ones 0 or the base: right on average, by their draw.

    A count c of 1 … base - 1 becomes the base with a chance of c / base.
    """
    up = np.where(draws % method.base < counts, method.base, 0)
    return np.where((counts > 0) & (counts < method.base), up, counts).astype(np.int64)


def noisy(counts: Ints, keys: Ints, method: Spread, secret: bytes) -> Ints:
    """Return the figures of cells of which the keys are the sums of the draws of what is in them.

    Cells that hold the same people have the same figure, whatever they are called.
    """
    return perturb(counts, keys, method, seed_of(secret))


def barred(figures: Ints, method: Perturbing) -> Bools:
    """Say which figures the method never shows: readers of a release can check that themselves."""
    most = method.base - 1 if isinstance(method, Rounding) else method.absent
    return np.asarray((figures < 0) | ((figures >= 1) & (figures <= most)))
