"""One population of a release, protected: what is loaded, what is not, and what follows from it.

A release seldom holds everything: a municipality without some of its districts, a breakdown at one
level only. What is not loaded is a hidden variable and never zero, so that every total stays the
sum of its parts. What anybody can work out of it, though nobody shows it, is protected as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hanse.cube.status import CellState
from hanse.errors import Invalid
from hanse.policies.disclosure.atlas import Atlas
from hanse.policies.disclosure.certificate import Needs
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.history import Book, Past, remembered
from hanse.policies.disclosure.identity import Identity
from hanse.policies.disclosure.layout import Entries, Ground, Key, Laid, Mark, lay
from hanse.policies.disclosure.model import VALUE_MAX, Bools, Model
from hanse.policies.disclosure.plan import Mismatch, Requirement, Rules, Zeros
from hanse.policies.disclosure.protection import (
    Demand,
    Protected,
    is_small,
    secure,
    secure_needs,
)
from hanse.policies.disclosure.solver import FAR
from hanse.policies.disclosure.tree import Link

EMPTY = frozenset({CellState.EMPTY, CellState.NOT_APPLICABLE})
WITHHELD = CellState.SUPPRESSED_SOURCE
PRIMARY = frozenset({CellState.SUPPRESSED_PRIMARY, CellState.SUPPRESSED_SOURCE})
MARKS: Mapping[str, Mark] = {
    **dict.fromkeys((state.value for state in EMPTY), Mark.EMPTY),
    **dict.fromkeys((state.value for state in PRIMARY), Mark.PRIMARY),
}
DECIMALS_MAX = 6
"""More decimals of an amount are noise of its computation."""
NOISE = 1e-9
"""By how much, relatively, a number may be off its decimals."""


@dataclass(slots=True, eq=False)
class Sheet:
    """The rows of one population: key, number and judged state of each.

    `inner` are the numbers of the `pieces` in which areas overlap, never shown. `amounts` have
    decimals, and are protected by a share of their own; `weighted` ones are counts with decimals,
    protected like counts.
    """

    dimensions: tuple[str, ...]
    links: Mapping[str, tuple[Link, ...]]
    period: str
    amounts: bool = False
    identities: tuple[Identity, ...] = ()
    pieces: frozenset[str] = frozenset()
    rows: list[int] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    inner: list[tuple[Key, float]] = field(default_factory=list)
    weighted: bool = False

    def secured(self, rules: Rules, books: Sequence[Book], atlas: Atlas) -> "Secured | None":
        """Return the population, protected; None where nothing of it is hidden, or follows."""
        scale = self._scale(books)
        past = remembered(self._entries(scale), books, scale, self._codes())
        hides = past.hides()
        ground = Ground(
            self.dimensions,
            self.links,
            atlas,
            self.identities,
            rules.mismatch if hides else Mismatch.APART,
            self.period,
            0 if self.amounts else rules.attacker_lower,
            self.amounts,
            self.pieces,
        )
        found = self._laid(ground, past, hides)
        if found is None:
            return None
        laid, past = found
        unit = scale if self.weighted else 0
        virtual = self._virtual(laid, past, rules, unit)
        if not hides and not virtual.any():
            return None
        asked = _demand(laid, past, replace(rules, slivers=False), virtual)
        if self.amounts:
            return Secured(self, laid, _secured_amounts(laid.model, asked, unit))
        return Secured(self, laid, secure(laid.model, asked))

    def _laid(self, ground: Ground, past: Past, hides: bool) -> tuple[Laid, Past] | None:
        """Lay the cells out, as two editions where the one before does not fit this one."""
        for attempt in (past, past.apart()):
            try:
                laid = lay(ground, attempt.now, attempt.earlier)
            except Invalid as error:
                if error.code != "DISCLOSURE_NOT_ADDITIVE":
                    raise
                if attempt.separate:
                    if hides:
                        raise
                    return None  # nothing is hidden in it, so nothing can be given back
            else:
                return None if laid is None else (laid, attempt)
        return None

    def _codes(self) -> dict[str, set[str]]:
        """Return, per dimension, the codes that today's links speak of."""
        return {
            name: {
                code for _, child, parent in self.links.get(name, ()) for code in (child, parent)
            }
            for name in self.dimensions
        }

    def _scale(self, books: Sequence[Book]) -> int:
        """Return by what to multiply the numbers to make them whole: 1 for counts."""
        if not self.amounts:
            return 1
        told = [value for _, ledger in books for value in ledger.cells.values()]
        numbers = np.array([v for v in (*self.values, *told) if v is not None], dtype=np.float64)
        most = float(np.abs(numbers).max(initial=0.0))
        if most > VALUE_MAX / 4:
            raise Invalid("DISCLOSURE_TOO_LARGE", what="amount", found="2^50+", limit=VALUE_MAX)
        scale = 1
        for decimals in range(1, DECIMALS_MAX + 1):
            off = np.abs(numbers * scale - np.round(numbers * scale))
            whole = (off <= NOISE * np.maximum(1.0, np.abs(numbers * scale))).all()
            if whole or most * 10**decimals > VALUE_MAX / 4:
                break
            scale = 10**decimals
        return scale

    def _entries(self, scale: int) -> Entries:
        counts = [None if value is None else round(value * scale) for value in self.values]
        if not self.amounts:
            for row, value, whole in zip(self.rows, self.values, counts, strict=True):
                if value != whole:
                    raise Invalid("DISCLOSURE_NOT_WHOLE", column="value", row=row + 1, count=1)
        marks = [MARKS.get(state, Mark.FREE) for state in self.states]
        entries = Entries([*self.keys], counts, marks)
        for key, count in self.inner:
            entries.add(key, round(count * scale), Mark.INNER)
        return entries

    def _virtual(self, laid: Laid, past: Past, rules: Rules, unit: int) -> Bools:
        """Return the small cells nobody shows that anybody could work out, or the node knows.

        A small one that was hidden before stays protected, whatever was shown since, and one that
        somebody else hides also in the table as it was. An amount does not tell by its size whether
        it is about few; a weighted count does, in its `unit`.
        """
        whole = np.zeros(laid.model.cells, dtype=bool)
        if not rules.slivers or (self.amounts and not unit):
            return whole
        values = laid.model.values
        small = (values > 0) & (values < rules.k * unit) if unit else is_small(values, rules)
        whole[laid.places(*past.elsewhere())] = True
        found = np.zeros(laid.base.cells, dtype=bool)
        kept = [
            key
            for key, mark in zip(past.now.keys, past.now.marks, strict=True)
            if mark is Mark.KEPT
        ]
        found[laid.places(kept) - (laid.model.cells - laid.base.cells)] = True
        found |= ~laid.base.published & (laid.known | laid.follows)
        return (whole | laid.whole(found & ~laid.nobody)) & small


