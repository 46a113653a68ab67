"""Dimensions from hierarchies: which code is part of which, in any number of trees.

Every parent is the whole of its children in each tree it heads, so all its trees must come down to
the same leaves. Two zonings that cross need their overlaps as leaves: hidden ones, which no release
shows, but whose counts the protection must know.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hanse.errors import Invalid
from hanse.policies.disclosure.dimension import Dimension, Ints, Level, assembled

Link = tuple[str, str, str]
"""Tree, child, parent."""

Children = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Parent -> tree -> children."""

DEPTH_MAX = 30


REST = " \N{SET MINUS} ..."
"""What the name of a rest ends with: the part of a code that none of its children is."""


def from_links(
    name: str, links: Iterable[Link], hidden: Collection[str] = (), alone: Collection[str] = ()
) -> Dimension:
    """Return the dimension of some trees, and codes that stand `alone` in none.

    The `hidden` leaves are never published.

    Raises Invalid for a code within itself, a child with two parents in one tree, a parent whose
    trees end in different leaves (overlaps are missing), and a hidden code that is a parent.
    """
    forest = Forest.of(name, links, alone=alone)
    wrong = sorted(set(hidden) & forest.children.keys())
    if wrong:
        raise Invalid("DISCLOSURE_CODE_TWICE", dimension=name, code=wrong[0])
    codes = [code for code in forest.pieces if code not in set(hidden)]
    place = {leaf: number for number, leaf in enumerate(forest.leaves)}
    return assembled(name, forest.levels(codes, place), forest.leaves)


@dataclass(frozen=True, slots=True)
class Forest:
    """Some trees over the same codes: the children of each, its leaves, and its height.

    `pieces` hold the leaves of every code, by code in order.
    """

    name: str
    children: Children
    pieces: Mapping[str, frozenset[str]]
    height: Mapping[str, int]

    @classmethod
    def of(
        cls,
        name: str,
        links: Iterable[Link],
        alone: Collection[str] = (),
        partial: Collection[str] = (),
        *,
        loose: bool = False,
    ) -> "Forest":
        """Read the links; every `partial` parent gets a leaf for the rest of it.

        Raises Invalid as `from_links` does; `loose` follows one tree where two do not agree.
        """
        children = _children(name, links)
        linked = {code for parent, trees in children.items() for code in (parent, *_all(trees))}
        descent = _Descent(name, children, frozenset(partial), loose)
        for code in sorted(linked | set(alone)):
            descent.enter(code, ())
        return cls(name, children, dict(sorted(descent.pieces.items())), descent.height)

    @property
    def leaves(self) -> list[str]:
        """Return the leaves in order, those that no code has any more left out."""
        return sorted(frozenset[str]().union(*self.pieces.values()))

    def levels(self, codes: Iterable[str], place: Mapping[str, int]) -> list[Level]:
        """Return the levels of some codes, finest first; `place` numbers the atom of each leaf."""
        found: dict[tuple[int, str], list[str]] = {}
        for code in codes:
            tree = min(self.children[code]) if code in self.children else ""
            found.setdefault((self.height[code], tree), []).append(code)
        return [
            (f"{tree or 'leaf'}:{number}", self._column(members, place), tuple(members))
            for (number, tree), members in sorted(found.items())
        ]

    def _column(self, members: Iterable[str], place: Mapping[str, int]) -> Ints:
        """Return for every atom which of the codes it lies in, -1 for none."""
        column = np.full(1 + max(place.values(), default=-1), -1, dtype=np.int64)
        for number, code in enumerate(members):
            column[[place[leaf] for leaf in self.pieces[code]]] = number
        return column

    def seen(
        self,
        loaded: Collection[str],
        nobody: Collection[str] = (),
        inner: Collection[str] = (),
    ) -> Dimension:
        """Return the dimension of the `loaded` codes alone.

        What lies in a loaded code and is no loaded code itself is a hidden atom: all leaves that
        lie in the same loaded codes are one. Codes that are not loaded and hold none vanish. An
        atom is called after its first leaf that is not `nobody`'s, if there is one. An `inner` leaf
        stays an atom of its own, unless it is all of a loaded code.
        """
        codes = [code for code in self.pieces if code in loaded]
        within: dict[str, list[int]] = {}
        for number, code in enumerate(codes):
            for leaf in self.pieces[code]:
                within.setdefault(leaf, []).append(number)
        atoms: dict[tuple[int | str, ...], int] = {}
        names: list[str] = []
        place: dict[str, int] = {}
        for leaf in sorted(within, key=lambda each: (each in nobody, each)):
            key: tuple[int | str, ...] = tuple(within[leaf])
            if leaf in inner:
                key = (*key, leaf)
            if key not in atoms:
                atoms[key] = len(atoms)
                names.append(leaf)
            place[leaf] = atoms[key]
        return assembled(self.name, self.levels(codes, place), names)


def _children(name: str, links: Iterable[Link]) -> Children:
    """Return the children of every parent per tree, sorted."""
    found: dict[str, dict[str, list[str]]] = {}
    seen: set[tuple[str, str]] = set()
    for tree, child, parent in links:
        if (tree, child) in seen:
            raise Invalid("DISCLOSURE_CODE_TWICE", dimension=name, code=child)
        seen.add((tree, child))
        found.setdefault(parent, {}).setdefault(tree, []).append(child)
    return {
        parent: {tree: tuple(sorted(below)) for tree, below in trees.items()}
        for parent, trees in found.items()
    }


def _all(trees: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [child for below in trees.values() for child in below]


@dataclass(slots=True)
class _Descent:
    """Works out the leaves and the height of codes, and of all below them."""

    name: str
    children: Children
    partial: frozenset[str]
    loose: bool
    pieces: dict[str, frozenset[str]] = field(default_factory=dict)
    height: dict[str, int] = field(default_factory=dict)

    def enter(self, code: str, above: tuple[str, ...]) -> None:
        if code in above or len(above) > DEPTH_MAX:
            raise Invalid("DISCLOSURE_CYCLE", dimension=self.name, code=code)
        if code in self.pieces:
            return
        if code not in self.children:
            self.pieces[code], self.height[code] = frozenset([code]), 0
            return
        parts = []
        for below in self.children[code].values():
            for child in below:
                self.enter(child, (*above, code))
            part = frozenset[str]().union(*(self.pieces[child] for child in below))
            if sum(len(self.pieces[child]) for child in below) != len(part):
                raise Invalid("DISCLOSURE_ATOMS_MISSING", dimension=self.name, code=code)
            parts.append(part)
        self.pieces[code] = self._whole(code, parts)
        self.height[code] = 1 + max(self.height[child] for child in _all(self.children[code]))

    def _whole(self, code: str, parts: list[frozenset[str]]) -> frozenset[str]:
        """Return all leaves of a code: a rest is of every tree, other leaves must agree."""
        whole = frozenset[str]().union(*parts)
        lacking = whole - frozenset[str].intersection(*parts)
        if not all(leaf.endswith(REST) for leaf in lacking):
            if not self.loose:
                raise Invalid("DISCLOSURE_ATOMS_MISSING", dimension=self.name, code=code)
            whole = parts[0]
        return whole | {code + REST} if code in self.partial else whole
