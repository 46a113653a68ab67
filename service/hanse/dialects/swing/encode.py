"""Cells and indicators written back as a Swing workbook: the sheets as they came, or one per cube.

Numbers stay numbers, codes stay text, a state becomes its missing code, a cell that is not there
stays blank. Never a formula: a text that looks like one is written as text.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from hanse.cube.cells import dimensions_of
from hanse.cube.codelist import TOTAL, Code, Dimension
from hanse.cube.indicator import Indicator
from hanse.cube.period import Period
from hanse.cube.status import FORMS, CellState
from hanse.dialects.swing.grid import TO_AREA, Role, item_id
from hanse.dialects.swing.headers import INDICATOR_COLUMNS
from hanse.dialects.swing.indicators import to_row
from hanse.dialects.swing.workbook import Shape
from hanse.errors import Invalid

MAX_SHEET_ROWS = 1_048_575
"""Rows below the header that one sheet holds."""

_SHEET_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))


@dataclass(frozen=True, slots=True)
class _Page:
    """A sheet about to be written: headers and one list per column; None is a blank."""

    name: str
    headers: tuple[str, ...]
    columns: tuple[Sequence[str | float | None], ...]


def encode(
    cells: pa.Table,
    indicators: Sequence[Indicator],
    dimensions: Sequence[Dimension] = (),
    shapes: Sequence[Shape] = (),
    levels: Mapping[str, str] | None = None,
) -> bytes:
    """Return a workbook with the cells (draft or raw shape), the indicator sheet and the cube
    sheets.

    `shapes` gives the sheets the cells came in; without them one sheet holds all flat indicators,
    and every cube has its own. `levels` spells each `level@vintage` the way Swing does.
    """
    by_id = {each.id: each for each in indicators}
    cells = cells.set_column(
        cells.column_names.index("level"), "level", _spelled(cells.column("level"), levels or {})
    )
    for dimension in dimensions:
        if dimension.id in cells.column_names:
            cells = _itemised(cells, dimension)
    names = {each.sheet for each in shapes}
    given = set(cells.column("source_sheet").unique().to_pylist()) if shapes else set()
    pages = (
        [_as_it_came(cells, shape, by_id) for shape in shapes]
        if given <= names and shapes
        else _laid_out(cells, by_id)
    )
    pages += _cube_pages(dimensions, pages)
    if indicators:
        pages.append(_indicator_page(indicators))
    return _written(pages)


def _spelled(column: pa.ChunkedArray, levels: Mapping[str, str]) -> pa.ChunkedArray:
    texts = column.cast(pa.string())
    for level in texts.unique().to_pylist():
        if level in levels:
            texts = pc.if_else(pc.equal(texts, level), levels[level], texts)
    return texts


def _itemised(cells: pa.Table, dimension: Dimension) -> pa.Table:
    """Return the cells with the items of a breakdown spelled as its own sheet spells them."""
    texts = cells.column(dimension.id).cast(pa.string())
    for code in dimension.codelist.codes:
        shown = _item(code)
        if shown != code.id:
            texts = pc.if_else(pc.equal(texts, code.id), shown, texts)
    return cells.set_column(cells.column_names.index(dimension.id), dimension.id, texts)


def _item(code: Code) -> str:
    """Return the spelling of an item: that of its source, where it leads back to the code."""
    return code.notation if code.notation and item_id(code.notation) == code.id else code.id


def _figures(cells: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return every cell's number as Swing writes it: the figure, or the missing code of its
    state."""
    values = np.array(cells.column("value").to_numpy(), dtype=np.float64)
    states = cells.column("state").cast(pa.string())
    for state in CellState:
        code = FORMS[state].swing
        if code is not None:
            values[pc.equal(states, state.value).to_numpy()] = code
    return values


def _as_it_came(cells: pa.Table, shape: Shape, by_id: Mapping[str, Indicator]) -> _Page:
    """Return the cells of one sheet in its own columns, rows in their old order."""
    part = cells.filter(pc.equal(cells.column("source_sheet").cast(pa.string()), shape.sheet))
    rows, first, place = np.unique(
        part.column("source_row").to_numpy(), return_index=True, return_inverse=True
    )
    figures = _figures(part)
    names = part.column("indicator").cast(pa.string())
    columns: list[Sequence[str | float | None]] = []
    for role in shape.roles:
        if role.kind == "measure":
            mask = pc.equal(names, role.name).to_numpy()
            columns.append(_sparse(len(rows), place[mask], figures[mask]))
        elif role.kind == "value":
            columns.append(figures[first].tolist())
        else:
            columns.append(_key(part, role, by_id, first))
    return _Page(shape.sheet, shape.headers, tuple(columns))


def _sparse(
    length: int, places: "np.ndarray[tuple[int], np.dtype[np.int64]]", values: object
) -> list[float | None]:
    column = np.full(length, np.nan)
    column[places] = values
    return [None if np.isnan(value) else value for value in column.tolist()]


def _key(
    part: pa.Table, role: Role, by_id: Mapping[str, Indicator], first: object
) -> list[str | float | None]:
    name = role.name if role.kind == "dimension" else role.kind
    if name not in part.column_names:
        return [None] * len(first)  # type: ignore[arg-type]
    texts = part.column(name).cast(pa.string()).take(pa.array(first)).to_pylist()
    if name == "indicator":
        return [by_id[text].origin_code or text if text in by_id else text for text in texts]
    if name == "period":
        spelled = {text: Period.parse(text).swing for text in set(texts)}
        return [float(spelled[t]) if spelled[t].isdigit() else spelled[t] for t in texts]
    return texts  # type: ignore[no-any-return]


