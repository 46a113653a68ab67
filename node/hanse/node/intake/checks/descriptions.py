"""Rules about what is said of an indicator: denominators (R011), required fields (R013), names
(R014), surveys (R016), the supplier's threshold (R017), codes with a new meaning (R019)."""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from hanse.cube.indicator import Indicator, MeasureType, Sample
from hanse.cube.survey import LARGE_SAMPLE, WeightScale
from hanse.node.intake.checks.case import Case, about
from hanse.node.intake.checks.finding import Finding, Severity

NAME_CHARS_MAX = 100
CODE_CHARS_MAX = 46
"""A connector puts four characters before a code of at most fifty."""

THRESHOLD_MIN = 3.0
THRESHOLD_MAX = 100.0
"""A larger smallest figure says that figures are large, not that small ones are hidden."""

HIDDEN_MIN = 10
"""Fewer hidden figures say nothing about the rule they were hidden by."""

_TYPE = re.compile(
    r"(?:PROGNOSE|MODEL|SCENARIO|ENQUETE)?\s*"
    r"\[(?:aantal|percentage|promille|ratio|mediaan|gemiddelde|varia)\]",
    re.IGNORECASE,
)
_SURVEY = re.compile(r"\[enquête\]|\[enquete\]|^ENQU[EÊ]TE", re.IGNORECASE)


def r011(case: Case) -> Iterator[Finding]:
    """Yield ratios of which the denominator is not known, or is not the weight."""
    for each in case.contract.indicators:
        if each.measure_type not in {MeasureType.SHARE, MeasureType.RATE}:
            continue
        if each.weight is None and each.denominator is None:
            yield about(each, Severity.WARNING, "R011")
        elif each.weight and each.denominator and each.weight != each.denominator:
            yield about(
                each,
                Severity.ERROR,
                "R011_WEIGHT",
                weight=case.shown(each.weight),
                denominator=case.shown(each.denominator),
            )


def r013(case: Case) -> Iterator[Finding]:
    """Yield indicators without unit, source, licence or definition, and breakdowns nobody
    described."""
    for each in case.contract.indicators:
        if each.visible:
            for code in _missing(each, case.contract.licence):
                yield about(each, Severity.WARNING, code)
    for remark in case.draft.remarks:
        if remark.rule == "R013":
            yield Finding(
                rule="R013",
                severity=Severity.WARNING,
                message_code="R013_LEVEL",
                sheet=remark.sheet,
                row=remark.row,
                column=remark.column,
            )


def _missing(indicator: Indicator, licence: str) -> list[str]:
    counted = indicator.measure_type is MeasureType.COUNT
    fields = {
        "R013_COUNT" if counted else "R013_UNIT": indicator.unit,
        "R013_SOURCE": indicator.sources,
        "R013_LICENCE": indicator.licence or licence,
        "R013_DEFINITION": indicator.definition.get("nl") or indicator.description.get("nl"),
    }
    return [name for name, value in fields.items() if not value]


def r014(case: Case) -> Iterator[Finding]:
    """Yield names and descriptions that break the habits readers rely on."""
    shown = [each for each in case.contract.indicators if each.visible]
    names = Counter(each.name.get("nl", "").casefold() for each in shown)
    for each in case.contract.indicators:
        if len(each.origin_code or each.id) > CODE_CHARS_MAX:
            yield about(each, Severity.WARNING, "R014_CODE", limit=CODE_CHARS_MAX)
    for each in shown:
        name, description = each.name.get("nl", ""), each.description.get("nl", "")
        if description and not _TYPE.match(description):
            yield about(each, Severity.WARNING, "R014")
        if len(name) > NAME_CHARS_MAX or (name[:1].isupper() and name[1:2].islower()):
            yield about(each, Severity.INFO, "R014_NAME", limit=NAME_CHARS_MAX)
        if names[name.casefold()] > 1:
            yield about(each, Severity.WARNING, "R014_TWICE", name=name[:NAME_CHARS_MAX])


def r016(case: Case) -> Iterator[Finding]:
    """Yield survey results without their unweighted n or their base, and those without a margin."""
    ids = frozenset(case.by_id)
    for each in case.contract.indicators:
        said = _SURVEY.search(f"{each.name.get('nl', '')} {each.description.get('nl', '')}")
        sample = each.sample
        if sample is None:
            if said and each.visible:
                yield about(each, Severity.ERROR, "R016")
            continue
        absent = {sample.n_indicator, sample.base_indicator or "N"} - ids
        if absent:
            yield about(each, Severity.ERROR, "R016_ABSENT", codes=", ".join(sorted(absent)))
        elif sample.ci_method == "none":
            yield about(each, Severity.INFO, "R016_MARGIN")
        elif _is_large(case, sample):
            yield about(each, Severity.WARNING, "R016_SCALE")


def _is_large(case: Case, sample: Sample) -> bool:
    """Say whether so many answered that the weights probably do not add up to the population."""
    people = sample.population_indicator or sample.base_indicator
    if people is None or sample.weight_scale == WeightScale.NORMALISED.value:
        return False
    sums = {sample.n_indicator: 0.0, people: 0.0}
    for indicator, _, positions in case.groups():
        if indicator.id in sums:
            sums[indicator.id] += float(case.values[positions[case.visible[positions]]].sum())
    return sums[sample.n_indicator] > LARGE_SAMPLE * sums[people] > 0


def r017(case: Case) -> Iterator[Finding]:
    """Yield indicators whose supplier hides below a higher number than the contract says."""
    for indicator, level, positions in case.groups():
        if indicator.measure_type is not MeasureType.COUNT:
            continue
        shown = case.values[positions[case.visible[positions]]]
        positive = shown[shown > 0]
        hidden = int(case.hidden[positions].sum())
        if hidden < HIDDEN_MIN or not len(positive):
            continue
        declared = indicator.threshold.value if indicator.threshold else 0.0
        smallest = float(np.min(positive))
        if max(declared, THRESHOLD_MIN) < smallest <= THRESHOLD_MAX:
            yield Finding(
                rule="R017",
                severity=Severity.WARNING,
                message_code="R017",
                parameters={"level": level, "smallest": smallest, "declared": declared},
                column=case.shown(indicator.id),
                count=hidden,
                fix=f"threshold:{smallest:g}",
            )


def r019(case: Case) -> Iterator[Finding]:
    """Yield codes that were published before and now mean something else."""
    before = case.previous_contract
    for each in before.indicators if before else ():
        now = case.by_id.get(each.id)
        if now is None:
            continue
        for code, was, is_ in (
            ("R019_UNIT", each.unit, now.unit),
            ("R019_TYPE", each.measure_type.value, now.measure_type.value),
            ("R019_DEFINITION", _meaning(each), _meaning(now)),
        ):
            if was and was != is_:
                yield about(now, Severity.ERROR, code)


def _meaning(indicator: Indicator) -> str:
    """Return what may not change under the same definition version."""
    version = indicator.definition_version
    return version or " ".join(indicator.definition.get("nl", "").casefold().split())
