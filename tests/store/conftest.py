"""Every database the store speaks, fresh for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support import postgres
from tests.support.needs import need

from hanse.store.engine import create


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    need("postgresql")
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'node.db'}"
    else:
        url = postgres.database(request.getfixturevalue("server"))
    made = create(url)
    yield made
    made.dispose()
