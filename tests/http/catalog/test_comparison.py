"""`GET /v1/comparison`: open figures of all cities side by side, as anybody could lay them."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.catalogues import Federation
from tests.support.portal import portal

TABLES = {
    "def_gemeente2024.csv": "code,name\n41002,Aalst\n11002,Antwerpen\n44021,Gent\n13040,Turnhout\n",
    "def_gemeente2025.csv": "code,name\n41002,Aalst\n11002,Antwerpen\n44021,Gent\n13040,Turnhout\n",
    "def_provincie2025.csv": "code,name\n40000,Oost-Vlaanderen\n10000,Antwerpen\n",
    "def_gewest2025.csv": "code,name\n02000,Vlaams Gewest\n",
    "agg_gemeente2024_gemeente2025.csv": "a,b\n41002,41002\n11002,11002\n"
    "44021,44021\n13040,13040\n",
    "agg_gemeente2025_provincie2025.csv": "a,b\n41002,40000\n44021,40000\n"
    "11002,10000\n13040,10000\n",
    "agg_provincie2025_gewest2025.csv": "a,b\n40000,02000\n10000,02000\n",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    home = tmp_path_factory.mktemp("catalogue")
    (home / "areas").mkdir()
    for name, text in TABLES.items():
        (home / "areas" / name).write_text(text, "utf-8")
    made = portal(home)
    asyncio.run(made.catalogue.harvester.once())
    return made


def get(world: Federation, query: str, lang: str = "en") -> httpx.Response:
    async def ask() -> httpx.Response:
        async with world.client() as client:
            headers = {"Accept-Language": lang}
            return await client.get(f"/v1/comparison?{query}", headers=headers)

    return asyncio.run(ask())


def rows(world: Federation, query: str) -> list[dict[str, Any]]:
    answered = get(world, query)
    assert answered.status_code == 200, answered.text
    told = answered.json()
    assert {len(values) for values in told["data"].values()} == {told["rows"]}
    return [
        dict(zip(told["columns"], row, strict=True))
        for row in zip(*(told["data"][name] for name in told["columns"]), strict=True)
    ]


def test_every_city_stands_beside_the_others_with_its_mark_and_its_reason(
    world: Federation,
) -> None:
    told = get(world, "indicator=inwoners&periods=2024&beside=").json()
    marks = dict(zip(told["data"]["area"], told["data"]["mark"], strict=True))
    assert marks["41002"] == "comparable"
    assert marks["44021"] == "other-definition"
    assert marks["13040"] == "incomplete"
    assert {each["agency"] for each in told["nodes"]} == {
        "NIS11002", "NIS13040", "NIS41002", "NIS44021",
    }  # fmt: skip
    assert any("definition" in each["sentence"] for each in told["reasons"])


def test_a_city_is_held_against_its_province_and_region_unless_nobody_asks(
    world: Federation,
) -> None:
    found = rows(world, "indicator=inwoners&cities=Aalst&periods=2024&vintage=2025")
    places = {(row["level"], row["area"]): row for row in found}
    assert set(places) == {
        ("gemeente@2025", "41002"),
        ("provincie@2025", "40000"),
        ("gewest@2025", "02000"),
    }
    assert places["provincie@2025", "40000"]["obs_value"] == 90_068.0 + 272_657.0
    region = places["gewest@2025", "02000"]
    assert (region["obs_value"], region["obs_status"]) == (None, "Q"), "Turnhout is hidden"
    alone = rows(world, "indicator=inwoners&cities=Aalst&periods=2024&beside=")
    assert [row["area"] for row in alone] == ["41002"]


def test_nobody_is_ranked_unless_a_reader_asks(world: Federation) -> None:
    plain = rows(world, "indicator=inwoners&periods=2024&beside=")
    assert "rank" not in plain[0]
    asked = rows(world, "indicator=inwoners&periods=2024&beside=&rank=true&spread=true")
    ranks = {row["area"]: row["rank"] for row in asked}
    assert ranks == {"11002": 1.0, "44021": 1.0, "41002": 2.0, "13040": None}
    told = get(world, "indicator=inwoners&periods=2024&beside=&spread=true").json()
    spread = next(each for each in told["spread"] if each["level"] == "gemeente@2025")
    assert (spread["of"], spread["shown"]) == (3, 2)


def test_figures_are_indexed(world: Federation) -> None:
    found = rows(world, "indicator=inwoners&cities=Aalst&beside=&index=2023")
    assert {row["period"]: row["obs_value"] for row in found}["2023"] == 100.0


def test_what_is_governed_is_named_and_never_fetched(world: Federation) -> None:
    told = get(world, "indicator=jeugdwerkloosheid&beside=").json()
    (account,) = told["nodes"]
    assert (account["state"], account["code"]) == ("refused", "COMPARISON_GOVERNED")
    assert "hanse compare jeugdwerkloosheid" in account["sentence"]
    assert told["rows"] == 0
    assert not told["complete"]


def test_a_node_that_is_down_is_a_reason(world: Federation) -> None:
    node = next(each for each in world.nodes if each.agency == "NIS11002")
    world.down(node)
    try:
        told = get(world, "indicator=inwoners&periods=2024&beside=").json()
    finally:
        world.up(node)
    states = {each["agency"]: each["state"] for each in told["nodes"]}
    assert states["NIS11002"] == "unreachable"
    assert states["NIS41002"] == "answered"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, ""),
        ("indicator=inwoners&periode=2024", 400, "QUERY_UNKNOWN"),
        ("indicator=niets", 404, ""),
        ("indicator=inwoners&periods=gisteren", 400, "PERIOD_UNKNOWN"),
        ("indicator=inwoners&cities=Parijs", 404, "CITY_UNKNOWN"),
        ("indicator=inwoners&beside=continent", 400, "COMPARATOR_UNKNOWN"),
        ("indicator=inwoners&beside=cluster", 404, "COMPARATOR_NONE"),
        ("indicator=inwoners&beside=&per=niets", 404, ""),
        ("indicator=inwoners&beside=&index=1990", 400, "BENCHMARK_PERIOD"),
        ("indicator=inwoners&vintage=1850", 404, "LEVEL_UNKNOWN"),
        ("indicator=" + ",".join(f"i{n}" for n in range(11)), 400, "COMPARISON_INDICATORS"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(
    world: Federation, query: str, status: int, code: str
) -> None:
    answered = get(world, query)
    assert answered.status_code == status, answered.text
    assert code in answered.text


def test_reasons_are_said_in_the_readers_language(world: Federation) -> None:
    french = get(world, "indicator=inwoners&periods=2024&beside=", "fr").json()["reasons"]
    dutch = get(world, "indicator=inwoners&periods=2024&beside=", "nl").json()["reasons"]
    assert [each["code"] for each in french] == [each["code"] for each in dutch]
    assert [each["sentence"] for each in french] != [each["sentence"] for each in dutch]


def test_without_area_tables_figures_stand_on_their_own(tmp_path: Path) -> None:
    made = portal(tmp_path)
    asyncio.run(made.catalogue.harvester.once())
    assert {row["area"] for row in rows(made, "indicator=inwoners&periods=2024")} == {
        "11002", "13040", "41002", "44021",
    }  # fmt: skip
    assert get(made, "indicator=inwoners&vintage=2025").status_code == 404
