"""What an attacker holds: a published table, and which pieces each of its codes consists of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hanse.errors import Invalid

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Codes:
    """One dimension: every published code with the smallest known pieces it consists of.

    The pieces are public knowledge: sectors of a district, ages of an age group, the overlap of two
    zonings that a map shows.
    """

    name: str
    pieces: Mapping[str, frozenset[str]]

    @classmethod
    def of(
        cls, name: str, columns: Sequence[Sequence[str]], total: str | None = "Total"
    ) -> "Codes":
        """Return the codes of columns that say, row by row, in which code of each level it lies."""
        pieces: dict[str, set[str]] = {}
        for place in set(zip(*columns, strict=True)):
            piece = "|".join(place)
            for code in {*place, *([] if total is None else [total])} - {""}:
                pieces.setdefault(code, set()).add(piece)
        return cls(name, MappingProxyType({c: frozenset(p) for c, p in sorted(pieces.items())}))


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """A table: per dimension the code of every row, and its value; -1 stands for hidden."""

    dimensions: tuple[Codes, ...]
    keys: tuple[tuple[str, ...], ...]
    values: Ints

    @property
    def hidden(self) -> Ints:
        """Return the rows without a value."""
        return np.flatnonzero(self.values < 0)


def read(
    dimensions: Sequence[Codes], columns: Sequence[Sequence[str]], values: Sequence[int | None]
) -> Published:
    """Return the table an attacker reads; raise Invalid for a code nobody described."""
    for codes, column in zip(dimensions, columns, strict=True):
        unknown = sorted(set(column) - codes.pieces.keys())
        if unknown:
            raise Invalid(
                "DISCLOSURE_CODE_UNKNOWN", dimension=codes.name, level="", code=unknown[0]
            )
    shown = np.array([-1 if value is None else value for value in values], dtype=np.int64)
    return Published(tuple(dimensions), tuple(tuple(column) for column in columns), shown)


def pooled(tables: Sequence[Published]) -> Published:
    """Return what several recipients, or one over several releases, hold together.

    What one of them was shown, all know; of two values for a cell the later one counts. Raises
    Invalid where they do not speak of the same dimensions.
    """
    told: dict[tuple[str, ...], int] = {}
    for table in tables:
        if table.dimensions != tables[0].dimensions:
            raise Invalid("DISCLOSURE_COLUMN", column="dimensions", found="different")
        for key, value in zip(zip(*table.keys, strict=True), table.values.tolist(), strict=True):
            told[key] = value if value >= 0 else told.get(key, -1)
    columns = tuple(tuple(column) for column in zip(*told, strict=True))
    return Published(tables[0].dimensions, columns, np.array(list(told.values()), dtype=np.int64))
