"""Survey indicators rebuilt from the background indicators that a workbook carries them in.

A quadruplet is a weighted numerator `_gt`, a weighted base `_gn`, an unweighted n `_n` and the
result `_p` with its formula; a triplet is a score with its weight `_vw` and its `_n`, for which no
margin can be computed. Only the result is for readers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hanse.cube.indicator import Aggregation, Indicator, MeasureType, Sample
from hanse.cube.survey import Z_OF_CONFIDENCE, Method, WeightScale
from hanse.dialects.swing.grid import folded_code
from hanse.errors import Invalid

RESULT, NUMERATOR, BASE, ANSWERS, COUNTED = "_p", "_gt", "_gn", "_n", "_t"
"""How the indicators of one question end: percentage, weighted numerator and denominator, number of
answers, and, where a producer gives it, the unweighted numerator."""

QUOTIENT_DECIMALS: Final = 1
"""Decimals of a share, rate, mean or index that no sheet says how to round."""

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "CI method": tuple(each.value for each in Method),
    "Weight scale": tuple(each.value for each in WeightScale),
    "Confidence": tuple(str(each) for each in Z_OF_CONFIDENCE),
}


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


def sample_of(row: Mapping[str, str], weight: str | None) -> Sample | None:
    """Return what a row of the indicator sheet says of a sample, or None.

    Raises `Invalid` (SURVEY_WORD) for a method, a scale or a confidence that does not exist.
    """

    def code(header: str) -> str | None:
        return folded_code(row[header]) if row.get(header) else None

    n_indicator = code("Sample indicator")
    if n_indicator is None:
        return None
    words = {header: _word(row, header) for header in _CHOICES}
    stddev = code("Stddev indicator")
    usual = Method.MEAN if stddev else Method.WEIGHTED
    return Sample(
        n_indicator=n_indicator,
        base_indicator=code("Base indicator") or weight,
        stddev_indicator=stddev,
        ci_method=words["CI method"] or usual.value,
        z=Z_OF_CONFIDENCE[int(words["Confidence"] or 95)],
        counted_indicator=code("Unweighted numerator"),
        population_indicator=code("Population indicator"),
        lower_indicator=code("Lower bound indicator"),
        upper_indicator=code("Upper bound indicator"),
        weight_scale=words["Weight scale"] or WeightScale.POPULATION.value,
        population=row.get("Survey population", ""),
        field_period=row.get("Field period", ""),
        mode=row.get("Mode", ""),
        response_rate=row.get("Response rate", ""),
        question=row.get("Question", ""),
        wave=row.get("Wave", ""),
    )


def _word(row: Mapping[str, str], header: str) -> str:
    word = row.get(header, "").removesuffix("%").strip()
    if word and word not in _CHOICES[header]:
        code, choice = row["Indicator code"][:60], ", ".join(_CHOICES[header])
        raise Invalid("SURVEY_WORD", code=code, column=header, text=word[:40], choice=choice)
    return word


def recognised(indicators: Sequence[Indicator]) -> tuple[Indicator, ...]:
    """Return the indicators with every quadruplet that nobody described a survey by its names.

    A table without an indicator sheet says by its column names alone what belongs together. A
    result that it does not give is added: it follows from the others.
    """
    by_id = {each.id: each for each in indicators}
    for stem in dict.fromkeys(_stems(by_id)):
        numerator, base, answers = (f"{stem}{end}" for end in (NUMERATOR, BASE, ANSWERS))
        known = by_id.get(f"{stem}{RESULT}")
        if not {numerator, base, answers} <= by_id.keys() or (known and known.sample):
            continue
        behind = [each for each in (numerator, base, answers, f"{stem}{COUNTED}") if each in by_id]
        counted = behind[3] if len(behind) > 3 else None
        by_id |= {each: _behind(by_id[each]) for each in behind}
        by_id[f"{stem}{RESULT}"] = replace(
            known or Indicator(f"{stem}{RESULT}", {"nl": stem}, {"nl": ""}, "p"),
            unit="p",
            decimals=known.decimals if known and known.round_base else QUOTIENT_DECIMALS,
            measure_type=MeasureType.SHARE,
            aggregate_geo=Aggregation.WEIGHTED_MEAN,
            aggregate_breakdown=Aggregation.WEIGHTED_MEAN,
            weight=base,
            numerator=numerator,
            denominator=base,
            formula=f"{numerator} / {base} * 100",
            sample=Sample(answers, base, counted_indicator=counted),
        )
    return tuple(by_id.values())


def _stems(ids: Mapping[str, Indicator]) -> Iterator[str]:
    """Yield what the names of a question begin with, for indicators of which nothing is said."""
    for code, indicator in ids.items():
        if code.endswith((NUMERATOR, BASE)) and not indicator.unit:
            yield code[: -len(BASE)]


def _behind(indicator: Indicator) -> Indicator:
    """Return an indicator behind a result: a count that is added up, and not for readers."""
    if indicator.unit:
        return replace(indicator, visible=False)
    return replace(
        indicator,
        unit="aantal",
        visible=False,
        aggregate_geo=Aggregation.SUM,
        aggregate_breakdown=Aggregation.SUM,
    )


def rebuilt(indicators: Sequence[Indicator]) -> tuple[Indicator, ...]:
    """Return the indicators with every family's result a survey indicator, its background
    hidden."""
    found = families(indicators)
    scores = frozenset(found.scores)
    samples = [each.sample for each in indicators if each.sample]
    bounds = {
        name
        for each in samples
        for name in (each.stddev_indicator, each.lower_indicator, each.upper_indicator)
    }
    known = (_alone(each) if each.id in bounds else each for each in indicators)
    return tuple(_rebuilt(each, scores, found.background) for each in known)


def _alone(indicator: Indicator) -> Indicator:
    """Return a bound or a deviation: of a whole it does not follow from those of its parts."""
    none = Aggregation.NONE
    return replace(indicator, visible=False, aggregate_geo=none, aggregate_breakdown=none)


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
