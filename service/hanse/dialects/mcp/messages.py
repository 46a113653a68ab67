"""JSON-RPC 2.0 as MCP has it: one message per body; what cannot be read is a fault with a code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import orjson

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022
"""MCP 2026-07-28, basic, error codes."""

ID_CHARACTERS: Final = 200

RequestId = str | int | None


class Fault(Exception):
    """A message that cannot be answered: its code, its words, and the HTTP status it goes with."""

    def __init__(self, code: int, text: str, status: int = 400, **data: object) -> None:
        super().__init__(text)
        self.code, self.text, self.status, self.data = code, text, status, data


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request, or a notification where `id` is None."""

    method: str
    id: RequestId = None
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def meta(self) -> Mapping[str, Any]:
        """What the client says of itself, empty where it says nothing."""
        found = self.params.get("_meta")
        return found if isinstance(found, dict) else {}


def read(content: bytes) -> Incoming:
    """Return the message in a body; raises `Fault` for what is none."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise Fault(PARSE_ERROR, "Parse error: not JSON") from fault
    if not isinstance(found, dict) or found.get("jsonrpc") != "2.0":
        raise Fault(INVALID_REQUEST, "Invalid request: one JSON-RPC 2.0 message is expected")
    method, params = found.get("method"), found.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise Fault(INVALID_REQUEST, "Invalid request: a method and an object of parameters")
    return Incoming(method, _id(found), params)


def _id(found: Mapping[str, Any]) -> RequestId:
    if "id" not in found:
        return None
    given = found["id"]
    plain = isinstance(given, str) and len(given) <= ID_CHARACTERS
    if plain or (isinstance(given, int) and not isinstance(given, bool)):
        return given if isinstance(given, str) else int(given)
    raise Fault(INVALID_REQUEST, "Invalid request: an id is text or a whole number")


def result(id_: RequestId, told: Mapping[str, object]) -> bytes:
    """Return the answer to a request."""
    return orjson.dumps({"jsonrpc": "2.0", "id": id_, "result": told})


def error(id_: RequestId, code: int, text: str, data: Mapping[str, object] | None = None) -> bytes:
    """Return a fault as an answer."""
    told: dict[str, object] = {"code": code, "message": text}
    if data:
        told["data"] = data
    return orjson.dumps({"jsonrpc": "2.0", "id": id_, "error": told})
