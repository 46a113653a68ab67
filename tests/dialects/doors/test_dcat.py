"""Graphs against the shapes of the profiles, CKAN's client, and the reader of data contracts."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support import environments, feeds, golden, lists, needs
from tests.support.callers import House, house
from tests.support.catalogues import Federation
from tests.support.live import live

OWN = {"vl": "flemish.ttl", "stat": "stat.ttl"}
"""Shapes of our own, for profiles that publish none that a validator takes."""
SHAPES = {
    "dcat-ap": (
        "dcat-ap-3.0.1-shapes.ttl",
        "dcat-ap-3.0.1-shapes_recommended.ttl",
        "dcat-ap-3.0.1-mdr-vocabularies.ttl",
    ),
    "vl": ("dcat-ap-3.0.1-shapes.ttl",),
    "stat": ("dcat-ap-3.0.1-shapes.ttl",),
    "be": ("bedcatap2.ttl",),
}

UNDONE = {
    "adms#status",
    "dcat#bbox",
    "dcat#centroid",
    "dcat#distribution",
    "terms/conformsTo",
    "terms/issued",
    "terms/publisher",
    "terms/spatial",
    "terms/type",
}
"""What the profiles recommend and is not said: a city is in no EU list of bodies, places have no
outline here, what is not open has no distribution."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    made = lists.looked_at(tmp_path_factory.mktemp("catalogue"))
    made.down(made.nodes[1])  # one city does not answer
    made.clock.pass_(hours=3)
    asyncio.run(made.catalogue.harvester.once())
    return made


@pytest.fixture(scope="module")
def aalst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = house(tmp_path_factory.mktemp("node") / "aalst")
    yield made
    made.node.close()


def faults(text: str, profile: str) -> list[dict[str, str]]:
    folder = needs.shared_data() / "shacl"
    own = needs.ROOT / "tests" / "dialects" / "shapes"
    shapes = [str(folder / name) for name in SHAPES[profile]]
    shapes += [str(own / OWN[profile])] if profile in OWN else []
    asked: dict[str, Any] = {
        "data": text,
        "format": "turtle",
        "shapes": shapes,
        "known": [str(folder / "datatheme.nt")] if profile != "dcat-ap" else [],
    }
    return environments.run("pyshacl", "validate.py", asked)


@pytest.mark.needs("shared_data")
@pytest.mark.parametrize("profile", SHAPES)
@pytest.mark.parametrize("side", ["catalogue", "node"])
def test_every_graph_keeps_the_shapes_of_its_profile(
    world: Federation, aalst: House, side: str, profile: str
) -> None:
    client = world.client if side == "catalogue" else (lambda: aalst.client("partner"))
    answer = lists.ask(client, f"/dcat.ttl?profile={profile}")
    found = faults(answer.text, profile)
    counts = Counter(each["severity"] for each in found)
    assert counts["Violation"] == 0, [each for each in found if each["severity"] == "Violation"]
    undone = {each["path"] for each in found}
    assert {each for each in undone if not any(each.endswith(known) for known in UNDONE)} == set()


@pytest.mark.needs("shared_data")
def test_what_was_withdrawn_keeps_the_shapes_too(tmp_path: Path) -> None:
    made = lists.long(tmp_path, 1)
    text = lists.ask(made.client, "/dcat.ttl?profile=vl").text
    assert "dataset-status/WITHDRAWN" in text
    assert [each for each in faults(text, "vl") if each["severity"] == "Violation"] == []


