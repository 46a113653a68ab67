"""A log on each database that a node may have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import postgres
from tests.support.logs import Ledger, ledger
from tests.support.needs import need

from hanse.store.engine import create


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    need("postgresql")
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    engine = None
    if request.param == "postgresql":
        engine = create(postgres.database(request.getfixturevalue("server")))
    made = ledger(tmp_path, engine)
    yield made
    made.engine.dispose()
