"""Too few respondents together: hidden parts of one shown total that are one small group.

Of a survey no result is shown of fewer respondents than the profile says. What is hidden in a shown
total is a group of people too, for the total less its shown parts is the result of exactly them: so
together they must be as many. Where they are not, the smallest shown part is hidden as well.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hanse.cube import algebra
from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator
from hanse.node.closing import Question, adds_up
from hanse.node.populations import Floats
from hanse.node.relations import INDICATOR, PERIOD, Bools, Ints
from hanse.policies.profile import Profile

GROUPS_MAX = 2_000
"""So many groups of one figure that follow only from two others are looked at, at most."""

Rows = frozenset[int]
"""Rows that nobody sees; of a total whose parts do not make it up also -1 less its equation."""


@dataclass(frozen=True, slots=True)
class Group:
    """Hidden rows of which readers know how many `respondents` they are together, and how.

    `total` is the shown row it follows from, `shown` are the shown ones that were taken off.
    """

    rows: Rows
    respondents: float
    total: int
    shown: tuple[int, ...]


def enough(question: Question, hidden: Bools) -> Bools:
    """Return which rows to hide so that every hidden group is none or of enough respondents.

    `hidden` has one entry per row of the question. Nothing is asked of a release without samples.
    """
    wanted = _wanted(question.contract, question.profile)
    present = set(question.relations.frame.codes["indicator"])
    if not wanted or not present & {name for name, _ in wanted}:
        return hidden
    work = _Work(question, hidden)
    for (name, answers), least in sorted(wanted.items()):
        if name in present and answers in present:
            work.widen(name, answers, least)
    return hidden | work.more[: hidden.size]


def _wanted(contract: Contract, profile: Profile) -> Mapping[tuple[str, str], float]:
    """Return, per indicator that is added up and the one that counts its answers, the least."""
    counts = {each.id for each in contract.indicators if adds_up(each)}
    found: dict[tuple[str, str], float] = defaultdict(float)
    for each in contract.indicators:
        if each.sample is not None:
            answers, least = each.sample.n_indicator, least_of(each, profile)
            behind = {each.numerator, *each.sample.members} - {each.sample.population_indicator}
            for name in behind & counts:
                if least > 1 and name:
                    found[name, answers] = max(found[name, answers], least)
    return found


def least_of(indicator: Indicator, profile: Profile) -> float:
    """Return how many respondents a result of a sample needs: the profile's or its source's."""
    own = indicator.threshold.value if indicator.threshold else 0.0
    return max(float(profile.min_n), own)


class _Work:
    """The rows of a release while more of them are hidden."""

    def __init__(self, question: Question, hidden: Bools) -> None:
        relations = question.relations
        self.relations, given = relations, relations.given
        ranks = np.asarray(algebra.state_ranks(question.true))
        self.value = np.full(relations.size, np.nan)
        self.value[:given] = np.where(
            ranks == algebra.VALUE_RANK, np.asarray(algebra.numbers(question.true, ranks)), np.nan
        )
        self.hidden = np.ones(relations.size, dtype=bool)
        self.hidden[:given] = (hidden & ~question.beside) | question.inner
        self.more = np.zeros(relations.size, dtype=bool)
        self.out = np.zeros(relations.size, dtype=bool)
        self.out[:given] = question.known.seen > 0
        columns = relations.frame.columns
        names = [name for name in columns if name != "indicator"]
        sizes = [max(len(relations.frame.codes[name]), 1) for name in names]
        self.place = np.ravel_multi_index([columns[name] for name in names], sizes)
        order = np.argsort(relations.equation, kind="stable")
        cuts = np.searchsorted(relations.equation[order], np.arange(relations.head.size + 1))
        self.parts = relations.child[order]
        self.cuts = cuts

    def widen(self, name: str, answers: str, least: float) -> None:
        """Hide parts of one indicator until every group has `least` answers, or is nobody."""
        code = self.relations.frame.codes["indicator"].index
        indicator = self.relations.frame.columns["indicator"]
        count = self._beside(np.flatnonzero(indicator == code(answers)))
        mine = indicator[self.relations.head] == code(name)
        mine &= (self.relations.kind < INDICATOR) | (self.relations.kind == PERIOD)
        equations = np.flatnonzero(mine)
        while (more := self._cheapest(equations, count, least)) is not None:
            self.hidden[more] = self.more[more] = True

    def _beside(self, rows: Ints) -> Floats:
        """Return the number of some rows at the place of every row; NaN where there is none."""
        found = np.full(self.place.size, np.nan)
        if rows.size:
            rows = rows[np.argsort(self.place[rows], kind="stable")]
            at = np.minimum(np.searchsorted(self.place[rows], self.place), rows.size - 1)
            same = self.place[rows][at] == self.place
            found[same] = self.value[rows[at[same]]]
        return found

    def _cheapest(self, equations: Ints, count: Floats, least: float) -> Ints | None:
        """Return the rows to hide next, one for every group that is too small; None if none is."""
        groups = _Groups(self, equations, count).found()
        small = [each for each in groups if 0 < each.respondents < least]
        more: set[int] = set()
        for each in sorted(small, key=lambda group: (group.respondents, sorted(group.rows))):
            if more.isdisjoint((each.total, *each.shown)):
                shown = [row for row in each.shown if count[row] > 0] or [each.total]
                more.add(min(shown, key=lambda row: (bool(self.out[row]), count[row], row)))
        return np.array(sorted(more), dtype=np.int64) if more else None


class _Groups:
    """The groups of hidden rows that shown totals tell of, of one indicator."""

    def __init__(self, work: _Work, equations: Ints, count: Floats) -> None:
        self.work, self.equations, self.count = work, equations, count
        self.seen = ~work.hidden & np.isfinite(work.value)
        self.headed: dict[int, list[int]] = defaultdict(list)
        for equation in equations.tolist():
            self.headed[int(work.relations.head[equation])].append(equation)
        self.below: dict[int, tuple[Rows, tuple[int, ...]]] = {}

    def found(self) -> list[Group]:
        """Return every group: a total less its shown parts, and a group less one within it."""
        first = {each.rows: each for each in self._direct()}
        parts: dict[int, list[Group]] = defaultdict(list)
        for each in first.values():
            parts[min(each.rows)].append(each)
        found, queue = dict(first), list(first.values())
        while queue and len(found) - len(first) < GROUPS_MAX:
            whole = queue.pop()
            for less in [each for row in sorted(whole.rows) for each in parts.get(row, ())]:
                rest = whole.rows - less.rows
                if less.rows < whole.rows and rest not in found:
                    count = whole.respondents - less.respondents
                    shown = (*whole.shown, less.total, *less.shown)
                    found[rest] = Group(rest, count, whole.total, shown)
                    parts[min(rest)].append(found[rest])
                    queue.append(found[rest])
        return list(found.values())

    def _direct(self) -> Iterator[Group]:
        """Yield what a shown total less its shown parts, and those of its hidden parts, leaves."""
        head = self.work.relations.head
        for equation in self.equations[self._open()[self.equations]].tolist():
            total = int(head[equation])
            rows, shown = self._divided([equation])
            left = float(self.count[total] - self.count[list(shown)].sum())
            if rows and np.isfinite(left):
                yield Group(rows, left, total, shown)

    def _open(self) -> Bools:
        """Say which equations have a shown total and something beside its shown parts."""
        relations, count = self.work.relations, self.count
        left = count[relations.head] - relations.sums(np.where(self.seen, count, 0.0))
        return np.asarray(self.seen[relations.head] & (left > 0))

    def _divided(self, equations: Iterable[int]) -> tuple[Rows, tuple[int, ...]]:
        """Return the hidden rows that parts are made of, and the shown ones among them.

        Of several ways to divide a whole the one of which most is shown tells most.
        """
        ways = []
        for equation in equations:
            work = self.work
            parts = work.parts[work.cuts[equation] : work.cuts[equation + 1]].tolist()
            rows, shown = set[int](), list[int]()
            for part in parts:
                if self.seen[part]:
                    shown.append(part)
                else:
                    inside, outside = self._finest(part)
                    rows |= inside
                    shown += outside
            if not work.relations.complete[equation] or self._short(equation, parts):
                rows.add(-1 - equation)
            ways.append((frozenset(rows), tuple(shown)))
        return max(ways, key=lambda way: float(np.nansum(self.count[list(way[1])])))

    def _short(self, equation: int, parts: list[int]) -> bool:
        """Say whether a total has respondents that none of its parts has."""
        total = self.count[int(self.work.relations.head[equation])]
        return bool(total - self.count[parts].sum() > 0)

    def _finest(self, row: int) -> tuple[Rows, tuple[int, ...]]:
        """Return the hidden rows that a hidden row is made of, and the shown ones."""
        if row not in self.below:
            own = (frozenset([row]), tuple[int, ...]())
            self.below[row] = self._divided(self.headed[row]) if row in self.headed else own
        return self.below[row]
