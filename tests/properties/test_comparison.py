"""Whatever nodes answer, in whatever order: the same comparison, with nothing lost or made up."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.tiny_node import Row, TinyRelease, cells

from hanse.client.comparison import assemble
from hanse.client.conversation import Pulled
from hanse.client.fanout import Reply
from hanse.client.outcome import NodeState, Outcome
from hanse.wire import Manifest

AGENCIES = st.sampled_from([f"NIS{number}" for number in range(10_001, 10_009)])
STATUSES = st.sampled_from(["A", "P", "E", "Q", "O", "L", "M"])
UNHURRIED = settings(deadline=None)
VERSIONS = st.sampled_from(["1.0.0", "2.0.0", ""])


@st.composite
def replies(draw: st.DrawFn) -> list[Reply]:
    made = []
    for agency in draw(st.lists(AGENCIES, unique=True, max_size=6)):
        outcome = Outcome(agency, agency, "http://127.0.0.1", "energie", NodeState.SLOW)
        if draw(st.booleans()):
            outcome = replace(outcome, state=NodeState.ANSWERED)
            made.append(Reply(outcome, _pulled(draw, agency)))
        else:
            made.append(Reply(outcome))
    return made


def _pulled(draw: st.DrawFn, agency: str) -> Pulled:
    rows: list[Row] = []
    for period in draw(st.lists(st.sampled_from(["2019", "2020", "2021"]), unique=True)):
        status = draw(STATUSES)
        value = None if status in "QOLM" else float(draw(st.integers(0, 9)))
        rows.append(("v1", "gemeente@2025", agency[3:], period, value, status))
    breakdown = {"SEX": "F"} if draw(st.booleans()) else {}
    facts = {"id": "v1", "definition_version": draw(VERSIONS)}
    release = TinyRelease(cells(rows, **breakdown))
    document = release.manifest(agency)
    entry = TinyRelease(cells([("v1", "l@2025", "1", "2020", 1.0, "A")])).entries()[0]
    manifest = Manifest.model_validate(document | {"indicators": [entry | facts]})
    return Pulled(release.table, "http://127.0.0.1", agency, agency, "1", manifest, "sha-256:0")


@UNHURRIED
@given(replies(), st.randoms(use_true_random=False))
def test_the_order_of_replies_never_changes_a_comparison(
    given_replies: list[Reply], shuffler: random.Random
) -> None:
    shuffled = list(given_replies)
    shuffler.shuffle(shuffled)
    ours, theirs = (assemble(each, 0.1, 1.0) for each in (given_replies, shuffled))
    assert ours.table.equals(theirs.table)
    assert ours.outcomes == theirs.outcomes
    assert ours.remarks == theirs.remarks


@UNHURRIED
@given(replies())
def test_every_cell_that_came_is_there_once_with_its_origin(given_replies: list[Reply]) -> None:
    comparison = assemble(given_replies, 0.1, 1.0)
    came = sorted(
        (reply.outcome.agency, row["period"], str(row["obs_value"]), row["obs_status"])
        for reply in given_replies
        if reply.pulled
        for row in reply.pulled.table.to_pylist()
    )
    shown = sorted(
        (row["origin"], row["period"], str(row["obs_value"]), row["obs_status"])
        for row in comparison.table.to_pylist()
    )
    assert shown == came
    assert len(comparison.outcomes) == len(given_replies)


@UNHURRIED
@given(replies())
def test_a_cell_without_a_number_is_never_called_comparable(given_replies: list[Reply]) -> None:
    for row in assemble(given_replies, 0.1, 1.0).table.to_pylist():
        assert (row["obs_value"] is None) == (row["mark"] == "incomplete")
