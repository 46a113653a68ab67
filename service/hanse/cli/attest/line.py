"""A line to one server, with exactly the bytes we mean: no client tidies a hostile request up.

One connection per request, each with a deadline and a limit on what is read; never more requests
than the budget, never faster than the pace. Nobody but the one server is ever spoken to.
"""

import json
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import h11

from hanse.errors import Invalid, Unavailable
from hanse.outbound import Origin

ANSWER_BYTES: Final = 2_000_000
PIECE_BYTES: Final = 65_536
WAITS_MAX: Final = 3
WAIT_SECONDS_MAX: Final = 15.0

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; status 0 where the line was closed without an answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header, "" where it is not there."""
        return next((value for key, value in self.headers if key == name), "")

    def json(self) -> Any:
        """Return the body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(slots=True)
class Line:
    """The way to one server; `pause` is the least time between requests, in seconds.

    A patient one waits where the server says that it asks too much, and asks again: what is judged
    is the answer, not the limit.
    """

    base: str
    budget: int = 800
    pause: float = 0.02
    deadline: float = 10.0
    patient: bool = True
    sent: int = 0
    tls: str = ""
    _last: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        if str(Origin.of(self.base)) != self.base:
            raise Invalid("CATALOG_ADDRESS", canonical=str(Origin.of(self.base)))

    @property
    def secure(self) -> bool:
        """Whether it is spoken to over TLS."""
        return self.base.startswith("https:")

    @property
    def host(self) -> str:
        """What the server is called, as its own address says."""
        return urlsplit(self.base).netloc

    def get(self, path: str, headers: Iterable[Header] = (), **how: Any) -> Reply:
        """Ask for an address."""
        return self.ask("GET", path, headers, **how)

    def ask(
        self, method: str, path: str, headers: Iterable[Header] = (), body: bytes = b"", **how: Any
    ) -> Reply:
        """Send a request and return the whole answer; `host` and `length` may be untrue."""
        named = how.get("host", self.host)
        lines = [f"{method} {path} HTTP/1.1", f"host: {named}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        length = how.get("length", str(len(body)) if body else None)
        if length is not None:
            lines.append(f"content-length: {length}")
        head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        content = head + b"\r\n\r\n" + body
        reply = self.raw(content, method)
        for _ in range(WAITS_MAX if self.patient else 0):
            told = reply.header("retry-after")
            if reply.status != 429 or not told.isdigit():
                break
            time.sleep(min(int(told) + 0.1, WAIT_SECONDS_MAX))
            reply = self.raw(content, method)
        return reply

    def raw(self, content: bytes, method: str = "GET") -> Reply:
        """Send these bytes and return what comes back."""
        with closing(self.open()) as line:
            # It may answer before it has read all, and close.
            with suppress(ConnectionError, TimeoutError, ssl.SSLError):
                line.sendall(content)
            return self._read(line, method)

    def open(self) -> socket.socket:
        """Open a connection within pace and budget; `Unavailable` where nobody is there."""
        if self.sent >= self.budget:
            raise Invalid("ATTEST_BUDGET", limit=self.budget)
        wait = self._last + self.pause - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._last = time.monotonic()
        self.sent += 1
        origin = Origin.of(self.base)
        try:
            made = socket.create_connection((origin.host, origin.port), self.deadline)
        except OSError as fault:
            raise Unavailable("ATTEST_AWAY", peer=self.base) from fault
        made.settimeout(self.deadline)
        return self._wrapped(made, origin.host) if self.secure else made

    def _wrapped(self, made: socket.socket, host: str) -> socket.socket:
        context = ssl.create_default_context()
        try:
            wrapped = context.wrap_socket(made, server_hostname=host)
        except (OSError, ssl.SSLError) as fault:
            made.close()
            raise Unavailable("ATTEST_AWAY", peer=self.base) from fault
        self.tls = wrapped.version() or ""
        return wrapped

    def _read(self, line: socket.socket, method: str) -> Reply:
        reader = h11.Connection(h11.CLIENT)
        known = method if method.isascii() and method.isalpha() else "GET"
        reader.send(h11.Request(method=known, target="/", headers=[("host", "x")]))
        reader.send(h11.EndOfMessage())
        until = time.monotonic() + self.deadline
        reply, body = Reply(0), bytearray()
        try:
            while time.monotonic() < until and len(body) < ANSWER_BYTES:
                event = reader.next_event()
                if event is h11.NEED_DATA:
                    reader.receive_data(line.recv(PIECE_BYTES))
                elif isinstance(event, h11.Response):
                    headers = ((n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers)
                    reply = Reply(event.status_code, tuple(headers))
                elif isinstance(event, h11.Data):
                    body += event.data
                elif not isinstance(event, h11.InformationalResponse):
                    break
        except (OSError, h11.RemoteProtocolError):
            pass
        return Reply(reply.status, reply.headers, bytes(body))
