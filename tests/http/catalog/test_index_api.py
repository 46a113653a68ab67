"""The catalogue's API: what it answers, what it refuses, and that it never carries a figure."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.catalogues import Federation, federation
from tests.support.feeds import FeedNode, dataset, indicator, tombstone
from tests.support.portal import portal

from hanse.cube.cells import MEASURE_COLUMNS

NODE_B = "http://127.0.0.1:8102"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    made = portal(tmp_path_factory.mktemp("catalogue"))
    asyncio.run(made.catalogue.harvester.once())
    return made


def get(world: Federation, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with world.client() as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def body(world: Federation, path: str) -> Any:
    answered = get(world, path)
    assert answered.status_code == 200, answered.text
    return answered.json()


def test_a_search_groups_the_indicators_of_all_nodes_by_concept(world: Federation) -> None:
    found = body(world, "/v1/search?q=inwonertal")
    (hit,) = found["hits"]
    assert hit["id"] == "inwoners"
    assert hit["concept"] is True
    assert hit["definitions"] == 2
    assert hit["agencies"] == ["NIS11002", "NIS13040", "NIS41002", "NIS44021"]
    assert hit["datasets"]
    assert (hit["first_period"], hit["last_period"]) == ("2023", "2024")


def test_facets_count_and_label_in_the_readers_language(world: Federation) -> None:
    answered = get(world, "/v1/search?access=protocol", **{"Accept-Language": "fr"})
    facets = answered.json()["facets"]
    assert [each["id"] for each in answered.json()["hits"]] == ["jeugdwerkloosheid"]
    access = {
        each["value"]: (each["label"], each["count"], each["chosen"]) for each in facets["access"]
    }
    assert access == {"open": ("ouvert", 1, False), "protocol": ("sous protocole", 1, True)}
    assert {each["label"] for each in facets["agency"]} == {"Aalst"}


@pytest.mark.parametrize(
    ("query", "code", "names"),
    [
        ("them=werk", "QUERY_UNKNOWN", "theme"),
        ("theme=wrk", "FACET_UNKNOWN", "werk"),
        ("access=opn", "FACET_UNKNOWN", "open"),
        ("agency=NIS00000", "FACET_UNKNOWN", "agency"),
        ("level=straat", "FACET_UNKNOWN", "level"),
        ("page=0", "QUERY_VALUE", "page"),
        ("page=1000000", "QUERY_VALUE", "page"),
        ("q=" + "x" * 201, "QUERY_VALUE", "q"),
        ("q=a&q=b", "QUERY_TWICE", "q"),
    ],
)
def test_an_unknown_parameter_or_code_is_refused_by_name(
    world: Federation, query: str, code: str, names: str
) -> None:
    answered = get(world, f"/v1/search?{query}")
    assert answered.status_code == 400
    assert answered.headers["content-type"] == "application/problem+json"
    problem = answered.json()
    assert problem["code"] == code
    assert names in problem["detail"]


@pytest.mark.parametrize(
    "words", ["%01", "%F0%9F%98%80", "*", '"', "(", "a:b", "-" * 150, "x " * 99]
)
def test_no_words_are_a_fault(world: Federation, words: str) -> None:
    assert get(world, f"/v1/search?q={words}").status_code == 200


def test_an_indicator_names_every_publication_with_its_release_and_facts(
    world: Federation,
) -> None:
    found = body(world, "/v1/indicators/inwoners")
    assert found["concept"]["version"] == "1.0.0"
    listed = {each["agency"]: each for each in found["publications"]}
    assert set(listed) == {"NIS11002", "NIS13040", "NIS41002", "NIS44021"}
    gent = listed["NIS44021"]
    assert gent["indicator"]["definition_version"] == "2.0.0"
    assert gent["indicator"]["reference_point"] == "P1D@12-31"
    assert gent["current"]["manifest"].startswith("sha-256:")
    assert gent["harvest"]["state"] == "fresh"
    assert listed["NIS11002"]["base_url"] == NODE_B


@pytest.mark.parametrize(
    "path", ["/v1/indicators/zeppelin", "/v1/datasets/NIS41002/x", "/v1/datasets/NIS0/bevolking"]
)
def test_what_nobody_publishes_is_not_found(world: Federation, path: str) -> None:
    assert get(world, path).status_code == 404


def test_datasets_are_listed_by_agency_with_freshness(world: Federation) -> None:
    found = body(world, "/v1/datasets")
    assert [(each["agency"], each["dataset"]["slug"]) for each in found["datasets"]] == [
        ("NIS11002", "bevolking"),
        ("NIS13040", "bevolking"),
        ("NIS41002", "bevolking"),
        ("NIS41002", "werk"),
        ("NIS44021", "bevolking"),
    ]
    one = body(world, "/v1/datasets/NIS41002/werk")
    assert one["dataset"]["access"] == "protocol"
    assert one["dataset"]["indicators"][0]["id"] == "jeugdwerkloosheid"


def test_a_withdrawal_stays_visible_beside_its_dataset(tmp_path: Path) -> None:
    node = FeedNode(tombstones=[tombstone("bevolking", 1)])
    made = federation(tmp_path, node)
    asyncio.run(made.catalogue.harvester.once())
    (stone,) = body(made, f"/v1/datasets/{node.agency}/bevolking")["tombstones"]
    assert stone["reason"]["nl"] == "Fout in de bron"


def test_members_show_their_keys_and_their_state(world: Federation) -> None:
    members = body(world, "/v1/members")["members"]
    assert [each["status"] for each in members] == ["active"] * 4
    aalst = next(each for each in members if each["agency"] == "NIS41002")
    assert aalst["keys"][0]["kid"] == world.nodes[0].key.kid
    assert aalst["harvest"]["sequence"] == 1


def test_a_member_that_was_never_reached_says_so(tmp_path: Path) -> None:
    made = federation(tmp_path, FeedNode())
    (member,) = body(made, "/v1/members")["members"]
    assert member["harvest"]["state"] == "never"


def test_an_index_that_another_process_changed_is_searched_as_it_is_now(tmp_path: Path) -> None:
    node = FeedNode()
    serving, other = federation(tmp_path, node), None
    assert body(serving, "/v1/search")["total"] == 0
    home = serving.catalogue.settings.home
    from hanse.catalog.app import create_app

    other = create_app(
        serving.catalogue.settings,
        clock=serving.clock,
        transport=httpx.ASGITransport(app=serving.hosts),
    )
    asyncio.run(other.state.catalogue.harvester.once())
    assert body(serving, "/v1/search")["total"] == 1
    assert (home / "index").is_dir()


def test_an_indicator_without_a_claim_is_no_concept_even_under_its_name(tmp_path: Path) -> None:
    node = FeedNode(datasets=[dataset(indicators=[indicator("huishoudens", "Gezinnen")])])
    made = federation(tmp_path, node)
    asyncio.run(made.catalogue.harvester.once())
    found = body(made, "/v1/indicators/huishoudens")
    assert found["concept"] is None
    assert found["name"]["nl"] == "Gezinnen"
    (publication,) = found["publications"]
    assert publication["points_at"] == "huishoudens@1.0.0"


@pytest.mark.parametrize("words", ["inwonertal", "POPULATION", "résidents", "inwoners"])
def test_a_synonym_leads_to_what_is_published_of_its_concept(world: Federation, words: str) -> None:
    found = body(world, f"/v1/indicators/{words}")
    assert (found["id"], len(found["publications"])) == ("inwoners", 4)
    assert {each["points_at"] for each in found["publications"]} == {""}


def test_a_synonym_of_what_nobody_publishes_is_not_found(world: Federation) -> None:
    assert get(world, "/v1/indicators/gezinskernen").status_code == 404


def test_no_route_of_the_catalogue_carries_a_figure(world: Federation) -> None:
    document = world.app.openapi()
    text = str(document)
    assert not [name for name in MEASURE_COLUMNS if name in text]
    assert not [path for path in document["paths"] if "data" in path.replace("dataset", "")]
    media = {
        media_type
        for operations in document["paths"].values()
        for operation in operations.values()
        for answered in operation.get("responses", {}).values()
        for media_type in answered.get("content", {})
    }
    assert not [each for each in media if "arrow" in each or "csv" in each or "parquet" in each]