def _laid_out(cells: pa.Table, by_id: Mapping[str, Indicator]) -> list[_Page]:
    """Return the default sheets: flat indicators side by side, one sheet per cube."""
    pages = []
    for indicators, used in _groups(cells):
        mask = pc.is_in(cells.column("indicator").cast(pa.string()), pa.array(indicators))
        part = cells.filter(mask)
        keys = ["period", "level", "area", *used]
        part = (
            part.append_column("source_row", _row_numbers(part, keys))
            if ("source_row" not in part.column_names)
            else part.set_column(
                part.column_names.index("source_row"), "source_row", _row_numbers(part, keys)
            )
        )
        shown = [by_id[each].origin_code or each if each in by_id else each for each in indicators]
        dimensions = [Role("dimension", each) for each in used]
        shape = Shape(
            f"data_{shown[0]}"[:27] if used else "data",
            ("period", "geolevel", "geoitem", *(each.lower() for each in used), *shown),
            (
                Role("period"),
                Role("level"),
                Role("area"),
                *dimensions,
                *(Role("measure", each) for each in indicators),
            ),
        )
        named = part.drop_columns(
            ["source_sheet"] if "source_sheet" in part.column_names else []
        ).append_column("source_sheet", pa.array([shape.sheet] * part.num_rows, pa.string()))
        pages.append(_as_it_came(named, shape, by_id))
    return pages


def _groups(cells: pa.Table) -> list[tuple[list[str], list[str]]]:
    """Return the sheets to make: the indicators of each, and the breakdowns they really have."""
    dimensions = dimensions_of(cells.schema)
    names = cells.column("indicator").cast(pa.string())
    flat: list[str] = []
    groups: list[tuple[list[str], list[str]]] = []
    for indicator in names.unique().to_pylist():
        part = cells.filter(pc.equal(names, indicator))
        used = [each for each in dimensions if part.column(each).unique().to_pylist() != [TOTAL]]
        if used:
            groups.append(([indicator], used))
        else:
            flat.append(indicator)
    return [(flat, []), *groups] if flat else groups


def _row_numbers(part: pa.Table, keys: Sequence[str]) -> pa.Array:
    """Return for each cell which row its key makes, keys in order."""
    codes = [
        np.unique(
            part.column(key).cast(pa.string()).to_numpy(zero_copy_only=False), return_inverse=True
        )[1]
        for key in keys
    ]
    return pa.array(np.unique(np.stack(codes), axis=1, return_inverse=True)[1].ravel() + 2)


def _cube_pages(dimensions: Sequence[Dimension], pages: Sequence[_Page]) -> list[_Page]:
    """Return the sheets that describe the breakdowns: a definition per cube, the levels, the
    items."""
    used = [each for each in dimensions if each.id != TO_AREA]
    if not used:
        return []
    ids = {each.id: each for each in used}
    described = [_definition_page(page, ids) for page in pages if _cube_columns(page, ids)]
    codes = [each.id.lower() for each in used]
    names = [each.name.get("nl", each.id.lower()) for each in used]
    return [
        *described,
        _Page("dimensions", ("Dimensiecode", "Naam"), (codes, names)),
        _Page(
            "dimension levels",
            ("Dimensieniveaucode", "Naam", "Dimensiecode"),
            (codes, names, codes),
        ),
        *(_item_page(each) for each in used),
    ]


def _cube_columns(page: _Page, ids: Mapping[str, Dimension]) -> list[str]:
    return [header for header in page.headers if header.upper() in ids]


def _definition_page(page: _Page, ids: Mapping[str, Dimension]) -> _Page:
    keys = {"period": "period", "geolevel": "geolevel", "geoitem": "geoitem"}
    types = [
        "dim" if header.upper() in ids else keys.get(header.lower(), "var")
        for header in page.headers
    ]
    return _Page(f"{page.name}_def", ("col", "type"), (list(page.headers), types))


def _item_page(dimension: Dimension) -> _Page:
    codes = [each for each in dimension.codelist.codes if each.id != TOTAL]
    return _Page(
        dimension.id.lower(),
        ("Itemcode", "Naam", "Volgnr"),
        (
            [_item(each) for each in codes],
            [each.name["nl"] for each in codes],
            [float(number) for number in range(1, len(codes) + 1)],
        ),
    )


def _indicator_page(indicators: Sequence[Indicator]) -> _Page:
    rows = [to_row(each) for each in indicators]
    columns = [column.english for column in INDICATOR_COLUMNS]
    extra = dict.fromkeys(header for row in rows for header in row if header not in columns)
    shown = (*columns, *extra)
    return _Page("Indicators", shown, tuple([row.get(header) for row in rows] for header in shown))


class _Exact(float):
    """A number that is written with all its digits; the writer's own sixteen are one too few."""

    def __format__(self, _spec: str) -> str:
        return repr(float(self))


def _written(pages: Sequence[_Page]) -> bytes:
    buffer = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as workbook:
        for page in pages:
            length = max((len(column) for column in page.columns), default=0)
            if length > MAX_SHEET_ROWS:
                raise Invalid(
                    "SWING_EXPORT_ROWS", sheet=page.name, count=length, limit=MAX_SHEET_ROWS
                )
            sheet = workbook.add_worksheet(page.name.rpartition(":")[2].translate(_SHEET_NAME)[:31])
            sheet.write_row(0, 0, page.headers)
            for number, row in enumerate(zip(*page.columns, strict=True), start=1):
                _write_row(sheet, number, row)
    return buffer.getvalue()


def _write_row(sheet: object, number: int, row: Sequence[str | float | None]) -> None:
    write_text, write_number = sheet.write_string, sheet.write_number  # type: ignore[attr-defined]
    for column, value in enumerate(row):
        if isinstance(value, str):
            write_text(number, column, value)
        elif value is not None:
            write_number(number, column, value if value.is_integer() else _Exact(value))
