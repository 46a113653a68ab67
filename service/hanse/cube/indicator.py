"""An indicator: a measured subject with its definition, unit and aggregation rule.

The fields are those of the metadata model: one internal model that every dialect encodes, and
that a Swing indicator sheet fills. A field without a home in a standard travels as an annotation.
"""

from dataclasses import dataclass, field
from enum import StrEnum

Text = dict[str, str]
"""A text per language: `{"nl": …, "en": …, "fr": …}`; `nl` is always there."""


class MeasureType(StrEnum):
    """What kind of number it is."""

    COUNT = "count"
    SHARE = "share"
    RATE = "rate"
    MEAN = "mean"
    MEDIAN = "median"
    INDEX = "index"
    AMOUNT = "amount"
    LABEL = "label"


class Aggregation(StrEnum):
    """How parts become a whole along one axis."""

    SUM = "sum"
    WEIGHTED_MEAN = "weighted_mean"
    FIRST = "first"
    MEAN = "mean"
    NONE = "none"


class IndicatorState(StrEnum):
    """Where it is in its life (the words of the users: uitdovend, uitgedoofd, archief, intern)."""

    PLANNED = "planned"
    PUBLISHED = "published"
    PHASING_OUT = "phasing-out"
    PHASED_OUT = "phased-out"
    WITHDRAWN = "withdrawn"
    ARCHIVED = "archived"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Sample:
    """What a survey indicator must carry: unweighted n, weighted base, method and confidence.

    Indicators by id: `counted_indicator` is the unweighted numerator, `population_indicator` how
    many people the answers stand for where the weights do not say (`weight_scale` normalised),
    `lower_indicator` and `upper_indicator` the bounds that a producer supplies. The rest says what
    was asked, of whom, when and how; figures of which these differ are not measured alike.
    """

    n_indicator: str
    base_indicator: str | None = None
    stddev_indicator: str | None = None
    ci_method: str = "swing-p-weighted-fpc"
    z: float = 1.96
    counted_indicator: str | None = None
    population_indicator: str | None = None
    lower_indicator: str | None = None
    upper_indicator: str | None = None
    weight_scale: str = "population"
    population: str = ""
    field_period: str = ""
    mode: str = ""
    response_rate: str = ""
    question: str = ""
    wave: str = ""

    @property
    def members(self) -> tuple[str, ...]:
        """The indicators that stand behind the figure, its numerator left aside."""
        named = (
            self.n_indicator,
            self.base_indicator,
            self.stddev_indicator,
            self.counted_indicator,
            self.population_indicator,
            self.lower_indicator,
            self.upper_indicator,
        )
        return tuple(each for each in named if each)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the numbers come from."""

    code: str
    name: str = ""
    owner: str = ""
    url: str = ""
    licence: str = ""
    method: str = ""
    reference_date: str = ""


@dataclass(frozen=True, slots=True)
class SourceThreshold:
    """The supplier's own threshold: never loosened, by no profile and no formula."""

    value: float
    on: str | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A break in the series: from `period` on, figures do not compare with those before."""

    period: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator; `id` is lower case, `origin_code` keeps the spelling of its source.

    `freq` is the SDMX frequency (A, S, Q, M); `reference_point` says which moment a figure is about
    (`P1D@01-01`, `P1D@12-31`, `period-average`, `during-period`). `weight` is the denominator of a
    weighted mean; `formula` computes it from other indicators (the Swing grammar). `concept` names
    the shared definition it claims to implement, `definition_version` which version of it.
    """

    id: str
    name: Text
    description: Text
    unit: str
    measure_type: MeasureType = MeasureType.COUNT
    version: str = "1.0.0"
    state: IndicatorState = IndicatorState.PUBLISHED
    since: str = ""
    successor: str | None = None
    sunset_date: str = ""
    origin_code: str = ""
    short_name: Text = field(default_factory=dict)
    definition: Text = field(default_factory=dict)
    info_url: str = ""
    theme: str = ""
    keywords: tuple[str, ...] = ()
    statistical_unit: str = ""
    population: str = ""
    unit_mult: int = 0
    decimals: int = 0
    round_base: float | None = None
    aggregate_geo: Aggregation = Aggregation.SUM
    aggregate_time: Aggregation = Aggregation.NONE
    aggregate_breakdown: Aggregation = Aggregation.SUM
    weight: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    formula: str | None = None
    sample: Sample | None = None
    threshold: SourceThreshold | None = None
    direction: str = ""
    target: str = ""
    freq: str = "A"
    reference_point: str = "P1D@01-01"
    reporting_year_start: str = ""
    period_labels: bool = False
    geo_type: str = "single"
    sources: tuple[Source, ...] = ()
    quality: Text = field(default_factory=dict)
    footnote: Text = field(default_factory=dict)
    breaks: tuple[Break, ...] = ()
    provisional_from: str | None = None
    forecast_from: str | None = None
    start: str | None = None
    end: str | None = None
    concept: str | None = None
    definition_version: str = ""
    method: str = ""
    licence: str = ""
    citation: str = ""
    contact: str = ""
    steward: str = ""
    checker: str = ""
    visible: bool = True
    searchable: bool = True
    protected: bool = False
    is_cube: bool = False
    origin: dict[str, str] = field(default_factory=dict)
    """Columns of the source sheet that have no field of their own, kept for the way back."""
