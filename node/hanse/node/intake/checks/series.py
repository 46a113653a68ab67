"""Rules about figures through time: blank or zero by mistake (R002), outliers (R008), negative
counts
(R012), breaks nobody wrote down (R015)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hanse.cube.indicator import MeasureType
from hanse.cube.period import MONTHS
from hanse.node.intake.checks.case import Case, Floats, Ints, Truths
from hanse.node.intake.checks.finding import Finding, Severity

SUSPICIOUS_NEIGHBOUR = 20.0
"""A zero between two figures at least this large is probably a blank."""

OUTLIER_Z = 12.0
OUTLIER_CHANGE = 50.0
"""Smaller changes are not worth a person's time, however rare."""

OUTLIERS_LISTED = 10
"""Per indicator and level, the strangest first."""

BREAK_RATIO = 1.5
BREAK_AREAS_MIN = 10


@dataclass(frozen=True, slots=True)
class Steps:
    """Pairs of cells of one series, one period apart: the positions before and after."""

    before: Ints
    after: Ints


def r002(case: Case) -> Iterator[Finding]:
    """Yield zeros between two large figures, and blanks between two figures."""
    steps = _steps(case)
    for position in _lonely_zeros(case, steps):
        yield case.finding(Severity.WARNING, "R002_ZERO", int(position))
    for indicator, level, positions in case.groups():
        width = MONTHS[indicator.freq]
        months, counts = _gaps(case, positions, width)
        for month, count in zip(months.tolist(), counts.tolist(), strict=True):
            yield Finding(
                rule="R002",
                severity=Severity.WARNING,
                message_code="R002",
                parameters={"level": level, "period": f"{(month - 1) // 12}"},
                column=case.shown(indicator.id),
                count=int(count),
            )


def _lonely_zeros(case: Case, steps: Steps) -> Ints:
    values = np.nan_to_num(case.values)
    high_before = np.zeros(len(values), bool)
    high_after = np.zeros(len(values), bool)
    high_before[steps.after] = values[steps.before] >= SUSPICIOUS_NEIGHBOUR
    high_after[steps.before] = values[steps.after] >= SUSPICIOUS_NEIGHBOUR
    found: Ints = np.flatnonzero(case.visible & (values == 0) & high_before & high_after)
    return found


def _gaps(case: Case, positions: Ints, width: int) -> tuple[Ints, Ints]:
    """Return the months in which series that go on have no cell, and how many series those are."""
    keys = case.keys("area", *case.dimensions)[positions]
    months = case.months[positions]
    order = np.lexsort((months, keys))
    keys, months = keys[order], months[order]
    jumps = (keys[1:] == keys[:-1]) & (months[1:] - months[:-1] == 2 * width)
    present = np.unique(months)
    missing = months[1:][jumps] - width
    missing = missing[np.isin(missing, present)]
    found: tuple[Ints, Ints] = np.unique(missing, return_counts=True)
    return found


def _steps(case: Case) -> Steps:
    """Return every pair of visible figures one period apart in the same series."""
    keys = case.keys("indicator", "level", "area", *case.dimensions)
    order = np.lexsort((case.months, keys))
    order = order[case.visible[order]]
    numbers, names = case.codes("indicator")
    widths = np.array([MONTHS[case.by_id[name].freq] for name in names] or [12], np.int64)
    one, two = order[:-1], order[1:]
    follows = (keys[one] == keys[two]) & (
        case.months[two] - case.months[one] == widths[numbers[two]]
    )
    return Steps(one[follows], two[follows])


def r008(case: Case) -> Iterator[Finding]:
    """Yield figures that changed far more since the period before than others of their kind did."""
    steps = _steps(case)
    before, after = case.values[steps.before], case.values[steps.after]
    change = _log_change(before, after)
    for group in _by_indicator_and_level(case, steps.after):
        z = np.abs(_robust_z(change[group]))
        large = np.abs(after[group] - before[group]) >= OUTLIER_CHANGE
        strange = group[(z > OUTLIER_Z) & large]
        strange = strange[np.argsort(-np.abs(change[strange]), kind="stable")]
        for at in strange[:OUTLIERS_LISTED]:
            yield case.finding(Severity.INFO, "R008", int(steps.after[at]), found=len(strange))


def _log_change(before: Floats, after: Floats) -> Floats:
    """Return how much figures changed, such that doubling weighs the same everywhere."""
    found: Floats = np.log1p(np.maximum(after, 0.0)) - np.log1p(np.maximum(before, 0.0))
    return found


def _robust_z(change: Floats) -> Floats:
    """Return how far from the middle each is, in robust standard deviations; 0 where none
    varies."""
    middle = np.median(change)
    spread = np.median(np.abs(change - middle))
    found: Floats = 0.6745 * (change - middle) / spread if spread else np.zeros(len(change))
    return found


def _by_indicator_and_level(case: Case, positions: Ints) -> list[Ints]:
    keys = case.keys("indicator", "level")[positions]
    order = np.argsort(keys, kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    return [part for part in np.split(order, cuts) if len(part)]


def r012(case: Case) -> Iterator[Finding]:
    """Yield negative figures of an indicator that counts."""
    numbers, names = case.codes("indicator")
    counts = np.array(
        [case.by_id[name].measure_type is MeasureType.COUNT for name in names] or [False]
    )
    with np.errstate(invalid="ignore"):
        wrong: Truths = case.visible & (case.values < 0)
    if not wrong.any():
        return
    for position in np.flatnonzero(wrong & counts[numbers]).tolist():
        if case.by_id[names[numbers[position]]].unit:
            yield case.finding(Severity.ERROR, "R012", position)
        else:
            yield case.finding(Severity.WARNING, "R012_UNIT", position)


def r015(case: Case) -> Iterator[Finding]:
    """Yield periods in which an indicator as a whole jumps, and no break is written down."""
    steps = _steps(case)
    numbers, names = case.codes("indicator")
    periods, texts = case.codes("period")
    for group in _by_indicator_and_level(case, steps.after):
        after, before = steps.after[group], steps.before[group]
        indicator = case.by_id[names[numbers[after[0]]]]
        known = {each.period for each in indicator.breaks}
        for period in np.unique(periods[after]).tolist():
            here = periods[after] == period
            if texts[period] in known or here.sum() < BREAK_AREAS_MIN:
                continue
            one, two = case.values[before[here]].sum(), case.values[after[here]].sum()
            if min(one, two) > 0 and max(one / two, two / one) > BREAK_RATIO:
                position = int(after[here][0])
                found = case.finding(Severity.WARNING, "R015", position)
                yield Finding(
                    rule="R015",
                    severity=Severity.WARNING,
                    message_code="R015",
                    parameters=found.parameters,
                    column=found.column,
                    count=int(here.sum()),
                )
