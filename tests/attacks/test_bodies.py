"""Hostile bodies, addresses and sockets: one clear status each, and no echo of the input."""

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import StreamingResponse
from tests.support.asgi import HOST, Reply, ask

from hanse.web import Site, create
from hanse.web.limits import check_json, json_depth
from hanse.web.serving import server

BASE = "https://node-gent.example"
JSON = b"application/json"
CANARY = "kanarie-4711"
FLOOD_BYTES = 32 * 1_048_576


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    limit: int = 0
    filter: str = ""


def streaming(made: FastAPI) -> None:
    """Add routes whose answer comes in pieces."""

    @made.post("/v1/streamed")
    async def streamed(body: Wanted) -> Any:
        async def pieces() -> Any:
            yield str(body.limit).encode()

        return StreamingResponse(pieces())

    @made.get("/v1/flood")
    async def flood() -> Any:
        async def pieces() -> Any:
            for _ in range(FLOOD_BYTES // 65_536):
                yield b"x" * 65_536

        return StreamingResponse(pieces(), headers={"content-length": str(FLOOD_BYTES)})

    @made.get("/v1/half")
    async def half(request: Request) -> Any:
        async def pieces() -> Any:
            yield b"begun"
            raise RuntimeError(CANARY)

        return StreamingResponse(pieces())


@pytest.fixture(scope="module")
def app() -> FastAPI:
    made = create(Site("Node", BASE, bodies={"/v1/large": 3_000_000}))

    @made.post("/v1/wanted")
    async def wanted(body: Wanted) -> dict[str, Any]:
        return {"limit": body.limit, "filter": body.filter}

    @made.post("/v1/large")
    async def large(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @made.post("/v1/raw")
    async def raw(request: Request) -> dict[str, int]:
        with contextlib.suppress(Exception):  # a route that hides what receiving says
            return {"bytes": len(await request.body())}
        return {"bytes": -1}

    @made.get("/v1/datasets/{slug}")
    async def dataset(slug: str) -> dict[str, str]:
        return {"slug": slug}

    @made.get("/v1/broken")
    async def broken() -> None:
        raise RuntimeError(f"value {CANARY}")

    streaming(made)
    return made


def post(
    app: FastAPI,
    body: bytes | Sequence[bytes],
    *,
    path: str = "/v1/wanted",
    content_type: bytes | None = JSON,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Reply:
    chunks = [body] if isinstance(body, bytes) else body
    sent = list(headers)
    if content_type is not None:
        sent.append((b"content-type", content_type))
    if not any(name in {b"content-length", b"transfer-encoding"} for name, _ in sent):
        sent.append((b"content-length", str(sum(map(len, chunks))).encode()))
    return ask(app, path, method="POST", headers=sent, chunks=chunks)


JSON_ROWS: list[tuple[str, bytes, int]] = [
    ("J1 900 deep", b"[" * 900, 422),
    ("J1 900 deep, closed", b"[" * 900 + b"]" * 900, 422),
    ("J2 100,000 deep", b"[" * 100_000, 400),
    ("J3 NaN", b'{"limit": NaN}', 422),
    ("J3 Infinity", b'{"limit": Infinity}', 422),
    ("J4 lone surrogate", b'{"filter": "\\ud800"}', 422),
    ("J4 lone surrogate in a name", b'{"\\udfff": 1}', 422),
    ("J5 integer of 5,000 digits", b'{"limit": ' + b"9" * 5_000 + b"}", 400),
    ("J6 duplicate key: last wins", b'{"limit": 1, "limit": 2}', 200),
    ("J7 NUL in a text", b'{"filter": "a\\u0000b"}', 422),
    ("J7 not NUL: an escaped backslash", b'{"filter": "a\\\\u0000b"}', 200),
    ("J8 unknown field", b'{"' + CANARY.encode() + b'x": 1}', 422),
    ("J8 text for a number", b'{"limit": "5"}', 422),
    ("J8 fraction for a number", b'{"limit": 5.5}', 422),
    ("J13 UTF-16", json.dumps({"limit": 1}).encode("utf-16"), 400),
    ("J13 UTF-16 without mark", json.dumps({"limit": 1}).encode("utf-16-le"), 400),
    ("J13 UTF-8 with mark", b"\xef\xbb\xbf{}", 400),
    ("not UTF-8", b'{"filter": "\xff"}', 400),
    ("not JSON", b"{", 422),
    ("surrogate escape in what is not JSON", b'{"\\ud800', 422),
    ("a pair of surrogates", b'{"filter": "\\ud83d\\ude00"}', 200),
    ("brackets in a text", b'{"filter": "' + b"[" * 40 + b'"}', 200),
    ("32 deep", b'{"x":' * 31 + b"[1]" + b"}" * 31, 422),
    ("good", b'{"limit": 5}', 200),
    ("empty object", b"{}", 200),
]


@pytest.mark.parametrize(
    ("body", "status"), [row[1:] for row in JSON_ROWS], ids=[row[0] for row in JSON_ROWS]
)
def test_a_json_body_has_one_outcome(app: FastAPI, body: bytes, status: int) -> None:
    reply = post(app, body)
    assert reply.status == status
    if status != 200:
        assert reply.header("content-type") == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= reply.json().keys()
        assert reply.json()["status"] == status
    assert post(app, b'{"limit": 5}').status == 200, "the next good request succeeds"


def test_an_error_says_where_and_of_what_kind_and_never_what_was_sent(app: FastAPI) -> None:
    for body in (
        {"limit": CANARY},
        {"filter": 5, "limit": CANARY},
        {"filter": [CANARY]},
        {"limit": {CANARY: CANARY}},
    ):
        reply = post(app, json.dumps(body).encode())
        assert reply.status == 422
        assert CANARY.encode() not in reply.body
        assert all(each.keys() == {"loc", "type"} for each in reply.json()["errors"])


def test_at_most_ten_errors_are_told_each_of_them_short(app: FastAPI) -> None:
    reply = post(app, json.dumps({f"{number}" + "x" * 500: 1 for number in range(40)}).encode())
    errors = reply.json()["errors"]
    assert len(errors) == 10
    assert all(len(str(part)) <= 50 for each in errors for part in each["loc"])


def test_a_body_with_a_length_beyond_the_limit_is_not_read(app: FastAPI) -> None:
    reply = ask(
        app,
        "/v1/wanted",
        method="POST",
        headers=[(b"content-type", JSON), (b"content-length", b"200000000")],
        chunks=_Unread(),
    )
    assert (reply.status, reply.header("connection")) == (413, "close")


class _Unread(Sequence[bytes]):
    """Chunks that nobody may ask for."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[bytes]:
        return iter([_Loud()])

    def __getitem__(self, index: Any) -> Any:
        raise AssertionError("the body was read")


class _Loud(bytes):
    def __len__(self) -> int:
        raise AssertionError("the body was read")


@pytest.mark.parametrize("path", ["/v1/wanted", "/v1/raw"])
def test_a_chunked_body_is_cut_at_the_limit_by_the_gate(app: FastAPI, path: str) -> None:
    chunks = [b" " * 100_000] * 100
    kind = JSON if path == "/v1/wanted" else b"application/jose"
    reply = post(
        app, chunks, path=path, content_type=kind, headers=[(b"transfer-encoding", b"chunked")]
    )
    assert reply.status == 413
    assert reply.json()["code"] == "BODY_SIZE"


def test_an_address_may_have_a_limit_of_its_own(app: FastAPI) -> None:
    body = b" " * 2_000_000
    assert post(app, body, path="/v1/large", content_type=b"application/jose").status == 200
    assert post(app, body, path="/v1/raw", content_type=b"application/jose").status == 413


def test_a_body_that_breaks_off_is_refused(app: FastAPI) -> None:
    reply = ask(
        app,
        "/v1/wanted",
        method="POST",
        headers=[(b"content-type", JSON), (b"content-length", b"20")],
        chunks=[],
    )
    assert (reply.status, reply.json()["code"]) == (400, "BODY_CUT")


KINDS: list[tuple[str, bytes | None, list[tuple[bytes, bytes]], int]] = [
    ("J11 gzip", JSON, [(b"content-encoding", b"gzip")], 415),
    ("J11 identity", JSON, [(b"content-encoding", b"identity")], 200),
    ("J11 unknown coding", JSON, [(b"content-encoding", b"x")], 415),
    ("J13 text", b"text/plain", [], 415),
    ("J13 none", None, [], 415),
    ("J13 two types", JSON, [(b"content-type", b"text/plain")], 415),
    ("J13 other charset", JSON + b"; charset=utf-16", [], 415),
    ("utf-8 charset", JSON + b'; charset="UTF-8"', [], 200),
    ("a JSON dialect", b"application/merge-patch+json", [], 200),
    ("J12 two lengths", JSON, [(b"content-length", b"2"), (b"content-length", b"2")], 400),
    ("J12 negative length", JSON, [(b"content-length", b"-1")], 400),
    ("J12 length in words", JSON, [(b"content-length", b"two")], 400),
    ("J12 length in other digits", JSON, [(b"content-length", "²".encode())], 400),
    ("J12 endless length", JSON, [(b"content-length", b"9" * 5_000)], 413),
    (
        "J12 length and chunks",
        JSON,
        [(b"content-length", b"2"), (b"transfer-encoding", b"chunked")],
        400,
    ),
]


@pytest.mark.parametrize(
    ("kind", "headers", "status"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS]
)
def test_a_body_comes_in_a_form_that_is_read(
    app: FastAPI, kind: bytes | None, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    assert post(app, b"{}", content_type=kind, headers=headers).status == status


def test_an_address_has_limits(app: FastAPI) -> None:
    assert ask(app, "/v1/datasets/" + "a" * 9_000).status == 414
    assert ask(app, "/v1/datasets/a", query=b"a=1&" * 2_000).status == 400
    many = ask(app, "/v1/datasets/a", query=b"&".join(b"a=1" for _ in range(51)))
    assert (many.status, many.json()["code"]) == (400, "QUERY_FIELDS")
    fifty = ask(app, "/v1/datasets/a", query=b"&".join(b"a=1" for _ in range(50)))
    assert fifty.json()["code"] == "QUERY_UNKNOWN"


@pytest.mark.parametrize(
    "host",
    [b"evil.example", b"node-gent.example.evil.example", b"", b"node-gent.example@evil", b"[::1]"],
)
def test_a_request_for_another_host_is_refused(app: FastAPI, host: bytes) -> None:
    reply = ask(app, "/v1/datasets/a", headers=[(b"host", host)])
    assert (reply.status, reply.json()["code"]) == (400, "HOST")
    assert ask(app, "/v1/datasets/a", headers=[HOST, (b"host", host)]).status == 400


def test_a_request_may_name_the_port(app: FastAPI) -> None:
    named = [(b"host", b"Node-Gent.example:8443")]
    assert ask(app, "/v1/datasets/a", headers=named).status == 200


def test_probes_may_name_any_host(app: FastAPI) -> None:
    assert ask(app, "/health/live", headers=[(b"host", b"10.0.0.7")]).status == 200


def test_a_fault_of_our_own_is_a_reference_and_nothing_else(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reply = ask(app, "/v1/broken", headers=[(b"accept-language", b"en")])
    assert reply.status == 500
    assert CANARY.encode() not in reply.body
    assert b"Traceback" not in reply.body
    record = next(each for each in caplog.records if each.message == "web.fault")
    reference = str(record.__dict__["reference"])
    assert reference in reply.json()["detail"]
    assert record.__dict__["kind"] == "RuntimeError"
    assert CANARY not in caplog.text


def test_an_answer_that_had_begun_is_cut_and_not_completed(app: FastAPI) -> None:
    with pytest.raises(RuntimeError):
        ask(app, "/v1/half")


def test_every_answer_forbids_sniffing_framing_and_storing(app: FastAPI) -> None:
    for path in ("/v1/datasets/a", "/v1/broken", "/nowhere", "/health/live"):
        reply = ask(app, path)
        assert reply.header("x-content-type-options") == "nosniff"
        assert reply.header("referrer-policy") == "no-referrer"
        assert reply.header("cache-control") == "no-store"
        policy = reply.header("content-security-policy") or ""
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


def test_depth_is_counted_outside_texts_only() -> None:
    assert json_depth(b"[" * 40) == 40
    assert json_depth(b'["' + b"[" * 40 + b'"]') == 1
    assert json_depth(b'["\\"' + b"[" * 40 + b'"]') == 1
    check_json(b'{"a": "' + b"[" * 4_000 + b'"}')


# Sockets: a real server on loopback.


@pytest.fixture
def running(app: FastAPI) -> Iterator[int]:
    made = server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    limit = time.monotonic() + 10
    while not made.started and time.monotonic() < limit:
        time.sleep(0.01)
    port: int = made.servers[0].sockets[0].getsockname()[1]
    yield port
    made.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


GOOD = b"GET /v1/datasets/a HTTP/1.1\r\nHost: node-gent.example\r\n\r\n"


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def closed(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_slow_sockets_are_closed_and_others_unaffected(running: int) -> None:
    slow = [dial(running) for _ in range(150)]
    short = [dial(running) for _ in range(10)]
    for connection in short:
        connection.sendall(
            b"POST /v1/wanted HTTP/1.1\r\nHost: node-gent.example\r\n"
            b"Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
        )
    began = time.monotonic()
    sent = 0
    while time.monotonic() - began < 6.5:
        for connection in slow:
            with contextlib.suppress(OSError):
                connection.send(GOOD[sent : sent + 1])
        sent = min(sent + 1, 20)
        asked = time.monotonic()
        with dial(running) as other:
            other.sendall(GOOD)
            assert other.recv(12) == b"HTTP/1.1 200"
        assert time.monotonic() - asked < 1.5
        time.sleep(0.4)
    assert all(closed(connection) for connection in slow + short)
    for connection in slow + short:
        connection.close()


def test_a_connection_is_kept_between_requests(running: int) -> None:
    with dial(running) as connection:
        for pause in (0.0, 5.5, 0.0):
            time.sleep(pause)
            connection.sendall(GOOD)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: two\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"X-Long: " + b"x" * 40_000 + b"\r\n",
    ],
    ids=["two lengths", "negative", "words", "both", "unknown coding", "long header"],
)
def test_an_unclear_message_is_refused_and_its_connection_closed(running: int, head: bytes) -> None:
    with dial(running) as connection:
        connection.sendall(
            b"POST /v1/wanted HTTP/1.1\r\nHost: node-gent.example\r\n"
            b"Content-Type: application/json\r\n" + head + b"\r\n{}"
        )
        answer = connection.recv(65_536)
        assert answer[:9] == b"HTTP/1.1 "
        assert 400 <= int(answer[9:12]) <= 501
        assert b"server:" not in answer.lower()
        time.sleep(0.1)
        connection.settimeout(2)
        rest = answer
        while chunk := connection.recv(65_536):
            rest += chunk


def test_an_upload_that_keeps_moving_earns_its_time(running: int) -> None:
    body = b"x" * 600_000
    with dial(running) as connection:
        connection.sendall(
            b"POST /v1/raw HTTP/1.1\r\nHost: node-gent.example\r\n"
            b"Content-Type: application/jose\r\nContent-Length: 600000\r\n\r\n"
        )
        for start in range(0, len(body), 100_000):
            connection.sendall(body[start : start + 100_000])
            time.sleep(1.0)
        assert connection.recv(12) == b"HTTP/1.1 200"


FLOOD = b"GET /v1/flood HTTP/1.1\r\nHost: node-gent.example\r\n\r\n"


def drained(connection: socket.socket) -> int:
    count = 0
    with contextlib.suppress(OSError):
        while chunk := connection.recv(1_048_576):
            count += len(chunk)
            if count > FLOOD_BYTES:
                break
    return count


def test_a_reader_that_takes_nothing_is_let_go(
    running: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hanse.web.deadline.STALL_SECONDS", 0.3)
    with dial(running) as connection:
        connection.sendall(FLOOD)
        time.sleep(1.5)
        assert drained(connection) < FLOOD_BYTES
    with dial(running) as connection:
        connection.sendall(FLOOD)
        assert drained(connection) > FLOOD_BYTES, "a reader that reads gets everything"


def test_an_answer_in_pieces_may_follow_a_body_that_was_checked(app: FastAPI) -> None:
    assert post(app, b'{"limit": 7}', path="/v1/streamed").body == b"7"
