"""A year of monthly releases through a node: reform, merger, revisions, a cube that comes and goes.

The strangers keep every answer. What an earlier release showed and is still true they may use after
every release; nothing of it may give a small count away, and what cannot be is said, not done.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.support import strangers
from tests.support.strangers import (
    DISTRICT,
    SECTOR,
    SLUG,
    TOWN,
    ZONE,
    Counts,
    Map,
    Memory,
    Town,
    atlas,
    inner,
    pulled,
    score,
)

from hanse.errors import Conflict
from hanse.node.publish import withdraw

pytestmark = pytest.mark.anyio

REFORMED, MERGED = "wijk@2026", "gemeente@2026"


def reformed() -> Map:
    """Return the map after the district reform: districts of four sectors across the old ones."""
    new = {row[0]: f"{row[3]}N{(int(row[0][-2:]) + 1) // 4}" for row in strangers.codes()}
    return atlas().plus(REFORMED, new)


def merged() -> Map:
    """Return the map after the merger of the two municipalities."""
    return reformed().plus(MERGED, {row[0]: "41999" for row in strangers.codes()})


def revised(times: int) -> Counts:
    """Return the counts after so many revisions of one cell in a hundred (one, at least)."""
    counts = dict(inner())
    keys = sorted(counts)
    for turn in range(times):
        draw = np.random.default_rng(900 + turn)
        for place in draw.choice(len(keys), max(1, len(keys) // 100), replace=False).tolist():
            counts[keys[place]] = max(0, counts[keys[place]] + int(draw.choice([-2, -1, 1, 2])))
    return _apart(counts)


def _apart(counts: dict[tuple[str, str, int], int]) -> Counts:
    """Return the counts without four and one: once their five is out, four can be no more."""
    for code, _, year in list(counts):
        pair = sorted(counts[code, sex, year] for sex in strangers.SEXES)
        if pair == [1, 4]:
            counts[code, "F", year] += 2
    return counts


@dataclass(frozen=True)
class Month:
    """What one release shows; `broken` says whether it shows men and women apart."""

    levels: tuple[str, ...]
    broken: bool = True
    revisions: int = 0
    where: Map = atlas()  # noqa: RUF009 frozen
    withdrawn: bool = False


LATE = merged()
REFUSED_MAX = 3
"""Releases that the node may say no to: what is out already would give something away."""
YEAR = [
    Month((SECTOR, TOWN), broken=False),
    Month((SECTOR, DISTRICT, TOWN), broken=False),
    Month((SECTOR, DISTRICT, TOWN)),  # a new breakdown
    Month((SECTOR, DISTRICT, TOWN), revisions=1),
    Month((SECTOR, DISTRICT, ZONE, TOWN), revisions=1),  # a new zoning that crosses
    Month((DISTRICT, ZONE, TOWN), revisions=1, withdrawn=True),  # sectors go
    Month((SECTOR, DISTRICT, ZONE, TOWN), revisions=2),  # and come back, revised
    Month((SECTOR, DISTRICT, REFORMED, TOWN), revisions=2, where=reformed()),  # a reform
    Month((SECTOR, REFORMED, TOWN), revisions=3, where=reformed()),
    Month((SECTOR, REFORMED, TOWN, MERGED), revisions=3, where=LATE),  # a merger
    Month((REFORMED, ZONE, MERGED), revisions=3, where=LATE),
    Month((SECTOR, DISTRICT, ZONE, REFORMED, TOWN, MERGED), revisions=4, where=LATE),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    built = strangers.town(tmp_path_factory.mktemp("node") / "aalst")
    yield built
    built.close()


def released(town: Town, number: int, month: Month) -> str:
    """Release a month; return its id, or nothing where the node said that it cannot be."""
    town.moved(month.where)
    made_of = strangers.contract(levels=month.levels, version=f"{number + 1}.0.0")
    told = strangers.lines(revised(month.revisions))
    if not month.broken:
        made_of = replace(made_of, dimensions=())
        told = [(*line[:4], line[5]) for line in told if line[4] == "_T"]
    try:
        return town.publish(made_of, told)
    except Conflict as conflict:
        said = conflict
    assert said.code == "PUBLISH_LEDGER"  # reported by name, and nothing is released
    assert said.parameters["cells"]
    return ""


def still_true(memory: Memory, month: Month) -> Memory:
    """Return what was ever told and is so still: more than a stranger can be sure of."""
    now = LATE.truth(revised(month.revisions))
    held = {
        key: value if value is not None and now.get(key) == value else None
        for key, value in memory.told.items()
    }
    return Memory(held)


async def test_a_year_of_releases_gives_no_small_count_away(town: Town) -> None:
    memory, refused = Memory(), 0
    for number, month in enumerate(YEAR):
        release = released(town, number, month)
        refused += not release
        if not release:
            continue
        async with town.client() as client:
            memory.take(await pulled(client))
        held = score(still_true(memory, month), revised(month.revisions), LATE)
        assert held.small > 15, number
        assert (held.exact, held.near) == (0, 0), number
        if month.withdrawn:
            withdraw(town.press, SLUG, release, "Verkeerd geladen.", "an")
    assert refused <= REFUSED_MAX
    assert len(memory.told) >= 300
