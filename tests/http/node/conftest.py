"""One node for all tests of its address, and each kind of caller where a test says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.callers import CALLERS, House, house


@pytest.fixture(scope="session")
def aalst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node with figures behind every kind of lock; tests only read."""
    built = house(tmp_path_factory.mktemp("node") / "aalst")
    yield built
    built.node.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    """A node of the test's own, to change."""
    built = house(tmp_path / "aalst")
    yield built
    built.node.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once per kind of caller in its `caller` marker (all four where none is named)."""
    if "caller" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("caller")
        metafunc.parametrize("caller", marker.args if marker and marker.args else CALLERS)
