"""One reader in a process of its own that takes a dialect's bytes as they come and counts its rows.

Rows are counted by a mark that every row has; pages are followed by the link that each names. The
clock runs from the connection to the last byte, the first byte is the first of the body.
"""

import http.client
import json
import re
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 900
CHUNK_BYTES = 1 << 18
KEPT_BYTES = 8_192
"""What is kept of a page's end: the link to the next one stands there."""

_NEXT = re.compile(rb'"@odata\.nextLink":"([^"]+)"\}?$')


@dataclass(frozen=True, slots=True)
class Ask:
    """What to read; `mark` stands once in every row, "" where rows are not counted."""

    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    mark: str = ""


@dataclass(slots=True)
class Count:
    """What has come so far."""

    mark: bytes
    rows: int = 0
    size: int = 0
    first: float = 0.0
    tail: bytes = b""

    def take(self, piece: bytes) -> None:
        """Count the marks of a piece; one that is cut in two counts once."""
        self.size += len(piece)
        if self.mark:
            kept = self.tail[1 - len(self.mark) :] if len(self.mark) > 1 else b""
            self.rows += (kept + piece).count(self.mark)
        self.tail = (self.tail + piece)[-KEPT_BYTES:]


def drain(asked: Ask) -> dict[str, float]:
    """Return what reading it all cost."""
    count = Count(asked.mark.encode())
    spent, began = time.process_time(), time.perf_counter()
    path, pages = asked.path, 0
    while path:
        connection = http.client.HTTPConnection("127.0.0.1", asked.port, timeout=TIMEOUT_SECONDS)
        connection.request("GET", path, headers=asked.headers)
        response = connection.getresponse()
        if response.status != 200:
            raise SystemExit(f"{response.status}: {response.read(300)!r}")
        while piece := response.read1(CHUNK_BYTES):
            count.first = count.first or time.perf_counter() - began
            count.take(piece)
        connection.close()
        pages += 1
        path = _following(count.tail)
    return {
        "wall": time.perf_counter() - began,
        "client_cpu": time.process_time() - spent,
        "first": count.first,
        "rows": float(count.rows),
        "bytes": float(count.size),
        "pages": float(pages),
    }


def _following(tail: bytes) -> str:
    found = _NEXT.search(tail)
    if found is None:
        return ""
    parts = urlsplit(json.loads(b'"' + found[1] + b'"'))
    return f"{parts.path}?{parts.query}"


if __name__ == "__main__":
    print(json.dumps(drain(Ask(**json.load(sys.stdin)))))
