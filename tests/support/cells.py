"""Small protected cubes, and hidden values that can be found again in any bytes."""

import struct
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import protected_schema
from hanse.dialects.heading import Heading

CANARY = 73_194_628.0
"""What stands under a hidden cell before it is protected; no other number looks like it."""

MANIFEST = "sha-256:" + "ab" * 32

Row = tuple[str, str, str, str, float | None, str, str]

ROWS: tuple[Row, ...] = (
    ("bevolking", "gemeente@2025", "41002", "2023", 90068.0, "A", "F"),
    ("bevolking", "gemeente@2025", "41002", "2024", 90892.0, "P", "F"),
    ("bevolking", "gemeente@2025", "44021", "2023", 0.0, "A", "F"),
    ("bevolking", "gemeente@2025", "44021", "2024", None, "Q", "C"),
    ("groei", "gemeente@2025", "41002", "2023", -0.5, "A", "F"),
    ("groei", "gemeente@2025", "41002", "2024", 0.1, "E", "F"),
    ("groei", "gemeente@2025", "44021", "2023", None, "L", "F"),
    ("groei", "gemeente@2025", "44021", "2024", 1e-7, "A", "F"),
)


def cube(rows: Sequence[Row] = ROWS) -> pa.Table:
    """Return a protected cube of these rows."""
    schema = protected_schema()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema.names)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def leaky(rows: Sequence[Row] = ROWS, canary: float = CANARY) -> pa.Table:
    """Return the same cube with `canary` still in the buffer under every null, as a careless
    program leaves it: the mask hides the number from the reader of the table only.
    """
    table = cube(rows)
    values = table.column("obs_value").combine_chunks()
    full = pc.fill_null(values, canary)
    careless = pa.Array.from_buffers(
        pa.float64(), len(values), [values.buffers()[0], full.buffers()[1]], values.null_count
    )
    assert careless.equals(values)
    return table.set_column(4, "obs_value", careless)


def spellings(value: float) -> Iterator[bytes]:
    """Yield a number in every form that it could travel in."""
    whole = int(value)
    for packed in ("<i", "<q", "<f", "<d", ">d"):
        yield struct.pack(packed, whole if packed[1] in "iq" else value)
    yield whole.to_bytes(16, "little", signed=True)
    yield str(whole).encode()
    yield f"{whole:,}".encode()
    yield f"{whole:,}".replace(",", ".").encode()


def heading() -> Heading:
    """Return a heading such as the door makes."""
    return Heading(
        dataset="bevolking",
        agency="NIS41002",
        publisher="Stad Aalst",
        title={"nl": "Bevolking", "en": "Population", "fr": "Population"},
        release="2026.1",
        manifest=MANIFEST,
        published_at="2026-03-01T10:00:00+00:00",
        licence="CC-BY-4.0",
        contact="data@aalst.example",
        profile="standaard-5",
        protocol="urn:protocol:aalst:2026-001",
        decision="d-1",
        asked={"indicator": "bevolking"},
        indicators=[{"id": "bevolking", "name": {"nl": "Bevolking"}, "unit": "personen"}],
    )
