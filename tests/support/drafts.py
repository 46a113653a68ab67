"""Cells of a draft as a test writes them: `7`, `x` hidden, `?` unknown, `-` empty, `nvt`."""

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from hanse.cube.cells import TEXT, draft_schema
from hanse.cube.status import FORMS, HIDDEN, CellState

STATES = {
    "x": CellState.SUPPRESSED_SOURCE,
    "x1": CellState.SUPPRESSED_PRIMARY,
    "x2": CellState.SUPPRESSED_SECONDARY,
    "?": CellState.UNKNOWN,
    "-": CellState.EMPTY,
    "nvt": CellState.NOT_APPLICABLE,
}

Record = Mapping[str, str]
"""A cell by column; `cell` is what a test writes, and columns left out take the usual value."""

_USUAL = {
    "indicator": "a",
    "level": "wijk@2025",
    "area": "W01",
    "period": "2024",
    "flag": "A",
    "source_sheet": "data",
}


def draft(records: Iterable[Record], dimensions: Sequence[str] = ()) -> pa.Table:
    """Return cells in the shape of a draft; a breakdown left out is its total."""
    schema = draft_schema(dimensions)
    columns: dict[str, list[object]] = {name: [] for name in schema.names}
    for number, record in enumerate(records, start=2):
        written = record["cell"]
        state = STATES.get(written, CellState.VALUE)
        row = {
            **_USUAL,
            **dict.fromkeys(dimensions, "_T"),
            **{name: text for name, text in record.items() if name != "cell"},
            "value": float(written) if state is CellState.VALUE else None,
            "state": state.value,
            "source_row": number,
        }
        for name in columns:
            columns[name].append(row[name])
    return pa.table({each.name: _column(columns[each.name], each.type) for each in schema})


def _column(entries: list[object], type_: pa.DataType) -> pa.Array:
    return (
        pa.array(entries, pa.string()).dictionary_encode()
        if type_ == TEXT
        else pa.array(entries, type_)
    )


def written(table: pa.Table, row: int) -> str:
    """Return one cell as a test writes it; every kind of hidden is `x`, as a reader sees it."""
    state = CellState(table["state"][row].as_py())
    value = table["value"][row].as_py()
    assert (value is None) is (state is not CellState.VALUE)
    if state in HIDDEN:
        return "x"
    return f"{value:g}" if state is CellState.VALUE else FORMS[state].symbol


def by(table: pa.Table, *columns: str) -> dict[str, str]:
    """Return the cells as a test writes them, by the texts of these columns joined with a blank."""
    keys = zip(*(table[name].to_pylist() for name in columns), strict=True)
    return {" ".join(key): written(table, row) for row, key in enumerate(keys)}
