"""Dimensions from hierarchies: which code is part of which, in any number of trees.

Every parent is the whole of its children in each tree it heads, so all its trees must come down to
the same leaves. Two zonings that cross need their overlaps as leaves: hidden ones, which no release
shows, but whose counts the protection must know.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from hanse.errors import Invalid
from hanse.policies.disclosure.dimension import Dimension, Ints, assembled

Link = tuple[str, str, str]
"""Tree, child, parent."""

Children = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Parent -> tree -> children."""

DEPTH_MAX = 30


def from_links(
    name: str, links: Iterable[Link], hidden: Collection[str] = (), alone: Collection[str] = ()
) -> Dimension:
    """Return the dimension of some trees, and codes that stand `alone` in none.

    The `hidden` leaves are never published.

    Raises Invalid for a code within itself, a child with two parents in one tree, a parent whose
    trees end in different leaves (overlaps are missing), and a hidden code that is a parent.
    """
    children = _children(name, links)
    linked = {code for parent, trees in children.items() for code in (parent, *_all(trees))}
    codes = sorted(linked | set(alone))
    pieces: dict[str, frozenset[str]] = {}
    height: dict[str, int] = {}
    for code in codes:
        _descend(name, code, children, pieces, height, ())
    wrong = sorted(set(hidden) & children.keys())
    if wrong:
        raise Invalid("DISCLOSURE_CODE_TWICE", dimension=name, code=wrong[0])
    leaves = sorted(code for code in codes if code not in children)
    place = {leaf: number for number, leaf in enumerate(leaves)}
    levels: dict[tuple[int, str], list[str]] = {}
    for code in codes:
        if code not in set(hidden):
            tree = min(children[code]) if code in children else ""
            levels.setdefault((height[code], tree), []).append(code)
    tables = [
        (f"{tree or 'leaf'}:{number}", _column(members, pieces, place), tuple(members))
        for (number, tree), members in sorted(levels.items())
    ]
    return assembled(name, tables, leaves)


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


def _descend(
    name: str,
    code: str,
    children: Children,
    pieces: dict[str, frozenset[str]],
    height: dict[str, int],
    above: tuple[str, ...],
) -> None:
    """Work out the leaves and the height of a code and of all below it."""
    if code in above or len(above) > DEPTH_MAX:
        raise Invalid("DISCLOSURE_CYCLE", dimension=name, code=code)
    if code in pieces:
        return
    if code not in children:
        pieces[code], height[code] = frozenset([code]), 0
        return
    parts = set()
    for below in children[code].values():
        for child in below:
            _descend(name, child, children, pieces, height, (*above, code))
        parts.add(frozenset[str]().union(*(pieces[child] for child in below)))
        if len(parts) > 1 or sum(len(pieces[child]) for child in below) != len(next(iter(parts))):
            raise Invalid("DISCLOSURE_ATOMS_MISSING", dimension=name, code=code)
    pieces[code] = parts.pop()
    height[code] = 1 + max(height[child] for child in _all(children[code]))


def _column(
    members: list[str], pieces: Mapping[str, frozenset[str]], place: Mapping[str, int]
) -> Ints:
    """Return for every leaf which of the codes it lies in, -1 for none."""
    column = np.full(len(place), -1, dtype=np.int64)
    for number, code in enumerate(members):
        column[[place[leaf] for leaf in pieces[code]]] = number
    return column
