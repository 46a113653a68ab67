"""Nothing hidden leaves in the bytes: every way a number can lie under a null, and none survives.

Two proofs side by side. The canary: hidden numbers and texts have byte patterns of their own, and
the bytes of what was cleared hold none of them, in no number format and in no file format. The
structure: every slot of a null is zero, offsets start at zero, nothing is longer than it needs.
"""

import io
import struct
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from hanse.cube.cells import protected_schema
from hanse.cube.cleared import Cleared, scrub
from hanse.errors import Invalid

ROWS = 64
HIDDEN_ROWS = tuple(range(3, ROWS, 7))
CANARY = 14_650_833.0
"""Whole and below 2**24, so that it is the same number in every format, each with its own bytes."""
TEXT_CANARY = "kanarie-2b9f"
PLAIN = [float(row) for row in range(ROWS)]
TRUE = [CANARY + row if row in HIDDEN_ROWS else PLAIN[row] for row in range(ROWS)]
MASK = [row in HIDDEN_ROWS for row in range(ROWS)]


def _patterns() -> list[bytes]:
    numbers = [CANARY + row for row in HIDDEN_ROWS]
    patterns = [TEXT_CANARY.encode()]
    for number in numbers:
        whole = int(number)
        patterns += [struct.pack("<d", number), struct.pack("<f", number)]
        patterns += [struct.pack("<q", whole), struct.pack("<i", whole)]
        patterns += [str(whole).encode(), f"{whole:,}".encode()]
    return patterns


def _hidden_by_scalar() -> pa.Array:
    return pc.if_else(pa.array(MASK), pa.scalar(None, pa.float64()), pa.array(TRUE))


def _hidden_by_array() -> pa.Array:
    return pc.if_else(pa.array(MASK), pa.nulls(ROWS, pa.float64()), pa.array(TRUE))


def _hidden_by_new_validity() -> pa.Array:
    visible = pc.invert(pa.array(MASK))
    numbers = pa.array(TRUE).buffers()[1]
    return pa.Array.from_buffers(pa.float64(), ROWS, [visible.buffers()[1], numbers])


def _cut_from_more() -> pa.Array:
    before = pa.array([CANARY + row for row in HIDDEN_ROWS])
    return pa.concat_arrays([before, pa.array(PLAIN), before]).slice(len(before), ROWS)


def _cut_and_hidden() -> pa.Array:
    more = pa.concat_arrays([pa.array([CANARY]), _hidden_by_scalar(), pa.array([CANARY])])
    return more.slice(1, ROWS)


def _in_chunks() -> pa.ChunkedArray:
    hidden = _hidden_by_scalar()
    return pa.chunked_array([hidden.slice(0, 10), hidden.slice(10, 0), hidden.slice(10)])


def _as_nan() -> pa.Array:
    """A NaN has room for fifty-one bits of something else."""
    payloads = [
        struct.unpack("<d", struct.pack("<q", 0x7FF8_0000_0000_0000 | int(CANARY + row)))[0]
        if row in HIDDEN_ROWS
        else PLAIN[row]
        for row in range(ROWS)
    ]
    return pa.array(payloads)


NUMBERS: dict[str, Callable[[], pa.Array | pa.ChunkedArray]] = {
    "if_else with a null scalar": _hidden_by_scalar,
    "if_else with a null array": _hidden_by_array,
    "then cast": lambda: pc.cast(
        pc.if_else(
            pa.array(MASK), pa.scalar(None, pa.int64()), pc.cast(pa.array(TRUE), pa.int64())
        ),
        pa.float64(),
    ),
    "then added to": lambda: pc.add(_hidden_by_scalar(), 0.0),
    "then multiplied": lambda: pc.multiply(_hidden_by_scalar(), 1.0),
    "then concatenated": lambda: pa.concat_arrays(
        [_hidden_by_scalar().slice(0, 8), _hidden_by_scalar().slice(8)]
    ),
    "validity laid over": _hidden_by_new_validity,
    "replace_with_mask": lambda: pc.replace_with_mask(
        pa.array(TRUE), pa.array(MASK), pa.scalar(None, pa.float64())
    ),
    "sliced": _cut_from_more,
    "sliced and hidden": _cut_and_hidden,
    "field of a struct under a null": lambda: (
        pa.StructArray.from_arrays([pa.array(TRUE)], ["v"], mask=pa.array(MASK))
        .field(0)
        .take(pa.array([None if hide else row for row, hide in enumerate(MASK)], pa.int64()))
    ),
    "in chunks": _in_chunks,
}

