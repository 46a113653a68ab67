"""Everything in a draft that adds up: breakdowns to their total, areas to larger ones, brackets to
all.

Totals that a workbook does not declare are recognised by what they do: siblings with a common stem
whose sum is another indicator, row after row. One form serves the rule that sums are right and the
rule that no sum gives a hidden part away.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hanse.cube.codelist import TOTAL
from hanse.cube.indicator import Aggregation, Indicator, MeasureType
from hanse.node.intake.checks.case import Case, Floats, Ints, Truths

ROWS_MIN = 10
"""Rows that must agree before siblings count as the parts of a whole."""

AGREEMENT_MIN = 0.98
ROUNDING = 0.51
"""How far each part may be off by rounding, in units of the rounding base."""

_NUMBERED = re.compile(r"(.+?)_?([0-9]{1,3})")
_WHOLE_WORDS = frozenset({"t", "tot", "totaal", "total", "alle"})


@dataclass(frozen=True, slots=True)
class Ledger:
    """Sums of one kind: `totals[g]` is the position of the g-th whole, `part_groups` says of which
    whole each of `parts` is a part, `complete[g]` whether all its parts stand in the draft."""

    name: str
    totals: Ints
    parts: Ints
    part_groups: Ints
    complete: Truths
    tolerance: float

    def count(self, case: Case, truths: Truths) -> Ints:
        """Return how many parts of each whole are so."""
        found = np.bincount(
            self.part_groups, weights=truths[self.parts], minlength=len(self.totals)
        )
        return found.astype(np.int64)

    def sums(self, case: Case) -> Floats:
        """Return the sum of the parts that have a number."""
        figures = np.where(case.visible[self.parts], case.values[self.parts], 0.0)
        found = np.bincount(self.part_groups, weights=figures, minlength=len(self.totals))
        return found.astype(np.float64)


def ledgers(case: Case) -> list[Ledger]:
    """Return every sum in the draft."""
    return [*_breakdowns(case), *_areas(case), *_siblings(case)]


def tolerance(indicator: Indicator, parts: int) -> float:
    """Return how far the sum of `parts` rounded figures may lie from the rounded whole."""
    if indicator.round_base is not None:
        return ROUNDING * indicator.round_base * (parts + 1)
    return ROUNDING if indicator.measure_type is MeasureType.AMOUNT else 1e-6


def _breakdowns(case: Case) -> Iterator[Ledger]:
    """Yield, per breakdown, the totals that were loaded with the items they are the sum of."""
    for name in case.dimensions:
        others = [each for each in case.dimensions if each != name]
        keys = case.keys("indicator", "level", "area", "period", *others)
        numbers, texts = case.codes(name)
        is_total = numbers == (texts.index(TOTAL) if TOTAL in texts else -1)
        found = _grouped(keys, np.flatnonzero(is_total), np.flatnonzero(~is_total))
        if found is not None:
            totals, parts, groups = found
            complete = np.ones(len(totals), bool)
            yield Ledger(name.lower(), totals, parts, groups, complete, ROUNDING)


def _areas(case: Case) -> Iterator[Ledger]:
    """Yield, per pair of levels in the draft, the larger areas with the smaller ones in them."""
    levels, names = case.codes("level")
    areas, area_names = case.codes("area")
    rest = case.keys("indicator", "period", *case.dimensions)
    additive = _additive(case)
    for fine in names:
        for coarse in names:
            table = case.registry.correspondence(fine, coarse) if fine != coarse else None
            if table is None:
                continue
            parent_of = table.parent_of
            number_of = {code: at for at, code in enumerate(area_names)}
            parents = np.array([number_of.get(parent_of.get(c, ""), -1) for c in area_names])
            children: dict[int, int] = defaultdict(int)
            for parent in parent_of.values():
                children[number_of.get(parent, -1)] += 1
            whole = np.flatnonzero((levels == names.index(coarse)) & additive)
            below = np.flatnonzero((levels == names.index(fine)) & additive)
            below = below[parents[areas[below]] >= 0]
            keys = rest * (len(area_names) + 1)
            own = keys + areas
            own[below] = keys[below] + parents[areas[below]]
            found = _grouped(own, whole, below)
            if found is not None:
                totals, parts, groups = found
                wanted = np.array([children[int(areas[at])] for at in totals])
                complete = np.bincount(groups, minlength=len(totals)) == wanted
                yield Ledger(coarse, totals, parts, groups, complete, ROUNDING)


def _additive(case: Case) -> Truths:
    numbers, names = case.codes("indicator")
    of_name = np.array(
        [case.by_id[name].aggregate_geo is Aggregation.SUM for name in names], dtype=bool
    )
    found: Truths = of_name[numbers] if len(names) else np.zeros(0, bool)
    return found


def _grouped(keys: Ints, totals: Ints, parts: Ints) -> tuple[Ints, Ints, Ints] | None:
    """Return the totals that have parts, the parts that have a total, and which goes with which."""
    if not len(totals) or not len(parts):
        return None
    order = np.argsort(keys[totals], kind="stable")
    totals = totals[order]
    place = np.searchsorted(keys[totals], keys[parts])
    place = np.minimum(place, len(totals) - 1)
    match = keys[totals][place] == keys[parts]
    parts, groups = parts[match], place[match]
    used = np.unique(groups)
    if not len(used):
        return None
    return totals[used], parts, np.searchsorted(used, groups)


def _siblings(case: Case) -> Iterator[Ledger]:
    """Yield the sums of every family of indicators."""
    for _, _, ledger in _families(case):
        yield ledger


def families(case: Case, few: int = ROWS_MIN) -> dict[str, tuple[str, ...]]:
    """Return the indicators that are the sum of others, as the figures show, with their parts.

    `few` is how many rows must agree.
    """
    return {whole: members for whole, members, _ in _families(case, few)}


def _families(case: Case, few: int = ROWS_MIN) -> Iterator[tuple[str, tuple[str, ...], Ledger]]:
    """Yield the families of indicators whose members add up to another, as the figures show."""
    rows = case.keys("level", "area", "period", *case.dimensions)
    numbers, names = case.codes("indicator")
    if len(names) < 3:
        return
    height = int(rows.max()) + 1
    where = {
        name: _column(rows[mask := numbers == at], np.flatnonzero(mask), height)
        for at, name in enumerate(names)
    }
    for members, wholes in candidates(names):
        for whole in wholes:
            ledger = _family(case, where, (whole, members), few)
            if ledger is not None:
                yield whole, members, ledger
                break


def _column(rows: Ints, positions: Ints, height: int) -> Ints:
    """Return for every row the position of an indicator's cell in it, -1 where it has none."""
    found = np.full(height, -1, np.int64)
    found[rows] = positions
    return found


