"""OData: filters that select what they say, pages that go on, hidden values that stay hidden."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import csdl, golden

SET = "/odata/v4/NIS41002_PROEF"
CBS = "/odata/cbs/v1/NIS41002/PROEF__GEMEENTE_2025"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


@pytest.fixture(scope="module")
def truth(node: golden.Golden) -> golden.Truth:
    return node.truth()


def ask(node: golden.Golden, path: str, caller: str = "nobody", rows: int = 0) -> httpx.Response:
    prefer = {"Prefer": f"odata.maxpagesize={rows}"} if rows else {}
    return node.client.get(node.url + path, headers={**node.headers(caller), **prefer})


def key(row: dict[str, Any]) -> golden.Key:
    return tuple(row[name] for name in ("Indicator", "GeoLevel", "RefArea", "Period", "SEX"))


def seen(rows: list[dict[str, Any]]) -> golden.Truth:
    return {key(row): (row["Value"], row["ObsStatus"]) for row in rows}


def pages(
    node: golden.Golden, path: str, rows: int, caller: str = "nobody", keep: bool = False
) -> Iterator[list[dict[str, Any]]]:
    """Follow the links; a client that drops its credentials follows without them."""
    headers = {"Prefer": f"odata.maxpagesize={rows}"}
    url = node.url + path
    signed_in = node.headers(caller)
    while url:
        answer = node.client.get(url, headers={**headers, **signed_in})
        answer.raise_for_status()
        document = answer.json()
        yield document["value"]
        url = document.get("@odata.nextLink", "")
        signed_in = signed_in if keep else {}


def test_every_answer_names_one_version_and_its_type(node: golden.Golden) -> None:
    for path in ("/odata/v4", "/odata/v4/", "/odata/v4/Datasets", SET, CBS, f"{SET}?$hutspot=1"):
        answer = ask(node, path)
        assert answer.headers.get_list("OData-Version") == ["4.0"]
        assert answer.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")


DOCUMENTS = ["/odata/v4/$metadata", f"{CBS}/$metadata", "/jiveservices/odata/$metadata"]


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("caller", ["nobody", *golden.PARTNERS])
def test_the_metadata_is_valid_whatever_is_accepted(
    node: golden.Golden, path: str, caller: str
) -> None:
    headers = {"Accept": "application/json", **node.headers(caller)}
    answer = node.client.get(node.url + path, headers=headers)
    assert csdl.faults(answer.content) == []
    assert csdl.properties(answer.content)


BROKEN = [
    (b'Version="4.0"', b'Version="1.0"', "the root is no Edmx"),
    (b'<Key><PropertyRef Name="Id"/></Key>', b"", "has no key"),
    (b'<PropertyRef Name="Id"/>', b'<PropertyRef Name="Ids"/>', "the key Ids is no property"),
    (b'Type="Edm.Double"', b'Type="Edm.Dubbel"', "Edm.Dubbel is no type"),
    (b'EntityType="Hanse.Dataset"', b'EntityType="Hanse.Weg"', "Hanse.Weg, which is not there"),
    (b'Name="GeoLevel"', b'Name="RefArea"', "RefArea stands twice"),
    (b'Name="Unit"', b'Name="1 unit"', "1 unit is no identifier"),
    (b"EntityContainer", b"Container", "stands in"),
]


@pytest.mark.parametrize(("part", "other", "told"), BROKEN)
def test_broken_metadata_is_not_valid(
    node: golden.Golden, part: bytes, other: bytes, told: str
) -> None:
    document = ask(node, "/odata/v4/$metadata").content
    assert part in document
    assert any(told in each for each in csdl.faults(document.replace(part, other)))


@pytest.mark.parametrize(
    ("path", "held"), [("/odata/v4/$metadata", SET), (f"{CBS}/$metadata", f"{CBS}/Observations")]
)
def test_every_value_is_of_the_type_that_the_metadata_says(
    node: golden.Golden, path: str, held: str
) -> None:
    types = csdl.properties(ask(node, path).content)[held.rpartition("/")[2]]
    rows = ask(node, held).json()["value"]
    assert rows
    for row in rows:
        assert [name for name, value in row.items() if not csdl.fits(value, types[name])] == []


def test_rows_have_codes_labels_and_real_dates(node: golden.Golden) -> None:
    wanted = quote("Indicator eq 'leerl'")
    row = ask(node, f"{SET}?$filter={wanted}&$top=1").json()["value"][0]
    assert row["IndicatorLabel"] == "Leerlingen"
    assert row["RefAreaLabel"] == 'Antwerpen "met Borsbeek"'
    assert (row["Period"], row["PeriodLabel"], row["PeriodStart"]) == (
        "2023-A1",
        "2023/24",
        "2023-09-01",
    )


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_pages_of_any_size_are_the_whole(
    node: golden.Golden, truth: golden.Truth, size: int
) -> None:
    found = [row for page in pages(node, SET, size) for row in page]
    assert len(found) == len(truth)
    assert seen(found) == truth


def test_an_order_holds_over_pages(node: golden.Golden) -> None:
    path = f"{SET}?$orderby={quote('Value desc,Period')}"
    found = [row["Value"] for page in pages(node, path, 4) for row in page]
    numbers = [value for value in found if value is not None]
    assert numbers == sorted(numbers, reverse=True)
    assert found[len(numbers) :] == [None] * (len(found) - len(numbers))


def test_top_skip_and_count_say_what_they_should(node: golden.Golden, truth: golden.Truth) -> None:
    assert int(ask(node, f"{SET}/$count").text) == len(truth)
    document = ask(node, f"{SET}?$count=true&$skip=2&$top=5").json()
    assert document["@odata.count"] == len(truth)
    assert len(document["value"]) == 5
    every = [row["Id"] for page in pages(node, SET, 100) for row in page]
    assert [row["Id"] for row in document["value"]] == every[2:7]
    path = f"{SET}?$top=5"
    assert sum(len(page) for page in pages(node, path, 2)) == 5


def test_the_same_cell_has_the_same_number_in_every_release(node: golden.Golden) -> None:
    before = {key(row): row["Id"] for page in pages(node, SET, 100) for row in page}
    assert len(set(before.values())) == len(before)
    release = node.publish_second()
    after = {key(row): row["Id"] for page in pages(node, SET, 100) for row in page}
    node.withdraw_second(release)
    for each in before.keys() & after.keys():
        assert before[each] == after[each]


def test_a_page_in_the_layout_of_cbs_begins_with_a_value(node: golden.Golden) -> None:
    first = next(pages(node, f"{CBS}/Observations", 3))
    assert first[0]["Value"] is not None
    whole = [row for page in pages(node, f"{CBS}/Observations", 3) for row in page]
    values = [row["Value"] is None for row in whole]
    assert values == sorted(values)
    text = ask(node, f"{CBS}/Observations").text
    assert '"Value":700.0' in text


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
@pytest.mark.parametrize("keep", [True, False], ids=["credentials kept", "credentials dropped"])
def test_a_partner_pages_through_its_view_also_without_its_credentials(
    node: golden.Golden, partner: str, keep: bool
) -> None:
    path = "/odata/v4/NIS41002_PROEF_DICHT"
    found = [row for page in pages(node, path, 2, partner, keep) for row in page]
    assert seen(found) == node.truth(partner, golden.CLOSED)


def test_a_link_opens_nothing_else_and_bears_no_change(node: golden.Golden) -> None:
    path = "/odata/v4/NIS41002_PROEF_DICHT"
    link = ask(node, path, "provincie", rows=1).json()["@odata.nextLink"]
    token = link.rpartition("=")[2]
    other = f"{node.url}{SET}?$skiptoken={token}"
    wider = f"{link}&$filter={quote('Value ge 0')}"
    broken = link[:-3] + ("AAA" if link[-3:] != "AAA" else "BBB")
    for url in (other, wider, broken):
        assert httpx.get(url).status_code == 410
    assert httpx.get(link, headers=node.headers("kenniscentrum")).status_code == 410


def test_nobody_is_told_of_a_closed_set(node: golden.Golden) -> None:
    assert "DICHT" not in ask(node, "/odata/v4/").text
    assert "DICHT" not in ask(node, "/odata/v4/$metadata").text
    closed = ask(node, "/odata/v4/NIS41002_PROEF_DICHT")
    unknown = ask(node, "/odata/v4/NIS41002_NERGENS_DICHT")
    assert (closed.status_code, closed.content) == (401, unknown.content)
    assert len(closed.headers.get_list("WWW-Authenticate")) == 2


HIDDEN_TRIES = [
    "Value eq 3", "Value ne 3", "not (Value gt 5)", "not (Value eq 3)", "Value le 9",
    "Value gt 2 and Value lt 4", "not (Value ne 3)", "Value in (1,2,3,4)", "not (Value in (1,2))",
]  # fmt: skip


@pytest.mark.parametrize("wanted", HIDDEN_TRIES)
def test_no_filter_on_the_value_finds_a_hidden_one(node: golden.Golden, wanted: str) -> None:
    rows = ask(node, f"{SET}?$filter={quote(wanted)}").json()["value"]
    assert all(row["Value"] is not None for row in rows)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{SET}?$filter=Indikator%20eq%20'x'", 400, "ODATA_PROPERTY"),
        (f"{SET}?$filter=Value%20eq%20'x'", 400, "ODATA_TYPES"),
        (f"{SET}?$filter=Indicator%20eq%20'x", 400, "ODATA_FILTER"),
        (f"{SET}?$filter=Indicator%20eq%20'x'%20and", 400, "ODATA_FILTER"),
        (f"{SET}?$filter={'(' * 60}Value%20eq%201{')' * 60}", 400, "ODATA_FILTER"),
        (f"{SET}?$filter=geo.distance(Value)%20lt%201", 400, "ODATA_FILTER"),
        (f"{SET}?$expand=Codes", 501, "ODATA_EXPAND"),
        (f"{SET}?$apply=aggregate(Value)", 501, "ODATA_APPLY"),
        (f"{SET}?periode=2023", 400, "QUERY_UNKNOWN"),
        (f"{SET}?$top=veel", 400, "ODATA_NUMBER"),
        (f"{SET}?$select=Hutspot", 400, "ODATA_PROPERTY"),
        (f"{SET}?$format=xml", 406, "ODATA_FORMAT"),
        (f"{SET}?$skiptoken=abc", 410, "LINK_STALE"),
        (f"{CBS}/Hutspot", 404, "NOT_FOUND"),
    ],
)
def test_a_fault_is_told_in_the_form_of_odata(
    node: golden.Golden, path: str, status: int, code: str
) -> None:
    answer = ask(node, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


Test = Callable[[dict[str, Any]], bool]
TEXTS = {"Indicator": ["inw", "saldo", "x'y"], "RefArea": ["11002", "41002"], "SEX": ["_T", "F"]}


def text_test(name: str, operator: str, value: str) -> tuple[str, Test]:
    compare: dict[str, Callable[[str], bool]] = {
        "eq": lambda held: held == value,
        "ne": lambda held: held != value,
        "gt": lambda held: held > value,
        "le": lambda held: held <= value,
    }
    said = value.replace("'", "''")
    return f"{name} {operator} '{said}'", lambda row: compare[operator](row[name])


def value_test(operator: str, number: int) -> tuple[str, Test]:
    compare: dict[str, Callable[[float], bool]] = {
        "eq": lambda held: held == number,
        "gt": lambda held: held > number,
        "le": lambda held: held <= number,
    }
    return (
        f"Value {operator} {number}",
        lambda row: row["Value"] is not None and compare[operator](row["Value"]),
    )


LEAVES = st.one_of(
    st.sampled_from(sorted(TEXTS)).flatmap(
        lambda name: st.builds(
            text_test,
            st.just(name),
            st.sampled_from(["eq", "ne", "gt", "le"]),
            st.sampled_from(TEXTS[name]),
        )
    ),
    st.builds(value_test, st.sampled_from(["eq", "gt", "le"]), st.integers(-2, 50)),
)


def both(a: tuple[str, Test], b: tuple[str, Test]) -> tuple[str, Test]:
    return f"({a[0]} and {b[0]})", lambda row: a[1](row) and b[1](row)


def either(a: tuple[str, Test], b: tuple[str, Test]) -> tuple[str, Test]:
    return f"({a[0]} or {b[0]})", lambda row: a[1](row) or b[1](row)


FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.builds(both, inner, inner), st.builds(either, inner, inner)),
    max_leaves=5,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wanted=FILTERS)
def test_filters_select_what_a_naive_reading_selects(
    node: golden.Golden, wanted: tuple[str, Test]
) -> None:
    text, meant = wanted
    every = [row for page in pages(node, SET, 1000) for row in page]
    found = ask(node, f"{SET}?$filter={quote(text)}").json()["value"]
    assert [row["Id"] for row in found] == [row["Id"] for row in every if meant(row)]


@settings(max_examples=30, deadline=None)
@given(text=st.text(st.sampled_from("Value eq()'0123,.notand ne\x00é"), max_size=40))
def test_no_filter_makes_the_service_fail(node: golden.Golden, text: str) -> None:
    assert ask(node, f"{SET}?$filter={quote(text)}").status_code in (200, 400, 501)


def test_rows_are_json_that_any_reader_takes(node: golden.Golden) -> None:
    for path, size in itertools.product((SET, f"{CBS}/Observations"), (0, 2)):
        json.loads(ask(node, path, rows=size).content)
