"""What the log costs: an entry made, written, given its place; a proof; the whole looked over.

Processor microseconds per entry. The goals are those of the log: 5 s to look over a million
entries, 600 bytes on disk for one.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine
from tests.bench.report import Report, Table
from tests.support.logs import NOW, ledger

from hanse.audit.entry import Entry, Who, Why
from hanse.audit.tree import leaf_hash, verify_inclusion
from hanse.node import checkpoints, inspection, record, sequencer
from hanse.node.log import PendingRow, sealed_at
from hanse.store.session import reading, transaction

ENTRIES = 50_000
SINGLE = 500
PROOFS = 500


def _digest(what: str) -> str:
    return f"sha-256:{sha256(what.encode()).hexdigest()}"


ENTRY = Entry(
    kind="decision",
    what={
        "dataset": "inkomens-sector",
        "release": _digest("release"),
        "release_id": "2027-03-11.2",
        "action": "read",
        "format": "json",
        "filter": {"indicators": ["ink_med"], "areas": {"gemeente@2025": ["43018"]}},
        "rows": 3_000,
        "hidden": 41,
    },
    who=Who("stad-aalst", "0812345678", "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbW"),
    why=Why("urn:protocol:aalst:2027-031", 3, _digest("protocol"), "statistiek"),
    decision="allow",
    register=_digest("register"),
)
"""One that shares no name and no digest with the words that bodies are squeezed against."""


Line = tuple[str, str, str, str]


def run(entries: int = ENTRIES) -> Report:
    """Measure a log of so many entries in SQLite, on the disk of the temporary folder."""
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as name:
        lines = _measured(Path(name), entries)
    table = Table(("part", "CPU µs (or bytes)", "wall µs", "goal"), tuple(lines))
    return Report(
        name="log",
        command="python -m tests.bench log --write",
        tables=(table,),
        notes=(f"{entries:,} entries of decisions; wall time waits for the disk (fsync).",),
        facts={part: float(cpu.replace(",", "")) for part, cpu, _, _ in lines},
    )


def _measured(folder: Path, entries: int) -> list[Line]:
    held = ledger(folder)
    journal = record.journal(held.engine)

    def write_one() -> None:
        for _ in range(SINGLE):
            sealed = sealed_at(ENTRY, NOW)
            journal.append({"ref": sealed.ref, "body": sealed.body.decode()})

    lines = [
        _line("entry made: schema, canonical bytes, hash", "", 2_000, lambda: [
            sealed_at(replace(ENTRY), NOW).leaf for _ in range(2_000)]),
        _line("entry written, one at a time, durable", "≤ 1,000", SINGLE, write_one),
    ]  # fmt: skip
    journal.close()
    sealed = [sealed_at(ENTRY, NOW) for _ in range(entries)]
    with transaction(held.engine) as session:
        session.add_all(PendingRow(ref=each.ref, body=each.body.decode()) for each in sealed)
    total = entries + SINGLE
    lines.append(
        _line("entry given its place, in batches", "", total,
              lambda: sequencer.catch_up(held.engine))
    )  # fmt: skip
    held.checkpoint()
    lines.append(_line("proof made and checked", "", PROOFS, lambda: _prove(held.engine, total)))
    lines.append(
        _line("entry looked over, of all", "≤ 5", total,
              lambda: inspection.inspect(held.engine, held.signer.verifier))
    )  # fmt: skip
    held.engine.dispose()
    with closing(sqlite3.connect(held.file)) as packed:
        packed.execute("VACUUM")
    size = held.file.stat().st_size / total
    lines.append(("bytes on disk per entry", f"{size:,.0f}", "", "≤ 600"))
    return lines


def _prove(engine: Engine, total: int) -> None:
    with reading(engine) as session:
        stood = checkpoints.newest(session)
        for number in range(PROOFS):
            place = number * (total // PROOFS)
            proof = checkpoints.proof_at(session, place, stood)
            body = leaf_hash(b"")
            verify_inclusion(body, place, stood.size, proof.hashes, stood.root)


def _line(part: str, goal: str, count: int, work: Callable[[], object]) -> Line:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return part, f"{cpu / count * 1e6:,.1f}", f"{wall / count * 1e6:,.1f}", goal
