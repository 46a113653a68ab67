"""Ratios, shares and means beside what they are made of: shown where they tell nothing hidden.

A rate beside its shown denominator gives its numerator back, so it is shown where both are. Where
the numerator stands in no table at all, the decimals of a percentage decide how much it tells.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hanse.cube.status import HIDDEN, CellState
from hanse.policies.disclosure.rates import safe_decimals

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """An indicator that is `numerator` by `denominator`, whatever it is multiplied by.

    A `percentage` whose numerator has no cell keeps only the decimals that are safe beside its
    denominator.
    """

    indicator: str
    numerator: str
    denominator: str
    percentage: bool = False


Table = tuple[Sequence[str], Sequence[Key], Sequence[str], np.ndarray]
"""Indicator, the rest of the key, state and value of every row."""


def telling(
    ratios: Sequence[Ratio], table: Table, width: int
) -> Iterator[tuple[int, float | None]]:
    """Yield the rows of ratios that tell too much: None to hide one, else what to show instead."""
    indicators, keys, states, values = table
    sides = {name for ratio in ratios for name in (ratio.numerator, ratio.denominator)}
    rows = {
        (indicator, key): row
        for row, (indicator, key) in enumerate(zip(indicators, keys, strict=True))
        if indicator in sides
    }
    wanted = {ratio.indicator: ratio for ratio in ratios}
    for row, (indicator, key) in enumerate(zip(indicators, keys, strict=True)):
        if indicator not in wanted or states[row] != CellState.VALUE:
            continue
        ratio = wanted[indicator]
        above, below = rows.get((ratio.numerator, key)), rows.get((ratio.denominator, key))
        if any(side is not None and states[side] in HIDDEN for side in (above, below)):
            yield row, None
        elif ratio.percentage and above is None and below is not None:
            yield from _rounded(row, float(values[row]), float(values[below]), width)


def _rounded(
    row: int, value: float, denominator: float, width: int
) -> Iterator[tuple[int, float | None]]:
    """Yield the row with fewer decimals, or none, where it tells its numerator too closely."""
    decimals = safe_decimals(int(denominator), width) if denominator == denominator else None
    shown = None if decimals is None else round(value, decimals)
    if shown != value:
        yield row, shown
