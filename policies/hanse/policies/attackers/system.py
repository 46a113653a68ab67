"""The equations an attacker can write down: everything that adds up, known values filled in.

Unknowns are the hidden cells and the cells nobody publishes (pieces no code shows alone). Every way
a code splits is written for every combination of the other dimensions, implied or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hanse.policies.attackers.published import Codes, Ints, Published

Key = tuple[str, ...]
Sum = Mapping[Key, int]


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """`matrix` @ unknown = `right`, int64. `row` is the published row of an unknown, -1
    for none; `keys` its code per dimension.
    """

    matrix: sparse.csr_matrix
    right: Ints
    row: Ints
    keys: tuple[Key, ...]

    @property
    def size(self) -> int:
        """Return the number of unknowns."""
        return self.row.size


def equations(table: Published, sums: Sequence[Sum] = ()) -> System:
    """Return all equations of a published table that hold an unknown.

    `sums` are what everybody knows beyond the codes: a year is its months. Each says what comes to
    nothing: keys with their factors; one that speaks of a key that nobody can have is left out.
    """
    splits = [_splits(codes) for codes in table.dimensions]
    extended = [
        sorted({*codes.pieces, *(part for parts in split.values() for part in parts)})
        for codes, split in zip(table.dimensions, splits, strict=True)
    ]
    known = {key: place for place, key in enumerate(zip(*table.keys, strict=True))}
    shape = tuple(len(codes) for codes in extended)
    value = np.full(shape, -1, dtype=np.int64)
    row = np.full(shape, -1, dtype=np.int64)
    places = [{code: number for number, code in enumerate(codes)} for codes in extended]
    at = tuple(
        np.array([place[code] for code in column], dtype=np.int64)
        for place, column in zip(places, table.keys, strict=True)
    )
    value[at] = table.values
    row[at] = np.arange(len(known))
    matrix = sparse.vstack(
        [_matrix(splits, places, shape), _told(sums, places, shape)], format="csr"
    )
    return _reduced(matrix, value.ravel(), row.ravel(), tuple(product(*extended)))


def _told(
    sums: Sequence[Sum], places: Sequence[Mapping[str, int]], shape: tuple[int, ...]
) -> sparse.csr_matrix:
    """Return one row per sum that speaks of keys of the table."""
    rows, columns, data = list[int](), list[int](), list[int]()
    for number, each in enumerate(sums):
        keys = [
            [place.get(code, -1) for code, place in zip(key, places, strict=True)] for key in each
        ]
        if all(min(key) >= 0 for key in keys):
            rows += [number] * len(keys)
            columns += np.ravel_multi_index(tuple(np.array(keys).T), shape).tolist()
            data += each.values()
    size = (len(sums), int(np.prod(shape)))
    return sparse.csr_matrix((data, (rows, columns)), shape=size, dtype=np.int64)


def _splits(codes: Codes) -> Mapping[str, tuple[str, ...]]:
    """Return for each code the largest codes and single pieces that make it up."""
    alone = {next(iter(pieces)): code for code, pieces in codes.pieces.items() if len(pieces) == 1}
    by_size = sorted(codes.pieces.items(), key=lambda item: (-len(item[1]), item[0]))
    seen: dict[frozenset[str], str] = {}
    splits: dict[str, tuple[str, ...]] = {}
    for number, (code, pieces) in enumerate(by_size):
        twin = seen.setdefault(pieces, code)
        if twin != code:
            splits[code] = (twin,)
            continue
        left, parts = set(pieces), []
        for other, smaller in by_size[number + 1 :]:
            if len(smaller) < len(pieces) and smaller <= left:
                parts.append(other)
                left -= smaller
        rest = sorted(left)
        parts += [alone.get(piece, f"piece:{piece}") for piece in rest]
        if parts != [code]:
            splits[code] = tuple(parts)
    return splits


def _matrix(
    splits: list[Mapping[str, tuple[str, ...]]],
    places: list[dict[str, int]],
    shape: tuple[int, ...],
) -> sparse.csr_matrix:
    """Return code - Σ parts, for every code of a dimension and every combination of the others."""
    blocks = [sparse.csr_matrix((0, int(np.prod(shape))), dtype=np.int64)]
    for axis, (split, place) in enumerate(zip(splits, places, strict=True)):
        if not split:
            continue
        own = sparse.lil_matrix((len(split), shape[axis]), dtype=np.int64)
        for number, (code, parts) in enumerate(split.items()):
            own[number, place[code]] = 1
            for part in parts:
                own[number, place[part]] -= 1
        before = sparse.identity(int(np.prod(shape[:axis])), dtype=np.int64)
        after = sparse.identity(int(np.prod(shape[axis + 1 :])), dtype=np.int64)
        blocks.append(sparse.kron(sparse.kron(before, own), after, format="csr"))
    return sparse.vstack(blocks, format="csr")


def _reduced(matrix: sparse.csr_matrix, value: Ints, row: Ints, keys: tuple[Key, ...]) -> System:
    """Return the equations in the unknowns alone, doubles dropped."""
    unknown = np.flatnonzero(value < 0)
    right = -(matrix @ np.where(value < 0, 0, value))
    matrix = matrix[:, unknown]
    matrix.eliminate_zeros()
    used = np.flatnonzero(np.diff(matrix.indptr) > 0)
    matrix, right = matrix[used], right[used]
    keep = _distinct(matrix, right)
    names = tuple(keys[place] for place in unknown.tolist())
    return System(matrix[keep], right[keep], row[unknown], names)


def _distinct(matrix: sparse.csr_matrix, right: Ints) -> NDArray[np.int64]:
    """Return the first of each set of equal equations."""
    mark = np.random.default_rng(0).integers(1, 2**31, size=matrix.shape[1])
    _, first = np.unique(np.stack([matrix @ mark, right]), axis=1, return_index=True)
    return np.sort(first)
