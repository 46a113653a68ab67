"""A row of the indicator sheet as an indicator, and an indicator as a row.

Whatever the fields would not write back as it stood (a column without a field, a Dutch data type, a
code with capitals) travels in `Indicator.origin` under its English header, so that the row comes
back.
"""

import html
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from hanse.cube import units
from hanse.cube.indicator import (
    Aggregation,
    Break,
    Indicator,
    IndicatorState,
    MeasureType,
    Source,
    SourceThreshold,
)
from hanse.dialects.swing.grid import folded_code, indicator_id
from hanse.dialects.swing.surveys import QUOTIENT_DECIMALS, sample_of
from hanse.errors import Invalid

_LIFECYCLE = re.compile(
    r"(?P<word>UITDOVEND|UITGEDOOFD|ARCHIEF|INTERN)\s*"
    r"(?:\(sinds (?P<since>[^)]*)\))?\s*-\s*(?P<name>.*)",
    re.DOTALL,
)
_STATES = MappingProxyType(
    {
        "UITDOVEND": IndicatorState.PHASING_OUT,
        "UITGEDOOFD": IndicatorState.PHASED_OUT,
        "ARCHIEF": IndicatorState.ARCHIVED,
        "INTERN": IndicatorState.INTERNAL,
    }
)
_RATIO = re.compile(r"\s*([a-z][a-z0-9_]*)\s*/\s*([a-z][a-z0-9_]*)\s*(?:\*\s*[\d.]+\s*)?")
_TAG = re.compile(r"<[^<>]{0,200}>")

_COUNTED = frozenset({"aantal", "personen", "huishoudens", "gezinnen"})
_SHARES = frozenset({"p", "%"})
_UNITLESS_TYPES = frozenset({"label", "text", "tekst", "other", "overig"})
_MEANS = frozenset({"mean", "gemiddelde"})

_QUOTIENTS = frozenset({MeasureType.SHARE, MeasureType.RATE, MeasureType.MEAN, MeasureType.INDEX})

_TIME = MappingProxyType(
    {
        "stock": (Aggregation.FIRST, "P1D@01-01"),
        "stand": (Aggregation.FIRST, "P1D@01-01"),
        "pending": (Aggregation.SUM, "during-period"),
        "lopend": (Aggregation.SUM, "during-period"),
        "gemiddelde stand": (Aggregation.MEAN, "period-average"),
        "independent": (Aggregation.FIRST, ""),
        "onafhankelijk": (Aggregation.FIRST, ""),
    }
)
_GEO_TYPES = MappingProxyType(
    {
        "single": "single",
        "enkelvoudig": "single",
        "stream": "stream",
        "stroom": "stream",
        "saldo": "saldo",
        "meervoudig": "multiple",
    }
)
_GEO_HEADERS = MappingProxyType(
    {"single": "Single", "stream": "Stream", "saldo": "Saldo", "multiple": "Meervoudig"}
)
Row = Mapping[str, str]
"""A row of the sheet: English header (or an unknown header as it stands) → text, blanks left
out."""


def from_row(row: Row, sheet: str) -> Indicator:
    """Return the indicator a row describes.

    Raises `Invalid` for a code that cannot be one, a number that is none, or inter- and
    extrapolation: a figure nobody measured is not published.
    """
    code = row["Indicator code"]
    for header in ("Interpolation", "Extrapolation"):
        if _number(row, header, sheet) not in (None, 0.0):
            raise Invalid("SWING_INTERPOLATION", code=code, sheet=sheet)
    kind = _Kind.of(row)
    state, since, name = _life(row.get("Name", ""))
    weight = _code(row, "Aggregation indicator")
    formula = folded_code(row.get("Formula", "")) or None
    numerator, denominator = _ratio(formula)
    round_base = _number(row, "RoundOff", sheet)
    threshold = _number(row, "Threshold value", sheet)
    steward, _, checker = row.get("Free textfield", "").partition("_")
    indicator = Indicator(
        id=indicator_id(code, sheet),
        name={"nl": name or code},
        description={"nl": plain(row.get("Description", ""))},
        unit=row.get("Unit", ""),
        measure_type=kind.measure,
        state=state,
        since=since,
        origin_code=code,
        info_url=row.get("More information", ""),
        keywords=tuple(each.strip() for each in row.get("Keywords", "").split(",") if each.strip()),
        decimals=_decimals(round_base, kind.measure),
        round_base=round_base,
        aggregate_geo=kind.over_areas(row, weight, denominator),
        aggregate_time=kind.over_periods(row, weight),
        aggregate_breakdown=kind.over_areas({}, weight, denominator),
        weight=weight,
        numerator=numerator,
        denominator=denominator,
        formula=formula,
        sample=sample_of(row, weight),
        threshold=_threshold(threshold, row),
        reference_point=row.get("Reference point")
        or _TIME.get(row.get("Periode type", "").lower(), (None, "P1D@01-01"))[1],
        concept=row.get("Concept") or None,
        definition_version=row.get("Definition version", ""),
        method=row.get("Method", ""),
        breaks=_breaks(row.get("Breaks", "")),
        reporting_year_start=row.get("Reporting year start", ""),
        period_labels=_yes(row, "Use alternative period names", default=False),
        geo_type=_GEO_TYPES.get(row.get("Geo type", "").lower(), "single"),
        sources=(Source(row["Source"]),) if row.get("Source") else (),
        footnote={"nl": plain(row["Footnote"])} if row.get("Footnote") else {},
        provisional_from=row.get("Provisional period") or None,
        forecast_from=row.get("Forecast period") or None,
        start=row.get("Start period") or None,
        end=row.get("End period") or None,
        steward=steward,
        checker=checker,
        visible=_yes(row, "Visible", default=True),
        searchable=not _yes(row, "Exclude from Search", default=False),
        protected=_yes(row, "Protected", default=False),
        is_cube=_yes(row, "Cube", default=False),
    )
    return _with_origin(indicator, row)


