"""Whether a draft is fit to be published: every rule, every finding, in the order of the rules."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import pyarrow as pa

from hanse.areas import Registry
from hanse.cube.contract import Contract
from hanse.node.breakdowns import Doubt
from hanse.node.intake.checks import RULES, Finding
from hanse.node.intake.checks.case import Case
from hanse.node.intake.draft import Draft

LISTED_MAX = 1_000
"""Findings listed per rule; more than these are counted in one last finding."""

RULE_IDS = tuple(rule.id for rule in RULES)


def check(
    draft: Draft,
    registry: Registry,
    previous: pa.Table | None = None,
    previous_contract: Contract | None = None,
    doubts: Sequence[Doubt] = (),
) -> tuple[Finding, ...]:
    """Return what the rules find in a draft.

    `previous` is the last release's cells (protected shape; a draft's will do), `previous_contract`
    its contract: with them a figure hidden now and shown before is found, and a code with a new
    meaning. `doubts` are breakdowns of other datasets that might be the draft's own.
    """
    case = Case(draft, registry, previous, previous_contract, tuple(doubts))
    waivers = draft.waivers
    return tuple(
        replace(finding, waived_reason=waivers.get(rule.id))
        for rule in RULES
        for finding in _listed(rule.examine(case))
    )


def _listed(findings: Iterable[Finding]) -> Iterator[Finding]:
    rest = iter(findings)
    last = None
    for last in islice(rest, LISTED_MAX):
        yield last
    more = sum(1 for _ in rest)
    if last is not None and more:
        yield Finding(last.rule, last.severity, "CHECK_MORE", {"rule": last.rule}, count=more)


def blocking(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop publishing: errors that nobody accepted with a reason."""
    return tuple(finding for finding in findings if finding.blocks)
