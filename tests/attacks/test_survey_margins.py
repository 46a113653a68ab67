"""What a reader of margins tries: to work out the answers behind a figure that is hidden."""

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
from tests.support import presses
from tests.support.presses import SECTOR, TOWN

from hanse.dialects.swing.indicators import undescribed
from hanse.dialects.swing.surveys import recognised
from hanse.errors import Invalid
from hanse.node import publish
from hanse.node.publish import Intent
from hanse.policies.disclosure import primary
from hanse.policies.profile import shipped

NAMES = ("x_gt", "x_gn", "x_n")
SMALL, FEW_YES = "11002A", "41002A"
FIGURES = {
    "11002A": (900, 2_400, 61),
    "11002B": (3_100, 8_000, 240),
    "41002A": (3, 4_000, 130),
    "41002B": (1_500, 5_000, 170),
}
"""61 answers where 79 are needed; and 3 who said yes, where 5 are the least that is shown."""

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Every cell that a release shows of them, towns too."""
    folder: Path = tmp_path_factory.mktemp("survey")
    made = recognised([undescribed(each, each) for each in NAMES])
    of = presses.contract(*made, levels=(SECTOR, TOWN), profile="enquete-79")
    lines = [
        (name, SECTOR, area, 2024, figure)
        for area, figures in FIGURES.items()
        for name, figure in zip(NAMES, figures, strict=True)
    ]
    press = presses.press(folder)
    publish.publish(press, presses.draft(lines, of), Intent(), "an")
    assert publish.verified(press, "bevolking").holds
    found: list[Row] = publish.published(press, "bevolking").cells.table.to_pylist()
    return found


def at(rows: list[Row], area: str) -> dict[str, Row]:
    return {row["indicator"]: row for row in rows if row["area"] == area}


@pytest.mark.parametrize("area", [SMALL, FEW_YES])
def test_a_hidden_share_hides_everything_behind_it(rows: list[Row], area: str) -> None:
    for row in at(rows, area).values():
        assert row["obs_status"] == "Q"
        assert [row[name] for name in ("obs_value", "ci_low", "ci_high", "n")] == [None] * 4


def test_no_margin_that_is_shown_gives_an_n_that_is_not(rows: list[Row]) -> None:
    """Solve n out of every share and margin, with every base that is anywhere shown."""
    bases = [row["obs_value"] for row in rows if row["indicator"] == "x_gn" and row["obs_value"]]
    shown = [row for row in rows if row["ci_low"] is not None]
    solved = set()
    for row, base in itertools.product(shown, [*bases, math.inf]):
        share, half = row["obs_value"], (row["ci_high"] - row["ci_low"]) / 2
        if half > 0:
            spread = share * (100 - share) * (row["z"] / half) ** 2
            solved.add(round(spread / (1 + spread / base), 6))
    hidden = {float(FIGURES[area][2]) for area in (SMALL, FEW_YES)}
    assert solved.isdisjoint(hidden)
    allowed = {row["n"] for row in shown}
    exact = {n for n in solved if math.isclose(n, round(n), abs_tol=1e-6)}
    assert exact <= allowed


def test_no_sum_less_its_parts_gives_back_what_is_hidden(rows: list[Row]) -> None:
    for indicator in (*NAMES, "x_p"):
        for town in ("11002", "41002"):
            whole = at(rows, town)[indicator]["obs_value"]
            parts = [at(rows, f"{town}{each}")[indicator]["obs_value"] for each in "AB"]
            assert whole is None or parts.count(None) != 1


def test_the_profile_tightens_a_looser_threshold_of_the_source() -> None:
    made = {each.id: each for each in recognised([undescribed(each, each) for each in NAMES])}
    cells = presses.cells(
        [(name, TOWN, "41002", 2024, figure) for name, figure in
         zip(NAMES, (20_000, 50_000, 60), strict=True)]
    )  # fmt: skip
    judged = primary.protect(cells, list(made.values()), shipped()["enquete-79"])
    assert set(judged.column("state").to_pylist()) == {"suppressed_primary"}


def test_answers_that_nobody_counted_are_not_published() -> None:
    made = recognised([undescribed(each, each) for each in NAMES])
    cells = presses.cells(
        [("x_gt", TOWN, "41002", 2024, 900), ("x_gn", TOWN, "41002", 2024, 9_000)]
    )
    with pytest.raises(Invalid) as raised:
        primary.protect(cells, made, shipped()["enquete-79"])
    assert raised.value.code == "PROFILE_BASIS"
