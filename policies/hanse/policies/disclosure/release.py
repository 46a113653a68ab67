"""Closes a release: hides in its cells whatever would give back a figure that must be hidden.

Cells come in the shape of a draft, twice: as they truly are, and as judged one by one. What adds up
is told by a structure: areas that are part of areas, codes of codes, indicators of a whole. Every
group of indicators that add up, at every period, is one population and is protected as one table;
periods that an identity ties together are one table too.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from hanse.cube.cells import TEXT, dimensions_of
from hanse.cube.status import CellState
from hanse.errors import Invalid
from hanse.policies.disclosure.atlas import NO_CODES, Atlas, Codes
from hanse.policies.disclosure.certificate import Certificate
from hanse.policies.disclosure.history import Book
from hanse.policies.disclosure.identity import PERIOD, Identity
from hanse.policies.disclosure.layout import AREA
from hanse.policies.disclosure.ledger import Key, Ledger
from hanse.policies.disclosure.overlaps import Overlaps
from hanse.policies.disclosure.plan import Rules
from hanse.policies.disclosure.population import EMPTY, PRIMARY, WITHHELD, Sheet
from hanse.policies.disclosure.protection import Protected
from hanse.policies.disclosure.ratio import Ratio, telling
from hanse.policies.disclosure.tree import Link

INDICATOR = "indicator"

Population = tuple[str, str]
"""The first indicator of a group (by name), and the period."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What adds up in a release; a link is (tree, child, parent), see `from_links`.

    `areas` are spelled `level:code`. `breakdowns` hold the links of each dimension, `wholes` those
    of indicators that are parts of an indicator. `additive` names the indicators that are counts
    and are summed over areas and breakdowns, `weighted` those that are counts with decimals,
    `amounts` those that are summed and are no counts; the others are left as they are.

    Links may name parts that the release does not hold; together they are then the rest of their
    parent, which is never shown and never zero by default. Where even the links do not name every
    part, the parent is `partial`. Parts that are nobody's own place or group (an unknown area) are
    `nobody`: as a rest, a small one needs no protection. Both are by the name of the dimension:
    `area`, `indicator`, or that of a breakdown.

    `atoms` are the overlaps of areas that cross. `identities` tie indicators and periods together;
    `ratios` are shown where both their sides are.
    """

    additive: frozenset[str]
    areas: tuple[Link, ...] = ()
    breakdowns: Mapping[str, tuple[Link, ...]] = field(default_factory=lambda: MappingProxyType({}))
    wholes: tuple[Link, ...] = ()
    partial: Codes = field(default_factory=lambda: NO_CODES)
    nobody: Codes = field(default_factory=lambda: NO_CODES)
    amounts: frozenset[str] = frozenset()
    atoms: Overlaps = field(default_factory=Overlaps)
    identities: tuple[Identity, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    weighted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """The cells with what must be hidden beside them, and the proof per population.

    `shown` is what the release would add to the ledger of each: numbers, or None where hidden.
    """

    cells: pa.Table
    protected: Mapping[Population, Protected]
    shown: Mapping[Population, Mapping[Key, float | None]]

    @property
    def certificates(self) -> Mapping[Population, Certificate]:
        """Return the certificates, which may travel with the release."""
        return {key: found.certificate for key, found in self.protected.items()}


def close(
    true: pa.Table,
    judged: pa.Table,
    structure: Structure,
    rules: Rules,
    ledgers: Mapping[Population, Ledger] = MappingProxyType({}),
) -> Closed:
    """Return `judged` with `suppressed_secondary` where a hidden figure would otherwise follow.

    `true` has the same rows with every number the node knows. `ledgers` say what each population
    showed before. A total above the sum of its parts has a rest; raises Invalid where one is below
    it (unless the rules set it apart), or a count is not whole, and Conflict where a population
    cannot be proven safe: then nothing of the release may leave.
    """
    if true.num_rows != judged.num_rows:
        raise Invalid("DISCLOSURE_ROWS", found=judged.num_rows, wanted=true.num_rows)
    states = judged["state"].to_pylist()
    found: dict[Population, Protected] = {}
    shown: dict[Population, dict[Key, float | None]] = {}
    atlas = Atlas(structure.partial, structure.nobody)
    for populations, sheet in _sheets(true, states, structure):
        secured = sheet.secured(rules, _books(populations, sheet, ledgers), atlas)
        if secured is not None:
            found.update(dict.fromkeys(populations, secured.protected))
            for row in secured.hidden_rows():
                if states[row] not in PRIMARY:
                    states[row] = CellState.SUPPRESSED_SECONDARY.value
        shown.update(_shown(populations, sheet, states))
    values = np.array(judged["value"].to_numpy())
    _ratios(judged, structure, rules, states, values)
    hidden = np.array([state == CellState.SUPPRESSED_SECONDARY for state in states], dtype=bool)
    columns = {
        "value": pa.array(np.where(hidden, 0.0, values), mask=hidden | np.isnan(values)),
        "state": pa.array(states, pa.string()).cast(TEXT),
    }
    for name, column in columns.items():
        judged = judged.set_column(judged.schema.get_field_index(name), name, column)
    return Closed(judged, MappingProxyType(found), MappingProxyType(shown))


def _books(
    populations: Sequence[Population], sheet: Sheet, ledgers: Mapping[Population, Ledger]
) -> list[Book]:
    """Return the ledgers of a sheet, each with the period in front where the sheet has several."""
    return [
        ((population[1],) if sheet.dimensions[0] == PERIOD else (), ledgers[population])
        for population in populations
        if population in ledgers
    ]


def _shown(
    populations: Sequence[Population], sheet: Sheet, states: Sequence[str]
) -> Iterator[tuple[Population, dict[Key, float | None]]]:
    """Yield what a release shows of every population of a sheet."""
    joint = sheet.dimensions[0] == PERIOD
    for population in populations:
        yield (
            population,
            {
                key[joint:]: None if states[row] in HIDDEN else value or 0
                for row, key, value in zip(sheet.rows, sheet.keys, sheet.values, strict=True)
                if not joint or key[0] == population[1]
            },
        )


HIDDEN = PRIMARY | {CellState.SUPPRESSED_SECONDARY}
UNKNOWN = CellState.UNKNOWN.value


def _ratios(
    judged: pa.Table, structure: Structure, rules: Rules, states: list[str], values: np.ndarray
) -> None:
    """Hide the ratios that tell a hidden side, and give others no more decimals than are safe."""
    if not structure.ratios:
        return
    names = ("period", *dimensions_of(judged.schema))
    keys = list(zip(_areas(judged), *(judged[name].to_pylist() for name in names), strict=True))
    indicators = judged[INDICATOR].to_pylist()
    table = (indicators, keys, states, values)
    for row, value in telling(structure.ratios, table, rules.require.width):
        if value is None:
            states[row] = CellState.SUPPRESSED_SECONDARY.value
        else:
            values[row] = value


def _sheets(
    true: pa.Table, judged: Sequence[str], structure: Structure
) -> Iterator[tuple[list[Population], Sheet]]:
    """Yield every table that is protected as one, with the populations it holds, in order."""
    work = _Sorting(structure, dimensions_of(true.schema))
    areas = _areas(true)
    others = [true[name].to_pylist() for name in work.breakdowns]
    columns = (true[name].to_pylist() for name in (INDICATOR, PERIOD, "value", "state"))
    keys = list(zip(areas, *others, strict=True))
    places: dict[Population, tuple[Sheet, Key] | None] = {}
    for row, (indicator, period, value, state) in enumerate(zip(*columns, strict=True)):
        if state == UNKNOWN:
            continue
        if (indicator, period) not in places:
            takes = work.takes(indicator)
            places[indicator, period] = work.sheet(indicator, period) if takes else None
        place = places[indicator, period]
        if place is None:
            continue
        number = None if state == WITHHELD else 0.0 if state in EMPTY else value
        if number is None and state != WITHHELD:
            raise Invalid("DISCLOSURE_NOT_WHOLE", column="value", row=row + 1, count=1)
        sheet, before = place
        sheet.rows.append(row)
        sheet.keys.append((*before, *keys[row]))
        sheet.values.append(number)
        sheet.states.append(judged[row])
    yield from work.finished()


class _Sorting:
    """Puts rows into the tables that are protected as one."""

    def __init__(self, structure: Structure, breakdowns: tuple[str, ...]) -> None:
        self.breakdowns = breakdowns
        self._structure = structure
        self._group = _groups(structure)
        self._joint = {
            self._group[identity[0].indicator]
            for identity in structure.identities
            if len({term.period for term in identity}) > 1
        }
        self._weighted = {self._of(name) for name in structure.weighted}
        self._amounts = {self._of(name) for name in structure.amounts} | self._weighted
        self._links: dict[str, dict[str, tuple[Link, ...]]] = {}
        self._pieces = frozenset(structure.atoms.inside)
        self._sheets: dict[Population, Sheet] = {}
        self._periods: dict[Population, set[str]] = defaultdict(set)

    def takes(self, indicator: str) -> bool:
        """Say whether an indicator adds up."""
        told = self._structure
        return any(indicator in each for each in (told.additive, told.amounts, told.weighted))

    def _of(self, indicator: str) -> str:
        return self._group.get(indicator, indicator)

    def sheet(self, indicator: str, period: str) -> tuple[Sheet, Key]:
        """Return the table of a row, and what its key begins with: all but area and breakdowns."""
        first = self._of(indicator)
        joint = first in self._joint
        place = (first, "" if joint else period)
        if place not in self._sheets:
            names = (INDICATOR, AREA, *self.breakdowns)
            self._sheets[place] = Sheet(
                (PERIOD, *names) if joint else names,
                self._linked(first),
                place[1],
                first in self._amounts,
                tuple(
                    each
                    for each in self._structure.identities
                    if self._of(each[0].indicator) == first
                ),
                self._pieces,
                weighted=first in self._weighted,
            )
        self._periods[place].add(period)
        return self._sheets[place], (period, indicator) if joint else (indicator,)

    def _linked(self, first: str) -> dict[str, tuple[Link, ...]]:
        """Return the links of every dimension for a group of indicators."""
        if first not in self._links:
            structure = self._structure
            own = tuple(link for link in structure.wholes if self._of(link[1]) == first)
            areas = (*structure.areas, *structure.atoms.links())
            self._links[first] = {INDICATOR: own, AREA: areas, **structure.breakdowns}
        return self._links[first]

    def finished(self) -> Iterator[tuple[list[Population], Sheet]]:
        """Yield the tables with the numbers of their overlaps."""
        for (first, period), sheet in sorted(self._sheets.items()):
            periods = sorted(self._periods[first, period])
            indicators = {key[period == ""] for key in sheet.keys}
            inner = self._structure.atoms.of(indicators, periods)
            joint = sheet.dimensions[0] == PERIOD
            for key, count in inner:
                named, when, *rest = key
                sheet.inner.append(((*((when,) if joint else ()), named, *rest), count))
            yield [(first, each) for each in periods], sheet


def _areas(cells: pa.Table) -> list[str]:
    levels, codes = cells["level"].to_pylist(), cells["area"].to_pylist()
    return [f"{level}:{code}" for level, code in zip(levels, codes, strict=True)]


def _groups(structure: Structure) -> dict[str, str]:
    """Return the first name of the group of each indicator that adds up with others."""
    linked: dict[str, set[str]] = defaultdict(set)
    pairs = [(child, parent) for _, child, parent in structure.wholes]
    for identity in structure.identities:
        pairs.extend((identity[0].indicator, term.indicator) for term in identity)
    for child, parent in pairs:
        linked[child].add(parent)
        linked[parent].add(child)
    found: dict[str, str] = {}
    for start in sorted(linked):
        queue = [] if start in found else [start]
        while queue:
            name = queue.pop()
            if name not in found:
                found[name] = start
                queue.extend(linked[name])
    return found