_TEXTS = [f"110{row:02}" for row in range(ROWS)]


def _text_with_bytes_under_null() -> pa.Array:
    full = pa.array([TEXT_CANARY if row in HIDDEN_ROWS else _TEXTS[row] for row in range(ROWS)])
    visible = pc.invert(pa.array(MASK))
    _, offsets, letters = full.buffers()
    return pa.Array.from_buffers(pa.string(), ROWS, [visible.buffers()[1], offsets, letters])


def _dictionary_with_null_entry() -> pa.Array:
    words = _text_with_bytes_under_null()
    return pa.DictionaryArray.from_arrays(pa.array(range(ROWS), pa.int32()), words)


AREAS: dict[str, Callable[[], pa.Array]] = {
    "text under a null": _text_with_bytes_under_null,
    "a slice of texts": lambda: pa.array([TEXT_CANARY, *_TEXTS, TEXT_CANARY]).slice(1, ROWS),
    "a category nobody uses": lambda: pa.DictionaryArray.from_arrays(
        pa.array(range(ROWS), pa.int32()), pa.array([*_TEXTS, TEXT_CANARY])
    ),
    "a null index": lambda: pa.DictionaryArray.from_arrays(
        pa.array(range(ROWS), pa.int32(), mask=pa.array(MASK).to_numpy(zero_copy_only=False)),
        pa.array([TEXT_CANARY if row in HIDDEN_ROWS else _TEXTS[row] for row in range(ROWS)]),
    ),
    "a null category": _dictionary_with_null_entry,
    "a slice of categories": lambda: pa.array([TEXT_CANARY, *_TEXTS]).dictionary_encode().slice(1),
    "a dictionary taken from": lambda: (
        pa.array([*_TEXTS, TEXT_CANARY]).dictionary_encode().take(pa.array(range(ROWS)))
    ),
}


def _table(
    numbers: pa.Array | pa.ChunkedArray | None = None, areas: pa.Array | None = None
) -> pa.Table:
    values = pa.array(PLAIN) if numbers is None else numbers
    hidden = [False] * ROWS if numbers is None else pc.is_null(numbers).to_pylist()
    columns = {
        "indicator": pa.array(["inwoners"] * ROWS).dictionary_encode(),
        "level": pa.array(["gemeente@2025"] * ROWS),
        "area": pa.array(_TEXTS) if areas is None else areas,
        "period": pa.array(["2024"] * ROWS),
        "obs_value": values,
        "obs_status": pa.array(["Q" if hide else "A" for hide in hidden]),
        "conf_status": pa.array(["C" if hide else "F" for hide in hidden]),
    }
    table = pa.table(columns)
    return table.replace_schema_metadata({"pandas": TEXT_CANARY})


def _files(cleared: Cleared) -> Iterator[bytes]:
    """Yield the cleared table in every form whose bytes come from its buffers."""
    for codec in (None, "zstd"):
        sink = io.BytesIO()
        options = pa.ipc.IpcWriteOptions(compression=codec)
        with pa.ipc.new_stream(sink, cleared.table.schema, options=options) as writer:
            writer.write_table(cleared.table)
        yield sink.getvalue()
    sink = io.BytesIO()
    pq.write_table(cleared.table, sink, compression="none")
    yield sink.getvalue()
    yield str(cleared.table.to_pydict()).encode()
    for column in cleared.table.columns:
        for buffer in column.chunk(0).buffers():
            yield b"" if buffer is None else buffer.to_pybytes()


def _leaks(cleared: Cleared) -> list[bytes]:
    return [pattern for pattern in _patterns() for each in _files(cleared) if pattern in each]


@pytest.mark.parametrize("way", NUMBERS)
def test_a_hidden_number_leaves_no_bytes(way: str) -> None:
    table = _table(NUMBERS[way]())
    cleared = scrub(table)
    assert _leaks(cleared) == []
    assert cleared.table["obs_value"].to_pylist() == table["obs_value"].to_pylist()


@pytest.mark.parametrize("way", AREAS)
def test_a_hidden_text_leaves_no_bytes(way: str) -> None:
    table = _table(areas=AREAS[way]())
    cleared = scrub(table)
    assert _leaks(cleared) == []
    assert cleared.table["area"].to_pylist() == table["area"].to_pylist()


@pytest.mark.parametrize("way", NUMBERS)
def test_every_buffer_of_a_cleared_table_holds_visible_rows_only(way: str) -> None:
    for column in scrub(_table(NUMBERS[way]())).table.columns:
        assert column.num_chunks == 1
        _check_structure(column.chunk(0))


