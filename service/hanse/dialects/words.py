"""Columns of cells as text: each distinct code spelled once, numbers exact and short.

A line is put together from few columns: what stands side by side and is made of codes is joined
once for every combination of codes that there is, and only then laid out over the rows.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.errors import Invalid

RUN_ROWS: Final = 4
"""How long runs of a code must be on average before reading runs costs less than reading rows."""

COMBINED_SHARE: Final = 4
"""Codes are combined while there are this many rows to each combination."""

STEP_ROWS: Final = 8_192
"""How many lines are written at a time."""

_CENTS: Final = 100
_PLAIN_MAX: Final = 1e9
"""Below it a number with two decimals is written without an exponent."""

Part: TypeAlias = Any
"""Of a line: a text that every row has, a column of texts, or one of codes of texts."""

Numbers = np.ndarray[Any, Any]
Axis = tuple[int, int, int]
"""Which codes a column is told of: where they stand, from where on, and how many there may be."""


def encoded(column: pa.Array) -> pa.DictionaryArray:
    """Return texts as codes; sorted cells repeat them, so runs are read where there are runs."""
    if pa.types.is_dictionary(column.type):
        return column
    if column.null_count:
        return column.dictionary_encode()
    runs = pc.run_end_encode(column)
    if len(runs.values) * RUN_ROWS > len(column):
        return column.dictionary_encode()
    codes = runs.values.dictionary_encode()
    lengths = runs.run_ends.to_numpy().copy()
    lengths[1:] -= lengths[:-1].copy()
    indices = codes.indices.to_numpy().repeat(lengths)
    return pa.DictionaryArray.from_arrays(pa.array(indices), codes.dictionary)


def plain(column: pa.Array) -> pa.Array:
    """Return codes as the texts they stand for; anything else as it is."""
    if not pa.types.is_dictionary(column.type):
        return column
    return column.dictionary.take(column.indices)


def spelled(column: pa.Array, spell: Callable[[str], str]) -> pa.Array:
    """Return a text column with every text spelled; each distinct one is spelled once."""
    return plain(coded(column, spell))


def coded(column: pa.Array, spell: Callable[[str], str]) -> pa.DictionaryArray:
    """Return a text column with every text spelled, as codes; each distinct one is spelled once.

    No spelling stands twice in its dictionary: rows with one text have one code.
    """
    codes = encoded(column)
    spellings = [spell(word) for word in codes.dictionary.to_pylist()]
    places = {text: place for place, text in enumerate(dict.fromkeys(spellings))}
    indices = codes.indices
    if len(places) < len(spellings):
        fewer = pa.array([places[text] for text in spellings], pa.int32())
        indices = fewer.take(indices)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(places), pa.string()))


def combined(one: pa.DictionaryArray, two: pa.DictionaryArray, mark: str) -> pa.DictionaryArray:
    """Return two columns of codes as one: a text for each pair that occurs, `mark` in it."""
    pairs = one.indices.to_numpy().astype(np.int64) * len(two.dictionary) + two.indices.to_numpy()
    used, places = _occurring(pairs, len(one.dictionary) * len(two.dictionary))
    first, second = (pa.array(each) for each in np.divmod(used, max(len(two.dictionary), 1)))
    told = pc.binary_join_element_wise(
        one.dictionary.take(first), two.dictionary.take(second), mark
    )
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), told)


def _occurring(codes: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """Return the codes below `size` that occur, in order, and which of them each row has."""
    if size > COMBINED_SHARE * len(codes):
        return np.unique(codes, return_inverse=True)
    used = np.flatnonzero(np.bincount(codes, minlength=size))
    places = np.zeros(size, np.int64)
    places[used] = np.arange(len(used))
    return used, places[codes]


def numbers(column: pa.Array, missing: str, mark: str = ".", bare: str = "") -> list[Part]:
    """Return numbers as the shortest decimal text that reads back as the same number, in parts.

    A whole number has `bare` behind it. Raises `Invalid` (CELLS_TYPE) for what is not a finite
    number: no text form has it.
    """
    if not pc.all(pc.is_finite(column), min_count=0).as_py():
        raise Invalid("CELLS_TYPE", type="nan")
    signed = pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False)
    sizes = np.abs(signed)
    cents = np.rint(np.minimum(sizes, _PLAIN_MAX) * _CENTS)
    if bool((sizes < _PLAIN_MAX).all()) and bool((cents / _CENTS == sizes).all()):
        return _with_cents(
            column, cents.astype(np.int64), np.signbit(signed), (missing, mark, bare)
        )
    plainly = column.cast(pa.string())
    if bare:
        alone = pc.match_substring_regex(plainly, pattern=r"^-?[0-9]+$")
        plainly = pc.if_else(alone, pc.binary_join_element_wise(plainly, bare, ""), plainly)
    if mark != ".":
        plainly = pc.replace_substring(plainly, pattern=".", replacement=mark)
    return [pc.fill_null(plainly, missing)]


def numerals(column: pa.Array, missing: str) -> pa.Array:
    """Return what `numbers` does, as one column of texts."""
    return texts(numbers(column, missing), len(column))


def _with_cents(
    column: pa.Array, cents: Numbers, negative: Numbers, told: tuple[str, str, str]
) -> list[Part]:
    """Return numbers of at most two decimals: sign, whole part, and the rest of each as a code."""
    missing, mark, bare = told
    whole, rest = np.divmod(cents, _CENTS)
    before = pa.array(whole.astype(np.int32)).cast(pa.string())
    if column.null_count:
        there = pc.is_valid(column)
        before = pc.if_else(there, before, "")
        rest = np.where(there.to_numpy(zero_copy_only=False), rest, _CENTS)
    tails = [bare, *((mark + f"{number:02}").rstrip("0") for number in range(1, _CENTS)), missing]
    parts: list[Part] = [before, _codes(rest, tails)]
    return [_codes(negative, ["", "-"]), *parts] if negative.any() else parts


def told_if(mask: pa.Array, text: str) -> pa.DictionaryArray:
    """Return a text where a mask is true, and nothing elsewhere."""
    return _codes(mask.to_numpy(zero_copy_only=False), ["", text])


def told_at(mask: Numbers, told: pa.Array) -> pa.DictionaryArray:
    """Return the texts one by one where a mask is true, and nothing elsewhere."""
    places = np.where(mask, np.cumsum(mask), 0).astype(np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(places), pa.concat_arrays([pa.array([""], pa.string()), told])
    )


def _codes(places: Numbers, texts: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(places.astype(np.int32)), pa.array(texts, pa.string())
    )


def wrapped(column: pa.Array, before: str, after: str) -> list[Part]:
    """Return numbers between two texts, and nothing at all where there is no number."""
    if not column.null_count:
        return [before, *numbers(column, ""), after]
    there = pc.is_valid(column)
    return [told_if(there, before), *numbers(column, ""), told_if(there, after)]


def in_steps(parts: Sequence[Part], rows: int, step: int = STEP_ROWS) -> Iterator[bytes]:
    """Yield the lines of so many rows at a time: what they are made of takes some memory."""
    for start in range(0, rows, step):
        some = [each if isinstance(each, str) else each.slice(start, step) for each in parts]
        yield lines(some, min(step, rows - start))


def texts(parts: Sequence[Part], rows: int) -> pa.Array:
    """Return the parts of every row one after another, as one column."""
    found = list(_texts(parts, rows))
    return found[0] if len(found) == 1 else pc.binary_join_element_wise(*found, "")


def lines(parts: Sequence[Part], rows: int) -> bytes:
    """Return the parts of every row one after another, row after row, as UTF-8.

    What ends a row is one of the parts. No part has a null.
    """
    if not rows:
        return b""
    whole = texts(parts, rows)
    _, offsets, characters = whole.buffers()
    edges = np.frombuffer(offsets, np.int32)
    first, last = int(edges[whole.offset]), int(edges[whole.offset + rows])
    return cast("bytes", characters.slice(first, last - first).to_pybytes()) if last else b""


def _texts(parts: Sequence[Part], rows: int) -> Iterator[pa.Array]:
    """Yield the parts as texts, those that are codes together with what stands beside them."""
    held = _Combined(rows)
    for part in parts:
        if isinstance(part, str) or pa.types.is_dictionary(part.type):
            if not held.takes(part):
                yield held.texts()
                held = _Combined(rows)
                held.takes(part)
            continue
        if held.parts:
            yield held.texts()
            held = _Combined(rows)
        yield part
    if held.parts:
        yield held.texts()


class _Combined:
    """Parts that are codes, side by side: a text for each combination of codes.

    Columns that are told of the same codes (a code and its label) are one axis.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._axes: dict[Axis, Numbers] = {}
        self._size = 1
        self.parts: list[tuple[Axis | None, Any]] = []

    def takes(self, part: Part) -> bool:
        """Put a part at the end; False where there would be too many combinations."""
        if isinstance(part, str) or len(part.dictionary) == 1:
            text = part if isinstance(part, str) else part.dictionary[0].as_py()
            self.parts.append((None, text))
            return True
        indices = part.indices
        key = indices.buffers()[1].address, indices.offset, len(part.dictionary)
        if key not in self._axes:
            size = self._size * len(part.dictionary)
            if self._axes and size * COMBINED_SHARE > self._rows:
                return False
            self._size = size
            self._axes[key] = indices.to_numpy()
        self.parts.append((key, part.dictionary))
        return True

    def texts(self) -> pa.Array:
        """Return the text of every row."""
        if not self._axes:
            return pa.repeat(pa.scalar("".join(text for _, text in self.parts)), self._rows)
        if len(self.parts) == 1:
            ((_, dictionary),) = self.parts
            ((_, indices),) = self._axes.items()
            return dictionary.take(pa.array(indices))
        places = self._places()
        held = [text if key is None else text.take(places[key]) for key, text in self.parts]
        return pc.binary_join_element_wise(*held, "").take(pa.array(self._combination()))

    def _combination(self) -> Numbers:
        """Return the number of the combination that each row has."""
        code = np.zeros(self._rows, np.int32)
        for (_, _, size), indices in self._axes.items():
            code = code * np.int32(size) + indices
        return code

    def _places(self) -> dict[Axis, pa.Array]:
        """Return, per axis, its code in every combination."""
        step, found = self._size, {}
        number = np.arange(self._size)
        for key in self._axes:
            step //= key[-1]
            found[key] = pa.array(number // step % key[-1])
        return found
