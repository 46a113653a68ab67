"""A figure as it may be drawn: a number, or the sign of why there is none, never both."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from hanse.cube.cleared import Cleared
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.errors import Invalid
from hanse.report import formats

HIDDEN = "Q"
ABSENT = ""
"""The status of a figure that no release has: nothing stands there."""
DECIMALS_MAX = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """One protected figure; `low` and `high` are its margin, where it has one.

    Raises `Invalid`: CELLS_HIDDEN_NUMBER for a hidden or missing figure with a number, or without
    one where its status promises it; CELLS_TYPE for a number that is none.
    """

    value: float | None
    status: str = "A"
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Refuse a number that may not be seen, and one that cannot be drawn."""
        numbers = [each for each in (self.value, self.low, self.high) if each is not None]
        if self.status in {*SYMBOL_OF_OBS_STATUS, ABSENT} and numbers:
            raise Invalid("CELLS_HIDDEN_NUMBER", count=1)
        if self.status not in {*SYMBOL_OF_OBS_STATUS, ABSENT} and self.value is None:
            raise Invalid("CELLS_TYPE", type="null")
        if not all(math.isfinite(each) for each in numbers):
            raise Invalid("CELLS_TYPE", type="NaN")

    @property
    def hidden(self) -> bool:
        """Whether there is a number that may not be seen."""
        return self.status == HIDDEN

    @property
    def symbol(self) -> str:
        """The sign that stands where there is no number."""
        return SYMBOL_OF_OBS_STATUS.get(self.status, "")

    def shown(self, lang: str, decimals: int = 0) -> str:
        """Return the figure as a reader sees it: spelled, with its flag, or its sign."""
        if self.value is None:
            return self.symbol
        spelled = formats.decimal(self.value, lang, min(decimals, DECIMALS_MAX))
        return spelled if self.status == "A" else f"{spelled} {self.status}"

    def told(self, lang: str, decimals: int = 0) -> str:
        """Return the figure with its margin, where it has one: `39,6 ± 4,7`."""
        shown = self.shown(lang, decimals)
        if self.low is None or self.high is None:
            return shown
        margin = (self.high - self.low) / 2
        return f"{shown} \u00b1\u00a0{formats.decimal(margin, lang, min(decimals, DECIMALS_MAX))}"


def of_row(value: float | None, status: str) -> Cell:
    """Return the figure of one row of a client's table; raises what `Cell` raises."""
    return Cell(value, status)


def cells_of(cleared: Cleared) -> Iterator[tuple[str, str, str, Cell]]:
    """Yield indicator, area, period and figure of every cell of a protected table."""
    names = ("indicator", "area", "period", "obs_value", "obs_status")
    columns = (cleared.table.column(name).to_pylist() for name in names)
    for indicator, area, period, value, status in zip(*columns, strict=True):
        yield indicator, area, period, Cell(value, status)
