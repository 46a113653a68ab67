"""CKAN's actions: the query language, harvests that go on, and faults in CKAN's own form."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import lists
from tests.support.catalogues import Federation
from tests.support.feeds import NOW, dataset, release
from tests.support.lists import ask

from hanse.dialects.ckan import packages, search
from hanse.dialects.dcat.listing import Access, Listing, Publisher

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def listing(agency: str, slug: str, access: Access = "open", days: int = 0) -> Listing:
    base = "http://127.0.0.1:8100"
    return Listing(
        root=base,
        publisher=Publisher(agency, f"Stad {agency}", base),
        slug=slug,
        title={"nl": f"Titel van {slug}"},
        description={"nl": "Inwoners op 1 januari"},
        theme="werk" if slug < "b" else "demografie",
        access=access,
        licence="CC-BY-4.0",
        contact="",
        version="1.0.0",
        landing=base,
        keywords=("rood", slug),
        changed_at=AT + timedelta(days=days),
    )


EVERY = (
    listing("NIS1", "appel"),
    listing("NIS1", "bes", "protocol", 1),
    listing("NIS2", "appel", days=2),
    listing("NIS2", "citroen", "protocol", 3),
)


def found(query: str) -> list[str]:
    holds = search.read(query)
    return [packages.name(each) for each in EVERY if holds(each)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["nis1-appel", "nis1-bes", "nis2-appel", "nis2-citroen"]),
        ("*:*", ["nis1-appel", "nis1-bes", "nis2-appel", "nis2-citroen"]),
        ("appel", ["nis1-appel", "nis2-appel"]),
        ("inwoners appel", ["nis1-appel", "nis2-appel"]),
        ('"titel van bes"', ["nis1-bes"]),
        ('"van appel titel"', []),
        ("organization:nis1", ["nis1-appel", "nis1-bes"]),
        ("organization:nis1 OR organization:nis2", [packages.name(each) for each in EVERY]),
        ("-organization:nis1", ["nis2-appel", "nis2-citroen"]),
        ("NOT organization:nis1", ["nis2-appel", "nis2-citroen"]),
        ("+groups:werk -organization:nis2", ["nis1-appel"]),
        ("groups:(werk OR demografie) AND tags:bes", ["nis1-bes"]),
        ("access_rights:RESTRICTED", ["nis1-bes", "nis2-citroen"]),
        (
            "metadata_modified:[2026-03-02T12:00:00Z TO *]",
            ["nis1-bes", "nis2-appel", "nis2-citroen"],
        ),
        ("metadata_modified:[* TO 2026-03-01T12:00:00Z]", ["nis1-appel"]),
        ("metadata_modified:[2026-03-02 TO 2026-03-03]", ["nis1-bes"]),
        (
            "organization:nis1 OR organization:nis2 metadata_modified:[2026-03-03T00:00:00Z TO *]",
            ["nis2-appel", "nis2-citroen"],
        ),
        ("name:nis1-*", ["nis1-appel", "nis1-bes"]),
        ("license_id:cc-by-4.0", ["nis1-appel", "nis2-appel"]),
        ("(appel)", ["nis1-appel", "nis2-appel"]),
        ("name:nis1\\-bes", ["nis1-bes"]),
    ],
)
def test_a_query_is_read_as_its_writers_mean_it(query: str, names: list[str]) -> None:
    assert found(query) == names


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("organization:(a", "CKAN_SEARCH"),
        ("a OR", "CKAN_SEARCH"),
        ("OR a", "CKAN_SEARCH"),
        (")", "CKAN_SEARCH"),
        ('"a', "CKAN_SEARCH"),
        ("organisatie:a", "CKAN_FIELD"),
        ("metadata_modified:[gisteren TO *]", "CKAN_SEARCH"),
        ("title:[a TO b]", "CKAN_SEARCH"),
        ("(" * 30 + "a" + ")" * 30, "CKAN_SEARCH"),
        ("a " * 300, "CKAN_SEARCH"),
        ("organization:", "CKAN_SEARCH"),
        ("{!func}sum(1,2)", "CKAN_SEARCH"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused(query: str, code: str) -> None:
    with pytest.raises(search.BadSearch) as refused:
        search.read(query)
    assert refused.value.code == code


Asked = tuple[str, Callable[[Listing], bool]]


def _leaf() -> st.SearchStrategy[Asked]:
    def of(field: str, value: str) -> Asked:
        texts = search.FIELDS[field]
        return f'{field}:"{value}"', lambda each: value in [text.lower() for text in texts(each)]

    values = {"organization": ("nis1", "nis2"), "groups": ("werk",), "tags": ("rood", "bes")}
    return st.sampled_from([(field, value) for field in values for value in values[field]]).map(
        lambda pair: of(*pair)
    )


def _whole(inner: st.SearchStrategy[Asked]) -> st.SearchStrategy[Asked]:
    def both(left: Asked, right: Asked) -> Asked:
        return f"({left[0]} AND {right[0]})", lambda each: left[1](each) and right[1](each)

    def either(left: Asked, right: Asked) -> Asked:
        return f"({left[0]} OR {right[0]})", lambda each: left[1](each) or right[1](each)

    def beside(left: Asked, right: Asked) -> Asked:
        return f"({left[0]} {right[0]})", lambda each: left[1](each) and right[1](each)

    def without(one: Asked) -> Asked:
        return f"-{one[0]}", lambda each: not one[1](each)

    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda pair: both(*pair)),
        pairs.map(lambda pair: either(*pair)),
        pairs.map(lambda pair: beside(*pair)),
        inner.map(without),
    )


@given(st.recursive(_leaf(), _whole, max_leaves=8))
@settings(max_examples=30, deadline=None)
def test_any_query_finds_what_it_says(asked: Asked) -> None:
    query, holds = asked
    assert found(query) == [packages.name(each) for each in EVERY if holds(each)]


@given(st.text(max_size=60))
@settings(max_examples=30, deadline=None)
def test_any_text_is_read_or_refused(query: str) -> None:
    try:
        found(query)
    except search.BadSearch:
        return


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return lists.looked_at(tmp_path_factory.mktemp("catalogue"))


def act(world: Federation, name: str, **given: Any) -> Any:
    return ask(world.client, f"/api/3/action/{name}", params=given).json()


@pytest.mark.parametrize(
    ("name", "given", "status", "kind"),
    [
        ("package_create", {}, 404, "Not Found Error"),
        ("datastore_search_sql", {"sql": "SELECT 1"}, 404, "Not Found Error"),
        ("package_show", {"id": "niets"}, 404, "Not Found Error"),
        ("package_show", {}, 409, "Validation Error"),
        ("package_list", {"limiet": "3"}, 409, "Validation Error"),
        ("package_search", {"rows": "1001"}, 409, "Validation Error"),
        ("package_search", {"rows": "-1"}, 409, "Validation Error"),
        ("package_search", {"fq": "organization:("}, 400, "Search Query Error"),
        ("package_search", {"sort": "kleur asc"}, 400, "Search Query Error"),
        ("package_search", {"facet.field": '["kleur"]'}, 400, "Search Query Error"),
        ("package_search", {"facet.field": "[1"}, 409, "Validation Error"),
        ("organization_show", {"id": "x"}, 404, "Not Found Error"),
        ("help_show", {"name": "x"}, 404, "Not Found Error"),
    ],
)
def test_faults_have_the_form_of_ckan(
    world: Federation, name: str, given: dict[str, str], status: int, kind: str
) -> None:
    for prefix in ("/api/3/action", "/api/action"):
        answer = ask(world.client, f"{prefix}/{name}", params=given)
        body = answer.json()
        assert (answer.status_code, body["success"]) == (status, False)
        assert body["error"]["__type"] == kind
        assert set(body) == {"help", "success", "error"}


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("sent", ["[1]", "{", '"tekst"'])
def test_a_body_that_is_no_object_is_refused(world: Federation, sent: str) -> None:
    answer = ask(world.client, "/api/action/package_list", "POST", content=sent, headers=JSON)
    assert (answer.status_code, answer.json()["success"]) == (400, False)


@given(st.dictionaries(st.sampled_from(["q", "fq", "rows", "start", "sort", "id"]), st.text()))
@settings(max_examples=30, deadline=None)
def test_no_parameters_break_the_service(world: Federation, sent: dict[str, str]) -> None:
    for name in ("package_search", "package_show"):
        answer = ask(world.client, f"/api/action/{name}", "POST", json=sent)
        assert answer.status_code in (200, 400, 404, 409, 422)


def test_ids_stay_when_a_dataset_changes_and_only_it_is_new_to_a_harvester(tmp_path: Path) -> None:
    made = lists.long(tmp_path, 3)
    before = act(made, "package_search", rows=10, sort="id asc")["result"]["results"]
    later = (NOW + timedelta(days=2)).isoformat()
    newer = release(2, of="cijfers-001").model_copy(
        update={"published_at": NOW + timedelta(days=3)}
    )
    entries = list(made.nodes[0].datasets)
    entries[1] = dataset("cijfers-001", current=newer, title={"nl": "Anders"})
    made.nodes[0].publish(*entries)
    asyncio.run(made.catalogue.harvester.once())
    since = f"metadata_modified:[{later.partition('+')[0]}Z TO *]"
    (changed,) = act(made, "package_search", fq=since)["result"]["results"]
    assert (changed["name"], changed["title"]) == ("nis41002-cijfers-001", "Anders")
    after = act(made, "package_search", rows=10, sort="id asc")["result"]["results"]
    assert [each["id"] for each in after] == [each["id"] for each in before]


def test_a_page_past_the_end_is_empty_and_the_count_stays(world: Federation) -> None:
    page = act(world, "package_search", rows=2, start=4)["result"]
    assert (page["count"], len(page["results"])) == (5, 1)
    assert act(world, "package_search", start=99)["result"]["results"] == []


def test_facets_count_what_was_found_and_name_it(world: Federation) -> None:
    given = {"facet.field": '["organization","res_format"]', "fq": "groups:demografie", "rows": 0}
    answered = act(world, "package_search", **given)["result"]
    assert answered["results"] == []
    assert set(answered["facets"]["organization"].values()) == {1}
    items = answered["search_facets"]["organization"]["items"]
    assert {each["display_name"] for each in items} == {"Aalst", "Antwerpen", "Gent", "Turnhout"}
    assert answered["facets"]["res_format"]["CSV"] == 4


def test_a_governed_package_has_no_resource_and_says_where_to_ask(world: Federation) -> None:
    package = act(world, "package_show", id="nis41002-werk")["result"]
    extras = {each["key"]: each["value"] for each in package["extras"]}
    assert (package["resources"], package["license_id"]) == ([], "notspecified")
    assert extras["register"] == "http://127.0.0.1:8101/v1/protocols"
    assert "/v1/datasets/werk/data" not in json.dumps(package)
