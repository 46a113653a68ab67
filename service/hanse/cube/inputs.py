"""The cells a formula reads: those of every indicator it names, and cuts of cubes as if flat."""

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa

from hanse.cube import encoding, expression
from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.codelist import TOTAL
from hanse.errors import Invalid

_Part = tuple[pa.Table, pa.DictionaryArray]
"""Cells, and which input each is a cell of."""


def name_of(reference: expression.Reference) -> str:
    """Return the name under which the cells of a reference stand: its code, or the cut it is."""
    if isinstance(reference, expression.Slice):
        return f"cell({reference.code}, {', '.join(reference.items)})"
    return reference.code


def gather(
    cells: pa.Table, references: Sequence[expression.Reference], codes: Collection[str]
) -> _Part:
    """Return the cells of these indicators (lower-case codes) and which input each belongs to.

    A cut of a cube (`cell(…)`) is an input of its own: its cells stand under their total, and then
    of the other inputs only the totals count. Raises `Invalid` (FORMULA_ITEM) for an item whose
    breakdown the cells do not have.
    """
    dimensions = dimensions_of(cells.schema)
    table = _encoded(cells, dimensions)
    owners = encoding.lowered(encoding.encode(table.column("indicator")))
    flat = _filtered((table, owners), encoding.one_of(owners, codes))
    cuts = [each for each in references if isinstance(each, expression.Slice)]
    named = _at(flat, dict.fromkeys(dimensions, TOTAL)) if cuts else flat
    parts = [named, *(_cut(flat, each, dimensions) for each in cuts)]
    together = pa.concat_tables([table for table, _ in parts]).unify_dictionaries()
    joined = pa.chunked_array([encoding.plain(names) for _, names in parts], pa.string())
    return together, encoding.encode(joined)


def _encoded(cells: pa.Table, dimensions: Sequence[str]) -> pa.Table:
    for name in key_columns(dimensions):
        place = cells.column_names.index(name)
        cells = cells.set_column(place, name, encoding.encode(cells.column(name)))
    return cells


def _filtered(part: _Part, mask: pa.Array) -> _Part:
    return part[0].filter(mask), part[1].filter(mask)


def _at(part: _Part, items: Mapping[str, str]) -> _Part:
    """Return the rows that have these items; upper and lower case are the same."""
    for name, item in items.items():
        column = encoding.lowered(encoding.encode(part[0].column(name)))
        part = _filtered(part, encoding.one_of(column, {item.lower()}))
    return part


def _cut(flat: _Part, node: expression.Slice, dimensions: Sequence[str]) -> _Part:
    """Return one cell of a cube per area and period, as if it were the total."""
    named = dict(_item(item, node, dimensions) for item in node.items)
    own = _filtered(flat, encoding.one_of(flat[1], {node.code}))
    table, _ = _at(own, dict.fromkeys(dimensions, TOTAL) | named)
    table = encoding.with_constants(table, dict.fromkeys(dimensions, TOTAL))
    return table, encoding.constant(name_of(node), table.num_rows)


def _item(text: str, node: expression.Slice, dimensions: Sequence[str]) -> tuple[str, str]:
    """Return breakdown and code of `geslacht_m`; breakdowns hold underscores too: longest first."""
    for name in sorted(dimensions, key=len, reverse=True):
        if text.startswith(f"{name.lower()}_") and len(text) > len(name) + 1:
            return name, text[len(name) + 1 :]
    raise Invalid("FORMULA_ITEM", item=text, code=node.code)