@pytest.mark.needs("shared_data")
@pytest.mark.parametrize(
    ("profile", "predicate", "fault"),
    [
        ("dcat-ap", "dct:title", "terms/title"),
        ("dcat-ap", "dcat:accessURL", "dcat#accessURL"),
        ("be", "adms:representationTechnique", "adms#representationTechnique"),
        ("be", "dct:license", "terms/license"),
        ("stat", "stat:dimension", "m8g/dimension"),
        ("vl", "dct:identifier", "terms/identifier"),
        ("vl", "dcat:contactPoint", "dcat#contactPoint"),
    ],
)
def test_a_broken_copy_fails(world: Federation, profile: str, predicate: str, fault: str) -> None:
    made = lists.graph(world.client, f"/dcat/NIS41002/bevolking.ttl?profile={profile}")
    prefix, _, name = predicate.partition(":")
    namespace = dict(made.namespaces())[prefix]
    made.remove((None, namespace + name, None))
    found = faults(made.serialize(format="turtle"), profile)
    broken = {each["path"] for each in found if each["severity"] == "Violation"}
    assert any(each.endswith(fault) for each in broken), broken


@pytest.mark.needs("shared_data")
def test_a_restricted_right_fails_in_flanders(world: Federation) -> None:
    text = lists.ask(world.client, "/dcat/NIS41002/werk.ttl?profile=vl").text
    found = faults(text.replace("NON_PUBLIC", "RESTRICTED"), "vl")
    assert {
        each["path"].rpartition("/")[2] for each in found if each["severity"] == "Violation"
    } == {"accessRights"}


def test_ckanapi_harvests_the_whole_catalogue(tmp_path: Path) -> None:
    made = lists.long(tmp_path, 130)
    with live(made.app) as url:
        found = environments.run("ckanapi", "act.py", {"url": url, "rows": 50, "get_only": True})
    assert len({each["id"] for each in found}) == 131
    assert [each["id"] for each in found] == sorted(each["id"] for each in found)
    gone = [each for each in found if each["title"].startswith("[Ingetrokken]")]
    assert [each["name"] for each in gone] == ["nis41002-weg"]
    assert gone[0]["resources"] == []
    assert {each["format"] for each in found[0]["resources"]} <= {"CSV", "PARQUET", "XLSX", "JSON"}


def test_ckanapi_sees_a_new_release_and_its_withdrawal(tmp_path: Path) -> None:
    made = lists.long(tmp_path, 2)
    first = feeds.release(1, of="cijfers-001")
    second = feeds.release(2, of="cijfers-001").model_copy(
        update={"published_at": feeds.NOW + timedelta(days=3)}
    )
    asked = {"calls": [("package_show", {"id": "nis41002-cijfers-001"})], "get_only": True}
    told = []
    with live(made.app) as url:
        for current in (first, second, first):
            held = feeds.dataset("cijfers-001", current=current)
            made.nodes[0].publish(made.nodes[0].datasets[0], held)
            asyncio.run(made.catalogue.harvester.once())
            told += environments.run("ckanapi", "act.py", {"url": url, **asked})
    seen = [each["result"] for each in told]
    assert seen[0] == seen[2]
    assert len({each["id"] for each in seen}) == 1
    assert seen[1]["metadata_modified"] > seen[0]["metadata_modified"]


@pytest.mark.parametrize("get_only", [False, True])
def test_ckanapi_calls_every_action(world: Federation, get_only: bool) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("site_read", {}),
        ("status_show", {}),
        ("package_list", {"limit": 2, "offset": 1}),
        ("package_show", {"id": "nis41002-werk"}),
        ("package_search", {"q": "inkomen", "facet.field": '["organization", "groups"]'}),
        ("organization_list", {"all_fields": True}),
        ("organization_show", {"id": "nis41002", "include_datasets": True}),
        ("group_list", {}),
        ("group_show", {"id": "werk"}),
        ("license_list", {}),
        ("tag_list", {}),
        ("help_show", {"name": "package_show"}),
        ("current_package_list_with_resources", {"limit": 1}),
        ("package_show", {"id": "nis41002-niets"}),
        ("package_create", {"name": "x"}),
        ("package_search", {"fq": "organization:("}),
        ("package_search", {"rows": "veel"}),
    ]
    with live(world.app) as url:
        asked = {"url": url, "calls": calls, "get_only": get_only}
        answers = environments.run("ckanapi", "act.py", asked)
    results = [each.get("result") for each in answers]
    assert results[0] is True
    assert results[2] == ["nis13040-bevolking", "nis41002-bevolking"]
    werk = results[3]
    assert (werk["organization"]["title"], werk["resources"]) == ("Aalst", [])
    assert {"key": "access_rights", "value": "RESTRICTED"} in werk["extras"]
    assert results[4]["facets"] == {"organization": {"nis41002": 1}, "groups": {"werk": 1}}
    assert [each["package_count"] for each in results[5]] == [1, 1, 2, 1]
    assert {each["name"] for each in results[6]["packages"]} == {
        "nis41002-bevolking",
        "nis41002-werk",
    }
    assert results[7] == ["demografie", "werk"]
    assert results[8]["package_count"] == 1
    assert len(results[12]) == 1
    assert [each["error"] for each in answers if "error" in each] == [
        "NotFound",
        "NotFound",
        "SearchQueryError",
        "ValidationError",
    ]


