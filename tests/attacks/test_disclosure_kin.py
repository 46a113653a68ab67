"""Indicators that are sums of others, each in a dataset of its own: what is hidden in one stays so.

Men in one dataset, women in another, everybody in a third; brackets here, their total there. The
attacker knows what every contract says, and that brackets are everybody. He keeps everything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.support import presses, strangers
from tests.support.strangers import DISTRICT, SECTOR, TOWN, Score, Town, pulled

from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator
from hanse.errors import Conflict
from hanse.node.publish import verified
from hanse.policies.attackers import Codes

pytestmark = pytest.mark.anyio

CODES = strangers.codes()[: strangers.SECTORS]
YEAR = "2024"
LEVELS = (SECTOR, DISTRICT, TOWN)
AGES = ("lft_1", "lft_2", "lft_3")
PIECES = {f"{sex}{age}": (sex, age) for sex in ("man", "vrouw") for age in AGES}
INSIDE = {
    "man": frozenset(code for code, (sex, _) in PIECES.items() if sex == "man"),
    "vrouw": frozenset(code for code, (sex, _) in PIECES.items() if sex == "vrouw"),
    "inw": frozenset(PIECES),
    **{age: frozenset(code for code, each in PIECES.items() if each[1] == age) for age in AGES},
}
"""What every indicator counts: sexes and ages, though no dataset shows both at once."""

Key = tuple[str, str]
"""Area (`level:code`), indicator."""
Told = dict[Key, float | None]
Line = tuple[object, ...]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@cache
def people(seed: int = 24) -> Mapping[tuple[str, str], int]:
    """Return the counts by sector and piece; many sectors hold few of some age or sex."""
    draw = np.random.default_rng(seed)
    return {
        (row[0], piece): int(draw.poisson(draw.choice([0.7, 2, 25])))
        for row in CODES
        for piece in PIECES
    }


def truth(counts: Mapping[tuple[str, str], int]) -> dict[Key, int]:
    """Return every count there is, added up here and nowhere else."""
    found: dict[Key, int] = {}
    for sector, district, _, town in CODES:
        areas = (
            f"piece:{sector}",
            f"{SECTOR}:{sector}",
            f"{DISTRICT}:{district}",
            f"{TOWN}:{town}",
        )
        for indicator, inside in INSIDE.items():
            count = sum(counts[sector, piece] for piece in inside)
            for area in areas:
                found[area, indicator] = found.get((area, indicator), 0) + count
    return found


@dataclass(frozen=True)
class Dataset:
    """What one dataset shows: its indicators, the formula of some, and the levels."""

    slug: str
    indicators: tuple[str, ...]
    formulas: tuple[tuple[str, str], ...] = ()
    levels: tuple[str, ...] = LEVELS
    computed: bool = False

    def contract(self) -> Contract:
        said = dict(self.formulas)
        made: list[Indicator] = [
            presses.indicator(each, formula=said.get(each)) for each in self.indicators
        ]
        whole = presses.contract(*made, slug=self.slug, levels=self.levels)
        return replace(whole, profile="standaard-5")

    def lines(self, true: Mapping[Key, int]) -> list[Line]:
        """Return the counts of the finest level as a supplier loads them."""
        finest = self.levels[0]
        loaded = set(self.indicators) - (set(dict(self.formulas)) if self.computed else set())
        return [
            (indicator, finest, area.partition(":")[2], YEAR, count)
            for (area, indicator), count in sorted(true.items())
            if area.startswith(f"{finest}:") and indicator in loaded
        ]


SUM = (("inw", "man+vrouw"),)
MEN, WOMEN = Dataset("mannen", ("man",)), Dataset("vrouwen", ("vrouw",))
ALL = Dataset("inwoners", ("inw",))
SUMMED = Dataset("inwoners", ("inw",), SUM)
TOGETHER = Dataset("sekse", ("man", "vrouw", "inw"), SUM, levels=(DISTRICT, TOWN))
COMPUTED = Dataset("sekse", ("man", "vrouw", "inw"), SUM, computed=True)
LESS = Dataset("vrouwen", ("vrouw",), (("vrouw", "inw-man"),))
BRACKETS = Dataset("leeftijden", AGES)
BOTH = Dataset("klassen", (*AGES, "inw"), levels=(DISTRICT, TOWN))
SETS: dict[str, Sequence[Dataset]] = {
    "men, women, then their sum": (MEN, WOMEN, SUMMED),
    "the sum, then men, then women": (SUMMED, MEN, WOMEN),
    "a contract of larger areas says it": (TOGETHER, ALL, MEN, WOMEN),
    "a difference": (ALL, MEN, LESS),
    "a total, then its parts that give it by formula": (ALL, COMPUTED),
    "parts that give their total by formula, then that": (COMPUTED, ALL),
    "brackets that a release was closed with": (BOTH, ALL, BRACKETS),
    "brackets, then their total": (BRACKETS, ALL),
    "a total, then its brackets": (ALL, BRACKETS),
    "sexes and brackets of one total": (BRACKETS, SUMMED, MEN, WOMEN),
    "brackets, a total, then sexes": (BRACKETS, ALL, TOGETHER, MEN, WOMEN),
}


TOLD = [("vrouwen", "PUBLISH_TOLD")]
REFUSED: Mapping[str, Sequence[tuple[str, str]]] = {
    "the sum, then men, then women": TOLD,
    "a contract of larger areas says it": TOLD,
    "a difference": TOLD,
    "sexes and brackets of one total": TOLD,
    "brackets, a total, then sexes": [
        ("mannen", "PUBLISH_LEDGER"),
        ("vrouwen", "PUBLISH_LEDGER"),
    ],
}
"""What cannot be published any more: whoever holds everybody and the men knows the women."""


async def told_by(town: Town, *datasets: Dataset) -> Told:
    """Return what somebody was told by all of these, a number never forgotten."""
    found: Told = {}
    async with town.client() as client:
        for each in datasets:
            for row in (await pulled(client, slug=each.slug)).to_pylist():
                key = (f"{row['level']}:{row['area']}", row["indicator"])
                value = row["obs_value"]
                found[key] = found.get(key) if value is None else value
    return found


def score(told: Told, true: Mapping[Key, int]) -> Score:
    """Attack with everything that was told; the true counts are for scoring only."""
    where = strangers.Map(LEVELS, tuple((row[0], row[1], row[3]) for row in CODES))
    codes = (where.codes(), Codes("indicator", INSIDE))
    return strangers.attacked(codes, told, true)


@pytest.mark.parametrize("name", SETS)
async def test_datasets_whose_indicators_are_sums_give_no_small_count_away(
    tmp_path: Path, name: str
) -> None:
    true = truth(people())
    town = strangers.town(tmp_path / "node")
    out, refused = [], []
    for each in SETS[name]:
        try:
            town.publish(each.contract(), each.lines(true))
            out.append(each)
        except Conflict as fault:
            refused.append((each.slug, fault.code))
    held = score(await told_by(town, *out), true)
    proven = [verified(town.press, each.slug) for each in out]
    town.close()
    assert refused == REFUSED.get(name, [])
    assert held.small > 1
    assert (held.exact, held.near) == (0, 0)
    assert all(each.holds for each in proven)


async def test_nodes_that_know_nothing_of_each_other_give_counts_away(tmp_path: Path) -> None:
    """So the attack bites."""
    true = truth(people())
    alone: dict[str, Told] = {}
    for each in (MEN, WOMEN, ALL, BRACKETS):
        town = strangers.town(tmp_path / each.slug)
        town.publish(each.contract(), each.lines(true))
        alone[each.slug] = await told_by(town, each)
        town.close()
    for pair in ((MEN, WOMEN, ALL), (BRACKETS, ALL)):
        told: Told = {}
        for each in pair:
            told |= {key: v for key, v in alone[each.slug].items() if told.get(key) is None}
        assert score(told, true).exact > 0
