"""The table of clauses, run."""

import pytest
from tests.spec.tables.clauses import NO, ROWS
from tests.support.protocols import TODAY, one, question, registered

from hanse.messages import explain
from hanse.policies.decision import NotPermitted, decide


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} | {row[1]} | {row[2]}")
def test_a_clause_decides_as_the_table_says(row: tuple[str, ...]) -> None:
    clause, says, asks, outcome, wanted, had = row
    register, request = registered(one(says)), question(asks)
    if outcome != NO:
        permit = decide(request, register, TODAY)
        assert (permit.protocol, permit.version) == ("urn:protocol:gent:2026-007", 3)
        assert all(check.passed for check in permit.checks)
        return
    with pytest.raises(NotPermitted) as raised:
        decide(request, register, TODAY)
    refusal = raised.value
    assert refusal.code == f"DECISION_{clause.upper()}"
    check = next(each for each in refusal.checks if not each.passed)
    assert check.name == clause
    assert check.wanted == wanted
    assert check.had.startswith(had.removesuffix("…"))
    for lang in ("nl", "en", "fr"):
        assert "{" not in "".join(explain(refusal.code, lang, **refusal.parameters).values())
