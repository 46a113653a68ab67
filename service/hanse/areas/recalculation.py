"""Protected cells computed onto other areas: another vintage, a coarser level, a combination.

Only released cells go in, so nothing comes out that they do not say together. What was loaded goes
before what is computed. A hidden part hides the whole, a part that nobody gave makes it unknown,
and every computed cell says from which level it is, by which rule, and which parts mattered.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from hanse.areas.combination import Combination
from hanse.areas.level import split_id
from hanse.areas.registry import Registry
from hanse.areas.released import Cell, Key, by_key, cells_of, draft
from hanse.cube.aggregate import roll_up
from hanse.cube.cells import MEASURE_COLUMNS, ORIGIN_COLUMNS, dimensions_of, key_columns
from hanse.cube.formula import parse
from hanse.cube.indicator import Aggregation, Indicator, MeasureType
from hanse.cube.status import FORMS, HIDDEN, CellState, Flag, obs_status

NOTE_COLUMNS: Final = ("computed", "note", "parts")
BOUND_COLUMNS: Final = ("lower", "upper")

_COUNTED: Final = frozenset({MeasureType.COUNT, MeasureType.AMOUNT})
"""What is never below zero, so that the parts that show are a lower bound of the whole."""
_BY_PARTS: Final = frozenset({Aggregation.SUM, Aggregation.WEIGHTED_MEAN})


@dataclass(frozen=True, slots=True)
class Way:
    """From areas of one level to wholes: children by whole, those needed, and how each goes.

    `rows` has `child`, `parent`, `type`, `share` and `needed`, as the registry gives them.
    """

    source: str
    target: str
    rows: tuple[Mapping[str, object], ...]
    children: Mapping[str, tuple[str, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the children by whole."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.rows:
            if row["child"] and row["parent"]:
                found[str(row["parent"])].append(str(row["child"]))
        object.__setattr__(self, "children", {each: tuple(found[each]) for each in found})

    def needed(self, whole: str) -> frozenset[str]:
        """Return the parts without which a whole is not complete."""
        return frozenset(
            str(row["child"]) for row in self.rows if row["parent"] == whole and row["needed"]
        )


def way_between(registry: Registry, source: str, target: str) -> Way | None:
    """Return the way between two levels, or None where no tables lead there."""
    if not (registry.has(source) and registry.has(target)):
        return None
    if registry.correspondence(source, target) is None:
        return None
    return Way(source, target, tuple(registry.recalculation(source, target).to_pylist()))


def way_to(combined: Combination) -> Way:
    """Return the way from the members of a combination to it."""
    alone = len(combined.members) == 1
    rows = tuple(
        {
            "child": member,
            "parent": combined.code,
            "type": "identity" if alone else "aggregate",
            "share": None,
            "needed": member in combined.needed,
        }
        for member in sorted(combined.members)
    )
    return Way(combined.of, combined.level, rows)


def recalculated(
    cells: pa.Table,
    indicators: Sequence[Indicator],
    registry: Registry,
    target: str,
    *,
    bounds: bool = False,
) -> pa.Table:
    """Return the cells at `target`: the loaded ones, then the computed ones.

    `cells` are protected cells of any levels, perhaps with the columns of their origin; the result
    has three more columns, and with `bounds` five: `computed` (the level a cell was computed from,
    "" where it was loaded), `note` (a message code), `parts` (areas it speaks of, blanks between),
    `lower` and `upper`. Cells of another vintage of the level that no table leads away from stay as
    they are, with the note RECAST_NO_WAY.
    """
    levels = sorted(set(cells.column("level").to_pylist()) - {target})
    ways = {level: way_between(registry, level, target) for level in levels}
    usable = [way for way in ways.values() if way is not None]
    stay = [
        each for each in levels if ways[each] is None and split_id(each)[0] == split_id(target)[0]
    ]
    return _applied(cells, indicators, sorted(usable, key=_nearest), (target, stay), bounds=bounds)


def combined(
    cells: pa.Table,
    indicators: Sequence[Indicator],
    wanted: Sequence[Combination],
    *,
    bounds: bool = False,
) -> pa.Table:
    """Return the cells of combinations, in the shape of `recalculated`; loaded ones go first."""
    found = []
    for each in wanted:
        way = way_to(each)
        made = _applied(cells, indicators, [way], (each.level, []), bounds=bounds)
        found.append(made.filter([area == each.code for area in made.column("area").to_pylist()]))
    return pa.concat_tables(found, promote_options="permissive")


def _nearest(way: Way) -> tuple[bool, str]:
    """Order ways: from the same kind of area first, then by name."""
    return split_id(way.source)[0] != split_id(way.target)[0], way.source


def _applied(
    cells: pa.Table,
    indicators: Sequence[Indicator],
    ways: Sequence[Way],
    kept: tuple[str, Sequence[str]],
    *,
    bounds: bool,
) -> pa.Table:
    target, stay = kept
    work = _Work(cells, indicators, bounds=bounds)
    work.keep(target, "")
    for level in stay:
        work.keep(level, "RECAST_NO_WAY")
    for way in ways:
        work.compute(way)
    return work.table()


class _Work:
    """One recalculation in progress: the cells by key, and the rows that come out."""

    def __init__(self, cells: pa.Table, indicators: Sequence[Indicator], *, bounds: bool) -> None:
        self._names = key_columns(dimensions_of(cells.schema))
        self._origins = [name for name in ORIGIN_COLUMNS if name in cells.column_names]
        self._indicators = {each.id: each for each in indicators}
        self._bounds = bounds
        self._cells, self._twice = by_key(cells, self._names, self._origins)
        self._rows: dict[Key, dict[str, object]] = {}

    def keep(self, level: str, note: str) -> None:
        """Take the loaded cells of a level as they are."""
        for key, cell in self._cells.items():
            if key[1] == level:
                self._put(key, cell, ("", note, ""), (None, None))

    def compute(self, way: Way) -> None:
        """Add what follows along a way, where nothing stands yet."""
        source = {key: cell for key, cell in self._cells.items() if key[1] == way.source}
        filled = {**source, **dict(_missing(source, way))}
        if not filled:
            return
        touched = {key[2] for key in filled}
        rows = [row for row in way.rows if row["parent"] and row["child"] in touched]
        loaded = {key: cell for key, cell in self._cells.items() if key[1] == way.target}
        made = draft({**filled, **loaded}, self._names)
        links = pa.Table.from_pylist(rows, _LINKS) if rows else _LINKS.empty_table()
        wholes = roll_up(made, list(self._indicators.values()), links, way.source, way.target)
        types = {(str(r["child"]), str(r["parent"])): str(r["type"]) for r in rows}
        for key, cell in cells_of(wholes, self._names):
            if key not in self._rows:
                self._add(key, cell, way, (filled, types))

    def _add(
        self,
        key: Key,
        cell: Cell,
        way: Way,
        told: tuple[Mapping[Key, Cell], Mapping[tuple[str, str], str]],
    ) -> None:
        filled, types = told
        parts = [
            ((code, way.source, child, *key[3:]), child)
            for child in way.children.get(key[2], ())
            for code in self._inputs(key[0])
        ]
        held = {child: [] for _, child in parts}  # type: dict[str, list[Cell]]
        for place, child in parts:
            if place in filled:
                held[child].append(filled[place])
        note, named = self._note(key, cell, held, types)
        span = self._span(key, way, filled) if cell.state in HIDDEN else (None, None)
        whose = tuple(dict.fromkeys(each.origin for cells in held.values() for each in cells))
        joined = _joined([each for each in whose if each])
        self._put(key, cell._replace(origin=joined), (way.source, note, " ".join(named)), span)

    def _inputs(self, code: str) -> frozenset[str]:
        """Return the indicator and what it is computed from."""
        known = self._indicators.get(code)
        if known is None:
            return frozenset({code})
        named = {known.numerator, known.denominator, known.weight} - {None}
        inputs = parse(known.formula).inputs if known.formula else frozenset[str]()
        return frozenset({code, *(str(each) for each in named), *inputs})

    def _note(
        self,
        key: Key,
        cell: Cell,
        held: Mapping[str, Sequence[Cell]],
        types: Mapping[tuple[str, str], str],
    ) -> tuple[str, list[str]]:
        """Return why a computed cell is what it is, and the parts that this is about."""
        if cell.state in HIDDEN:
            return "RECAST_HIDDEN", _having(held, HIDDEN)
        rule = self._indicators[key[0]].aggregate_geo if key[0] in self._indicators else None
        if cell.state is CellState.UNKNOWN:
            return self._unknown(key, held, types)
        if any(types.get((child, key[2])) == "identity" for child in held):
            return "RECAST_COPIED", sorted(held)
        code = "RECAST_SUM" if rule is Aggregation.SUM else "RECAST_RATIO"
        return code, sorted(child for child in held if held[child])

    def _unknown(
        self,
        key: Key,
        held: Mapping[str, Sequence[Cell]],
        types: Mapping[tuple[str, str], str],
    ) -> tuple[str, list[str]]:
        conflict = sorted(child for child in held if self._conflicts(key, child))
        if conflict:
            return "RECAST_CONFLICT", conflict
        known = self._indicators.get(key[0])
        split = sorted(child for child in held if types.get((child, key[2])) == "split")
        if split:
            return "RECAST_SPLIT", split
        if known is None or not self._computable(known):
            return "RECAST_NEEDS", sorted(held)
        absent = sorted(child for child, cells in held.items() if any(not c.flag for c in cells))
        return "RECAST_PART_MISSING", absent or _having(held, {CellState.UNKNOWN})

    def _computable(self, indicator: Indicator) -> bool:
        """Say whether a whole of it follows from parts, given what there are cells of."""
        if indicator.aggregate_geo not in _BY_PARTS:
            return False
        if indicator.aggregate_geo is Aggregation.SUM:
            return True
        present = {key[0] for key in self._cells}
        return self._inputs(indicator.id) - {indicator.id} <= present and bool(
            indicator.formula or indicator.numerator or indicator.weight
        )

    def _conflicts(self, key: Key, child: str) -> bool:
        return any(
            (place[0], place[2], place[3:]) == (code, child, key[3:])
            for place in self._twice
            for code in self._inputs(key[0])
        )

    def _span(
        self, key: Key, way: Way, filled: Mapping[Key, Cell]
    ) -> tuple[float | None, float | None]:
        """Return what released cells say of a hidden sum: at least the parts that show, at most
        these and, for every part that does not, what it is a share of.
        """
        known = self._indicators.get(key[0])
        summed = known is not None and known.aggregate_geo is Aggregation.SUM
        if not self._bounds or known is None or not summed or known.measure_type not in _COUNTED:
            return None, None
        lower, upper = 0.0, 0.0
        for child in way.children[key[2]]:
            cell = filled.get((key[0], way.source, child, *key[3:]))
            shown = cell.value if cell is not None and cell.state is CellState.VALUE else None
            lower += shown or 0.0
            upper += shown if shown is not None else self._ceiling(key, (way.source, child), cell)
        return lower, upper if upper < float("inf") else None

    def _ceiling(self, key: Key, place: tuple[str, str], cell: Cell | None) -> float:
        if cell is None or cell.state in {CellState.EMPTY, CellState.NOT_APPLICABLE}:
            return 0.0
        wholes = {
            each.denominator
            for each in self._indicators.values()
            if each.numerator == key[0] and each.measure_type is MeasureType.SHARE
        }
        found = [self._cells.get((str(code), *place, *key[3:])) for code in wholes]
        values = [each.value for each in found if each is not None and each.value is not None]
        return min(values, default=float("inf"))

    def _put(
        self,
        key: Key,
        cell: Cell,
        note: tuple[str, str, str],
        span: tuple[float | None, float | None],
    ) -> None:
        shown = cell.state is CellState.VALUE
        flag = Flag(cell.flag) if cell.flag else Flag.NORMAL
        measures = (
            cell.value if shown else None,
            obs_status(cell.state, flag),
            FORMS[cell.state].conf_status.value,
        )
        self._rows[key] = {
            **dict(zip(self._names, key, strict=True)),
            **dict(zip(MEASURE_COLUMNS, measures, strict=True)),
            **dict(zip(self._origins, cell.origin or [""] * len(self._origins), strict=True)),
            **dict(zip(NOTE_COLUMNS, note, strict=True)),
            **dict(zip(BOUND_COLUMNS, span, strict=True)),
        }

    def table(self) -> pa.Table:
        """Return the rows in the order of their keys."""
        names = [*self._names, *MEASURE_COLUMNS, *self._origins, *NOTE_COLUMNS]
        names += BOUND_COLUMNS if self._bounds else ()
        numbers = {"obs_value", *BOUND_COLUMNS}
        schema = pa.schema(
            [(name, pa.float64() if name in numbers else pa.string()) for name in names]
        )
        return pa.Table.from_pylist([self._rows[key] for key in sorted(self._rows)], schema)


_LINKS: Final = pa.schema(
    [
        ("child", pa.string()),
        ("parent", pa.string()),
        ("type", pa.string()),
        ("share", pa.float64()),
        ("needed", pa.bool_()),
    ]
)


def _missing(source: Mapping[Key, Cell], way: Way) -> Iterator[tuple[Key, Cell]]:
    """Yield a cell that nobody knows for every part that a touched whole needs and nobody gave.

    Its flag is empty: what stands in a table says something, even that it is unknown.
    """
    said: dict[str, set[Key]] = defaultdict(set)
    for key in source:
        said[key[2]].add((key[0], *key[3:]))
    needed: dict[str, set[str]] = defaultdict(set)
    for row in way.rows:
        if row["needed"] and row["parent"] and row["child"]:
            needed[str(row["parent"])].add(str(row["child"]))
    for whole, children in way.children.items():
        every = set[Key]().union(*(said.get(child, ()) for child in children))
        for child in needed[whole]:
            for code, *rest in every - said.get(child, set()):
                yield (code, way.source, child, *rest), Cell(CellState.UNKNOWN, None, "")


def _having(held: Mapping[str, Sequence[Cell]], states: Collection[CellState]) -> list[str]:
    return sorted(child for child, cells in held.items() if any(c.state in states for c in cells))


def _joined(whose: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the origin of a cell that several houses gave parts of: each named once."""
    return tuple("+".join(dict.fromkeys(texts)) for texts in zip(*whose, strict=True))
