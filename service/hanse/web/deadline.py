"""HTTP/1.1 with a deadline: a request arrives in seconds, an answer is read, or the socket closes.

uvicorn alone lets a client send one header byte at a time for ever. The deadline runs from the
first moment of a connection (or the first byte of a further request) until the request is complete;
a body earns time by arriving. Complements, and does not need, the timeouts of a reverse proxy.
"""

import asyncio
from typing import Any, Final

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS: Final = 5.0
BODY_BYTES_PER_SECOND: Final = 50_000
"""The slowest line a large body may arrive on."""

STALL_SECONDS: Final = 60.0
"""How long a reader may take nothing of its answer."""


class _Uncopied(h11.Connection):
    """Hands a piece of a body on as it is: a large answer is mapped bytes, and stays that."""

    def send(self, event: Any) -> Any:
        """Return what goes on the line for an event."""
        pieces = self.send_with_data_passthrough(event)
        if pieces is None:
            return None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Deadline(H11Protocol):
    """uvicorn's protocol; closes sockets that send or read too slowly."""

    _incomplete: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _began: float = 0.0
    _received: int = 0

    def __init__(self, config: Config, *rest: Any, **named: Any) -> None:
        """Put a connection that copies nothing in the place of uvicorn's own."""
        super().__init__(config, *rest, **named)
        largest = config.h11_max_incomplete_event_size
        self.conn = _Uncopied(h11.SERVER, *(() if largest is None else (largest,)))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock with the connection."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Stop the clock when the request is complete; start it with a next one."""
        if self._incomplete is None:
            self._start()
        self._received += len(data)
        super().data_received(data)
        if self.cycle is not None and not self.cycle.more_body:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind."""
        self._stop()
        self._resume()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the reader's clock: the answer waits for it."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the reader's clock."""
        self._resume()
        super().resume_writing()

    def _start(self) -> None:
        self._began = self.loop.time()
        self._received = 0
        self._incomplete = self.loop.call_later(REQUEST_SECONDS, self._expire)

    def _stop(self) -> None:
        if self._incomplete is not None:
            self._incomplete.cancel()
            self._incomplete = None

    def _resume(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _expire(self) -> None:
        earned = REQUEST_SECONDS + self._received / BODY_BYTES_PER_SECOND
        left = self._began + earned - self.loop.time()
        # While the route itself has not taken what arrived, the client is not the slow one.
        if self.flow.read_paused:
            left = max(left, REQUEST_SECONDS)
        if left > 0:
            self._incomplete = self.loop.call_later(left, self._expire)
            return
        self._incomplete = None
        self.transport.abort()
