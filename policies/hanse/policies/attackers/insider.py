"""The attacker who is counted himself: he knows one unit of every cell he lies in.

He may subtract himself everywhere; what is left of a cell must still be as uncertain to him as the
cell is to others. So he starts from the same equations, with one unit known of each of his cells.
"""

from collections.abc import Sequence

import numpy as np

from hanse.policies.attackers.published import Codes, Ints
from hanse.policies.attackers.system import System

HIDDEN_PIECE = "piece:"


def insider(system: System, dimensions: Sequence[Codes], own: Sequence[str], lower: Ints) -> Ints:
    """Return the least that one who lies in the pieces `own` (one per dimension) knows of each."""
    mine = np.array([_holds(dimensions, key, own) for key in system.keys], dtype=bool)
    return np.asarray(np.maximum(lower, mine.astype(np.int64)))


def _holds(dimensions: Sequence[Codes], key: Sequence[str], own: Sequence[str]) -> bool:
    """Say whether a cell contains a unit that lies in these pieces."""
    for codes, code, piece in zip(dimensions, key, own, strict=True):
        if code.startswith(HIDDEN_PIECE):
            if code.removeprefix(HIDDEN_PIECE) != piece:
                return False
        elif piece not in codes.pieces[code]:
            return False
    return True
