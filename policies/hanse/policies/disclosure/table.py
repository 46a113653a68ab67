"""Tables of inner counts, in and out: what a plan makes of one, and what recipients see of it.

The table has one row per combination of finest codes, a column per level of every dimension (finest
first: sector, district, municipality; age, age group; sex), and a column of whole numbers.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.errors import Invalid
from hanse.policies.disclosure.dimension import Dimension, Ints, overlay
from hanse.policies.disclosure.model import Bools, Model, build
from hanse.policies.disclosure.plan import Axis, Plan, Selection
from hanse.policies.disclosure.progress import Progress, silent
from hanse.policies.disclosure.protection import (
    Demand,
    Perturbed,
    Protected,
    secure,
    small,
)

ROWS_MAX = 20_000_000
TOTAL = "Total"
FREE, PRIMARY, SECONDARY = "F", "A", "D"


def suppress(table: pa.Table, plan: Plan, progress: Progress = silent) -> Protected:
    """Return the table with small counts hidden, and whatever would give them away.

    Raises Invalid for a table that is wrong or a plan that perturbs, Conflict where the plan cannot
    be proven safe.
    """
    if plan.method is not None:
        raise Invalid("DISCLOSURE_PLAN", key="method", found=plan.method.name)
    model = model_of(table, plan)
    return secure(model, demand_of(model, plan), progress)


def model_of(table: pa.Table, plan: Plan) -> Model:
    """Return the cells of a table and the relations between them."""
    if table.num_rows > ROWS_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what="rows", found=table.num_rows, limit=ROWS_MAX)
    values = _counts(table, plan.value)
    pairs = [_dimension(table, axis) for axis in plan.axes]
    dimensions = [dimension for dimension, _ in pairs]
    cubes = [
        [cube.get(dimension.name, dimension.levels) for dimension in dimensions]
        for cube in plan.cubes
    ]
    return build(dimensions, [atoms for _, atoms in pairs], values, cubes)


def demand_of(model: Model, plan: Plan) -> Demand:
    """Return what a plan asks of a model."""
    shown = chosen(model, plan.always_shown)
    preferred = chosen(model, plan.preferred)
    kept = np.zeros(model.cells, dtype=bool)
    return Demand(plan.rules, small(model, plan.rules), shown, kept, preferred, kept.copy())


def _counts(table: pa.Table, name: str) -> Ints:
    """Return a column of whole numbers; raise Invalid with the first row that holds none."""
    column = _column(table, name)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise Invalid("DISCLOSURE_COLUMN", column=name, found=str(column.type))
    if pa.types.is_uint64(column.type):
        raise Invalid("DISCLOSURE_COLUMN", column=name, found=str(column.type))
    numbers = column.to_numpy()  # an empty integer makes it float, an empty count not a number
    wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers != np.round(numbers)))
    if wrong.size:
        raise Invalid(
            "DISCLOSURE_NOT_WHOLE", column=name, row=int(wrong[0]) + 1, count=int(wrong.size)
        )
    return np.asarray(numbers, dtype=np.int64)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise Invalid("DISCLOSURE_COLUMN", column=name, found=", ".join(table.column_names)[:200])
    return table[name]


def _dimension(table: pa.Table, axis: Axis) -> tuple[Dimension, Ints]:
    """Return one dimension of a table and the atom of every row."""
    columns = {level: _codes(table, level) for level in axis.levels}
    finest = columns[axis.levels[0]]
    bare = [row for row, code in enumerate(finest) if not code]
    if bare:
        raise Invalid("DISCLOSURE_ATOM_MISSING", column=axis.levels[0], row=bare[0] + 1)
    dimension, atoms = overlay(axis.name, columns, axis.total)
    seen: set[str] = set()
    for code in dimension.codes[: dimension.published]:
        if code in seen:
            raise Invalid("DISCLOSURE_CODE_TWICE", dimension=axis.name, code=code)
        seen.add(code)
    return dimension, atoms


def _codes(table: pa.Table, name: str) -> list[str]:
    """Return a column of codes as text, empty where there is none."""
    column = _column(table, name)
    if pa.types.is_floating(column.type) or pa.types.is_nested(column.type):
        raise Invalid("DISCLOSURE_COLUMN", column=name, found=str(column.type))
    return [code or "" for code in pc.cast(column, pa.string()).to_pylist()]


def chosen(model: Model, selections: Sequence[Selection]) -> Bools:
    """Return the published cells that some selection names."""
    mask = np.zeros(model.shape, dtype=bool)
    for selection in selections:
        parts = []
        for dimension in model.dimensions:
            levels = selection.get(dimension.name, dimension.levels)
            wanted = [dimension.levels.index(level) for level in levels]
            inside = np.isin(dimension.level, wanted)
            inside[dimension.published :] = False
            parts.append(inside)
        mask |= reduce(np.multiply.outer, parts)
    return mask.ravel() & model.published


def public(protected: Protected) -> pa.Table:
    """Return what a recipient may see: codes, value or none, one status for all that is hidden.

    Of a perturbed table: every figure, and one word for all of them on how they came about.
    """
    if isinstance(protected, Perturbed):
        return figures_table(protected.model, protected.figures, protected.certificate.sdc_method)
    cells = np.flatnonzero(protected.model.published)
    hidden = protected.hidden[cells]
    status = np.where(hidden, "Q", "A")
    confidentiality = np.where(hidden, "C", "F")
    values = pa.array(protected.model.values[cells] * ~hidden, mask=hidden)
    columns = {**keys_table(protected.model, cells), "obs_value": values}
    return pa.table({**columns, "obs_status": status, "conf_status": confidentiality})


def figures_table(model: Model, figures: Ints, mark: str) -> pa.Table:
    """Return perturbed figures as recipients see them; no cell tells whether it was changed."""
    cells = np.flatnonzero(model.published)
    same = {"obs_status": "A", "conf_status": FREE, "sdc_method": mark}
    constant = {name: pa.repeat(pa.scalar(word), cells.size) for name, word in same.items()}
    return pa.table({**keys_table(model, cells), "obs_value": figures[cells], **constant})


def inside(protected: Protected) -> pa.Table:
    """Return what the publisher sees: every value, and whether it is free, primary or secondary."""
    cells = np.flatnonzero(protected.model.published)
    status = np.where(protected.hidden[cells], SECONDARY, FREE)
    status = np.where(protected.primary[cells], PRIMARY, status)
    columns = {**keys_table(protected.model, cells), "value": protected.model.values[cells]}
    return pa.table({**columns, "conf_status": status})


def keys_table(model: Model, cells: Ints) -> dict[str, pa.Array]:
    """Return one column of codes per dimension."""
    columns = {}
    for dimension, places in zip(model.dimensions, model.keys(cells), strict=True):
        codes = pa.array(dimension.codes, pa.string())
        columns[dimension.name] = codes.take(pa.array(places))
    return columns
