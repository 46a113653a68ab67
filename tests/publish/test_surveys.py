"""What a survey gives back beside its hidden figures: small groups, those who said no, answers."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import presses, samples
from tests.support.presses import SECTOR, TOWN
from tests.support.samples import CITY

from hanse.node import protection, publish, shielding
from hanse.node.ledger import Held
from hanse.node.publish import Intent
from hanse.policies.profile import shipped

PROFILE = shipped()["enquete-79"]
FEW = {"A": 240, "B": 92, "C": 31, "D": 45}
MANY = {"A": 240, "B": 192, "C": 131, "D": 145}


def weighted(respondents: dict[str, int], decimals: float = 0.0) -> dict[str, tuple[float, ...]]:
    """Return answers of which four in ten say yes, each for 28 people."""
    return {
        area: (round(n * 11.2 + decimals) if not decimals else round(n * 11.2 + decimals, 2),
               round(n * 28 + decimals / 3, 2), n)
        for area, n in respondents.items()
    }  # fmt: skip


def test_hidden_respondents_of_one_total_are_together_as_many_as_the_profile_says(
    tmp_path: Path,
) -> None:
    told = samples.told(tmp_path, {"x": weighted(FEW)})
    for end in ("gt", "gn", "n", "p"):
        assert told.hidden(f"x_{end}") == {"B", "C", "D"}  # 31 and 45 are 76, so 92 goes too
    assert told.shown["x_n", CITY] == 408
    assert told.verified.holds


def test_two_hidden_districts_that_are_enough_together_take_no_third_along(tmp_path: Path) -> None:
    told = samples.told(tmp_path, {"x": weighted({"A": 240, "B": 92, "C": 38, "D": 45})})
    assert told.hidden("x_p") == {"C", "D"}


def test_those_who_live_in_no_district_are_a_group_too(tmp_path: Path) -> None:
    figures = {CITY: (4_000, 11_424, 408), "A": (2_400, 6_720, 240), "B": (1_500, 4_480, 160)}
    told = samples.told(tmp_path, {"x": figures})
    assert told.hidden("x_n") == {"B"}  # 408 less 240 and 160 would be eight people


def test_the_report_counts_what_is_hidden_for_too_few_together_under_its_own_rule() -> None:
    figures = {"x": weighted(FEW)}
    draft = presses.draft(samples.lines(figures), samples.contract(figures))
    areas = samples.registry(sorted(FEW))
    found = shielding.shield(draft, PROFILE, areas, Held({}, {}))
    account = protection.account(protection.Work(draft.contract, PROFILE, areas, found))
    rules = {row["cell"]: row["rule"] for row in account.to_pylist()}
    few = {cell for cell, rule in rules.items() if rule == "together"}
    assert few == {f"x_{end} · B · 2024" for end in ("gt", "gn", "n")}


@pytest.mark.parametrize("decimals", [0.37, 0.123_456])
def test_weighted_counts_with_decimals_keep_the_total_of_the_city(
    tmp_path: Path, decimals: float
) -> None:
    told = samples.told(tmp_path, {"x": weighted({**MANY, "C": 31}, decimals)})
    for end in ("gt", "gn", "n", "p"):
        assert told.hidden(f"x_{end}") == {"C", "D"}
        assert told.shown[f"x_{end}", CITY] is not None
    assert told.verified.holds
    assert told.verified.witnessed > 0


def test_totals_that_are_off_by_the_rounding_of_their_parts_are_closed_too(tmp_path: Path) -> None:
    parts = weighted({**MANY, "C": 31}, 0.37)
    city = [round(sum(each[at] for each in parts.values()), 2) for at in range(3)]
    told = samples.told(tmp_path, {"x": {**parts, CITY: (city[0] - 0.02, city[1] + 0.01, city[2])}})
    assert told.hidden("x_gt") == told.hidden("x_gn") == {"C", "D"}
    assert told.verified.holds


@pytest.mark.parametrize("decimals", [0.0, 0.14])
def test_where_all_but_three_said_yes_nobody_reads_that_three_did_not(
    tmp_path: Path, decimals: float
) -> None:
    figures = {
        area: (n * 28 - (3 if area == "B" else 900), n * 28 + decimals, n)
        for area, n in MANY.items()
    }
    told = samples.told(tmp_path, {"x": figures})
    assert told.hidden("x_p") == told.hidden("x_gt") == told.hidden("x_gn") == {"B", "C"}
    assert told.shown["x_p", CITY] is not None
    assert told.verified.holds


def test_a_release_that_is_closed_twice_hides_no_more_for_what_shares_leave(tmp_path: Path) -> None:
    """Numerator and base of the other question choose other partners, so all is closed again."""
    figures = {
        "x": {area: (n * 28 - (3 if area == "B" else 900), n * 28, n) for area, n in MANY.items()},
        "y": {area: ({"A": 3, "D": 300}.get(area, n * 20), n * 27, n + 1)
              for area, n in MANY.items()},
    }  # fmt: skip
    told = samples.told(tmp_path, figures)
    assert told.hidden("x_gt") == told.hidden("x_gn") == {"B", "C"}
    assert told.hidden("y_gt") == told.hidden("y_gn") == {"A", "C", "D"}


@pytest.mark.parametrize(
    ("weighted_yes", "yes", "hidden"), [(4.5, 96, True), (1_900, 4, True), (0, 0, False)]
)
def test_fewer_than_five_who_said_so_are_hidden_weighted_or_counted_and_nobody_is_shown(
    tmp_path: Path, weighted_yes: float, yes: float, hidden: bool
) -> None:
    figures = {
        area: (weighted_yes, n * 28, n, yes) if area == "B" else (n * 20, n * 28, n, n // 2)
        for area, n in MANY.items()
    }
    told = samples.told(tmp_path, {"x": figures})
    assert ("B" in told.hidden("x_p")) is hidden
    assert told.verified.holds


def test_respondents_who_said_no_are_counted_where_a_producer_counts_them(tmp_path: Path) -> None:
    figures = {
        area: (n * 20, n * 28, n, n - 2 if area == "B" else n // 2) for area, n in MANY.items()
    }
    told = samples.told(tmp_path, {"x": figures})
    assert "B" in told.hidden("x_p")
    assert len(told.hidden("x_t")) > 1


def answers(decimals: float = 0.0) -> samples.Figures:
    """Return the answers of one question, each with the base and the respondents of all."""
    found: dict[str, dict[str, tuple[float, ...]]] = {"q1": {}, "q2": {}, "q3": {}}
    for area, n in MANY.items():
        base = n * 28 + decimals
        parts = (3 + decimals, 1_000) if area == "B" else (500, 800 + decimals)
        for question, part in zip(found, (*parts, round(base - sum(parts), 2)), strict=True):
            found[question][area] = (part, base, n)
    return found


@pytest.mark.parametrize("decimals", [0.0, 0.25])
def test_one_answer_is_not_the_base_less_the_others(tmp_path: Path, decimals: float) -> None:
    told = samples.told(tmp_path, answers(decimals))
    gone = [question for question in ("q1", "q2", "q3") if "B" in told.hidden(f"{question}_gt")]
    assert gone == ["q1", "q2"]
    assert not told.hidden("q1_gn")  # the base of all answers tells nothing of one
    assert not told.hidden("q3_p")
    assert told.verified.holds


def test_answers_that_leave_few_over_each_are_closed_though_they_share_a_base(
    tmp_path: Path,
) -> None:
    """Several answers may be given: they are no parts of the base together."""
    figures = {
        question: {area: (n * 28 - 3 if (question, area) == ("q1", "B") else n * times, n * 28, n)
                   for area, n in MANY.items()}
        for question, times in (("q1", 5), ("q2", 9), ("q3", 12))
    }  # fmt: skip
    told = samples.told(tmp_path, figures)
    assert told.hidden("q1_gt") == {"B", "C"}
    assert not told.hidden("q2_gt") | told.hidden("q3_gt") | told.hidden("q1_gn")
    assert told.verified.holds


def test_respondents_of_several_figures_are_hidden_where_they_are_too_few(tmp_path: Path) -> None:
    figures = {question: weighted({**MANY, "C": 31}) for question in ("q1", "q2")}
    told = samples.told(tmp_path, figures)
    for end in ("gt", "gn", "n", "p"):
        assert told.hidden(f"q1_{end}") == told.hidden(f"q2_{end}") == {"C", "D"}


def test_what_several_figures_share_goes_with_the_respondents_of_a_group(tmp_path: Path) -> None:
    figures: dict[str, dict[str, tuple[float, ...]]] = {"q1": {}, "q2": {}, "q3": {}}
    for area, n in FEW.items():
        for question, times in zip(figures, (7, 9, 12), strict=True):
            figures[question][area] = (n * times, n * 28, n)
    told = samples.told(tmp_path, figures)
    for question in figures:
        for end in ("gt", "gn", "n", "p"):
            assert told.hidden(f"{question}_{end}") == {"B", "C", "D"}
    assert told.verified.holds


@pytest.mark.parametrize(("zero", "gone"), [(True, False), (False, True)])
def test_everybody_said_yes_is_told_where_zeros_are(tmp_path: Path, zero: bool, gone: bool) -> None:
    figures = {area: (n * (28 if area == "B" else 20), n * 28, n) for area, n in MANY.items()}
    profile = replace(PROFILE, name="eigen", zero_shown=zero)
    told = samples.told(tmp_path, {"x": figures}, profile)
    assert ("B" in told.hidden("x_p")) is gone


REGISTER = replace(shipped()["standaard-5"], name="streng", rest_hidden=True)


@pytest.mark.parametrize("strict", [True, False])
def test_a_register_hides_what_a_share_leaves_over_where_the_profile_says_so(
    tmp_path: Path, strict: bool
) -> None:
    profile = REGISTER if strict else replace(REGISTER, rest_hidden=False)
    share = presses.ratio("pct", "man", "inw", formula="man/inw*100")
    of = presses.contract(
        presses.indicator("man"), presses.indicator("inw"), share,
        levels=(SECTOR, TOWN), profile="streng",
    )  # fmt: skip
    counts = {"A": (397, 400), "B": (90, 200), "C": (80, 190), "D": (300, 700)}
    lines = [
        (name, SECTOR, area, 2024, value)
        for area, pair in counts.items()
        for name, value in zip(("man", "inw"), pair, strict=True)
    ]
    areas = samples.registry(sorted(counts))
    press = presses.press(tmp_path, registry=areas, own_profiles={"streng": profile})
    publish.publish(press, presses.draft(lines, of), Intent(), "an")
    assert publish.verified(press, "bevolking").holds
    cells = publish.published(press, "bevolking").cells.table.to_pylist()
    shown = {(row["indicator"], row["area"]): row["obs_value"] for row in cells}
    assert (shown["pct", "A"] is None) is strict
    hidden = [area for area in counts if None in (shown["man", area], shown["inw", area])]
    assert (len(hidden) > 1) is strict
    assert shown["pct", CITY] == pytest.approx(100 * 867 / 1_490)
