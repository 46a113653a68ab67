"""The decision beside two engines that others wrote: the same answer, and no fault unseen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from tests.support.oracles import PLACES, Cedar, Rego, asked, cases, country_levels, facts
from tests.support.protocols import TODAY, of_states

from hanse.policies.decision import NotPermitted, decide
from hanse.policies.register import CHECKS, Register
from hanse.policies.request import Request

REGISTERS, QUESTIONS, REGO_QUESTIONS = 50, 20, 4


def ours(register: Register, request: Request) -> str | None:
    try:
        return decide(request, register, TODAY).protocol
    except NotPermitted:
        return None


def test_the_oracles_know_the_same_country() -> None:
    assert country_levels() == frozenset(PLACES)


def test_a_thousand_random_questions_have_one_answer_in_all_engines() -> None:
    permits = 0
    for entries, questions in cases(2026, REGISTERS, QUESTIONS):
        register, told = of_states(entries), facts(entries)
        said = [ours(register, each) for each in questions]
        plain = [asked(each, TODAY) for each in questions]
        assert Cedar.of(told).permits(plain) == [each is not None for each in said]
        rego = Rego(told)
        for each, one in list(zip(said, plain, strict=True))[:REGO_QUESTIONS]:
            found = rego.permitted(one)
            assert (each is not None) == bool(found)
            assert each is None or each in found
        permits += sum(each is not None for each in said)
    assert REGISTERS * QUESTIONS / 10 < permits < REGISTERS * QUESTIONS / 2


@dataclass(frozen=True, slots=True)
class Always:
    """A clause that somebody forgot to check."""

    name: str
    source: str = ""

    def holds(self, request: Request, today: date) -> bool:
        return True

    def wanted(self, request: Request, today: date) -> str:
        return ""

    def had(self) -> str:
        return ""


def without(entries: Sequence[Any], check: str) -> Register:
    """Return the register with one check forgotten in every agreement."""
    built = of_states(entries)
    at = CHECKS.index(check)

    def forgets(each: Any) -> Any:
        conditions = (*each.conditions[:at], Always(check), *each.conditions[at + 1 :])
        return replace(each, conditions=conditions)

    def all_of(groups: Any) -> Any:
        return {key: tuple(map(forgets, group)) for key, group in groups.items()}

    return replace(
        built,
        agreements=tuple(map(forgets, built.agreements)),
        by_dataset=all_of(built.by_dataset),
        by_theme=all_of(built.by_theme),
        by_client=all_of(built.by_client),
    )


# The index of the register already looks datasets and recipients up by name.
@pytest.mark.parametrize("check", [each for each in CHECKS if each not in {"dataset", "recipient"}])
def test_a_check_that_is_forgotten_is_found_by_the_oracle(check: str) -> None:
    for entries, questions in cases(7, 200, QUESTIONS):
        faulty = without(entries, check)
        said = [ours(faulty, each) is not None for each in questions]
        if Cedar.of(facts(entries)).permits([asked(each, TODAY) for each in questions]) != said:
            return
    pytest.fail("the fault was not found")
