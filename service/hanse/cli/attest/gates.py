"""The gates before any route: host, address, headers, body, slowness; what every answer says."""

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Final

from hanse.cli.attest.finding import Finding, judge, skip
from hanse.cli.attest.line import Line, Reply

MARKER: Final = "attest-4711-marker"
BODY_TOO_LARGE: Final = 64_000_000
DEEP: Final = b"[" * 900
SLOW_SECONDS: Final = 20.0
SLOW_SOCKETS: Final = 5
POST_PATHS: Final = ("/oauth/token", "/v1/announce", "/v1/attest-none")

_JSON = ("content-type", "application/json")
_HEADERS: Final = {
    "x-content-type-options": ("nosniff",),
    "referrer-policy": ("no-referrer", "same-origin", "strict-origin"),
    "content-security-policy": (),
}
_POLICY: Final = ("default-src", "frame-ancestors 'none'", "base-uri 'none'")


def transport(line: Line) -> Iterator[Finding]:
    """Check TLS, and that the server knows only its own name."""
    if line.secure:
        line.get("/health/live")
        good = line.tls in {"TLSv1.2", "TLSv1.3"}
        yield judge("TLS", "TLS 1.2 or newer, certificate of this name", good, "1.2", line.tls)
        strict = line.get("/v1/node").header("strict-transport-security")
        yield judge("TLS", "Strict-Transport-Security", "max-age" in strict, "max-age", strict)
    else:
        near = line.host.startswith(("127.", "localhost", "[::1]"))
        yield (
            skip("TLS", "TLS", "loopback") if near else judge("TLS", "TLS", False, "https", "http")
        )
    foreign = line.get("/v1/datasets", host="attest.invalid").status
    yield judge("T18", "another Host is refused", foreign in {400, 404, 421}, "400", foreign)
    doubled = f"{line.host}\r\nhost: attest.invalid"
    twice = line.get("/v1/datasets", host=doubled).status
    yield judge("T18", "two Hosts are refused", twice in {0, 400}, "400", twice)


def headers(line: Line) -> Iterator[Finding]:
    """Check what every answer says to browsers and caches."""
    answers = {path: line.get(path) for path in ("/", "/v1/datasets", f"/v1/{MARKER}")}
    for path, answer in answers.items():
        for name, values in _HEADERS.items():
            had = answer.header(name)
            good = had in values if values else all(each in had for each in _POLICY)
            wanted = " | ".join(values) or "; ".join(_POLICY)
            yield judge("T24", f"{name} on {path[:12]}", good, wanted, had)
    policy = answers["/"].header("content-security-policy")
    bad = "unsafe-inline" in policy or "unsafe-eval" in policy
    yield judge("T24", "no inline script is allowed", not bad, "no unsafe-…", policy)
    refused = line.get("/v1/datasets", [("authorization", "Bearer x")])
    stored = refused.header("cache-control")
    yield judge("T18", "a refusal is stored nowhere", "no-store" in stored, "no-store", stored)
    told = refused.header("server") + refused.header("x-powered-by")
    yield judge("T19", "the software is not announced", not told, "no Server header", told)


def bodies(line: Line) -> Iterator[Finding]:
    """Check what is too large, too deep, encoded, or ends in two places."""
    path = next(each for each in POST_PATHS if line.ask("POST", each).status not in {0, 404, 405})
    rows: list[tuple[str, str, set[int], Reply]] = [
        ("T28", "64 MB announced", {413}, _announced(line, path, str(BODY_TOO_LARGE))),
        ("T28", "encoded body", {415}, _post(line, path, b"x", ("content-encoding", "gzip"))),
        ("T28", "chunks without end", {413}, _chunked(line, path)),
        ("J12", "a length that is a text", {0, 400, 413}, _announced(line, path, "ten")),
        ("J12", "a length below zero", {0, 400, 413}, _announced(line, path, "-1")),
        ("J12", "a length twice", {0, 400}, _post(line, path, b"{}", ("content-length", "7"))),
        ("J13", "UTF-16", {400, 415, 422}, _post(line, path, "{}".encode("utf-16"))),
        ("T31", "900 deep", {400, 415, 422}, _post(line, path, DEEP)),
        ("T31", "100,000 deep", {400, 413, 415, 422}, _post(line, path, b"[" * 100_000)),
        ("T30", "NaN", {400, 415, 422}, _post(line, path, b'{"limit": NaN}')),
        ("T30", "lone surrogate", {400, 415, 422}, _post(line, path, b'{"a": "\\ud800"}')),
    ]
    for rule, name, wanted, reply in rows:
        yield judge(rule, name, reply.status in wanted, str(sorted(wanted)), reply.status)
        yield from _clean(rule, name, reply)


