"""Laws of closing a release, on small random ones that hold whatever they hold.

They are held against the least and the greatest value over all tables of whole numbers that fit
what readers know: their equations come from the areas and sexes alone, and share nothing with the
protection.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from tests.properties.test_disclosure import cities
from tests.support.disclosure import attacked, codes_of

from hanse.cube.cells import draft_schema
from hanse.cube.status import CellState
from hanse.errors import Conflict
from hanse.policies.attackers import Needs, System, audit
from hanse.policies.disclosure import Closed, Ledger, Rules, Structure, close, inside, protect
from hanse.policies.disclosure import Plan as Plan

WIJK, GEMEENTE = "wijk@2025", "gemeente@2025"
DISTRICTS, SEXES = ("a", "b", "c", "d"), ("M", "F")
NOW = ("n", "2024")
STRUCTURE = Structure(
    frozenset({"n"}),
    tuple(("wijk", f"{WIJK}:{code}", f"{GEMEENTE}:g") for code in DISTRICTS),
    {"SEX": tuple(("sex", sex, "_T") for sex in SEXES)},
)
COMMON = settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)

Place = tuple[str, str]
"""District (or g) and sex (or _T)."""

PLACES = [(area, sex) for area in (*DISTRICTS, "g") for sex in (*SEXES, "_T")]


@dataclass(frozen=True)
class Town:
    """The true count of every cell, what nobody has an address for, and which cells are loaded."""

    counts: Mapping[Place, int]
    loaded: frozenset[Place]
    homeless: bool


@st.composite
def towns(draw: st.DrawFn, homeless: bool = True) -> Town:
    """Draw districts by sex; people without an address are in the total only."""
    count = st.one_of(st.integers(5, 15), st.integers(5, 15), st.integers(0, 5))
    inner = {(area, sex): draw(count) for area in DISTRICTS for sex in SEXES}
    lost = draw(st.sampled_from([0, 0, 2, 9])) if homeless else 0
    counts = dict(inner)
    for sex in SEXES:
        counts["g", sex] = sum(inner[area, sex] for area in DISTRICTS) + lost
    for area in (*DISTRICTS, "g"):
        counts[area, "_T"] = sum(counts[area, sex] for sex in SEXES)
    absent = draw(st.sets(st.sampled_from(PLACES), max_size=4))
    return Town(counts, frozenset(PLACES) - absent, lost > 0)


def closed(
    town: Town,
    loaded: frozenset[Place],
    rules: Rules,
    out: Ledger = Ledger(),  # noqa: B008
) -> Closed | None:
    """Close what is loaded, None where it is refused."""
    rows = []
    for area, sex in sorted(loaded):
        count = town.counts[area, sex]
        small = 1 <= count < rules.k
        rows.append(
            {
                "indicator": "n", "level": GEMEENTE if area == "g" else WIJK, "area": area,
                "period": "2024", "SEX": sex, "value": float(count), "small": small,
                "state": CellState.VALUE.value, "flag": "A", "source_sheet": "s", "source_row": 1,
            }
        )  # fmt: skip
    schema = draft_schema(("SEX",))
    true = pa.Table.from_pylist(rows, schema=schema)
    hidden = {"value": None, "state": CellState.SUPPRESSED_PRIMARY.value}
    judged = [{**row, **hidden} if row["small"] else row for row in rows]
    try:
        return close(
            true, pa.Table.from_pylist(judged, schema=schema), STRUCTURE, rules, {NOW: out}
        )
    except Conflict:
        return None


def shown_by(found: Closed) -> dict[Place, int | None]:
    return {
        (row["area"], row["SEX"]): None if row["value"] is None else int(row["value"])
        for row in found.cells.to_pylist()
    }


def check(town: Town, shown: Mapping[Place, int | None], rules: Rules, *, all_small: bool) -> None:
    """Fail where a small count that was loaded (or any, for `all_small`) can be pinned.

    People without an address are a hidden district of their own, where there are any.
    """
    lost = [("?", sex) for sex in (*SEXES, "_T")] if town.homeless else []
    unknown = [place for place in (*PLACES, *lost) if shown.get(place) is None]
    rows = []
    for sex in (*SEXES, "_T"):
        parts = [(area, sex) for area in DISTRICTS] + [p for p in lost if p[1] == sex]
        rows.append((("g", sex), parts))
    areas = (*DISTRICTS, "g", *({"?"} if town.homeless else ()))
    rows += [((area, "_T"), [(area, sex) for sex in SEXES]) for area in areas]
    lower = [rules.attacker_lower if place in shown else 0 for place in unknown]
    known = _Known(unknown, *_equations(rows, unknown, shown), np.array(lower, dtype=float))
    for place in unknown:
        count = town.counts.get(place, 0)
        if 1 <= count < rules.k and (all_small or place in shown):
            assert known.end(place, 1) > count, place
            assert known.end(place, 1) - known.end(place, -1) >= 2, place


def _equations(
    rows: list[tuple[Place, list[Place]]], unknown: list[Place], shown: Mapping[Place, int | None]
) -> tuple[np.ndarray, np.ndarray]:
    column = {place: number for number, place in enumerate(unknown)}
    matrix, right = np.zeros((len(rows), len(unknown))), np.zeros(len(rows))
    for number, (whole, parts) in enumerate(rows):
        for place, sign in ((whole, 1), *((part, -1) for part in parts)):
            value = shown.get(place)
            if value is None:
                matrix[number, column[place]] += sign
            else:
                right[number] -= sign * value
    return matrix, right


@dataclass(frozen=True)
class _Known:
    """What a reader knows: the unknown cells, the equations between them, the least of each."""

    unknown: list[Place]
    matrix: np.ndarray
    right: np.ndarray
    lower: np.ndarray

    def end(self, place: Place, sign: int) -> float:
        """Return the greatest (1) or least (-1) whole number a cell can be."""
        cost = np.zeros(len(self.unknown))
        cost[self.unknown.index(place)] = -sign
        found = milp(
            cost,
            constraints=LinearConstraint(self.matrix, self.right, self.right),
            integrality=np.ones(len(self.unknown)),
            bounds=Bounds(self.lower, np.full(len(self.unknown), 1_000.0)),
        )
        assert found.status == 0, "the true table fits"
        return float(-sign * round(found.fun))


RULES = st.sampled_from([Rules(k=3), Rules(k=5), Rules(k=5, attacker_lower=0)])


@given(towns(), RULES)
@COMMON
def test_a_small_count_of_a_release_that_holds_whatever_it_holds_is_never_pinned(
    town: Town, rules: Rules
) -> None:
    found = closed(town, town.loaded, rules)
    if found is not None:
        check(town, shown_by(found), rules, all_small=False)


@given(towns(homeless=False), RULES, st.sampled_from(DISTRICTS))
@COMMON
def test_a_small_district_that_follows_is_never_pinned_though_nobody_loads_it(
    town: Town, rules: Rules, absent: str
) -> None:
    loaded = frozenset(place for place in PLACES if place[0] != absent)
    found = closed(town, loaded, rules)
    if found is None:
        return
    check(town, shown_by(found), rules, all_small=True)


@given(towns(homeless=False), st.sets(st.sampled_from(PLACES), min_size=3), RULES)
@COMMON
def test_two_releases_pooled_pin_no_small_count(
    town: Town, later: set[Place], rules: Rules
) -> None:
    first = closed(town, town.loaded, rules)
    if first is None:
        return
    ledger = Ledger().joined(first.shown[NOW])
    second = closed(town, frozenset(later), rules, ledger)
    if second is None:
        return  # what is out would reveal it, and the release is refused
    pooled = shown_by(first)
    for place, value in shown_by(second).items():
        assert pooled.get(place) in {None, value}
        pooled[place] = pooled.get(place) if value is None else value
    check(town, pooled, rules, all_small=False)


@given(cities(), st.integers(0, 1_000))
@COMMON
def test_an_opened_cell_is_found_whenever_exact_bounds_say_it_leaks(
    city: tuple[pa.Table, Plan], number: int
) -> None:
    table, plan = city
    try:
        found = protect(table, plan)
    except Conflict:
        return
    secondary = np.flatnonzero(found.secondary)
    assume(secondary.size > 0)
    opened = int(secondary[number % secondary.size])
    model = found.model
    cells = np.flatnonzero(model.published)
    hidden = found.hidden.copy()
    hidden[opened] = False
    seen = inside(found).rename_columns(
        [*(d.name for d in model.dimensions), "obs_value", "status"]
    )
    values = pa.array(model.values[cells], mask=hidden[cells])
    system = attacked(codes_of(table, plan), seen.set_column(2, "obs_value", values))
    true = np.array([model.values[cells][row] if row >= 0 else 0 for row in system.row])
    judged = np.flatnonzero((system.row >= 0) & (true >= 1) & (true < plan.rules.k))
    lower = np.where(system.row >= 0, plan.rules.attacker_lower, 0)
    below = audit(system, Needs(judged, lower, true + 1, 2)).below
    leaks = {int(cell) for cell in judged if _leaks(system, lower, int(cell), int(true[cell]))}
    assert leaks == set(below.tolist())


def _leaks(system: System, lower: np.ndarray, cell: int, true: int) -> bool:
    """Say by two exact programs, one per end, whether a cell is below its requirement."""
    bounds = [(low, None) for low in lower.tolist()]
    cost = np.zeros(system.size)
    cost[cell] = 1
    ends = []
    for sign in (1, -1):
        solved = linprog(sign * cost, A_eq=system.matrix, b_eq=system.right, bounds=bounds)
        ends.append(sign * solved.fun if solved.status == 0 else np.inf)
    return bool(ends[1] < true + 1 - 1e-6 or ends[1] - ends[0] < 2 - 1e-6)
