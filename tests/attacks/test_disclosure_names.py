"""One breakdown that datasets call and divide otherwise: what is hidden in one stays so in another.

`AGE` here and `LEEFTIJD` there; `0-17` here, `0-4` and `5-17` there, or classes that cross. The
attacker knows what every class holds, as anybody who reads its name does. He keeps everything.
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
from hanse.node.publish import verified
from hanse.policies.attackers import Codes

pytestmark = pytest.mark.anyio

CODES = strangers.codes()[: strangers.SECTORS]
YEAR = "2024"
PIECES = ("0-4", "5-14", "15-17", "18-19", "20-64", "65+")
GROUPS = {"0-17": PIECES[:3], "18-64": PIECES[3:5], "65+": PIECES[5:]}
SPELLED = {"Y0T17": PIECES[:3], "Y18T64": PIECES[3:5], "Y_GE65": PIECES[5:]}
FINE = {"0-4": PIECES[:1], "5-17": PIECES[1:3], "18-64": PIECES[3:5], "65+": PIECES[5:]}
YOUTH = {"0-4": PIECES[:1], "5-14": PIECES[1:2], "15-19": PIECES[2:4], "20+": PIECES[4:]}
CLASSES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "groups": GROUPS,
    "spelled": SPELLED,
    "fine": FINE,
    "youth": YOUTH,
}
Key = tuple[str, str]
"""Area (`level:code`), class."""
Told = dict[Key, float | None]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@cache
def people(seed: int = 5) -> Mapping[tuple[str, str], int]:
    """Return the counts by sector and piece; many sectors hold few of some."""
    draw = np.random.default_rng(seed)
    return {
        (row[0], piece): int(draw.poisson(draw.choice([1, 4, 25])))
        for row in CODES
        for piece in PIECES
    }


def truth(counts: Mapping[tuple[str, str], int]) -> dict[Key, int]:
    """Return every count there is, added up here and nowhere else."""
    inside = {code: parts for each in CLASSES.values() for code, parts in each.items()}
    inside |= {"_T": PIECES}
    found: dict[Key, int] = {}
    for sector, district, _, town in CODES:
        areas = (
            f"piece:{sector}",
            f"{SECTOR}:{sector}",
            f"{DISTRICT}:{district}",
            f"{TOWN}:{town}",
        )
        for code, parts in inside.items():
            for area in areas:
                count = sum(counts[sector, part] for part in parts)
                found[area, code] = found.get((area, code), 0) + count
    return found


@dataclass(frozen=True)
class Dataset:
    """What one dataset shows: the name of its breakdown and its classes, with totals or not."""

    slug: str
    name: str
    classes: str
    totals: bool = False
    concept: str = ""
    levels: tuple[str, ...] = (SECTOR, DISTRICT, TOWN)

    def contract(self) -> Contract:
        codes = tuple(Code(each, {}) for each in CLASSES[self.classes])
        dimension = Dimension(self.name, Codelist(self.name, codes), concept=self.concept)
        made = presses.contract(
            presses.indicator("inw"),
            slug=self.slug,
            levels=self.levels,
            dimensions=(dimension,),
        )
        return replace(made, profile="standaard-5")

    def lines(self, true: Mapping[Key, int]) -> list[tuple[object, ...]]:
        """Return the counts of the finest level as a supplier loads them."""
        finest = self.levels[0]
        wanted = {*CLASSES[self.classes], *(("_T",) if self.totals else ())}
        return [
            ("inw", finest, area.partition(":")[2], YEAR, code, count)
            for (area, code), count in sorted(true.items())
            if area.startswith(f"{finest}:") and code in wanted
        ]


AGE = Dataset("age", "AGE", "groups")
SETS: dict[str, Sequence[Dataset]] = {
    "another name": (AGE, Dataset("leeftijd", "LEEFTIJD", "groups", totals=True)),
    "other words for the same": (AGE, Dataset("leeftijd", "LEEFTIJD", "spelled", totals=True)),
    "finer classes first": (Dataset("fijn", "AGE", "fine"), replace(AGE, totals=True)),
    "finer classes later": (AGE, Dataset("fijn", "AGE", "fine")),
    "finer classes that are declared the same": (
        replace(AGE, concept="age"),
        Dataset("fijn", "LEEFTIJD", "fine", concept="age"),
    ),
    "classes that cross": (AGE, Dataset("jeugd", "AGE", "youth")),
    "classes that cross, with totals": (AGE, Dataset("jeugd", "AGE", "youth", totals=True)),
}


async def told_by(town: Town, *datasets: Dataset) -> Told:
    """Return what somebody was told by all of these, a number never forgotten."""
    found: Told = {}
    async with town.client() as client:
        for each in datasets:
            for row in (await pulled(client, slug=each.slug)).to_pylist():
                key = (f"{row['level']}:{row['area']}", row[each.name])
                value = row["obs_value"]
                found[key] = found.get(key) if value is None else value
    return found


def score(told: Told, true: Mapping[Key, int]) -> Score:
    """Attack with everything that was told; the true counts are for scoring only."""
    levels = (SECTOR, DISTRICT, TOWN)
    where = strangers.Map(levels, tuple((row[0], row[1], row[3]) for row in CODES))
    inside = {code: frozenset(p) for each in CLASSES.values() for code, p in each.items()}
    codes = (where.codes(), Codes("age", inside | {"_T": frozenset(PIECES)}))
    return strangers.attacked(codes, told, true)


@pytest.mark.parametrize("name", SETS)
async def test_a_breakdown_by_other_names_and_classes_gives_no_small_count_away(
    tmp_path: Path, name: str
) -> None:
    true = truth(people())
    town = strangers.town(tmp_path / "node")
    for each in SETS[name]:
        town.publish(each.contract(), each.lines(true))
    held = score(await told_by(town, *SETS[name]), true)
    proven = [verified(town.press, each.slug) for each in SETS[name]]
    town.close()
    assert held.small > 1
    assert (held.exact, held.near) == (0, 0)
    assert all(each.holds for each in proven)


async def test_nodes_that_know_nothing_of_each_other_give_counts_away(tmp_path: Path) -> None:
    """So the attack bites."""
    true = truth(people())
    for name in ("another name", "finer classes later", "classes that cross"):
        told: Told = {}
        for each in SETS[name]:
            town = strangers.town(tmp_path / name.replace(" ", "-") / each.slug)
            town.publish(each.contract(), each.lines(true))
            mine = await told_by(town, each)
            told |= {key: value for key, value in mine.items() if told.get(key) is None}
            town.close()
        assert score(told, true).near > 0, name
