"""A model from published cells as they come: totals given, some withheld by the source.

Where `build` adds inner counts up, a release has its totals already, and a source may have withheld
cells. Given cells must add up exactly. What is withheld is completed by any whole numbers that fit:
the proof needs one table that fits everything, and nobody can know which one is true.
"""

from collections.abc import Sequence
from typing import Any

import highspy as _highspy
import numpy as np
from scipy import sparse

from hanse.errors import Conflict, Invalid
from hanse.policies.disclosure.dimension import Dimension, Ints, Sparse
from hanse.policies.disclosure.model import (
    CELLS_MAX,
    VALUE_MAX,
    Bools,
    Model,
    relations_of,
)
from hanse.policies.disclosure.solver import Floats, is_whole, load_program, quiet

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
    size = size_of(dimensions)
    cells = places_of(dimensions, keys)
    check_counts(counts)
    given = np.zeros(size, dtype=np.int64)
    given[cells] = [count or 0 for count in counts]
    known = np.zeros(size, dtype=bool)
    known[cells] = [count is not None for count in counts]
    published = np.zeros(size, dtype=bool)
    published[cells] = True
    published &= codes_published(dimensions)
    model = Model(dimensions, given, published, relations_of(dimensions))
    if not silent:
        _check_slivers(model, known)
    withheld = published & ~known
    floor = np.where(withheld, least, 0)
    values = completed(model, known, floor, floor)
    return Model(dimensions, values, published, model.relations), withheld


def size_of(dimensions: Sequence[Dimension]) -> int:
    """Return how many cells the dimensions span; raise Invalid for too many."""
    size = 1
    for dimension in dimensions:
        size *= dimension.size
    if size > CELLS_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what="cells", found=size, limit=CELLS_MAX)
    return size


def places_of(dimensions: Sequence[Dimension], keys: Sequence[Key]) -> Ints:
    """Return the cell of every row; raise Invalid for an unknown code or two rows of one cell."""
    columns = []
    for number, dimension in enumerate(dimensions):
        place = {code: index for index, code in enumerate(dimension.codes)}
        found = [place.get(key[number], -1) for key in keys]
        if -1 in found:
            unknown = min({key[number] for key in keys} - place.keys())
            raise Invalid(
                "DISCLOSURE_CODE_UNKNOWN", dimension=dimension.name, level="", code=unknown
            )
        columns.append(np.array(found, dtype=np.int64))
    cells = np.ravel_multi_index(tuple(columns), tuple(d.size for d in dimensions))
    order = np.argsort(cells, kind="stable")
    same = np.flatnonzero(np.diff(cells[order]) == 0)
    if same.size:
        first, second = int(order[same[0]]), int(order[same[0] + 1])
        raise Invalid("DISCLOSURE_DUPLICATE", row=second + 1, first=first + 1, count=int(same.size))
    return np.asarray(cells, dtype=np.int64)


def check_counts(counts: Sequence[int | None]) -> None:
    """Raise Invalid for the first count that is negative, or too large to be exact."""
    for row, count in enumerate(counts):
        if count is not None and count < 0:
            raise Invalid("DISCLOSURE_NEGATIVE", row=row + 1)
        if count is not None and count > VALUE_MAX:
            raise Invalid("DISCLOSURE_TOO_LARGE", what="count", found="2^52+", limit=VALUE_MAX)


def codes_published(dimensions: Sequence[Dimension]) -> Bools:
    """Return the combinations of published codes."""
    shown = np.ones(tuple(d.size for d in dimensions), dtype=bool)
    for axis, dimension in enumerate(dimensions):
        np.moveaxis(shown, axis, 0)[dimension.published :] = False
    return shown.ravel()


def _check_slivers(model: Model, known: Bools) -> None:
    """Refuse a hidden leaf no row gives a count for: nothing would be known of the overlap."""
    told = known.reshape(model.shape)
    for axis, dimension in enumerate(model.dimensions):
        hidden = np.moveaxis(told, axis, 0)[dimension.published :]
        others = tuple(range(1, hidden.ndim))
        silent = np.flatnonzero(~hidden.any(axis=others))
        if silent.size:
            code = dimension.codes[dimension.published + int(silent[0])]
            raise Invalid("DISCLOSURE_ATOMS_MISSING", dimension=dimension.name, code=code)


def completed(model: Model, known: Bools, floor: Ints, near: Ints) -> Ints:
    """Return whole numbers for every cell that agree with the `known` ones and the relations.

    The others stay at or above `floor` if they can, else above min(`floor`, 0), and as close to
    `near` as they can. Raises Invalid, naming a cell, where nothing fits.
    """
    unknown = np.flatnonzero(~known)
    values = np.where(known, model.values, 0)
    right = -(model.relations @ values)
    part = model.relations.tocsc()[:, unknown].tocsr()
    held = np.diff(part.indptr) > 0
    wrong = np.flatnonzero(~held & (right != 0))
    if wrong.size:
        row = model.relations[int(wrong[0])]
        parent = int(row.indices[row.data > 0][0])
        raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=model.name(parent), count=int(wrong.size))
    if not unknown.size:
        return values
    for least in (floor[unknown], np.minimum(floor[unknown], 0)):
        found = _nearest(part[held], right[held], least, near[unknown])
        if found is not None:
            values[unknown] = np.round(found).astype(np.int64)
            if (model.relations @ values).any():
                raise Conflict("DISCLOSURE_NOT_PROVEN", count=int(unknown.size))
            return values
    raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=model.name(int(unknown[0])), count=1)


def _nearest(matrix: Sparse, right: Ints, floor: Ints, near: Ints) -> Floats | None:
    """Return the whole numbers x >= floor with matrix · x = right nearest to `near`, if any."""
    solver = quiet()
    solver.setOptionValue("presolve", "on")
    solver.setOptionValue("solver", "choose")
    size = matrix.shape[1]
    near = np.maximum(near, floor)
    both = sparse.hstack([matrix, -matrix], format="csc")
    upper = np.concatenate([np.full(size, float(VALUE_MAX)), (near - floor).astype(np.float64)])
    bounds = (np.zeros(2 * size), upper)
    load_program(
        solver, both, (right - matrix @ near).astype(np.float64), bounds, np.ones(2 * size)
    )
    solver.run()
    change = _change(solver, size)
    if change is None or is_whole(change):
        return change if change is None else near + change
    kinds = np.full(2 * size, int(highspy.HighsVarType.kInteger), dtype=np.uint8)
    solver.changeColsIntegrality(2 * size, np.arange(2 * size, dtype=np.int32), kinds)
    solver.run()
    change = _change(solver, size)
    return None if change is None else near + change


def _change(solver: Any, size: int) -> Floats | None:
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    found = np.array(solver.getSolution().col_value)
    return np.asarray(found[:size] - found[size:])
