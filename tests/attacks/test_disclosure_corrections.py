"""A correction that shows more than before: what both editions tell of another dataset is nothing.

The attacker keeps the ages of one dataset and both editions of another. Where nothing was corrected
he sets the new edition beside the ages: they are still about the same people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.attacks.test_disclosure_breakdowns import (
    AGE,
    AGES,
    CODES,
    SEX,
    SEXES,
    YEAR,
    Dataset,
    Key,
    Line,
    Told,
    people,
    told_by,
    truth,
)
from tests.support import strangers
from tests.support.strangers import DISTRICT, SECTOR, SMALL, TOWN, Score, Town

from hanse.node.publish import verified
from hanse.policies.attackers import Codes, Needs, equations, read

pytestmark = pytest.mark.anyio

LARGER = (DISTRICT, TOWN)
ALL = (SECTOR, *LARGER)
BY_AGE = Dataset("leeftijd", (AGE,), totals=False)
SETS = {
    "totals": Dataset("inwoners", (), levels=LARGER),
    "sexes": Dataset("geslacht", (SEX,), totals=False, levels=LARGER),
}
"""What is shown of larger areas first; its correction shows sectors too."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def lines(dataset: Dataset, true: Mapping[Key, int]) -> list[Line]:
    """Return the counts of the finest level a dataset shows, as a supplier loads them."""
    own = [each.id for each in dataset.dimensions]
    found: list[Line] = []
    for (area, age, sex), count in sorted(true.items()):
        level, _, code = area.partition(":")
        told = {"AGE": age, "SEX": sex}
        mine = [told.pop(name) for name in own]
        if level == dataset.levels[0] and "_T" not in mine and set(told.values()) <= {"_T"}:
            found.append(("inw", level, code, YEAR, *mine, count))
    return found


@cache
def before() -> dict[Key, int]:
    return truth(people())


@cache
def after() -> dict[Key, int]:
    """Return the counts once two people of one sector are counted who were forgotten."""
    key = (CODES[4][0], "65+", "F")
    return truth({**people(), key: people()[key] + 2})


def unchanged(told: Told) -> Told:
    """Return what was told of areas of which the correction changed nothing."""
    areas = {key[0] for key in after() if after()[key] != before()[key]}
    return {key: value for key, value in told.items() if key[0] not in areas}


def score(told: Told) -> Score:
    """Attack with everything that was told; the true counts are for scoring only.

    Another house's hidden counts are known here no better than to readers: two values must stay.
    """
    where = strangers.Map(ALL, tuple((row[0], row[1], row[3]) for row in CODES))
    codes = (
        where.codes(),
        Codes("AGE", {**{age: frozenset([age]) for age in AGES}, "_T": frozenset(AGES)}),
        Codes("SEX", {**{sex: frozenset([sex]) for sex in SEXES}, "_T": frozenset(SEXES)}),
    )
    columns: Sequence[Sequence[str]] = [[key[at] for key in told] for at in range(3)]
    values = [None if value is None else round(value) for value in told.values()]
    system = equations(read(codes, columns, values))
    real = np.array([before().get((k[0], k[1], k[2]), 0) for k in system.keys], dtype=np.int64)
    shown = np.array([key in told for key in system.keys], dtype=bool)
    small = np.flatnonzero((real >= 1) & (real < SMALL) & shown)
    lower = np.where(system.row >= 0, 1, 0)
    return strangers.pinned(system, Needs(small, lower, np.zeros_like(lower), 2))


async def corrected(town: Town, dataset: Dataset) -> Told:
    """Publish a dataset, then its correction with sectors, and return what that tells."""
    town.publish(dataset.contract(), lines(dataset, before()))
    more = replace(dataset, levels=ALL)
    town.publish(more.contract(), lines(more, after()), why="Twee mensen vergeten.")
    return await told_by(town, more)


@pytest.mark.parametrize("name", SETS)
async def test_a_correction_that_shows_more_opens_nothing_of_another_dataset(
    tmp_path: Path, name: str
) -> None:
    town = strangers.town(tmp_path / "node")
    town.publish(BY_AGE.contract(), lines(BY_AGE, before()))
    new = await corrected(town, SETS[name])
    held = score(unchanged(await told_by(town, BY_AGE)) | unchanged(new))
    proven = [verified(town.press, each.slug) for each in (BY_AGE, SETS[name])]
    town.close()
    assert held.small > 1
    assert (held.exact, held.near) == (0, 0)
    assert all(each.holds for each in proven)


async def test_a_correction_on_a_node_that_knows_nothing_of_the_other_opens_it(
    tmp_path: Path,
) -> None:
    """So the attack bites."""
    one, other = strangers.town(tmp_path / "one"), strangers.town(tmp_path / "other")
    one.publish(BY_AGE.contract(), lines(BY_AGE, before()))
    new = await corrected(other, SETS["totals"])
    held = score(unchanged(await told_by(one, BY_AGE)) | unchanged(new))
    one.close()
    other.close()
    assert held.exact > 0
