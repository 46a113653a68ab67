"""Text columns as codes: what lets a table of cells be grouped and mapped without a loop per row.

A key column of a draft is text, mostly dictionary-encoded, in chunks whose dictionaries may differ.
Here each becomes one dictionary array over the whole column, so that work on spellings happens once
per distinct text and work on rows is integer arithmetic inside Arrow.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import TEXT


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of one type as one array; what is one chunk already is not copied."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def encode(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """Return a text column, plain or encoded, as one dictionary array without a null in it.

    Spellings that stand twice in a dictionary become one; a null text becomes the empty one.
    """
    array = _joined(column)
    if pa.types.is_dictionary(array.type):
        spellings = pc.cast(array.dictionary, pa.string())
        distinct = pc.unique(spellings)
        if len(distinct) == len(spellings) and not array.null_count and not spellings.null_count:
            indices = pc.cast(array.indices, pa.int32())
            return pa.DictionaryArray.from_arrays(indices, spellings)
        array = pc.take(spellings, array.indices)
    return pc.fill_null(pc.cast(array, pa.string()), "").dictionary_encode()


def _joined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.Array):
        return column
    if column.num_chunks == 0:
        return pa.array([], column.type)
    unified = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column
    return pa.concat_arrays(unified.chunks)


def plain(column: pa.DictionaryArray) -> pa.Array:
    """Return the column as plain text."""
    return pc.take(column.dictionary, column.indices)


def texts(column: pa.DictionaryArray) -> frozenset[str]:
    """Return the texts that occur in the column; a dictionary may hold more."""
    return frozenset(pc.take(column.dictionary, pc.unique(column.indices)).to_pylist())


def one_of(column: pa.DictionaryArray, wanted: Collection[str]) -> pa.Array:
    """Return which rows hold one of these texts, as booleans."""
    chosen = pa.array([text in wanted for text in column.dictionary.to_pylist()], pa.bool_())
    return pc.take(chosen, column.indices)


def with_constants(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    """Return the table with these text columns the same in every row."""
    for name, text in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, name, constant(text, table.num_rows))
    return table


def spelled(texts: Sequence[str], indices: pa.Array) -> pa.DictionaryArray:
    """Return the column whose row `i` is `texts[indices[i]]`, in the type of a draft's columns."""
    return pa.DictionaryArray.from_arrays(
        pc.cast(indices, pa.int32()), pa.array(texts, pa.string())
    )


def constant(text: str, rows: int) -> pa.DictionaryArray:
    """Return a column of `rows` times the same text."""
    return pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([text], pa.string())
    )


def mapped(column: pa.DictionaryArray, change: Callable[[str], str | None]) -> pa.DictionaryArray:
    """Return the column with `change` applied to each distinct text; None makes the row null."""
    changed = pa.array([change(text) for text in column.dictionary.to_pylist()], pa.string())
    return pc.take(changed, column.indices).dictionary_encode().cast(TEXT)


def lowered(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the column in lower case, equal spellings as one."""
    return encode(pa.DictionaryArray.from_arrays(column.indices, pc.utf8_lower(column.dictionary)))


def keys(columns: Sequence[pa.DictionaryArray], rows: int) -> pa.Array:
    """Return one integer per row, equal where all the columns are equal.

    Dense: the largest key is smaller than the number of rows, whatever the columns.
    """
    joined = pa.repeat(pa.scalar(0, pa.int64()), rows)
    for column in columns:
        wide = pc.multiply(joined, pa.scalar(max(len(column.dictionary), 1), pa.int64()))
        joined = pc.add(wide, pc.cast(column.indices, pa.int64()))
        joined = pc.cast(joined.dictionary_encode().indices, pa.int64())
    return joined
