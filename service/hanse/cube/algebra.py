"""The status algebra: what a whole is when some of its parts are not simply numbers.

The states stand in one order, and a whole has the highest state among its parts. So a hidden part
hides the whole, else an unknown part makes it unknown; parts that are empty or not applicable are
passed over, and only where there is nothing else does the whole become one of them. Zero is a
value. Flags beside a number travel the same way. (Source: Swing's "Missing values"; the outcome of
mixed causes is our own choice.)
"""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import encoding
from hanse.cube.status import CellState, Flag

STATE_ORDER = (
    CellState.NOT_APPLICABLE,
    CellState.EMPTY,
    CellState.VALUE,
    CellState.UNKNOWN,
    CellState.SUPPRESSED_SECONDARY,
    CellState.SUPPRESSED_PRIMARY,
    CellState.SUPPRESSED_SOURCE,
)
"""From what yields to everything to what nothing undoes."""

FLAG_ORDER = (
    Flag.NORMAL,
    Flag.PROVISIONAL,
    Flag.FORECAST,
    Flag.ESTIMATED,
    Flag.LOW_RELIABILITY,
    Flag.DEFINITION_DIFFERS,
    Flag.BREAK,
)
"""From what needs no word to what must be said first; SDMX lets a break go before all."""

STATE_RANK = {state: rank for rank, state in enumerate(STATE_ORDER)}
FLAG_RANK = {flag: rank for rank, flag in enumerate(FLAG_ORDER)}
VALUE_RANK = STATE_RANK[CellState.VALUE]


def combine(states: Iterable[CellState]) -> CellState:
    """Return the state of a whole made of parts with these states; of no parts it is empty."""
    return max(states, key=STATE_RANK.__getitem__, default=CellState.EMPTY)


def combine_flags(flags: Iterable[Flag]) -> Flag:
    """Return the flag of a number made of numbers with these flags."""
    return max(flags, key=FLAG_RANK.__getitem__, default=Flag.NORMAL)


def state_ranks(cells: pa.Table) -> pa.Array:
    """Return each row's place in `STATE_ORDER`, as int8.

    A row that says it has a number but has none, or none that is finite, counts as unknown: a sum
    must not pass over what nobody knows.
    """
    ranks = _ranked(cells.column("state"), {state.value: n for state, n in STATE_RANK.items()})
    numbered = pc.fill_null(pc.is_finite(_values(cells)), False)
    faulty = pc.and_(pc.equal(ranks, VALUE_RANK), pc.invert(numbered))
    return pc.if_else(faulty, pa.scalar(STATE_RANK[CellState.UNKNOWN], pa.int8()), ranks)


def flag_ranks(cells: pa.Table) -> pa.Array:
    """Return each row's place in `FLAG_ORDER`, as int8; a flag that is not ours counts as none."""
    return _ranked(cells.column("flag"), {flag.value: n for flag, n in FLAG_RANK.items()})


def numbers(cells: pa.Table, ranks: pa.Array) -> pa.Array:
    """Return the values with zero wherever there is no number to count."""
    return pc.if_else(pc.equal(ranks, VALUE_RANK), pc.fill_null(_values(cells), 0.0), 0.0)


def with_states(values: pa.Array, ranks: pa.Array, flags: pa.Array) -> dict[str, pa.Array]:
    """Return the columns `value`, `state` and `flag`: a number and its flag only where both hold.

    A result that is not finite has outgrown what a number can say, and is unknown.
    """
    counted = pc.equal(ranks, VALUE_RANK)
    outgrown = pc.and_(counted, pc.invert(pc.fill_null(pc.is_finite(values), False)))
    ranks = pc.if_else(outgrown, pa.scalar(STATE_RANK[CellState.UNKNOWN], pa.int8()), ranks)
    counted = pc.equal(ranks, VALUE_RANK)
    blank = pa.nulls(len(values), pa.float64())
    return {
        "value": pc.if_else(counted, values, blank),
        "state": encoding.spelled([state.value for state in STATE_ORDER], ranks),
        "flag": encoding.spelled(
            [flag.value for flag in FLAG_ORDER], pc.if_else(counted, flags, pa.scalar(0, pa.int8()))
        ),
    }


def sum_cells(cells: pa.Table, by: Sequence[str]) -> pa.Table:
    """Return one row per combination of the `by` columns: those columns, value, state and flag.

    `cells` has the draft's `value`, `state` and `flag`. Groups stand in order of first appearance,
    and are added up in the order of the rows, so the same table always gives the same bytes.
    """
    ranks = state_ranks(cells)
    columns = {name: encoding.encode(cells.column(name)) for name in by}
    parts = pa.table(
        {
            "key": encoding.keys(list(columns.values()), cells.num_rows),
            "row": pa.arange(0, cells.num_rows, 1),
            "value": numbers(cells, ranks),
            "state": ranks,
            "flag": flag_ranks(cells),
        }
    )
    wholes = parts.group_by("key", use_threads=False).aggregate(
        [("row", "min"), ("value", "sum"), ("state", "max"), ("flag", "max")]
    )
    rows = encoding.whole(wholes.column("row_min"))
    kept = {name: pc.take(column, rows) for name, column in columns.items()}
    measures = with_states(
        *(encoding.whole(wholes.column(name)) for name in ("value_sum", "state_max", "flag_max"))
    )
    return pa.table(kept | measures)


def _ranked(column: pa.ChunkedArray, places: dict[str, int]) -> pa.Array:
    encoded = encoding.encode(column)
    unknown = places.get(CellState.UNKNOWN.value, 0)
    table = pa.array(
        [places.get(text, unknown) for text in encoded.dictionary.to_pylist()], pa.int8()
    )
    return pc.take(table, encoded.indices)


def _values(cells: pa.Table) -> pa.Array:
    return encoding.whole(cells.column("value"))
