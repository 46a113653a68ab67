"""The log in a database: places without a gap, rows that never change, people that go."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, select
from tests.support import postgres
from tests.support.logs import NOW, WRITE_ONCE, Ledger, entry, ledger

from hanse.audit.entry import Entry
from hanse.audit.tree import leaf_hash, nodes_of, root
from hanse.errors import Conflict, HanseError, NotFound
from hanse.node import checkpoints, inspection, log, record, reports, sequencer
from hanse.node.log import BodyRow, EntryRow, PersonRow
from hanse.node.sequencer import BATCH_MAX
from hanse.node.tables import TABLES
from hanse.store.engine import WRITES, create
from hanse.store.session import reading, transaction


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Ledger]:
    made = ledger(tmp_path)
    yield made
    made.engine.dispose()


def leaves(engine: Engine) -> list[bytes]:
    with reading(engine) as session:
        rows = session.exec(select(EntryRow).order_by(col(EntryRow.idx))).all()
    assert [row.idx for row in rows] == list(range(len(rows)))
    return [row.leaf for row in rows]


def test_places_have_no_gap_and_the_root_is_that_of_all_entries(held: Ledger) -> None:
    for count in (1, 30, BATCH_MAX + 70, 3):
        held.write(count)
        kept = leaves(held.engine)
        with reading(held.engine) as session:
            bodies = session.exec(select(BodyRow.body).order_by(col(BodyRow.idx))).all()
            assert root(len(kept), sequencer.nodes(session)) == root(len(kept), nodes_of(kept))
        assert [leaf_hash(body.encode()) for body in bodies] == kept
    found = inspection.inspect(held.engine, held.signer.verifier)
    assert (found.entries, found.expired, found.checkpoints) == (604 + BATCH_MAX - 500, 0, 0)


def test_of_many_sequencers_at_once_each_entry_gets_one_place(held: Ledger) -> None:
    faults: list[HanseError] = []

    def place() -> None:
        try:
            sequencer.catch_up(held.engine)
        except HanseError as fault:
            faults.append(fault)

    with transaction(held.engine) as session:
        refs = {log.note(session, entry(number), NOW) for number in range(60)}
    people = [threading.Thread(target=place) for _ in range(4)]
    for each in people:
        each.start()
    for each in people:
        each.join(60)
    assert faults == []
    with reading(held.engine) as session:
        assert set(session.exec(select(EntryRow.ref)).all()) == refs
    assert len(leaves(held.engine)) == 60


def test_a_change_that_fails_leaves_no_entry(held: Ledger) -> None:
    def fail() -> None:
        with transaction(held.engine) as session:
            log.note(session, entry(1), NOW)
            raise RuntimeError("later")

    with pytest.raises(RuntimeError):
        fail()
    assert not sequencer.waiting(held.engine)


FORBIDDEN = (
    "UPDATE audit_entry SET ref = 'x'",
    "DELETE FROM audit_entry",
    "UPDATE audit_body SET body = '{}'",
    "UPDATE audit_node SET level = 40",
    "DELETE FROM audit_node",
    "UPDATE audit_checkpoint SET note = ''",
    "DELETE FROM audit_checkpoint",
    "DELETE FROM audit_pending",
    "UPDATE audit_pending SET body = '{}'",
    "INSERT INTO audit_entry (idx, ref, leaf) VALUES (99, 'x', '')",
    "INSERT INTO audit_entry (idx, ref, leaf) VALUES (3, 'x', '')",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_s_own_account_cannot_rewrite(held: Ledger, statement: str) -> None:
    held.write(20)
    held.checkpoint()
    with transaction(held.engine) as session:
        log.note(session, entry(1), NOW)
    refused(held.engine, statement)
    assert inspection.inspect(held.engine, held.signer.verifier).entries == 20


def refused(engine: Engine, statement: str) -> None:
    with pytest.raises(HanseError), transaction(engine) as session:
        session.connection().execute(text(statement))


@pytest.mark.parametrize("table", WRITE_ONCE)
@pytest.mark.needs("postgresql")
def test_no_table_of_the_log_is_emptied_at_once(table: str, server: str, tmp_path: Path) -> None:
    made = ledger(tmp_path, create(postgres.database(server)))
    made.write(20)
    refused(made.engine, f"TRUNCATE {table}")
    made.engine.dispose()


def test_a_checkpoint_is_made_when_the_log_grew(small: Ledger) -> None:
    assert checkpoints.make(small.engine, small.signer, "r", NOW) is None
    small.write(3)
    assert small.checkpoint() == 3
    assert checkpoints.make(small.engine, small.signer, "r", NOW) is None
    with reading(small.engine) as session, pytest.raises(NotFound, match="AUDIT_NO_CHECKPOINT"):
        checkpoints.latest(session, covering=4)
    small.write(1)
    assert small.checkpoint() == 4
    assert inspection.inspect(small.engine, small.signer.verifier).checkpoints == 2


def test_a_proof_comes_with_the_checkpoint_that_covers_it(small: Ledger) -> None:
    with transaction(small.engine) as session:
        ref = log.note(session, entry(1), NOW)
    with reading(small.engine) as session:
        with pytest.raises(Conflict, match="RECEIPT_EARLY"):
            checkpoints.prove(session, ref)
        with pytest.raises(NotFound, match="RECEIPT_UNKNOWN"):
            checkpoints.prove(session, "0" * 32)
    sequencer.catch_up(small.engine)
    with reading(small.engine) as session, pytest.raises(Conflict, match="RECEIPT_EARLY"):
        checkpoints.prove(session, ref)
    small.write(20)
    small.checkpoint()
    with reading(small.engine) as session:
        proof = checkpoints.prove(session, ref)
        body = record.body_of(session, ref)
    assert body is not None
    assert proof.check(leaf_hash(body.encode()), small.signer.verifier) == 0


def test_the_lag_counts_from_the_oldest_that_waits(small: Ledger) -> None:
    assert sequencer.lag(small.engine, NOW).rows == 0
    with transaction(small.engine) as session:
        for _ in range(3):
            log.note(session, entry(1), NOW)
    late = sequencer.lag(small.engine, NOW + timedelta(seconds=61))
    assert (late.rows, round(late.seconds), late.too_much) == (3, 61, True)
    assert not sequencer.lag(small.engine, NOW + timedelta(seconds=59)).too_much
    assert sequencer.Lag(10_001, 0.0).too_much


PERSON = "an.peeters-7f3c"


def test_an_erased_person_is_nowhere_and_the_tree_still_holds(held: Ledger) -> None:
    def by_person(number: int) -> Entry:
        return Entry(kind="release", what={"event": "published"}, people={"by": PERSON})

    held.write(5)
    held.write(2, by_person)
    held.checkpoint()
    with reading(held.engine) as session:
        assert len(session.exec(select(PersonRow)).all()) == 2
    assert inspection.erase(held.engine, PERSON, NOW) == 2
    assert PERSON not in everything(held)
    assert inspection.inspect(held.engine, held.signer.verifier).entries == 7
    with pytest.raises(NotFound, match="AUDIT_PERSON_UNKNOWN"):
        inspection.erase(held.engine, PERSON, NOW)
    sequencer.catch_up(held.engine)
    assert inspection.inspect(held.engine, held.signer.verifier).entries == 8


def everything(held: Ledger) -> str:
    """Return all there is in the database, and in SQLite's file too once it was packed."""
    told = []
    with held.engine.execution_options(**{WRITES: True}).connect() as connection:
        for table in TABLES.sorted_tables:
            told += [str(tuple(row)) for row in connection.execute(table.select())]
    if held.engine.dialect.name == "sqlite":
        files = [held.file.read_bytes(), held.file.with_name("log.db-wal").read_bytes()]
        told += [content.decode("latin-1") for content in files]
    return "".join(told)


