"""The rules in one table: id, what it is called, and the function that examines a case."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hanse.node.intake.checks import descriptions, keys, rolling, series, totals
from hanse.node.intake.checks.case import Case
from hanse.node.intake.checks.finding import Finding


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its title is the label `<id>_TITLE` of the message catalogue."""

    id: str
    examine: Callable[[Case], Iterable[Finding]]


RULES = (
    Rule("R001", keys.r001),
    Rule("R002", series.r002),
    Rule("R003", keys.r003),
    Rule("R004", keys.r004),
    Rule("R005", keys.r005),
    Rule("R006", totals.r006),
    Rule("R007", totals.r007),
    Rule("R008", series.r008),
    Rule("R009", keys.r009),
    Rule("R010", rolling.r010),
    Rule("R011", descriptions.r011),
    Rule("R012", series.r012),
    Rule("R013", descriptions.r013),
    Rule("R014", descriptions.r014),
    Rule("R015", series.r015),
    Rule("R016", descriptions.r016),
    Rule("R017", descriptions.r017),
    Rule("R018", totals.r018),
    Rule("R019", descriptions.r019),
    Rule("R020", keys.r020),
    Rule("R021", keys.r021),
)
