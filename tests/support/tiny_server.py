"""Many small HTTP servers on loopback in one thread: enough HTTP/1.1 for a federation in a test."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case, the first value of every query parameter."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; `cut_after` breaks the body off there, `drip` sends it byte by byte."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_after: int | None = None
    drip: bool = False
    hang: bool = False


App = Callable[[Request], Awaitable[Response]]


class Servers:
    """Listens wherever it is told to, until it is closed; a server can be killed by its URL."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._servers: dict[str, asyncio.Server] = {}
        self._writers: dict[str, set[asyncio.StreamWriter]] = {}

    def __enter__(self) -> "Servers":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        for url in list(self._servers):
            self.kill(url)
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self, app: App, host: str = "127.0.0.1") -> str:
        """Serve `app` on a free port of `host`; return its base URL."""
        return asyncio.run_coroutine_threadsafe(self._listen(app, host), self._loop).result()

    def kill(self, url: str) -> None:
        """Stop listening and drop every connection, as a process that dies would."""
        asyncio.run_coroutine_threadsafe(self._kill(url), self._loop).result()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _listen(self, app: App, host: str) -> str:
        writers: set[asyncio.StreamWriter] = set()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.add(writer)
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await _exchange(app, reader, writer):
                    pass
            writers.discard(writer)
            writer.close()

        server = await asyncio.start_server(talk, host, 0)
        url = f"http://{host}:{server.sockets[0].getsockname()[1]}"
        self._servers[url] = server
        self._writers[url] = writers
        return url

    async def _kill(self, url: str) -> None:
        self._servers.pop(url).close()
        for writer in self._writers.pop(url):
            writer.transport.abort()


async def _exchange(app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    response = await app(Request(method, parts.path, query, headers, body))
    if response.hang:
        await asyncio.sleep(3_600)
    sent = {"Content-Length": str(len(response.body)), **response.headers}
    lines = [f"HTTP/1.1 {response.status} Told", *(f"{name}: {v}" for name, v in sent.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    return await _send_body(response, method, writer)


async def _send_body(response: Response, method: str, writer: asyncio.StreamWriter) -> bool:
    body = b"" if method == "HEAD" else response.body[: response.cut_after]
    if response.drip:
        for at in range(len(body)):
            writer.write(body[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0.02)
        return True
    writer.write(body)
    await writer.drain()
    return response.cut_after is None


@contextmanager
def serving(apps: Sequence[tuple[App, str]]) -> Iterator[tuple[Servers, list[str]]]:
    """Serve every app on its host; yield the servers and the URLs in order."""
    with ExitStack() as stack:
        servers = stack.enter_context(Servers())
        yield servers, [servers.listen(app, host) for app, host in apps]