def test_expired_entries_say_nothing_and_still_stand(held: Ledger) -> None:
    held.write(6)
    held.checkpoint()
    assert inspection.expire(held.engine, NOW, "te vroeg", NOW) == 0
    later = NOW + timedelta(days=1)
    assert inspection.expire(held.engine, later, "art. 7: drie jaar", later) == 6
    sequencer.catch_up(held.engine)
    found = inspection.inspect(held.engine, held.signer.verifier)
    assert (found.entries, found.expired) == (7, 6)
    with reading(held.engine) as session:
        told = list(reports.entries(session, reports.Wanted(), "audit"))
    assert "art. 7: drie jaar" in told[0][1]


LIVES = 3
LOOP = """
import sys, itertools
from tests.support.logs import NOW, entry
from hanse.node import record, log, sequencer
from hanse.store.engine import create
from hanse.node.log import sealed_at
engine = create(sys.argv[1])
journal = record.journal(engine)
print("ready", flush=True)
for number in itertools.count():
    sealed = sealed_at(entry(number), NOW)
    journal.append({"ref": sealed.ref, "body": sealed.body.decode()})
    print(sealed.ref, flush=True)
    if number % 7 == 0:
        sequencer.catch_up(engine)
"""


@pytest.mark.timeout(300)
def test_no_kill_loses_an_entry_that_was_answered(held: Ledger) -> None:
    answered: list[str] = []
    url = held.engine.url.render_as_string(hide_password=False)
    for life in range(LIVES):
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP, url],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        answered += [process.stdout.readline().strip() for _ in range(9 + 17 * life)]
        process.kill()
        rest, _ = process.communicate(timeout=60)
        answered += [ref for ref in rest.split("\n")[:-1] if len(ref) == 32]
        sequencer.catch_up(held.engine)  # waits for what the dead process had begun, if it stands
        with reading(held.engine) as session:
            placed = session.exec(select(EntryRow.ref)).all()
        assert len(set(placed)) == len(placed), "nothing twice"
        assert set(answered) <= set(placed)
        assert inspection.inspect(held.engine, held.signer.verifier).entries >= len(answered)
    found = inspection.inspect(held.engine, held.signer.verifier)
    assert found.entries >= len(answered) > 75
