"""Hides, beside the hidden figures of a release, whatever would give them back.

Everything that adds up falls apart into connected parts. A part in which every total of a hidden
figure is hidden too is safe as it is: any number fits. In any other part counts are closed by
disclosure control, with proof; where that cannot be (amounts, zonings that cross without their
overlaps, totals below their parts) the totals are hidden until the first holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import process_time
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.cube import algebra
from hanse.cube.contract import Contract
from hanse.cube.indicator import Aggregation, Indicator, MeasureType
from hanse.cube.status import HIDDEN, CellState
from hanse.errors import Conflict, HanseError, Invalid, Unavailable
from hanse.node.fitting import Numbers, fit, small_rests
from hanse.node.populations import Known, Places, Rows, Sheet, left_over
from hanse.node.relations import INDICATOR, PERIOD, SHARE, Bools, Ints, Relations
from hanse.policies import disclosure
from hanse.policies.disclosure.plan import Effort, Zeros
from hanse.policies.profile import Profile

PRUNED_CELLS_MAX = 3_000
"""A larger population is not gone over again for cells that could be opened: it takes minutes."""

TOGETHER_ROWS = 1_000
"""Parts that have nothing to do with one another are closed in runs of about so many rows."""

WORK_SECONDS_MAX = 300.0
"""What is not closed after so long, of the processor's time, is not published."""

NAMED = 3
"""How many cells a refusal names."""
CANDIDATES = 2
"""In a single sum so many of its shown parts are weighed: the smallest, from `CANDIDATE_MIN` on."""
CANDIDATE_MIN = 3

