"""Primary protection: hides every figure that by itself tells about too few units.

Works on a whole draft at once, column-wise. It never opens what is hidden, so it may run again over
cells that were computed from cells it has already judged. Which totals give a hidden figure away by
subtraction is another question, with its own module.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import algebra, encoding
from hanse.cube.cells import TEXT, dimensions_of, key_columns
from hanse.cube.indicator import Indicator, MeasureType
from hanse.cube.status import HIDDEN, CellState
from hanse.errors import Invalid, Refused
from hanse.policies.disclosure.families import Alike as Alike
from hanse.policies.disclosure.families import families
from hanse.policies.disclosure.families import shares as shares
from hanse.policies.profile import Profile

RATIOS = frozenset(
    {
        MeasureType.SHARE,
        MeasureType.RATE,
        MeasureType.MEAN,
        MeasureType.MEDIAN,
        MeasureType.INDEX,
    }
)

_VALUE = algebra.STATE_RANK[CellState.VALUE]
_PRIMARY = algebra.STATE_RANK[CellState.SUPPRESSED_PRIMARY]
_HIDDEN_FROM = min(algebra.STATE_RANK[state] for state in HIDDEN)

_NOISE = 6
"""Decimals of what is left of a weighted count; more are noise of the subtraction."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Basis:
    """What one indicator is judged by: the number of `indicator` must reach the minimum.

    `kind` is one of `profile.BASIS_ORDER`, or `divisor` for the denominator of a ratio; `value` is
    the supplier's own threshold, 0 where there is none.
    """

    kind: str
    indicator: str
    value: float = 0.0


def bases(indicator: Indicator, present: frozenset[str]) -> tuple[Basis, ...]:
    """Return what an indicator is judged by in a dataset that holds the `present` indicators.

    The first that is filled in: threshold, sample, numerator (of a ratio), weight, the count
    itself; beside it the n of a survey and the denominator of a ratio. Raises `Invalid` where a
    threshold or sample is filled in but absent: nobody could tell how many units are behind it.
    """
    first = _first(indicator, present)
    kinds = {each.kind for each in first}
    beside = () if "sample" in kinds else _sample(indicator, present)
    return (*first, *beside, *_divisor(indicator, present))


def _first(indicator: Indicator, present: frozenset[str]) -> tuple[Basis, ...]:
    own = indicator.threshold.value if indicator.threshold else 0.0
    demanded = [
        ("threshold", indicator.threshold.on if indicator.threshold else None),
        ("sample", indicator.sample.n_indicator if indicator.sample else None),
    ]
    for kind, name in demanded:
        if name and name not in present:
            raise Invalid("PROFILE_BASIS", indicator=indicator.id, basis=name)
        if name:
            return (Basis(kind, name, own),)
    offered = [
        ("numerator", indicator.numerator if indicator.measure_type in RATIOS else None),
        ("weight", indicator.weight),
    ]
    for kind, name in offered:
        if name and name in present and name != indicator.id:
            return (Basis(kind, name, own),)
    counts = indicator.measure_type is MeasureType.COUNT
    return (Basis("itself", indicator.id, own),) if counts or own else ()


def _sample(indicator: Indicator, present: frozenset[str]) -> tuple[Basis, ...]:
    """Return the answers behind a survey figure, which count whatever else it is judged by."""
    if indicator.sample is None:
        return ()
    name = indicator.sample.n_indicator
    if name not in present:
        raise Invalid("PROFILE_BASIS", indicator=indicator.id, basis=name)
    own = indicator.threshold.value if indicator.threshold else 0.0
    return (Basis("sample", name, own),)


def _divisor(indicator: Indicator, present: frozenset[str]) -> tuple[Basis, ...]:
    name = indicator.denominator
    if not name or name not in present or name == indicator.id:
        return ()
    return (Basis("divisor", name),)


def protect(
    cells: pa.Table, indicators: Sequence[Indicator], profile: Profile, alike: Alike = ()
) -> pa.Table:
    """Return the same draft with every figure below its minimum hidden (`suppressed_primary`).

    A figure is also hidden where what it is judged by is hidden, is not a number, or has no cell at
    all: what cannot be checked is not shown. So is a share that leaves too few over. What stands
    behind a survey figure is hidden with it. Rows keep their order; no row is added or dropped.
    Indicators that are `alike` have the same numbers everywhere, and are hidden as one.
    Raises `Refused` for a level or method that hides nothing, `Invalid` for an absent basis.
    """
    profile.check_hides()
    check_levels(cells, profile)
    sheet = _Sheet.of(cells)
    present = frozenset(sheet.names)
    for indicator in _bases_first(indicators):
        if indicator.id in present:
            for basis in bases(indicator, present):
                sheet.judge(indicator, basis, profile)
    for indicator, part, whole in shares(indicators, present, profile):
        sheet.judge_rest(indicator, part, whole, profile)
    for indicator, members in families(indicators, present, alike, whole=False):
        for basis in _sample(indicator, present):
            sheet.judge_all(members, indicator, basis, profile)
    _hide_as_one(sheet, indicators, alike)
    return sheet.written(cells)