def _decimals(round_base: float | None, measure: MeasureType) -> int:
    """Return how many decimals a figure has: as its sheet rounds it, else as its kind has them."""
    if round_base:
        return max(0, -math.floor(math.log10(round_base)))
    return QUOTIENT_DECIMALS if measure in _QUOTIENTS else 0


def _breaks(text: str) -> tuple[Break, ...]:
    """Return the breaks of `2021: nieuwe telling; 2023: …`."""
    told = (each.partition(":") for each in text.split(";") if each.strip())
    return tuple(Break(period.strip(), {"nl": reason.strip()}) for period, _, reason in told)


def undescribed(indicator: str, code: str) -> Indicator:
    """Return an indicator of which only the code is known: what it measures may not be added up."""
    return Indicator(
        id=indicator,
        name={"nl": code},
        description={"nl": ""},
        unit="",
        origin_code=code,
        aggregate_geo=Aggregation.NONE,
        aggregate_breakdown=Aggregation.NONE,
    )


def plain(text: str) -> str:
    """Return text without mark-up."""
    return html.unescape(_TAG.sub("", text)).strip()


@dataclass(frozen=True, slots=True)
class _Kind:
    """What kind of number a row describes, from its data type, unit and description."""

    measure: MeasureType
    additive: bool
    by_unit: bool = False

    @classmethod
    def of(cls, row: Row) -> "_Kind":
        data_type = row.get("Data type", "").lower()
        unit = row.get("Unit", "").lower()
        described = f"{row.get('Name', '')} {row.get('Description', '')}".lower()
        if "[mediaan]" in described or described.startswith("mediaan"):
            return cls(MeasureType.MEDIAN, additive=False)
        if data_type in _UNITLESS_TYPES:
            return cls(MeasureType.LABEL, additive=False)
        if data_type in _MEANS or unit.startswith("score"):
            return cls(MeasureType.MEAN, additive=False)
        if data_type.startswith("percentage"):
            measure = MeasureType.SHARE if unit in _SHARES else MeasureType.RATE
            return cls(measure, additive=False)
        apart = units.apart(unit)
        if apart is not None:
            return cls(apart, additive=False, by_unit=True)
        counted = unit in _COUNTED or not unit
        return cls(MeasureType.COUNT if counted else MeasureType.AMOUNT, additive=True)

    def over_areas(self, row: Row, weight: str | None, denominator: str | None) -> Aggregation:
        if not _yes(row, "Aggregate geoitems", default=True):
            return Aggregation.NONE
        summed = self.by_unit and row.get("Aggregate geoitems") and not (weight or denominator)
        if self.additive or summed:  # a unit that is no sum, and a sheet that says it is one
            return Aggregation.SUM
        if self.measure in {MeasureType.MEDIAN, MeasureType.LABEL}:
            return Aggregation.NONE
        return Aggregation.WEIGHTED_MEAN if weight or denominator else Aggregation.NONE

    def over_periods(self, row: Row, weight: str | None) -> Aggregation:
        if not _yes(row, "Aggregate periods", default=True):
            return Aggregation.NONE
        rule = _TIME.get(row.get("Periode type", "").lower(), (Aggregation.NONE, ""))[0]
        if rule is Aggregation.SUM and not self.additive:
            return Aggregation.WEIGHTED_MEAN if weight else Aggregation.NONE
        return rule


