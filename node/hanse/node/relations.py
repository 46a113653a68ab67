"""What adds up in a table of cells: areas to larger ones, codes to their total, parts to a whole.

One form for whoever hides figures and whoever checks that they stay hidden: an edge says that a row
is part of another row, an equation holds all edges of one whole in one way of dividing it. Wholes
that stand in no row but have parts that do are rows as well, after the others (`virtual`).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import sparse
from scipy.sparse import csgraph

from hanse.areas.correspondence import WHOLE
from hanse.areas.registry import Registry
from hanse.cube import encoding
from hanse.cube.cells import dimensions_of
from hanse.cube.codelist import Codelist
from hanse.cube.contract import Contract
from hanse.cube.indicator import Aggregation
from hanse.cube.rule import computable
from hanse.node import spans
from hanse.node.breakdowns import Cuts, cuts_of
from hanse.node.kin import Families
from hanse.node.spans import Shared

Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Wholes = Mapping[str, tuple[str, ...]]
"""Indicators that are the sum of others, with their parts."""

NONE = -1
NAMES: Mapping[int, str] = MappingProxyType(
    {0: "area", 1_000: "indicator", 1_001: "period", 1_002: "indicator"}
)
AREA, INDICATOR, PERIOD, SHARE = 0, 1_000, 1_001, 1_002


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The key columns of cells as whole numbers; an area is spelled `level:code`."""

    dimensions: tuple[str, ...]
    codes: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, Ints]
    rows: int

    def name_of(self, kind: int) -> str:
        """Return the column over which a kind of equation adds."""
        return NAMES[kind] if kind in NAMES else self.dimensions[kind - 1]

    def spelled(self, name: str, row: int) -> str:
        """Return the code of a row in a column."""
        return self.codes[name][int(self.columns[name][row])]


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """All edges between the rows of a frame. `frame` holds the virtual rows too, from `given` on.

    `child`, `parent` and `equation` have one entry per edge; `head` is the whole of each equation,
    `kind` what it adds over (`AREA`, `INDICATOR`, `PERIOD`, else 1 + the place of the breakdown;
    `SHARE` over indicators too, of a whole that may be divided in several ways), `way` the table it
    follows. `complete` says of an equation that all its parts are rows, `crossing` that some part
    of it also lies in another whole, `manifold` that its whole is divided in other ways of the same
    kind too. `cuts` are the pieces of codes of a breakdown that cross.
    """

    frame: Frame
    given: int
    child: Ints
    parent: Ints
    equation: Ints
    head: Ints
    kind: Ints
    way: Ints
    complete: Bools
    crossing: Bools
    manifold: Bools
    cuts: Cuts

    @property
    def size(self) -> int:
        """The number of rows, virtual ones included."""
        return self.frame.rows

    def count(self, truths: Bools) -> Ints:
        """Return per equation how many of its parts are so."""
        found = np.bincount(
            self.equation, weights=truths[self.child].astype(float), minlength=self.head.size
        )
        return np.asarray(found.astype(np.int64))

    def sums(self, values: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
        """Return per equation the sum of its parts."""
        return np.bincount(self.equation, weights=values[self.child], minlength=self.head.size)

    def matrix(self) -> Any:
        """Return the equations as a sparse matrix of whole numbers: whole less parts is nothing."""
        rows = np.concatenate([self.equation, np.arange(self.head.size)])
        columns = np.concatenate([self.child, self.head])
        values = np.concatenate([-np.ones(self.child.size), np.ones(self.head.size)])
        shape = (self.head.size, self.size)
        return sparse.csr_matrix((values.astype(np.int64), (rows, columns)), shape)

    def digest(self) -> str:
        """Return the SHA-256 of the equations, over codes and not over the order of rows."""
        spelled = [
            np.asarray(self.frame.codes[name], dtype=object)[self.frame.columns[name]]
            for name in sorted(self.frame.columns)
        ]
        keys = ["\t".join(key) for key in zip(*spelled, strict=True)]
        pairs = zip(self.parent.tolist(), self.child.tolist(), strict=True)
        lines = sorted(f"{keys[parent]}\n{keys[child]}\n" for parent, child in pairs)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def components(self) -> Ints:
        """Return per row the number of the connected part it lies in."""
        ones = np.ones(self.child.size, dtype=np.int8)
        graph = sparse.coo_matrix((ones, (self.child, self.parent)), (self.size, self.size))
        return np.asarray(csgraph.connected_components(graph, directed=False)[1], dtype=np.int64)


def frame_of(cells: pa.Table) -> Frame:
    """Return the keys of cells of any shape."""
    names = ("indicator", "level", "area", "period", *dimensions_of(cells.schema))
    encoded = {name: encoding.encode(cells.column(name)) for name in names}
    columns = {name: np.asarray(each.indices, dtype=np.int64) for name, each in encoded.items()}
    codes = {name: tuple(each.dictionary.to_pylist()) for name, each in encoded.items()}
    width = max(len(codes["area"]), 1)
    pairs, place = np.unique(columns["level"] * width + columns["area"], return_inverse=True)
    codes["area"] = tuple(
        f"{codes['level'][pair // width]}:{codes['area'][pair % width]}" for pair in pairs.tolist()
    )
    columns["area"] = place.astype(np.int64)
    kept = ("indicator", "area", "period", *dimensions_of(cells.schema))
    return Frame(
        dimensions_of(cells.schema),
        {name: codes[name] for name in kept},
        {name: columns[name] for name in kept},
        cells.num_rows,
    )


def relations_of(
    cells: pa.Table,
    contract: Contract,
    registry: Registry,
    wholes: Wholes | Families,
    *,
    joint: bool = False,
    rest: str = "",
) -> Relations:
    """Return everything that adds up among the cells.

    A breakdown that stands in the contract twice is divided in two ways. `joint` cells come from
    several datasets: a total of a breakdown that stands in none of them ties two breakdowns
    together all the same. Figures of which nothing is a sum (medians and such) are related only
    where two areas are the same territory. A code that ends with `rest` is what the parts of a code
    leave of it.
    """
    families = tuple(sorted(wholes.items())) if isinstance(wholes, Mapping) else wholes
    work = _Work(frame_of(cells), contract, _computed(cells, contract, families), joint=joint)
    work.rest = rest
    levels = sorted({area.partition(":")[0] for area in work.codes["area"]})
    for step in spans.steps(levels, registry):
        work.areas(step, registry)
    for dimension, spoken in spans.divided_codes(contract.dimensions):
        if dimension.id in work.columns:
            work.breakdown(dimension.id, dimension.codelist, spoken)
    for family in families:
        work.whole(*family, SHARE if isinstance(family, Shared) else INDICATOR)
    work.periods(contract)
    return work.finished()


def _computed(cells: pa.Table, contract: Contract, families: Families) -> frozenset[str]:
    """Return the indicators that are worked out of others and shown only beside them.

    Nothing follows from such a figure that does not follow from what it is made of.
    """
    present = encoding.texts(encoding.encode(cells.column("indicator")))
    summed = {code for whole, parts in families for code in (whole, *parts)}
    return frozenset(computable(contract.indicators, present)) - summed


class _Work:
    """Edges while they are collected."""

    def __init__(
        self,
        frame: Frame,
        contract: Contract,
        computed: frozenset[str],
        *,
        joint: bool,
    ) -> None:
        self.grown = {"area", *frame.dimensions} if joint else {"area"}
        self.dimensions, self.given = frame.dimensions, frame.rows
        self.codes = {name: list(codes) for name, codes in frame.codes.items()}
        self.columns = dict(frame.columns)
        by_id = {each.id: each for each in contract.indicators}
        found = [by_id.get(code) for code in self.codes["indicator"]]
        loose = np.array([code in computed for code in self.codes["indicator"]], dtype=bool)
        apart = Aggregation.NONE
        geo = np.array([i is None or i.aggregate_geo is not apart for i in found], dtype=bool)
        codes = [i is None or i.aggregate_breakdown is not apart for i in found]
        self.over_areas, self.over_codes = geo & ~loose, np.array(codes, dtype=bool) & ~loose
        self.over_time = np.zeros(len(found), dtype=bool)
        self.rest = ""
        self.cuts = cuts_of(contract.dimensions)
        self.edges: list[tuple[Ints, Ints, Bools]] = []
        self.kinds: list[int] = []
        self.needs: list[Mapping[int, int]] = []

    def areas(self, step: tuple[str, str], registry: Registry) -> None:
        """Add the edges between two levels; a whole that has no row becomes a virtual one."""
        found = registry.correspondence(*step)
        if found is None:
            return
        place = {code: number for number, code in enumerate(self.codes["area"])}
        links: list[tuple[int, int, bool]] = []
        children: dict[int, int] = {}
        same, unchanged = set[int](), found.unchanged
        for row in found.rows:
            child = place.get(f"{step[0]}:{row.child}") if row.child else None
            if not row.child or not row.parent:
                continue
            parent = self._area(place, f"{step[1]}:{row.parent}")
            children[parent] = children.get(parent, 0) + 1
            if row.parent in unchanged:
                same.add(parent)
            if child is not None:
                links.append((child, parent, row.type not in WHOLE))
        rests = spans.rests(self.codes["area"], self.rest)
        links += [(rests[parent], parent, False) for parent in children if parent in rests]
        for way in spans.ways(links):
            self._link("area", way, children, AREA, same)

    def _area(self, place: dict[str, int], code: str) -> int:
        if code not in place:
            place[code] = len(self.codes["area"])
            self.codes["area"].append(code)
        return place[code]

    def breakdown(self, name: str, codelist: Codelist, spoken: Callable[[str], bool]) -> None:
        """Add the edges of one breakdown: to the code it is part of, else to the total.

        Codes that are not `spoken` of divide it in another way.
        """
        codes = {code: number for number, code in enumerate(self.codes[name])}
        place = {each: at for each, at in codes.items() if spoken(each.removesuffix(self.rest))}
        parents = {code.id: code.parent for code in codelist.codes}
        every, rests = tuple(place), spans.rests(tuple(place), self.rest)
        parents |= {every[rest]: every[of] for of, rest in rests.items()}
        links, children = [], dict[int, int]()
        for code in dict.fromkeys((*parents, *place)):
            above = spans.above(code, parents, place)
            if above is None:
                continue
            if code in place:
                links.append((place[code], place[above], False))
            if parents.get(code) in {None, above} or code in place:
                children[place[above]] = children.get(place[above], 0) + 1
        self._link(name, links, children, 1 + self.dimensions.index(name), None)

    def whole(self, whole: str, parts: Sequence[str], kind: int) -> None:
        """Add the edges of indicators that are the parts of another."""
        place = {code: number for number, code in enumerate(self.codes["indicator"])}
        if whole not in place or not all(part in place for part in parts):
            return
        links = [(place[part], place[whole], False) for part in parts]
        links += [
            (rest, of, False)
            for of, rest in spans.rests(self.codes["indicator"], self.rest).items()
            if of == place[whole]
        ]
        self._link("indicator", links, {place[whole]: len(parts)}, kind, None)

    def periods(self, contract: Contract) -> None:
        """Add the edges of periods that make up a longer one, for indicators summed over time."""
        summed = [each for each in contract.indicators if each.aggregate_time is Aggregation.SUM]
        for start in sorted({each.reporting_year_start for each in summed}):
            names = {each.id for each in summed if each.reporting_year_start == start}
            over = [code in names for code in self.codes["indicator"]]
            self.over_time = np.array(over, dtype=bool)
            place = {code: number for number, code in enumerate(self.codes["period"])}
            links, children = spans.longer(place, start)
            for way in spans.ways(links):
                self._link("period", way, children, PERIOD, None)

    def _link(
        self,
        name: str,
        links: Sequence[tuple[int, int, bool]],
        children: Mapping[int, int],
        kind: int,
        same: set[int] | None,
    ) -> None:
        up = np.full(len(self.codes[name]), NONE, dtype=np.int64)
        crossing = np.zeros(len(self.codes[name]), dtype=bool)
        for child, parent, split in links:
            up[child], crossing[child] = parent, split
        rows = np.flatnonzero(up[self.columns[name]] >= 0)
        rows = rows[self._related(name, rows, up, same)]
        target = up[self.columns[name][rows]]
        place = self._find(name, rows, target, grow=name in self.grown)
        there = place >= 0
        rows, place = rows[there], place[there]
        self.edges.append((rows, place, crossing[self.columns[name][rows]]))
        self.kinds.append(kind)
        self.needs.append(children)

    def _related(self, name: str, rows: Ints, up: Ints, same: set[int] | None) -> Bools:
        """Say of which rows the figure goes into that of the whole."""
        indicator = self.columns["indicator"][rows]
        if name == "indicator":
            return np.ones(rows.size, dtype=bool)
        if name == "period":
            return np.asarray(self.over_time[indicator])
        if same is None:
            return np.asarray(self.over_codes[indicator])
        alike = np.isin(up[self.columns[name][rows]], sorted(same))
        return np.asarray(self.over_areas[indicator] | alike)

    def _find(self, name: str, rows: Ints, target: Ints, *, grow: bool) -> Ints:
        """Return the row of each wanted whole: the same keys, but `target` in one column."""
        names = list(self.columns)
        wanted = {each: self.columns[each][rows] for each in names} | {name: target}
        sizes = [max(len(self.codes[each]), 1) for each in names]
        own = np.ravel_multi_index([self.columns[each] for each in names], sizes)
        asked = np.ravel_multi_index([wanted[each] for each in names], sizes)
        order = np.argsort(own, kind="stable")
        at = np.minimum(np.searchsorted(own[order], asked), max(own.size - 1, 0))
        found = np.where(own[order][at] == asked, order[at], NONE) if own.size else asked * 0 - 1
        if grow and (found < 0).any():
            fresh = np.unique(asked[found < 0])
            keys = np.unravel_index(fresh, sizes)
            for each, column in zip(names, keys, strict=True):
                self.columns[each] = np.concatenate([self.columns[each], column])
            new = own.size + np.searchsorted(fresh, asked)
            found = np.where(found < 0, new, found)
        return np.asarray(found, dtype=np.int64)

    def finished(self) -> Relations:
        """Return the relations with their equations numbered."""
        size = self.columns["indicator"].size
        child = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _, _ in self.edges)])
        parent = np.concatenate([np.zeros(0, np.int64), *(rows for _, rows, _ in self.edges)])
        split = np.concatenate([np.zeros(0, bool), *(each for _, _, each in self.edges)])
        way = np.repeat(np.arange(len(self.edges)), [rows.size for rows, _, _ in self.edges])
        number, first, equation = np.unique(
            parent * max(len(self.edges), 1) + way, return_index=True, return_inverse=True
        )
        head, ways = parent[first], way[first]
        kind = np.array([*self.kinds, 0], dtype=np.int64)[ways]
        whole = np.unique(head * 2_000 + kind, return_inverse=True, return_counts=True)
        count = np.bincount(equation, minlength=number.size)
        frame = Frame(
            self.dimensions,
            {name: tuple(codes) for name, codes in self.codes.items()},
            self.columns,
            size,
        )
        return Relations(
            frame,
            self.given,
            child,
            parent,
            equation.astype(np.int64),
            head,
            kind,
            ways,
            count >= self._wanted(head, ways),
            np.bincount(equation, weights=split, minlength=number.size) > 0,
            whole[2][whole[1]] > 1,
            self.cuts,
        )

    def _wanted(self, head: Ints, ways: Ints) -> Ints:
        """Return how many parts each equation would have if none were missing."""
        wanted = np.zeros(head.size, dtype=np.int64)
        for number, children in enumerate(self.needs):
            at = np.flatnonzero(ways == number)
            name = self._column(number)
            size = len(self.codes[name])
            needed = np.zeros(size, dtype=np.int64)
            for code, count in children.items():
                needed[code] = count
            wanted[at] = needed[self.columns[name][head[at]]]
        return wanted

    def _column(self, number: int) -> str:
        kind = self.kinds[number]
        return NAMES[kind] if kind in NAMES else self.dimensions[kind - 1]
