"""A rectangle of values with a role for every column, and the cells it says.

Whatever the layout (an indicator per column, a value per record, a stream) and whatever the file (a
workbook, a CSV file, a query), a grid is what is left of it, and `assemble` the one way to cells.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import KEY_COLUMNS, TEXT
from hanse.cube.codelist import TOTAL
from hanse.cube.status import SWING_CODES, SYMBOL_OF_OBS_STATUS, CellState
from hanse.errors import Invalid

TO_AREA = "TO_AREA"
"""The dimension of a stream: where it goes. Where it comes from is the area."""

CODE = re.compile(r"[a-z][a-z0-9_]{0,49}")
"""An indicator's code in a Swing database, folded: case never tells two codes apart."""

_ITEM = re.compile(r"[A-Za-z0-9_@$\-]+")
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
_MAX_EXACT = 2**53
_STATES = [state.value for state in CellState]
_STATE_OF_STATUS = {
    "O": CellState.EMPTY,
    "Q": CellState.SUPPRESSED_SOURCE,
    "M": CellState.NOT_APPLICABLE,
    "L": CellState.UNKNOWN,
}

Column = Sequence[object] | Any
"""Plain values (a blank is an empty text), or an Arrow array (a blank is null)."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a column says: `period`, `level`, `area`, `indicator`, `value`, `status`, `dimension`
    (`name` is its id) or `measure` (`name` is the indicator's id); `skip` says nothing."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of one length; `rows` gives the number each row has where a person looks it up.

    `level` stands for a missing level column, `period` for a missing period column.
    """

    sheet: str
    headers: tuple[str, ...]
    roles: tuple[Role, ...]
    columns: tuple[Column, ...]
    rows: pa.Array
    level: str = ""
    period: str = ""

    def dimensions(self) -> tuple[str, ...]:
        """Return the ids of the breakdown columns, in column order."""
        return tuple(role.name for role in self.roles if role.kind == "dimension")


def raw_schema(dimensions: Sequence[str] = ()) -> pa.Schema:
    """Return the shape of cells as a file spells them: levels and periods not yet looked up."""
    return pa.schema(
        [
            *((name, TEXT) for name in (*KEY_COLUMNS, *dimensions)),
            ("value", pa.float64()),
            ("state", TEXT),
            ("source_sheet", TEXT),
            ("source_row", pa.int32()),
        ]
    )


def empty_cells(dimensions: Sequence[str] = ()) -> pa.Table:
    """Return no cells, in the raw shape."""
    return raw_schema(dimensions).empty_table()


def folded_code(text: str) -> str:
    """Return codes (one, or a formula of them) in lower case and without accents."""
    spread = unicodedata.normalize("NFKD", text.lower())
    return "".join(each for each in spread if not unicodedata.combining(each))


def indicator_id(code: str, sheet: str) -> str:
    """Return the id of an indicator's code; raises `Invalid` for what cannot be one."""
    folded = folded_code(code)
    if not CODE.fullmatch(folded):
        raise Invalid("INTAKE_CODE", code=code[:60], sheet=sheet)
    return folded


def dimension_id(code: str, sheet: str) -> str:
    """Return the id of a dimension level's code: upper case, so that it names a column."""
    return indicator_id(code, sheet).upper()


