"""Asks peers: within a deadline, a number of bytes, and what their recent behaviour deserves."""

import asyncio
import random as randomness
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Self

import httpx
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind

from hanse.errors import Invalid, Unavailable
from hanse.outbound.addresses import AddressRule
from hanse.outbound.answer import Answer
from hanse.outbound.asking import Ask
from hanse.outbound.bulk import BulkAnswer, open_bulk
from hanse.outbound.heads import BODILESS, check_head
from hanse.outbound.origin import Origin
from hanse.outbound.resilience import (
    BACKOFF_MAX_SECONDS,
    Breaker,
    Clock,
    RetryBudget,
    backoff_seconds,
)
from hanse.outbound.transport import BROKEN, CheckedTransport, Resolve, is_tls, system_resolve

PEER_REQUESTS: Final = 8
AGAIN: Final = frozenset({429, 503})
FAILING: Final = frozenset({500, 502, 503, 504})
OWN_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "hanse/0.1",
}

_TRACER = trace.get_tracer("hanse.outbound")


@dataclass(slots=True)
class _Peer:
    """What is known of one origin between requests."""

    breaker: Breaker
    bulkhead: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PEER_REQUESTS))


@dataclass(slots=True)
class _Progress:
    """How far a request came: what a deadline that passes is blamed on."""

    code: str = "OUTBOUND_QUEUE"


