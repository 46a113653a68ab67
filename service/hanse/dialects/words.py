"""Columns of cells as text: each distinct code spelled once, numbers exact and short."""

from collections.abc import Callable
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from hanse.errors import Invalid


def spelled(column: pa.Array, spell: Callable[[str], str]) -> pa.Array:
    """Return a text column with every value spelled; each distinct value is spelled once."""
    encoded = column.dictionary_encode()
    spellings = pa.array([spell(word) for word in encoded.dictionary.to_pylist()], pa.string())
    return spellings.take(encoded.indices)


def numerals(column: pa.Array, missing: str) -> pa.Array:
    """Return numbers as the shortest decimal text that reads back as the same number.

    Raises `Invalid` (CELLS_TYPE) for what is not a finite number: no text form has it.
    """
    if not pc.all(pc.is_finite(column), min_count=0).as_py():
        raise Invalid("CELLS_TYPE", type="nan")
    return pc.fill_null(column.cast(pa.string()), missing)


def joined(texts: pa.Array, separator: str) -> bytes:
    """Return the texts one after another, as UTF-8."""
    if not len(texts):
        return b""
    whole = pa.LargeListArray.from_arrays(pa.array([0, len(texts)], pa.int64()), texts)
    text = pc.binary_join(whole.cast(pa.list_(pa.string())), separator)[0]
    return cast("bytes", text.as_buffer().to_pybytes())
