"""The first and last observations of each series, where a question asks for no more."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from hanse.cube.cleared import Cleared
from hanse.dialects.sdmx import names
from hanse.dialects.sdmx.cells import Layout

Bounds = tuple[int | None, int | None]
"""How many from the start and from the end; None for all."""


def of_series(pieces: Iterator[Cleared], layout: Layout, bounds: Bounds) -> Iterator[Cleared]:
    """Yield the cells within the bounds; a series never stands in two pieces."""
    first, last = bounds
    for cleared in pieces:
        if first is None and last is None:
            yield cleared
            continue
        yield cleared.kept(pa.array(_mask(cleared, layout, first, last)))


def _mask(
    cleared: Cleared, layout: Layout, first: int | None, last: int | None
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    table = layout.observations(cleared)
    order = {str(period): number for number, period in enumerate(layout.edition.periods)}
    times = table.column(names.TIME_PERIOD).to_pylist()
    heads = zip(*(table.column(name).to_pylist() for name in layout.series), strict=True)
    series: dict[tuple[str, ...], list[int]] = {}
    for row, head in enumerate(heads):
        series.setdefault(head, []).append(row)
    kept = np.zeros(cleared.rows, dtype=np.bool_)
    for rows in series.values():
        rows.sort(key=lambda row: order[times[row]])
        chosen = {*rows[: first or 0], *(rows[-last:] if last else ())}
        kept[sorted(chosen)] = True
    return kept
