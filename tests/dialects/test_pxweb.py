"""PxWeb: what is listed, described and refused, and that every format says the same cells."""

import csv
import io
from collections.abc import Iterator

import httpx
import pyarrow.parquet as pq
import pytest
from tests.support import golden

TABLE = "PROEF__GEMEENTE_2025"
ALL = "valueCodes[INDICATOR]=*&valueCodes[REF_AREA]=*&valueCodes[SEX]=*&valueCodes[TIME_PERIOD]=*"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def ask(node: golden.Golden, path: str, caller: str = "nobody") -> httpx.Response:
    return node.client.get(f"{node.url}/px/v2{path}", headers=node.headers(caller))


def test_the_configuration_says_what_every_client_asks_first(node: golden.Golden) -> None:
    found = ask(node, "/config").json()
    assert found["apiVersion"] >= "2.0.0"
    assert found["maxDataCells"] > 0
    assert found["defaultDataFormat"] in found["dataFormats"]


def test_nobody_is_told_of_what_is_closed(node: golden.Golden) -> None:
    listed = ask(node, "/tables?pageSize=100").json()["tables"]
    assert {each["id"] for each in listed} == {TABLE, "PROEF__GEMEENTE_2024"}
    answers = [ask(node, f"/tables/{name}") for name in ("PROEF_DICHT__GEMEENTE_2025", "X__Y_2025")]
    assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_a_partner_chooses_only_from_its_own_part(node: golden.Golden, partner: str) -> None:
    found = ask(node, "/tables/PROEF_DICHT__GEMEENTE_2025/metadata", partner).json()
    truth = node.truth(partner, golden.CLOSED)
    codes = set(found["dimension"]["INDICATOR"]["category"]["index"])
    assert codes == {key[0].upper() for key in truth}


def test_labels_of_variables_are_told_apart(node: golden.Golden) -> None:
    for lang in ("nl", "en", "fr", "xx"):
        found = ask(node, f"/tables/{TABLE}/metadata?lang={lang}").json()
        labels = [each["label"] for each in found["dimension"].values()]
        assert len(set(labels)) == len(labels)


def test_every_format_says_the_same_cells(node: golden.Golden) -> None:
    truth = {key: cell for key, cell in node.truth().items() if key[1] == golden.NOW_VINTAGE}
    lines = csv.reader(io.StringIO(ask(node, f"/tables/{TABLE}/data?{ALL}&outputFormat=csv").text))
    next(lines)
    told = {
        (row[0].lower(), golden.NOW_VINTAGE, row[1], row[3], row[2]): (
            float(row[4]) if row[4] else None,
            row[5],
        )
        for row in lines
    }
    assert told == truth
    file = ask(node, f"/tables/{TABLE}/data?{ALL}&outputFormat=parquet").content
    rows = pq.read_table(io.BytesIO(file)).to_pylist()
    assert {
        (row["indicator"], row["level"], row["area"], row["period"], row["SEX"]): (
            row["obs_value"],
            row["obs_status"],
        )
        for row in rows
    } == truth


def test_a_posted_choice_is_answered_like_the_same_in_the_address(node: golden.Golden) -> None:
    chosen = [
        {"variableCode": name, "valueCodes": ["*"]}
        for name in ("INDICATOR", "REF_AREA", "SEX", "TIME_PERIOD")
    ]
    posted = httpx.post(f"{node.url}/px/v2/tables/{TABLE}/data", json={"selection": chosen})
    assert posted.json() == ask(node, f"/tables/{TABLE}/data?{ALL}").json()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/data?valueCodes[HUTSPOT]=*", 400, "PXWEB_VARIABLE"),
        ("/data?valueCodes[SEX]=X&valueCodes[REF_AREA]=*", 400, "PXWEB_LEFT_OUT"),
        ("/data?outputFormat=px", 400, "FORMAT_UNKNOWN"),
        ("/data?periode=2023", 400, "QUERY_UNKNOWN"),
        ("/data?codelist[REF_AREA]=agg", 400, "PXWEB_PARAMETER"),
    ],
)
def test_a_choice_that_cannot_be_is_told_as_a_problem(
    node: golden.Golden, path: str, status: int, code: str
) -> None:
    answer = ask(node, f"/tables/{TABLE}{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
