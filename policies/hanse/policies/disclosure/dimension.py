"""One dimension of a table: its published codes, the atoms under them, and how they add up.

An atom is the coarsest piece of which every code is a union: with one tree the leaf codes, with
zonings that cross each other their overlay (sector ∩ district). An atom that is no code itself is a
hidden code: never published, always in the algebra.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hanse.errors import Invalid

Ints = NDArray[np.int64]
Sparse = Any  # scipy.sparse ships no types: a csr_matrix of integers

NO_CODE = ""
"""What an atom carries at a level that does not cover it."""

CODES_MAX = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """Codes of one dimension, published ones first (finest level first), then the hidden atoms.

    `level[i]` is the place of code i's level in `levels` (hidden atoms carry the finest, 0).
    `members` is 0/1, codes x atoms. `leaf[a]` is the code that stands for atom a. `definitions` is
    a sparse matrix, one row per code that is no leaf: code - Σ children = 0; the rows are
    triangular, so together they say everything that holds between the codes.
    """

    name: str
    levels: tuple[str, ...]
    codes: tuple[str, ...]
    level: Ints
    published: int
    members: Sparse
    leaf: Ints
    definitions: Sparse

    @property
    def size(self) -> int:
        """The number of codes, hidden atoms included."""
        return len(self.codes)

    @property
    def atoms(self) -> int:
        """The number of atoms."""
        return int(self.members.shape[1])

    def place(self, level: str, code: str) -> int:
        """Return the index of a code of a level; raise Invalid for one that does not exist."""
        wanted = self.levels.index(level)
        for index in range(self.published):
            if self.level[index] == wanted and self.codes[index] == code:
                return index
        raise Invalid("DISCLOSURE_CODE_UNKNOWN", dimension=self.name, level=level, code=code)


def overlay(
    name: str, zonings: Mapping[str, Sequence[str]], total: str | None
) -> tuple[Dimension, Ints]:
    """Return the dimension of columns of codes, finest level first, and the atom of every row.

    `zonings` holds one equally long column per level; rows that agree in all of them lie in one
    atom. `total` names the code of everything, None publishes none.
    """
    columns = {level: np.asarray(codes, dtype=object) for level, codes in zonings.items()}
    if total is not None:
        rows = len(next(iter(columns.values())))
        columns["Total"] = np.full(rows, total, dtype=object)
    places = {level: _factorised(codes) for level, codes in columns.items()}
    stacked = np.stack([place for place, _ in places.values()], axis=1)
    unique, atom = np.unique(stacked, axis=0, return_inverse=True)
    tables = [
        (level, unique[:, number], labels)
        for number, (level, (_, labels)) in enumerate(places.items())
    ]
    return assembled(name, tables), np.ravel(atom).astype(np.int64)


def _factorised(codes: NDArray[np.object_]) -> tuple[Ints, tuple[str, ...]]:
    """Return the place of each row's code among the sorted codes, -1 where there is none."""
    labels = sorted({code for code in codes.tolist() if code not in (NO_CODE, None)})
    place = {code: number for number, code in enumerate(labels)}
    found = [place.get(code, -1) for code in codes.tolist()]
    return np.array(found, dtype=np.int64), tuple(labels)


Level = tuple[str, Ints, tuple[str, ...]]
"""A level's name, per atom the place of its code (-1 for none), and the codes."""


def assembled(
    name: str, tables: Sequence[Level], atom_names: Sequence[str] | None = None
) -> Dimension:
    """Return the dimension of some levels, finest first; `atom_names` name its hidden atoms."""
    atoms = tables[0][1].size
    codes: list[str] = []
    level: list[int] = []
    rows, columns = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for number, (_, place, labels) in enumerate(tables):
        inside = np.flatnonzero(place >= 0)
        rows.append(place[inside] + len(codes))
        columns.append(inside)
        codes.extend(labels)
        level.extend([number] * len(labels))
    row = np.concatenate(rows)
    held = np.concatenate(columns)[np.argsort(row, kind="stable")]
    published = len(codes)
    sizes = np.bincount(row, minlength=published)
    leaf = _leaves(sizes, held, atoms)
    hidden = np.flatnonzero(leaf < 0)
    leaf[hidden] = published + np.arange(hidden.size)
    held = np.concatenate([held, hidden])
    sizes = np.concatenate([sizes, np.ones(hidden.size, dtype=np.int64)])
    ends = np.concatenate([[0], np.cumsum(sizes)])
    ones = np.ones(held.size, dtype=np.int64)
    members = sparse.csr_matrix((ones, held, ends), shape=(sizes.size, atoms))
    if members.shape[0] > CODES_MAX:
        raise Invalid("DISCLOSURE_TOO_LARGE", what=name, found=members.shape[0], limit=CODES_MAX)
    names = atom_names or [_sliver_name(tables, atom) for atom in range(atoms)]
    codes.extend(names[atom] for atom in hidden.tolist())
    level.extend([0] * hidden.size)
    levels = np.array(level, dtype=np.int64)
    definitions = _definitions(members, levels, leaf, published)
    level_names = tuple(each for each, _, _ in tables)
    return Dimension(name, level_names, tuple(codes), levels, published, members, leaf, definitions)


def _sliver_name(tables: Sequence[Level], atom: int) -> str:
    """Return what a hidden atom is called: the codes whose overlap it is, the total left out."""
    parts = [labels[place[atom]] for level, place, labels in tables if place[atom] >= 0]
    return " ∩ ".join(parts[:-1] if len(parts) > 1 else parts)