@dataclass(frozen=True, slots=True, eq=False)
class Secured:
    """A population, protected."""

    sheet: Sheet
    laid: Laid
    protected: Protected

    def hidden_rows(self) -> list[int]:
        """Return the rows of the release that are hidden."""
        hidden = self.protected.hidden[self.laid.places(self.sheet.keys)].tolist()
        return [row for row, gone in zip(self.sheet.rows, hidden, strict=True) if gone]


def _demand(laid: Laid, past: Past, rules: Rules, virtual: Bools) -> Demand:
    """Return what is asked of all editions."""
    masks = {mark: np.zeros(laid.model.cells, dtype=bool) for mark in Mark}
    for number, entries in enumerate((*past.earlier, past.now)):
        marks = np.array([mark.value for mark in entries.marks])
        published = np.flatnonzero(marks != Mark.INNER)
        cells = laid.places([entries.keys[place] for place in published.tolist()], number)
        for mark in Mark:
            masks[mark][cells[marks[published] == mark]] = True
    primary, kept = masks[Mark.PRIMARY], masks[Mark.KEPT]
    return Demand(
        rules,
        primary,
        masks[Mark.EMPTY] | masks[Mark.OUT] | laid.whole(laid.told),
        kept,
        np.zeros(laid.model.cells, dtype=bool),
        (primary | kept) & (laid.model.values == 0),
        virtual,
    )


def _secured_amounts(model: Model, asked: Demand, unit: int) -> Protected:
    """Protect amounts: a share of each hidden one must stay open above and below it.

    Weighted counts have a `unit`: of each one more must stay possible, and two that lie two apart.
    """
    values = model.values
    share = -(-np.abs(values) * asked.rules.amount_percent // 100)
    level = np.full(values.size, unit) if unit else np.maximum(1, share)
    lower = _least(model)
    told = replace(
        asked.rules, k=0, require=Requirement(0, 0), attacker_lower=0, zeros=Zeros.PUBLISH
    )
    virtual = asked.primary if asked.virtual is None else asked.virtual
    needs = Needs(
        protected=np.flatnonzero(asked.primary | virtual),
        lower=lower,
        upper=values + level,
        lower_need=values if unit else np.maximum(values - level, lower),
        width=2 * unit,
    )
    return secure_needs(model, replace(asked, rules=told), needs)


def _least(model: Model) -> Ints:
    """Return the least an attacker knows of amounts: nothing, where some are below zero."""
    free = bool((model.values[model.published] < 0).any())
    return np.minimum(model.values, 0) if not free else np.full(model.cells, -2 * FAR)