class Outbound:
    """The way out of one process. `networks` lists (CIDR) what may be reached beside public hosts.

    Clock, randomness, waiting, name resolution and the transport are arguments; a transport that is
    handed in (`httpx.ASGITransport`) resolves nothing, so only the rule on origins holds for it.
    """

    def __init__(
        self,
        *,
        networks: Iterable[str] = (),
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve = system_resolve,
        clock: Clock = time.monotonic,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self.rule = AddressRule.of(networks)
        self.tls = tls
        self._transport = transport or CheckedTransport(self.rule, tls, resolve)
        self._clock = clock
        self._random = random
        self._budget = RetryBudget()
        self._peers: dict[Origin, _Peer] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    def breaker(self, origin: Origin) -> Breaker:
        """Return the breaker of a peer, for those who read from it by another way."""
        return self._peer(origin).breaker

    async def fetch(self, ask: Ask) -> Answer:
        """Return the whole answer, whatever its status.

        Raises `Refused` for a URL or address that is not to be called, `Unavailable` when the peer
        does not answer in time or is being left alone, `Invalid` for an answer that breaks the
        rules.
        """
        async with self.stream(ask) as opened:
            body = await opened.body()
        return Answer(str(ask.origin), opened.status, opened.headers, body)

    @asynccontextmanager
    async def stream(self, ask: Ask) -> AsyncIterator["Opened"]:
        """Open an answer; the deadline also covers what is done with its pieces."""
        url = ask.origin.admitted(ask.url)
        peer, progress = self._peer(ask.origin), _Progress()
        try:
            async with asyncio.timeout(ask.limits.deadline_seconds), peer.bulkhead:
                progress.code = "OUTBOUND_SILENT"
                response = await self._persist(ask, url, peer)
                progress.code = "OUTBOUND_SLOW"
                try:
                    check_head(ask, response.status_code, response.headers.raw)
                    yield Opened(ask, response)
                finally:
                    await response.aclose()
            peer.breaker.judge(failing=response.status_code in FAILING)
        except TimeoutError as fault:
            if progress.code == "OUTBOUND_QUEUE":
                peer.breaker.abandoned()
            else:
                peer.breaker.failed()
            raise Unavailable(progress.code, peer=str(ask.origin), seconds=_seconds(ask)) from fault
        except BROKEN as fault:
            peer.breaker.failed()
            raise Invalid("OUTBOUND_CUT", peer=str(ask.origin)) from fault
        except Invalid:
            peer.breaker.failed()
            raise
        except BaseException:
            peer.breaker.abandoned()
            raise

    @contextmanager
    def bulk(self, ask: Ask) -> Iterator[BulkAnswer]:
        """Open an answer for raw reading on the calling thread: the least work per byte.

        Not for a transport that was handed in: it opens a socket of its own. Sent once.
        """
        peer = self._peer(ask.origin)
        url = ask.origin.admit(ask.url)
        self._admit(peer, ask)
        try:
            with open_bulk(ask, url, self.rule, self.tls) as opened:
                yield opened
            peer.breaker.judge(failing=opened.status in FAILING)
        except (Unavailable, Invalid):
            peer.breaker.failed()
            raise
        except BaseException:
            peer.breaker.abandoned()
            raise

    def _peer(self, origin: Origin) -> _Peer:
        if origin not in self._peers:
            self._peers[origin] = _Peer(Breaker(self._clock))
        return self._peers[origin]

    def _admit(self, peer: _Peer, ask: Ask) -> None:
        if not peer.breaker.admits():
            rest = peer.breaker.rests_seconds
            raise Unavailable("OUTBOUND_BREAKER", peer=str(ask.origin), seconds=rest)

    async def _persist(self, ask: Ask, url: httpx.URL, peer: _Peer) -> httpx.Response:
        """Send, and send again while that is worth trying and in the budget."""
        self._budget.earn()
        self._admit(peer, ask)
        for tries in count(1):
            outcome = await self._send(ask, url)
            pause = _pause(outcome, backoff_seconds(tries, self._random))
            if pause is None or tries >= ask.tries or not self._budget.spend():
                break
            peer.breaker.failed()
            if not peer.breaker.admits():
                break  # and say what went wrong, not that it will be left alone from now on
            if isinstance(outcome, httpx.Response):
                await outcome.aclose()
            await asyncio.sleep(pause)
        if isinstance(outcome, Unavailable):
            peer.breaker.failed()
            raise outcome
        return outcome

    async def _send(self, ask: Ask, url: httpx.URL) -> httpx.Response | Unavailable:
        with _TRACER.start_as_current_span(f"{ask.method} {ask.origin}", kind=SpanKind.CLIENT):
            headers = {**OWN_HEADERS, **ask.all_headers}
            propagate.inject(headers)
            return await self._attempt(ask, url, headers)

    async def _attempt(
        self, ask: Ask, url: httpx.URL, headers: dict[str, str]
    ) -> httpx.Response | Unavailable:
        connect = min(ask.limits.connect_seconds, 0.8 * ask.limits.deadline_seconds)
        patience = {"connect": connect, "read": None, "write": None, "pool": None}
        request = httpx.Request(
            ask.method, url, headers=headers, content=ask.body, extensions={"timeout": patience}
        )
        try:
            response = await self._transport.handle_async_request(request)
            response.request = request
            return response
        except httpx.RemoteProtocolError:
            raise
        except httpx.TransportError as fault:
            code = "OUTBOUND_TLS" if is_tls(fault) else "OUTBOUND_UNREACHABLE"
            unavailable = Unavailable(code, peer=str(ask.origin))
            unavailable.__cause__ = fault
            return unavailable


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer whose head was read and found in order, and whose body waits."""

    ask: Ask
    response: httpx.Response

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.response.status_code

    @property
    def headers(self) -> dict[str, str]:
        """Its headers, names in lower case."""
        return {name.lower(): value for name, value in self.response.headers.items()}

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; raises `Invalid` past its cap or when its length is a lie."""
        peer, cap, got = str(self.ask.origin), self.ask.limits.body_bytes, 0
        async for piece in self.response.aiter_raw():
            got += len(piece)
            if got > cap:
                raise Invalid("OUTBOUND_TOO_LARGE", peer=peer, bytes=cap)
            yield piece
        declared = self.response.headers.get("content-length")
        bodiless = self.ask.method == "HEAD" or self.status in BODILESS
        if declared is not None and not bodiless and got != int(declared):
            raise Invalid("OUTBOUND_CUT", peer=peer)

    async def body(self) -> bytes:
        """Return the whole body."""
        return b"".join([piece async for piece in self.pieces()])


def _pause(outcome: httpx.Response | Unavailable, jitter: float) -> float | None:
    """Return how long to wait before another try, or None when the outcome is final."""
    if isinstance(outcome, Unavailable):
        return None if outcome.code == "OUTBOUND_TLS" else jitter
    if outcome.status_code not in AGAIN:
        return None
    asked = outcome.headers.get("retry-after", "0")
    wait = float(asked) if asked.isdecimal() and len(asked) < 6 else 0.0
    return max(wait, jitter) if wait <= BACKOFF_MAX_SECONDS else None


def _seconds(ask: Ask) -> float:
    return round(ask.limits.deadline_seconds, 2)


async def fetch(
    ask: Ask,
    *,
    networks: Iterable[str] = (),
    transport: httpx.AsyncBaseTransport | None = None,
) -> Answer:
    """Ask once, over connections of its own; whoever asks more often keeps an `Outbound`."""
    async with Outbound(networks=networks, transport=transport) as way:
        return await way.fetch(ask)
