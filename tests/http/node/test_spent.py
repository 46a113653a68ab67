"""What was used once is used for every worker, and memory has an end that forgets nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support import postgres

from hanse.auth.gate import Asked, Gate
from hanse.auth.jwks import Issuers
from hanse.auth.principal import NOBODY
from hanse.auth.verifier import Verifier
from hanse.node import migrations
from hanse.node.spent import SpentNames
from hanse.store import engine as store

NOW = 1_800_000_000


def test_a_full_memory_forgets_and_the_table_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hanse.node.spent.MEMORY_MAX", 2)
    engine = store.create(f"sqlite:///{tmp_path / 'node.db'}")
    migrations.upgrade(engine)
    names = SpentNames(engine)
    first = [names.spend("client:a", f"j{number}", NOW + 120, NOW) for number in range(5)]
    again = [names.spend("client:a", f"j{number}", NOW + 120, NOW) for number in range(5)]
    assert (first, again) == ([True] * 5, [False] * 5)
    assert names.spend("client:b", "j0", NOW + 120, NOW), "a name belongs to its owner"
    names.close()
    engine.dispose()


def one_of_many(engine: Engine) -> None:
    """Of many workers at once, each with a memory of its own, one gets through."""
    migrations.upgrade(engine)
    workers = [SpentNames(engine) for _ in range(4)]

    def spend(number: int) -> bool:
        return workers[number % 4].spend("key:k", "j1", NOW + 120, NOW)

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(spend, range(20)))
    for worker in workers:
        worker.close()
    engine.dispose()
    assert won.count(True) == 1


def test_a_proof_is_good_once_among_workers(tmp_path: Path) -> None:
    one_of_many(store.create(f"sqlite:///{tmp_path / 'node.db'}"))


@pytest.mark.needs("postgresql")
def test_a_proof_is_good_once_among_workers_on_postgresql() -> None:
    with postgres.cluster() as server:
        one_of_many(store.create(postgres.database(server)))


def test_who_shows_nothing_is_nobody() -> None:
    gate = Gate(Verifier(Issuers({}), "https://node.example", lambda: NOW))
    assert gate.identify(Asked([])) is NOBODY
    assert gate.quickly(Asked([(b"accept", b"*/*")])) is NOBODY
