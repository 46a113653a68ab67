"""Strangers who put together what stands apart: crossing zonings, months and years, datasets.

Each of these releases is harmless by itself; together they would give a hidden count away.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import presses, strangers
from tests.support.strangers import DISTRICT, SECTOR, TOWN, ZONE, Memory, Town, pulled, score

from hanse.cube.indicator import Aggregation, Indicator, MeasureType, Sample
from hanse.errors import Conflict, HanseError, Invalid

pytestmark = pytest.mark.anyio
MIN_N = 79


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def told(town: Town, *slugs: str) -> Mapping[tuple[str, str, str], float | None]:
    """Return what somebody was told: by indicator, area and period."""
    found = {}
    async with town.client() as client:
        for slug in slugs:
            for row in (await pulled(client, slug=slug)).to_pylist():
                found[row["indicator"], row["area"], row["period"]] = row["obs_value"]
    return found


async def remembered(town: Town, *slugs: str) -> Memory:
    memory = Memory()
    async with town.client() as client:
        for slug in slugs:
            memory.take(await pulled(client, slug=slug))
    return memory


async def test_the_pieces_of_zonings_that_cross_are_protected_though_never_shown(
    tmp_path: Path,
) -> None:
    town = strangers.town(tmp_path / "node")
    made = strangers.contract(levels=(DISTRICT, ZONE, TOWN))
    town.publish(replace(made, profile="enquete-79"), strangers.lines())
    memory = await remembered(town, strangers.SLUG)
    town.close()
    assert not any(key[0].startswith(SECTOR) for key in memory.told)
    assert any(value is not None for value in memory.told.values())
    held = score(memory)
    assert held.small > 20  # sectors are among them, which differences of areas would give
    assert (held.exact, held.near) == (0, 0)


def respondents() -> list[tuple[object, ...]]:
    """Return how many answered per district, school zone and municipality: by no sector."""
    return [
        ("inw", level, code, year, sex, count)
        for (area, sex, year), count in sorted(strangers.atlas().truth(strangers.inner()).items())
        for level, _, code in (area.partition(":"),)
        if level in (DISTRICT, ZONE, TOWN)
    ]


def test_zonings_that_cross_are_refused_where_nobody_loaded_their_pieces(tmp_path: Path) -> None:
    town = strangers.town(tmp_path / "node")
    made = strangers.contract(levels=(DISTRICT, ZONE, TOWN))
    with pytest.raises(Invalid) as refused:
        town.publish(made, respondents())
    assert refused.value.code == "PUBLISH_CROSSING"
    assert refused.value.parameters["levels"] == f"{DISTRICT}, {ZONE}"
    alone = [line for line in respondents() if line[1] != ZONE]
    town.publish(strangers.contract(levels=(DISTRICT, TOWN)), alone)
    town.close()


async def test_a_share_is_shown_where_enough_answered_and_so_is_its_complement(
    tmp_path: Path,
) -> None:
    """0 and 100 % are among them; how many answered is a count that is protected as well."""
    town = strangers.town(tmp_path / "node")
    answered = strangers.atlas().truth(strangers.inner())
    lines: list[tuple[object, ...]] = [line for line in respondents() if line[1] != ZONE]
    for number, (_, level, code, year, sex, _) in enumerate(list(lines)):
        pleased = number * 7 % 11 * 10.0
        lines.append(("tevreden", level, code, year, sex, pleased))
        lines.append(("ontevreden", level, code, year, sex, 100.0 - pleased))
    shares = [
        presses.indicator(name, measure_type=MeasureType.SHARE, unit="%", sample=Sample("inw"))
        for name in ("tevreden", "ontevreden")
    ]
    made = strangers.contract(
        indicators=(presses.indicator("inw"), *shares), levels=(DISTRICT, TOWN)
    )
    town.publish(replace(made, profile="enquete-79"), lines)
    memories: dict[str, Memory] = {}
    async with town.client() as client:
        table = await pulled(client)
    for name in ("inw", "tevreden", "ontevreden"):
        memories[name] = Memory()
        mine = [row == name for row in table["indicator"].to_pylist()]
        memories[name].take(table.filter(mine))
    town.close()
    shown = {key for key, value in memories["tevreden"].told.items() if value is not None}
    assert shown
    assert shown == {k for k, value in memories["ontevreden"].told.items() if value is not None}
    assert all(answered[key] >= MIN_N for key in shown)
    held = score(memories["inw"])
    assert held.exact == 0


async def test_a_hidden_month_is_not_the_year_less_the_others(tmp_path: Path) -> None:
    town = strangers.town(tmp_path / "node")
    births = presses.indicator("geboorten", freq="M", aggregate_time=Aggregation.SUM)
    lines: list[tuple[object, ...]] = []
    for number, row in enumerate(strangers.codes()[:4]):
        months = [3 if (number, m) == (0, 1) else 20 + m + number for m in range(1, 13)]
        lines += [
            ("geboorten", SECTOR, row[0], f"2024-M{m:02}", v) for m, v in enumerate(months, 1)
        ]
        lines.append(("geboorten", SECTOR, row[0], "2024", sum(months)))
    town.publish(presses.contract(births, slug="d", levels=(SECTOR,)), lines)
    found = await told(town, "d")
    town.close()
    area = strangers.codes()[0][0]
    gone = [m for m in range(1, 13) if found["geboorten", area, f"2024-M{m:02}"] is None]
    assert 1 in gone
    assert len(gone) > 1 or found["geboorten", area, "2024"] is None


@pytest.mark.parametrize("population", ["", "bewoners"])
async def test_the_same_indicator_in_two_datasets_gives_nothing_away(
    tmp_path: Path, population: str
) -> None:
    town = strangers.town(tmp_path / "node")
    made = strangers.contract(indicators=(presses.indicator("inw", population=population),))
    lines = strangers.lines()
    town.publish(replace(made, slug="een"), lines)
    alone = replace(made, slug="twee", levels=(SECTOR,), dimensions=())
    town.publish(alone, [(*line[:4], line[5]) for line in lines if line[4] == "_T"])
    held = score(await remembered(town, "een", "twee"))
    town.close()
    assert held.small > 20
    assert (held.exact, held.near) == (0, 0)


def sides() -> dict[str, tuple[Indicator, list[tuple[object, ...]]]]:
    """Return people, people at work, and the degree of both: three datasets, no common one."""
    found: dict[str, tuple[Indicator, list[tuple[object, ...]]]] = {
        "pop": (presses.indicator("inw"), []),
        "werk": (presses.indicator("werkz"), []),
        "graad": (presses.ratio("graad", "werkz", "inw"), []),
    }
    for number, row in enumerate(strangers.codes()):
        at_work = 3 if number % 12 == 0 else 20 + number
        for slug, value in (
            ("pop", 1000 + number),
            ("werk", at_work),
            ("graad", round(100 * at_work / (1000 + number), 2)),
        ):
            found[slug][1].append((found[slug][0].id, SECTOR, row[0], 2024, value))
    return found


async def test_a_percentage_in_a_dataset_of_its_own_gives_no_numerator_back(tmp_path: Path) -> None:
    town = strangers.town(tmp_path / "node")
    for slug, (indicator, lines) in sides().items():
        town.publish(presses.contract(indicator, slug=slug, levels=(SECTOR, TOWN)), lines)
    found = await told(town, "pop", "werk", "graad")
    town.close()
    hidden = [area for (name, area, _), v in found.items() if name == "werkz" and v is None]
    assert hidden
    assert all(found.get(("graad", area, "2024")) is None for area in hidden)
    assert any(v is not None for (name, _, _), v in found.items() if name == "graad")


def test_a_numerator_cannot_be_hidden_once_its_percentage_is_out(tmp_path: Path) -> None:
    town = strangers.town(tmp_path / "node")
    refused: list[HanseError] = []
    for slug in ("pop", "graad", "werk"):
        indicator, lines = sides()[slug]
        made = presses.contract(indicator, slug=slug, levels=(SECTOR, TOWN))
        try:
            town.publish(made, lines)
        except Conflict as fault:
            refused.append(fault)
    town.close()
    assert [fault.code for fault in refused] == ["PUBLISH_LEDGER"]
