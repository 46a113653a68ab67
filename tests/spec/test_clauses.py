"""The table of clauses, run; and what every check says, whether it holds or not."""

import pytest
from tests.spec.tables import explanations
from tests.spec.tables.clauses import NO, ROWS
from tests.support.protocols import TODAY, everybody, form, one, question, registered

from hanse.messages import explain
from hanse.policies import protocol
from hanse.policies.clauses import listed
from hanse.policies.decision import NotPermitted, decide
from hanse.policies.protocol import Protocol
from hanse.policies.request import AXES, Request


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


def _unfilled() -> Protocol:
    document = form(explanations.EMPTY)
    del document["data"]["periods"]
    return protocol.from_document(document)


EXPLAINED = (
    ("the usual question", one(), "", explanations.USUAL),
    (
        "open data",
        everybody("data: {formats: [json]}"),
        explanations.NOBODY,
        explanations.EVERYBODY,
    ),
    ("empty lists", _unfilled(), explanations.BEYOND, explanations.REFUSED),
)


@pytest.mark.parametrize("row", EXPLAINED, ids=lambda row: row[0])
def test_every_check_says_what_was_wanted_what_it_had_and_where_that_stands(
    row: tuple[str, Protocol, str, tuple[explanations.Told, ...]],
) -> None:
    _, read, asks, expected = row
    try:
        checks = decide(question(asks), registered(read), TODAY).checks
    except NotPermitted as refusal:
        checks = refusal.checks
    told = [
        (
            each.name,
            each.passed,
            each.wanted,
            each.had.replace(read.content_hash, explanations.DIGEST),
            each.clause,
        )
        for each in checks
    ]
    assert told == list(expected)


def test_no_period_opens_none_however_narrow_the_question() -> None:
    data = {name: value for name, value in form()["data"].items() if name != "periods"}
    bare = registered(protocol.from_document({**form(), "data": data}))
    for asks in ("periods: ['2018', '2018']", "narrow: [periods]"):
        with pytest.raises(NotPermitted, match="DECISION_PERIOD"):
            decide(question(asks), bare, TODAY)


def test_a_long_list_is_cut_where_a_reader_still_sees_that_it_was() -> None:
    assert listed(["a" * 200]) == "a" * 200
    assert listed(["a" * 201]) == "a" * 199 + "…"


def test_every_axis_can_be_asked_for_as_far_as_it_is_opened() -> None:
    beyond = """
        indicators: [bevolking, inkomen]
        areas: {gemeente@2025: ['41002', '11002'], provincie@2025: ['40000']}
        periods: ['1999', '2020']
        breakdowns: {SEX: [_T, F]}
        """
    assert decide(question(beyond, narrow=AXES), registered(one()), TODAY)
    for axis in ("indicators", "levels", "areas", "periods", "breakdowns"):
        with pytest.raises(NotPermitted):
            decide(question(beyond, narrow=AXES - {axis}), registered(one()), TODAY)


def test_a_question_that_does_not_say_so_proved_no_key() -> None:
    asked = question()
    silent = {
        name: getattr(asked, name) for name in Request.__dataclass_fields__ if name != "bound"
    }
    with pytest.raises(NotPermitted, match="DECISION_KEY"):
        decide(Request(**silent), registered(one()), TODAY)
