"""What a published percentage or mean tells of the count behind it.

Beside its denominator, a share rounded to so many decimals leaves a handful of whole numerators,
often one. Those bounds then stand beside all equations of the count itself.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

from hanse.policies.attackers.intervals import INFINITE
from hanse.policies.attackers.published import Ints
from hanse.policies.attackers.system import System

Floats = NDArray[np.float64]

Told = tuple[tuple[str, ...], float, int, int]
"""A cell by its codes, the share shown of it, its decimals, and the denominator."""


def numerators(shown: float, decimals: int, denominator: int, factor: int = 100) -> tuple[int, int]:
    """Return the least and the greatest whole numerator that is shown as this share.

    `factor` is 100 for a percentage, 1000 for a rate per thousand, 1 for a mean. Either way of
    rounding a half is allowed for. The bounds cross where no whole number fits.
    """
    half = Decimal(1).scaleb(-decimals) / 2
    value = Decimal(repr(shown))
    scale = Decimal(denominator) / factor
    low = ((value - half) * scale).to_integral_value(ROUND_CEILING)
    high = ((value + half) * scale).to_integral_value(ROUND_FLOOR)
    return max(0, int(low)), int(high)


def bounded(
    system: System, told: Iterable[Told], least: Sequence[int] | Ints, factor: int = 100
) -> tuple[Floats, Floats]:
    """Return what shares tell of the unknowns of a system: the least and the most of each."""
    place = {key: number for number, key in enumerate(system.keys)}
    low = np.array(least, dtype=np.float64)
    high = np.full(system.size, INFINITE)
    for key, shown, decimals, denominator in told:
        if key in place:
            bottom, top = numerators(shown, decimals, denominator, factor)
            cell = place[key]
            low[cell], high[cell] = max(low[cell], bottom), min(high[cell], top)
    return low, high
