"""One population in the form that disclosure control takes: its cells, and what adds up in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.cube import algebra
from hanse.cube.status import HIDDEN, CellState
from hanse.node.relations import AREA, INDICATOR, Bools, Ints, Relations
from hanse.policies import disclosure

Floats = np.ndarray[Any, np.dtype[np.float64]]
Key = tuple[str, ...]

_RANK = algebra.STATE_RANK
_VALUE = _RANK[CellState.VALUE]
_SOURCE = _RANK[CellState.SUPPRESSED_SOURCE]
_PRIMARY = _RANK[CellState.SUPPRESSED_PRIMARY]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What readers hold already, one entry per row: 1 was shown, 0 never seen, -1 was hidden.

    `values` are the numbers last shown.
    """

    seen: Ints
    values: Floats

    @classmethod
    def nothing(cls, rows: int) -> "Known":
        """Return what nobody holds."""
        return cls(np.zeros(rows, dtype=np.int64), np.full(rows, np.nan))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a release, virtual ones too: place in `STATE_ORDER`, number, whether hidden.

    `less` are the numbers less the parts that surely stay shown; `short` says of each equation that
    its parts are not all rows, or do not make up the whole. `kept` rows are hidden because they
    were before: nothing has to stay possible of them.
    """

    relations: Relations
    ranks: Ints
    values: Floats
    less: Floats
    hidden: Bools
    kept: Bools
    short: Bools


class Sheet:
    """The rows of one population in the form that disclosure control takes."""

    def __init__(self, work: Rows, rows: Ints) -> None:
        self.work = work
        self.frame = work.relations.frame
        self.rows = rows[rows < work.relations.given]
        self.inside = np.zeros(work.relations.size, dtype=bool)
        self.inside[rows] = True
        self.names = ("indicator", "area", *self.frame.dimensions)
        names = {self.frame.spelled("indicator", int(row)) for row in self.rows}
        self.population = (min(names), self.frame.spelled("period", int(self.rows[0])))

    @cached_property
    def structure(self) -> disclosure.Structure:
        """What adds up in it."""
        kinds = {name: self._links(1 + n) for n, name in enumerate(self.frame.dimensions)}
        names = {self.frame.spelled("indicator", int(row)) for row in self.rows}
        partial = {AREA: "area", INDICATOR: "indicator"}
        partial |= {1 + n: name for n, name in enumerate(self.frame.dimensions)}
        found = {name: self._partial(kind, name) for kind, name in partial.items()}
        return disclosure.Structure(
            frozenset(names),
            self._links(AREA),
            MappingProxyType(kinds),
            self._links(INDICATOR),
            partial=MappingProxyType({name: codes for name, codes in found.items() if codes}),
        )

    def _links(self, kind: int) -> tuple[tuple[str, str, str], ...]:
        name = self._column(kind)
        relations = self.work.relations
        mine = self.inside[relations.child] & (relations.kind[relations.equation] == kind)
        column = self.frame.columns[name]
        ways = relations.way[relations.equation[mine]]
        codes = self.frame.codes[name]
        triples = set(
            zip(
                ways.tolist(),
                column[relations.child[mine]].tolist(),
                column[relations.parent[mine]].tolist(),
                strict=True,
            )
        )
        return tuple((f"t{way}", codes[c], codes[p]) for way, c, p in sorted(triples))

    def _column(self, kind: int) -> str:
        if kind in {AREA, INDICATOR}:
            return "area" if kind == AREA else "indicator"
        return self.frame.dimensions[kind - 1]

    def _partial(self, kind: int, name: str) -> frozenset[str]:
        """Return the codes of which some part is no row: what is left of them is not zero."""
        relations = self.work.relations
        heads = relations.head[self.work.short & (relations.kind == kind)]
        heads = heads[self.inside[heads]]
        codes, column = self.frame.codes[name], self.frame.columns[name]
        return frozenset(codes[at] for at in np.unique(column[heads]).tolist())

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Return the true and the judged cells, with an empty one where none stands."""
        work = self.work
        states = [state.value for state in algebra.STATE_ORDER]
        ranks = work.ranks[self.rows]
        small = work.hidden[self.rows] & ~work.kept[self.rows] & (ranks != _SOURCE)
        judged = np.where(small, _PRIMARY, ranks)
        columns = {
            name: [self.frame.codes[name][at] for at in self.frame.columns[name][self.rows]]
            for name in ("indicator", "area", "period", *self.frame.dimensions)
        }
        absent = list(self._absent())
        for name, column in columns.items():
            at = self.names.index(name) if name in self.names else None
            column += [key[at] if at is not None else self.population[1] for key in absent]
        levels = [area.partition(":")[0] for area in columns["area"]]
        columns["area"] = [area.partition(":")[2] for area in columns["area"]]
        empty = [_RANK[CellState.EMPTY]] * len(absent)
        value = np.concatenate([work.less[self.rows], np.zeros(len(absent))])

        def table(own: Ints) -> pa.Table:
            ranked = [*own.tolist(), *empty]
            numbered = np.array([rank != _VALUE for rank in ranked], dtype=bool)
            return pa.table(
                {
                    "indicator": columns["indicator"],
                    "level": levels,
                    **{name: columns[name] for name in columns if name != "indicator"},
                    "value": pa.array(value, mask=numbered),
                    "state": [states[rank] for rank in ranked],
                }
            )

        return table(ranks), table(judged)

    def _absent(self) -> Iterator[Key]:
        """Yield the combinations of finest codes that no row holds: there is nobody in them."""
        structure = self.structure
        partial = structure.partial
        if any(partial.values()):
            return
        wholes = {link[2] for link in (*structure.areas, *structure.wholes)}
        wholes |= {link[2] for links in structure.breakdowns.values() for link in links}
        held = set(self._keys())
        finest = [sorted({key[at] for key in held} - wholes) for at in range(len(self.names))]
        yield from (key for key in product(*finest) if key not in held)

    def _keys(self) -> list[Key]:
        columns = [
            [self.frame.codes[name][at] for at in self.frame.columns[name][self.rows].tolist()]
            for name in self.names
        ]
        return list(zip(*columns, strict=True))

    def ledger(self, known: Known) -> disclosure.Ledger:
        """Return what readers hold of it already."""
        seen = known.seen[self.rows]
        cells: dict[Key, int | None] = {}
        for key, mark, value in zip(
            self._keys(), seen.tolist(), known.values[self.rows].tolist(), strict=True
        ):
            if mark:
                cells[key] = int(value) if mark > 0 and value == round(value) else None
        return disclosure.Ledger(MappingProxyType(cells))

    def hidden(self, cells: pa.Table) -> Ints:
        """Return the rows that are hidden now."""
        states = cells.column("state").to_pylist()[: self.rows.size]
        hidden = np.array([CellState(state) in HIDDEN for state in states], dtype=bool)
        return np.asarray(self.rows[hidden])
