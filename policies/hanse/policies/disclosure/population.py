"""One population of a release as a model: what is loaded, what is not, and what follows from it.

A release seldom holds everything: a municipality without some of its districts, a breakdown at one
level only. What is not loaded is a hidden variable and never zero, so that every total stays the
sum of its parts. What anybody can work out of it, though nobody shows it, is protected as well.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from hanse.cube.status import CellState
from hanse.errors import Invalid
from hanse.policies.disclosure import greedy
from hanse.policies.disclosure.dimension import Dimension, Ints
from hanse.policies.disclosure.ledger import Ledger, with_ledger
from hanse.policies.disclosure.model import CELLS_MAX, Bools, Model, coordinates
from hanse.policies.disclosure.plan import Mismatch, Rules
from hanse.policies.disclosure.protection import Demand, Protected, is_small, secure
from hanse.policies.disclosure.reconcile import gaps
from hanse.policies.disclosure.sheet import model_of_cells
from hanse.policies.disclosure.tree import REST, Forest, Link

Key = tuple[str, ...]
Codes = Mapping[str, frozenset[str]]
"""Codes by the name of their dimension."""

NO_CODES: Codes = MappingProxyType({})

EMPTY = frozenset({CellState.EMPTY, CellState.NOT_APPLICABLE})
WITHHELD = CellState.SUPPRESSED_SOURCE
PRIMARY = frozenset({CellState.SUPPRESSED_PRIMARY, CellState.SUPPRESSED_SOURCE})
ROUNDS_MAX = 40
"""How often a table is looked at again for totals that their parts do not make up."""


class Atlas:
    """Dimensions made before: every population of a release has much the same ones."""

    def __init__(self, partial: Codes, nobody: Codes) -> None:
        self._partial = partial
        self._nobody = nobody
        self._forests: dict[object, Forest] = {}
        self._seen: dict[object, Dimension] = {}

    def nobody(self, name: str) -> frozenset[str]:
        """Return the codes of a dimension that are no part of anybody: unknown ones."""
        return self._nobody.get(name, frozenset())

    def dimension(
        self, name: str, links: tuple[Link, ...], loaded: frozenset[str], wrong: "Wrong"
    ) -> Dimension:
        """Return the dimension of the loaded codes; raise Invalid as `from_links` does."""
        partial = wrong.short | self._partial.get(name, frozenset())
        loose = bool(wrong.apart)
        linked = {code for _, child, parent in links for code in (child, parent)}
        key = (name, links, frozenset(loaded - linked), partial, wrong.apart)
        if key not in self._forests:
            held = [link for link in links if link[2] not in wrong.apart]
            self._forests[key] = Forest.of(name, held, loaded, partial, loose=loose)
        if (key, loaded) not in self._seen:
            self._seen[key, loaded] = self._forests[key].seen(loaded, self.nobody(name))
        return self._seen[key, loaded]


@dataclass(frozen=True, slots=True)
class Wrong:
    """The codes of one dimension whose parts are `short` of them, or that stand `apart`."""

    short: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Sheet:
    """The rows of one population: key, number and judged state of each."""

    dimensions: tuple[str, ...]
    links: Mapping[str, tuple[Link, ...]]
    rows: list[int] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    counts: list[int | None] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def secured(self, rules: Rules, ledger: Ledger, atlas: Atlas) -> Protected | None:
        """Return the population, protected; None where nothing of it is hidden, or follows."""
        hides = any(state in PRIMARY for state in self.states)
        hides |= any(value is None for value in ledger.cells.values())
        if not hides:
            rules = replace(rules, mismatch=Mismatch.APART)
        try:
            laid = _laid(self, rules, ledger, atlas)
        except Invalid as error:
            if hides or error.code != "DISCLOSURE_NOT_ADDITIVE":
                raise
            return None  # nothing is hidden in it, so nothing can be given back
        if not hides and not laid.virtual.any():
            return None
        model = laid.model
        nothing = np.zeros(model.cells, dtype=bool)
        primary, shown = laid.withheld.copy(), laid.empty.copy()
        for cell, state in zip(laid.cells.tolist(), self.states, strict=True):
            primary[cell] |= state in PRIMARY
            shown[cell] |= state in EMPTY  # a reader is told that it is empty
        zeros = primary & (model.values == 0)
        plain = replace(rules, slivers=False)
        asked = Demand(plain, primary, shown, nothing, nothing, zeros, laid.virtual)
        return secure(*with_ledger(model, asked, ledger))

    def hidden_rows(self, found: Protected) -> list[int]:
        """Return the rows of the release that are hidden."""
        cells = _cells(found.model.dimensions, self.keys)
        hidden = found.hidden[cells].tolist()
        return [row for row, gone in zip(self.rows, hidden, strict=True) if gone]


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """A population laid out: the cell of each row, and masks of special cells.

    `withheld` by its source, known to be `empty` though nobody shows it, and `virtual`: small,
    never shown, but anybody could work it out.
    """

    model: Model
    cells: Ints
    withheld: Bools
    empty: Bools
    virtual: Bools


def _laid(sheet: Sheet, rules: Rules, ledger: Ledger, atlas: Atlas) -> _Laid:
    dimensions, short = _reconciled(sheet, rules, ledger, atlas)
    model, withheld = model_of_cells(
        dimensions, sheet.keys, sheet.counts, rules.attacker_lower, silent=True
    )
    cells = _cells(dimensions, sheet.keys)
    given = np.zeros(model.cells, dtype=bool)
    given[cells] = True
    given &= ~withheld
    follows = np.zeros(model.cells, dtype=bool)
    unknown = np.flatnonzero(~given & ~model.published)
    if unknown.size:
        rows = coordinates(model, withheld)
        follows[greedy.implied(rows, np.flatnonzero(given), unknown)] = True
    rests = [frozenset(code + REST for code in wrong.short) for wrong in short]
    bare = _of_codes(model, rests)
    nobody = _of_codes(model, [atlas.nobody(name) for name in sheet.dimensions]) | bare
    virtual = follows & is_small(model.values, rules) & ~nobody
    return _Laid(model, cells, withheld, follows & bare & (model.values == 0), virtual)


def _of_codes(model: Model, codes: Sequence[Collection[str]]) -> Bools:
    """Return the cells that have one of some codes in any dimension."""
    found = np.zeros(model.shape, dtype=bool)
    for axis, (dimension, wanted) in enumerate(zip(model.dimensions, codes, strict=True)):
        places = [place for place, code in enumerate(dimension.codes) if code in wanted]
        np.moveaxis(found, axis, 0)[places] = True
    return found.ravel()


def _reconciled(
    sheet: Sheet, rules: Rules, ledger: Ledger, atlas: Atlas
) -> tuple[list[Dimension], list[Wrong]]:
    """Return the dimensions in which every total is made up by its parts, and what was not."""
    keys = [*sheet.keys, *ledger.cells]
    loaded = [frozenset(column) for column in zip(*keys, strict=True)]
    wrong = [Wrong() for _ in sheet.dimensions]
    for _ in range(ROUNDS_MAX):
        dimensions = [
            atlas.dimension(name, sheet.links.get(name, ()), codes, each)
            for name, codes, each in zip(sheet.dimensions, loaded, wrong, strict=True)
        ]
        size = math.prod(dimension.size for dimension in dimensions)
        if size > CELLS_MAX:
            raise Invalid("DISCLOSURE_TOO_LARGE", what="cells", found=size, limit=CELLS_MAX)
        given = np.full(size, -1, dtype=np.int64)
        counts = [-1 if count is None else count for count in sheet.counts]
        given[_cells(dimensions, sheet.keys)] = counts
        found = gaps(dimensions, given)
        if not found:
            return dimensions, wrong
        for gap in found:
            was = wrong[gap.dimension]
            if gap.short:
                wrong[gap.dimension] = replace(was, short=was.short | {gap.code})
            elif rules.mismatch is Mismatch.APART:
                wrong[gap.dimension] = replace(was, apart=was.apart | {gap.code})
            else:
                model = Model(tuple(dimensions), given, given >= 0, None)
                cell = model.name(gap.cell)
                raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=cell, count=gap.count)
    raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=gap.code, count=len(found))


def _cells(dimensions: Sequence[Dimension], keys: Sequence[Key]) -> Ints:
    """Return the place of every key."""
    columns = list(zip(*keys, strict=True)) or [() for _ in dimensions]
    places = []
    for dimension, column in zip(dimensions, columns, strict=True):
        place = {code: number for number, code in enumerate(dimension.codes)}
        places.append(np.array([place[code] for code in column], dtype=np.int64))
    shape = tuple(dimension.size for dimension in dimensions)
    return np.asarray(np.ravel_multi_index(tuple(places), shape), dtype=np.int64)