def addresses(line: Line) -> Iterator[Finding]:
    """Check what is no address of ours, too long, or asks otherwise than by asking."""
    paths = (
        "/v1/datasets/../../etc/passwd",
        "/v1/datasets/..%2f..%2fetc%2fpasswd",
        "/v1/datasets/%2e%2e%2fx",
        "/v1/datasets/..%5c..",
        f"/v1/datasets/{MARKER}%00",
        f"/v1/datasets/{MARKER}%0a",
        f"/v1/datasets/{MARKER.upper()}",
        "/v1/datasets/%c0%ae%c0%ae",
        "/v1/datasets/" + "a" * 5_000,
        "/v1/datasets/%ef%bc%8f",
        f"//datasets/{MARKER}",
        "/v1/datasets/b%CC%81",
    )
    for path in paths:
        reply = line.get(path)
        good = 300 <= reply.status < 500
        yield judge("T26", f"path {path[13:40] or path}", good, "3xx, 4xx", reply.status)
        yield from _clean("T26", path[13:40], reply)
    rows = (
        ("T28", "an address of 9 kB", {414, 431, 400}, "GET", f"/v1/datasets?q={'a' * 9_000}"),
        ("T28", "60 fields", {400}, "GET", "/v1/datasets?" + "&".join(["a=1"] * 60)),
        ("T07", "an unknown field", {400}, "GET", f"/v1/datasets?attest=1&x={MARKER}"),
        ("T20", "a key in an address", {400}, "GET", f"/v1/datasets?access_token={MARKER}"),
        ("T28", "TRACE", {405, 501, 400, 404}, "TRACE", "/v1/datasets"),
        ("T28", "a method nobody knows", {405, 501, 400, 404}, "BREW", "/v1/datasets"),
        ("T28", "DELETE where nothing is deleted", {405, 404}, "DELETE", "/v1/datasets"),
    )
    for rule, name, wanted, method, path in rows:
        reply = line.ask(method, path)
        yield judge(rule, name, reply.status in wanted, str(sorted(wanted)), reply.status)
        yield from _clean(rule, name, reply)
    large = line.get("/v1/datasets", [("x-attest", "a" * 40_000)]).status
    yield judge("T28", "40 kB of headers", large in {0, 400, 431}, "431", large)


def slowness(line: Line) -> Iterator[Finding]:
    """Check that who sends a byte now and then is cut off, and nobody else waits for them."""
    begun = time.monotonic()
    head = f"GET /health/live HTTP/1.1\r\nhost: {line.host}\r\n".encode("ascii")
    body = f"POST /v1/announce HTTP/1.1\r\nhost: {line.host}\r\ncontent-type: application/json\r\n"
    starts = [head] * SLOW_SOCKETS + [f"{body}content-length: 20\r\n\r\n{{".encode("ascii")]
    lines = [line.open() for _ in starts]
    for each, start in zip(lines, starts, strict=True):
        each.sendall(start)
    quick = line.get("/health/live")
    yield judge("T27", "others are answered meanwhile", quick.status == 200, "200", quick.status)
    for name, each in zip(("slow headers",) * SLOW_SOCKETS + ("slow body",), lines, strict=True):
        with closing(each):
            each.settimeout(max(0.1, begun + SLOW_SECONDS - time.monotonic()))
            ended = False
            with suppress(TimeoutError):
                ended = _ended(each)
            yield judge("T27", f"{name}: closed", ended, f"in {SLOW_SECONDS:.0f} s", "still open")


def _ended(line: object) -> bool:
    try:
        while line.recv(65_536):  # type: ignore[attr-defined]
            pass
    except ConnectionError:
        return True
    return True


def _post(line: Line, path: str, body: bytes, *headers: tuple[str, str]) -> Reply:
    return line.ask("POST", path, [_JSON, *headers], body)


def _announced(line: Line, path: str, length: str) -> Reply:
    return line.ask("POST", path, [_JSON], b"{", length=length)


def _chunked(line: Line, path: str) -> Reply:
    piece = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    head = f"POST {path} HTTP/1.1\r\nhost: {line.host}\r\nconnection: close\r\n"
    told = f"{head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    return line.raw(told.encode("ascii") + piece * 40, "POST")


def _clean(rule: str, name: str, reply: Reply) -> Iterator[Finding]:
    """Say, only where it went wrong, that an answer repeats its input or shows a stack."""
    echoed = MARKER.encode() in reply.body.lower()
    if echoed or b"Traceback" in reply.body or reply.status >= 500:
        had = f"{reply.status}, input repeated" if echoed else str(reply.status)
        yield judge("T19", f"{rule} {name}: no echo, no stack, no 5xx", False, "clean 4xx", had)