def _hide_as_one(sheet: "_Sheet", indicators: Sequence[Indicator], alike: Alike) -> None:
    """Hide what stands behind a survey figure with it, and what is alike with its likes.

    Base and respondents that several figures share go together, and take with them all that rests
    on them.
    """
    present = frozenset(sheet.names)
    own = families(indicators, present, alike)
    every = families(indicators, present, alike, whole=False)
    as_one: list[Sequence[str]] = [*alike]
    as_one += [(each.id, *members) for each, members in own]
    resting: list[tuple[str, Sequence[str]]] = []
    for (each, members), (_, mine) in zip(every, own, strict=True):
        if each.sample is not None:
            as_one.append([name for name in members if name not in mine])
            resting.append((each.sample.n_indicator, members))
    hidden = -1
    while hidden != (hidden := int((sheet.ranks >= _HIDDEN_FROM).sum())):
        for names in as_one:
            sheet.hide_together(names)
        for answers, others in resting:
            sheet.hide_beside(answers, others)


def together(
    cells: pa.Table, hidden: Array, indicators: Sequence[Indicator], alike: Alike = ()
) -> Array:
    """Return which rows are hidden when what stands behind a survey figure is hidden as one."""
    if not any(each.sample for each in indicators):
        return hidden
    sheet = _Sheet.of(cells)
    before = sheet.ranks.copy()
    sheet.ranks[hidden & (before == _VALUE)] = _PRIMARY
    _hide_as_one(sheet, indicators, alike)
    return np.asarray(hidden | ((sheet.ranks == _PRIMARY) & (before == _VALUE)))


def rounded(cells: pa.Table, indicators: Sequence[Indicator], profile: Profile) -> pa.Table:
    """Return the draft with every count rounded to its nearest multiple of the profile's base.

    Half a base goes away from zero. A ratio that was loaded, not computed, and whose numerator is
    known, is hidden: beside a rounded count it would tell the exact one.
    """
    if profile.round_base <= 1:
        return cells
    counts = [each.id for each in indicators if each.measure_type is MeasureType.COUNT]
    exact = [each.id for each in indicators if each.numerator and not each.formula]
    sheet = _Sheet.of(cells)
    sheet.round(counts, profile.round_base)
    sheet.hide(exact)
    return sheet.written(cells)


def check_levels(cells: pa.Table, profile: Profile) -> None:
    """Raise `Refused` for a level at which the profile allows no figures."""
    for level in pc.unique(cells.column("level")).to_pylist():
        if not profile.allows(level):
            allowed = ", ".join(profile.allowed_levels)
            raise Refused("PROFILE_LEVEL", level=level, profile=profile.name, allowed=allowed)


def _bases_first(indicators: Sequence[Indicator]) -> list[Indicator]:
    """Order so that a basis is judged before what it is a basis of; a ring keeps its order."""
    known = {each.id: each for each in indicators}
    ordered: dict[str, Indicator] = {}
    waiting = list(indicators)
    while waiting:
        ready = [
            each for each in waiting if not (_named(each) & {w.id for w in waiting} - {each.id})
        ]
        for each in ready or waiting:
            ordered[each.id] = known[each.id]
        waiting = [each for each in waiting if each.id not in ordered]
    return list(ordered.values())


def _named(indicator: Indicator) -> set[str]:
    names = {
        indicator.numerator,
        indicator.denominator,
        indicator.weight,
        indicator.threshold.on if indicator.threshold else None,
        indicator.sample.n_indicator if indicator.sample else None,
    }
    return {name for name in names if name}


