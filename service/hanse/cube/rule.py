"""Which rule makes wholes of the cells of each indicator, given what it can be computed from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from hanse.cube.expression import Binary, Number, Series
from hanse.cube.formula import Formula, parse
from hanse.cube.indicator import Aggregation, Indicator, SourceThreshold

UNIT_SCALES = MappingProxyType(
    {"p": 100.0, "%": 100.0, "promille": 1_000.0, "ratio_100": 100.0, "ratio_1000": 1_000.0}
)
"""By what numerator over denominator is multiplied, by unit; by one for every other unit."""


class Rule(StrEnum):
    """How the cells of one indicator become those of a whole."""

    SUM = "sum"
    FORMULA = "formula"
    WEIGHTED = "weighted"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Plan:
    """The rule of every indicator, the formulas that are to be evaluated, and their thresholds."""

    rules: Mapping[str, Rule]
    formulas: Mapping[str, Formula]
    thresholds: Mapping[str, SourceThreshold]

    def of(self, rule: Rule) -> frozenset[str]:
        """Return the indicators that follow a rule."""
        return frozenset(code for code in self.rules if self.rules[code] is rule)


def plan(
    aggregations: Mapping[str, Aggregation],
    indicators: Sequence[Indicator],
    present: Collection[str],
) -> Plan:
    """Return how each indicator is aggregated.

    `aggregations` is the rule each has on this axis, `present` the indicators that have cells. A
    weighted mean whose formula, numerator and denominator, or weight has no cells cannot be
    computed, and follows the rule for what cannot: none.
    """
    movable = {i.id for i in indicators if aggregations[i.id] in _COMPUTED}
    formulas = computable([each for each in indicators if each.id in movable], present)
    rules = {each.id: _rule(each, aggregations[each.id], formulas, present) for each in indicators}
    return Plan(rules, formulas, thresholds(indicators))


_COMPUTED = frozenset({Aggregation.SUM, Aggregation.WEIGHTED_MEAN})


def _rule(
    indicator: Indicator,
    aggregation: Aggregation,
    formulas: Mapping[str, Formula],
    present: Collection[str],
) -> Rule:
    if indicator.id in formulas:
        return Rule.FORMULA
    if aggregation is Aggregation.SUM:
        return Rule.SUM
    weighted = aggregation is Aggregation.WEIGHTED_MEAN and (indicator.weight or "") in present
    return Rule.WEIGHTED if weighted else Rule.NONE


def computable(indicators: Sequence[Indicator], present: Collection[str]) -> dict[str, Formula]:
    """Return the formulas whose inputs have cells, or get them from another such formula."""
    formulas = {each.id: found for each in indicators if (found := _formula(each)) is not None}
    while True:
        reachable = formulas.keys() | set(present)
        left = {code: each for code, each in formulas.items() if each.inputs <= reachable}
        if len(left) == len(formulas):
            return left
        formulas = left


def _formula(indicator: Indicator) -> Formula | None:
    if indicator.formula:
        return parse(indicator.formula)
    if indicator.numerator is None or indicator.denominator is None:
        return None
    scale = UNIT_SCALES.get(indicator.unit, 1.0)
    ratio = Binary("/", Series(indicator.numerator), Series(indicator.denominator))
    text = f"{indicator.numerator} / {indicator.denominator} * {scale:g}"
    return Formula(text, Binary("*", ratio, Number(scale)))


def thresholds(indicators: Sequence[Indicator]) -> dict[str, SourceThreshold]:
    """Return the supplier's threshold of every indicator that has one."""
    return {each.id: each.threshold for each in indicators if each.threshold is not None}
