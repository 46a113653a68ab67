"""Protection over time and over what others already hold, and over cells as releases bring them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.support.disclosure import attacked, codes_of, crossed

from hanse.errors import Conflict, Invalid
from hanse.policies.attackers import Needs, audit, equations, read
from hanse.policies.disclosure import (
    Ledger,
    Plan,
    Protected,
    Rules,
    demand,
    from_links,
    inside,
    model_of_cells,
    protect,
    protect_nested,
    protect_next,
    public,
    secure,
)
from hanse.policies.disclosure.dimension import Dimension
from hanse.policies.disclosure.ledger import keys_of
from hanse.policies.disclosure.plan import Axis

COUNTS = [
    [3, 9, 20, 41],
    [14, 2, 0, 7],
    [6, 25, 8, 12],
    [17, 30, 12, 1],
    [22, 11, 4, 9],
    [9, 16, 13, 28],
    [31, 5, 6, 18],
    [12, 8, 19, 2],
]


def _city(counts: list[list[int]] = COUNTS) -> tuple[pa.Table, Plan]:
    made = crossed([0, 1, 2, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1, 2, 2], counts, Rules())
    return made.table, made.plan


def _only(plan: Plan, *levels: str) -> Plan:
    return replace(plan, cubes=({"geo": (*levels, "Total")},))


def _pooled(table: pa.Table, plan: Plan, ledger: Ledger) -> int:
    """Return how many small counts somebody can pin who kept every release."""
    codes = codes_of(table, plan)
    columns = list(zip(*ledger.cells, strict=True))
    system = equations(
        read(
            codes,
            columns,
            [None if value is None else int(value) for value in ledger.cells.values()],
        )
    )
    model = protect(table, plan).model
    true = dict(zip(keys_of(model), model.values[model.published].tolist(), strict=True))
    values = np.array([true.get(key, 0) for key in system.keys])
    cells = np.flatnonzero((values >= 1) & (values < 5) & (system.row >= 0))
    lower = np.where(system.row >= 0, 1, 0)
    return audit(system, Needs(cells, lower, values + 1, 2)).below.size


def test_a_zoning_that_comes_later_is_protected_against_what_is_out() -> None:
    table, plan = _city()
    sectors = protect(table, _only(plan, "sector"))
    ledger = Ledger().after(sectors)
    later = protect_next(table, _only(plan, "wijk"), ledger)
    assert _pooled(table, plan, ledger.after(later)) == 0
    shown = {key for key, value in ledger.cells.items() if value is not None}
    now = dict(zip(keys_of(later.model), later.hidden[later.model.published].tolist(), strict=True))
    assert not any(now[key] for key in shown)


def _alone(table: pa.Table, plan: Plan, level: str) -> Protected:
    """Protect one zoning as if there were no other."""
    names = [level, "kind"]
    merged = table.group_by(names).aggregate([("freq", "sum")]).rename_columns([*names, "freq"])
    return protect(merged, replace(plan, axes=(Axis("geo", (level,)), plan.axes[1])))


def test_the_same_zonings_protected_apart_leak_when_pooled() -> None:
    made = crossed([0, 1, 2, 3], [0, 0, 1, 1], [[3], [40], [20], [30]], Rules())
    table, plan = made.table, made.plan
    apart = Ledger().after(_alone(table, plan, "sector")).after(_alone(table, plan, "wijk"))
    together = Ledger().after(protect(table, _only(plan, "sector")))
    together = together.after(protect_next(table, _only(plan, "wijk"), together))
    assert _pooled(table, plan, apart) > 0
    assert _pooled(table, plan, together) == 0


def test_a_second_release_of_the_same_table_changes_nothing() -> None:
    table, plan = _city()
    first = protect(table, plan)
    again = protect_next(table, plan, Ledger().after(first))
    assert public(again).equals(public(first))


def test_a_revision_keeps_hidden_what_was_hidden() -> None:
    table, plan = _city()
    first = protect(table, plan)
    revised = [list(row) for row in COUNTS]
    revised[5][3] += 1
    changed, _ = _city(revised)
    second = protect_next(changed, plan, Ledger().after(first))
    assert second.certificate.failed == 0
    gone = {key for key, value in Ledger().after(first).cells.items() if value is None}
    still = {key for key, value in Ledger().after(second).cells.items() if value is None}
    assert gone <= still


def test_a_stricter_rule_for_what_is_out_already_is_a_conflict_that_names_the_cell() -> None:
    table, plan = _city()
    ledger = Ledger().after(protect(table, plan))
    stricter = replace(plan, rules=Rules(k=8))
    with pytest.raises(Conflict) as refusal:
        protect_next(table, stricter, ledger)
    assert refusal.value.code == "DISCLOSURE_LEDGER"
    assert refusal.value.parameters["cell"]


def test_what_is_out_and_reveals_a_small_count_is_a_conflict() -> None:
    table = pa.table({"area": ["a", "b", "c"], "freq": [3, 20, 30]})
    plan = protect_plan("area")
    out = Ledger({("Total",): 53, ("b",): 20, ("c",): 30})
    with pytest.raises(Conflict, match="DISCLOSURE_SHOWN_REVEALS"):
        protect_next(table, plan, out)


def test_a_ledger_with_a_code_that_is_gone_is_refused() -> None:
    table = pa.table({"area": ["a", "b", "c"], "freq": [3, 20, 30]})
    with pytest.raises(Invalid, match="DISCLOSURE_CODE_UNKNOWN"):
        protect_next(table, protect_plan("area"), Ledger({("z",): 4}))


def protect_plan(*names: str) -> Plan:
    return Plan(tuple(Axis(name, (name,)) for name in names))


def test_each_looser_profile_shows_all_that_a_stricter_one_shows() -> None:
    table, plan = _city()
    plans = [replace(plan, rules=Rules(k=k)) for k in (3, 5, 10)]
    found = protect_nested(table, plans)
    hidden = [set(np.flatnonzero(each.hidden).tolist()) for each in found]
    assert hidden[0] <= hidden[1] <= hidden[2]
    assert all(each.certificate.failed == 0 for each in found)


def _areas() -> Dimension:
    """Return sectors under a municipality, and districts that cross them, overlaps as leaves."""
    links = [
        ("sliver", "s1/w1", "s1"),
        ("sliver", "s1/w2", "s1"),
        ("district", "s1/w1", "w1"),
        ("district", "s0", "w1"),
        ("district", "s1/w2", "w2"),
        ("district", "s2", "w2"),
        ("sector", "s0", "g"),
        ("sector", "s1", "g"),
        ("sector", "s2", "g"),
        ("wijk", "w1", "g"),
        ("wijk", "w2", "g"),
    ]
    return from_links("geo", links, hidden=("s1/w1", "s1/w2"))


def test_trees_that_cross_come_down_to_their_overlaps() -> None:
    areas = _areas()
    assert set(areas.codes[: areas.published]) == {"s0", "s1", "s2", "w1", "w2", "g"}
    assert set(areas.codes[areas.published :]) == {"s1/w1", "s1/w2"}
    counts = {"s0": 12, "s1": 9, "s2": 20, "w1": 15, "w2": 26, "g": 41, "s1/w1": 3, "s1/w2": 6}
    model, withheld = model_of_cells([areas], [(code,) for code in counts], list(counts.values()))
    assert not withheld.any()
    found = secure(model, demand(model, Rules()))
    shown = {key[0] for key, value in Ledger().after(found).cells.items() if value is not None}
    assert not {"s0", "w1"} <= shown  # w1 - s0 would be the sliver of 3


BAD_TREES = [
    ("a circle", [("t", "a", "b"), ("t", "b", "a")], "DISCLOSURE_CYCLE"),
    ("a code in itself", [("t", "a", "a")], "DISCLOSURE_CYCLE"),
    ("two parents in one tree", [("t", "a", "b"), ("t", "a", "c")], "DISCLOSURE_CODE_TWICE"),
    (
        "zonings without their overlaps",
        [("sector", "s1", "g"), ("sector", "s2", "g"), ("wijk", "w1", "g"), ("wijk", "w2", "g")],
        "DISCLOSURE_ATOMS_MISSING",
    ),
    (
        "a child counted twice",
        [("t", "a", "p"), ("t", "b", "p"), ("u", "a", "q"), ("t", "q", "p")],
        "DISCLOSURE_ATOMS_MISSING",
    ),
]


@pytest.mark.parametrize(
    ("links", "code"), [case[1:] for case in BAD_TREES], ids=[c[0] for c in BAD_TREES]
)
def test_a_hierarchy_that_cannot_add_up_is_refused(
    links: list[tuple[str, str, str]], code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        from_links("geo", links)
    assert refusal.value.code == code


def _tree() -> Dimension:
    return from_links("geo", [("t", code, "all") for code in ("a", "b", "c")])


BAD_CELLS = [
    (
        "a total that is not the sum",
        {"a": 3, "b": 20, "c": 30, "all": 54},
        "DISCLOSURE_NOT_ADDITIVE",
    ),
    ("parts above the total", {"a": None, "b": 20, "c": 30, "all": 40}, "DISCLOSURE_NOT_ADDITIVE"),
    ("a negative count", {"a": -3, "b": 20, "c": 30, "all": 47}, "DISCLOSURE_NEGATIVE"),
    ("a code nobody knows", {"a": 3, "z": 1}, "DISCLOSURE_CODE_UNKNOWN"),
]


@pytest.mark.parametrize(
    ("cells", "code"), [case[1:] for case in BAD_CELLS], ids=[c[0] for c in BAD_CELLS]
)
def test_cells_that_do_not_add_up_are_refused(cells: dict[str, int | None], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        model_of_cells([_tree()], [(key,) for key in cells], list(cells.values()))
    assert refusal.value.code == code


def test_the_same_cell_twice_is_refused() -> None:
    with pytest.raises(Invalid, match="DISCLOSURE_DUPLICATE"):
        model_of_cells([_tree()], [("a",), ("a",)], [3, 3])


def test_an_overlap_without_a_count_is_refused() -> None:
    keys = [(code,) for code in ("s0", "s1", "s2", "w1", "w2", "g")]
    with pytest.raises(Invalid, match="DISCLOSURE_ATOMS_MISSING"):
        model_of_cells([_areas()], keys, [12, 9, 20, 15, 26, 41])


def withheld_closed(
    model_cells: dict[tuple[str, ...], int | None], dimensions: list[Dimension], k: int
) -> Protected:
    """Protect cells of which a source withheld some, as small ones are."""
    keys, counts = list(model_cells), list(model_cells.values())
    model, withheld = model_of_cells(dimensions, keys, counts, least=1)
    asked = demand(model, Rules(k=k))
    return secure(model, replace(asked, primary=withheld))


def test_a_cell_the_source_withheld_is_not_given_back_by_its_total() -> None:
    cells: dict[tuple[str, ...], int | None] = {("a",): None, ("b",): 20, ("c",): 30, ("all",): 57}
    found = withheld_closed(cells, [_tree()], 5)
    assert found.certificate.secondary == 1
    gone = {key for key, value in Ledger().after(found).cells.items() if value is None}
    assert ("a",) in gone
    assert len(gone) == 2


def test_views_of_several_readers_pooled_show_no_more_than_the_one_cube() -> None:
    """Twenty readers with random rows: together they hold at most what was published."""
    table, plan = _city()
    found = protect(table, plan)
    everything = public(found)
    draw = np.random.default_rng(3)
    pooled: dict[tuple[str, ...], int | None] = {}
    for _ in range(20):
        rows = np.flatnonzero(draw.random(everything.num_rows) < 0.4)
        view = everything.take(pa.array(rows))
        keys = zip(view["geo"].to_pylist(), view["kind"].to_pylist(), strict=True)
        pooled.update(zip(keys, view["obs_value"].to_pylist(), strict=True))
    whole = dict(
        zip(
            zip(everything["geo"].to_pylist(), everything["kind"].to_pylist(), strict=True),
            everything["obs_value"].to_pylist(),
            strict=True,
        )
    )
    assert pooled.items() <= whole.items()
    system = attacked(codes_of(table, plan), everything)
    values = inside(found)["value"].to_pylist()
    small = [p for p, r in enumerate(system.row.tolist()) if r >= 0 and values[r] < 5]
    upper = np.zeros(system.size, dtype=np.int64)
    upper[small] = [values[system.row[p]] + 1 for p in small]
    lower = np.where(system.row >= 0, 1, 0)
    assert audit(system, Needs(np.array(small), lower, upper, 2)).below.size == 0