@dataclass(slots=True)
class _Sheet:
    """The columns of a draft as numbers, while they are judged."""

    names: list[str]
    indicator: Array  # place in `names`, per row
    place: Array  # what the cell is about apart from its indicator, per row
    levels: list[str]
    level: Array
    values: Array
    ranks: Array

    @classmethod
    def of(cls, cells: pa.Table) -> "_Sheet":
        columns = {
            name: encoding.encode(cells.column(name))
            for name in key_columns(dimensions_of(cells.schema))
        }
        indicator, level = columns["indicator"], columns["level"]
        about = [column for name, column in columns.items() if name != "indicator"]
        ranks = algebra.state_ranks(cells)
        return cls(
            names=indicator.dictionary.to_pylist(),
            indicator=indicator.indices.to_numpy(zero_copy_only=False),
            place=encoding.keys(about, cells.num_rows).to_numpy(zero_copy_only=False),
            levels=level.dictionary.to_pylist(),
            level=level.indices.to_numpy(zero_copy_only=False),
            values=np.array(algebra.numbers(cells, ranks).to_numpy(zero_copy_only=False)),
            ranks=np.array(ranks.to_numpy(zero_copy_only=False)),
        )

    def rows(self, name: str) -> Array:
        if name not in self.names:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.indicator == self.names.index(name))

    def judge(self, indicator: Indicator, basis: Basis, profile: Profile) -> None:
        rows = self.rows(indicator.id)
        rows = rows[self.ranks[rows] == _VALUE]
        minimum = self._minimum(rows, indicator, basis, profile)
        values, ranks = self._basis(rows, basis.indicator)
        small = _few(values, minimum, profile, zeros=basis.kind != "divisor")
        unknown = (ranks != _VALUE) & ((minimum > 0) | (ranks >= _HIDDEN_FROM))
        self.ranks[rows[unknown | ((ranks == _VALUE) & small)]] = _PRIMARY

    def judge_rest(self, indicator: Indicator, part: str, whole: str, profile: Profile) -> None:
        """Hide a share, and its part, of which too few are left of the whole."""
        for name in (indicator.id, part):
            rows = self.rows(name)
            rows = rows[self.ranks[rows] == _VALUE]
            minimum = self._minimum(rows, indicator, Basis("rest", part), profile)
            (one, one_rank), (all_, rank) = self._basis(rows, part), self._basis(rows, whole)
            left = np.round(all_ - one, _NOISE)
            known = (rank == _VALUE) & (one_rank == _VALUE) & (left >= 0)
            self.ranks[rows[known & _few(left, minimum, profile)]] = _PRIMARY

    def judge_all(
        self, names: Sequence[str], indicator: Indicator, basis: Basis, profile: Profile
    ) -> None:
        """Judge indicators by what another one is judged by."""
        for name in names:
            self.judge(replace(indicator, id=name), basis, profile)

    def hide_together(self, names: Sequence[str]) -> None:
        """Hide every figure of which another of these is hidden at the same place."""
        rows = self._rows_of(names)
        self._hide_at(rows, rows)

    def hide_beside(self, name: str, others: Sequence[str]) -> None:
        """Hide every figure of others at the places where one indicator is hidden."""
        self._hide_at(self.rows(name), self._rows_of(others))

    def _rows_of(self, names: Sequence[str]) -> Array:
        return np.concatenate([np.zeros(0, np.int64), *(self.rows(name) for name in names)])

    def _hide_at(self, gone: Array, rows: Array) -> None:
        places = np.unique(self.place[gone[self.ranks[gone] >= _HIDDEN_FROM]])
        lost = rows[np.isin(self.place[rows], places) & (self.ranks[rows] == _VALUE)]
        self.ranks[lost] = _PRIMARY

    def _basis(self, rows: Array, name: str) -> tuple[Array, Array]:
        """Return value and rank of the basis beside each row; a missing cell counts as unknown."""
        there = self.rows(name)
        there = there[np.argsort(self.place[there], kind="stable")]
        values = np.zeros(len(rows))
        ranks = np.full(len(rows), algebra.STATE_RANK[CellState.UNKNOWN], self.ranks.dtype)
        if len(there) == 0:
            return values, ranks
        found = np.searchsorted(self.place[there], self.place[rows])
        found = np.minimum(found, len(there) - 1)
        same = self.place[there][found] == self.place[rows]
        values[same] = self.values[there[found[same]]]
        ranks[same] = self.ranks[there[found[same]]]
        return values, ranks

    def _minimum(self, rows: Array, indicator: Indicator, basis: Basis, profile: Profile) -> Array:
        sources = tuple(source.code for source in indicator.sources)
        by_level = [
            max(_demanded(basis, profile, level, sources), basis.value) for level in self.levels
        ]
        return np.asarray(by_level, np.float64)[self.level[rows]]

    def round(self, names: Sequence[str], base: int) -> None:
        for name in names:
            rows = self.rows(name)
            value = self.values[rows]
            self.values[rows] = np.sign(value) * np.floor(np.abs(value) / base + 0.5) * base

    def hide(self, names: Sequence[str]) -> None:
        for name in names:
            rows = self.rows(name)
            self.ranks[rows[self.ranks[rows] == _VALUE]] = _PRIMARY

    def written(self, cells: pa.Table) -> pa.Table:
        measures = algebra.with_states(
            pa.array(self.values), pa.array(self.ranks), algebra.flag_ranks(cells)
        )
        for name, column in measures.items():
            typed = column.cast(TEXT) if name != "value" else column
            cells = cells.set_column(cells.schema.get_field_index(name), name, typed)
        return cells


def _few(values: Array, minimum: Array, profile: Profile, *, zeros: bool = True) -> Array:
    """Say which numbers are too small, by the profile's rule for zero where `zeros` are judged."""
    small = np.abs(values) < minimum
    if profile.zero_shown:
        small &= values != 0
    elif zeros:
        small |= (values == 0) & (minimum > 0)
    return np.asarray(small)


def _demanded(basis: Basis, profile: Profile, level: str, sources: tuple[str, ...]) -> int:
    if basis.kind == "sample":
        return profile.min_n
    if basis.kind == "divisor":
        return profile.min_denominator
    return profile.minimum(level, sources)
