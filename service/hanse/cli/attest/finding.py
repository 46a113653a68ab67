"""What a check found: passed, failed, or not tried and why, under the id of its rule."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hanse.cli.attest.line import Line


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not-tried"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: rule (`T06`), name, outcome; what was wanted and had, or why it was not tried."""

    rule: str
    name: str
    outcome: Outcome
    wanted: str = ""
    had: str = ""


def judge(rule: str, name: str, passed: bool, wanted: str = "", had: object = "") -> Finding:
    """Return a check that passed or failed."""
    if passed:
        return Finding(rule, name, Outcome.PASSED)
    return Finding(rule, name, Outcome.FAILED, wanted, str(had)[:200])


def skip(rule: str, name: str, why: str) -> Finding:
    """Return a check that was not tried, and why."""
    return Finding(rule, name, Outcome.NOT_TRIED, why)


Suite = Callable[[Line], Iterator[Finding]]
"""A topic's checks, one after another on the same line."""
