"""`/v1/datasets/{slug}/data`: who gets what, in which form, and what everybody else is told."""

import hashlib
import io
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.asgi import exchange
from tests.support.callers import (
    CLOSED,
    INTERNAL,
    LISTED,
    OPEN,
    UNLISTED,
    House,
    credentials,
)
from tests.support.forms import FORMS

pytestmark = pytest.mark.anyio

UNKNOWN = "bestaat-niet"


def cells(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    return list(zip(*(document["data"][name] for name in document["columns"]), strict=True))


@pytest.mark.caller
async def test_open_data_is_for_everybody(aalst: House, caller: str) -> None:
    async with aalst.client(caller) as client:
        answer = await client.get(f"/v1/datasets/{OPEN}/data")
    assert answer.status_code == 200
    document = answer.json()
    assert document["rows"] == 24
    assert answer.headers["protocol"] == "urn:protocol:nis41002:open-data"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["release-digest"] == document["manifest"]
    assert "decision" in answer.headers
    assert 'rel="license"' in answer.headers["link"]
    hidden = [row for row in cells(document) if row[5] == "Q"]
    assert len(hidden) == 6
    assert all(row[4] is None and row[6] == "C" for row in hidden)


@pytest.mark.caller("nobody", "stranger", "partner", "steward")
@pytest.mark.parametrize("slug", [LISTED, UNLISTED, CLOSED, INTERNAL, UNKNOWN])
async def test_governed_data_is_for_whom_a_protocol_names(
    aalst: House, caller: str, slug: str
) -> None:
    asked = f"/v1/datasets/{slug}/data?extent=permitted&purpose=beleid"
    async with aalst.client(caller) as client:
        answer = await client.get(asked)
    named = slug in {LISTED, UNLISTED}
    expected = {
        "nobody": 401,
        "partner": 200 if named else 404,
        "stranger": 403 if slug == LISTED else 404,
        "steward": 403 if slug == LISTED else 404,
    }
    assert answer.status_code == expected[caller]
    if answer.status_code == 200:
        rows = cells(answer.json())
        assert {row[2] for row in rows} == {"41002", "41002A", "41002B"}
        assert {row[3] for row in rows} == {"2023", "2024"}
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["vary"].startswith("Authorization")


@pytest.mark.caller("nobody", "stranger", "steward")
async def test_what_is_hidden_and_what_is_not_there_look_alike(aalst: House, caller: str) -> None:
    seen = set()
    async with aalst.client(caller) as client:
        for slug in (UNLISTED, CLOSED, INTERNAL, UNKNOWN):
            for path in ("/data", "/data.parquet", "", "/permitted", "/explain?area=41002"):
                answer = await client.get(f"/v1/datasets/{slug}{path}")
                headers = {k: v for k, v in answer.headers.items() if k != "traceresponse"}
                seen.add((answer.status_code, answer.content, tuple(sorted(headers.items()))))
    assert len(seen) == 1
    status, body, _ = seen.pop()
    assert status == (401 if caller == "nobody" else 404)
    assert UNLISTED.encode() not in body


async def test_nobody_is_told_how_to_sign_in(aalst: House) -> None:
    async with aalst.client() as client:
        answer = await client.get(f"/v1/datasets/{LISTED}/data")
        metadata = await client.get("/.well-known/oauth-protected-resource")
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer")
    assert "/.well-known/oauth-protected-resource" in challenge
    assert metadata.json()["resource"] == "http://127.0.0.1:8101"


@pytest.mark.parametrize(
    "claims", [{"exp": 1}, {"aud": "http://127.0.0.1:9999"}, {"iss": "http://evil.example"}]
)
async def test_a_bad_token_is_never_read_as_nobody(aalst: House, claims: dict[str, Any]) -> None:
    async with aalst.client() as client:
        answer = await client.get(
            f"/v1/datasets/{OPEN}/data", headers=dict(credentials("partner", **claims))
        )
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_asking_for_too_much_is_refused_whole_and_says_what_is_allowed(aalst: House) -> None:
    async with aalst.client("partner") as client:
        answer = await client.get(f"/v1/datasets/{LISTED}/data")
        area = await client.get(
            f"/v1/datasets/{LISTED}/data?indicator=inw&area=11002&period=2023:2024"
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "DECISION_INDICATOR")
    assert (area.status_code, area.json()["code"]) == (403, "DECISION_AREA")
    assert "gemeente:41002" in area.json()["detail"]
    assert area.json()["decision"]


async def test_a_purpose_is_asked_and_checked(aalst: House) -> None:
    path = f"/v1/datasets/{LISTED}/data?extent=permitted"
    bare = dict(credentials("partner", purpose="reclame"))
    async with aalst.client() as client:
        wrong = await client.get(path, headers=bare)
        other = await client.get(f"{path}&purpose=statistiek", headers=dict(credentials("partner")))
        twice = await client.get(
            f"{path}&purpose=beleid", headers={**credentials("partner"), "Purpose": "statistiek"}
        )
        header = await client.get(path, headers={**credentials("partner"), "Purpose": "beleid"})
    assert wrong.json()["code"] == "DECISION_PURPOSE"
    assert (other.status_code, other.json()["code"]) == (403, "PURPOSE_DIFFERS")
    assert twice.json()["code"] == "PURPOSE_TWICE"
    assert header.status_code == 200


async def test_a_token_without_the_scope_opens_nothing(aalst: House) -> None:
    async with aalst.client() as client:
        answer = await client.get(
            f"/v1/datasets/{LISTED}/data?extent=permitted",
            headers=dict(credentials("partner", scope="audit:read")),
        )
    assert answer.json()["code"] == "DECISION_SCOPE"


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        ("indicator=inwo", "INDICATOR_NOT_HERE", "inwo"),
        ("level=wijk", "LEVEL_NOT_HERE", "wijk"),
        ("area=99999", "AREA_NOT_HERE", "99999"),
        ("period=1850", "PERIOD_NOT_HERE", "1850"),
        ("period=ooit", "PERIOD_UNKNOWN", "OOIT"),
        ("SEX=F", "QUERY_UNKNOWN_DIMENSION", "SEX"),
        ("periode=2024", "QUERY_UNKNOWN", "periode"),
        ("indicator=inw&indicator=huish", "QUERY_TWICE", "indicator"),
        ("indicator=", "QUERY_EMPTY", "indicator"),
        ("period=:", "QUERY_EMPTY", "period"),
        ("format=docx", "FORMAT_UNKNOWN", "docx"),
        ("area=" + ",".join(str(n) for n in range(1501)), "CODES_MANY", "1501"),
    ],
)
async def test_an_unknown_parameter_or_code_is_named(
    aalst: House, query: str, code: str, named: str
) -> None:
    async with aalst.client() as client:
        answer = await client.get(f"/v1/datasets/{OPEN}/data?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert named in answer.json()["detail"]


async def test_codes_are_told_only_to_whoever_may_see_something(aalst: House) -> None:
    path = f"/v1/datasets/{LISTED}/data?area=99999&indicator=inw&purpose=beleid"
    async with aalst.client("stranger") as stranger, aalst.client("partner") as partner:
        assert (await stranger.get(path)).status_code == 403
        assert (await partner.get(path)).json()["code"] == "AREA_NOT_HERE"


async def test_breakdowns_are_parameters_in_capitals(aalst: House) -> None:
    async with aalst.client() as client:
        whole = (await client.get("/v1/datasets/geslacht/data")).json()
        women = (await client.get("/v1/datasets/geslacht/data?SEX=F&period=2024")).json()
        wrong = await client.get("/v1/datasets/geslacht/data?SEX=X")
        twice = await client.get("/v1/datasets/geslacht/data?SEX=F&SEX=M")
    assert whole["columns"][4] == "SEX"
    assert whole["rows"] == 12
    assert {row[4] for row in cells(women)} == {"F"}
    assert women["rows"] == 2
    assert wrong.json()["code"] == "CODE_NOT_HERE"
    assert twice.json()["code"] == "QUERY_TWICE"


@pytest.mark.parametrize("query", ["", "&indicator=inw&area=41002,11002A&period=2023:"])
async def test_every_format_gives_the_same_cells(aalst: House, query: str) -> None:
    async with aalst.client() as client:
        expected = sorted(
            cells((await client.get(f"/v1/datasets/{OPEN}/data?format=json{query}")).json())
        )
        for name, form in (
            ("csv", "csv"),
            ("csv-spreadsheet", "csv for spreadsheets"),
            ("xlsx", "xlsx"),
            ("parquet", "parquet"),
            ("arrow", "arrow"),
            ("arrow&codec=zstd", "arrow zstd"),
        ):
            answer = await client.get(f"/v1/datasets/{OPEN}/data?format={name}{query}")
            assert answer.status_code == 200, name
            assert sorted(FORMS[form][1](answer.content)) == expected, name
            assert "attachment" in answer.headers["content-disposition"]


async def test_the_format_may_be_asked_by_accept(aalst: House) -> None:
    asked = {
        "text/csv": "text/csv",
        "application/vnd.apache.arrow.stream": "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet;q=1, */*": "application/vnd.apache.parquet",
        "text/html,*/*": "application/json",
    }
    async with aalst.client() as client:
        for accept, media in asked.items():
            answer = await client.get(f"/v1/datasets/{OPEN}/data", headers={"Accept": accept})
            assert answer.headers["content-type"].startswith(media)


async def test_a_bulk_answer_is_the_file_of_the_release_itself(aalst: House) -> None:
    async with aalst.client() as client:
        answer = await client.get(f"/v1/datasets/{OPEN}/data?format=arrow")
        digest = answer.headers["release-digest"].removeprefix("sha-256:")
    assert answer.content == (aalst.home / "data" / digest / "cells.arrow").read_bytes()
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_bulk_answer_goes_on_where_it_was_cut(aalst: House) -> None:
    path = f"/v1/datasets/{OPEN}/data?format=arrow"
    async with aalst.client() as client:
        whole = await client.get(path)
        tag = whole.headers["etag"]
        size = len(whole.content)
        for asked, status, first, last in (
            ("bytes=100-199", 206, 100, 200),
            ("bytes=100-", 206, 100, size),
            ("bytes=-50", 206, size - 50, size),
            (f"bytes={size}-", 416, 0, 0),
            ("bytes=0-1,5-9", 200, 0, size),
            ("items=0-1", 200, 0, size),
        ):
            part = await client.get(path, headers={"Range": asked, "If-Range": tag})
            assert part.status_code == status, asked
            assert part.content == whole.content[first:last], asked
        stale = await client.get(path, headers={"Range": "bytes=1-2", "If-Range": '"other"'})
        known = await client.get(path, headers={"If-None-Match": tag})
    assert stale.status_code == 200
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.caller("nobody", "partner")
async def test_a_parquet_file_is_read_by_ranges(aalst: House, caller: str) -> None:
    slug = OPEN if caller == "nobody" else UNLISTED
    path = f"/v1/datasets/{slug}/data.parquet?extent=permitted"
    async with aalst.client(caller) as client:
        head = await client.head(path)
        whole = await client.get(path)
        tail = await client.get(
            path, headers={"Range": "bytes=-8", "If-Range": head.headers["etag"]}
        )
        stale = await client.get(path, headers={"Range": "bytes=-8", "If-Range": '"x"'})
        beyond = await client.get(path, headers={"Range": "bytes=99999999-"})
    assert head.status_code == 200
    assert head.content == b""
    assert int(head.headers["content-length"]) == len(whole.content)
    assert head.headers["accept-ranges"] == "bytes"
    assert whole.headers["etag"] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    assert (tail.status_code, tail.content) == (206, whole.content[-8:])
    assert (stale.status_code, stale.content) == (200, whole.content)
    assert beyond.status_code == 416
    table = pq.read_table(io.BytesIO(whole.content))
    assert table.num_rows == (24 if caller == "nobody" else 6)


async def test_two_recipients_with_other_rights_never_share_a_tag(aalst: House) -> None:
    async with aalst.client("partner") as partner:
        tags = {
            (await partner.get(f"/v1/datasets/{slug}/data?extent=permitted{more}")).headers["etag"]
            for slug in (LISTED, UNLISTED)
            for more in ("", "&period=2023", "&format=csv")
        }
    assert len(tags) == 6


async def test_a_release_that_does_not_stand_is_not_found(aalst: House) -> None:
    async with aalst.client() as client:
        known = (await client.get(f"/v1/datasets/{OPEN}")).json()["current"]["release_id"]
        named = await client.get(f"/v1/datasets/{OPEN}/data?release={known}")
        other = await client.get(f"/v1/datasets/{OPEN}/data?release=1999.1")
    assert named.status_code == 200
    assert (other.status_code, other.json()["code"]) == (404, "RELEASE_UNKNOWN")


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fx",
        "..%5c..",
        "bevolking%00",
        "bevolking%0a",
        "BEVOLKING",
        ".%2e",
        "%c0%ae%c0%ae",
        "con",
        "a;b",
        "a" * 5000,
        "%ef%bc%8f",
        "/datasets/x",
        "bevolking/",
        "bevolking%20",
        "b%CC%81",
    ],
)
async def test_a_hostile_path_finds_nothing(aalst: House, path: str) -> None:
    # As the server hands it on: decoded once, nothing tidied up.
    raw = unquote(f"/v1/datasets/{path}", errors="replace")
    host = [(b"host", b"127.0.0.1")]
    reply = await exchange(aalst.app, raw, headers=host)
    assert reply.status in {400, 401, 404, 414, 422}, reply.status
    assert b"Traceback" not in reply.body
    steward = [
        (name.lower().encode(), value.encode()) for name, value in credentials("steward").items()
    ]
    reply = await exchange(aalst.app, raw, headers=host + steward)
    assert reply.status in {400, 404, 414, 422}, reply.status


async def test_an_arrow_slice_and_a_bulk_answer_have_one_shape(aalst: House) -> None:
    async with aalst.client() as client:
        bulk = await client.get(f"/v1/datasets/{OPEN}/data?format=arrow")
        cut = await client.get(f"/v1/datasets/{OPEN}/data?format=arrow&indicator=inw")
    schemas = [pa.ipc.open_stream(answer.content).schema for answer in (bulk, cut)]
    assert schemas[0].remove_metadata() == schemas[1].remove_metadata()
