"""Calls an application in-process with exactly these bytes: no client tidies them up first."""

import asyncio
import json
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

HOST = (b"host", b"node-gent.example")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        wanted = name.lower().encode()
        return next((value.decode() for key, value in self.headers if key == wanted), None)


async def exchange(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    headers: Iterable[tuple[bytes, bytes]] = (),
    query: bytes = b"",
    chunks: Sequence[bytes] = (b"",),
) -> Reply:
    """Send one request, its body in `chunks`, and return the whole answer."""
    waiting = list(chunks)
    given = list(headers)
    hosts = [] if any(name == b"host" for name, _ in given) else [HOST]
    messages: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        if not waiting:
            return {"type": "http.disconnect"}
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    await app(
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode("ascii", "replace"),
            "root_path": "",
            "query_string": query,
            "headers": [*hosts, *given],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
            "state": {},
        },
        receive,
        send,
    )
    start = next(each for each in messages if each["type"] == "http.response.start")
    body = b"".join(each.get("body", b"") for each in messages)
    return Reply(start["status"], list(start["headers"]), body)


def ask(app: ASGIApp, path: str, **how: Any) -> Reply:
    """Send one request from a test that is not asynchronous."""
    return asyncio.run(exchange(app, path, **how))
