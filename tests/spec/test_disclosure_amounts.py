"""Amounts and telling rows: what is sensitive though it is large, and how far from known."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.support.disclosure import attacked, codes_of

from hanse.errors import Invalid
from hanse.policies.attackers import Needs, audit
from hanse.policies.disclosure import (
    Plan,
    Sensitivity,
    by_level,
    costliest,
    inside,
    protect,
    protect_amounts,
    public,
    what_if,
)
from hanse.policies.disclosure.magnitude import Dominance, sensitive, shares_of
from hanse.policies.disclosure.plan import R2, Axis, Homogeneity, Rules
from hanse.policies.disclosure.table import model_of

ALONE = Plan((Axis("s", ("s",), None),), "v")
NEUTRAL = Sensitivity(dominance=(), p_percent=0, contributors_min=0)

RULES = [
    # contributions of one cell, rules, sensitive?, protection level
    ((100, 10, 10), Sensitivity((Dominance(1, 75),), 0, 0), True, 14),  # 100/0.75 - 120
    ((60, 30, 30), Sensitivity((Dominance(1, 75),), 0, 0), False, None),
    ((60, 50, 5), Sensitivity((Dominance(2, 85),), 0, 0), True, 15),  # 110/0.85 - 115
    ((100, 50, 5), Sensitivity((), 10, 0), True, 5),  # 10 - 5
    ((100, 50, 15), Sensitivity((), 10, 0), False, None),
    ((50, 50), Sensitivity((), 0, 3), True, 1),
    ((40, 40, 40), Sensitivity((), 0, 3), False, None),
    ((0, 0), Sensitivity(), False, None),
    ((500,), NEUTRAL, False, None),
]


@pytest.mark.parametrize(("amounts", "rules", "is_sensitive", "level"), RULES)
def test_a_total_is_sensitive_when_a_rule_says_so(
    amounts: tuple[int, ...], rules: Sensitivity, is_sensitive: bool, level: int | None
) -> None:
    names = [f"firm{number}" for number in range(len(amounts))]
    table = pa.table({"s": ["a"] * len(amounts), "who": names, "v": list(amounts)})
    model = model_of(pa.table({"s": ["a"], "v": [sum(amounts)]}), ALONE)
    deepest = max([2, *(rule.n for rule in rules.dominance)])
    primary, levels = sensitive(model, shares_of(table, ALONE, model, "who", deepest), rules)
    assert bool(primary[0]) is is_sensitive
    if level is not None:
        assert int(levels[0]) == level


def _firms() -> tuple[pa.Table, Plan]:
    draw = np.random.default_rng(11)
    rows = []
    for region in "abcd":
        for branch in "xyz":
            for number in range(int(draw.integers(2, 9))):
                size = int(draw.lognormal(4, 1.3)) + 1
                rows.append((region, branch, f"{region}{branch}{number}", size))
    rows.append(("a", "x", "ax0", 900))  # a firm with a second, dominant entry
    names = ("region", "branch", "who", "v")
    columns = [list(column) for column in zip(*rows, strict=True)]
    plan = Plan((Axis("region", ("region",)), Axis("branch", ("branch",))), "v")
    return pa.table(dict(zip(names, columns, strict=True))), plan


def test_a_sensitive_amount_stays_as_far_from_the_truth_as_its_protection_level() -> None:
    table, plan = _firms()
    rules = Sensitivity()
    found = protect_amounts(table, plan, "who", rules)
    assert found.certificate.failed == 0
    assert found.certificate.primary > 0
    system = attacked(codes_of(table, plan), public(found))
    model = found.model
    _, levels = sensitive(model, shares_of(table, plan, model, "who", 2), rules)
    cells = np.flatnonzero(model.published)
    primary = [p for p, row in enumerate(system.row.tolist()) if found.primary[cells[row]]]
    true = model.values[cells[system.row]]
    level = levels[cells[system.row]]
    needs = Needs(np.array(primary), np.zeros(system.size, dtype=np.int64), true + 10**7, 10**8)
    verdict = audit(system, needs)  # nothing is enough: exact bounds of all
    for place in primary:
        assert verdict.high[place] >= true[place] + level[place] - 1e-6
        assert verdict.low[place] <= max(true[place] - level[place], 0) + 1e-6


def test_entries_of_one_contributor_count_as_one() -> None:
    table, plan = _firms()
    sums = table.group_by(["region", "branch"]).aggregate([("v", "sum")])
    model = model_of(sums.rename_columns(["region", "branch", "v"]), plan)
    together = shares_of(table, plan, model, "who", 2)
    firm = [row["v"] for row in table.to_pylist() if row["who"] == "ax0"]
    assert len(firm) == 2
    assert int(together.largest[1].max()) >= sum(firm)


def test_a_negative_amount_is_refused() -> None:
    table = pa.table({"s": ["a", "a"], "who": ["p", "q"], "v": [5, -1]})
    with pytest.raises(Invalid, match="DISCLOSURE_NEGATIVE"):
        protect_amounts(table, ALONE, "who", Sensitivity())


def test_a_missing_contributor_column_is_refused() -> None:
    table = pa.table({"s": ["a"], "v": [5]})
    with pytest.raises(Invalid, match="DISCLOSURE_COLUMN"):
        protect_amounts(table, ALONE, "who", Sensitivity())


TELLING = [
    # a row of counts, percent, least total, is it telling?
    ((12, 0, 0), 90, 10, True),
    ((27, 2, 1), 90, 10, True),
    ((26, 3, 1), 90, 10, False),
    ((9, 0, 0), 90, 10, False),
    ((60, 40, 0), 60, 10, True),
]


@pytest.mark.parametrize(("row", "percent", "total_min", "is_telling"), TELLING)
def test_a_row_with_nearly_everybody_in_one_category_is_not_told(
    row: tuple[int, ...], percent: int, total_min: int, is_telling: bool
) -> None:
    rule = Homogeneity("origin", percent, total_min)
    counts = [row, (20, 31, 17), (44, 12, 25), (18, 22, 30)]
    rows = [(f"s{s}", f"o{o}", n) for s, line in enumerate(counts) for o, n in enumerate(line)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.table(dict(zip(("s", "origin", "freq"), columns, strict=True)))
    rules = Rules(k=2, homogeneity=(rule,))
    plan = Plan((Axis("s", ("s",)), Axis("origin", ("origin",))), rules=rules)
    found = protect(table, plan)
    assert found.certificate.failed == 0
    marks = {(r["s"], r["origin"]): r["conf_status"] for r in inside(found).to_pylist()}
    assert (marks[("s0", "o0")] == "A") is is_telling
    if not is_telling:
        return
    system = attacked(codes_of(table, plan), public(found))
    place = system.keys.index(("s0", "o0"))
    nothing = np.zeros(system.size, dtype=np.int64)
    verdict = audit(system, Needs(np.array([place]), nothing, nothing + 10**7, 10**8))
    assert 100 * verdict.low[place] < percent * sum(row)


def test_a_rule_about_a_dimension_that_has_no_total_is_refused() -> None:
    table, plan = _counts()
    rules = Rules(homogeneity=(Homogeneity("colour"),))
    with pytest.raises(Invalid, match="DISCLOSURE_PLAN"):
        protect(table, replace(plan, rules=rules))


def _counts() -> tuple[pa.Table, Plan]:
    draw = np.random.default_rng(4)
    rows = [(f"r{r}", f"k{k}", int(draw.integers(0, 40))) for r in range(6) for k in range(4)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.table(dict(zip(("r", "k", "freq"), columns, strict=True)))
    return table, Plan((Axis("r", ("r",)), Axis("k", ("k",))))


def test_the_report_says_per_level_what_is_hidden_and_what_it_costs() -> None:
    table, plan = _counts()
    found = protect(table, plan)
    rows = by_level(found).to_pylist()
    certificate = found.certificate
    assert sum(row["cells"] for row in rows) == certificate.published
    assert sum(row["primary"] for row in rows) == certificate.primary
    assert sum(row["secondary"] for row in rows) == certificate.secondary
    dearest = costliest(found, 3).to_pylist()
    hidden = [row["value"] for row in inside(found).to_pylist() if row["conf_status"] == "D"]
    assert [row["value"] for row in dearest] == sorted(hidden, reverse=True)[:3]
    assert max(row["largest_secondary"] for row in rows) == dearest[0]["value"]


def test_what_if_shows_other_rules_side_by_side() -> None:
    table, plan = _counts()
    rows = what_if(table, plan, [Rules(k=10), Rules(require=R2)]).to_pylist()
    assert [row["k"] for row in rows] == [5, 10, 5]
    assert rows[1]["primary"] > rows[0]["primary"]
