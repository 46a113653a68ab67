"""The life of a protocol as a machine of two parties, their officers and the calendar, beside a
second telling of it; and the laws of what a version changes.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.properties.test_decision import forms, questions
from tests.support.protocols import COUNTRY, TODAY, one

from hanse.policies import protocol, register
from hanse.policies.decision import NotPermitted, decide
from hanse.policies.difference import differences, keys_only
from hanse.policies.lifecycle import LIFECYCLE
from hanse.policies.request import Request
from hanse.policies.statements import Saying, Statement, make, standing

SUPPLIER, RECIPIENT = "0207451227", "0207725597"
BOTH = frozenset({SUPPLIER, RECIPIENT})
TEXT = one("valid: {from: 2026-06-10, until: 2026-07-10}")
START, END = date(2026, 6, 10), date(2026, 7, 10)
FINAL = {state for state, events in LIFECYCLE.items() if not events}

parties = st.sampled_from([SUPPLIER, RECIPIENT])


class Life(RuleBasedStateMachine):
    """Any party says anything at any time; a second telling keeps the books."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
        self.said: list[Statement] = []
        self.proposed = False
        self.offered = False
        self.advised: set[str] = set()
        self.accepted: set[str] = set()
        self.rejected = self.revoked = self.suspended = False
        self.gone: str | None = None

    @property
    def state(self) -> str:
        return standing(TEXT, self.said, self.now.date()).state

    @property
    def expected(self) -> str:
        if self.gone:
            return self.gone
        if not self.proposed:
            return "draft"
        if not self.offered:
            return "advice"
        if self.accepted != BOTH:
            return "offered"
        if self.now.date() >= END:
            return "expired"
        if self.now.date() < START:
            return "signed"
        return "suspended" if self.suspended else "active"

    def _say(self, party: str, saying: Saying) -> None:
        self.now += timedelta(seconds=1)
        if self.gone is None and self.expected == "expired":
            self.gone = "expired"
        self.said.append(make(TEXT, party, saying, self.now))

    @rule(party=parties)
    def propose(self, party: str) -> None:
        self._say(party, Saying("propose", "proposer"))
        self.proposed = True
        self.offered = self.offered or self.advised == BOTH

    @rule(party=parties)
    def withdraw(self, party: str) -> None:
        open_ = self.expected == "advice"
        self._say(party, Saying("withdraw", "proposer"))
        self.proposed = self.proposed and not open_

    @rule(party=parties, good=st.booleans())
    def advise(self, party: str, good: bool) -> None:
        open_ = self.expected == "advice"
        self._say(party, Saying("advise", "dpo", "favourable" if good else "unfavourable"))
        if open_:
            (self.advised.add if good else self.advised.discard)(party)
            self.offered = self.advised == BOTH

    @rule(party=parties)
    def annex(self, party: str) -> None:
        self._say(party, Saying("advise", "authority", "favourable"))

    @rule(party=parties)
    def accept(self, party: str) -> None:
        open_ = self.expected == "offered"
        self._say(party, Saying("accept", "signatory"))
        if open_:
            self.accepted.add(party)

    @rule(party=parties)
    @precondition(lambda self: self.expected in {"offered", *FINAL})
    def reject(self, party: str) -> None:
        open_ = self.expected == "offered"
        self._say(party, Saying("reject", "signatory"))
        if open_:
            self.gone = "rejected"

    @rule(party=parties)
    @precondition(lambda self: self.expected in {"signed", "active", "suspended", *FINAL})
    def revoke(self, party: str) -> None:
        open_ = self.expected in {"signed", "active", "suspended"}
        self._say(party, Saying("revoke", "signatory"))
        if open_ and self.gone is None:
            self.gone = "revoked"

    @rule(halt=st.booleans())
    def suspend_or_resume(self, halt: bool) -> None:
        open_ = self.expected == ("active" if halt else "suspended")
        saying = Saying("suspend", "supplier") if halt else Saying("resume", "supplier")
        self._say(SUPPLIER, saying)
        if open_:
            self.suspended = halt

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @invariant()
    def both_tell_the_same(self) -> None:
        assert self.state == self.expected
        assert standing(TEXT, self.said[::-1], self.now.date()).state == self.expected

    @invariant()
    def nothing_is_in_force_that_one_party_did_not_sign(self) -> None:
        if self.state in {"signed", "active", "suspended"}:
            signed = {each.party for each in self.said if each.statement == "accept"}
            advised = {each.party for each in self.said if each.role == "dpo"}
            assert signed == advised == BOTH


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

SLOWLY = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def permits(document: dict[str, Any], request: Request) -> bool:
    built = register.build([(protocol.from_document(document), "active")], COUNTRY)
    try:
        decide(request, built, TODAY)
    except NotPermitted:
        return False
    return True


@given(forms())
def test_a_protocol_differs_from_itself_in_nothing(document: dict[str, Any]) -> None:
    read = protocol.from_document(document)
    assert differences(read, read) == ()
    assert not keys_only(())


@SLOWLY
@given(forms(), forms(), st.lists(questions(), min_size=4, max_size=4))
def test_a_version_that_widens_nothing_permits_nothing_new(
    old: dict[str, Any], new: dict[str, Any], asked: list[Request]
) -> None:
    new["id"] = old["id"]
    found = differences(protocol.from_document(old), protocol.from_document(new))
    if any(each.effect == "widens" for each in found):
        return
    for request in asked:
        assert permits(old, request) or not permits(new, request)


AXIS = st.sampled_from(
    ["datasets", "themes", "indicators", "levels", "areas", "formats", "breakdowns", "periods"]
)


@SLOWLY
@given(forms(), forms(), AXIS, st.lists(questions(), min_size=6, max_size=6))
def test_one_clause_that_widens_nothing_permits_nothing_new(
    old: dict[str, Any], other: dict[str, Any], axis: str, asked: list[Request]
) -> None:
    data = {**old["data"]}
    if axis == "levels":
        data.pop("levels", None)
        data.pop("level_ceiling", None)
        keys = ("levels", "level_ceiling")
        data |= {key: other["data"][key] for key in keys if key in other["data"]}
    else:
        data[axis] = other["data"][axis]
    new = {**old, "data": data}
    was, now = protocol.from_document(old), protocol.from_document(new)
    effects = {each.effect for each in differences(was, now)}
    back = {each.effect for each in differences(now, was)}
    if effects == {"widens"} and axis in {"datasets", "themes", "indicators", "formats"}:
        assert back == {"narrows"}  # an addition seen backwards is a removal
    if "widens" in effects:
        return
    for request in asked:
        assert permits(old, request) or not permits(new, request)
