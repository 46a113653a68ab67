"""A release as a Swing workbook: what was published, in the codes that Swing has for it.

Swing has one code for hidden and none for the kind of it, which a release does not tell either.
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import measures_of
from hanse.cube.cleared import Cleared
from hanse.cube.codelist import Dimension
from hanse.cube.indicator import Indicator
from hanse.cube.status import FORMS, CellState
from hanse.dialects.swing.encode import encode

_STATES = {
    FORMS[state].obs_status: state
    for state in reversed(CellState)
    if FORMS[state].swing is not None
}
"""The state whose code a cell without a number gets; the first of those that look alike outside."""


def render(
    cleared: Cleared,
    indicators: Sequence[Indicator],
    dimensions: Sequence[Dimension] = (),
    levels: Mapping[str, str] | None = None,
) -> bytes:
    """Return a workbook with the cells and the indicator sheet; hidden ones are -99997.

    `levels` spells each `level@vintage` the way Swing does.
    """
    return encode(_raw(cleared.table), indicators, dimensions, levels=levels)


def _raw(cells: pa.Table) -> pa.Table:
    """Return protected cells with `value` and `state` in the place of what is said outside."""
    statuses = cells.column("obs_status").combine_chunks().dictionary_encode()
    states = [
        _STATES.get(status, CellState.VALUE).value for status in statuses.dictionary.to_pylist()
    ]
    keys = cells.drop_columns(list(measures_of(cells.column_names)))
    state = pc.take(pa.array(states, pa.string()), statuses.indices)
    return keys.append_column("value", cells.column("obs_value")).append_column("state", state)