def item_id(text: str) -> str:
    """Return the code of a dimension item; one with other characters is minted, each its own."""
    if _ITEM.fullmatch(text):
        return text
    stem = re.sub(r"[^A-Za-z0-9_@$\-]+", "_", text)[:40]
    return f"{stem}_{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def assemble(grid: Grid) -> pa.Table:
    """Return the cells a grid says, in the raw shape with the grid's own dimensions.

    A blank is no cell. Raises `Invalid` for a missing or double role, a blank key, text or an
    impossible number where a figure belongs; nothing is skipped.
    """
    _refuse_roles(grid)
    keys = {
        name: _key(grid, name)
        for name in ("level", "area", "period", *grid.dimensions())
        if name != "level" or not grid.level
    }
    if grid.level:
        keys["level"] = _constant(grid.level, len(grid.rows))
    for name in grid.dimensions():
        keys[name] = _renamed(keys[name], item_id)
    measures = [index for index, role in enumerate(grid.roles) if role.kind == "measure"]
    parts = [_measure(grid, index, keys) for index in measures] or [_records(grid, keys)]
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def unified(tables: Sequence[pa.Table]) -> pa.Table:
    """Return raw cells of several grids as one table; a breakdown some lack is their total."""
    names: dict[str, None] = {}
    for table in tables:
        names.update(dict.fromkeys(name for name in table.column_names if name.isupper()))
    schema = raw_schema(tuple(names))
    padded = [
        pa.table(
            {
                name: table.column(name)
                if name in table.column_names
                else _constant(TOTAL, table.num_rows)
                for name in schema.names
            },
            schema=schema,
        )
        for table in tables
    ]
    return pa.concat_tables(padded or [schema.empty_table()]).unify_dictionaries().combine_chunks()


def _refuse_roles(grid: Grid) -> None:
    kinds = [role.kind for role in grid.roles]
    given = {"level": bool(grid.level), "period": bool(grid.period)}
    for kind in ("period", "level", "area"):
        if kinds.count(kind) + given.get(kind, False) < 1:
            raise Invalid("INTAKE_ROLE_MISSING", role=kind, sheet=grid.sheet)
    for kind in ("period", "level", "area", "indicator", "value", "status"):
        if kinds.count(kind) > 1:
            raise Invalid("INTAKE_ROLE_TWICE", role=kind, sheet=grid.sheet)
    if "measure" not in kinds and ("value" not in kinds or "indicator" not in kinds):
        raise Invalid("INTAKE_ROLE_MISSING", role="value", sheet=grid.sheet)
    if "measure" in kinds and "value" in kinds:
        raise Invalid("INTAKE_ROLE_TWICE", role="value", sheet=grid.sheet)


def _key(grid: Grid, name: str) -> pa.DictionaryArray:
    if name == "period" and grid.period:
        return _constant(grid.period, len(grid.rows))
    index = next(
        at
        for at, role in enumerate(grid.roles)
        if role.kind == name or (role.kind == "dimension" and role.name == name)
    )
    return _texts(grid, index)


def _constant(text: str, length: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), pa.array([text]))


