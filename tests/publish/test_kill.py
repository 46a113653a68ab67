"""`kill -9` at any moment of publishing leaves the old release or the new one, never a mixture."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine
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

KILLS = int(os.environ.get("HANSE_KILLS", "20"))
READY_SECONDS = 60
RUN_SECONDS_MAX = 1.2
"""Long enough to be anywhere in the third release or so; each takes two fifths of a second."""


def one_life(home: Path, url: str, key: SigningKey, chance: random.Random) -> None:
    """Start the publishing process, let it live for a random moment, and kill it."""
    script = ROOT / "tests" / "support" / "publishing_loop.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, str(script), str(home), url, key.private_jwk()],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, RUN_SECONDS_MAX))
    finally:
        process.kill()
        process.communicate(timeout=READY_SECONDS)


def verify_all(home: Path, engine: Engine, key: SigningKey) -> int:
    """Check every promise over everything that is visible; return the number of releases."""
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
    for row in rows:
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


def survive(home: Path, url: str, kills: int) -> tuple[int, int]:
    """Kill that many publishing processes and verify after each; return releases and orphans."""
    key = SigningKey.generate()
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 moments, not secrets
    engine = create(url)
    releases = 0
    for number in range(kills):
        one_life(home, url, key, chance)
        found = verify_all(home, engine, key)
        assert found >= releases, f"seed {seed}, life {number}"
        releases = found
    engine.dispose()
    stray = [path.name for path in (home / "data").iterdir()]
    return releases, len(stray) - releases


@pytest.mark.timeout(1800)
def test_no_kill_leaves_half_a_release_in_sqlite(tmp_path: Path) -> None:
    releases, strays = survive(tmp_path, f"sqlite:///{tmp_path / 'node.db'}", KILLS)
    assert releases > 0
    assert 0 <= strays <= 2 * KILLS


@pytest.mark.timeout(1800)
@pytest.mark.needs("postgresql")
def test_no_kill_leaves_half_a_release_in_postgresql(tmp_path: Path) -> None:
    need("postgresql")
    with postgres.cluster() as server:
        releases, _ = survive(tmp_path, postgres.database(server), max(KILLS // 4, 5))
    assert releases > 0
