"""One reader in a process of its own: pulls a body into an Arrow table and says what it cost.

Reads one JSON request from standard input and answers on standard output; the clock runs from the
connection to the finished table, checking comes after it.
"""

import hashlib
import http.client
import io
import json
import sys
import time
from dataclasses import asdict, dataclass, field

import numpy as np
import pyarrow as pa
from pyarrow import csv

TIMEOUT_SECONDS = 300
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Pull:
    """What to ask; `into` is `arrow`, `csv`, or `bytes` for reading without decoding."""

    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: str = ""
    into: str = "arrow"
    value: str = "obs_value"


def pull(asked: Pull) -> dict[str, float]:
    """Return what one pull cost and what came."""
    spent, began = time.process_time(), time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", asked.port, timeout=TIMEOUT_SECONDS)
    connection.request(asked.method, asked.path, asked.body or None, asked.headers)
    response = connection.getresponse()
    first = time.perf_counter() - began
    if response.status != 200:
        raise SystemExit(f"{response.status}: {response.read(300)!r}")
    table, size = _READERS[asked.into](response)
    cost = {
        "wall": time.perf_counter() - began,
        "client_cpu": time.process_time() - spent,
        "first": first,
        "bytes": float(response.headers.get("Content-Length") or size),
    }
    connection.close()
    if table is None:
        return {**cost, "rows": 0.0, "nulls": 0.0, "sum": 0.0}
    return cost | checked(table, asked.value)


def checked(table: pa.Table, value: str) -> dict[str, float]:
    """Return rows, nulls and the sum of a table that arrived."""
    values = table.column(value).cast(pa.float64()).combine_chunks()
    total = float(np.nansum(values.to_numpy(zero_copy_only=False)))
    return {"rows": table.num_rows, "nulls": values.null_count, "sum": total}


def _arrow(response: http.client.HTTPResponse) -> tuple[pa.Table, int]:
    table = pa.ipc.open_stream(response).read_all()
    return table, table.nbytes


def _csv(response: http.client.HTTPResponse) -> tuple[pa.Table, int]:
    body = response.read()
    return csv.read_csv(io.BytesIO(body)), len(body)


def _bytes(response: http.client.HTTPResponse) -> tuple[None, int]:
    room = memoryview(bytearray(CHUNK_BYTES))
    size = 0
    while count := response.readinto(room):
        size += count
    return None, size


_READERS = {"arrow": _arrow, "csv": _csv, "bytes": _bytes}


def digest(asked: Pull) -> str:
    """Return the SHA-256 of a body."""
    connection = http.client.HTTPConnection("127.0.0.1", asked.port, timeout=TIMEOUT_SECONDS)
    connection.request(asked.method, asked.path, asked.body or None, asked.headers)
    response = connection.getresponse()
    hasher = hashlib.sha256()
    while piece := response.read(CHUNK_BYTES):
        hasher.update(piece)
    return f"{response.status} {hasher.hexdigest()}"


def fetched(asked: Pull, status: int = 200) -> bytes:
    """Return a body; raises `RuntimeError` for another status."""
    connection = http.client.HTTPConnection("127.0.0.1", asked.port, timeout=TIMEOUT_SECONDS)
    connection.request(asked.method, asked.path, asked.body or None, asked.headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != status:
        raise RuntimeError(f"{response.status}: {body[:300]!r}")
    return body


def request(asked: Pull) -> str:
    """Return a request as it stands on a reader's standard input."""
    return json.dumps(asdict(asked))


if __name__ == "__main__":
    print(json.dumps(pull(Pull(**json.load(sys.stdin)))))
