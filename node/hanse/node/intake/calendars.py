"""Years that do not start in January: a Swing workbook writes school year 2023/24 as 2023."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import encoding
from hanse.cube.indicator import Indicator
from hanse.cube.period import Period


def dated(
    cells: pa.Table, periods: Mapping[str, Period], indicators: Sequence[Indicator]
) -> pa.Table:
    """Return the cells with their periods as we spell them.

    The years of an indicator are the years that its sheet says they are: of the calendar, or not.
    """
    column = encoding.mapped(encoding.encode(cells.column("period")), lambda t: str(periods[t]))
    meant = [each.id for each in indicators if each.reporting_year_start]
    if meant:
        texts = column.cast(pa.string())
        names = encoding.encode(cells.column("indicator")).cast(pa.string())
        years = pc.match_substring_regex(texts, pattern="^[0-9]{4}$")
        own = pc.and_(pc.is_in(names, value_set=pa.array(meant, pa.string())), years)
        spelled = pc.if_else(own, pc.binary_join_element_wise(texts, "A1", "-"), texts)
        column = spelled.dictionary_encode()
    return cells.set_column(cells.column_names.index("period"), "period", column)
