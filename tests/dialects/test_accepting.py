"""What clients really send as `Accept`, in every dialect: it goes on working, by its weights."""

from collections.abc import Iterator

import httpx
import pytest
from sqlmodel import select
from tests.support import golden

from hanse.node.log import EntryRow, PendingRow
from hanse.store.session import reading

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
R = "application/json, text/xml, application/xml, */*"
QUERY = (
    "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
    "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7"
)
QGIS_API = (
    "application/vnd.oai.openapi+json;version=3.0, application/openapi+json;version=3.0, "
    "application/json"
)
GEOJSON = "application/geo+json"

WIDE = "/odata/v4/NIS41002_PROEF"
CBS = "/odata/cbs/v1/NIS41002/PROEF__GEMEENTE_2025/Observations"
SWING = "/jiveservices/odata/Variables"
PX = "/px/v2/tables/PROEF__GEMEENTE_2025"
OGC = "/ogc/collections/PROEF__GEMEENTE_2025"
OWN = f"/v1/datasets/{golden.OPEN}/data"
ODATA = "application/json;odata.metadata=minimal"

ANSWERED = [
    *[(WIDE, accept, ODATA) for accept in ("", "*/*", BROWSER, JAVA, R, QUERY)],
    (WIDE, "application/json;odata.metadata=full", ODATA),
    (WIDE, "application/json;odata=verbose, application/json;q=0.5", ODATA),
    (WIDE, "application/json;IEEE754Compatible=false;charset=utf-8", ODATA),
    (f"{WIDE}?$format=json", "image/png", ODATA),
    (f"{WIDE}?$format=application/json;odata.metadata=none", "*/*", ODATA),
    (f"{WIDE}/$count", "text/plain", "text/plain"),
    (f"{WIDE}/$count", "application/json", "text/plain"),
    ("/odata/v4", QUERY, ODATA),
    ("/odata/v4/$metadata", "application/json", "application/xml"),
    ("/odata/v4/$metadata", "application/xml", "application/xml"),
    ("/odata/v4/hanse.pbids", "text/html", "application/octet-stream"),
    (CBS, R, ODATA),
    (SWING, "application/json, text/plain, */*", ODATA),
    *[(f"{PX}/metadata", accept, "application/json") for accept in ("", R, BROWSER)],
    (f"{PX}/data", R, "application/json"),
    (f"{PX}/data", "text/csv", "text/csv"),
    (f"{PX}/data", "application/json;q=0.3, text/csv;q=0.9", "text/csv"),
    (f"{PX}/data?outputFormat=csv", "application/json", "text/csv"),
    ("/ogc", "application/json", "application/json"),
    ("/ogc/api", QGIS_API, "application/vnd.oai.openapi+json"),
    (f"{OGC}/schema", "application/schema+json", "application/schema+json"),
    (f"{OGC}/items", f"{GEOJSON}, application/json", GEOJSON),
    (f"{OGC}/items", "application/json", GEOJSON),
    (f"{OGC}/items", BROWSER, GEOJSON),
    (OWN, BROWSER, "application/json"),
    (OWN, "text/csv;q=0.4, application/vnd.apache.parquet", "application/vnd.apache.parquet"),
    (f"{OWN}?format=csv", "image/png", "text/csv"),
    (f"{OWN}.parquet", "image/png", "application/vnd.apache.parquet"),
    (f"{OWN}.csv-metadata.json", "application/csvm+json", "application/csvm+json"),
]
REFUSED = [
    (WIDE, "application/json;odata=verbose"),
    (WIDE, "application/atom+xml"),
    (f"{WIDE}/$count", "image/png"),
    ("/odata/v4", "application/json;q=0"),
    ("/odata/cbs/v1/NIS41002/PROEF__GEMEENTE_2025", "text/csv"),
    (f"{SWING}('inw')", "application/xml"),
    ("/px/v2/config", "image/png"),
    ("/px/v2/tables", "text/csv"),
    ("/ogc/collections", "text/turtle"),
    (f"{OGC}/items/41002", "application/gml+xml"),
    (OWN, "text/html"),
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def ask(node: golden.Golden, path: str, accept: str) -> httpx.Response:
    return node.client.get(node.url + path, headers={"Accept": accept})


@pytest.mark.parametrize(("path", "accept", "media_type"), ANSWERED)
def test_what_a_reader_accepts_among_others_is_answered(
    node: golden.Golden, path: str, accept: str, media_type: str
) -> None:
    answer = ask(node, path, accept)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media_type)


@pytest.mark.parametrize(("path", "accept"), REFUSED)
def test_what_no_form_here_has_is_refused_with_the_forms_there_are(
    node: golden.Golden, path: str, accept: str
) -> None:
    answer = ask(node, path, accept)
    assert answer.status_code == 406, answer.text
    assert "json" in answer.text.replace(accept, "")


def recorded(node: golden.Golden) -> int:
    with reading(node.press.engine) as session:
        return sum(len(session.exec(select(row)).all()) for row in (PendingRow, EntryRow))


def test_a_form_that_is_refused_is_no_reading_on_record(node: golden.Golden) -> None:
    before = recorded(node)
    for path in (OWN, WIDE, CBS, f"{PX}/data", f"{OGC}/items"):
        assert ask(node, path, "image/png").status_code == 406
    assert recorded(node) == before
    assert ask(node, OWN, "*/*").status_code == 200
    assert recorded(node) == before + 1


@pytest.mark.parametrize("path", [OWN, WIDE, CBS, f"{PX}/data", f"{OGC}/items"])
def test_a_cache_is_told_that_the_answer_differs_by_accept(node: golden.Golden, path: str) -> None:
    varies = ask(node, path, "*/*").headers["vary"].split(", ")
    assert "Accept" in varies


@pytest.mark.parametrize(
    ("option", "instead"),
    [
        ("$apply=aggregate(Value with sum as Total)", "_T"),
        ("$expand=RefArea", "$select"),
        ("$search=Aalst", "contains("),
        ("$compute=Value mul 2 as Twice", "$filter"),
    ],
)
def test_an_option_that_is_not_offered_is_refused_with_what_to_use_instead(
    node: golden.Golden, option: str, instead: str
) -> None:
    answer = ask(node, f"{WIDE}?{option}", "*/*")
    assert answer.status_code == 501
    assert answer.headers["odata-version"] == "4.0"
    assert instead in answer.json()["error"]["message"]
