"""How a reader wants compared figures: per inhabitant, as an index, ranked, with their spread."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from hanse.areas.combination import COMBINED
from hanse.cube import benchmark
from hanse.cube.benchmark import Spread, Trend

SHAPE_COLUMN: Final = "shown_as"


@dataclass(frozen=True, slots=True)
class Shape:
    """The transforms, in their order; "" and False leave a figure as it is.

    `per` is an indicator to divide by, `times` what a quotient is multiplied by, `index` the period
    that is 100. `spread` gives spread, coverage and trend beside the table; `rank` a column.
    """

    per: str = ""
    times: float = 1.0
    index: str = ""
    spread: bool = False
    rank: bool = False

    def applied(self, table: pa.Table) -> pa.Table:
        """Return the figures as they are wanted; a column says how where that is another way."""
        if self.per:
            table = benchmark.per(table, self.per, self.times)
        if self.index:
            table = benchmark.index(table, self.index)
        table = self.told(table)
        if self.rank:
            table = table.append_column("rank", pa.array(benchmark.ranks(table), pa.float64()))
        return table

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
