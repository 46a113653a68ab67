"""Zonings that cross: subtracting unions of areas from each other gives no small part away."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from tests.support.disclosure import codes_of

from hanse.policies.attackers import (
    Codes,
    Needs,
    Published,
    System,
    audit,
    determined,
    equations,
    narrowed,
    pooled,
    read,
)
from hanse.policies.attackers.intervals import INFINITE
from hanse.policies.disclosure import Plan, Rules, protect, public
from hanse.policies.disclosure.plan import Axis, Effort

SMALL, SECTORS, SIZES = 5, 42, (6, 7, 9, 11)
AXES = ("geo", "age", "sex")
OTHERS = (Axis("age", ("age", "group")), Axis("sex", ("sex",)))


@cache
def city(zonings: int, percent: int) -> pa.Table:
    """Return a town of sectors in zonings, so many percent of the sectors cut in two by each."""
    draw = np.random.default_rng(100 * zonings + percent)
    zones = ["".join(("z", str(number))) for number in range(zonings)]
    rows = []
    number_cut = max(1, round(SECTORS * percent / 100))
    cut = [set(draw.choice(SECTORS, number_cut, replace=False).tolist()) for _ in zones]
    for sector in range(SECTORS):
        home = [f"{zone}-{sector // size:02}" for zone, size in zip(zones, SIZES, strict=False)]
        parts = [home]
        for number, size in enumerate(SIZES[:zonings]):
            if sector in cut[number]:
                next_door = f"{zones[number]}-{(sector // size + 1) % (SECTORS // size):02}"
                parts.append([*home[:number], next_door, *home[number + 1 :]])
        for part, place in enumerate(parts):
            for age in range(6):
                for sex in "FM":
                    count = int(draw.poisson(draw.choice([1, 4, 12, 40]) / (1 + 2 * part)))
                    rows.append((f"s{sector:02}", *place, f"y{age}", f"q{age // 2}", sex, count))
    names = ("sector", *zones, "age", "group", "sex", "freq")
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(dict(zip(names, columns, strict=True)))


def plan_of(levels: Sequence[str], **rules: object) -> Plan:
    return Plan((Axis("geo", tuple(levels)), *OTHERS), rules=Rules(**rules))  # type: ignore[arg-type]


def levels_of(zonings: int) -> tuple[str, ...]:
    return ("sector", *(f"z{number}" for number in range(zonings)))


def seen(codes: Sequence[Codes], shown: pa.Table) -> Published:
    return read(codes, [shown[axis].to_pylist() for axis in AXES], shown["obs_value"].to_pylist())


@dataclass(frozen=True)
class Score:
    """How many small counts, published or of an overlap, there are, fall exactly, fall nearly."""

    small: int
    exact: int
    near: int


def score(system: System, true: dict[tuple[str, ...], int]) -> Score:
    """Attack; the truth is for scoring only."""
    values = np.array([true.get(key, 0) for key in system.keys], dtype=np.int64)
    small = np.flatnonzero((values >= 1) & (values < SMALL))
    lower = np.where(system.row >= 0, 1, 0)
    low, high = narrowed(system, lower, np.full(system.size, INFINITE))
    assert (low <= values).all()
    assert (values <= high).all()
    verdict = audit(system, Needs(small, lower, values + 1, 2))
    near = set(verdict.below.tolist()) | set(small[(high - low)[small] < 2].tolist())
    return Score(small.size, len(determined(system) & set(small.tolist())), len(near))


def truth(zonings: int, percent: int) -> dict[tuple[str, ...], int]:
    """Return every count of a town, overlaps included, added up here and nowhere else."""
    counts: dict[tuple[str, ...], int] = {}
    levels = levels_of(zonings)
    for row in city(zonings, percent).to_pylist():
        piece = "piece:" + "|".join(row[level] for level in levels)
        for area in {piece, "Total", *(row[level] for level in levels)}:
            for age in (row["age"], row["group"], "Total"):
                for sex in (row["sex"], "Total"):
                    key = (area, age, sex)
                    counts[key] = counts.get(key, 0) + row["freq"]
    return counts


@pytest.mark.parametrize(("zonings", "percent"), [(2, 2), (2, 6), (2, 25), (3, 6), (4, 6)])
def test_areas_that_cross_give_no_small_part_away(zonings: int, percent: int) -> None:
    plan = plan_of(levels_of(zonings), effort=Effort.ONCE)
    table = city(zonings, percent)
    found = protect(table, plan)
    system = equations(seen(codes_of(table, plan), public(found)))
    held = score(system, truth(zonings, percent))
    assert held.small > found.certificate.primary > 100  # overlaps are among them
    assert (held.exact, held.near) == (0, 0)


def test_zonings_protected_one_by_one_are_undone() -> None:
    """The same attack on the same town, each zoning protected apart: it bites."""
    zonings, percent = 3, 6
    table, levels = city(zonings, percent), levels_of(zonings)
    codes = codes_of(table, plan_of(levels))
    views = []
    for level in levels:
        names = [level, "age", "group", "sex"]
        alone = table.group_by(names).aggregate([("freq", "sum")]).rename_columns([*names, "freq"])
        plan = plan_of([level], effort=Effort.ONCE)
        views.append(seen(codes, public(protect(alone, plan))))
    held = score(equations(pooled(views)), truth(zonings, percent))
    assert held.exact > 0.10 * held.small
