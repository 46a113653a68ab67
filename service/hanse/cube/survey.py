"""Survey figures: a result never travels without its sample, its margin and how both were made.

Margins follow the method that Swing documents ("Betrouwbaarheidsintervallen"): simple random
sampling with a correction for a finite population. Stratified designs are wider or narrower than
that, so the method's id travels with every interval, and results of different methods never count
as measured the same way.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from hanse.cube.status import Flag
from hanse.errors import Invalid

Z_OF_CONFIDENCE = MappingProxyType({90: 1.645, 95: 1.96, 99: 2.576})
"""How many standard errors a margin is, by confidence level in percent."""

LARGE_SAMPLE = 0.5
"""A sample of more than this part of its base: the base is probably not on population scale."""


class Method(StrEnum):
    """How an interval is made; the value is its id in metadata and exports."""

    WEIGHTED = "swing-p-weighted-fpc"
    UNWEIGHTED = "p-unweighted-fpc"
    MEAN = "mean-sd-fpc"
    SUPPLIED = "supplied"
    NONE = "none"


class WeightScale(StrEnum):
    """What the weights add up to: the population, or the sample itself."""

    POPULATION = "population"
    NORMALISED = "normalised"


@dataclass(frozen=True, slots=True)
class Answered:
    """The quadruplet of one question in one area and wave.

    `weighted` and `base` are the weighted numerator and denominator, `n` the unweighted number of
    answers, `counted` the unweighted numerator where a producer delivers it. `population` is how
    many people the answers stand for, where the weights do not add up to it.
    """

    weighted: float
    base: float
    n: float
    counted: float | None = None
    population: float | None = None


@dataclass(frozen=True, slots=True)
class Practice:
    """How results of a survey are made and when they are shown.

    Below `n_min` unweighted answers a result is not shown; below `n_firm`, or with a margin over
    `margin_max` percentage points, it is shown as little reliable.
    """

    method: Method = Method.WEIGHTED
    z: float = Z_OF_CONFIDENCE[95]
    scale: WeightScale = WeightScale.POPULATION
    n_min: float = 0
    n_firm: float = 0
    margin_max: float = 10.0


@dataclass(frozen=True, slots=True)
class Result:
    """A percentage with its margin in percentage points; both None where `shown` is False.

    `warnings` are message codes. A result without a margin says so: its method is `none`.
    """

    value: float | None
    margin: float | None
    method: Method
    shown: bool = True
    flag: Flag = Flag.NORMAL
    warnings: tuple[str, ...] = ()

    @property
    def interval(self) -> tuple[float, float] | None:
        """Lower and upper bound, or None where there is no margin."""
        if self.value is None or self.margin is None:
            return None
        return self.value - self.margin, self.value + self.margin


def result(answered: Answered, practice: Practice) -> Result:
    """Return the percentage of one area and wave.

    A hidden result shows neither its sample nor its base. Raises `Invalid` (SURVEY_SAMPLE) for a
    sample that is larger than what it was drawn from, and for counts below zero.
    """
    _check(answered, practice)
    if answered.n <= 0 or answered.n < practice.n_min or answered.base <= 0:
        return Result(None, None, practice.method, shown=False, warnings=("SURVEY_SMALL",))
    value = 100 * answered.weighted / answered.base
    made = _margin(value, answered, practice)
    warnings = _warnings(made, answered, practice)
    soft = answered.n < practice.n_firm or (made is not None and made > practice.margin_max)
    certain = made == 0.0 and value in {0.0, 100.0}
    flag = Flag.LOW_RELIABILITY if soft or certain else Flag.NORMAL
    return Result(value, made, practice.method, flag=flag, warnings=warnings)


def _check(answered: Answered, practice: Practice) -> None:
    drawn_from = _population(answered, practice)
    counts = (answered.weighted, answered.base, answered.n, answered.counted or 0.0)
    if min(counts) < 0 or not all(map(math.isfinite, counts)):
        raise Invalid("SURVEY_SAMPLE", n=answered.n, base=answered.base)
    if drawn_from is not None and answered.n > drawn_from > 0:
        raise Invalid("SURVEY_SAMPLE", n=answered.n, base=drawn_from)


def _population(answered: Answered, practice: Practice) -> float | None:
    """Return how many people the sample was drawn from; None where the weights do not say."""
    if answered.population is not None:
        return answered.population
    return answered.base if practice.scale is WeightScale.POPULATION else None


def _margin(value: float, answered: Answered, practice: Practice) -> float | None:
    if practice.method is Method.UNWEIGHTED:
        if answered.counted is None:
            raise Invalid("SURVEY_COUNT_ABSENT", method=practice.method.value)
        value = 100 * answered.counted / answered.n
    elif practice.method is not Method.WEIGHTED:
        return None
    return proportion_margin(value, answered.n, _population(answered, practice), practice.z)


def proportion_margin(
    percentage: float, n: float, population: float | None, z: float = Z_OF_CONFIDENCE[95]
) -> float:
    """Return z · √(p·(100 - p) / n) · √(1 - n / N) in percentage points; None: N is very large."""
    inside = max(percentage * (100 - percentage), 0.0)
    return z * math.sqrt(inside / n) * _finite(n, population)


def mean_margin(
    deviation: float, n: float, population: float | None, z: float = Z_OF_CONFIDENCE[95]
) -> float:
    """Return z · (s / √n) · √(1 - n / N), in the unit of the mean."""
    return z * deviation / math.sqrt(n) * _finite(n, population)


def _finite(n: float, population: float | None) -> float:
    return 1.0 if population is None else math.sqrt(max(1 - n / population, 0.0))


def _warnings(made: float | None, answered: Answered, practice: Practice) -> tuple[str, ...]:
    drawn_from = _population(answered, practice)
    found = {
        "SURVEY_NO_MARGIN": made is None,
        "SURVEY_BASE_SMALL": drawn_from is not None and answered.n > LARGE_SAMPLE * drawn_from,
        "SURVEY_WIDE": made is not None and made > practice.margin_max,
    }
    return tuple(code for code, holds in found.items() if holds)


def together(parts: Iterable[Answered]) -> Answered:
    """Return the quadruplet of a whole: sums, never a mean of percentages or of margins."""
    listed = list(parts)
    counted = [each.counted for each in listed]
    people = [each.population for each in listed]
    return Answered(
        sum(each.weighted for each in listed),
        sum(each.base for each in listed),
        sum(each.n for each in listed),
        None if None in counted else sum(each or 0.0 for each in counted),
        None if None in people else sum(each or 0.0 for each in people),
    )


@dataclass(frozen=True, slots=True)
class Gap:
    """What lies between two results; `significant` is None where nothing can be said of it."""

    difference: float | None
    margin: float | None
    significant: bool | None
    code: str


def gap(first: Result, second: Result) -> Gap:
    """Return the difference of two independent samples: two areas, or two waves.

    Its margin is √(m₁² + m₂²); it is significant where it is larger than that. Results that were
    made in different ways, or without a margin, cannot be told apart.
    """
    if first.value is None or second.value is None:
        return Gap(None, None, None, "SURVEY_GAP_HIDDEN")
    difference = second.value - first.value
    if first.method is not second.method:
        return Gap(difference, None, None, "SURVEY_GAP_METHOD")
    if first.margin is None or second.margin is None:
        return Gap(difference, None, None, "SURVEY_GAP_NO_MARGIN")
    margin = math.hypot(first.margin, second.margin)
    significant = abs(difference) > margin
    return Gap(difference, margin, significant, "SURVEY_GAP" if significant else "SURVEY_GAP_NOT")