def _life(name: str) -> tuple[IndicatorState, str, str]:
    """Return state, since when, and the name without the word that said so."""
    match = _LIFECYCLE.fullmatch(name.strip())
    if match is None:
        return IndicatorState.PUBLISHED, "", plain(name)
    return _STATES[match["word"]], match["since"] or "", plain(match["name"])


def _ratio(formula: str | None) -> tuple[str | None, str | None]:
    match = _RATIO.fullmatch(formula) if formula else None
    return (match[1], match[2]) if match else (None, None)


def _code(row: Row, header: str) -> str | None:
    return folded_code(row[header]) if row.get(header) else None


def _threshold(value: float | None, row: Row) -> SourceThreshold | None:
    return None if value is None else SourceThreshold(value, _code(row, "Threshold indicator"))


def _number(row: Row, header: str, sheet: str) -> float | None:
    text = row.get(header)
    if not text:
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError as fault:
        raise Invalid(
            "SWING_INDICATOR_NUMBER", code=row["Indicator code"][:60], column=header, sheet=sheet
        ) from fault


def _yes(row: Row, header: str, *, default: bool) -> bool:
    text = row.get(header, "").lower()
    return default if not text else text in {"1", "1.0", "true", "waar", "ja", "yes"}


def _with_origin(indicator: Indicator, row: Row) -> Indicator:
    """Return the indicator with every column in its origin that its fields would not write back."""
    written = to_row(indicator)
    origin = {
        header: text for header, text in row.items() if text != spelled(written.get(header, ""))
    }
    return replace(indicator, origin=origin)


def spelled(value: object) -> str:
    """Return a value of the indicator sheet as a person would write it: 5, not 5.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def to_row(indicator: Indicator) -> dict[str, str | float]:
    """Return the 42 columns of an indicator by their English headers; a column left out is
    blank."""
    sample, threshold = indicator.sample, indicator.threshold
    given: dict[str, str | float | None] = {
        "Indicator code": indicator.origin_code or indicator.id,
        "Name": indicator.name["nl"],
        "Description": indicator.description.get("nl"),
        "More information": indicator.info_url,
        "Unit": indicator.unit,
        "Source": indicator.sources[0].code if indicator.sources else None,
        "Base indicator": sample.base_indicator
        if sample and sample.base_indicator != indicator.weight
        else None,
        "Aggregation indicator": indicator.weight,
        "Sample indicator": sample.n_indicator if sample and sample.ci_method != "none" else None,
        "Stddev indicator": sample.stddev_indicator if sample else None,
        "Formula": indicator.formula,
        "Data type": _data_type(indicator),
        "Periode type": _period_type(indicator),
        "Geo type": _GEO_HEADERS[indicator.geo_type],
        "Visible": float(indicator.visible),
        "Start period": indicator.start,
        "End period": indicator.end,
        "Forecast period": indicator.forecast_from,
        "Interpolation": 0.0,
        "Extrapolation": 0.0,
        "Threshold value": threshold.value if threshold else None,
        "Threshold indicator": threshold.on if threshold else None,
        "Aggregate geoitems": float(indicator.aggregate_geo is not Aggregation.NONE),
        "Aggregate periods": float(indicator.aggregate_time is not Aggregation.NONE),
        "Footnote": indicator.footnote.get("nl"),
        "Free textfield": "_".join(part for part in (indicator.steward, indicator.checker) if part),
        "Cube": float(indicator.is_cube),
        "Use alternative period names": 1.0 if indicator.period_labels else None,
        "Protected": float(indicator.protected),
        "RoundOff": indicator.round_base,
        "Provisional period": indicator.provisional_from,
        "Keywords": ", ".join(indicator.keywords),
        "Exclude from Search": float(not indicator.searchable),
        "Reporting year start": indicator.reporting_year_start,
    }
    filled = {header: value for header, value in given.items() if value not in (None, "")}
    return {**filled, **indicator.origin}


def _data_type(indicator: Indicator) -> str:
    if indicator.measure_type in {MeasureType.SHARE, MeasureType.RATE}:
        return "Percentage (sum)"
    if indicator.measure_type is MeasureType.LABEL:
        return "Label"
    return "Mean" if indicator.measure_type is MeasureType.MEAN else "Numeric"


def _period_type(indicator: Indicator) -> str:
    words = {"during-period": "Pending", "period-average": "Gemiddelde stand"}
    return words.get(indicator.reference_point, "Stock")
