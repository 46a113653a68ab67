"""One reader in a process of its own that takes a dialect's bytes as they come and counts its rows.

Rows are counted by a mark that every row has; pages are followed by the link that each names. The
clock runs from the connection to the last byte, the first byte is the first of the body; of many
pages the slowest first byte is told too.
"""

import http.client
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 900
CHUNK_BYTES = 1 << 18
KEPT_BYTES = 8_192
"""What is kept of a page's end: the link to the next one stands there."""

_NEXT = re.compile(rb'"(?:@odata\.nextLink|next_url)": ?("[^"]+")')
_NEXT_FEATURES = re.compile(rb'"rel": "next", "href": ("[^"]+")')


@dataclass(frozen=True, slots=True)
class Ask:
    """What to read; `mark` stands once in every row, "" where rows are not counted.

    At most `pages` pages are read (0: all); what comes is also put into the file `keep`.
    """

    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    mark: str = ""
    pages: int = 0
    keep: str = ""


@dataclass(slots=True)
class Count:
    """What has come so far."""

    mark: bytes
    rows: int = 0
    size: int = 0
    head: bytes = b""
    tail: bytes = b""

    def take(self, piece: bytes) -> None:
        """Count the marks of a piece; one that is cut in two counts once."""
        self.size += len(piece)
        if self.mark:
            kept = self.tail[1 - len(self.mark) :] if len(self.mark) > 1 else b""
            self.rows += (kept + piece).count(self.mark)
        self.tail = (self.tail + piece)[-KEPT_BYTES:]
        if len(self.head) < KEPT_BYTES:
            self.head += piece[:KEPT_BYTES]


def drain(asked: Ask) -> dict[str, float]:
    """Return what reading it all cost."""
    count = Count(asked.mark.encode())
    spent, began = time.process_time(), time.perf_counter()
    path, firsts = asked.path, list[float]()
    with ExitStack() as stack:
        kept = stack.enter_context(Path(asked.keep).open("wb")) if asked.keep else None
        while path and (not asked.pages or len(firsts) < asked.pages):
            count.head = b""
            firsts.append(0.0)
            started = time.perf_counter()
            for piece in _pieces(asked, path):
                firsts[-1] = firsts[-1] or time.perf_counter() - started
                count.take(piece)
                if kept is not None:
                    kept.write(piece)
            path = _following(count)
    return {
        "wall": time.perf_counter() - began,
        "client_cpu": time.process_time() - spent,
        "first": firsts[0],
        "slowest": max(firsts),
        "rows": float(count.rows),
        "bytes": float(count.size),
        "pages": float(len(firsts)),
    }


def _pieces(asked: Ask, path: str) -> Iterator[bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", asked.port, timeout=TIMEOUT_SECONDS)
    connection.request("GET", path, headers=asked.headers)
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{response.status}: {response.read(300)!r}")
    while piece := response.read1(CHUNK_BYTES):
        yield piece
    connection.close()


def _following(count: Count) -> str:
    found = _NEXT.search(count.tail) or _NEXT_FEATURES.search(count.head)
    if found is None:
        return ""
    parts = urlsplit(json.loads(found[1]))
    return f"{parts.path}?{parts.query}"


if __name__ == "__main__":
    print(json.dumps(drain(Ask(**json.load(sys.stdin)))))
