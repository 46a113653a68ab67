"""Runs an application on a real socket of loopback, on a thread of its own, for one test."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
from starlette.types import ASGIApp

from hanse.web.serving import server

START_SECONDS = 20


@contextmanager
def live(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve on a free port (or this one); give the base URL."""
    running = server(app, "127.0.0.1", port)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not running.started and thread.is_alive() and time.monotonic() < until:
        threading.Event().wait(0.02)
    if not running.started:
        raise RuntimeError("the server did not start")
    try:
        yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    finally:
        running.should_exit = True
        with suppress(RuntimeError):
            thread.join(START_SECONDS)


def harvested(url: str, nodes: int) -> None:
    """Wait until a catalogue has looked at so many nodes with success."""

    def fresh() -> bool:
        members = httpx.get(f"{url}/v1/members").json()["members"]
        states = [str(each["harvest"]["state"]) for each in members]
        return states.count("fresh") >= nodes

    eventually(fresh)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds, as long as a start may take."""
    until = time.monotonic() + START_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise RuntimeError("it never came to hold")
        threading.Event().wait(0.05)