def candidates(names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield sets of siblings that may be parts, each with the indicators that may be their
    whole."""
    numbered: dict[str, list[str]] = defaultdict(list)
    stems: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        match = _NUMBERED.fullmatch(name)
        if match:
            numbered[match[1]].append(name)
        stem, _, last = name.rpartition("_")
        stems[stem].append(last)
    for members in numbered.values():
        others = [name for name in names if name not in members]
        yield tuple(members), others
        yield tuple(name for name in members if not re.search(r"\D0+$", name)), others
    for stem, endings in stems.items():
        lead = f"{stem}_" if stem else ""
        parts = [f"{lead}{each}" for each in endings if each not in _WHOLE_WORDS]
        yield tuple(parts), [f"{lead}{each}" for each in endings if each in _WHOLE_WORDS]


def _family(
    case: Case, where: dict[str, Ints], family: tuple[str, tuple[str, ...]], few: int
) -> Ledger | None:
    """Return the sums of siblings to a whole, if the complete rows agree that there is one."""
    whole, members = family
    if len(members) < 2:
        return None
    columns = np.stack([where[name] for name in members])
    total = where[whole]
    present = (total >= 0) & (columns >= 0).all(axis=0)
    clear = present & case.visible[total] & case.visible[columns].all(axis=0)
    sums = case.values[columns[:, clear]].sum(axis=0)
    wholes = case.values[total[clear]]
    allowed = tolerance(case.by_id[whole], len(members))
    agree = np.abs(sums - wholes) <= allowed
    telling = np.count_nonzero(wholes)
    if telling < few or agree.sum() < AGREEMENT_MIN * len(wholes):
        return None
    rows = np.flatnonzero(present)
    return Ledger(
        case.shown(whole),
        total[rows],
        columns[:, rows].T.ravel(),
        np.repeat(np.arange(len(rows)), len(members)),
        np.ones(len(rows), bool),
        allowed,
    )
