"""One indicator in several datasets, each with another breakdown: what is hidden in one stays so.

By age in one dataset, by sex in another, both with the totals of the areas: a total that one hides
for the sake of an age is men plus women in the other. The attacker keeps everything, of everybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.support import presses, strangers
from tests.support.strangers import DISTRICT, SECTOR, TOWN, Score, Town, pulled

from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.cube.contract import Contract
from hanse.cube.indicator import Aggregation
from hanse.errors import Conflict
from hanse.node.publish import verified
from hanse.policies.attackers import Codes
from hanse.policies.profile import Profile

pytestmark = pytest.mark.anyio

CODES = strangers.codes()[: strangers.SECTORS]
AGES, SEXES = ("0-17", "18-64", "65+"), ("F", "M")
YEAR = "2024"
Line = tuple[object, ...]
Key = tuple[str, str, str]
"""Area (`level:code`), age, sex."""


def breakdown(name: str, codes: Sequence[str]) -> Dimension:
    return Dimension(name, Codelist(f"CL_{name}", tuple(Code(each, {}) for each in codes)))


AGE, SEX = breakdown("AGE", AGES), breakdown("SEX", SEXES)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@cache
def people(seed: int = 3) -> Mapping[tuple[str, str, str], int]:
    """Return the counts by sector, age and sex; many sectors hold few of some age."""
    draw = np.random.default_rng(seed)
    return {
        (row[0], age, sex): int(draw.poisson(draw.choice([1, 4, 25])))
        for row in CODES
        for age in AGES
        for sex in SEXES
    }


def truth(counts: Mapping[tuple[str, str, str], int]) -> dict[Key, int]:
    """Return every count there is, added up here and nowhere else."""
    found: dict[Key, int] = {}
    for sector, district, _, town in CODES:
        areas = (
            f"piece:{sector}",
            f"{SECTOR}:{sector}",
            f"{DISTRICT}:{district}",
            f"{TOWN}:{town}",
        )
        for age in AGES:
            for sex in SEXES:
                for area in areas:
                    for key in ((area, a, s) for a in (age, "_T") for s in (sex, "_T")):
                        found[key] = found.get(key, 0) + counts[sector, age, sex]
    return found


@dataclass(frozen=True)
class Dataset:
    """What one dataset of the indicator shows: its breakdowns, and with which totals."""

    slug: str
    dimensions: tuple[Dimension, ...]
    totals: bool = True
    ages: tuple[str, ...] = (*AGES, "_T")
    levels: tuple[str, ...] = (SECTOR, DISTRICT, TOWN)
    population: str = ""

    def contract(self) -> Contract:
        made = presses.contract(
            presses.indicator("inw", population=self.population),
            slug=self.slug,
            levels=self.levels,
            dimensions=self.dimensions,
        )
        return replace(made, profile="standaard-5")

    def lines(self, true: Mapping[Key, int]) -> list[Line]:
        """Return the counts of the sectors as a supplier loads them."""
        own = {each.id for each in self.dimensions}
        found: list[Line] = []
        for (area, age, sex), count in sorted(true.items()):
            level, _, code = area.partition(":")
            told = {"AGE": age, "SEX": sex}
            other = [value for name, value in told.items() if name not in own]
            mine = [told[each.id] for each in self.dimensions]
            if level != SECTOR or age not in self.ages or any(each != "_T" for each in other):
                continue
            if self.totals or not mine or "_T" not in mine:
                found.append(("inw", level, code, YEAR, *mine, count))
        return found


BY_AGE, BY_SEX = Dataset("leeftijd", (AGE,)), Dataset("geslacht", (SEX,))
TOTALS = Dataset("inwoners", ())
SEXES_ALONE = Dataset("geslacht", (SEX,), totals=False)
YOUNG = Dataset("jongeren", (AGE,), ages=("0-17", "_T"))
GROWN = Dataset("volwassenen", (AGE,), ages=("18-64", "65+"))
CROSSED = Dataset("kruising", (AGE, SEX), levels=(DISTRICT, TOWN))
SETS = {
    "sexes, total": (SEXES_ALONE, TOTALS),
    "ages, sexes": (BY_AGE, SEXES_ALONE),
    "sexes, ages": (SEXES_ALONE, BY_AGE),
    "young, grown": (YOUNG, GROWN),
    "crossed, ages, both": (CROSSED, BY_AGE, BY_SEX),
    "crossed, total, grown, sexes": (CROSSED, TOTALS, GROWN, SEXES_ALONE),
}


Told = dict[Key, float | None]


async def told_by(town: Town, *datasets: Dataset) -> Told:
    """Return what somebody was told by all of these, a number never forgotten."""
    found: Told = {}
    async with town.client() as client:
        for each in datasets:
            for row in (await pulled(client, slug=each.slug)).to_pylist():
                key = (
                    f"{row['level']}:{row['area']}",
                    row.get("AGE") or "_T",
                    row.get("SEX") or "_T",
                )
                value = row["obs_value"]
                found[key] = found.get(key) if value is None else value
    return found


def score(told: Told, true: Mapping[Key, int]) -> Score:
    """Attack with everything that was told; the true counts are for scoring only."""
    where = strangers.Map(
        (SECTOR, DISTRICT, TOWN), tuple((row[0], row[1], row[3]) for row in CODES)
    )
    codes = (
        where.codes(),
        Codes("AGE", {**{age: frozenset([age]) for age in AGES}, "_T": frozenset(AGES)}),
        Codes("SEX", {**{sex: frozenset([sex]) for sex in SEXES}, "_T": frozenset(SEXES)}),
    )
    return strangers.attacked(codes, told, true)


def published(folder: Path, *datasets: Dataset, true: Mapping[Key, int]) -> Town:
    town = strangers.town(folder)
    for each in datasets:
        town.publish(each.contract(), each.lines(true))
    return town


@pytest.mark.parametrize("name", SETS)
async def test_datasets_with_other_breakdowns_give_no_small_count_away(
    tmp_path: Path, name: str
) -> None:
    true = truth(people())
    town = published(tmp_path / "node", *SETS[name], true=true)
    held = score(await told_by(town, *SETS[name]), true)
    proven = [verified(town.press, each.slug) for each in SETS[name]]
    town.close()
    assert held.small > 1
    assert (held.exact, held.near) == (0, 0)
    assert all(each.holds for each in proven)


@pytest.mark.parametrize("said", [("inwoners", ""), ("", "inwoners")], ids=["first", "second"])
async def test_a_population_that_only_one_dataset_names_is_the_population_of_both(
    tmp_path: Path, said: tuple[str, str]
) -> None:
    true = truth(people())
    one, other = (
        replace(each, population=name)
        for each, name in zip((SEXES_ALONE, TOTALS), said, strict=True)
    )
    town = published(tmp_path / "node", one, other, true=true)
    held = score(await told_by(town, one, other), true)
    holds = [verified(town.press, each.slug).holds for each in (one, other)]
    town.close()
    assert (held.exact, held.near) == (0, 0)
    assert held.small > 1
    assert all(holds)


async def test_datasets_of_nodes_that_know_nothing_of_each_other_give_counts_away(
    tmp_path: Path,
) -> None:
    """So the attack bites."""
    true = truth(people())
    alone: dict[str, Told] = {}
    for each in (SEXES_ALONE, TOTALS, BY_AGE, YOUNG, GROWN):
        town = published(tmp_path / each.slug, each, true=true)
        alone[each.slug] = await told_by(town, each)
        town.close()
    for name in ("sexes, total", "ages, sexes", "young, grown"):
        told: Told = {}
        for each in SETS[name]:
            mine = alone[each.slug].items()
            told |= {key: value for key, value in mine if told.get(key) is None}
        assert score(told, true).exact > 0, name


async def test_a_correction_of_one_dataset_opens_nothing_of_the_other(tmp_path: Path) -> None:
    """Readers keep both tables: the ages with the sexes as they were, and the sexes as they are."""
    before = people()
    sector = CODES[4][0]
    after = dict(before) | {(sector, "65+", "F"): before[sector, "65+", "F"] + 2}
    town = published(tmp_path / "node", BY_AGE, BY_SEX, true=truth(before))
    old = await told_by(town, BY_AGE, BY_SEX)
    town.publish(BY_SEX.contract(), BY_SEX.lines(truth(after)), why="Twee mensen vergeten.")
    new = await told_by(town, BY_SEX)
    ages = await told_by(town, BY_AGE)
    proven = [verified(town.press, each.slug) for each in (BY_AGE, BY_SEX)]
    town.close()
    changed = {key for key, value in truth(after).items() if value != truth(before)[key]}
    areas = {key[0] for key in changed}
    assert any(new[key] != old[key] for key in new)
    mixed = {key: value for key, value in ages.items() if key[0] not in areas} | new
    for told, true in ((old, truth(before)), (mixed, truth(after))):
        assert (score(told, true).exact, score(told, true).near) == (0, 0)
    assert all(each.holds for each in proven)


@pytest.mark.parametrize("first", ["maanden", "jaren"])
async def test_months_in_one_dataset_and_years_in_another_give_nothing_away(
    tmp_path: Path, first: str
) -> None:
    """A month that is hidden is the year less eleven others."""
    births = presses.indicator("geboorten", freq="M", aggregate_time=Aggregation.SUM)
    lines: dict[str, list[Line]] = {"maanden": [], "jaren": []}
    small = CODES[0][0]
    for number, row in enumerate(CODES[:4]):
        months = [3 if (number, m) == (0, 1) else 20 + m + number for m in range(1, 13)]
        for m, value in enumerate(months, 1):
            lines["maanden"].append(("geboorten", SECTOR, row[0], f"{YEAR}-M{m:02}", value))
        lines["jaren"].append(("geboorten", SECTOR, row[0], YEAR, sum(months)))
    town = strangers.town(tmp_path / "node")
    for slug in sorted(lines, key=lambda each: each != first):
        town.publish(presses.contract(births, slug=slug, levels=(SECTOR,)), lines[slug])
    gone = set()
    async with town.client() as client:
        for slug in lines:
            for row in (await pulled(client, slug=slug)).to_pylist():
                if row["obs_value"] is None:
                    gone.add((row["area"], row["period"]))
    town.close()
    assert (small, f"{YEAR}-M01") in gone
    assert len([each for each in gone if each[0] == small]) > 1


def test_what_readers_can_work_out_already_is_refused_by_name(tmp_path: Path) -> None:
    """Men and women are out; a stricter profile cannot hide the total that they make up."""
    true = truth(people())
    strict = Profile("streng", {"nl": "Streng"}, {"nl": "Streng"}, min_count=60)
    town = strangers.town(tmp_path / "node", {"streng": strict})
    town.publish(SEXES_ALONE.contract(), SEXES_ALONE.lines(true))
    with pytest.raises(Conflict) as refused:
        town.publish(replace(TOTALS.contract(), profile="streng"), TOTALS.lines(true))
    told = refused.value
    town.close()
    assert told.code == "PUBLISH_TOLD"
    small = [key for key, value in true.items() if key[1:] == ("_T", "_T") and 0 < value < 60]
    named = str(told.parameters["cells"]).split(", ")
    assert len(named) == min(3, int(str(told.parameters["count"])))
    assert {each.split(" · ")[1] for each in named} <= {key[0] for key in small}
