"""Rules about sums: totals are their parts (R006), shares make a hundred (R007), nothing hidden can
be
worked out from what stands beside it (R018)."""

import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from hanse.cube import encoding
from hanse.cube.indicator import MeasureType
from hanse.node.intake.checks.case import Case, Ints
from hanse.node.intake.checks.finding import Finding, Severity
from hanse.node.intake.checks.sums import Ledger, ledgers

HUNDRED = 100.0
NEAR_HUNDRED = 2.0
"""How near to a hundred the middle row must add up before shares count as parts of one whole."""

SHARE_ROUNDING = 0.1

_NUMBERED = re.compile(r"(.+?)_?[0-9]{1,3}")


def r006(case: Case) -> Iterator[Finding]:
    """Yield totals that differ from the sum of their parts, all of them visible."""
    for ledger in ledgers(case):
        parts = np.bincount(ledger.part_groups, minlength=len(ledger.totals))
        countable = case.visible | case.void
        clear = ledger.complete & (ledger.count(case, countable) == parts)
        clear &= case.visible[ledger.totals]
        off = np.abs(ledger.sums(case) - case.values[ledger.totals]) > ledger.tolerance
        for position in ledger.totals[clear & off]:
            yield case.finding(Severity.ERROR, "R006", int(position), total=ledger.name)


def r007(case: Case) -> Iterator[Finding]:
    """Yield rows in which the shares of a whole do not make a hundred."""
    families: dict[str, list[int]] = defaultdict(list)
    numbers, names = case.codes("indicator")
    for at, name in enumerate(names):
        match = _NUMBERED.fullmatch(name)
        if match and case.by_id[name].measure_type is MeasureType.SHARE:
            families[match[1]].append(at)
    rows = case.keys("level", "area", "period", *case.dimensions)
    for stem, members in families.items():
        if len(members) < 2:
            continue
        inside = np.flatnonzero(np.isin(numbers, members) & case.visible)
        count = np.bincount(rows[inside])
        sums = np.bincount(rows[inside], weights=case.values[inside])
        full = count == len(members)
        if not full.any() or abs(np.median(sums[full]) - HUNDRED) > NEAR_HUNDRED:
            continue
        bases = [case.by_id[names[at]].round_base or SHARE_ROUNDING for at in members]
        off = full & (np.abs(sums - HUNDRED) > sum(bases) / 2 + 1e-6)
        first = inside[np.isin(rows[inside], np.flatnonzero(off))]
        _, where = np.unique(rows[first], return_index=True)
        for position in first[where]:
            yield case.finding(Severity.WARNING, "R007", int(position), stem=stem)


def r018(case: Case) -> Iterator[Finding]:
    """Yield every hidden figure that what is visible gives away, once."""
    told: set[int] = set()
    for code, positions, name in _given_away(case):
        for position in positions.tolist():
            if position not in told:
                told.add(position)
                yield case.finding(Severity.ERROR, code, position, total=name)


def _given_away(case: Case) -> Iterator[tuple[str, Ints, str]]:
    for ledger in ledgers(case):
        yield "R018", _only_hidden_part(case, ledger), ledger.name
        yield "R018", _hidden_whole(case, ledger), ledger.name
    yield from _through_ratios(case)
    if case.previous is not None:
        yield "R018_EARLIER", _shown_before(case), ""


def _only_hidden_part(case: Case, ledger: Ledger) -> Ints:
    """Return the parts that are the only hidden one of a visible whole."""
    parts = np.bincount(ledger.part_groups, minlength=len(ledger.totals))
    known = ledger.count(case, case.visible | case.void)
    alone = ledger.complete & (ledger.count(case, case.hidden) == 1) & (known == parts - 1)
    alone &= case.visible[ledger.totals]
    found: Ints = ledger.parts[alone[ledger.part_groups] & case.hidden[ledger.parts]]
    return found


def _hidden_whole(case: Case, ledger: Ledger) -> Ints:
    """Return the hidden wholes of which every part is visible."""
    parts = np.bincount(ledger.part_groups, minlength=len(ledger.totals))
    known = ledger.count(case, case.visible | case.void)
    found: Ints = ledger.totals[ledger.complete & case.hidden[ledger.totals] & (known == parts)]
    return found


def _through_ratios(case: Case) -> Iterator[tuple[str, Ints, str]]:
    """Yield numerators and denominators hidden beside a visible ratio and their visible other
    half."""
    rows = case.keys("level", "area", "period", *case.dimensions)
    numbers, names = case.codes("indicator")
    number_of = {name: at for at, name in enumerate(names)}
    for ratio in case.contract.indicators:
        members = (ratio.id, ratio.numerator or "", ratio.denominator or "")
        if not all(name in number_of for name in members):
            continue
        own, above, below = (np.flatnonzero(numbers == number_of[name]) for name in members)
        shown = rows[own[case.visible[own]]]
        for hidden, other in ((above, below), (below, above)):
            known = np.intersect1d(rows[other[case.visible[other]]], shown)
            given = hidden[case.hidden[hidden] & np.isin(rows[hidden], known)]
            yield "R018", given, case.shown(ratio.id)


def _shown_before(case: Case) -> Ints:
    """Return the hidden cells that the release before showed a number for."""
    previous = case.previous
    names = ["indicator", "level", "area", "period", *case.dimensions]
    if previous is None or any(name not in previous.column_names for name in names):
        return np.zeros(0, np.int64)
    measure = "obs_value" if "obs_value" in previous.column_names else "value"
    shown = previous.filter(pc.is_valid(previous.column(measure)))
    now = {name: encoding.encode(case.draft.cells.column(name)) for name in names}
    hidden = np.flatnonzero(case.hidden)
    before = set(zip(*(encoding.encode(shown.column(n)).to_pylist() for n in names), strict=True))
    mine = zip(*(now[name].take(hidden).to_pylist() for name in names), strict=True)
    return np.array(
        [at for at, key in zip(hidden.tolist(), mine, strict=True) if key in before], np.int64
    )
