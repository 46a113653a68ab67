"""How a reader wants compared figures: per inhabitant, as an index, ranked, with their spread."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from hanse.areas.combination import COMBINED
from hanse.cube import benchmark
from hanse.cube.benchmark import Spread, Trend
from hanse.cube.sampled import at_confidence
from hanse.cube.survey import Z_OF_CONFIDENCE
from hanse.errors import Invalid
from hanse.messages import numbers, say

SHAPE_COLUMN: Final = "shown_as"


@dataclass(frozen=True, slots=True)
class Shape:
    """The transforms, in their order; "" and False leave a figure as it is.

    `per` is an indicator to divide by, `times` what a quotient is multiplied by, `index` the period
    that is 100. `spread` gives spread, coverage and trend beside the table; `rank` a column.
    `confidence` is the percentage that margins of samples hold at, 0: as each was published.
    """

    per: str = ""
    times: float = 1.0
    index: str = ""
    spread: bool = False
    rank: bool = False
    confidence: int = 0

    def applied(self, table: pa.Table) -> pa.Table:
        """Return the figures as they are wanted; a column says how where that is another way."""
        table = self.sure(table)
        if self.per:
            table = benchmark.per(table, self.per, self.times)
        if self.index:
            table = benchmark.index(table, self.index)
        table = self.told(table)
        if self.rank:
            table = table.append_column("rank", pa.array(benchmark.ranks(table), pa.float64()))
        return table

    def sure(self, table: pa.Table) -> pa.Table:
        """Return figures of samples with their intervals at the confidence that is wanted."""
        return at_confidence(table, self.z) if self.confidence else table

    @property
    def z(self) -> float:
        """How many standard errors a margin is; what is published is held apart at 95 %."""
        return Z_OF_CONFIDENCE[self.confidence or 95]

    def say(self, lang: str = "nl") -> str:
        """Return in words how figures are shown; "" where they are as they came."""
        said = []
        if self.per:
            code = "SHOWN_PER" if self.times == 1 else "SHOWN_PER_TIMES"
            said.append(say(code, lang, per=self.per, times=numbers.plain(self.times, lang)))
        if self.index:
            said.append(say("SHOWN_INDEX", lang, period=self.index))
        if self.confidence:
            said.append(say("SHOWN_CONFIDENCE", lang, confidence=self.confidence))
        return "; ".join(said)

    def told(self, table: pa.Table) -> pa.Table:
        """Return transformed figures with a column that says how they are shown."""
        ways = [f"per {self.times:g} {self.per}"] if self.per else []
        ways += [f"{self.index} = 100"] if self.index else []
        if not ways:
            return table
        said = pa.array([", ".join(ways)] * table.num_rows, pa.string())
        return table.append_column(SHAPE_COLUMN, said)

    def beside(self, table: pa.Table) -> tuple[tuple[Spread, ...], tuple[Trend, ...]]:
        """Return spread and trends, where they are wanted; sums of areas are no area among them."""
        if not self.spread:
            return (), ()
        levels = {str(level) for level in table.column("level").to_pylist()}
        whole = {each for each in levels if each.partition("@")[0] == COMBINED}
        return benchmark.spreads(table, whole), benchmark.trends(table)


AS_IT_IS: Final = Shape()


def sure_at(given: int | None) -> int:
    """Return a confidence as it was typed, 0 for none.

    Raises `Invalid` (CONFIDENCE_UNKNOWN) for a percentage that margins are not made at.
    """
    if given is not None and given not in Z_OF_CONFIDENCE:
        known = ", ".join(str(each) for each in Z_OF_CONFIDENCE)
        raise Invalid("CONFIDENCE_UNKNOWN", given=given, known=known)
    return given or 0
