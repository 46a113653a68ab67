"""JSON by column: one list per column, so that a reader of tables needs no record by record."""

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cleared import Cells
from hanse.dialects.heading import Heading
from hanse.errors import Invalid

MEDIA_TYPE = "application/json"
SUFFIX = ".json"
CHUNK_ROWS = 16_384

Characters = np.ndarray[Any, np.dtype[np.uint8]]
Marks = np.ndarray[Any, np.dtype[np.bool_]]

_EXACT: Final = 2.0**53
"""Below it every whole number is a float of its own."""


def render(cells: Cells, heading: Heading) -> Iterator[bytes]:
    """Yield the document in pieces: the heading, then every column, then the indicators.

    A hidden or missing value is `null`; `obs_status` and `conf_status` say which.
    """
    yield _opening(cells, heading)
    for number, name in enumerate(cells.names):
        yield f"{',' if number else ''}{json.dumps(name)}:[".encode()
        yield from _values(cells.column(name))
        yield b"]"
    indicators = json.dumps(list(heading.indicators), ensure_ascii=False, separators=(",", ":"))
    yield f'}},"indicators":{indicators}}}'.encode()


def _opening(cells: Cells, heading: Heading) -> bytes:
    facts = {
        "dataset": heading.dataset,
        "agency": heading.agency,
        "release": heading.release,
        "manifest": heading.manifest,
        "published_at": heading.published_at,
        "licence": heading.licence,
        "protocol": heading.protocol,
        "profile": heading.profile,
        **({"sdc_method": heading.sdc_method} if heading.sdc_method else {}),
        "columns": cells.names,
        "rows": cells.rows,
    }
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return f'{text[:-1]},"data":{{'.encode()


def _values(chunks: Iterator[pa.Array]) -> Iterator[bytes]:
    begun = False
    for chunk in chunks:
        for start in range(0, len(chunk), CHUNK_ROWS):
            if begun:
                yield b","
            begun = True
            values = chunk.slice(start, CHUNK_ROWS)
            floating = pa.types.is_floating(values.type)
            yield _numbers(values) if floating else _texts(values)


def _numbers(values: pa.Array) -> bytes:
    """Return numbers as the shortest decimals that read back the same; whole ones as such."""
    if not pc.all(pc.is_finite(values), min_count=0).as_py():
        raise Invalid("CELLS_TYPE", type="nan")
    numbers = values.to_numpy(zero_copy_only=False)  # a null becomes NaN, and that `null`
    known = numbers[~np.isnan(numbers)]
    if bool((np.abs(known) < _EXACT).all()) and bool((known == np.trunc(known)).all()):
        return orjson.dumps(values.cast(pa.int64()).to_pylist())[1:-1]
    return orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]


def _texts(values: pa.Array) -> bytes:
    """Return texts as JSON has them.

    Codes are mostly of one length and without anything to escape: those are laid out all at once.
    """
    if len(values) and not values.null_count and values.type == pa.string():
        _, offsets, characters = values.buffers()
        edges = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
        width = int(edges[1] - edges[0])
        if characters is not None and width and bool((edges[1:] - edges[:-1] == width).all()):
            plain = np.frombuffer(characters, np.uint8)[edges[0] : edges[-1]]
            if not _escaped(plain).any():
                return _laid_out(plain.reshape(len(values), width))
    return orjson.dumps(values.to_pylist())[1:-1]


def _escaped(characters: Characters) -> Marks:
    """Say which bytes of UTF-8 JSON escapes (RFC 8259 §7)."""
    found: Marks = characters < ord(" ")
    found |= characters == ord('"')
    found |= characters == ord("\\")
    return found


def _laid_out(characters: Characters) -> bytes:
    rows, width = characters.shape
    quoted = np.empty((rows, width + 3), np.uint8)
    quoted[:, 0] = quoted[:, -2] = ord('"')
    quoted[:, 1:-2] = characters
    quoted[:, -1] = ord(",")
    return quoted.tobytes()[:-1]
