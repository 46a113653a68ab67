"""What cannot be answered is refused in each dialect's own form, never passed over.

One table: every dialect beside every kind of fault. Where a dialect has no such thing, it says why.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast
from xml.etree import ElementTree

import httpx
import pytest
from pysdmx.io.xml.doc_validation import validate_doc
from tests.support import callers, golden, shares

from hanse.dialects import xlsx
from hanse.node import odata

Told = tuple[int, str]


def in_sdmx(answer: httpx.Response) -> str:
    validate_doc(answer.text)
    message = ElementTree.fromstring(answer.text)[0]  # noqa: S314 our own answer
    assert message.tag.endswith("ErrorMessage")
    return message.attrib["code"]


def in_odata(answer: httpx.Response) -> str:
    assert answer.headers.get_list("OData-Version") == ["4.0"]
    (error,) = answer.json().values()
    assert error["message"]
    return str(error["code"])


def in_delta(answer: httpx.Response) -> str:
    told = answer.json()
    assert set(told) == {"errorCode", "message"}
    return str(told["errorCode"])


def in_problem(answer: httpx.Response) -> str:
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["title"]
    return str(told["code"])


def in_ogc(answer: httpx.Response) -> str:
    told = answer.json()
    assert set(told) == {"code", "description"}
    return str(told["code"])


def in_mcp(answer: httpx.Response) -> str:
    told = answer.json()
    if "error" in told:
        return str(told["error"]["data"]["code"])
    assert told["result"]["isError"] is True
    return str(told["result"]["structuredContent"]["code"])


FORMS: Final[Mapping[str, Callable[[httpx.Response], str]]] = {
    "SDMX": in_sdmx,
    "OData": in_odata,
    "CBS": in_odata,
    "Swing": in_odata,
    "Delta Sharing": in_delta,
    "PxWeb": in_problem,
    "OGC": in_ogc,
    "MCP": in_mcp,
    "own forms": in_problem,
    "DCAT": in_problem,
}
KINDS = ("unknown code", "bad filter", "too much", "format", "media", "page token", "forbidden")


@dataclass(frozen=True)
class Bad:
    """A question that is refused: where it is asked, or why the dialect has no such question."""

    path: str = ""
    status: int = 400
    code: str = ""
    accept: str = "*/*"
    arguments: Mapping[str, Any] | None = None
    none: str = ""


PICTURE = "image/png;q=0.9, image/*"
SDMX3 = "/sdmx/3.0/data/dataflow/NIS41002/PROEF/1.0.0"
WIDE = "/odata/v4/NIS41002_PROEF"
CBS = "/odata/cbs/v1/NIS41002/PROEF__GEMEENTE_2025/Observations"
SWING = "/jiveservices/odata"
VALUES = (
    f"{SWING}/Variables('inw')/GeoLevels('gemeente')/PeriodLevels('year')/Periods('all')/Values"
)
PX = "/px/v2/tables/PROEF__GEMEENTE_2025"
OTHERS = "&".join(f"valueCodes[{name}]=*" for name in ("REF_AREA", "INDICATOR", "TIME_PERIOD"))
OGC = "/ogc/collections/PROEF__GEMEENTE_2025/items"
OWN = f"/v1/datasets/{golden.OPEN}/data"
DELTA = f"/delta/{shares.place()}"
DEEP = "(" * 60 + "Value eq 1" + ")" * 60
WHOLE = "an answer goes page by page, none of them is too much"

TABLE: Final[Mapping[str, Mapping[str, Bad]]] = {
    "SDMX": {
        "unknown code": Bad("/sdmx/2.1/data/PROEF/A..41002._T.NIETS", 404, "100"),
        "bad filter": Bad(f"{SDMX3}?c[OBS_VALUE]=ge:veel", 400, "140"),
        "too much": Bad(f"{SDMX3}/{','.join(['*'] * 101)}", 400, "140"),
        "format": Bad("/sdmx/2.1/data/PROEF?format=png", 406, "1006"),
        "media": Bad("/sdmx/2.1/data/PROEF", 406, "1006", accept=PICTURE),
        "page token": Bad(f"{SDMX3}?offset=9", 400, "140"),
        "forbidden": Bad("/sdmx/2.1/data/PROEF_DICHT", 401, "110"),
    },
    "OData": {
        "unknown code": Bad(f"{WIDE}?$filter=Indikator eq 'x'", 400, "ODATA_PROPERTY"),
        "bad filter": Bad(f"{WIDE}?$filter=Indicator eq 'x", 400, "ODATA_FILTER"),
        "too much": Bad(f"{WIDE}?$orderby=Value", 413, "ODATA_SORTED"),
        "format": Bad(f"{WIDE}?$format=xml", 406, "ODATA_FORMAT"),
        "media": Bad(WIDE, 406, "MEDIA_NOT_OFFERED", accept=PICTURE),
        "page token": Bad(f"{WIDE}?$skiptoken=abc", 410, "LINK_STALE"),
        "forbidden": Bad("/odata/v4/NIS41002_PROEF_DICHT", 401, "SIGN_IN_NEEDED"),
    },
    "CBS": {
        "unknown code": Bad(CBS.replace("PROEF", "NIETS"), 401, "SIGN_IN_NEEDED"),
        "bad filter": Bad(f"{CBS}?$filter=Measure eq", 400, "ODATA_FILTER"),
        "too much": Bad(f"{CBS}?$filter={DEEP}", 400, "ODATA_FILTER"),
        "format": Bad(f"{CBS}?$format=xml", 406, "ODATA_FORMAT"),
        "media": Bad(CBS, 406, "MEDIA_NOT_OFFERED", accept=PICTURE),
        "page token": Bad(f"{CBS}?$skiptoken=abc", 410, "LINK_STALE"),
        "forbidden": Bad(CBS.replace("PROEF", "PROEF_DICHT"), 401, "SIGN_IN_NEEDED"),
    },
    "Swing": {
        "unknown code": Bad(f"{SWING}/Variables('niets')", 404, "NOT_FOUND"),
        "bad filter": Bad(f"{SWING}/Variables?$filter=Nee eq 'x'", 400, "ODATA_PROPERTY"),
        "too much": Bad(none=WHOLE),
        "format": Bad(f"{SWING}/Variables?$format=xml", 406, "ODATA_FORMAT"),
        "media": Bad(VALUES, 406, "MEDIA_NOT_OFFERED", accept=PICTURE),
        "page token": Bad(f"{VALUES}?$skiptoken=x.y", 410, "LINK_STALE"),
        "forbidden": Bad(f"{SWING}/Variables('proef_dicht__inw')", 404, "NOT_FOUND"),
    },
    "Delta Sharing": {
        "unknown code": Bad(f"{DELTA}/metadata?version=99", 400, "INVALID_PARAMETER_VALUE"),
        "bad filter": Bad(none="hints are wishes by the protocol, and never narrow an answer"),
        "too much": Bad("/delta/shares?maxResults=-1", 400, "INVALID_PARAMETER_VALUE"),
        "format": Bad(none="a client says which forms it reads, and gets the first that is known"),
        "media": Bad(none="a client says which forms it reads in a header of its own"),
        "page token": Bad("/delta/shares?pageToken=abc", 410, "RESOURCE_DOES_NOT_EXIST"),
        "forbidden": Bad(f"/delta/{shares.place(golden.CLOSED)}/version", 401, "UNAUTHENTICATED"),
    },
    "PxWeb": {
        "unknown code": Bad(f"{PX}/data?{OTHERS}&valueCodes[SEX]=X", 400, "PXWEB_CODE"),
        "bad filter": Bad(f"{PX}/data?valueCodes[HUTSPOT]=*", 400, "PXWEB_VARIABLE"),
        "too much": Bad(none="a table has at most as many cells as it says in its configuration"),
        "format": Bad(f"{PX}/data?outputFormat=px", 400, "FORMAT_UNKNOWN"),
        "media": Bad(f"{PX}/data", 406, "MEDIA_NOT_OFFERED", accept=PICTURE),
        "page token": Bad("/px/v2/tables?pageNumber=x", 400, "QUERY_VALUE"),
        "forbidden": Bad(PX.replace("PROEF", "PROEF_DICHT"), 401, "SIGN_IN_NEEDED"),
    },
    "OGC": {
        "unknown code": Bad(f"{OGC}?SEX=X", 400, "OGC_CODE"),
        "bad filter": Bad(f"{OGC}?bbox=1,2,3", 400, "OGC_VALUE"),
        "too much": Bad(f"{OGC}?limit=0", 400, "OGC_VALUE"),
        "format": Bad(f"{OGC}?f=xml", 400, "QUERY_UNKNOWN"),
        "media": Bad(OGC, 406, "MEDIA_NOT_OFFERED", accept=PICTURE),
        "page token": Bad(f"{OGC}?offset=a", 400, "OGC_VALUE"),
        "forbidden": Bad(OGC.replace("PROEF", "PROEF_DICHT"), 401, "SIGN_IN_NEEDED"),
    },
    "MCP": {
        "unknown code": Bad(code="INDICATOR_NOT_HERE", status=200,
                            arguments={"dataset": golden.OPEN, "indicators": ["inwo"]}),
        "bad filter": Bad(code="MCP_ARGUMENT_UNKNOWN", status=200,
                          arguments={"dataset": golden.OPEN, "gebied": "11002"}),
        "too much": Bad(code="MCP_ARGUMENT_FORM", status=200,
                        arguments={"dataset": golden.OPEN, "limit": 10_000}),
        "format": Bad(none="an answer has one form, text beside structured content"),
        "media": Bad(none="an answer has one form, text beside structured content"),
        "page token": Bad(code="MCP_ARGUMENT_FORM", status=200,
                          arguments={"dataset": golden.OPEN, "start": "later"}),
        "forbidden": Bad(code="SIGN_IN_NEEDED", status=401, arguments={"dataset": golden.CLOSED}),
    },
    "own forms": {
        "unknown code": Bad(f"{OWN}?indicator=niets", 400, "INDICATOR_NOT_HERE"),
        "bad filter": Bad(f"{OWN}?period=gisteren", 400, "PERIOD_UNKNOWN"),
        "too much": Bad(f"{OWN}?format=xlsx", 400, "XLSX_ROWS"),
        "format": Bad(f"{OWN}?format=pdf", 400, "FORMAT_UNKNOWN"),
        "media": Bad(OWN, 406, "MEDIA_NOT_OFFERED", accept=PICTURE),
        "page token": Bad(f"{OWN}?page=2", 400, "QUERY_UNKNOWN"),
        "forbidden": Bad(OWN.replace(golden.OPEN, golden.CLOSED), 401, "SIGN_IN_NEEDED"),
    },
    "DCAT": {
        "unknown code": Bad("/dcat/niets.ttl", 401, "SIGN_IN_NEEDED"),
        "bad filter": Bad("/dcat.ttl?profile=xx", 400, "DCAT_PROFILE"),
        "too much": Bad(none=WHOLE),
        "format": Bad("/dcat.png", 404, "NOT_FOUND"),
        "media": Bad("/dcat", 406, "DCAT_MEDIA", accept=PICTURE),
        "page token": Bad("/dcat.ttl?page=99", 404, "NOT_FOUND"),
        "forbidden": Bad(none="every dataset is described, also one whose figures are not open"),
    },
}  # fmt: skip
ROWS = [(name, kind) for name, kinds in TABLE.items() for kind in kinds]
ASKED = [row for row in ROWS if not TABLE[row[0]][row[1]].none]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def ask(node: golden.Golden, bad: Bad, caller: str = "nobody") -> httpx.Response:
    headers = {"Accept": bad.accept, **node.headers(caller)}
    if bad.arguments is None:
        return node.client.get(node.url + bad.path, headers=headers)
    call = {"name": "pull", "arguments": bad.arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    told = {**headers, "MCP-Protocol-Version": "2025-06-18", "Accept": "application/json"}
    return node.client.post(f"{node.url}/mcp", json=body, headers=told)


def test_every_dialect_has_an_answer_to_every_kind_of_fault() -> None:
    assert set(TABLE) == set(FORMS)
    for kinds in TABLE.values():
        assert set(kinds) == set(KINDS)


@pytest.mark.parametrize(("dialect", "kind"), ASKED)
def test_a_bad_question_is_refused_in_the_form_of_its_dialect(
    node: golden.Golden, monkeypatch: pytest.MonkeyPatch, dialect: str, kind: str
) -> None:
    monkeypatch.setattr(xlsx, "ROWS_MAX", 7)
    monkeypatch.setattr(odata, "SORTED_MAX", 7)
    bad = TABLE[dialect][kind]
    answer = ask(node, bad)
    assert (answer.status_code, FORMS[dialect](answer)) == (bad.status, bad.code), answer.text


CLOSED_PATHS = {
    name: kinds["forbidden"] for name, kinds in TABLE.items() if not kinds["forbidden"].none
}


@pytest.mark.parametrize("dialect", CLOSED_PATHS)
def test_what_is_forbidden_looks_like_what_is_not_there(node: golden.Golden, dialect: str) -> None:
    closed = CLOSED_PATHS[dialect]
    absent = Bad(
        path=closed.path.replace("DICHT", "NERGENS").replace("dicht", "nergens"),
        arguments=closed.arguments and {"dataset": "proef-nergens"},
    )
    answers = [ask(node, each) for each in (closed, absent)]
    assert len({(each.status_code, each.content) for each in answers}) == 1
    assert len({each.headers.get("WWW-Authenticate") for each in answers}) == 1


LINKED = {
    "OData": ("/odata/v4/NIS41002_PROEF_DICHT", {"Prefer": "odata.maxpagesize=1"}, in_odata),
    "CBS": (
        CBS.replace("PROEF", "PROEF_DICHT"), {"Prefer": "odata.maxpagesize=1"}, in_odata
    ),
    "Swing": (
        VALUES.replace("'inw'", "'proef_dicht__inw'"), {"Prefer": "maxpagesize=1"}, in_odata
    ),
}  # fmt: skip


def test_an_address_that_has_run_out_is_told_so_in_the_form_of_its_dialect(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with golden.served(tmp_path_factory.mktemp("golden")) as node:
        links = {}
        for name, (path, headers, form) in LINKED.items():
            signed_in = node.headers("provincie")
            page = node.client.get(node.url + path, headers={**headers, **signed_in}).json()
            links[name] = (page["@odata.nextLink"], form)
        token, _ = shares.token(node, "provincie", purpose="beleid")
        address = f"{node.url}/delta/{shares.place(golden.CLOSED)}/query"
        answer = node.client.post(address, json={}, headers=shares.bearer(token))
        links["Delta Sharing"] = (shares.files(answer)[0]["url"], in_delta)
        for url, _ in links.values():
            assert node.client.get(url).status_code == 200
        cast("callers.Moment", node.node.publisher.clock).at += timedelta(hours=1, seconds=1)
        for name, (url, form) in links.items():
            late = node.client.get(url)
            assert late.status_code == 410, name
            assert form(late) in ("LINK_STALE", "RESOURCE_DOES_NOT_EXIST")
