"""Raw reading on the calling thread, for answers of hundreds of megabytes.

The standard library's client hands Arrow the bytes with a third of the processor time of an
asynchronous one. The same rules hold: checked address, total deadline, cap, no redirect, no
encoding.
"""

import hashlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

from hanse.errors import Invalid, Refused, Unavailable
from hanse.outbound.addresses import AddressRule
from hanse.outbound.asking import Ask
from hanse.outbound.heads import check_head

_DIGESTED_PIECE: Final = 1 << 20


class Hash(Protocol):
    """What a running digest must do."""

    def update(self, piece: bytes, /) -> None:
        """Take in a piece."""

    def digest(self) -> bytes:
        """Return the digest of all pieces."""


@dataclass(slots=True)
class BulkAnswer:
    """An opened answer, readable like a file: `pyarrow.ipc.open_stream` takes it as it is."""

    peer: str
    status: int
    headers: Mapping[str, str]
    cap: int
    source: http.client.HTTPResponse
    hash: Hash = field(default_factory=hashlib.sha256)
    got: int = 0
    closed: bool = False

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes; raises `Invalid` past the cap."""
        piece = self.source.read(None if size < 0 else size)
        self.got += len(piece)
        if self.got > self.cap:
            raise Invalid("OUTBOUND_TOO_LARGE", peer=self.peer, bytes=self.cap)
        self.hash.update(piece)
        return piece

    def close(self) -> None:
        """Whoever opened it closes it; readers may say that they are done."""
        self.closed = True

    def finish(self) -> bytes:
        """Read what is left, check the length, and return the SHA-256 of the whole body."""
        while self.read(_DIGESTED_PIECE):
            pass
        declared = self.headers.get("content-length")
        if declared is not None and self.got != int(declared):
            raise Invalid("OUTBOUND_CUT", peer=self.peer)
        return self.hash.digest()


@contextmanager
def open_bulk(
    ask: Ask, url: str, rule: AddressRule, tls: ssl.SSLContext | None
) -> Iterator[BulkAnswer]:
    """Connect to a checked address, send one request and open its answer.

    `url` is the canonical spelling that the origin admitted. A watchdog cuts the connection when
    the deadline passes, whatever it is doing: reading in a loop of small timeouts would never end
    on a drip. Raises the same words as `Outbound.stream`.
    """
    connected = _connect(ask, rule, tls)
    expired = threading.Event()
    watchdog = threading.Timer(ask.limits.deadline_seconds, lambda: _cut(connected, expired))
    watchdog.daemon = True
    watchdog.start()
    try:
        with closing(_send(ask, url, connected)) as source:
            yield _head(ask, source)
    except (OSError, http.client.HTTPException, ValueError) as fault:
        if expired.is_set():
            raise _late(ask) from fault
        raise Invalid("OUTBOUND_CUT", peer=str(ask.origin)) from fault
    except Invalid as fault:
        if expired.is_set():
            raise _late(ask) from fault
        raise
    finally:
        watchdog.cancel()
        connected.close()


def _late(ask: Ask) -> Unavailable:
    seconds = round(ask.limits.deadline_seconds, 2)
    return Unavailable("OUTBOUND_SLOW", peer=str(ask.origin), seconds=seconds)


def _cut(connected: socket.socket, expired: threading.Event) -> None:
    expired.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _connect(ask: Ask, rule: AddressRule, tls: ssl.SSLContext | None) -> socket.socket:
    origin, peer = ask.origin, str(ask.origin)
    try:
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except OSError as fault:
        raise Unavailable("OUTBOUND_UNREACHABLE", peer=peer) from fault
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all(rule.admits(address, secure=origin.secure) for address in addresses):
        raise Refused("OUTBOUND_ADDRESS", host=origin.host)
    plain: socket.socket | None = None
    try:
        plain = _first(addresses, ask)
        if not origin.secure:
            return _patient(plain, ask)
        context = tls or ssl.create_default_context()
        return _patient(context.wrap_socket(plain, server_hostname=origin.host), ask)
    except OSError as fault:
        if plain is not None:
            plain.close()
        code = "OUTBOUND_TLS" if isinstance(fault, ssl.SSLError) else "OUTBOUND_UNREACHABLE"
        raise Unavailable(code, peer=peer) from fault


def _first(addresses: Sequence[str], ask: Ask) -> socket.socket:
    """Connect to the first checked address that listens."""
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, ask.origin.port), ask.limits.connect_seconds)
    return socket.create_connection((last, ask.origin.port), ask.limits.connect_seconds)


def _patient(connected: socket.socket, ask: Ask) -> socket.socket:
    connected.settimeout(ask.limits.deadline_seconds + 1)  # the watchdog is first
    return connected


def _send(ask: Ask, url: str, connected: socket.socket) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(ask.origin.host, ask.origin.port)
    connection.sock = connected
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept-Encoding": "identity", "Connection": "close", **ask.all_headers}
    connection.request(ask.method, target, ask.body, headers)
    return connection.getresponse()


def _head(ask: Ask, source: http.client.HTTPResponse) -> BulkAnswer:
    pairs = source.getheaders()
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    check_head(ask, source.status, raw)
    headers = {name.lower(): value for name, value in pairs}
    return BulkAnswer(str(ask.origin), source.status, headers, ask.limits.body_bytes, source)
