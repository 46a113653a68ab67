"""The cells of a table, published and hidden, and the exact integer relations between them.

A cell is one code per dimension; its index is the row-major place in the product of all codes. A
cell no cube publishes (a sliver of two zonings, an unpublished combination) is a hidden variable:
never shown, always in the algebra.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

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
            _unit(other.leaf, other.size) if place < number else sparse.identity(other.size)
            for place, other in enumerate(dimensions)
        ]
        factors[number] = dimension.definitions
        parts.append(product(factors))
    relations = sparse.vstack(parts, format="csr").astype(np.int64)
    relations.sort_indices()
    return relations


def sums(model: Model) -> Sparse:
    """Return every sum of one dimension for every cell: the relations, and those they imply."""
    parts = []
    for number, dimension in enumerate(model.dimensions):
        factors = [sparse.identity(other.size) for other in model.dimensions]
        factors[number] = dimension.definitions
        parts.append(product(factors))
    if model.identities is not None:
        parts.append(model.identities)
    return sparse.vstack(parts, format="csc").astype(np.int64)


def _unit(places: Ints, size: int) -> Sparse:
    """Return the rows of the identity matrix that stand at `places`."""
    ones = np.ones(places.size, dtype=np.int64)
    return sparse.csr_matrix((ones, (np.arange(places.size), places)), (places.size, size))


def product(factors: Sequence[Sparse]) -> Sparse:
    """Return the Kronecker product of sparse matrices, first one slowest."""
    found = reduce(lambda left, right: sparse.kron(left, right, format="csr"), factors)
    found.eliminate_zeros()  # dense factors leave zeros behind
    return found


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
        factors.append(difference_basis(dimension, small.sum(axis=others)))
    rows = product(factors)
    if model.identities is not None:
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
