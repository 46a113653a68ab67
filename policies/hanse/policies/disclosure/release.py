"""Closes a release: hides in its cells whatever would give back a figure that must be hidden.

Cells come in the shape of a draft, twice: as they truly are, and as judged one by one. What adds up
is told by a structure: areas that are part of areas, codes of codes, indicators of a whole. Every
group of indicators that add up, at every period, is one population and is protected as one table.
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
from hanse.policies.disclosure.certificate import Certificate
from hanse.policies.disclosure.ledger import Ledger
from hanse.policies.disclosure.plan import Rules
from hanse.policies.disclosure.population import (
    EMPTY,
    NO_CODES,
    PRIMARY,
    WITHHELD,
    Atlas,
    Codes,
    Sheet,
)
from hanse.policies.disclosure.protection import Protected
from hanse.policies.disclosure.tree import Link

Population = tuple[str, str]
"""The first indicator of a group (by name), and the period."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What adds up in a release; a link is (tree, child, parent), see `from_links`.

    `areas` are spelled `level:code`. `breakdowns` hold the links of each dimension, `wholes` those
    of indicators that are parts of an indicator. `additive` names the indicators that are counts
    and are summed over areas and breakdowns; the others are left as they are.

    Links may name parts that the release does not hold; together they are then the rest of their
    parent, which is never shown and never zero by default. Where even the links do not name every
    part, the parent is `partial`. Parts that are nobody's own place or group (an unknown area) are
    `nobody`: as a rest, a small one needs no protection. Both are by the name of the dimension:
    `area`, `indicator`, or that of a breakdown.
    """

    additive: frozenset[str]
    areas: tuple[Link, ...] = ()
    breakdowns: Mapping[str, tuple[Link, ...]] = field(default_factory=lambda: MappingProxyType({}))
    wholes: tuple[Link, ...] = ()
    partial: Codes = field(default_factory=lambda: NO_CODES)
    nobody: Codes = field(default_factory=lambda: NO_CODES)


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """The cells with what must be hidden beside them, and the proof per population."""

    cells: pa.Table
    protected: Mapping[Population, Protected]

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
    atlas = Atlas(structure.partial, structure.nobody)
    for population, sheet in _sheets(true, states, structure):
        secured = sheet.secured(rules, ledgers.get(population, Ledger()), atlas)
        if secured is None:
            continue
        found[population] = secured
        for row in sheet.hidden_rows(secured):
            if states[row] not in PRIMARY:
                states[row] = CellState.SUPPRESSED_SECONDARY.value
    hidden = np.array([state == CellState.SUPPRESSED_SECONDARY for state in states], dtype=bool)
    values = judged["value"].to_numpy()
    columns = {
        "value": pa.array(np.where(hidden, 0.0, values), mask=hidden | np.isnan(values)),
        "state": pa.array(states, pa.string()).cast(TEXT),
    }
    for name, column in columns.items():
        judged = judged.set_column(judged.schema.get_field_index(name), name, column)
    return Closed(judged, MappingProxyType(found))


def _sheets(
    true: pa.Table, judged: Sequence[str], structure: Structure
) -> Iterator[tuple[Population, Sheet]]:
    """Yield every population of a release in a fixed order."""
    breakdowns = dimensions_of(true.schema)
    names = ("indicator", "area", *breakdowns)
    links = {"indicator": structure.wholes, "area": structure.areas, **structure.breakdowns}
    group = _groups(structure)
    sheets: dict[Population, Sheet] = {}
    areas = _areas(true)
    others = [true[name].to_pylist() for name in breakdowns]
    columns = (true[name].to_pylist() for name in ("indicator", "period", "value", "state"))
    for row, (indicator, period, value, state) in enumerate(zip(*columns, strict=True)):
        if indicator not in structure.additive or state == CellState.UNKNOWN:
            continue
        population = (group.get(indicator, indicator), period)
        if population not in sheets:
            mine = {**links, "indicator": _own(structure.wholes, group, population[0])}
            sheets[population] = Sheet(names, mine)
        sheet = sheets[population]
        sheet.rows.append(row)
        sheet.keys.append((indicator, areas[row], *(column[row] for column in others)))
        sheet.counts.append(_count(value, state, row))
        sheet.states.append(judged[row])
    yield from sorted(sheets.items())


def _areas(cells: pa.Table) -> list[str]:
    levels, codes = cells["level"].to_pylist(), cells["area"].to_pylist()
    return [f"{level}:{code}" for level, code in zip(levels, codes, strict=True)]


def _count(value: float | None, state: str, row: int) -> int | None:
    """Return a cell's count: nothing where its source withheld it, zero where it is empty."""
    if state == WITHHELD:
        return None
    if state in EMPTY:
        return 0
    if value is None or value != round(value):
        raise Invalid("DISCLOSURE_NOT_WHOLE", column="value", row=row + 1, count=1)
    return int(value)


def _groups(structure: Structure) -> dict[str, str]:
    """Return the first name of the group of each indicator that is part of a whole."""
    linked: dict[str, set[str]] = defaultdict(set)
    for _, child, parent in structure.wholes:
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


def _own(wholes: Sequence[Link], group: Mapping[str, str], first: str) -> tuple[Link, ...]:
    """Return the links between the indicators of one group."""
    return tuple(link for link in wholes if group[link[1]] == first)
