"""The open data service of Swing sites: keys, newest periods, stepping, refusals in its form."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import golden

ROOT = "/jiveservices/odata"
VALUES = f"{ROOT}/Variables('inw')/GeoLevels('gemeente')/PeriodLevels('year')/Periods('all')/Values"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def ask(
    node: golden.Golden,
    path: str,
    caller: str = "nobody",
    rows: int = 0,
    options: dict[str, Any] | None = None,
) -> httpx.Response:
    prefer = {"Prefer": f"maxpagesize={rows}"} if rows else {}
    headers = {**node.headers(caller), **prefer}
    return node.client.get(node.url + path, params=options, headers=headers)


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


SETS = {
    "Variables": ["inw", "saldo", "leerl", "omzet"],
    "CubeVariables": ["inw", "saldo", "leerl", "omzet"],
    "GeoLevels": ["gemeente2024", "gemeente"],
    "GeoLevels('gemeente')/GeoItems": ["gemeente_11002", "gemeente_41002"],
    "GeoLevels('GEMEENTE2024')/GeoItems": [
        "gemeente2024_11002", "gemeente2024_11007", "gemeente2024_41002",
    ],
    "PeriodLevels": ["year", "quarter"],
    "PeriodLevels('YEAR')/Periods": ["2023", "2024"],
    "Periods": ["2023", "2024", "2024KW1", "2024KW2"],
    "Variables('leerl')/GeoLevels('gemeente')/PeriodLevels('year')/Periods": ["2023"],
    "Variables('omzet')/GeoLevels('gemeente')/PeriodLevels": ["quarter"],
    "CubeVariables('inw')/Dimensions": ["sex"],
    "CubeVariables('inw')/DimLevels('sex')/DimMembers": ["sex_F", "sex_M"],
    "Dimensions('sex')/DimLevels": ["sex"],
    "DataSources": [],
}  # fmt: skip


@pytest.mark.parametrize("path", SETS)
def test_every_set_has_what_the_dataset_has(node: golden.Golden, path: str) -> None:
    found = [each["ExternalCode"] for each in rows(ask(node, f"{ROOT}/{path}"))]
    assert sorted(found) == sorted(SETS[path])


@pytest.mark.parametrize("root", [ROOT, "/JiveServices/odata", "/jiveservices/OData"])
def test_the_path_and_keys_may_be_written_in_capitals(node: golden.Golden, root: str) -> None:
    found = ask(node, f"{root}/variables('INW')").json()
    assert (found["ExternalCode"], found["Unit"]) == ("inw", "personen")


def test_every_row_has_the_two_notes_and_its_figure_as_text(node: golden.Golden) -> None:
    found = rows(ask(node, VALUES, options={"$select": "ExternalCode,Period,ValueString"}))
    assert {tuple(each) for each in found} == {
        ("@odata.type", "@odata.id", "ExternalCode", "Period", "ValueString")
    }
    assert len({each["@odata.id"] for each in found}) == len(found)
    assert {(e["ExternalCode"], e["Period"]): e["ValueString"] for e in found} == {
        ("gemeente_11002", "2023"): "9",
        ("gemeente_41002", "2023"): "40",
        ("gemeente_11002", "2024"): "50",
        ("gemeente_41002", "2024"): "41",
    }


def test_symbols_stand_for_what_has_no_figure(node: golden.Golden) -> None:
    way = f"{ROOT}/Variables('saldo')/GeoLevels('gemeente')/PeriodLevels('year')/Periods('2024')"
    assert {each["ValueString"] for each in rows(ask(node, f"{way}/Values"))} == {"?", "nvt"}
    cube = VALUES.replace("Variables('inw')", "CubeVariables('inw')/DimItems('sex_M')")
    hidden = rows(ask(node, cube, options={"$filter": "ExternalCode eq 'gemeente_11002'"}))
    assert [each["ValueString"] for each in hidden] == ["x"]


def test_the_most_recent_period_is_the_newest_with_figures(node: golden.Golden) -> None:
    newest = rows(ask(node, VALUES.replace("'all'", "'mrp'")))
    assert {each["Period"] for each in newest} == {"2024"}
    older = VALUES.replace("'gemeente'", "'gemeente2024'").replace("'all'", "'mrp'")
    assert {each["Period"] for each in rows(ask(node, older))} == {"2023"}
    school = VALUES.replace("'inw'", "'leerl'").replace("'all'", "'mrp'")
    assert {each["Period"] for each in rows(ask(node, school))} == {"2023"}


def test_all_levels_come_in_one_answer(node: golden.Golden) -> None:
    found = rows(ask(node, VALUES.replace("'gemeente'", "'all'")))
    assert {each["GeoLevel"] for each in found} == {"gemeente", "gemeente2024"}
    one = ask(
        node,
        VALUES.replace("'gemeente'", "'all'"),
        options={
            "$filter": "ExternalCode eq 'gemeente2024_11007' or ExternalCode eq 'gemeente_41002'"
        },
    )
    assert {each["ExternalCode"] for each in rows(one)} == {"gemeente2024_11007", "gemeente_41002"}


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("period", ["all", "mrp"])
def test_links_and_steps_both_lead_through_everything(
    node: golden.Golden, size: int, period: str
) -> None:
    path = VALUES.replace("'gemeente'", "'all'").replace("'all')/Values", f"'{period}')/Values")
    whole = rows(ask(node, path))
    linked, url = [], node.url + path
    while url:
        page = httpx.get(url, headers={"Prefer": f"maxpagesize={size}"}).json()
        linked += page["value"]
        url = page.get("@odata.nextLink", "")
    stepped: list[dict[str, Any]] = []
    while page := rows(ask(node, path, rows=size, options={"$skip": len(stepped)})):
        stepped += page
    assert linked == stepped == whole


def test_a_link_goes_on_as_who_began_and_only_there(node: golden.Golden) -> None:
    path = VALUES.replace("'inw'", "'proef_dicht__inw'")
    first = ask(node, path, "provincie", rows=1)
    link = first.json()["@odata.nextLink"]
    assert httpx.get(link).status_code == 200, "a client that drops its credentials goes on"
    assert httpx.get(link[:-9] + ("A" if link[-9] != "A" else "B") + link[-8:]).status_code == 410
    other = link.replace("Periods('all')", "Periods('2023')")
    assert httpx.get(other).status_code == 410
    assert httpx.get(link, headers=node.headers("kenniscentrum")).status_code in (404, 410)


def test_a_code_of_two_datasets_is_never_guessed(node: golden.Golden) -> None:
    found = {each["ExternalCode"] for each in rows(ask(node, f"{ROOT}/Variables", "provincie"))}
    assert {"proef__inw", "proef_dicht__inw", "saldo"} <= found
    refused = ask(node, f"{ROOT}/Variables('inw')", "provincie")
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "SWING_VARIABLE_TWICE"
    assert ask(node, f"{ROOT}/Variables('proef__inw')").status_code == 200


def test_nobody_is_told_of_what_is_closed(node: golden.Golden) -> None:
    absent = ask(node, f"{ROOT}/Variables('bestaat_niet__inw')")
    closed = ask(node, f"{ROOT}/Variables('proef_dicht__inw')")
    assert (closed.status_code, closed.json()) == (absent.status_code, absent.json())
    assert closed.status_code == 404


REFUSED = {
    f"{ROOT}/Variables?$hop=1": 501,
    f"{ROOT}/Variables?$orderby=Name": 501,
    f"{ROOT}/Variables?hop=1": 400,
    f"{ROOT}/Variables?$filter=Nee eq 'x'": 400,
    f"{ROOT}/Variables?$filter=Name eq ''' or 1 eq 1": 400,
    f"{ROOT}/Variables?$skip=-1": 400,
    f"{ROOT}/Nergens": 404,
    f"{ROOT}/Variables('inw')/Values": 404,
    f"{ROOT}/GeoItems": 404,
    f"{ROOT}/GeoLevels('wijk')": 404,
    f"{VALUES}?$skiptoken=x.y": 410,
    f"{VALUES}/Values": 404,
    VALUES.replace("year", "month"): 404,
    VALUES.replace("Periods('all')", "Periods('1999')"): 404,
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_cannot_be_answered_is_refused_in_its_form(node: golden.Golden, path: str) -> None:
    answer = ask(node, path)
    assert answer.status_code == REFUSED[path]
    assert set(answer.json()) == {"error"}
    assert answer.headers.get_list("OData-Version") == ["4.0"]


def test_a_quote_in_a_key_is_written_twice(node: golden.Golden) -> None:
    assert ask(node, f"{ROOT}/Variables('in''w')").status_code == 404
    found = rows(
        ask(node, f"{ROOT}/GeoLevels", options={"$filter": "Name eq 'Gemeente'", "$top": 1})
    )
    assert len(found) == 1


def test_the_metadata_has_a_type_for_every_set(node: golden.Golden) -> None:
    root = ElementTree.fromstring(ask(node, f"{ROOT}/$metadata").content)  # noqa: S314 our own
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    types = {each.get("Name") for each in root.iter(f"{edm}EntityType")}
    held = {
        (each.get("EntityType") or "").partition(".")[2] for each in root.iter(f"{edm}EntitySet")
    }
    assert held <= types
    assert {"Variable", "Value"} <= held


names = st.sampled_from(
    ["Variables", "CubeVariables", "GeoLevels", "PeriodLevels", "Periods", "Values", "DimItems",
     "GeoItems", "DimMembers", "Dimensions", "DataSource"]
)  # fmt: skip
keys = st.one_of(
    st.none(), st.sampled_from(["inw", "gemeente", "year", "all", "mrp", "2023", "sex", "sex_F"]),
    st.text(alphabet="a'()é% ", max_size=5),
)  # fmt: skip


@given(st.lists(st.tuples(names, keys), min_size=1, max_size=6))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_address_is_asked_is_answered_or_refused(
    node: golden.Golden, given: list[tuple[str, str | None]]
) -> None:
    parts = [name if key is None else f"{name}('{key}')" for name, key in given]
    answer = node.client.get(httpx.URL(node.url).copy_with(path=f"{ROOT}/{'/'.join(parts)}"))
    assert answer.status_code in (200, 400, 404), (parts, answer.text)
