"""A model from published cells as they come: totals given, some withheld by the source.

Where `build` adds inner counts up, a release has its totals already, and a source may have withheld
cells. Given cells must add up exactly. What is withheld is completed by any whole numbers that fit:
the proof needs one table that fits everything, and nobody can know which one is true.
"""

from collections.abc import Sequence
from typing import Any

import highspy as _highspy
import numpy as np

from hanse.errors import Conflict, Invalid
from hanse.policies.disclosure.dimension import Dimension, Ints, Sparse
from hanse.policies.disclosure.model import (
    CELLS_MAX,
    VALUE_MAX,
    Bools,
    Model,
    relations_of,
)
from hanse.policies.disclosure.solver import Floats, load_program, quiet

highspy: Any = _highspy  # it declares no types for its constructors

Key = tuple[str, ...]


def model_of_cells(
    dimensions: Sequence[Dimension],
    keys: Sequence[Key],
    counts: Sequence[int | None],
    least: int = 0,
    *,
    silent: bool = False,
) -> tuple[Model, Bools]:
    """Return the model of given cells, and which of them were withheld (count None).

    `keys` hold one code per dimension, hidden leaves included where zonings cross. A combination
    that has no row is not published, and not known; each withheld cell is at least `least`. Raises
    Invalid for a duplicate, an unknown code, a negative count, a missing overlap, and for counts
    that do not add up. `silent` overlaps and rests have no row: they are not known either.
    """
    dimensions = tuple(dimensions)
    size = int(np.prod([dimension.size for dimension in dimensions]))
    if size > CELLS_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what="cells", found=size, limit=CELLS_MAX)
    cells = _places(dimensions, keys)
    given = np.full(size, -1, dtype=np.int64)
    numbers = np.array([-1 if count is None else count for count in counts], dtype=np.int64)
    _check_counts(counts)
    given[cells] = numbers
    shown = _all_published(dimensions)
    published = np.zeros(size, dtype=bool)
    published[cells] = True
    published &= shown
    model = Model(dimensions, given, published, relations_of(dimensions))
    if not silent:
        _check_slivers(model, given)
    withheld = published & (given < 0)
    values = _completed(model, given, np.where(withheld, least, 0))
    return Model(dimensions, values, published, model.relations), withheld


def _places(dimensions: tuple[Dimension, ...], keys: Sequence[Key]) -> Ints:
    """Return the cell of every row."""
    columns = []
    for number, dimension in enumerate(dimensions):
        place = {code: index for index, code in enumerate(dimension.codes)}
        unknown = sorted({key[number] for key in keys} - place.keys())
        if unknown:
            raise Invalid(
                "DISCLOSURE_CODE_UNKNOWN", dimension=dimension.name, level="", code=unknown[0]
            )
        columns.append(np.array([place[key[number]] for key in keys], dtype=np.int64))
    cells = np.ravel_multi_index(tuple(columns), tuple(d.size for d in dimensions))
    order = np.argsort(cells, kind="stable")
    same = np.flatnonzero(np.diff(cells[order]) == 0)
    if same.size:
        first, second = int(order[same[0]]), int(order[same[0] + 1])
        raise Invalid("DISCLOSURE_DUPLICATE", row=second + 1, first=first + 1, count=int(same.size))
    return np.asarray(cells, dtype=np.int64)


def _check_counts(counts: Sequence[int | None]) -> None:
    for row, count in enumerate(counts):
        if count is not None and count < 0:
            raise Invalid("DISCLOSURE_NEGATIVE", row=row + 1)
        if count is not None and count > VALUE_MAX:
            raise Invalid("DISCLOSURE_TOO_LARGE", what="count", found="2^52+", limit=VALUE_MAX)


def _all_published(dimensions: tuple[Dimension, ...]) -> Bools:
    """Return the combinations of published codes."""
    shown = np.ones(tuple(d.size for d in dimensions), dtype=bool)
    for axis, dimension in enumerate(dimensions):
        np.moveaxis(shown, axis, 0)[dimension.published :] = False
    return shown.ravel()


def _check_slivers(model: Model, given: Ints) -> None:
    """Refuse a hidden leaf no row gives a count for: nothing would be known of the overlap."""
    told = (given >= 0).reshape(model.shape)
    for axis, dimension in enumerate(model.dimensions):
        hidden = np.moveaxis(told, axis, 0)[dimension.published :]
        others = tuple(range(1, hidden.ndim))
        silent = np.flatnonzero(~hidden.any(axis=others))
        if silent.size:
            code = dimension.codes[dimension.published + int(silent[0])]
            raise Invalid("DISCLOSURE_ATOMS_MISSING", dimension=dimension.name, code=code)


def _completed(model: Model, given: Ints, least: Ints) -> Ints:
    """Return whole numbers for every cell that agree with the given ones."""
    unknown = np.flatnonzero(given < 0)
    known = np.where(given < 0, 0, given)
    right = -(model.relations @ known)
    part = model.relations.tocsc()[:, unknown].tocsr()
    empty = np.flatnonzero((np.diff(part.indptr) == 0) & (right != 0))
    if empty.size:
        row = model.relations[int(empty[0])]
        parent = int(row.indices[row.data > 0][0])
        raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=model.name(parent), count=int(empty.size))
    if not unknown.size:
        return known
    held = np.flatnonzero(np.diff(part.indptr) > 0)
    for floor in (least[unknown], np.zeros(unknown.size, dtype=np.int64)):
        found = _solved(part[held], right[held], floor)
        if found is not None:
            known[unknown] = np.round(found).astype(np.int64)
            if (model.relations @ known).any():
                raise Conflict("DISCLOSURE_NOT_PROVEN", count=int(unknown.size))
            return known
    raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=model.name(int(unknown[0])), count=1)


def _solved(matrix: Sparse, right: Ints, floor: Ints) -> Floats | None:
    """Return whole numbers at or above the floor with matrix · x = right, None where none are."""
    solver = quiet()
    solver.setOptionValue("presolve", "on")
    solver.setOptionValue("solver", "choose")
    size = matrix.shape[1]
    upper = np.full(size, float(VALUE_MAX))
    bounds = (floor.astype(np.float64), upper)
    load_program(solver, matrix.tocsc(), right.astype(np.float64), bounds, np.zeros(size))
    kinds = np.full(size, int(highspy.HighsVarType.kInteger), dtype=np.uint8)
    solver.changeColsIntegrality(size, np.arange(size, dtype=np.int32), kinds)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.array(solver.getSolution().col_value)
