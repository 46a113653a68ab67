"""What is told of a node that gave nothing: a typing error is not its fault."""

import pytest

from hanse.client.outcome import NodeState, Outcome, state_of
from hanse.errors import Invalid, Refused


@pytest.mark.parametrize("code", ["INDICATOR_NOT_HERE", "AREA_NOT_HERE", "LEVEL_NOT_HERE"])
def test_a_code_that_a_node_does_not_know_is_absent_there(code: str) -> None:
    assert state_of(Invalid("PEER_INVALID", peer="n", status=400, code=code)) is NodeState.ABSENT


def test_any_other_question_that_a_node_does_not_read_is_unusable() -> None:
    fault = Invalid("PEER_INVALID", peer="n", status=400, code="QUERY_UNKNOWN")
    assert state_of(fault) is NodeState.UNUSABLE
    assert state_of(Invalid("PEER_INVALID", peer="n", status=400)) is NodeState.UNUSABLE


def test_the_advice_of_a_node_stands_after_its_reason() -> None:
    fault = Refused("PEER_REFUSED", peer="n", code="C", detail="d", why="Dit niet.", now="Dat wel.")
    told = Outcome("NIS1", "A", "n", "d", NodeState.REFUSED, fault.code, fault.parameters)
    assert told.why() == "Dit niet. Dat wel."
