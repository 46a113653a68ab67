"""The states of a protocol: who causes what, what each means, and which the law wants published."""

import pytest

from hanse.errors import Conflict
from hanse.policies.lifecycle import LIFECYCLE, MEANINGS, OWNERS, PUBLIC, advance
from hanse.policies.statements import ROLES

SAID_AS = {"submit": "propose", "accept_all": "accept"}
"""Events that a statement of another name leads to."""

EVENTS = {event for events in LIFECYCLE.values() for event in events}


def test_every_event_has_an_owner_who_may_say_it() -> None:
    assert set(OWNERS) == EVENTS
    said = {event: SAID_AS.get(event, event) for event in EVENTS}
    assert {event for event in EVENTS if said[event] not in ROLES} == {"start", "end", "replace"}
    for event, owner in OWNERS.items():
        assert owner in ROLES.get(said[event], {"clock"}), event


def test_every_state_means_something_and_every_event_leads_to_a_state() -> None:
    assert set(MEANINGS) == set(LIFECYCLE)
    assert {state for events in LIFECYCLE.values() for state in events.values()} <= set(LIFECYCLE)
    assert len(set(MEANINGS.values())) == len(MEANINGS)


def test_what_is_or_was_in_force_is_public() -> None:
    reached, new = set[str](), {"active"}
    while new:
        reached |= new
        new = {after for state in new for after in LIFECYCLE[state].values()} - reached
    assert reached == PUBLIC


def test_an_event_leads_where_the_table_says() -> None:
    for state, events in LIFECYCLE.items():
        for event, after in events.items():
            assert advance(state, event) == after


@pytest.mark.parametrize(("state", "event"), [("draft", "accept_all"), ("x" * 40, "y" * 40)])
def test_an_event_that_does_not_fit_is_refused_with_both_names_cut(state: str, event: str) -> None:
    with pytest.raises(Conflict) as raised:
        advance(state, event)
    assert raised.value.code == "PROTOCOL_STATE"
    assert raised.value.parameters == {"state": state[:30], "event": event[:30]}
