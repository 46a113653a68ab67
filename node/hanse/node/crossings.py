"""Zonings that cross: which areas of a release cut one another, and the pieces that tell how.

A district less the school zone inside it is a number nobody printed. Where the pieces are known,
they are protected like any small count; where they are not, such a release is refused.
"""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas.correspondence import WHOLE, Correspondence
from hanse.areas.registry import Registry
from hanse.cube import encoding
from hanse.cube.contract import Contract
from hanse.errors import Invalid
from hanse.node.closing import adds_up


def split(
    shown: pa.Table, other: pa.Table, contract: Contract, registry: Registry
) -> tuple[pa.Table, pa.Table]:
    """Return the pieces among the cells nobody sees, and the rest of those.

    Raises `Invalid` where areas that cross are shown of one count, and no pieces were loaded.
    """
    counts = {each.id for each in contract.indicators if adds_up(each)}
    levels = _levels(shown, counts)
    known = _levels(other, counts)
    wanted = {
        (period, level)
        for period, held in levels.items()
        for level in [_pieces(held, known.get(period, frozenset()), registry)]
        if level
    }
    if not wanted:
        return other.slice(0, 0), other
    names = zip(other["period"].to_pylist(), other["level"].to_pylist(), strict=True)
    mine = np.array([each in wanted for each in names], dtype=bool)
    mine &= np.asarray(encoding.one_of(encoding.encode(other["indicator"]), counts))
    return other.filter(pa.array(mine)), other.filter(pc.invert(pa.array(mine)))


def _levels(cells: pa.Table, counts: set[str]) -> dict[str, frozenset[str]]:
    """Return the levels of every period at which something is counted."""
    rows = cells.filter(encoding.one_of(encoding.encode(cells["indicator"]), counts))
    both = rows.select(["period", "level"]).unify_dictionaries()
    both = both.group_by(["period", "level"]).aggregate([])
    found: dict[str, set[str]] = {}
    for row in both.to_pylist():
        found.setdefault(row["period"], set()).add(row["level"])
    return {period: frozenset(held) for period, held in found.items()}


def _pieces(shown: frozenset[str], other: frozenset[str], registry: Registry) -> str:
    """Return the level of the pieces that nobody sees; empty where none are needed."""
    known = sorted(level for level in shown if registry.has(level))
    cut = sorted(
        {level for pair in combinations(known, 2) if _cross(*pair, registry) for level in pair}
    )
    if not cut:
        return ""
    finer = sorted(
        (level for level in shown | other if registry.has(level)),
        key=lambda each: (registry.level(each).rank, each not in shown, each),
    )
    for level in finer:
        if all(_whole(registry.correspondence(level, each)) for each in cut if each != level):
            return "" if level in shown else level
    raise Invalid("PUBLISH_CROSSING", levels=", ".join(cut))


def _whole(link: Correspondence | None) -> bool:
    return link is not None and all(row.type in WHOLE for row in link.rows if row.child)


def _cross(one: str, other: str, registry: Registry) -> bool:
    """Say whether areas of two levels cut one another, or nobody can know.

    Levels that a table ties together are judged by that table.
    """
    if registry.correspondence(one, other) or registry.correspondence(other, one):
        return False
    for level in registry.levels:
        first = registry.correspondence(level.id, one)
        second = registry.correspondence(level.id, other)
        if first is not None and second is not None and level.id not in {one, other}:
            return _tangled(first, second)
    return any(
        registry.correspondence(one, above.id) and registry.correspondence(other, above.id)
        for above in registry.levels
        if above.id not in {one, other}
    )


def _tangled(first: Correspondence, second: Correspondence) -> bool:
    """Say whether some area of one level holds parts of several of the other, and they of more."""
    under = {row.child: row.parent for row in first.rows if row.child and row.parent}
    pairs = {
        (under[row.child], row.parent)
        for row in second.rows
        if row.child and row.parent and row.child in under
    }
    ones: dict[str | None, int] = {}
    others: dict[str | None, int] = {}
    for one, other in pairs:
        ones[one] = ones.get(one, 0) + 1
        others[other] = others.get(other, 0) + 1
    return any(ones[one] > 1 and others[other] > 1 for one, other in pairs)
