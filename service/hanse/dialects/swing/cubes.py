"""Breakdowns of cubes: their levels and items, as a cube metadata workbook describes them."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from hanse.cube.codelist import TOTAL, Code, Codelist, Dimension
from hanse.dialects.swing import headers
from hanse.dialects.swing.grid import dimension_id, item_id
from hanse.dialects.swing.indicators import spelled
from hanse.dialects.swing.placing import Placed
from hanse.errors import Invalid

MAX_ITEMS = 10_000


def codelists(sheets: Sequence[Placed]) -> dict[str, Dimension]:
    """Return the dimension levels that cube metadata describes, by dimension id."""
    titles = {
        record["dimensiecode"]: str(record.get("naam", ""))
        for each in sheets
        if each.kind == "dimensions"
        for record in each.records()
        if "dimensiecode" in record
    }
    names = {
        dimension_id(str(record["dimensieniveaucode"]), each.sheet.name): str(
            record.get("naam") or titles.get(record.get("dimensiecode"), "")
        )
        for each in sheets
        if each.kind == "levels"
        for record in each.records()
        if record.get("dimensieniveaucode")
    }
    lists = {}
    for each in sheets:
        if each.kind == "items":
            code = dimension_id(each.sheet.name.rpartition(":")[2], each.sheet.name)
            name = names.get(code, each.sheet.name)
            lists[code] = Dimension(code, Codelist(code, _items(each)), {"nl": name})
    return lists


def _items(placed: Placed) -> tuple[Code, ...]:
    names = [headers.ITEM_HEADERS.get(each, "") for each in placed.headers]
    rows = placed.sheet.rows[placed.header_row + 1 :]
    if len(rows) > MAX_ITEMS:
        raise Invalid("SWING_ITEMS", sheet=placed.sheet.name, count=len(rows), limit=MAX_ITEMS)
    codes = []
    for values in rows:
        row = dict(zip(names, map(spelled, values), strict=True))
        if row.get("code"):
            codes.append(_code(row["code"], row.get("name", "")))
    return (_total(), *codes)


def _code(text: str, name: str = "") -> Code:
    code = item_id(text)
    return Code(code, {"nl": name or text}, parent=TOTAL, notation="" if code == text else text)


def _total() -> Code:
    return Code(TOTAL, {"nl": "totaal", "en": "total", "fr": "total"})


def dimensions_used(cells: pa.Table, lists: Mapping[str, Dimension]) -> tuple[Dimension, ...]:
    """Return every dimension the cells have; items nobody described are described by their code."""
    found = []
    for name in (each for each in cells.column_names if each.isupper()):
        given = lists.get(name)
        known = {code.id: code for code in given.codelist.codes} if given else {TOTAL: _total()}
        for text in sorted(cells.column(name).unique().to_pylist()):
            known.setdefault(text, Code(text, {"nl": text}, parent=TOTAL))
        title = given.name if given else {"nl": name.lower()}
        found.append(Dimension(name, Codelist(name, tuple(known.values())), title))
    return (*found, *(each for name, each in lists.items() if name not in cells.column_names))
