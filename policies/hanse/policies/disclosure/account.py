"""What the disclosure report needs of a protected table: why each cell is hidden, and the attack.

For inside eyes only: it tells small cells from cells that only protect others. True values are
there to be added up; no figure of a hidden cell goes further than whoever counts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from hanse.policies import attackers
from hanse.policies.disclosure.dimension import Dimension, Ints
from hanse.policies.disclosure.model import Model
from hanse.policies.disclosure.protection import Protected
from hanse.policies.disclosure.table import keys_table

SMALL, TELLING, PROTECTS, SHOWN = "small", "telling", "protects", ""
"""Why a cell is hidden: few units, a row that is nearly all of one kind, or others beside it."""

ATTACK_CELLS_MAX = 250_000
"""A larger table is not attacked while a report is made: that takes minutes."""


@dataclass(frozen=True, slots=True)
class Attack:
    """What two attackers made of what would be shown, of `hidden` cells and `judged` small ones.

    `determined` follow from the rest by linear algebra, `exact` of the judged ones have one
    possible value, `narrow` an interval under `width`.
    """

    hidden: int
    judged: int
    determined: int
    exact: int
    narrow: int
    width: int


def account(protected: Protected, by: str = "") -> pa.Table:
    """Return every published cell: where it stands, why it is hidden, and its value.

    Columns `table` (its levels in all dimensions), `level` and `area` (its level and code in the
    dimension `by`, else in the first), `rule` (one of the words above, empty where shown), `value`.
    """
    model = protected.model
    cells = np.flatnonzero(model.published)
    keys = model.keys(cells)
    levels = np.stack([d.level[k] for d, k in zip(model.dimensions, keys, strict=True)], axis=1)
    groups, place = np.unique(levels, axis=0, return_inverse=True)
    tables = [_named(model.dimensions, group) for group in groups.tolist()]
    axis = next((n for n, each in enumerate(model.dimensions) if each.name == by), 0)
    first = model.dimensions[axis]
    few = (model.values[cells] >= 1) & (model.values[cells] < protected.certificate.k)
    rule = np.where(protected.hidden[cells], PROTECTS, SHOWN)
    rule = np.where(protected.primary[cells], np.where(few, SMALL, TELLING), rule)
    return pa.table(
        {
            "table": _taken(tables, np.ravel(place)),
            "level": _taken(first.levels, levels[:, axis]),
            "area": _taken(first.codes, keys[axis]),
            "rule": pa.array(rule.tolist(), pa.string()),
            "value": model.values[cells],
        }
    )


def _named(dimensions: Sequence[Dimension], group: Sequence[int]) -> str:
    """Return a combination of levels as people write it: `sector x age`."""
    parts = [dim.levels[number] for dim, number in zip(dimensions, group, strict=True)]
    return " \N{MULTIPLICATION SIGN} ".join(parts)


def _taken(texts: Sequence[str], places: Ints) -> pa.Array:
    return pa.array(texts, pa.string()).take(pa.array(places))


def attacked(protected: Protected) -> Attack | None:
    """Return what a reader of the protected table can work out; None where it is too large.

    The attackers get the codes, what each code consists of, sums over time and what two editions
    have in common, and the shown values: nothing else.
    Which cells were small to begin with says only which answers count.
    """
    model = protected.model
    cells = np.flatnonzero(model.published)
    if cells.size > ATTACK_CELLS_MAX:
        return None
    codes = [_codes(dimension) for dimension in model.dimensions]
    columns = [column.to_pylist() for column in keys_table(model, cells).values()]
    hidden = protected.hidden[cells]
    values = np.where(hidden, -1, model.values[cells])
    shown = attackers.Published(
        tuple(codes), tuple(tuple(column) for column in columns), values.astype(np.int64)
    )
    system = attackers.equations(shown, _sums(model, codes))
    own = np.flatnonzero(system.row >= 0)
    small = own[protected.primary[cells][system.row[own]]]
    least = np.where(system.row >= 0, protected.needs.lower[cells][system.row], 0)
    width = max(protected.certificate.width, 1)
    needs = attackers.Needs(small, least, np.zeros(system.size, dtype=np.int64), width)
    verdict = attackers.audit(system, needs)
    known = attackers.determined(system) & set(small.tolist())
    counts = (small.size, len(known), verdict.exact.size, verdict.below.size)
    return Attack(int(hidden.sum()), *counts, width)


def _sums(model: Model, codes: Sequence[attackers.Codes]) -> list[attackers.Sum]:
    """Return what adds up beyond the codes, in the words of the attackers: keys with factors."""
    if model.identities is None:
        return []
    rows = model.identities.tocsr()
    spelled = [
        _spelled(dimension, each) for dimension, each in zip(model.dimensions, codes, strict=True)
    ]
    columns = [
        [names[place] for place in column.tolist()]
        for names, column in zip(spelled, model.keys(rows.indices), strict=True)
    ]
    keys, ends = list(zip(*columns, strict=True)), rows.indptr.tolist()
    return [
        dict(zip(keys[start:stop], rows.data[start:stop].tolist(), strict=True))
        for start, stop in pairwise(ends)
    ]


def _spelled(dimension: Dimension, codes: attackers.Codes) -> list[str]:
    """Return what the attackers call the codes: a piece that no code shows alone has a number."""
    alone = {next(iter(held)): code for code, held in codes.pieces.items() if len(held) == 1}
    names = list(dimension.codes)
    for atom, place in enumerate(dimension.leaf.tolist()):
        if place >= dimension.published:
            names[place] = alone.get(str(atom), f"piece:{atom}")
    return names


def _codes(dimension: Dimension) -> attackers.Codes:
    """Return what anybody knows of a dimension: which atoms each published code consists of."""
    members = dimension.members.tocsr()
    pieces = {
        code: frozenset(
            str(atom)
            for atom in members.indices[members.indptr[n] : members.indptr[n + 1]].tolist()
        )
        for n, code in enumerate(dimension.codes[: dimension.published])
    }
    return attackers.Codes(dimension.name, MappingProxyType(pieces))