def test_a_data_contract_is_read_by_the_reader_of_the_standard(tmp_path: Path) -> None:
    with golden.served(tmp_path) as node:
        releases = lists.told(f"{node.url}/v1/datasets/{golden.OPEN}/releases")["releases"]
        path = f"/v1/datasets/{golden.OPEN}/releases/{releases[0]['release_id']}/contract.yaml"
        text = lists.text(f"{node.url}{path}")
        closed = f"{node.url}{path}".replace(golden.OPEN, golden.CLOSED)
        partner = lists.text(closed, node.headers("provincie"))
        refused = lists.there(closed)
    (found,) = environments.run("odcs", "validate.py", {"text": text})
    columns = ["indicator", "level", "area", "period", "SEX", "obs_value", "obs_status"]
    assert found["columns"] == [*columns, "conf_status"]
    own = {each["property"]: each["value"] for each in found["read"]["customProperties"]}
    assert own["manifest"] == releases[0]["manifest"]
    assert found["read"]["schema"][0]["businessName"] == "Proef «alles»"
    assert found["read"]["schema"][0]["description"] == 'Alles wat "mis" kan gaan.'
    assert refused == 401
    (narrow,) = environments.run("odcs", "validate.py", {"text": partner})
    codes = narrow["read"]["schema"][0]["properties"][0]["customProperties"][0]
    assert codes == {"property": "codes", "value": ["inw", "leerl"]}
    terms = {each["property"]: each["value"] for each in narrow["read"]["customProperties"]}
    assert terms["protocolId"] == "urn:protocol:aalst:2026-101"
    assert "saldo" not in partner


def test_a_broken_data_contract_fails(tmp_path: Path) -> None:
    with golden.served(tmp_path) as node:
        releases = lists.told(f"{node.url}/v1/datasets/{golden.OPEN}/releases")["releases"]
        path = f"/v1/datasets/{golden.OPEN}/releases/{releases[0]['release_id']}/contract.yaml"
        text = lists.text(f"{node.url}{path}")
    broken = text.replace('"kind": "DataContract"\n', "").replace("logicalType", "logischType")
    found = environments.run("odcs", "validate.py", {"text": broken})
    assert any("'kind' is a required property" in each.get("fault", "") for each in found)
    assert len(found) > 2


def test_the_example_of_the_guide_runs_at_a_catalogue(world: Federation, tmp_path: Path) -> None:
    guide = (needs.ROOT / "docs" / "guide" / "clients.md").read_text("utf-8")
    marked = r"<!-- at the catalogue: ckanapi -->\n```python\n(.*?)```"
    (example,) = re.findall(marked, guide, re.DOTALL)
    script = tmp_path / "example.py"
    with live(world.app) as url:
        script.write_text(example.replace("https://catalogus.example", url), "utf-8")
        told = environments.execute("ckanapi", script)
    assert told.startswith("nis41002-bevolking ['http://127.0.0.1:8101/v1/datasets/bevolking/data")
