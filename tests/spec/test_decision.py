"""The table of decisions over several protocols, run; and what a permit opens."""

from datetime import date

import pytest
from tests.spec.tables.decision import ROWS
from tests.support.protocols import (
    COUNTRY,
    JOINED,
    TODAY,
    SmallCountry,
    everybody,
    of_states,
    one,
    question,
    registered,
)

from hanse.policies import register
from hanse.policies.decision import NotPermitted, decide
from hanse.policies.extents import Levels
from hanse.policies.protocol import Protocol
from hanse.policies.register import CHECKS


def _entry(text: str) -> tuple[Protocol, str]:
    if text.startswith("everybody"):
        return everybody(text.partition(": ")[2] or "data: {formats: [json, csv]}"), "active"
    state, colon, rest = text.partition(": ")
    known = colon and state in {"suspended", "revoked", "superseded"}
    return one(rest if known else text), state if known else "active"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_one_protocol_answers_as_the_table_says(
    row: tuple[str, tuple[str, ...], str, str],
) -> None:
    _, protocols, asks, outcome = row
    entries = [_entry(text) for text in protocols]
    for order in (entries, entries[::-1]):
        try:
            said = decide(question(asks), of_states(order), TODAY).protocol
        except NotPermitted as refusal:
            said = f"{refusal.code} {refusal.protocol or '-'}"
        assert said == outcome


def test_a_permit_opens_what_was_asked_and_no_more() -> None:
    extent = decide(question(), registered(one()), TODAY).extent
    assert extent.indicators == frozenset({"bevolking"})
    assert dict(extent.areas or {}) == {"gemeente@2025": frozenset({"41002"})}
    assert extent.periods is not None
    assert (str(extent.periods.start), str(extent.periods.end)) == ("2020", "2024")


def test_a_question_for_what_is_permitted_is_narrowed_to_it() -> None:
    asked = question(
        """
        indicators: [bevolking, inkomen]
        areas: {gemeente@2025: ['41002', '11002'], provincie@2025: ['40000'], wijk@2025: [44021A01]}
        periods: ['1999', '2020']
        breakdowns: {SEX: [_T, F]}
        narrow: [indicators, levels, areas, periods, breakdowns]
        """
    )
    extent = decide(asked, registered(one()), TODAY).extent
    assert extent.indicators == frozenset({"bevolking"})
    assert dict(extent.areas or {}) == {
        "gemeente@2025": frozenset({"41002"}),
        "wijk@2025": frozenset({"44021A01"}),
    }
    assert extent.periods is not None
    assert (str(extent.periods.start), str(extent.periods.end)) == ("2018", "2020")
    assert extent.breakdowns == {"SEX": {"_T"}}


def test_a_permit_names_its_obligations() -> None:
    permit = decide(question(), registered(one("terms: {licence: eigen}")), TODAY)
    assert permit.formats == ("csv", "json")
    assert (permit.onward, permit.retention, permit.licence) == ("none", "P5Y", "eigen")
    assert permit.content_hash == one("terms: {licence: eigen}").content_hash
    assert not permit.everybody
    assert tuple(check.name for check in permit.checks) == CHECKS


def test_validity_begins_on_its_first_day_and_ends_before_its_last() -> None:
    register = registered(one())
    assert decide(question(), register, date(2026, 1, 1))
    assert decide(question(), register, date(2028, 12, 31))
    for outside in (date(2025, 12, 31), date(2029, 1, 1)):
        with pytest.raises(NotPermitted, match="DECISION_VALID"):
            decide(question(), register, outside)


@pytest.mark.parametrize(
    ("asks", "told"),
    [
        ("client: turnhout", ("recipient", "turnhout", "-", "parties")),
        ("client: ''", ("recipient", "-", "-", "parties")),
        ("protocol: urn:protocol:gent:x", ("status", "urn:protocol:gent:x", "-", "id")),
    ],
)
def test_where_no_protocol_is_near_one_check_says_what_is_missing(
    asks: str, told: tuple[str, str, str, str]
) -> None:
    with pytest.raises(NotPermitted) as raised:
        decide(question(asks), registered(one()), TODAY)
    (only,) = raised.value.checks
    assert (only.name, only.wanted, only.had, only.clause) == told
    assert not only.passed
    assert raised.value.parameters["protocol"] == "-"


def test_a_refusal_names_the_protocol_it_speaks_of() -> None:
    with pytest.raises(NotPermitted) as raised:
        decide(question("purpose: reclame"), registered(one()), TODAY)
    assert raised.value.parameters["protocol"] == raised.value.protocol
    assert raised.value.protocol == "urn:protocol:gent:2026-007"


def test_a_refusal_keeps_its_checks_when_it_is_recorded() -> None:
    with pytest.raises(NotPermitted) as raised:
        decide(question("purpose: reclame"), registered(one()), TODAY)
    recorded = raised.value.recorded("ref-1")
    assert recorded.parameters["decision"] == "ref-1"
    assert recorded.checks == raised.value.checks
    assert [check.name for check in recorded.checks if not check.passed] == ["purpose"]


def test_the_register_hash_shows_a_silent_edit() -> None:
    usual = registered(one()).hash
    assert registered(one("title: iets")).hash != usual
    assert registered(one(), state="suspended").hash != usual
    assert registered(everybody(), one()).hash == registered(one(), everybody()).hash


def test_the_register_hash_shows_who_joined_what() -> None:
    entries = [(one(), "active")]
    nobody = register.build(entries, COUNTRY).hash
    assert register.build(entries, COUNTRY, JOINED).hash != nobody
    assert register.build(entries, COUNTRY, {"0207725597": frozenset()}).hash == nobody
    told = [{"0207725597": frozenset({number})} for number in ("FO 01/2017", "FO 02/2017")]
    assert len({register.build(entries, COUNTRY, each).hash for each in told}) == len(told)


class Flat(SmallCountry):
    """A country whose finest level has rank 0, with a level that nobody ranked."""

    def rank(self, level: str) -> int | None:
        return {"wijk": 0, "gemeente": 1}.get(level.partition("@")[0])


def test_a_ceiling_opens_no_level_that_nobody_ranked() -> None:
    flat = Flat(("wijk@2025", "gemeente@2025", "deelgemeente@2025"))
    ceiling = one("data: {levels: [], level_ceiling: wijk}")
    (agreed,) = register.build([(ceiling, "active")], flat, JOINED).agreements
    clause = agreed.clause("level")
    assert isinstance(clause, Levels)
    assert clause.opened == frozenset({"wijk", "gemeente@2025"})


def test_recipients_of_one_protocol_stand_in_one_order() -> None:
    more = [
        f"{{kbo: '020750012{number}', role: recipient, client_id: {name}, bearer: true}}"
        for number, name in enumerate(("zele", "aalst"))
    ]
    parties = f"parties: [{{kbo: '0207451227', role: supplier}}, {', '.join(more)}]"
    for listed in (parties, parties.replace(", ".join(more), ", ".join(reversed(more)))):
        held = registered(one(f"{{{listed}, data: {{areas: all}}}}")).agreements
        assert [each.client for each in held] == ["aalst", "zele"]
