"""Counts what is hidden, by whatever column of an account: level, area, indicator, rule.

An account has a row per cell that readers get: where it stands, why it is hidden (empty where it is
shown), and its value. The values are only added up here.
"""

import math
from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hanse.report.disclosure.facts import Tally

PROTECTS, SOURCE, TOGETHER = "protects", "source", "together"
"""Words of the column `rule`; every other word is a reason of the cell itself."""

AREAS_KEPT = 100
SHARE_DECIMALS = 6


def counted(account: pa.Table, column: str) -> tuple[Tally, ...]:
    """Return a tally per text of a column, in the order in which they first stand there."""
    groups = account.group_by([column, "rule"], use_threads=False).aggregate([([], "count_all")])
    names: dict[str, defaultdict[str, int]] = {}
    for name, rule, count in zip(*(each.to_pylist() for each in groups.columns), strict=True):
        names.setdefault(name, defaultdict(int))[_kind(rule)] += count
    return tuple(
        Tally(name, sum(kinds.values()), kinds["own"], kinds["others"], kinds["source"])
        for name, kinds in names.items()
    )


def whole(account: pa.Table, name: str) -> Tally:
    """Return the tally of all cells."""
    parts = counted(account, "rule")
    return Tally(
        name,
        account.num_rows,
        sum(part.own for part in parts),
        sum(part.others for part in parts),
        sum(part.source for part in parts),
    )


def by_rule(account: pa.Table) -> tuple[tuple[str, int], ...]:
    """Return how many cells each rule hides, most first."""
    found = [(each.name, each.cells) for each in counted(account, "rule") if each.name]
    return tuple(sorted(found, key=lambda each: (-each[1], each[0])))


def most_hidden(found: Sequence[Tally], most: int = AREAS_KEPT) -> tuple[Tally, ...]:
    """Return the tallies that hide anything, most first."""
    hit = [each for each in found if each.hidden]
    return tuple(sorted(hit, key=lambda each: (-each.hidden, each.name))[:most])


def value_share(account: pa.Table) -> float | None:
    """Return which part of the total value is hidden, 0 … 1; None where there is no value."""
    size = pc.abs(account["value"])
    total = float(pc.sum(size).as_py() or 0)
    if not total:
        return None
    shown = float(pc.sum(pc.filter(size, pc.equal(account["rule"], ""))).as_py() or 0)
    return round(1 - shown / total, SHARE_DECIMALS)


def magnitude(value: float) -> int:
    """Return the class of size of a number: 0 for 1 to 9, 1 for 10 to 99, and so on."""
    return int(math.log10(max(abs(value), 1.0)) + 1e-12)


def _kind(rule: str) -> str:
    kinds = {"": "shown", PROTECTS: "others", TOGETHER: "others", SOURCE: "source"}
    return kinds.get(rule, "own")
