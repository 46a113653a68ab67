"""Several nodes and a province: what it adds up, less one's own city, less the others, is nobody's.

Each city publishes for itself; the province loads what they published and adds that up. A city that
knows all of its own figures then subtracts itself and every other city.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.support import strangers
from tests.support.strangers import (
    SECTOR,
    SEXES,
    TOWN,
    Counts,
    Key,
    Map,
    Memory,
    Town,
    pulled,
    score,
)

pytestmark = pytest.mark.anyio

PROVINCE = "provincie@2025"
CITIES = ("11002", "41002", "44021")
YEAR = 2024
WHERE = Map(
    (SECTOR, TOWN, PROVINCE),
    tuple((f"{city}S{number}", city, "20001") for city in CITIES for number in range(4)),
)


def counts() -> Counts:
    """Return figures so small that whole cities have something to hide."""
    draw = np.random.default_rng(19)
    mean = {"11002": 4.0, "41002": 0.7, "44021": 3.0}
    return {
        (row[0], sex, YEAR): int(draw.poisson(mean[row[1]] * (1 if sex == "F" else 4)))
        for row in WHERE.rows
        for sex in SEXES
    }


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Town]]:
    """The nodes of the cities, each with its own release."""
    built = []
    for city in CITIES:
        node = strangers.town(tmp_path / city)
        node.moved(WHERE)
        mine = {key: count for key, count in counts().items() if key[0].startswith(city)}
        node.publish(strangers.contract(levels=(SECTOR, TOWN)), strangers.lines(mine))
        built.append(node)
    yield built
    for node in built:
        node.close()


async def told_by(node: Town) -> Memory:
    memory = Memory()
    async with node.client() as client:
        memory.take(await pulled(client))
    return memory


async def test_a_sum_over_cities_less_all_others_is_no_hidden_figure(
    nodes: list[Town], tmp_path: Path
) -> None:
    pooled = Memory()
    for node in nodes:
        pooled.told |= (await told_by(node)).told
    hidden_towns = [key for key in pooled.hidden() if key[0].startswith(TOWN)]
    assert hidden_towns
    province = strangers.town(tmp_path / "provincie")
    province.moved(WHERE)
    told: list[tuple[object, ...]] = [
        ("inw", TOWN, key[0].partition(":")[2], key[2], key[1],
         "suppressed_source" if value is None else value)
        for key, value in sorted(pooled.told.items()) if key[0].startswith(TOWN)
    ]  # fmt: skip
    province.publish(strangers.contract(levels=(TOWN, PROVINCE)), told)
    pooled.told |= {
        key: value
        for key, value in (await told_by(province)).told.items()
        if pooled.told.get(key) is None
    }
    province.close()
    assert any(key[0].startswith(PROVINCE) for key in pooled.told)
    held = score(pooled, counts(), WHERE)
    assert held.small > 10
    assert (held.exact, held.near) == (0, 0)
    true = WHERE.truth(counts())
    for city in CITIES:  # each of them knows all its own figures besides
        own = {key: float(count) for key, count in true.items() if f":{city}" in key[0]}
        knowing = score(Memory({**pooled.told, **_shown(own)}), counts(), WHERE)
        assert 0 < knowing.small < held.small
        assert (knowing.exact, knowing.near) == (0, 0), city


def _shown(own: dict[Key, float]) -> dict[Key, float | None]:
    return {key: count for key, count in own.items() if not key[0].startswith("piece:")}
