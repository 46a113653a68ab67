"""OGC API Features: every parameter does what it says, what is closed is not told, no 5xx."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import golden

from hanse.areas.boundaries import Boundaries
from hanse.node import boundaries

NOW = "/ogc/collections/PROEF__GEMEENTE_2025"
ITEMS = f"{NOW}/items"
CLOSED = "/ogc/collections/PROEF_DICHT__GEMEENTE_2025"
SQUARE = [[4.0, 50.9], [4.1, 50.9], [4.1, 51.0], [4.0, 51.0], [4.0, 50.9]]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        shapes = {"41002": {"type": "Polygon", "coordinates": [SQUARE]}}
        boundaries.store(served.home, Boundaries(golden.NOW_VINTAGE, shapes, "© proef"))
        yield served


def ask(node: golden.Golden, path: str, caller: str = "nobody") -> httpx.Response:
    return node.client.get(node.url + path, headers=node.headers(caller))


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["properties"]["code"] for each in answer.json()["features"]]


def test_the_landing_page_leads_to_everything(node: golden.Golden) -> None:
    landing = ask(node, "/ogc").json()
    links = {each["rel"]: each for each in landing["links"]}
    assert set(links) == {"self", "service-desc", "conformance", "data"}
    for link in links.values():
        answer = httpx.get(link["href"], headers={"Accept": link["type"]})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == link["type"]
    api = httpx.get(links["service-desc"]["href"]).json()
    assert api["openapi"].startswith("3.0")
    for path in api["paths"]:
        filled = path.replace("{collection}", "PROEF__GEMEENTE_2025").replace(
            "{feature}", "41002@2025"
        )
        assert ask(node, "/ogc" + filled.removesuffix("/")).status_code == 200, path


def test_a_collection_says_what_it_covers_and_whether_it_is_drawn(node: golden.Golden) -> None:
    found = {each["id"]: each for each in ask(node, "/ogc/collections").json()["collections"]}
    assert set(found) == {"PROEF__GEMEENTE_2025", "PROEF__GEMEENTE_2024"}
    drawn, plain = found["PROEF__GEMEENTE_2025"], found["PROEF__GEMEENTE_2024"]
    assert drawn["extent"]["spatial"]["bbox"] == [[4.0, 50.9, 4.1, 51.0]]
    assert drawn["attribution"] == "© proef"
    assert "spatial" not in plain["extent"]
    assert "de geometrie is leeg" in plain["description"]
    assert drawn["extent"]["temporal"]["interval"] == [
        ["2023-01-01T00:00:00Z", "2024-12-31T23:59:59Z"]
    ]


def test_nobody_is_told_of_what_is_closed(node: golden.Golden) -> None:
    for path in (CLOSED, f"{CLOSED}/items", f"{CLOSED}/schema", f"{CLOSED}/items/41002@2025"):
        absent = ask(node, path.replace("PROEF_DICHT", "BESTAAT_NIET"))
        answer = ask(node, path)
        assert (answer.status_code, answer.json()) == (absent.status_code, absent.json())


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_a_partner_is_told_of_its_own_part_alone(node: golden.Golden, partner: str) -> None:
    truth = node.truth(partner, golden.CLOSED)
    schema = ask(node, f"{CLOSED}/schema", partner).json()["properties"]
    named = {name.removesuffix("_status") for name in schema if name.endswith("_status")}
    assert named == {key[0] for key in truth}
    areas = {key[2] for key in truth if key[1] == golden.NOW_VINTAGE}
    assert set(codes(ask(node, f"{CLOSED}/items", partner))) == areas
    other = next(code for code in ("11002", "41002", "99999") if code not in areas)
    assert ask(node, f"{CLOSED}/items/{other}@2025", partner).status_code == 404


def test_one_answer_is_about_one_period_and_one_code(node: golden.Golden) -> None:
    newest = ask(node, ITEMS).json()["features"][0]["properties"]
    assert (newest["period"], newest["SEX"], newest["inw"]) == ("2024", "_T", 50.0)
    men = ask(node, f"{ITEMS}?period=2023&SEX=M").json()["features"]
    told = [(each["properties"]["inw"], each["properties"]["inw_status"]) for each in men]
    assert told == [(None, "Q"), (0.0, "A")]
    school = ask(node, f"{ITEMS}?period=2023-A1&indicator=leerl").json()["features"]
    assert [list(each["properties"]) for each in school] == [
        ["code", "name", "period", "SEX", "leerl", "leerl_status"]
    ] * 2


CHOSEN = {
    "": ["11002", "41002"],
    "limit=1": ["11002"],
    "limit=1&offset=1": ["41002"],
    "offset=7": [],
    "limit=99999999": ["11002", "41002"],
    "code=41002": ["41002"],
    "name=Aalst": ["41002"],
    "name=aalst": [],
    "inw=50": ["11002"],
    "inw=50.0": ["11002"],
    "inw=vijftig": [],
    "saldo_status=L": ["11002"],
    "period=2023&SEX=M&inw=3": [],
    "period=2023&SEX=M&inw_status=Q": ["11002"],
    "bbox=4.05,50.95,4.06,50.96": ["41002"],
    "bbox=4.05,50.95,-9,4.06,50.96,9": ["41002"],
    "bbox=5,50,6,51": [],
    "bbox=170,50,4.05,51": ["41002"],
    "datetime=2024-06-01T00:00:00Z": ["11002", "41002"],
    "datetime=2023-01-01/2023-12-31&code=41002": ["41002"],
    "datetime=../2020-01-01": [],
    "datetime=2030-01-01/..": [],
    "period=2023&datetime=2024-06-01": [],
}


@pytest.mark.parametrize("query", CHOSEN)
def test_parameters_choose_what_they_say(node: golden.Golden, query: str) -> None:
    answer = ask(node, f"{ITEMS}?{query}")
    assert codes(answer) == CHOSEN[query]
    assert answer.json()["numberReturned"] == len(CHOSEN[query])


REFUSED = {
    "foo=1": "QUERY_UNKNOWN",
    "Limit=1": "QUERY_UNKNOWN",
    "crs=x": "QUERY_UNKNOWN",
    "limit=1&limit=2": "QUERY_TWICE",
    "limit=0": "OGC_VALUE",
    "limit=-1": "OGC_VALUE",
    "limit=%C2%B2": "OGC_VALUE",
    "offset=a": "OGC_VALUE",
    "bbox=1,2,3": "OGC_VALUE",
    "bbox=1,9,3,2": "OGC_VALUE",
    "bbox=nan,1,2,3": "OGC_VALUE",
    "bbox=1e999,1,2,3": "OGC_VALUE",
    "datetime=gisteren": "OGC_VALUE",
    "datetime=": "OGC_VALUE",
    "datetime=../..": "OGC_VALUE",
    "datetime=2024-01-02/2024-01-01": "OGC_VALUE",
    "period=2019": "OGC_CODE",
    "SEX=X": "OGC_CODE",
    "indicator=nee": "OGC_CODE",
    "indicator=inw&saldo=1": "QUERY_UNKNOWN",
    "release=x": "NOT_FOUND",
}


@pytest.mark.parametrize("query", REFUSED)
def test_a_question_that_cannot_be_answered_is_refused_in_the_standards_form(
    node: golden.Golden, query: str
) -> None:
    answer = ask(node, f"{ITEMS}?{query}")
    assert answer.status_code in (400, 404)
    told = answer.json()
    assert set(told) == {"code", "description"}
    assert REFUSED[query] in (told["code"], "NOT_FOUND")


def test_next_links_lead_through_all_of_one_release(node: golden.Golden) -> None:
    url, found = f"{node.url}{ITEMS}?limit=1&period=2023", []
    while url:
        page = httpx.get(url).json()
        found += [each["id"] for each in page["features"]]
        assert page["numberMatched"] == 2
        url = next((each["href"] for each in page["links"] if each["rel"] == "next"), "")
        assert not url or "release=" in url
    assert found == ["11002@2025", "41002@2025"]


def test_one_feature_is_the_same_alone_and_among_others(node: golden.Golden) -> None:
    for each in ask(node, f"{ITEMS}?period=2023").json()["features"]:
        alone = ask(node, f"{ITEMS}/{quote(each['id'])}?period=2023").json()
        assert alone == each
    assert ask(node, f"{ITEMS}/41002").status_code == 404
    assert ask(node, f"{ITEMS}/41002@2024").status_code == 404
    assert ask(node, f"{ITEMS}/41002@2025?limit=1").status_code == 400
    assert ask(node, f"{ITEMS}/41002@2025?code=11002").status_code == 400


def test_a_question_to_a_collection_is_repeated_in_its_links(node: golden.Golden) -> None:
    found = ask(node, f"{NOW}?period=2023&SEX=F").json()
    items = next(each["href"] for each in found["links"] if each["rel"] == "items")
    assert httpx.get(items).json()["features"][0]["properties"]["period"] == "2023"
    assert ask(node, f"{NOW}?foo=1").status_code == 400


words = st.sampled_from(
    ["limit", "offset", "bbox", "datetime", "indicator", "period", "SEX", "code", "inw", "x", ""]
)
texts = st.one_of(
    st.sampled_from(["1", "0", "-1", "2023", "..", "4,50,5,51", "inw", "_T", "2023-01-01/..", ""]),
    st.text(max_size=12),
)


@given(st.lists(st.tuples(words, texts), max_size=4))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_asked_is_answered_or_refused(
    node: golden.Golden, given: list[tuple[str, str]]
) -> None:
    params: Any = given
    answer = node.client.get(f"{node.url}{ITEMS}", params=params)
    assert answer.status_code in (200, 400, 404), (given, answer.text)
    if answer.status_code == 200:
        page = answer.json()
        assert page["numberReturned"] == len(page["features"]) <= page["numberMatched"]
