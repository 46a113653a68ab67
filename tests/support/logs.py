"""A node's log in a database of its own, with entries in it, and somebody who owns the database."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import col, select

from hanse.audit.checkpoint import Signer
from hanse.audit.entry import Entry, Who
from hanse.node import checkpoints, log, migrations, sequencer
from hanse.node.log import BodyRow
from hanse.store.engine import create
from hanse.store.session import reading, transaction

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ORIGIN = "stad.example/audit"
REGISTER = "sha-256:" + "0" * 64
WRITE_ONCE = ("audit_entry", "audit_node", "audit_checkpoint", "audit_body", "audit_pending")


@dataclass(frozen=True, slots=True)
class Ledger:
    """A log and who signs it; `file` is where SQLite keeps it."""

    engine: Engine
    signer: Signer
    file: Path

    def write(self, count: int, of: Callable[[int], Entry] | None = None) -> None:
        """Write entries and give them their places."""
        make = of or entry
        with transaction(self.engine) as session:
            for number in range(count):
                log.note(session, make(number), NOW)
        sequencer.catch_up(self.engine)

    def checkpoint(self) -> int:
        """Sign a checkpoint and return its size."""
        made = checkpoints.make(self.engine, self.signer, REGISTER, NOW)
        assert made is not None
        return made.size

    def owned(self) -> sqlite3.Connection:
        """Return the database in the hands of somebody who took every guard away."""
        connection = sqlite3.connect(self.file, isolation_level=None)
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        return connection


def entry(number: int) -> Entry:
    """Return one of many different entries."""
    what = {"event": "published", "dataset": f"set-{number}", "release_id": f"2026.{number}"}
    return Entry(kind="release", what=what, who=Who(client=f"klant-{number % 3}"))


def ledger(folder: Path, engine: Engine | None = None) -> Ledger:
    """Return an empty log."""
    file = folder / "log.db"
    made = engine or create(f"sqlite:///{file}")
    migrations.upgrade(made)
    return Ledger(made, Signer.of(ORIGIN, bytes(range(32))), file)


def said(engine: Engine) -> list[str]:
    """Return what every entry says, in order."""
    with reading(engine) as session:
        return list(session.exec(select(BodyRow.body).order_by(col(BodyRow.idx))))


def rewritten(owned: sqlite3.Connection, bodies: Sequence[str]) -> None:
    """Make the log hold exactly these bodies, every hash computed anew: the perfect forgery."""
    from hanse.audit.packing import pack
    from hanse.audit.tree import Frontier, leaf_hash

    rows = owned.execute("SELECT idx, kind, at, outcome FROM audit_body ORDER BY idx").fetchall()
    kinds = [row[1:] for row in rows] + [rows[-1][1:]] * max(len(bodies) - len(rows), 0)
    for table in ("audit_entry", "audit_body", "audit_node"):
        owned.execute(f"DELETE FROM {table}")  # noqa: S608 names of ours
    leaves = [leaf_hash(body.encode()) for body in bodies]
    for index, (body, leaf) in enumerate(zip(bodies, leaves, strict=True)):
        owned.execute("INSERT INTO audit_entry VALUES (?, ?, ?)", (index, f"{index:032x}", leaf))
        kind, at, outcome = kinds[index]
        owned.execute(
            "INSERT INTO audit_body (idx, kind, at, outcome, body) VALUES (?, ?, ?, ?, ?)",
            (index, kind, at, outcome, pack(body.encode())),
        )
    _, complete = Frontier().grown(leaves)
    owned.executemany(
        "INSERT INTO audit_node VALUES (?, ?, ?)",
        [node for node in complete if node[0] >= sequencer.KEPT_LEVEL],
    )
