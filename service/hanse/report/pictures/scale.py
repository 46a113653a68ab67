"""From numbers to places: round axis marks, lengths, and classes of a map; of visible numbers."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TICKS = 4
TINY = 1e-250
"""Numbers closer than this are drawn as one: their difference cannot be divided any more."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Lays numbers from `low` to `high` on a stretch that starts at `start` and ends at `end`."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return the place of a number."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def decimals(self) -> int:
        """How many decimals the axis marks need."""
        step = self.ticks[1] - self.ticks[0]
        return max(0, -math.floor(math.log10(step) + 1e-9))


def over(numbers: Iterable[float], start: float, end: float, *, nought: bool) -> Scale:
    """Return a scale with round marks over these numbers; `nought` makes it start at zero.

    No number at all gives a scale from 0 to 1: a picture of hidden figures only tells nothing.
    """
    known = list(numbers) or [0.0, 1.0]
    low, high = min(known), max(known)
    if nought:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= max(abs(high) * 1e-12, TINY):
        low, high = (low, low + (abs(low) or 1.0)) if nought else (low - 1, high + 1)
    step = _step((high - low) / TICKS)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(number * step for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, end, ticks)


def _step(rough: float) -> float:
    size: float = 10.0 ** math.floor(math.log10(rough))
    return next(size * each for each in (1, 2, 5, 10) if size * each >= rough * (1 - 1e-9))


def classes(numbers: Sequence[float], most: int) -> tuple[float, ...]:
    """Return the lower bounds of at most `most` classes that hold about as many numbers each."""
    known = sorted(set(numbers))
    wanted = min(most, len(known))
    if wanted == 0:
        return ()
    ordered = sorted(numbers)
    return tuple(sorted({ordered[len(ordered) * number // wanted] for number in range(wanted)}))


def place(value: float, bounds: Sequence[float]) -> int:
    """Return the number of the class that a visible number falls in."""
    return max(0, bisect_right(bounds, value) - 1)
