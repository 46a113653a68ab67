"""Everything a client received, kept as it travelled and taken apart, to search it for figures.

Wraps an application. `GET /-/hear/NAME` begins to keep what it answers under a name; before the
first of these nothing is kept.
"""

import io
import struct
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.support.cells import spellings

SWITCH = "/-/hear/"
_PARQUET, _ZIP, _ARROW = b"PAR1", b"PK\x03\x04", b"\xff\xff\xff\xff"


@dataclass
class Heard:
    """One answer."""

    address: str
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""

    def plain(self) -> bytes:
        """Return the body without the encoding it travelled in."""
        return httpx.Response(200, headers=self.headers, content=self.body).content


class Hearing:
    """An application that is listened in on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.now = ""
        self.kept: dict[str, list[Heard]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and keep what was answered."""
        path = str(scope.get("path", ""))
        if path.startswith(SWITCH):
            self.now = path.removeprefix(SWITCH)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok\n"})
            return
        if not self.now or scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        heard = Heard(path + "?" + bytes(scope.get("query_string", b"")).decode("latin-1"))
        self.kept.setdefault(self.now, []).append(heard)

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                heard.headers = httpx.Headers(message["headers"])
            heard.body += bytes(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, keep)

    def take(self, name: str) -> Iterator[bytes]:
        """Yield all that was answered under a name, once: as it travelled, and unpacked."""
        kept = self.kept.pop(name)
        for heard in kept:
            yield heard.body
            if "content-range" not in heard.headers:
                yield from unpacked(heard.plain())
            yield repr(heard.headers.raw).encode()
        for whole in _pieced(kept):
            yield from unpacked(whole)


def _pieced(kept: Iterable[Heard]) -> Iterator[bytes]:
    """Yield the files that were had in parts; what nobody asked for is zeros."""
    files: dict[str, bytearray] = {}
    for heard in kept:
        told = heard.headers.get("content-range", "")
        if heard.body and told.startswith("bytes ") and not told.startswith("bytes *"):
            span, _, size = told.removeprefix("bytes ").partition("/")
            start, end = (int(each) for each in span.split("-"))
            file = files.setdefault(heard.address, bytearray(_PARQUET.ljust(int(size), b"\0")))
            file[start : end + 1] = heard.body
    yield from map(bytes, files.values())


def unpacked(content: bytes) -> Iterator[bytes]:
    """Yield bytes as they are, and what they hold once their own packing is undone."""
    yield content
    if content.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield archive.read(name)
    if content.startswith(_ARROW):
        sink = pa.BufferOutputStream()
        table = pa.ipc.open_stream(content).read_all()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        yield sink.getvalue().to_pybytes()
    if content.startswith(_PARQUET):
        plain = io.BytesIO()
        table = pq.read_table(io.BytesIO(content))
        pq.write_table(table, plain, compression="none", use_dictionary=False)
        yield plain.getvalue()


def among(marks: Iterable[float], layers: Iterable[bytes]) -> set[float]:
    """Return the numbers that are found, in any spelling, in any of the layers."""
    text = b"\n".join(layers)
    return {
        mark
        for mark in marks
        if any(each in text for each in (*spellings(mark), str(abs(int(mark))).encode()))
        or struct.pack("<d", mark) in text
    }
