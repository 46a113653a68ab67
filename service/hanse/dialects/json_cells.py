"""JSON by column: one list per column, so that a reader of tables needs no record by record."""

import json
from collections.abc import Iterator

import pyarrow as pa

from hanse.cube.cleared import Cleared
from hanse.dialects.heading import Heading
from hanse.dialects.words import joined, numerals, spelled

MEDIA_TYPE = "application/json"
SUFFIX = ".json"
CHUNK_ROWS = 16_384


def render(cleared: Cleared, heading: Heading) -> Iterator[bytes]:
    """Yield the document in pieces: the heading, then every column, then the indicators.

    A hidden or missing value is `null`; `obs_status` and `conf_status` say which.
    """
    table = cleared.table
    yield _opening(cleared, heading)
    for number, name in enumerate(table.column_names):
        yield f"{',' if number else ''}{json.dumps(name)}:[".encode()
        yield from _values(table.column(name))
        yield b"]"
    indicators = json.dumps(list(heading.indicators), ensure_ascii=False, separators=(",", ":"))
    yield f'}},"indicators":{indicators}}}'.encode()


def _opening(cleared: Cleared, heading: Heading) -> bytes:
    facts = {
        "dataset": heading.dataset,
        "agency": heading.agency,
        "release": heading.release,
        "manifest": heading.manifest,
        "published_at": heading.published_at,
        "licence": heading.licence,
        "protocol": heading.protocol,
        "profile": heading.profile,
        "columns": cleared.table.column_names,
        "rows": cleared.rows,
    }
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return f'{text[:-1]},"data":{{'.encode()


def _values(column: pa.ChunkedArray) -> Iterator[bytes]:
    begun = False
    for chunk in column.chunks:
        for start in range(0, len(chunk), CHUNK_ROWS):
            if begun:
                yield b","
            begun = True
            yield joined(_texts(chunk.slice(start, CHUNK_ROWS)), ",")


def _texts(values: pa.Array) -> pa.Array:
    if pa.types.is_floating(values.type):
        return numerals(values, "null")
    return spelled(values, lambda word: json.dumps(word, ensure_ascii=False))
