"""Workbooks as one value: every sheet told apart by its headers, cells and descriptions read.

A sheet that is none of the known kinds is not read and says so in a remark: the vendor's importer
queues every sheet, instructions included.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from hanse.cube.codelist import Dimension
from hanse.cube.indicator import Indicator
from hanse.dialects.swing import headers, surveys
from hanse.dialects.swing.cubes import codelists, dimensions_used
from hanse.dialects.swing.grid import (
    TO_AREA,
    Grid,
    Role,
    assemble,
    dimension_id,
    indicator_id,
    unified,
)
from hanse.dialects.swing.indicators import from_row, spelled, undescribed
from hanse.dialects.swing.placing import Placed, definition, placed
from hanse.errors import Invalid

MAX_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class Remark:
    """Something only the reader of the file could see; `rule` is the check that reports it."""

    rule: str
    sheet: str
    row: int = 0
    column: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a data sheet was laid out: the headers and, per column, what it said; for the way
    back."""

    sheet: str
    headers: tuple[str, ...]
    roles: tuple[Role, ...]
    level: str = ""


@dataclass(frozen=True, slots=True)
class SwingWorkbook:
    """What one or more workbooks say: raw cells, indicators, dimensions, shapes and remarks."""

    cells: pa.Table
    indicators: tuple[Indicator, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    shapes: tuple[Shape, ...] = ()
    remarks: tuple[Remark, ...] = ()


def decode(workbooks: Mapping[str, bytes]) -> SwingWorkbook:
    """Return what the workbooks (file name → content) say together.

    Raises `Invalid` for the first thing that is wrong, with sheet, row and column.
    """
    sheets = placed(workbooks)
    lists = codelists(sheets)
    grids = [
        _grid(each, definition(each, sheets), frozenset(lists))
        for each in sheets
        if each.kind in {"data", "stream"}
    ]
    described = _described([each for each in sheets if each.kind == "indicators"])
    if not grids and not described and not lists:
        raise Invalid("INTAKE_NO_DATA", file=", ".join(workbooks)[:200])
    return combine(grids, described, lists, [*_skipped(sheets), *_undefined(sheets, lists)])


def descriptions(
    workbooks: Mapping[str, bytes],
) -> tuple[tuple[Indicator, ...], Mapping[str, Dimension]]:
    """Return what the indicator sheets and code lists of workbooks say; their figures are left.

    Raises `Invalid` for the first thing that is wrong, and where nothing is described.
    """
    sheets = placed(workbooks)
    lists = codelists(sheets)
    found = _described([each for each in sheets if each.kind == "indicators"])
    if not found and not lists:
        raise Invalid("INTAKE_NO_DATA", file=", ".join(workbooks)[:200])
    return tuple(found), lists


def combine(
    grids: Iterable[Grid],
    described: Sequence[Indicator] = (),
    lists: Mapping[str, Dimension] | None = None,
    remarks: Sequence[Remark] = (),
) -> SwingWorkbook:
    """Return the cells of the grids with every indicator and every dimension they use described.

    One sheet may come as several grids of the same columns; each is let go when its cells are read.
    """
    tables = []
    shapes: dict[str, Shape] = {}
    for grid in grids:
        tables.append(assemble(grid))
        shapes.setdefault(grid.sheet, Shape(grid.sheet, grid.headers, grid.roles, grid.level))
    cells = unified(tables)
    return SwingWorkbook(
        cells,
        _indicators(cells, described, list(shapes.values())),
        dimensions_used(cells, lists or {}),
        tuple(shapes.values()),
        tuple(remarks),
    )


def _indicators(
    cells: pa.Table, described: Sequence[Indicator], shapes: Sequence[Shape]
) -> tuple[Indicator, ...]:
    """Return what was described and, by their code alone, the indicators nobody described."""
    known = {each.id: each for each in surveys.rebuilt(described)}
    measures = [
        (role.name, header, shape)
        for shape in shapes
        for role, header in zip(shape.roles, shape.headers, strict=True)
        if role.kind == "measure"
    ]
    for name, header, _ in measures:
        known.setdefault(name, undescribed(name, header))
    for name in cells.column("indicator").unique().to_pylist():
        known.setdefault(name, undescribed(name, name))
    for name, _, shape in measures:
        if any(role.name == TO_AREA for role in shape.roles):
            known[name] = replace(known[name], geo_type="stream")
    return surveys.recognised(tuple(known.values()))


def _grid(placed: Placed, defined: Mapping[str, str], known_levels: frozenset[str]) -> Grid:
    """Return a data sheet as a grid, blank rows and unheaded blank columns left out."""
    name = placed.sheet.name
    top = placed.header_row
    rows = placed.sheet.rows[top + 1 :]
    kept = [at for at, row in enumerate(rows) if any(value != "" for value in row)]
    columns = list(zip(*(rows[at] for at in kept), strict=True))
    columns = columns or [() for _ in placed.headers]
    used = [
        at
        for at, header in enumerate(placed.headers)
        if header or any(value != "" for value in columns[at])
    ]
    shown = tuple(str(placed.sheet.rows[top][at]).strip() for at in used)
    stream = placed.kind == "stream"
    # A stream may head both of its level columns by the same level.
    _refuse_headers(name, shown[:2] + shown[3:] if stream else shown)
    roles = _stream(name, shown) if stream else _roles(name, shown, defined, known_levels)
    return Grid(
        sheet=name,
        headers=shown,
        roles=roles,
        columns=tuple(columns[at] for at in used),
        rows=pa.array(np.array(kept, np.int32) + (top + 2), pa.int32()),
        level=shown[1] if stream else "",
    )


def _refuse_headers(sheet: str, shown: Sequence[str]) -> None:
    if len(shown) > MAX_COLUMNS:
        raise Invalid("INTAKE_COLUMNS", file=sheet, count=len(shown), limit=MAX_COLUMNS)
    folded = [headers.fold(each) for each in shown]
    for at, header in enumerate(folded):
        if not header:
            raise Invalid("INTAKE_HEADER_BLANK", sheet=sheet, column=at + 1)
        if header in folded[:at]:
            raise Invalid("INTAKE_HEADER_TWICE", sheet=sheet, column=shown[at][:60])


def _roles(
    sheet: str,
    shown: Sequence[str],
    defined: Mapping[str, str],
    known_levels: frozenset[str],
) -> tuple[Role, ...]:
    """Return what each column says: by the definition sheet, else by its header."""
    has_value = any(headers.KEY_HEADERS.get(headers.fold(each)) == "value" for each in shown)
    is_long = has_value or "data" in defined.values()
    roles = [_role(sheet, each, defined, known_levels, is_long=is_long) for each in shown]
    kinds = [role.kind for role in roles]
    if "dimension" in kinds and kinds.count("measure") > 1:
        raise Invalid("SWING_CUBE_INDICATORS", sheet=sheet, count=kinds.count("measure"))
    return tuple(roles)


def _role(
    sheet: str,
    header: str,
    defined: Mapping[str, str],
    known_levels: frozenset[str],
    *,
    is_long: bool,
) -> Role:
    folded = headers.fold(header)
    kind = defined.get(folded, "")
    if kind:
        if kind not in headers.DEFINITION_TYPES:
            raise Invalid("SWING_DEFINITION", sheet=sheet, column=header[:60], type=kind[:60])
        kind = headers.DEFINITION_TYPES[kind]
        kind = "indicator" if kind == "measure" and is_long else kind
    elif folded in headers.KEY_HEADERS and headers.KEY_HEADERS[folded] != "stream":
        kind = headers.KEY_HEADERS[folded]
        kind = kind if kind not in {"indicator", "value"} or is_long else "measure"
    else:
        kind = "dimension" if folded.upper() in known_levels or is_long else "measure"
    if kind == "dimension":
        return Role(kind, dimension_id(header, sheet))
    return Role(kind, indicator_id(header, sheet)) if kind == "measure" else Role(kind)


def _stream(sheet: str, shown: Sequence[str]) -> tuple[Role, ...]:
    """Return the roles of a stream: period, from, to, then one indicator a column."""
    if headers.fold(shown[2]) not in {headers.fold(shown[1]), headers.SAME_LEVEL}:
        raise Invalid("SWING_STREAM_LEVELS", sheet=sheet, column=shown[2][:60])
    measures = (Role("measure", indicator_id(each, sheet)) for each in shown[3:])
    return (Role("period"), Role("area"), Role("dimension", TO_AREA), *measures)


def _described(sheets: Sequence[Placed]) -> tuple[Indicator, ...]:
    """Return the indicators of all indicator sheets; one described twice is refused."""
    found: dict[str, Indicator] = {}
    for one in sheets:
        names = [headers.INDICATOR_HEADERS.get(each, "") for each in one.headers]
        shown = [str(each).strip() for each in one.sheet.rows[one.header_row]]
        for number, values in enumerate(one.sheet.rows[one.header_row + 1 :]):
            row = {
                name or header: text
                for name, header, text in zip(names, shown, map(spelled, values), strict=True)
                if text and (name or header)
            }
            if "Indicator code" not in row:
                continue
            indicator = from_row(row, one.sheet.name)
            if indicator.id in found:
                raise Invalid(
                    "SWING_INDICATOR_TWICE",
                    code=indicator.origin_code,
                    sheet=one.sheet.name,
                    row=one.header_row + 2 + number,
                )
            found[indicator.id] = indicator
    return tuple(found.values())


def _skipped(sheets: Sequence[Placed]) -> list[Remark]:
    return [
        Remark("R020", each.sheet.name)
        for each in sheets
        if each.kind == "other" and each.sheet.rows
    ]


def _undefined(sheets: Sequence[Placed], lists: Mapping[str, Dimension]) -> list[Remark]:
    """Return a remark per dimension level that is used but described nowhere in these files."""
    return [
        Remark("R013", each.sheet.name, row=number + each.header_row + 2, column=str(record["col"]))
        for each in sheets
        if each.kind == "definition"
        for number, record in enumerate(each.records())
        if headers.fold(record["type"]) == "dim"
        and dimension_id(str(record["col"]), each.sheet.name) not in lists
    ]
