"""One population in the form that disclosure control takes: its cells, and what adds up in it."""

from collections import defaultdict
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.cube import algebra
from hanse.cube.codelist import TOTAL
from hanse.cube.status import HIDDEN, CellState
from hanse.node.breakdowns import crossed
from hanse.node.relations import AREA, INDICATOR, PERIOD, SHARE, Bools, Ints, Relations
from hanse.policies import disclosure
from hanse.policies.disclosure.identity import Term

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


class Places:
    """Where the edges of every row stand among the relations, and the equations it is the whole of.

    Looked up for one population after another: to look all edges over each time takes longer than
    to close a small one.
    """

    def __init__(self, relations: Relations) -> None:
        self._edges = _Sorted(relations.child, relations.size)
        self._equations = _Sorted(relations.head, relations.size)

    def edges(self, rows: Ints) -> Ints:
        """Return the edges whose part is one of some rows."""
        return self._edges.of(rows)

    def equations(self, rows: Ints) -> Ints:
        """Return the equations whose whole is one of some rows."""
        return self._equations.of(rows)


class _Sorted:
    """Places in a list of rows, by row."""

    def __init__(self, listed: Ints, size: int) -> None:
        self._order = np.argsort(listed, kind="stable")
        self._ends = np.concatenate([[0], np.cumsum(np.bincount(listed, minlength=size))])

    def of(self, rows: Ints) -> Ints:
        starts, lengths = self._ends[rows], self._ends[rows + 1] - self._ends[rows]
        first = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        return np.asarray(self._order[first + np.arange(first.size)])


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a release, virtual ones too: place in `STATE_ORDER`, number, whether hidden.

    `less` are the numbers less the parts that surely stay shown; `short` says of each equation that
    its parts are not all rows, or do not make up the whole. `inner` rows are pieces of areas that
    cross, `rests` what shares leave over: neither is shown. `kept` rows are hidden because they
    were before: nothing has to stay possible of them. `beside` rows stand in other datasets, the
    `stale` ones among them show a table as it was.
    """

    relations: Relations
    ranks: Ints
    values: Floats
    less: Floats
    hidden: Bools
    kept: Bools
    short: Bools
    inner: Bools
    beside: Bools
    stale: Bools
    rests: Bools
    places: Places


def left_over(relations: Relations, inner: Bools) -> Bools:
    """Say which rows that are never shown are what a share leaves over."""
    found = np.zeros(relations.size, dtype=bool)
    found[relations.child[relations.kind[relations.equation] == SHARE]] = True
    return np.asarray(found & inner)


def _shape(key: Key, wholes: Set[str]) -> tuple[object, ...]:
    """Say at which level a key is, and over which breakdowns it is divided to the finest codes."""
    _, area, *_ = key
    return area.partition(":")[0], *((code in wholes, code == TOTAL) for code in key)


class Sheet:
    """The rows of one population in the form that disclosure control takes."""

    def __init__(self, work: Rows, rows: Ints) -> None:
        self.work = work
        self.frame = work.relations.frame
        rows_given = rows[rows < work.relations.given]
        self.pieces = rows_given[work.inner[rows_given]]
        mine = rows_given[~work.inner[rows_given]]
        # What no longer fits these figures is a table as it was: the ledger alone tells it.
        told = work.stale[mine] & (work.ranks[mine] == _VALUE)
        self.rows, self.told = mine[~told], mine[told]
        self.every = np.concatenate([self.rows, self.told])
        self.edges = work.places.edges(rows)
        self.equations = work.places.equations(rows)
        self.names = ("indicator", "area", *self.frame.dimensions)
        self.first = min(self._held("indicator"))
        self.periods = sorted(self._held("period"))
        told = work.less[self.every]
        self.weighted = bool((told != np.round(told)).any())

    def _held(self, name: str) -> list[str]:
        """Return the different codes of its rows in a column."""
        places = np.unique(self.frame.columns[name][self.every]).tolist()
        return [self.frame.codes[name][at] for at in places]

    @cached_property
    def structure(self) -> disclosure.Structure:
        """What adds up in it."""
        cuts = self.work.relations.cuts
        kinds = {
            name: (*self._links(1 + n), *cuts.get(name, ()))
            for n, name in enumerate(self.frame.dimensions)
        }
        names = self._held("indicator")
        wholes = self._links(INDICATOR)
        partial = {AREA: "area", INDICATOR: "indicator"}
        partial |= {1 + n: name for n, name in enumerate(self.frame.dimensions)}
        found = {name: self._partial(kind, name) for kind, name in partial.items()}
        return disclosure.Structure(
            frozenset() if self.weighted else frozenset(names),
            self._links(AREA),
            MappingProxyType(kinds),
            (*wholes, *crossed(wholes)),
            partial=MappingProxyType({name: codes for name, codes in found.items() if codes}),
            atoms=self._overlaps(),
            identities=tuple(sorted(self._identities(), key=repr)),
            weighted=frozenset(names) if self.weighted else frozenset(),
        )

    def _overlaps(self) -> disclosure.Overlaps:
        """Return the pieces of areas that cross, with what is counted in them."""
        if not self.pieces.size:
            return disclosure.Overlaps()
        relations, frame, work = self.work.relations, self.frame, self.work
        mine = self._of_kind(AREA)
        mine = mine[work.inner[relations.child[mine]]]
        held: dict[str, set[str]] = defaultdict(set)
        for child, parent in zip(
            relations.child[mine].tolist(), relations.parent[mine].tolist(), strict=True
        ):
            held[frame.spelled("area", child)].add(frame.spelled("area", parent))
        counts = {}
        for row in self.pieces.tolist():
            if work.ranks[row] == _VALUE:
                rest = (frame.spelled(name, row) for name in ("area", *frame.dimensions))
                key = (frame.spelled("indicator", row), frame.spelled("period", row), *rest)
                counts[key] = float(work.values[row])
        inside = {piece: tuple(sorted(areas)) for piece, areas in sorted(held.items())}
        return disclosure.Overlaps(MappingProxyType(inside), MappingProxyType(counts))

    def _identities(self) -> set[disclosure.Identity]:
        """Return the sums over time and those of shares: a whole less the parts that make it up."""
        relations, frame = self.work.relations, self.frame
        kinds = relations.kind[self.equations]
        told = self.equations[relations.complete[self.equations] & np.isin(kinds, (PERIOD, SHARE))]
        edges = np.flatnonzero(np.isin(relations.equation, told)) if told.size else told
        parts: dict[int, set[tuple[str, str]]] = defaultdict(set)

        def named(row: int) -> tuple[str, str]:
            return frame.spelled("indicator", row), frame.spelled("period", row)

        for edge in edges.tolist():
            parts[int(relations.equation[edge])].add(named(int(relations.child[edge])))
        return {
            (
                Term(1, *named(int(relations.head[equation]))),
                *(Term(-1, *part) for part in sorted(told)),
            )
            for equation, told in parts.items()
        }

    def _of_kind(self, kind: int) -> Ints:
        """Return the edges of its rows that add over a dimension."""
        relations = self.work.relations
        kinds = relations.kind[relations.equation[self.edges]]
        return np.asarray(self.edges[kinds == kind])

    def _links(self, kind: int) -> tuple[tuple[str, str, str], ...]:
        name = self.frame.name_of(kind)
        relations = self.work.relations
        mine = self._of_kind(kind)
        if kind == AREA:
            mine = mine[~self.work.inner[relations.child[mine]]]
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

    def _partial(self, kind: int, name: str) -> frozenset[str]:
        """Return the codes of which some part is no row: what is left of them is not zero."""
        relations = self.work.relations
        mine = self.equations
        heads = relations.head[mine[self.work.short[mine] & (relations.kind[mine] == kind)]]
        codes, column = self.frame.codes[name], self.frame.columns[name]
        return frozenset(codes[at] for at in np.unique(column[heads]).tolist())

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Return the true and the judged cells, with an empty one where none stands."""
        work = self.work
        states = [state.value for state in algebra.STATE_ORDER]
        ranks = work.ranks[self.rows]
        small = work.hidden[self.rows] & ~work.kept[self.rows] & (ranks != _SOURCE)
        judged = np.where(small, _PRIMARY, ranks)
        judged[work.beside[self.rows]] = _VALUE  # what is hidden of it, the ledger tells
        columns = {
            name: self._spelled(name, self.rows)
            for name in ("indicator", "area", "period", *self.frame.dimensions)
        }
        absent = list(self._absent())
        for name, column in columns.items():
            at = self.names.index(name) if name in self.names else None
            column += [key[at] if at is not None else period for period, key in absent]
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

    def _absent(self) -> Iterator[tuple[str, Key]]:
        """Yield the combinations of finest codes that no row holds: there is nobody in them.

        Only of breakdowns that stand beside one another somewhere: else nothing is told of them.
        """
        structure = self.structure
        partial = structure.partial
        if any(partial.values()) or self.pieces.size:
            return
        wholes = {link[2] for link in (*structure.areas, *structure.wholes)}
        wholes |= {link[2] for links in structure.breakdowns.values() for link in links}
        if self._filled(wholes):
            return
        held = set(zip(self._when(self.every), self._keys(self.every), strict=True))
        shapes = {_shape(key, wholes) for _, key in held}
        finest = [sorted({key[at] for _, key in held} - wholes) for at in range(len(self.names))]
        for period, key in product(self.periods, product(*finest)):
            if (period, key) not in held and _shape(key, wholes) in shapes:
                yield period, key

    def _filled(self, wholes: Set[str]) -> bool:
        """Say whether every combination of its finest codes stands in a row."""
        fine, combinations = np.ones(self.every.size, dtype=bool), len(self.periods)
        for name in self.names:
            places, place = np.unique(self.frame.columns[name][self.every], return_inverse=True)
            codes = self.frame.codes[name]
            finest = np.array([codes[at] not in wholes for at in places.tolist()], dtype=bool)
            fine &= finest[place]
            combinations *= int(finest.sum())
        return int(fine.sum()) == combinations

    def _spelled(self, name: str, rows: Ints) -> list[str]:
        codes = self.frame.codes[name]
        return [codes[at] for at in self.frame.columns[name][rows].tolist()]

    def _when(self, rows: Ints) -> list[str]:
        return self._spelled("period", rows)

    def _keys(self, rows: Ints) -> list[Key]:
        return list(zip(*(self._spelled(name, rows) for name in self.names), strict=True))

    def ledgers(self, known: Known) -> dict[tuple[str, str], disclosure.Ledger]:
        """Return what readers hold of it already, period by period."""
        # Nobody was ever told what a share leaves over.
        told = self.every[(known.seen[self.every] != 0) | self.work.rests[self.every]]
        seen, values = known.seen[told].tolist(), known.values[told].tolist()
        cells: dict[str, dict[Key, float | None]] = {period: {} for period in self.periods}
        for period, key, mark, value in zip(
            self._when(told), self._keys(told), seen, values, strict=True
        ):
            whole = mark > 0 and (self.weighted or value == round(value))
            cells[period][key] = value if whole else None
        return {
            (self.first, period): disclosure.Ledger(MappingProxyType(each))
            for period, each in cells.items()
        }

    def hidden(self, cells: pa.Table) -> Ints:
        """Return the rows that are hidden now; what a share leaves over is so, and asks nothing."""
        states = cells.column("state").to_pylist()[: self.rows.size]
        hidden = np.array([state in HIDDEN for state in states], dtype=bool)
        return np.asarray(self.rows[hidden & ~self.work.rests[self.rows]])