def _leaves(sizes: Ints, held: Ints, atoms: int) -> Ints:
    """Return for each atom the first code that is exactly this atom, -1 where there is none.

    `sizes` says of how many atoms each code is, `held` names them, code after code.
    """
    leaf = np.full(atoms, -1, dtype=np.int64)
    single = np.flatnonzero(sizes == 1)[::-1]
    leaf[held[(np.cumsum(sizes) - sizes)[single]]] = single
    return leaf


def _definitions(members: Sparse, level: Ints, leaf: Ints, published: int) -> Sparse:
    """Return code - Σ children for each code that stands for no atom, children as coarse as can."""
    is_leaf = np.zeros(members.shape[0], dtype=bool)
    is_leaf[leaf] = True
    wholes = np.flatnonzero(~is_leaf)
    touching = members.T.tocsr() if wholes.size else members  # atoms x codes
    rows: list[dict[int, int]] = []
    for code in wholes.tolist():
        children = _cover(code, members, touching, level[:published])
        covered = _atoms(members, children)
        rest = np.setdiff1d(_atoms(members, [code]), covered)
        row = dict.fromkeys((*children, *leaf[rest].tolist()), -1)
        row[code] = 1
        rows.append(row)
    lengths = [len(row) for row in rows]
    columns = [column for row in rows for column in row]
    values = [value for row in rows for value in row.values()]
    place = np.repeat(np.arange(len(rows)), lengths)
    shape = (len(rows), members.shape[0])
    matrix = sparse.csr_matrix((np.array(values, dtype=np.int64), (place, columns)), shape=shape)
    matrix.sort_indices()
    return matrix


def _atoms(members: Sparse, codes: Iterable[int], *, ordered: bool = True) -> Ints:
    """Return the atoms of some codes, sorted, or code after code."""
    held, ends = members.indices, members.indptr
    parts = [held[ends[c] : ends[c + 1]] for c in codes]
    found = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    return np.sort(found) if ordered else found


def _cover(code: int, members: Sparse, touching: Sparse, level: Ints) -> list[int]:
    """Return codes of finer levels that lie in `code` and do not overlap, coarsest level first."""
    left = set(_atoms(members, [code]).tolist())
    candidates = np.unique(_atoms(touching, left))
    chosen: list[int] = []
    for finer in range(int(level[code]) - 1, -1, -1):
        for other in candidates[(candidates < level.size)].tolist():
            if level[other] != finer:
                continue
            inside = set(_atoms(members, [other]).tolist())
            if inside <= left:
                chosen.append(other)
                left -= inside
        if not left:
            break
    return chosen


def difference_basis(dimension: Dimension, weight: Ints) -> Sparse:
    """Return the codes x atoms coordinates in which almost every code has one non-zero.

    The basis walks one tree of the dimension: e(ref(root)), and e(ref(child)) - e(ref(parent)) for
    every child but the reference child, which is the one with the greatest `weight` (per atom, the
    number of its primary cells), so that its long vectors seldom become pivots.
    """
    parent = _tree(dimension)
    nodes, size = parent.size, dimension.atoms
    mass = [*weight.tolist(), *[0] * (nodes - size)]
    first = [*range(size), *[-1] * (nodes - size)]
    best, chosen = [-1] * nodes, [-1] * nodes
    for node, above in enumerate(parent[:-1].tolist()):  # children stand before their parents
        if mass[node] > best[above]:
            best[above], chosen[above], first[above] = mass[node], node, first[node]
        mass[above] += mass[node]
    reference = np.array(first, dtype=np.int64)
    others = np.flatnonzero(np.array(chosen)[parent[:-1]] != np.arange(nodes - 1))
    rows = np.concatenate([[reference[nodes - 1]], reference[others], reference[parent[others]]])
    place = np.arange(1, others.size + 1)
    columns = np.concatenate([[0], place, place])
    values = np.concatenate([np.ones(1 + others.size), -np.ones(others.size)]).astype(np.int64)
    change = sparse.csr_matrix((values, (rows, columns)), shape=(size, size))
    coordinates = (dimension.members @ change).tocsr()
    coordinates.eliminate_zeros()
    coordinates.sort_indices()
    return coordinates


def _tree(dimension: Dimension) -> Ints:
    """Return the parent of every node (atoms first, root last) along levels that nest."""
    members, atoms = dimension.members, dimension.atoms
    parent = np.full(atoms, -1, dtype=np.int64)
    top = np.arange(atoms)  # the node that holds each atom so far
    for number in range(len(dimension.levels)):
        codes = np.flatnonzero(dimension.level[: dimension.published] == number)
        if codes.size < 2:
            continue
        group = np.full(atoms, -1, dtype=np.int64)
        sizes = np.diff(members.indptr)[codes]
        group[_atoms(members, codes.tolist(), ordered=False)] = np.repeat(
            np.arange(codes.size), sizes
        )
        if not _nests(top, group):
            continue
        first = parent.size
        parent = np.concatenate([parent, np.full(codes.size, -1, dtype=np.int64)])
        inside = np.flatnonzero(group >= 0)
        parent[top[inside]] = first + group[inside]
        top = np.where(group >= 0, first + group, top)
    return np.concatenate([np.where(parent < 0, parent.size, parent), [-1]])


def _nests(top: Ints, group: Ints) -> bool:
    """Say whether every node so far lies in one group, or in none, as a whole."""
    order = np.argsort(top, kind="stable")
    same = top[order][1:] == top[order][:-1]
    return bool((group[order][1:][same] == group[order][:-1][same]).all())
