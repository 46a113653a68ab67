"""Starts the demo's servers, each a process of its own, and stops exactly those."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from hanse.cli.demo.cast import CITIES, FIRST_PORT, HOST, City
from hanse.cli.demo.identity import DemoIdentity, served
from hanse.cli.demo.staging import Stage
from hanse.errors import Conflict, Unavailable

START_SECONDS = 60.0
STOP_SECONDS = 15.0
CATALOGUE = "catalogue"
TRIES = 50
LAST_PORT = 30_000
"""Below the ports that the system hands out for the other end of a connection."""


def free_ports(first: int) -> int:
    """Return the first port of a run of free ones; 0 looks for such a run.

    Raises `Conflict` when somebody listens there already.
    """
    # Anywhere in the range, so that two demos that start together do not meet.
    span = LAST_PORT - FIRST_PORT
    starts = [first] if first else [FIRST_PORT + secrets.randbelow(span) for _ in range(TRIES)]
    taken: int | None = None
    for start in starts:
        taken = _taken(start)
        if taken is None:
            return start
    raise Conflict("DEMO_PORT", port=taken or first)


def _taken(first: int) -> int | None:
    """Return the first port of the run that somebody holds, None when all are free."""
    for port in range(first, first + len(CITIES) + 2):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                return port
    return None


class Servers:
    """The running processes by name; stopping one that was stopped does nothing."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._here = ExitStack()

    def start_all(self) -> None:
        """Start the catalogue and every node, and wait until all of them answer."""
        identity = DemoIdentity(self.stage.identity_url, self.stage.returns())
        self._here.enter_context(served(identity))
        until(lambda: _listens(self.stage.identity_url), "sign-in")
        home = str(self.stage.catalogue_home)
        self._start(CATALOGUE, ["catalog", "serve", "--home", home])
        for city in CITIES:
            self._start(city.slug, ["serve", "--home", str(self.stage.node_home(city))])
        for name, url in [(CATALOGUE, self.stage.catalogue_url), *self._nodes()]:
            self._await(name, url)

    def stop(self, city: City) -> None:
        """Stop one city's node."""
        self._stop(city.slug)

    def stop_all(self) -> None:
        """Stop everything that was started here."""
        for name in list(self._running):
            self._stop(name)
        self._here.close()

    def _nodes(self) -> list[tuple[str, str]]:
        return [(city.slug, self.stage.node_url(city)) for city in CITIES]

    def _await(self, name: str, url: str) -> None:
        process = self._running[name]
        until(lambda: _listens(url) or process.poll() is not None, name)
        if process.poll() is not None:
            raise Unavailable("DEMO_SILENT", what=name)

    def _start(self, name: str, arguments: list[str]) -> None:
        log = (self.stage.folder / f"{name}.log").open("wb")
        self._running[name] = subprocess.Popen(  # noqa: S603 our own command, fixed words
            [sys.executable, "-m", "hanse.cli", *arguments],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _stop(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(holds: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Wait until something holds; raises `Unavailable` naming it when it does not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Unavailable("DEMO_SILENT", what=what)
        time.sleep(0.1)


def _listens(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False
