"""Who reads a survey adds and subtracts: hidden districts, those who said no, answers.

He knows which districts make up the city, that whoever did not say yes said no, and the answers of
a question. Beside every release stands one as it would be without the rule under attack.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.support import presses, samples, strangers
from tests.support.samples import CITY, Shown
from tests.support.strangers import DISTRICT, SECTOR, TOWN, ZONE

from hanse.dialects.swing.indicators import undescribed
from hanse.dialects.swing.surveys import recognised
from hanse.node import publish
from hanse.node.publish import Intent
from hanse.policies.attackers.samples import Riddle

LEAST, SMALL, WIDTH = 79, 5, 2
MANY = {"A": 240, "B": 192, "C": 131, "D": 145}


def riddle(shown: Shown, *indicators: str) -> Riddle:
    """Return what somebody knows who reads a release: what adds up, and what is shown."""
    found = Riddle()
    for indicator in indicators:
        areas = sorted(area for name, area in shown if name == indicator and area != CITY)
        found.told({(indicator, CITY): 1, **{(indicator, area): -1 for area in areas}}, 0)
        for (name, area), value in shown.items():
            if name == indicator and value is not None:
                found.told({(name, area): 1}, value)
    return found


def with_rests(shown: Shown, question: str) -> Riddle:
    """Return the same of a question, with those who did not say yes."""
    yes, base = f"{question}_gt", f"{question}_gn"
    found = riddle(shown, yes, base)
    for name, area in shown:
        if name == yes:
            found.told({(base, area): 1, (yes, area): -1, ("rest", area): -1}, 0)
    return found


def planted(shown: Shown, opened: Mapping[tuple[str, str], float]) -> Shown:
    """Return a release in which some figures stay shown."""
    return {**shown, **opened}


def too_few(shown: Shown) -> Iterator[float]:
    """Yield every number of respondents that follows and is that of a small group."""
    hidden = sorted(key for key, value in shown.items() if key[0] == "x_n" and value is None)
    for respondents in riddle(shown, "x_n").groups(hidden).values():
        if 0.5 < respondents < LEAST:
            yield respondents


def test_no_hidden_respondents_are_a_small_group_together(tmp_path: Path) -> None:
    few = {"A": 240, "B": 92, "C": 31, "D": 45}
    figures = {"x": {area: (n * 11, n * 28, n) for area, n in few.items()}}
    told = samples.told(tmp_path, figures)
    assert not list(too_few(told.shown))
    one_by_one = planted(told.shown, {("x_n", "B"): 92})
    assert list(too_few(one_by_one)) == [pytest.approx(76)]


@pytest.mark.parametrize("decimals", [0.0, 0.14])
def test_the_three_who_did_not_say_yes_are_not_worked_out(tmp_path: Path, decimals: float) -> None:
    figures = {
        "x": {
            area: (n * 28 - (3 if area == "B" else 900), round(n * 28 + decimals, 2), n)
            for area, n in MANY.items()
        }
    }
    told = samples.told(tmp_path, figures)
    low, high = with_rests(told.shown, "x").bounds(("rest", "B"))
    assert high - low >= WIDTH
    assert high >= 3 + decimals + 1
    partners = {
        (f"x_{end}", area): figures["x"][area][at]
        for at, end in enumerate(("gt", "gn"))
        for area in "BC"
    }
    low, high = with_rests(planted(told.shown, partners), "x").bounds(("rest", "B"))
    assert low == pytest.approx(high) == pytest.approx(3 + decimals)  # only the share is hidden
    partner = {key: value for key, value in partners.items() if key[1] == "C"}
    low, high = with_rests(planted(told.shown, partner), "x").bounds(("rest", "B"))
    assert low == pytest.approx(high)  # hidden alone, the city gives it back


def answered(shown: Shown) -> Riddle:
    """Return what is known of three answers of one question."""
    names = [f"q{number}_{end}" for number in (1, 2, 3) for end in ("gt", "gn")]
    found = riddle(shown, *names)
    for area in (CITY, *MANY):
        found.told({("q1_gn", area): 1, **{(f"q{n}_gt", area): -1 for n in (1, 2, 3)}}, 0)
        for number in (2, 3):
            found.told({("q1_gn", area): 1, (f"q{number}_gn", area): -1}, 0)
    return found


@pytest.mark.parametrize("decimals", [0.0, 0.25])
def test_the_answers_of_one_question_do_not_tell_the_hidden_one(
    tmp_path: Path, decimals: float
) -> None:
    figures: dict[str, dict[str, tuple[float, ...]]] = {"q1": {}, "q2": {}, "q3": {}}
    for area, n in MANY.items():
        parts = (3 + decimals, 1_000) if area == "B" else (500, 800)
        rest = round(n * 28 + decimals - sum(parts), 2)
        for question, part in zip(figures, (*parts, rest), strict=True):
            figures[question][area] = (part, n * 28 + decimals, n)
    told = samples.told(tmp_path, figures)
    low, high = answered(told.shown).bounds(("q1_gt", "B"))
    assert high - low >= WIDTH
    assert high >= 3 + decimals + 1
    others = {(f"q2_{end}", area): figures["q2"][area][at]
              for at, end in enumerate(("gt", "gn")) for area in MANY}  # fmt: skip
    low, high = answered(planted(told.shown, others)).bounds(("q1_gt", "B"))
    assert low == pytest.approx(high) == pytest.approx(3 + decimals)


def test_a_weighted_count_keeps_its_room_beside_the_city(tmp_path: Path) -> None:
    figures = {
        "x": {area: (round(n * 11.23, 2), round(n * 28.37, 2), n)
              for area, n in {**MANY, "C": 31}.items()}
    }  # fmt: skip
    told = samples.told(tmp_path, figures)
    for at, end in enumerate(("gt", "gn")):
        assert told.shown[f"x_{end}", CITY] is not None
        low, high = riddle(told.shown, f"x_{end}").bounds((f"x_{end}", "C"))
        assert high - low >= WIDTH
        assert high >= figures["x"]["C"][at] + 1
        partner = planted(told.shown, {(f"x_{end}", "D"): figures["x"]["D"][at]})
        low, high = riddle(partner, f"x_{end}").bounds((f"x_{end}", "C"))
        assert low == pytest.approx(high) == pytest.approx(figures["x"]["C"][at])


def crossing(home: Path) -> tuple[Shown, Mapping[str, int]]:
    """Publish a survey by districts and by school zones that cross them; return the truth too."""
    draw = np.random.default_rng(3)
    rows = strangers.codes()
    respondents = {row[0]: int(draw.choice([4, 12, 30, 60, 140])) for row in rows}
    made = recognised([undescribed(name, name) for name in ("x_gt", "x_gn", "x_n")])
    of = presses.contract(*made, levels=(DISTRICT, ZONE, TOWN), profile="enquete-79")
    lines = [
        (name, SECTOR, sector, 2024, n * times)
        for sector, n in respondents.items()
        for name, times in (("x_gt", 9), ("x_gn", 28), ("x_n", 1))
    ]
    press = replace(presses.press(home), registry=strangers.atlas().registry())
    publish.publish(press, presses.draft(lines, of), Intent(), "an")
    assert publish.verified(press, "bevolking").holds
    cells = publish.published(press, "bevolking").cells.table.to_pylist()
    press.engine.dispose()
    shown = {(row["indicator"], f"{row['level']}:{row['area']}"): row["obs_value"] for row in cells}
    return shown, respondents


def groups_of_sectors(shown: Shown, town: str) -> Mapping[frozenset[str], float]:
    """Return every group of sectors of a town of which the respondents follow."""
    pieces, known = strangers.atlas().codes().pieces, Riddle()
    for (name, area), value in shown.items():
        if name == "x_n" and value is not None and area.partition(":")[2].startswith(town):
            known.told(dict.fromkeys(sorted(pieces[area]), 1), value)
    sectors = [row[0] for row in strangers.codes() if row[3] == town]
    found = known.groups([each for each in sectors if each in known.names])
    return {frozenset(str(each) for each in group): count for group, count in found.items()}


def test_districts_less_school_zones_are_no_small_group_either(tmp_path: Path) -> None:
    shown, respondents = crossing(tmp_path)
    pieces = strangers.atlas().codes().pieces
    true = {
        area: sum(respondents[each] for each in held)
        for area, held in pieces.items()
        if area.startswith((DISTRICT, ZONE, TOWN))
    }
    one_by_one = planted(shown, {("x_n", area): n for area, n in true.items() if n >= LEAST})
    small = 0
    for town in strangers.TOWNS:
        groups = groups_of_sectors(shown, town)
        assert len(groups) > 5
        for group, count in groups.items():
            assert count == pytest.approx(sum(respondents[each] for each in group))
            assert count >= LEAST
        small += sum(0.5 < n < LEAST for n in groups_of_sectors(one_by_one, town).values())
    assert small > 0
