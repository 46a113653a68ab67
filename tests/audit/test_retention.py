"""How long entries keep their words: per protocol and kind, and every proof holds after it."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select
from tests.support.logs import NOW, Ledger

from hanse.audit.entry import Entry, Why
from hanse.audit.tree import leaf_hash
from hanse.errors import Invalid
from hanse.node import checkpoints, inspection, log, reports, retention, sequencer
from hanse.node.log import BodyRow, EntryRow, PersonRow
from hanse.node.settings import NodeSettings
from hanse.store.session import reading, transaction

LONG, SHORT, OTHER = (f"urn:protocol:aalst:2026-00{number}" for number in (1, 2, 3))
SETTINGS = NodeSettings(audit_terms=f"{LONG} P10Y, {SHORT} P6M")


def decision(protocol: str | None) -> Entry:
    what = {"dataset": "zorg", "action": "read", "rows": 6, "hidden": 2}
    return Entry("decision", what, why=Why(protocol, 1), decision="allow")


ENTRIES = (
    decision(LONG),
    decision(SHORT),
    decision(OTHER),
    decision(None),
    Entry("login", {"event": "opened"}, people={"by": "an.peeters"}),
    Entry("statement", {"event": "kept", "protocol": LONG}, people={"by": "bo.claes"}),
    Entry("release", {"event": "published", "dataset": "zorg"}),
)


def written(held: Ledger) -> list[str]:
    with transaction(held.engine) as session:
        refs = [log.note(session, entry, NOW) for entry in ENTRIES]
    sequencer.catch_up(held.engine)
    held.checkpoint()
    return refs


def left(held: Ledger, refs: list[str]) -> list[int]:
    with reading(held.engine) as session:
        told = select(EntryRow.ref).join(BodyRow, col(BodyRow.idx) == col(EntryRow.idx))
        kept = set(session.exec(told).all())
    return [number for number, ref in enumerate(refs) if ref in kept]


def after(**span: int) -> datetime:
    return NOW + timedelta(**span)


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (100, [0, 1, 2, 3, 4, 5, 6]),
        (190, [0, 2, 3, 4, 5, 6]),
        (370, [0, 2, 3, 5, 6]),
        (3 * 365 + 5, [0, 5, 6]),
        (10 * 365 + 5, [5, 6]),
    ],
)
def test_each_entry_keeps_its_words_as_long_as_its_rule_says(
    held: Ledger, days: int, kept: list[int]
) -> None:
    refs, rules = written(held), retention.rules(SETTINGS)
    counted = {
        each.rule: each.entries for each in retention.due(held.engine, rules, after(days=days))
    }
    gone = retention.expire(held.engine, rules, after(days=days))
    assert left(held, refs) == kept
    assert {each.rule: each.entries for each in gone} == counted
    assert sum(counted.values()) == len(refs) - len(kept)


def test_every_proof_of_what_expired_still_holds(held: Ledger) -> None:
    with transaction(held.engine) as session:
        refs = [log.note(session, decision(SHORT), NOW) for _ in range(40)]
    sequencer.catch_up(held.engine)
    held.checkpoint()
    with reading(held.engine) as session:
        leaves = {row.ref: row.leaf for row in session.exec(select(EntryRow))}
        bodies = session.exec(select(BodyRow.body).order_by(col(BodyRow.idx))).all()
    assert {leaf_hash(body.encode()) for body in bodies} == set(leaves.values())
    retention.expire(held.engine, retention.rules(SETTINGS), after(days=200))
    sequencer.catch_up(held.engine)
    held.checkpoint()
    with reading(held.engine) as session:
        for ref in refs:
            proof = checkpoints.prove(session, ref)
            assert proof.check(leaves[ref], held.signer.verifier) == 0
    found = inspection.inspect(held.engine, held.signer.verifier)
    assert (found.entries, found.expired, found.checkpoints) == (41, 40, 2)


def test_an_expiry_says_how_many_which_and_under_which_rule(held: Ledger) -> None:
    written(held)
    retention.expire(held.engine, retention.rules(SETTINGS), after(days=190))
    sequencer.catch_up(held.engine)
    with reading(held.engine) as session:
        ((_, body),) = reports.entries(session, reports.Wanted(), "audit")
    assert f'"count":1,"event":"expired","first":1,"last":1,"protocol":"{SHORT}"' in body
    assert f'"reason":"decision P6M {SHORT}"' in body
    again = retention.expire(held.engine, retention.rules(SETTINGS), after(days=190))
    assert not any(each.entries for each in again)


def test_who_did_it_is_forgotten_where_what_was_agreed_stays(held: Ledger) -> None:
    refs = written(held)

    def people() -> set[str]:
        with reading(held.engine) as session:
            return set(session.exec(select(PersonRow.identity)).all())

    assert people() == {"an.peeters", "bo.claes"}
    retention.expire(held.engine, retention.rules(SETTINGS), after(days=370))
    assert people() == {"bo.claes"}
    retention.expire(held.engine, retention.rules(SETTINGS), after(days=10 * 365 + 5))
    assert people() == set()
    assert 5 in left(held, refs)


def test_more_than_one_batch_goes(held: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_MAX", 7)
    with transaction(held.engine) as session:
        for number in range(20):
            log.note(session, decision(SHORT if number % 2 else LONG), NOW)
    sequencer.catch_up(held.engine)
    gone = retention.expire(held.engine, retention.rules(SETTINGS), after(days=200))
    assert sum(each.entries for each in gone) == 10


@pytest.mark.parametrize(
    "changed",
    [
        {"audit_term": "3 jaar"},
        {"audit_term": "P20D"},
        {"audit_term": "P"},
        {"audit_technical_term": ""},
        {"audit_terms": "P3Y"},
        {"audit_terms": f"{LONG}=P3Y"},
        {"audit_terms": f"{LONG} altijd"},
    ],
)
def test_a_term_that_is_none_stops_the_node(changed: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="AUDIT_TERM"):
        retention.rules(NodeSettings.model_validate(changed))


@pytest.mark.parametrize(
    ("term", "now", "before"),
    [
        ("P3Y", "2026-11-01", "2023-11-01"),
        ("P1Y", "2024-02-29", "2023-02-28"),
        ("P18M", "2026-03-31", "2024-09-30"),
        ("P90D", "2026-03-01", "2025-12-01"),
        ("P1Y1M10D", "2026-01-15", "2024-12-05"),
    ],
)
def test_a_term_ends_where_the_calendar_says(term: str, now: str, before: str) -> None:
    at = datetime.fromisoformat(f"{now}T09:00:00+00:00")
    assert retention.read_term(term).before(at).date().isoformat() == before
