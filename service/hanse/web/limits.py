"""The gates before any route: host, address, headers and body, each with its limit.

Pure ASGI, so that the size answer is ours: an exception raised inside `receive` is swallowed by the
framework's body parser and would show as a 400.
"""

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanse.errors import Invalid
from hanse.web.problems import (
    AddressTooLong,
    HeadTooLarge,
    TooLarge,
    UnclearLength,
    Unprocessable,
    UnsupportedBody,
)
from hanse.web.site import Site

MAX_ADDRESS_BYTES: Final = 8_192
MAX_QUERY_FIELDS: Final = 50
MAX_HEAD_BYTES: Final = 16_384
MAX_JSON_DEPTH: Final = 32
UNPARSABLE_JSON_DEPTH: Final = 1_000
"""Deeper than this no JSON reader goes: it is not a document with a fault but no document."""

_JSON = "application/json"
READABLE_TYPES: Final = frozenset(
    {
        _JSON,
        "application/jose",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }
)

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the headers say of the body."""

    length: int | None
    chunked: bool
    media_type: str

    @property
    def empty(self) -> bool:
        return not self.chunked and not self.length


class Limits:
    """Turns away what no route should see; the rest passes with its body counted."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site
        self.hosts = site.trusted_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request and pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        _check_address(scope)
        shape = _read_headers(scope, self.hosts)
        if shape.empty:
            await self.app(scope, receive, send)
            return
        limit = self.site.bodies.get(scope["path"], self.site.max_body_bytes)
        _check_shape(shape, limit)
        counted = _Counted(receive, send, limit)
        source: Receive = counted.receive
        if _is_json(shape.media_type):
            source = _replay(await _checked_json(counted.receive), counted.receive)
        await self.app(scope, source, counted.send)
        if counted.exceeded and not counted.started:
            raise TooLarge("BODY_SIZE", limit=limit)


def _check_address(scope: Scope) -> None:
    query: bytes = scope["query_string"]
    if len(scope.get("raw_path") or b"") + len(query) > MAX_ADDRESS_BYTES:
        raise AddressTooLong("ADDRESS_SIZE", limit=MAX_ADDRESS_BYTES)
    if query.count(b"&") >= MAX_QUERY_FIELDS:
        raise Invalid("QUERY_FIELDS", limit=MAX_QUERY_FIELDS)
    # No code holds one, and PostgreSQL cannot even compare with it.
    if "\x00" in scope["path"] or b"%00" in query or b"\x00" in query:
        raise Invalid("ADDRESS_SIGN")


def _read_headers(scope: Scope, hosts: frozenset[str]) -> _Shape:
    found: dict[bytes, list[bytes]] = {}
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name in _WATCHED:
            found.setdefault(name, []).append(value)
    if size > MAX_HEAD_BYTES:
        raise HeadTooLarge("HEAD_SIZE", limit=MAX_HEAD_BYTES)
    # Orchestrators probe by address, and a health answer names no host.
    if not scope["path"].startswith("/health/"):
        _check_host(found.get(b"host", []), hosts)
    return _shape(found)


_WATCHED = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"content-encoding", b"content-type"}
)


def _check_host(values: list[bytes], hosts: frozenset[str]) -> None:
    named = values[0].decode("latin-1").lower() if len(values) == 1 else ""
    name = named.rpartition(":")[0] if re.search(r":\d{1,5}\Z", named) else named
    if name.strip("[]") not in hosts:
        raise Invalid("HOST")


def _shape(found: Mapping[bytes, list[bytes]]) -> _Shape:
    lengths = found.get(b"content-length", [])
    chunked = b"transfer-encoding" in found
    # Two readings of where a body ends are how a request is smuggled in (RFC 9112 §6.3).
    if len(lengths) > 1 or (lengths and chunked) or not all(text.isdigit() for text in lengths):
        raise UnclearLength("BODY_LENGTH")
    encoded = [value for value in found.get(b"content-encoding", []) if value != b"identity"]
    if encoded:
        raise UnsupportedBody("BODY_ENCODING")
    types = found.get(b"content-type", [])
    media_type = types[0].decode("latin-1").strip().lower() if len(types) == 1 else ""
    length = int(lengths[0]) if lengths and len(lengths[0]) <= 20 else None
    if lengths and length is None:
        raise TooLarge("BODY_SIZE", limit=0)
    return _Shape(length, chunked, media_type)


def _check_shape(shape: _Shape, limit: int) -> None:
    if shape.length is not None and shape.length > limit:
        raise TooLarge("BODY_SIZE", limit=limit)
    essence, _, parameters = shape.media_type.partition(";")
    if essence.strip() not in READABLE_TYPES and not essence.strip().endswith("+json"):
        raise UnsupportedBody("BODY_TYPE", types=", ".join(sorted(READABLE_TYPES)))
    charset = re.search(r"charset\s*=\s*\"?([^\s\";]+)", parameters)
    if charset and charset[1] != "utf-8":
        raise UnsupportedBody("BODY_TYPE", types=", ".join(sorted(READABLE_TYPES)))


def _is_json(media_type: str) -> bool:
    essence = media_type.partition(";")[0].strip()
    return essence == _JSON or essence.endswith("+json")


class _Counted:
    """Counts what arrives; past the limit the route's answer is held back and ours is given."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self.limit = limit
        self.received = 0
        self.exceeded = False
        self.started = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.received += len(message.get("body", b""))
        if self.received > self.limit:
            self.exceeded = True
            raise TooLarge("BODY_SIZE", limit=self.limit)
        return message

    async def send(self, message: Message) -> None:
        if self.exceeded and not self.started:
            return
        self.started = True
        await self._send(message)


async def _checked_json(receive: Receive) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Invalid("BODY_CUT")
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    check_json(body)
    return body


def check_json(body: bytes) -> None:
    """Refuse a JSON text that readers would read differently or not at all.

    UTF-8 without a mark (RFC 8259 §8.1), at most `MAX_JSON_DEPTH` deep, no NUL in any text: a
    database may be unable to store it.
    """
    if body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Invalid("BODY_UTF8")
    if b"\x00" in body or not _is_utf8(body):
        raise Invalid("BODY_UTF8")
    depth = json_depth(body)
    if depth > UNPARSABLE_JSON_DEPTH:
        raise Invalid("BODY_JSON")
    if depth > MAX_JSON_DEPTH:
        raise Unprocessable("BODY_DEPTH", limit=MAX_JSON_DEPTH)
    if _NUL_ESCAPE.search(body) or _has_lone_surrogate(body):
        raise Unprocessable("BODY_TEXT")


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _has_lone_surrogate(body: bytes) -> bool:
    if not _SURROGATE_ESCAPE.search(body):
        return False
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    except ValueError:  # not JSON: the route's own reader says so
        return False
    return False


def json_depth(body: bytes) -> int:
    """Return how deep the lists and objects of a JSON text nest, counted without parsing it.

    Counting stops past `UNPARSABLE_JSON_DEPTH`.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_JSON_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _STRING.sub(b"", body).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > UNPARSABLE_JSON_DEPTH:
            break
    return deepest


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
