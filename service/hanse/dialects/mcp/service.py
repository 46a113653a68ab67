"""An MCP server as a function: a message in, an answer out; both eras, over HTTP or a pipe.

Nothing is kept between messages. A request that carries its protocol version in `_meta` is of the
stateless era; any other is of the era of `initialize`.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hanse.dialects.mcp import messages
from hanse.dialects.mcp.messages import Fault, Incoming, RequestId
from hanse.dialects.mcp.tools import Outcome, Tool, read_arguments
from hanse.errors import HanseError, Invalid, Unauthenticated

STATELESS: Final = ("2026-07-28",)
HANDSHAKE: Final = ("2025-11-25", "2025-06-18")
VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY: Final = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY: Final = "io.modelcontextprotocol/serverInfo"
LIST_MS: Final = 300_000
"""How long a client may keep the list of tools."""

_ENCODED: Final = ("=?base64?", "?=")

Call = Callable[[str, Mapping[str, Any]], Outcome]


@dataclass(frozen=True, slots=True)
class Service:
    """A server: who it is, what it tells assistants, and its tools.

    `call` runs a tool with arguments that were checked. What it raises becomes a failed result in
    the words of `tell`, but for `Unauthenticated`, which goes on: signing in belongs to transports.
    """

    name: str
    title: str
    version: str
    instructions: str
    tools: tuple[Tool, ...]
    call: Call
    tell: Callable[[HanseError], Outcome]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: an HTTP status, and a body, empty for a notification."""

    status: int
    body: bytes = b""


def answer(
    service: Service,
    content: bytes,
    headers: Mapping[str, str] | None,
    heard: Callable[[RequestId], None] = lambda _: None,
) -> Reply:
    """Return the reply to one message; `headers` are those of HTTP, None on a pipe.

    `heard` is told the id as soon as it is known, for whoever must answer an `Unauthenticated`.
    """
    id_: RequestId = None
    try:
        message = messages.read(content)
        id_ = message.id
        heard(id_)
        if id_ is None:
            return Reply(202)
        stateless = _stateless(message, headers)
        told = _told(service, message, stateless=stateless)
        return Reply(200, messages.result(id_, _whole(service, told, stateless=stateless)))
    except Fault as fault:
        return Reply(fault.status, messages.error(id_, fault.code, fault.text, fault.data))


def _whole(
    service: Service, told: Mapping[str, object], *, stateless: bool
) -> Mapping[str, object]:
    if not stateless:
        return told
    return {"resultType": "complete", "_meta": {SERVER_KEY: _info(service)}, **told}


def _stateless(message: Incoming, headers: Mapping[str, str] | None) -> bool:
    """Say which era a request is of, once its version and its headers have been checked."""
    version = message.meta.get(VERSION_KEY)
    if version is not None:
        _check_stateless(message, version, headers)
        return True
    if headers is not None and message.method != "initialize":
        named = headers.get("mcp-protocol-version")
        if named is None or named in STATELESS:
            raise Fault(messages.HEADER_MISMATCH, "MCP-Protocol-Version does not fit the message")
        if named not in HANDSHAKE:
            raise _unsupported(named)
    return False


def _check_stateless(message: Incoming, version: object, headers: Mapping[str, str] | None) -> None:
    if headers is not None:
        wanted: dict[str, object] = {"mcp-protocol-version": version, "mcp-method": message.method}
        if message.method == "tools/call":
            wanted["mcp-name"] = message.params.get("name")
        for name, value in wanted.items():
            if _decoded(headers.get(name)) != value:
                raise Fault(messages.HEADER_MISMATCH, f"Header mismatch: {name}")
    if version not in STATELESS:
        raise _unsupported(version)
    if not isinstance(message.meta.get(CAPABILITIES_KEY), dict):
        raise Fault(messages.INVALID_PARAMS, f"_meta needs {CAPABILITIES_KEY}")


def _unsupported(version: object) -> Fault:
    shown = version[:40] if isinstance(version, str) and version.isprintable() else "?"
    return Fault(
        messages.UNSUPPORTED_VERSION,
        "Unsupported protocol version",
        supported=[*STATELESS, *HANDSHAKE],
        requested=shown,
    )


def _decoded(value: str | None) -> str | None:
    """Return a header's text; what no header may hold stands in Base64 (MCP, value encoding)."""
    if value is None or not (value.startswith(_ENCODED[0]) and value.endswith(_ENCODED[1])):
        return value
    try:
        return base64.b64decode(value[len(_ENCODED[0]) : -len(_ENCODED[1])], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _told(service: Service, message: Incoming, *, stateless: bool) -> Mapping[str, object]:
    match message.method:
        case "tools/list":
            return _listing(service, message, stateless=stateless)
        case "tools/call":
            return _called(service, message)
        case "server/discover" if stateless:
            return {
                "supportedVersions": [*STATELESS, *HANDSHAKE],
                "capabilities": {"tools": {}},
                "instructions": service.instructions,
                **_kept(),
            }
        case "initialize" if not stateless:
            return _welcome(service, message)
        case "ping" if not stateless:
            return {}
    status = 404 if stateless else 200
    raise Fault(messages.METHOD_NOT_FOUND, "Method not found", status)


def _welcome(service: Service, message: Incoming) -> Mapping[str, object]:
    wanted = message.params.get("protocolVersion")
    return {
        "protocolVersion": wanted if wanted in HANDSHAKE else HANDSHAKE[0],
        "capabilities": {"tools": {}},
        "serverInfo": _info(service),
        "instructions": service.instructions,
    }


def _info(service: Service) -> dict[str, str]:
    return {"name": service.name, "title": service.title, "version": service.version}


def _kept() -> dict[str, object]:
    return {"ttlMs": LIST_MS, "cacheScope": "public"}


def _listing(service: Service, message: Incoming, *, stateless: bool) -> Mapping[str, object]:
    if message.params.get("cursor") is not None:
        raise Fault(messages.INVALID_PARAMS, "There is one page: no cursor of it exists", 200)
    kept = _kept() if stateless else {}
    return {"tools": [tool.document() for tool in service.tools], **kept}


def _called(service: Service, message: Incoming) -> Mapping[str, object]:
    given = message.params.get("arguments")
    named = message.params.get("name")
    tool = next((each for each in service.tools if each.name == named), None)
    if tool is None:
        known = ", ".join(each.name for each in service.tools)
        raise Fault(messages.INVALID_PARAMS, f"Unknown tool; there are: {known}", 200)
    try:
        if not isinstance(given, dict | None):
            raise Invalid("MCP_ARGUMENTS", tool=tool.name)
        outcome = service.call(tool.name, read_arguments(tool, given or {}))
    except Unauthenticated:
        raise
    except HanseError as fault:
        outcome = service.tell(fault)
    return outcome.document()
