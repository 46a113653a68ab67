"""The cells of a table, published and hidden, and the exact integer relations between them.

A cell is one code per dimension; its index is the row-major place in the product of all codes. A
cell no cube publishes (a sliver of two zonings, an unpublished combination) is a hidden variable:
never shown, always in the algebra.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hanse.errors import Invalid
from hanse.policies.disclosure.dimension import Dimension, Ints, Sparse, difference_basis

Bools = NDArray[np.bool_]

CELLS_MAX = 6_000_000
VALUE_MAX = 2**52
"""Above this a float64 no longer holds every whole number."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A table of counts. `values` int64 and `published` bool, one per cell; `relations` R x = 0.

    `relations` has one row per cell that is a sum: exactly as many rows as its rank. `identities`
    are rows beside these (stock and flow, an earlier edition), and are among the relations too.
    """

    dimensions: tuple[Dimension, ...]
    values: Ints
    published: Bools
    relations: Sparse
    identities: Sparse | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the number of codes per dimension."""
        return tuple(dimension.size for dimension in self.dimensions)

    @property
    def cells(self) -> int:
        """Return the number of cells, hidden ones included."""
        return self.values.size

    def keys(self, cells: Ints) -> tuple[Ints, ...]:
        """Return the code index per dimension of some cells."""
        return tuple(np.unravel_index(cells, self.shape))

    def name(self, cell: int) -> str:
        """Return a cell's codes as people write them: `s00017 · y003 · F`."""
        keys = self.keys(np.array([cell]))
        return " · ".join(d.codes[int(k[0])] for d, k in zip(self.dimensions, keys, strict=True))


Cube = Sequence[Sequence[str]]
"""One published table: for each dimension the names of the levels it shows."""


def build(
    dimensions: Sequence[Dimension],
    atoms: Sequence[Ints],
    values: Ints,
    cubes: Sequence[Cube] = (),
) -> Model:
    """Return the model of inner cells: per dimension the atom of each row, and its count.

    No `cubes` publishes every combination of codes. Raises Invalid for a duplicate inner cell, a
    negative count, or more cells than `CELLS_MAX`.
    """
    dimensions = tuple(dimensions)
    cells = math.prod(dimension.size for dimension in dimensions)
    if cells > CELLS_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what="cells", found=cells, limit=CELLS_MAX)
    inner = _inner(dimensions, atoms, values)
    for axis, dimension in enumerate(dimensions):
        inner = _summed(inner, dimension.members, axis)
    return Model(dimensions, inner.ravel(), _published(dimensions, cubes), relations_of(dimensions))


def _inner(dimensions: tuple[Dimension, ...], atoms: Sequence[Ints], values: Ints) -> Ints:
    """Return the counts of all combinations of atoms; one that has no row is zero."""
    shape = tuple(dimension.atoms for dimension in dimensions)
    if values.size and values.min() < 0:
        row = int(np.argmin(values))
        raise Invalid("DISCLOSURE_NEGATIVE", row=row + 1)
    if int(values.sum()) > VALUE_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what="total", found="2^52+", limit=VALUE_MAX)
    place = np.ravel_multi_index(tuple(atoms), shape)
    order = np.argsort(place, kind="stable")
    same = np.flatnonzero(place[order][1:] == place[order][:-1])
    if same.size:
        first, second = order[same[0]], order[same[0] + 1]
        raise Invalid(
            "DISCLOSURE_DUPLICATE", row=int(second) + 1, first=int(first) + 1, count=int(same.size)
        )
    inner = np.zeros(math.prod(shape), dtype=np.int64)
    inner[place] = values
    return inner.reshape(shape)


def _summed(tensor: Ints, members: Sparse, axis: int) -> Ints:
    """Return the tensor with one axis of atoms replaced by an axis of codes."""
    moved = np.moveaxis(tensor, axis, 0)
    flat = members @ np.ascontiguousarray(moved).reshape(moved.shape[0], -1)
    return np.moveaxis(np.asarray(flat).reshape(members.shape[0], *moved.shape[1:]), 0, axis)


def _published(dimensions: tuple[Dimension, ...], cubes: Sequence[Cube]) -> Bools:
    """Return which cells some cube shows."""
    shown = cubes or [[d.levels for d in dimensions]]
    published = np.zeros(tuple(d.size for d in dimensions), dtype=bool)
    for cube in shown:
        masks = []
        for dimension, levels in zip(dimensions, cube, strict=True):
            wanted = [dimension.levels.index(level) for level in levels]
            mask = np.isin(dimension.level, wanted)
            mask[dimension.published :] = False
            masks.append(mask)
        published |= reduce(np.multiply.outer, masks)
    return published.ravel()


