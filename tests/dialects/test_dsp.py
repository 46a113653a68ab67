"""The Dataspace Protocol: the version document, the catalogue, and errors in its own form."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support import lists
from tests.support.catalogues import Federation
from tests.support.lists import ask

from hanse.dialects import dsp

REQUEST = "/dsp/2025-1/catalog/request"
JSON = {"Content-Type": "application/json"}
MESSAGE = {"@context": dsp.CONTEXT, "@type": "CatalogRequestMessage"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return lists.looked_at(tmp_path_factory.mktemp("catalogue"))


def posted(world: Federation, path: str = REQUEST, **given: Any) -> httpx.Response:
    return ask(world.client, path, "POST", json={**MESSAGE, **given})


def empty_arrays(found: object) -> Iterator[object]:
    """Yield every empty array: the standard's schemas allow none."""
    if isinstance(found, dict):
        for value in found.values():
            yield from empty_arrays(value)
    elif isinstance(found, list):
        if not found:
            yield found
        for value in found:
            yield from empty_arrays(value)


def test_the_version_document_needs_no_credential(world: Federation) -> None:
    answer = ask(world.client, "/.well-known/dspace-version")
    assert answer.headers["content-type"] == "application/json"
    (version,) = answer.json()["protocolVersions"]
    assert version == {"version": "2025-1", "path": "/dsp/2025-1", "binding": "HTTPS"}


def test_the_catalogue_has_what_its_schema_wants(world: Federation) -> None:
    answer = posted(world)
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert {"@context", "@id", "@type", "participantId"} <= set(body)
    assert (body["@type"], "hasPolicy" in body) == ("Catalog", False)
    assert len(body["dataset"]) == 5
    assert list(empty_arrays(body)) == []
    services = {each["@id"] for each in body["service"]}
    for each in body["service"]:
        assert {"@id", "@type", "endpointURL"} <= set(each)
    for each in body["dataset"]:
        assert {"@id", "hasPolicy", "distribution"} <= set(each)
        for offer in each["hasPolicy"]:
            assert "target" not in offer
            assert offer["permission"]
        for way in each["distribution"]:
            assert way["accessService"] in services
            assert isinstance(way["format"], str)


def test_what_is_governed_is_offered_for_a_purpose_without_an_address(world: Federation) -> None:
    (werk,) = [each for each in posted(world).json()["dataset"] if each["@id"].endswith("/WERK")]
    (permission,) = werk["hasPolicy"][0]["permission"]
    assert permission["constraint"][0]["rightOperand"] == "http://127.0.0.1:8101/v1/protocols"
    assert "/v1/datasets/" not in json.dumps(werk)


def test_an_empty_catalogue_leaves_its_arrays_out(tmp_path: Path) -> None:
    body = posted(lists.long(tmp_path, 0)).json()
    assert "dataset" not in body
    assert "service" not in body


def test_pages_are_linked_and_go_on_to_the_whole(tmp_path: Path) -> None:
    made = lists.long(tmp_path, 120)
    first = posted(made)
    address = first.headers["link"].partition(">")[0].removeprefix("<")
    assert first.headers["link"].endswith('rel="next"')
    second = posted(made, address)
    assert ask(made.client, address).json() == second.json()
    assert 'rel="previous"' in second.headers["link"]
    every = {each["@id"] for page in (first, second) for each in page.json()["dataset"]}
    assert len(every) == 121


def test_one_dataset_has_its_context(world: Federation) -> None:
    uri = posted(world).json()["dataset"][0]["@id"]
    body = ask(world.client, f"/dsp/2025-1/catalog/datasets/{uri}").json()
    assert (body["@id"], body["@context"]) == (uri, dsp.CONTEXT)


@pytest.mark.parametrize(
    ("path", "sent", "status", "code"),
    [
        (REQUEST, {"filter": [{"a": 1}]}, 400, "DSP_FILTER"),
        (REQUEST, {"@type": "Iets"}, 400, "DSP_MESSAGE"),
        (f"{REQUEST}?page=9", {}, 404, "NOT_FOUND"),
    ],
)
def test_faults_have_the_form_of_the_protocol(
    world: Federation, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    answer = posted(world, path, **sent)
    body = answer.json()
    assert (answer.status_code, body["code"], body["@type"]) == (status, code, "CatalogError")
    assert body["reason"]


def test_an_unknown_dataset_and_a_bad_body_are_told_alike(world: Federation) -> None:
    absent = ask(world.client, "/dsp/2025-1/catalog/datasets/urn:niets")
    assert (absent.status_code, absent.json()["@type"]) == (404, "CatalogError")
    for content in ("", "[]", "{"):
        answer = ask(world.client, REQUEST, "POST", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["@type"]) == (400, "CatalogError")