_RANK = algebra.STATE_RANK
_VALUE = _RANK[CellState.VALUE]
_VOID = (_RANK[CellState.EMPTY], _RANK[CellState.NOT_APPLICABLE])
_HIDDEN_FROM = min(_RANK[state] for state in HIDDEN)
_SOURCE = _RANK[CellState.SUPPRESSED_SOURCE]
_SECONDARY = _RANK[CellState.SUPPRESSED_SECONDARY]


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """Which rows are hidden in the end, and the proof of every population that needed one.

    `witnessed` says which rows lie in a part that rests on a proof; in every other part all
    totals of what is hidden are hidden too.
    """

    hidden: Bools
    proofs: Mapping[disclosure.release.Population, disclosure.Protected]
    witnessed: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One release to be closed: its true cells (draft shape), the rows hidden so far, and rules.

    `kept` rows are hidden for no other reason than that they were before: they may be known.
    `inner` rows are pieces of areas that cross: never shown, and nobody may work one out that is
    small. `beside` rows are what readers hold from other datasets. `clock` tells the seconds spent.
    """

    true: pa.Table
    hidden: Bools
    kept: Bools
    known: Known
    relations: Relations
    contract: Contract
    profile: Profile
    inner: Bools
    beside: Bools
    clock: Callable[[], float] = process_time


def close(question: Question) -> Closed:
    """Return what must be hidden. Raises `Conflict` where what is out already would give it away.

    Raises `Conflict` too where the computation itself breaks down: then nothing may leave.
    """
    try:
        return _Closing(question).closed()
    except (MemoryError, Unavailable) as fault:
        raise Conflict("PUBLISH_UNPROVEN", dataset=question.contract.slug) from fault


def open_rows(question: Question) -> Ints:
    """Return the hidden rows that can be worked out at once: alone in a sum, or the sum itself."""
    relations, work = question.relations, _Closing(question)
    hidden, seen = work.hidden, work.seen
    parts = np.bincount(relations.equation, minlength=relations.head.size)
    full = relations.complete
    alone = full & (relations.count(hidden) == 1) & (relations.count(seen) == parts - 1)
    alone &= seen[relations.head]
    told = relations.child[alone[relations.equation] & hidden[relations.child]]
    wholes = full & hidden[relations.head] & (relations.count(seen) == parts)
    both = np.union1d(told, relations.head[wholes])
    return np.asarray(both[both < relations.given], dtype=np.int64)


def covered(relations: Relations, hidden: Bools, void: Bools) -> Bools:
    """Return the rows to hide so that no total of a hidden row is shown, nor all its parts.

    Then every hidden figure, with all its totals, may be any number more. `void` rows are known to
    hold nothing and stay.
    """
    hidden = hidden.copy()
    child, parent, head = relations.child, relations.parent, relations.head
    while True:
        before = int(hidden.sum())
        hidden[parent[hidden[child] & ~void[parent]]] = True
        bare = ((relations.count(hidden) == 0) | relations.manifold) & hidden[head]
        hidden[child[bare[relations.equation] & ~void[child]]] = True
        if int(hidden.sum()) == before:
            return hidden


class _Closing:
    """One question while it is worked on; every array has one entry per row, virtual ones too."""

    def __init__(self, question: Question) -> None:
        self.question, self.relations = question, question.relations
        self.start = question.clock()
        size, given = self.relations.size, self.relations.given
        ranks = algebra.state_ranks(question.true)
        self.ranks = np.full(size, _RANK[CellState.UNKNOWN], dtype=np.int64)
        self.ranks[:given] = np.asarray(ranks)
        self.values = np.zeros(size)
        self.values[:given] = np.asarray(algebra.numbers(question.true, ranks))
        self.hidden = np.zeros(size, dtype=bool)
        self.hidden[:given] = question.hidden
        self.ground = self.hidden.copy()
        self.void = np.isin(self.ranks, _VOID)
        self.inner = np.zeros(size, dtype=bool)
        self.inner[:given] = question.inner
        self.beside = np.zeros(size, dtype=bool)
        self.beside[:given] = question.beside
        self.seen = (self.void | (self.ranks == _VALUE)) & ~self.hidden & ~self.inner
        self.less = self.values.copy()
        self.proofs: dict[Any, disclosure.Protected] = {}
        self.part = self.relations.components()
        self.proven = np.zeros(int(self.part.max(initial=-1)) + 1, dtype=bool)
        countable = self.void | (self.ranks == _VALUE)
        numbers = Numbers(self.ranks, self.values, countable, self.beside, question.known)
        self.fit = fit(self.relations, self.part, numbers)

    def closed(self) -> Closed:
        """Return what must be hidden."""
        needy = self._needy(self.hidden)
        told = small_rests(self.relations, self.seen, self.values, least_of(self.question.profile))
        needy[self.part[told]] = True
        if needy.any():
            able = needy & self._able()
            rests = left_over(self.relations, self.inner)
            self.rows = Rows(
                self.relations,
                self.ranks,
                self.values,
                self.less,
                self.hidden,
                self.question.kept,
                self.fit.short,
                self.inner & ~rests,
                self.beside,
                self.fit.apart,
                rests,
                Places(self.relations),
            )
            for rows in self._populations(able):
                self._engine(rows)
                self._check_time()
            self.hidden[told[able[self.part[told]] & ~self.proven[self.part[told]]]] = True
            self._cover(needy[self.part])
        self._check_ledger()
        cut = slice(self.relations.given)
        proven = self.proven[self.part][cut]
        return Closed(self.hidden[cut], MappingProxyType(self.proofs), proven)

    def _needy(self, hidden: Bools) -> Bools:
        """Say of each part whether a total of something hidden in it is shown."""
        more = covered(self.relations, hidden, self.void) & ~hidden & self.seen
        found = np.zeros(int(self.part.max(initial=-1)) + 1, dtype=bool)
        found[self.part[more]] = True
        return found

    def _cover(self, rows: Bools) -> None:
        """Hide the totals of what is hidden in the parts that no proof was found for."""
        left = rows & ~self.proven[self.part]
        self.hidden |= covered(self.relations, self.hidden & left, self.void) & left

    def _able(self) -> Bools:
        """Say of each part whether disclosure control takes it: counts that add up."""
        relations = self.relations
        able = np.ones(int(self.part.max(initial=-1)) + 1, dtype=bool)
        counted = np.array(
            [self._counts(code) for code in relations.frame.codes["indicator"]], dtype=bool
        )
        bad = ~counted[relations.frame.columns["indicator"]] | (self.values < 0)
        able[self.part[bad]] = False
        able[self.part[relations.head[self.fit.below | relations.crossing]]] = False
        return able

    def _counts(self, code: str) -> bool:
        found = self.question.contract.indicator(code)
        return found is not None and adds_up(found)

    def _populations(self, able: Bools) -> Iterator[Ints]:
        """Yield the rows of every population that has to be closed, in a fixed order."""
        relations = self.relations
        frame = relations.frame
        rows = self._weighed(np.flatnonzero(able[self.part]))
        group = self._groups(INDICATOR)[frame.columns["indicator"][rows]]
        periods = self._groups(PERIOD)[frame.columns["period"][rows]]
        keys = group * max(len(frame.codes["period"]), 1) + periods
        keys = keys * 2 + self.fit.stale[rows]
        for key in np.unique(keys).tolist():
            yield from self._together(rows[keys == key])

    def _together(self, rows: Ints) -> Iterator[Ints]:
        """Yield the rows in runs of whole parts, each small enough to be quick."""
        order = np.argsort(self.part[rows], kind="stable")
        rows = rows[order]
        starts = np.flatnonzero(np.diff(self.part[rows], prepend=-1))
        cuts, first = [], 0
        for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), rows.size], strict=True):
            if stop - first > TOGETHER_ROWS and start > first:
                cuts.append(start)
                first = start
        yield from np.split(rows, cuts)

    def _groups(self, kind: int) -> Ints:
        """Return per indicator, or per period, the number of the group it adds up with."""
        relations, frame = self.relations, self.relations.frame
        name = relations.frame.name_of(kind)
        group = np.arange(len(frame.codes[name]), dtype=np.int64)
        kinds = (kind, SHARE) if kind == INDICATOR else (kind,)
        across = np.isin(relations.kind[relations.equation], kinds)
        one = frame.columns[name][relations.child[across]]
        other = frame.columns[name][relations.parent[across]]
        for first, second in sorted(set(zip(one.tolist(), other.tolist(), strict=True))):
            group[group == group[second]] = group[first]
        return group

    def _engine(self, rows: Ints) -> None:
        """Close one population; where it cannot be, halve it until what cannot be stands alone."""
        try:
            self._protect(rows)
        except (Invalid, Conflict) as fault:
            if fault.code == "DISCLOSURE_SHOWN_REVEALS":
                raise self._told(rows, fault) from fault
            if isinstance(fault, Conflict) and fault.code != "DISCLOSURE_NOT_PROVEN":
                raise
            for half in self._halves(rows):
                self._engine(half)

    def _told(self, rows: Ints, fault: HanseError) -> Conflict:
        """Return the refusal that names what must be hidden and follows from what is out."""
        question, mine = self.question, np.zeros(self.relations.given, dtype=bool)
        mine[rows[rows < mine.size]] = True
        out = question.known.seen > 0
        hidden = question.hidden & mine
        told = open_rows(replace(question, hidden=hidden | (mine & ~out & ~hidden)))
        told = told[hidden[told] & ~question.beside[told]]
        through = str(fault.parameters["cell"])
        named = [_named(self.relations, int(row)) for row in told[:NAMED]] or [through]
        return Conflict(
            "PUBLISH_TOLD",
            dataset=question.contract.slug,
            cells=", ".join(named),
            count=max(int(told.size), 1),
            through=through,
        )

    def _halves(self, rows: Ints) -> tuple[Ints, ...]:
        parts = np.unique(self.part[rows])
        if parts.size < 2:
            return ()
        first = np.isin(self.part[rows], parts[: parts.size // 2])
        return rows[first], rows[~first]

    def _weighed(self, rows: Ints) -> Ints:
        """Return the rows worth weighing; what surely stays shown is taken off its whole.

        Of a single sum, parts that are surely not the cheapest to hide are shown: constants.
        """
        relations = self.relations
        alone = np.bincount(self.part[relations.head], minlength=self.part.max() + 1) == 1
        alone[self.part[relations.head[relations.kind == PERIOD]]] = False
        alone[self.part[self.beside]] = False
        free = np.zeros(relations.size, dtype=bool)
        free[rows[alone[self.part[rows]]]] = True
        free[relations.head] = False
        free &= self.seen & (self.values >= CANDIDATE_MIN)
        ordered = np.flatnonzero(free)
        ordered = ordered[np.lexsort((self.values[ordered], self.part[ordered]))]
        first = np.flatnonzero(np.diff(self.part[ordered], prepend=-1))
        place = np.arange(ordered.size) - np.repeat(first, np.diff([*first, ordered.size]))
        dropped = np.zeros(relations.size, dtype=bool)
        dropped[ordered[place >= CANDIDATES]] = True
        mine = dropped[relations.child]
        np.subtract.at(self.less, relations.parent[mine], self.values[relations.child[mine]])
        return rows[~dropped[rows]]

    def _protect(self, rows: Ints) -> None:
        sheet = Sheet(self.rows, rows)
        true, judged = sheet.tables()
        rules = _rules(self.question.profile, true.num_rows)
        ledgers = sheet.ledgers(self.question.known)
        found = disclosure.close(true, judged, sheet.structure, rules, ledgers)
        hidden = sheet.hidden(found.cells)
        self.hidden[hidden] = True
        self.proven[self.part[rows]] = True
        proofs = {id(protected): key for key, protected in sorted(found.protected.items())}
        for key in sorted(proofs.values()):
            self.proofs[_numbered(key, self.proofs)] = found.protected[key]

    def _check_time(self) -> None:
        """Refuse what takes too long: nothing leaves half closed."""
        if self.question.clock() - self.start > WORK_SECONDS_MAX:
            raise Conflict("PUBLISH_EFFORT", dataset=self.question.contract.slug)

    def _check_ledger(self) -> None:
        """Refuse to hide what readers hold already, with the number it still has."""
        known, given = self.question.known, self.relations.given
        lost = self.hidden[:given] & (known.seen > 0)
        lost &= ~self.fit.apart[:given]  # it stands in the table as it was
        lost &= np.isclose(known.values, self.values[:given], rtol=1e-13, atol=0.0)
        rows = np.flatnonzero(lost)
        if rows.size:
            raise out_already(self.question, rows)


def out_already(question: Question, rows: Ints) -> Conflict:
    """Return the refusal that names the rows readers hold, though they must be hidden."""
    return Conflict(
        "PUBLISH_LEDGER",
        dataset=question.contract.slug,
        cells=", ".join(_named(question.relations, int(row)) for row in rows[:NAMED]),
        count=int(rows.size),
    )


def adds_up(indicator: Indicator) -> bool:
    """Say whether an indicator counts units that are added up over areas and breakdowns."""
    sums = {indicator.aggregate_geo, indicator.aggregate_breakdown}
    return indicator.measure_type is MeasureType.COUNT and sums == {Aggregation.SUM}


def _numbered(key: tuple[str, str], taken: Mapping[Any, object]) -> tuple[str, str]:
    """Return the name of a population, told apart from those it was halved into."""
    name, number = key, 1
    while name in taken:
        number += 1
        name = (f"{key[0]}#{number}", key[1])
    return name


def _named(relations: Relations, row: int) -> str:
    return " · ".join(relations.frame.spelled(name, row) for name in relations.frame.columns)


def least_of(profile: Profile) -> int:
    """Return the least count that a profile shows anywhere."""
    return min([profile.min_count, *profile.min_count_by_level.values()])


def _rules(profile: Profile, cells: int) -> disclosure.Rules:
    least = least_of(profile)
    zeros = Zeros.PUBLISH if profile.zero_shown else Zeros.SUPPRESSIBLE
    return disclosure.Rules(
        k=least,
        zeros=zeros,
        attacker_lower=1,  # whoever is counted himself knows as much, zeros shown or not
        effort=Effort.PRUNE if cells <= PRUNED_CELLS_MAX else Effort.ONCE,
    )


def restated(cells: pa.Table, hidden: Bools) -> pa.Table:
    """Return the cells, hidden where they are to be and were not."""
    ranks = np.asarray(algebra.state_ranks(cells)).astype(np.int8)
    ranks = np.where(hidden & (ranks < _HIDDEN_FROM), _SECONDARY, ranks).astype(np.int8)
    places = pa.array(ranks)
    measures = algebra.with_states(
        algebra.numbers(cells, places), places, algebra.flag_ranks(cells)
    )
    for name, column in measures.items():
        place = cells.schema.get_field_index(name)
        cells = cells.set_column(place, name, column.cast(cells.schema.field(name).type))
    return cells
