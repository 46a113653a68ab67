"""`kill -9` at any moment of publishing leaves the old release or the new one, never a mixture."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from tests.support import postgres
from tests.support.needs import ROOT, need

from hanse.cube.query import Extent
from hanse.node import datasets, ledger, outbox
from hanse.node.ledger import LedgerRow
from hanse.node.outbox import OutboxRow
from hanse.node.proofs import Vault
from hanse.node.releases import manifest, tables
from hanse.node.releases.cells import open_cells
from hanse.policies.canonical import digest
from hanse.policies.signatures import MANIFEST, SigningKey, verify
from hanse.store.engine import create
from hanse.store.session import reading

KILLS = int(os.environ.get("HANSE_KILLS", "3"))
"""How many processes are killed at a random moment, for each database."""

EVERY = int(os.environ.get("HANSE_KILL_EVERY", "6"))
"""Of so many steps of a publication one is the last of a process; the first of them is drawn."""

STEPS_MIN = 40
"""A publication has at least so many: fewer would mean that nobody counts them."""

READY_SECONDS = 60
RUN_SECONDS_MAX = 1.2
"""Long enough to be anywhere in the third release or so; each takes two fifths of a second."""


class Publishing:
    """A process whose children publish and are killed, one after another."""

    def __init__(self, home: Path, url: str, key: SigningKey) -> None:
        script = ROOT / "tests" / "support" / "publishing_loop.py"
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(home), url, key.private_jwk()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def life(self, step: int, seconds: float) -> int:
        """Let a child live until a step (0: for so many seconds); return how it ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{step}\n")
        self._process.stdin.flush()
        said = {self._said(), self._said()}
        (pid,) = (int(each) for each in said - {"ready"})
        assert len(said) == 2
        if not step:
            time.sleep(seconds)
            os.kill(pid, signal.SIGKILL)
        return int(self._said().removeprefix("ended "))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=READY_SECONDS)


def verify_all(home: Path, engine: Engine, key: SigningKey, known: int = 0) -> int:
    """Check every promise over everything that is visible; return the number of releases.

    The files of the first `known` releases were looked at before.
    """
    with reading(engine) as session:
        dataset = datasets.find(session, "bevolking")
        rows = tables.history(session, "bevolking")
        events = outbox.since(session, 0)
        sent = session.exec(select(OutboxRow)).all()
    if dataset is None:
        assert (rows, events) == ((), ())
        return 0
    assert [row.release_no for row in rows] == list(range(len(rows), 0, -1))
    assert (dataset.current_no, dataset.current_digest) == (rows[0].release_no, rows[0].digest)
    assert [event.manifest for event in events] == [row.digest for row in reversed(rows)]
    assert [event.cursor for event in events] == list(range(1, len(rows) + 1))
    assert len(sent) == len(rows)
    for row in rows[: len(rows) - known]:
        verify_release(home, row, key)
    verify_ledger(home, engine, rows)
    return len(rows)


def verify_ledger(home: Path, engine: Engine, rows: Sequence[tables.ReleaseRow]) -> None:
    """Check that the ledger knows every release and no other, and that each has its proof."""
    with reading(engine) as session:
        ledger.check(session)
        known = {(row.release_id, row.manifest) for row in session.exec(select(LedgerRow))}
    assert known == {(row.release_id, row.digest) for row in rows}
    for row in rows:
        assert Vault(home).open(row.digest.removeprefix("sha-256:")).num_rows


def verify_release(home: Path, row: tables.ReleaseRow, key: SigningKey) -> None:
    folder = manifest.folder_of(home, row.digest)
    signed = verify(manifest.statement(folder), MANIFEST, [key.public_jwk()])
    assert digest(signed) == row.digest
    described = manifest.read(folder)
    assert (described.release_no, described.release_id) == (row.release_no, row.release_id)
    for part in described.parts:
        manifest.check(folder / part.path, part.sha256)
    cells = open_cells(folder).select(Extent())
    twin = pq.read_table(folder / "cells.parquet")
    assert cells.num_rows == twin.num_rows == described.coverage.cells
    assert cells.column("obs_value").to_pylist() == twin.column("obs_value").to_pylist()


def survive(home: Path, url: str) -> tuple[int, int]:
    """Kill publishing processes at every so many steps, and at random moments; verify after each.

    Returns how many releases there are, and how many folders of none.
    """
    key = SigningKey.generate()
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 moments, not secrets
    releases, step, ended = 0, chance.randint(1, EVERY), -9
    process, engine = Publishing(home, url, key), create(url)
    try:
        while ended:
            ended = process.life(step, 0.0)
            found = verify_all(home, engine, key, releases)
            assert found - releases in {0, 1}, f"seed {seed}, step {step}"
            releases, step = found, step + EVERY
        for number in range(KILLS):
            process.life(0, chance.uniform(0, RUN_SECONDS_MAX))
            found = verify_all(home, engine, key, releases)
            assert found >= releases, f"seed {seed}, life {number}"
            releases = found
    finally:
        process.close()
    assert verify_all(home, engine, key) == releases
    engine.dispose()
    assert step > STEPS_MIN
    stray = [path.name for path in (home / "data").iterdir()]
    return releases, len(stray) - releases


@pytest.mark.timeout(1800)
def test_no_kill_leaves_half_a_release_in_sqlite(tmp_path: Path) -> None:
    releases, strays = survive(tmp_path, f"sqlite:///{tmp_path / 'node.db'}")
    assert releases > 1
    assert strays > 0


@pytest.mark.timeout(1800)
@pytest.mark.needs("postgresql")
def test_no_kill_leaves_half_a_release_in_postgresql(tmp_path: Path) -> None:
    need("postgresql")
    with postgres.cluster() as server:
        url = postgres.database(server)
        releases, strays = survive(tmp_path, url)
        assert releases > 1
        assert strays > 0
        refused_to_forget(url)


def refused_to_forget(url: str) -> None:
    """Try to change the ledger, as somebody who may do everything in the database."""
    owner = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    for command in ("UPDATE ledger SET period = '1999'", "DELETE FROM ledger", "TRUNCATE ledger"):
        with pytest.raises(IntegrityError, match="only added to"), owner.begin() as connection:
            connection.execute(text(command))
    owner.dispose()
    engine = create(url)
    with reading(engine) as session:
        assert ledger.check(session) > 0
    engine.dispose()
