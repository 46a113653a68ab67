"""What holds for every test: sockets stay on loopback, and needs are met before a test runs."""

import socket

import pytest
from hypothesis import settings
from tests.support.needs import need

# The same cases on every machine and run; `--hypothesis-profile=default` draws new ones.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")

_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: object) -> None:
    host = address[0] if isinstance(address, tuple) else ""
    if self.family in {socket.AF_INET, socket.AF_INET6} and not (
        str(host).startswith("127.") or host in {"::1", "localhost", "0.0.0.0"}  # noqa: S104
    ):
        raise AssertionError(f"a test reached for {host}: tests stay on loopback")
    _connect(self, address)  # type: ignore[arg-type]


@pytest.fixture(autouse=True, scope="session")
def loopback() -> object:
    """Let no test talk to another machine."""
    socket.socket.connect = _loopback_only  # type: ignore[method-assign,assignment]
    yield None
    socket.socket.connect = _connect  # type: ignore[method-assign]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Find, or install, what the test says it needs."""
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            need(str(name))
