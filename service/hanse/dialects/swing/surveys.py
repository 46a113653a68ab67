"""Survey indicators rebuilt from the background indicators that a workbook carries them in.

A quadruplet is a weighted numerator `_gt`, a weighted base `_gn`, an unweighted n `_n` and the
result `_p` with its formula; a triplet is a score with its weight `_vw` and its `_n`, for which no
margin can be computed. Only the result is for readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hanse.cube.indicator import Indicator, MeasureType, Sample


@dataclass(frozen=True, slots=True)
class Families:
    """Which indicators are results, and which stand behind them; all by id."""

    quadruplets: tuple[str, ...]
    scores: tuple[str, ...]
    background: frozenset[str]


def families(indicators: Sequence[Indicator]) -> Families:
    """Return the survey families among `indicators`; one that misses a member is no family."""
    ids = frozenset(each.id for each in indicators)
    quadruplets: list[str] = []
    scores: list[str] = []
    background: set[str] = set()
    for indicator in indicators:
        members = _quadruplet(indicator) or _triplet(indicator)
        if not members or not members <= ids:
            continue
        (quadruplets if indicator.formula else scores).append(indicator.id)
        background |= members
    return Families(tuple(quadruplets), tuple(scores), frozenset(background))


def rebuilt(indicators: Sequence[Indicator]) -> tuple[Indicator, ...]:
    """Return the indicators with every family's result a survey indicator, its background
    hidden."""
    found = families(indicators)
    scores = frozenset(found.scores)
    return tuple(_rebuilt(each, scores, found.background) for each in indicators)


def _rebuilt(indicator: Indicator, scores: frozenset[str], background: frozenset[str]) -> Indicator:
    if indicator.id in background:
        return replace(indicator, visible=False)
    if indicator.id in scores and indicator.threshold and indicator.threshold.on:
        sample = Sample(indicator.threshold.on, indicator.weight, ci_method="none")
        return replace(indicator, sample=sample, measure_type=MeasureType.MEAN)
    return indicator


def _quadruplet(indicator: Indicator) -> frozenset[str]:
    """Return numerator, base and n of a result with a margin, or nothing."""
    sample = indicator.sample
    if sample is None or indicator.numerator is None or indicator.denominator is None:
        return frozenset()
    if indicator.denominator != indicator.weight:
        return frozenset()
    return frozenset({indicator.numerator, indicator.denominator, sample.n_indicator})


def _triplet(indicator: Indicator) -> frozenset[str]:
    """Return weight and n of a score, or nothing."""
    threshold = indicator.threshold
    if indicator.formula or indicator.weight is None or threshold is None or not threshold.on:
        return frozenset()
    is_survey = indicator.weight.endswith("_vw") and threshold.on.endswith("_n")
    return frozenset({indicator.weight, threshold.on}) if is_survey else frozenset()
