"""Released cells one by one: what stands at each key and whose it is, and the way to a draft."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from hanse.cube.cells import MEASURE_COLUMNS, draft_schema
from hanse.cube.status import FORMS, CellState

_STATES: Final = {
    FORMS[state].obs_status: state
    for state in (
        CellState.EMPTY,
        CellState.SUPPRESSED_SOURCE,
        CellState.NOT_APPLICABLE,
        CellState.UNKNOWN,
    )
}

Key = tuple[str, ...]


class Cell(NamedTuple):
    """What stands at one key: a state, a number or none, a flag, and whose it is."""

    state: CellState
    value: float | None
    flag: str
    origin: tuple[str, ...] = ()


def by_key(
    cells: pa.Table, names: Sequence[str], origins: Sequence[str]
) -> tuple[dict[Key, Cell], frozenset[Key]]:
    """Return protected cells by key, and the keys at which two houses say different things.

    What two say alike counts once; where they differ, nobody knows.
    """
    found: dict[Key, Cell] = {}
    twice: set[Key] = set()
    keys = zip(*(cells.column(name).to_pylist() for name in names), strict=True)
    measures = zip(*(cells.column(name).to_pylist() for name in MEASURE_COLUMNS), strict=True)
    whose: Iterable[Key] = (
        zip(*(cells.column(name).to_pylist() for name in origins), strict=True)
        if origins
        else ((),) * cells.num_rows
    )
    for key, (value, status, _), origin in zip(keys, measures, whose, strict=True):
        state = _STATES.get(status, CellState.VALUE)
        cell = Cell(state, value, status if state is CellState.VALUE else "A", tuple(origin))
        known = found.setdefault(key, cell)
        if known[:2] != cell[:2]:
            twice.add(key)
            found[key] = Cell(CellState.UNKNOWN, None, "A", known.origin)
    return found, frozenset(twice)


def draft(cells: Mapping[Key, Cell], names: Sequence[str]) -> pa.Table:
    """Return cells by key as a draft, the shape that wholes are computed from."""
    schema = draft_schema(names[4:])
    columns: dict[str, object] = {name: [key[at] for key in cells] for at, name in enumerate(names)}
    rows = len(cells)
    columns |= {
        "value": [cell.value for cell in cells.values()],
        "state": [cell.state.value for cell in cells.values()],
        "flag": [cell.flag or "A" for cell in cells.values()],
        "source_sheet": [""] * rows,
        "source_row": [None] * rows,
    }
    return pa.table({each.name: pa.array(columns[each.name], each.type) for each in schema})


def cells_of(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[Key, Cell]]:
    """Yield the cells of a draft with their keys."""
    keys = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    rest = zip(
        *(table.column(name).to_pylist() for name in ("state", "value", "flag")), strict=True
    )
    for key, (state, value, flag) in zip(keys, rest, strict=True):
        yield key, Cell(CellState(state), value, flag or "A")