@pytest.mark.parametrize("way", AREAS)
def test_every_buffer_of_cleared_texts_holds_visible_rows_only(way: str) -> None:
    _check_structure(scrub(_table(areas=AREAS[way]())).table["area"].chunk(0))


def _check_structure(array: pa.Array) -> None:
    assert array.offset == 0
    assert not pa.types.is_dictionary(array.type)
    validity, *buffers = array.buffers()
    nulls = array.is_null().to_pylist()
    assert (validity is None) or validity.size == (len(array) + 7) // 8
    if array.type == pa.float64():
        numbers = buffers[0].to_pybytes()
        assert len(numbers) == 8 * len(array)
        assert all(
            numbers[8 * at : 8 * at + 8] == bytes(8) for at, null in enumerate(nulls) if null
        )
        return
    offsets = struct.unpack(f"<{len(array) + 1}i", buffers[0].to_pybytes())
    assert offsets[0] == 0
    assert all(offsets[at] == offsets[at + 1] for at, null in enumerate(nulls) if null)
    letters = buffers[1].size if buffers[1] is not None else 0
    assert letters == offsets[-1] == sum(len(text or "") for text in array.to_pylist())


def test_the_bits_after_the_last_row_are_zero() -> None:
    table = _table(_hidden_by_scalar()).slice(0, ROWS - 3)
    validity = scrub(table).table["obs_value"].chunk(0).buffers()[0].to_pybytes()
    assert validity[-1] >> ((ROWS - 3) % 8) == 0


def test_the_canary_is_found_where_nothing_is_scrubbed() -> None:
    leaking = _hidden_by_new_validity().buffers()[1].to_pybytes()
    assert any(pattern in leaking for pattern in _patterns())


def test_no_metadata_stays() -> None:
    cleared = scrub(_table())
    assert cleared.table.schema.metadata is None
    assert all(field.metadata is None for field in cleared.table.schema)


def test_a_table_without_rows_or_without_chunks_is_cleared() -> None:
    empty = pa.table(
        [pa.chunked_array([], each.type) for each in protected_schema()], protected_schema()
    )
    assert scrub(empty).rows == 0
    assert scrub(_table().slice(5, 0)).rows == 0


@pytest.mark.parametrize(
    "column",
    [
        pa.array(TRUE, pa.float32()),
        pa.array([[1.0]] * ROWS),
        pa.array([{"v": 1.0}] * ROWS),
        pa.array(_TEXTS).cast(pa.string_view()),
        pa.array(_TEXTS).cast(pa.large_string()),
        pa.array([1.0] * ROWS).dictionary_encode(),
    ],
    ids=str,
)
def test_a_type_of_which_nothing_is_proven_stays_inside(column: pa.Array) -> None:
    with pytest.raises(Invalid) as fault:
        scrub(_table().set_column(4, "obs_value", column))
    assert fault.value.code == "CELLS_TYPE"


@pytest.mark.parametrize(
    "odd", [_as_nan(), pa.array([*PLAIN[1:], float("inf")])], ids=["NaN", "infinite"]
)
def test_a_number_that_is_none_stays_inside_with_what_its_bits_carry(odd: pa.Array) -> None:
    with pytest.raises(Invalid) as fault:
        scrub(_table(odd))
    assert fault.value.code == "CELLS_TYPE"


def test_columns_that_are_not_of_a_protected_cube_stay_inside() -> None:
    with pytest.raises(Invalid) as fault:
        scrub(_table().append_column("state", pa.array(["suppressed_primary"] * ROWS)))
    assert fault.value.code == "CELLS_SHAPE"


@pytest.mark.parametrize(("status", "conf"), [("Q", "C"), ("Q", "F"), ("L", "F"), ("A", "C")])
def test_a_number_in_a_cell_that_says_it_has_none_stops_everything(status: str, conf: str) -> None:
    table = _table()
    table = table.set_column(5, "obs_status", pa.array([status] + ["A"] * (ROWS - 1)))
    table = table.set_column(6, "conf_status", pa.array([conf] + ["F"] * (ROWS - 1)))
    with pytest.raises(Invalid) as fault:
        scrub(table)
    assert fault.value.code == "CELLS_HIDDEN_NUMBER"


def test_nobody_but_scrub_clears() -> None:
    with pytest.raises(TypeError):
        Cleared(_table(), object())
