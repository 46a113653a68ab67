"""Peers on real loopback sockets that answer exactly the bytes a test wants, however wrong."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hanse.outbound import Ask, Limits, Origin

Behaviour = Callable[[socket.socket], None]
LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(slots=True)
class Peer:
    """A listening peer: its base URL, and how many connections and requests it has seen."""

    url: str
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    def ask(self, path: str = "/", **limits: float) -> Ask:
        """Return a question to this peer."""
        chosen = Limits(**limits)  # type: ignore[arg-type]
        return Ask(Origin.of(self.url), self.url + path, limits=chosen)


@contextmanager
def peer(
    behave: Behaviour, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[Peer]:
    """Listen on a free port; every connection is answered by `behave` on a thread of its own."""
    listening = socket.create_server((host, 0))
    listening.settimeout(0.05)
    known = Peer(f"http://{host}:{listening.getsockname()[1]}")
    stopping, threads, held = threading.Event(), [], list[socket.socket]()

    def serve() -> None:
        while not stopping.is_set():
            with suppress(TimeoutError):
                connection, _ = listening.accept()
                known.connections += 1
                held.append(connection)
                thread = threading.Thread(target=_one, args=(connection, behave, known, tls))
                thread.start()
                threads.append(thread)

    server = threading.Thread(target=serve)
    server.start()
    try:
        yield known
    finally:
        stopping.set()
        server.join()
        listening.close()
        for connection in held:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def _one(plain: socket.socket, behave: Behaviour, known: Peer, tls: ssl.SSLContext | None) -> None:
    with plain, suppress(OSError):
        plain.settimeout(20)
        connection = tls.wrap_socket(plain, server_side=True) if tls else plain
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65_536)
            if not piece:
                return
            request += piece
        known.requests.append(request)
        behave(connection)
        if tls:
            connection.close()


def says(status: str, body: bytes = b"{}", *headers: str) -> Behaviour:
    """Answer once with a well-formed answer and close."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    answer = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body
    return lambda connection: connection.sendall(answer)


def raw(answer: bytes) -> Behaviour:
    """Answer with exactly these bytes and close."""
    return lambda connection: connection.sendall(answer)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave differently on every connection; the last behaviour stays."""
    left = list(behaviours)

    def behave(connection: socket.socket) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        now(connection)

    return behave


def hangs(connection: socket.socket) -> None:
    """Say nothing until the other side goes away."""
    while connection.recv(65_536):
        pass


def drips(every_seconds: float = 0.05, declared: int = 1_000_000) -> Behaviour:
    """Promise a body and send a byte now and then."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {declared}\r\n\r\n".encode())
        pause = threading.Event()
        for _ in range(400):
            connection.sendall(b"x")
            pause.wait(every_seconds)

    return behave