def _renamed(array: pa.DictionaryArray, rename: Callable[[str], str]) -> pa.DictionaryArray:
    names = [rename(text) for text in array.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(array.indices, pa.array(names, pa.string()))


def _texts(grid: Grid, index: int) -> pa.DictionaryArray:
    """Return a key column as text, every distinct value converted once."""
    column = grid.columns[index]
    values = column.to_pylist() if isinstance(column, pa.Array) else column
    numbers: dict[str, int] = {}
    spelled: dict[object, int] = {}
    for value in dict.fromkeys(values):
        text = _text(value)
        if not text:
            row = grid.rows[list(values).index(value)].as_py()
            code = "INTAKE_KEY_BLANK" if text == "" else "INTAKE_KEY_TYPE"
            raise Invalid(code, sheet=grid.sheet, row=row, column=grid.headers[index])
        spelled[value] = numbers.setdefault(text, len(numbers))
    indices = np.fromiter((spelled[value] for value in values), np.int32, len(values))
    return pa.DictionaryArray.from_arrays(pa.array(indices), pa.array(list(numbers), pa.string()))


def _text(value: object) -> str | None:
    """Return a key's text; "" for a blank, None for what is neither text nor a whole number."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_EXACT:
        return str(int(value))
    return None


def _measure(grid: Grid, index: int, keys: dict[str, pa.DictionaryArray]) -> pa.Table:
    values = _numbers(grid, index)
    name = grid.roles[index].name
    return _cells(grid, {**keys, "indicator": _constant(name, len(values))}, values)


def _records(grid: Grid, keys: dict[str, pa.DictionaryArray]) -> pa.Table:
    kinds = [role.kind for role in grid.roles]
    names = _texts(grid, kinds.index("indicator"))
    indicators = _renamed(names, lambda code: indicator_id(code, grid.sheet))
    values = _numbers(grid, kinds.index("value"))
    given = {**keys, "indicator": indicators}
    if "status" not in kinds:
        return _cells(grid, given, values)
    column = grid.columns[kinds.index("status")]
    statuses = column.to_pylist() if isinstance(column, pa.Array) else column
    return _cells(grid, given, _with_status(grid, values, statuses))


def _with_status(grid: Grid, values: pa.Array, statuses: Sequence[object]) -> pa.Array:
    """Return figures with the missing code of every row whose status says why it has none."""
    codes = {status: code for code, state in SWING_CODES.items() for status in _statuses(state)}
    filled = values.to_pylist()
    for at, status in enumerate(statuses):
        text = _text(status) or ""
        if filled[at] is None and text in codes:
            filled[at] = float(codes[text])
        elif text in SYMBOL_OF_OBS_STATUS:
            raise Invalid("INTAKE_STATUS", sheet=grid.sheet, row=grid.rows[at].as_py())
    return pa.array(filled, pa.float64())


def _statuses(state: CellState) -> list[str]:
    return [status for status, each in _STATE_OF_STATUS.items() if each is state]


def _cells(grid: Grid, keys: dict[str, pa.DictionaryArray], values: pa.Array) -> pa.Table:
    """Return the rows that have a figure or a missing code, states told apart."""
    schema = raw_schema(grid.dimensions())
    present = np.flatnonzero(np.asarray(values.is_valid()))
    figures = values.to_numpy(zero_copy_only=False)[present]
    states = np.zeros(len(present), np.int32)
    for code, state in SWING_CODES.items():
        states[figures == code] = _STATES.index(state.value)
    take = pa.array(present)
    columns = {name: keys[name].take(take) for name in (*KEY_COLUMNS, *grid.dimensions())}
    columns["value"] = pa.array(figures, mask=states != 0)
    columns["state"] = pa.DictionaryArray.from_arrays(pa.array(states), pa.array(_STATES))
    columns["source_sheet"] = _constant(grid.sheet, len(present))
    columns["source_row"] = grid.rows.take(take)
    return pa.table(columns, schema=schema)


def _numbers(grid: Grid, index: int) -> pa.Array:
    """Return a column of figures as float64, null where blank; anything else is refused."""
    column = grid.columns[index]
    if isinstance(column, pa.Array):
        return _arrow_numbers(grid, index, column)
    blanked = [None if value == "" else value for value in column]
    try:
        if bool in set(map(type, column)):  # Arrow would take true for 1
            raise pa.ArrowInvalid
        numbers = pa.array(blanked, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return pa.array(
            [_number(grid, index, at, value) for at, value in enumerate(blanked)], pa.float64()
        )
    return _finite(grid, index, numbers)


def _arrow_numbers(grid: Grid, index: int, column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type):
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        _refuse(grid, index, pc.invert(pc.match_substring_regex(column, _NUMBER)))
    elif pa.types.is_boolean(column.type):
        _refuse(grid, index, pc.is_valid(column))
    return _finite(grid, index, column.cast(pa.float64()))


def _finite(grid: Grid, index: int, numbers: pa.Array) -> pa.Array:
    _refuse(grid, index, pc.invert(pc.is_finite(numbers)))
    return numbers


def _refuse(grid: Grid, index: int, wrong: pa.Array) -> None:
    at = pc.index(wrong, True).as_py()
    if at >= 0:
        raise _not_a_number(grid, index, at)


def _number(grid: Grid, index: int, at: int, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if not re.match(_NUMBER, value):
            raise _not_a_number(grid, index, at)
    elif isinstance(value, bool) or not hasattr(value, "__float__"):
        raise _not_a_number(grid, index, at)
    number = float(value)
    if not np.isfinite(number):
        raise _not_a_number(grid, index, at)
    return number


def _not_a_number(grid: Grid, index: int, at: int) -> Invalid:
    return Invalid(
        "INTAKE_NUMBER", sheet=grid.sheet, row=grid.rows[at].as_py(), column=grid.headers[index]
    )
