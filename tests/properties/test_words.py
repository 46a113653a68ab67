"""Lines that are joined by codes are the lines that anybody would join row by row."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cells import CANARY, leaky, spellings

from hanse.cube.cleared import Pieces, in_codes, scrub
from hanse.dialects.words import coded, combined, encoded, in_steps, numbers, plain, texts, wrapped

NUMBERS = st.lists(
    st.one_of(
        st.none(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(10**12), 10**12).map(lambda cents: cents / 100),
        st.sampled_from([0.0, -0.0, -0.5, 1e9, 999_999_999.99, 1e10, 0.07, 2.675]),
    ),
    min_size=1,
)
TEXTS = st.lists(st.sampled_from(["", "a", "é", '"', "b,c", "a"]), min_size=1, max_size=40)


@settings(deadline=None)
@given(NUMBERS)
def test_numbers_are_the_shortest_texts_that_read_back_the_same(given: list[float | None]) -> None:
    column = pa.array(given, pa.float64())
    told = texts(numbers(column, "-"), len(given)).to_pylist()
    assert told == column.cast(pa.string()).fill_null("-").to_pylist()
    assert [None if text == "-" else float(text) for text in told] == given


@settings(deadline=None)
@given(NUMBERS)
def test_whole_numbers_get_what_was_asked_behind_them(given: list[float | None]) -> None:
    column = pa.array(given, pa.float64())
    bare = texts(numbers(column, "null"), len(given)).to_pylist()
    told = texts(numbers(column, "null", bare=".0"), len(given)).to_pylist()
    assert told == [f"{text}.0" if text.lstrip("-").isdigit() else text for text in bare]
    spoken = texts(wrapped(column, "<", ">"), len(given)).to_pylist()
    assert spoken == ["" if text == "null" else f"<{text}>" for text in bare]


@settings(deadline=None)
@given(st.lists(st.tuples(*[TEXTS.map(tuple)] * 3), min_size=1, max_size=3), st.data())
def test_lines_are_their_parts_row_by_row(given: list[Any], data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 50))
    columns = [[part[row % len(part)] for row in range(rows)] for parts in given for part in parts]
    parts: list[Any] = []
    for number, column in enumerate(columns):
        array = pa.array(column, pa.string())
        parts += [array if number % 3 == 2 else coded(array, str.upper), ";"]
    wanted = "".join(
        "".join((t if n % 3 == 2 else t.upper()) + ";" for n, t in enumerate(row))
        for row in zip(*columns, strict=True)
    )
    step = data.draw(st.integers(1, 60))
    assert b"".join(in_steps(parts, rows, step)).decode() == wanted
    one, two = encoded(pa.array(columns[0])), encoded(pa.array(columns[1]))
    pairs = zip(columns[0], columns[1], strict=True)
    assert plain(combined(one, two, "|")).to_pylist() == ["|".join(pair) for pair in pairs]


@pytest.mark.parametrize("rows", [2, 3, 100])
def test_codes_are_the_same_cells_with_no_text_that_does_not_occur(rows: int) -> None:
    table = leaky().slice(0, rows)
    cleared = in_codes(table)
    whole = scrub(table).table
    for name in whole.column_names:
        column = cleared.table.column(name).chunk(0)
        assert plain(column).to_pylist() == whole.column(name).to_pylist()
        if pa.types.is_dictionary(column.type):
            assert sorted(column.dictionary.to_pylist()) == sorted(set(plain(column).to_pylist()))
        held = b"".join(bytes(each) for each in _buffers(column) if each is not None)
        assert not any(spelling in held for spelling in spellings(CANARY))


def _buffers(column: pa.Array) -> list[pa.Buffer | None]:
    if not pa.types.is_dictionary(column.type):
        return list(column.buffers())
    return [*column.indices.buffers(), *column.dictionary.buffers()]


@pytest.mark.parametrize("size", [1, 2, 1_000])
def test_columns_and_cells_without_a_number_come_out_of_pieces_as_they_stand(size: int) -> None:
    table = leaky()
    whole = scrub(table).table
    for pieces in (Pieces(table, size), Pieces(table, size).coded()):
        for name in whole.column_names:
            told = [each for chunk in pieces.column(name) for each in plain(chunk).to_pylist()]
            assert told == whole.column(name).to_pylist()
        values = whole.column("obs_value").to_pylist()
        found = [int(row) for rows, cleared in pieces.unnumbered(0) for row in rows]
        assert found == [row for row, value in enumerate(values) if value is None]
        row, left = pieces.numbered(2)
        assert sum(value is not None for value in values[:row]) + left == 2