def relations_of(dimensions: tuple[Dimension, ...]) -> Sparse:
    """Return one row per cell that is a sum, none of them implied by the others.

    Dimension after dimension: its definitions, for the leaves of the dimensions before it and all
    codes of those after it. (Codes - atoms) telescopes to the number of cells - inner cells.
    """
    parts = []
    for number, dimension in enumerate(dimensions):
        factors = [
            _unit(other.leaf if place < number else np.arange(other.size), other.size)
            for place, other in enumerate(dimensions)
        ]
        factors[number] = _factor(dimension.definitions)
        parts.append(reduce(_product, factors))
    return _stacked(parts)


def sums(model: Model) -> Sparse:
    """Return every sum of one dimension for every cell: the relations, and those they imply."""
    parts = []
    for number, dimension in enumerate(model.dimensions):
        factors = [_unit(np.arange(other.size), other.size) for other in model.dimensions]
        factors[number] = _factor(dimension.definitions)
        parts.append(reduce(_product, factors))
    if model.identities is not None:
        parts.append(_factor(model.identities))
    return _stacked(parts).tocsc()


class Factor(NamedTuple):
    """A matrix stored by row, columns in order: where each row starts, its columns and values."""

    starts: Ints
    columns: Ints
    values: Ints
    width: int


def _factor(matrix: Sparse) -> Factor:
    starts, columns = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    return Factor(starts, columns, matrix.data.astype(np.int64), matrix.shape[1])


def _unit(places: Ints, size: int) -> Factor:
    """Return the rows of the identity matrix that stand at `places`."""
    return Factor(np.arange(places.size + 1), places, np.ones(places.size, dtype=np.int64), size)


def _product(left: Factor, right: Factor) -> Factor:
    """Return the Kronecker product of two matrices, the left one slowest."""
    ours, theirs = np.diff(left.starts), np.diff(right.starts)
    lengths = np.multiply.outer(ours, theirs).ravel()
    starts = np.concatenate([[0], np.cumsum(lengths)])
    row = np.repeat(np.arange(lengths.size), lengths)
    within = np.arange(row.size) - starts[row]
    above, below = np.divmod(row, max(theirs.size, 1))
    step, rest = np.divmod(within, theirs[below])
    mine, other = left.starts[above] + step, right.starts[below] + rest
    return Factor(
        starts,
        left.columns[mine] * right.width + right.columns[other],
        left.values[mine] * right.values[other],
        left.width * right.width,
    )


def _stacked(parts: Sequence[Factor]) -> Sparse:
    """Return the rows of some matrices of one width, one after another."""
    ends = np.cumsum([part.columns.size for part in parts])
    begins = [
        part.starts[:-1] + end - part.columns.size
        for part, end in zip(parts, ends.tolist(), strict=True)
    ]
    starts = np.concatenate([*begins, ends[-1:]])
    columns = np.concatenate([part.columns for part in parts])
    values = np.concatenate([part.values for part in parts])
    shape = (starts.size - 1, parts[0].width)
    return sparse.csr_matrix((values, columns, starts), shape=shape)


def coordinates(model: Model, primary: Bools) -> Sparse:
    """Return cells x coordinates: a cell is a combination of others iff its row is one of theirs.

    The basis of each dimension is the one in which the given primary cells are cheap to carry. A
    row per identity follows those of the cells: a combination that everybody knows to be nothing.
    """
    shape = model.shape
    leaves = np.ix_(*(dimension.leaf for dimension in model.dimensions))
    small = primary.reshape(shape)[leaves]
    factors = []
    for axis, dimension in enumerate(model.dimensions):
        others = tuple(place for place in range(len(shape)) if place != axis)
        factors.append(_factor(difference_basis(dimension, small.sum(axis=others))))
    rows = _stacked([reduce(_product, factors)])
    if model.identities is not None and model.identities.shape[0]:
        rows = sparse.vstack([rows, model.identities @ rows], format="csr")
        rows.eliminate_zeros()
        rows.sort_indices()
    return rows


def over_leaves(model: Model, values: Ints) -> Ints:
    """Return, for every cell, the sum of `values` over the leaf cells it consists of."""
    summed = values.reshape(model.shape)[np.ix_(*(d.leaf for d in model.dimensions))]
    for axis, dimension in enumerate(model.dimensions):
        summed = _summed(summed, dimension.members, axis)
    return summed.ravel()


def depth(model: Model) -> Ints:
    """Return, for every cell, in how many dimensions it is not the code of everything."""
    broken = [np.diff(d.members.indptr) < d.atoms for d in model.dimensions]
    counted = reduce(np.add.outer, [part.astype(np.int64) for part in broken])
    return np.asarray(counted.ravel(), dtype=np.int64)


def check_additive(model: Model) -> None:
    """Raise Invalid with the first relation that does not hold, and how many do not."""
    off = model.relations @ model.values
    wrong = np.flatnonzero(off)
    if wrong.size:
        row = model.relations[wrong[0]]
        parent = int(row.indices[row.data > 0][0])
        raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=model.name(parent), count=int(wrong.size))
