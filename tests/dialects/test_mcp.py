"""MCP: messages and eras, what tools say and refuse, and that a hidden cell has no number."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import golden

from hanse.dialects.mcp import messages, offer, service
from hanse.dialects.mcp.service import Service
from hanse.dialects.mcp.tools import Outcome

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def post(
    node: golden.Golden,
    method: str,
    params: dict[str, Any] | None = None,
    caller: str = "nobody",
    **headers: str,
) -> httpx.Response:
    given = {**(params or {}), "_meta": META}
    told = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, **node.headers(caller)}
    if "name" in given:
        told["Mcp-Name"] = given["name"]
    body = {"jsonrpc": "2.0", "id": "a1", "method": method, "params": given}
    return node.client.post(f"{node.url}/mcp", json=body, headers=told | headers)


def call(
    node: golden.Golden, tool: str, caller: str = "nobody", **arguments: Any
) -> dict[str, Any]:
    answer = post(node, "tools/call", {"name": tool, "arguments": arguments}, caller)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["result"]
    return found


def test_a_server_says_which_versions_it_speaks(node: golden.Golden) -> None:
    found = post(node, "server/discover").json()["result"]
    assert found["supportedVersions"] == ["2026-07-28", "2025-11-25", "2025-06-18"]
    assert found["resultType"] == "complete"
    assert "hidden" in found["instructions"]


def test_the_tools_only_read_and_say_what_they_take(node: golden.Golden) -> None:
    tools = post(node, "tools/list").json()["result"]["tools"]
    names = [tool["name"] for tool in tools]
    assert names == ["search", "describe", "pull", "compare", "explain"]
    for tool in tools:
        assert tool["annotations"]["readOnlyHint"] is True
        assert tool["inputSchema"]["additionalProperties"] is False
        assert set(tool["inputSchema"]["required"]) <= set(tool["inputSchema"]["properties"])


def test_an_older_client_shakes_hands(node: golden.Golden) -> None:
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {}},
    }
    found = httpx.post(f"{node.url}/mcp", json=body).json()["result"]
    assert found["protocolVersion"] == "2025-06-18"
    heard = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    said = httpx.post(f"{node.url}/mcp", json=heard)
    assert (said.status_code, said.content) == (202, b"")
    for version, status in (("2025-06-18", 200), ("1999-01-01", 400)):
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        told = {"MCP-Protocol-Version": version}
        assert httpx.post(f"{node.url}/mcp", json=ping, headers=told).status_code == status


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_is_no_stream_and_no_session(node: golden.Golden, method: str) -> None:
    answer = httpx.request(method, f"{node.url}/mcp")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"MCP-Protocol-Version": "2025-11-25"}, messages.HEADER_MISMATCH),
        ({"Mcp-Method": "tools/call"}, messages.HEADER_MISMATCH),
    ],
)
def test_headers_that_say_something_else_than_the_body_are_refused(
    node: golden.Golden, headers: dict[str, str], code: int
) -> None:
    answer = post(node, "tools/list", None, "nobody", **headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_an_unknown_version_is_told_the_known_ones(node: golden.Golden) -> None:
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/list",
        "params": {"_meta": {**META, "io.modelcontextprotocol/protocolVersion": "1900-01-01"}},
    }
    told = {"MCP-Protocol-Version": "1900-01-01", "Mcp-Method": "tools/list"}
    answer = httpx.post(f"{node.url}/mcp", json=body, headers=told)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == messages.UNSUPPORTED_VERSION
    assert "2026-07-28" in answer.json()["error"]["data"]["supported"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, -32700),
        (b"[]", 400, -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', 400, -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, -32600),
    ],
)
def test_what_is_no_message_is_an_error_of_json_rpc(
    node: golden.Golden, content: bytes, status: int, code: int
) -> None:
    told = {"Content-Type": "application/json"}
    answer = httpx.post(f"{node.url}/mcp", content=content, headers=told)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_unknown_methods_and_tools_are_errors_of_the_protocol(node: golden.Golden) -> None:
    unknown = post(node, "resources/list")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, -32601)
    tool = post(node, "tools/call", {"name": "drop", "arguments": {}}).json()
    assert tool["error"]["code"] == -32602
    assert tool["id"] == "a1"


def test_a_page_of_another_site_gets_nothing(node: golden.Golden) -> None:
    answer = post(node, "tools/list", None, "nobody", Origin="https://evil.example")
    assert answer.status_code == 403
    assert answer.json()["error"]["data"] == {"code": "MCP_ORIGIN"}
    assert post(node, "tools/list", None, "nobody", Origin=node.url).status_code == 200


def test_search_finds_by_words_without_accents(node: golden.Golden) -> None:
    found = call(node, "search", query="HABITANTS eleves")["structuredContent"]
    assert {hit["indicator"] for hit in found["hits"]} == {"inw", "leerl"}
    assert all(hit["dataset"] == golden.OPEN for hit in found["hits"])
    every = call(node, "search", limit=3)["structuredContent"]
    assert (len(every["hits"]), every["more"], every["next"]) == (3, 1, {"start": 3})


def test_describe_names_only_what_the_reader_may_see(node: golden.Golden) -> None:
    for partner in golden.PARTNERS:
        found = call(node, "describe", partner, dataset=golden.CLOSED)["structuredContent"]
        keys = node.truth(partner, golden.CLOSED)
        assert {each["code"] for each in found["indicators"]["shown"]} == {k[0] for k in keys}
        areas = {a["code"] for level in found["levels"].values() for a in level["shown"]}
        assert areas >= {key[2] for key in keys}
    narrowed = call(node, "describe", dataset=golden.OPEN, find="aalst")["structuredContent"]
    assert [a["code"] for a in narrowed["levels"][golden.NOW_VINTAGE]["shown"]] == ["41002"]


def test_a_hidden_cell_says_that_it_is_hidden_and_why(node: golden.Golden) -> None:
    asked: dict[str, Any] = {
        "dataset": golden.OPEN,
        "indicators": ["inw"],
        "level": golden.NOW_VINTAGE,
    }
    found = call(node, "pull", **asked, periods="2023", areas=["11002"])
    hidden = [row for row in found["structuredContent"]["rows"] if row.get("hidden")]
    assert hidden
    for row in hidden:
        assert row["value"] is None
        assert "standaard-5" in row["why"]
    assert "verborgen" in found["content"][0]["text"]
    assert found["structuredContent"]["source"]["citation"] in found["content"][0]["text"]


def test_more_rows_are_counted_and_can_be_had(node: golden.Golden) -> None:
    first = call(node, "pull", dataset=golden.OPEN, limit=5)
    told = first["structuredContent"]
    assert (len(told["rows"]), told["more"]) == (5, len(node.truth()) - 5)
    assert str(told["more"]) in first["content"][0]["text"]
    rest = call(node, "pull", dataset=golden.OPEN, **told["next"])["structuredContent"]
    assert (len(rest["rows"]), rest["more"]) == (told["more"], 0)


def test_a_comparison_changes_only_between_numbers(node: golden.Golden) -> None:
    asked: dict[str, Any] = {
        "dataset": golden.OPEN,
        "level": golden.NOW_VINTAGE,
        "breakdown": {"SEX": ["_T"]},
    }
    found = call(node, "compare", indicator="inw", **asked)["structuredContent"]
    by_area = {each["area"]: each for each in found["series"]}
    aalst = by_area["41002"]["change"]
    assert (aalst["from"], aalst["to"], aalst["absolute"], aalst["percent"]) == (
        "2023",
        "2024",
        1,
        2.5,
    )
    balance = call(node, "compare", indicator="saldo", **asked)["structuredContent"]
    for series in balance["series"]:
        assert series["change"]["absolute"] is None
        assert series["cells"][-1]["mark"] == "incomplete"


def test_an_explanation_is_that_of_the_node(node: golden.Golden) -> None:
    cell: dict[str, Any] = {
        "indicator": "inw",
        "level": golden.NOW_VINTAGE,
        "area": "11002",
        "period": "2023",
    }
    truth = node.truth()
    for sex in ("_T", "F", "M"):
        key = ("inw", golden.NOW_VINTAGE, "11002", "2023", sex)
        told = call(node, "explain", dataset=golden.OPEN, **cell, breakdown={"SEX": [sex]})
        hidden = truth[key][1] == "Q"
        assert (told["structuredContent"]["outcome"] == "hidden") == hidden


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("pull", {"dataset": golden.OPEN, "indicators": ["inwo"]}, "INDICATOR_NOT_HERE"),
        ("pull", {"dataset": golden.OPEN, "areas": ["99999"]}, "AREA_NOT_HERE"),
        ("pull", {"dataset": golden.OPEN, "gebied": "11002"}, "MCP_ARGUMENT_UNKNOWN"),
        ("pull", {"dataset": golden.OPEN, "limit": "veel"}, "MCP_ARGUMENT_FORM"),
        ("pull", {"dataset": golden.OPEN, "limit": 10_000}, "MCP_ARGUMENT_FORM"),
        ("pull", {}, "MCP_ARGUMENT_MISSING"),
        ("pull", {"dataset": golden.OPEN, "release": "1999-01-01.1"}, "RELEASE_UNKNOWN"),
        ("explain", {"dataset": golden.OPEN}, "MCP_ARGUMENT_MISSING"),
    ],
)
def test_a_wrong_question_is_told_to_the_assistant_by_name(
    node: golden.Golden, tool: str, arguments: dict[str, Any], code: str
) -> None:
    found = call(node, tool, **arguments)
    assert found["isError"] is True
    assert found["structuredContent"]["code"] == code
    assert found["structuredContent"]["now"]


@pytest.mark.parametrize("tool", ["describe", "pull"])
def test_nobody_is_told_of_what_is_closed(node: golden.Golden, tool: str) -> None:
    answers = [
        post(node, "tools/call", {"name": tool, "arguments": {"dataset": name}})
        for name in (golden.CLOSED, "bestaat-niet")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content
    assert "Bearer" in answers[0].headers["WWW-Authenticate"]
    assert answers[0].json()["id"] == "a1"
    hits = call(node, "search")["structuredContent"]["hits"]
    assert golden.CLOSED not in {hit["dataset"] for hit in hits}


def test_a_bad_token_is_never_taken_for_nobody(node: golden.Golden) -> None:
    answer = post(node, "tools/list", None, "nobody", Authorization="Bearer nonsense")
    assert answer.status_code == 401


ECHO = Service(
    "echo", "Echo", "1", "", offer.OF_A_HOUSE, lambda name, _: Outcome(name), lambda _: Outcome("-")
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None)
@given(
    st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "method": st.sampled_from(["tools/call", "tools/list", "x"])},
        optional={
            "id": st.integers() | st.text(max_size=5),
            "params": st.dictionaries(
                st.sampled_from(["name", "arguments", "_meta", "cursor"]), JSON | st.just(META)
            ),
        },
    ),
    st.none() | st.dictionaries(st.sampled_from(["mcp-method", "mcp-protocol-version"]), st.text()),
)
def test_any_message_has_an_answer(body: dict[str, Any], headers: dict[str, str] | None) -> None:
    reply = service.answer(ECHO, json.dumps(body).encode(), headers)
    assert reply.status in {200, 202, 400, 404}
    if "id" not in body:
        assert not reply.body
    else:
        told = json.loads(reply.body)
        assert ("result" in told) != ("error" in told)
