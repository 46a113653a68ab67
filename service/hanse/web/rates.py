"""How much one caller may ask: a bucket of requests that refills, and a number at a time.

A caller is a credential, else an address. Whoever shows a credential is counted on it alone, so
that colleagues behind one address do not share; a credential that was refused counts on its
address, many times over, so that nobody gets a fresh bucket by making one up.
"""

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanse.auth.bearer import CREDENTIAL_HEADERS
from hanse.web.problems import TooMany
from hanse.web.site import Rate

CALLERS_MAX: Final = 20_000
"""How many callers are remembered; the one that asked longest ago is forgotten first."""

REFUSED_COST: Final = 20.0
"""What a credential that was refused costs its address: guessing is slow, mistaking is not."""

BUSY_SECONDS: Final = 1
FORWARDED: Final = b"x-forwarded-for"
_FREE: Final = ("/health/", "/static/")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class _Caller:
    tokens: float
    seen_at: float
    running: int = 0


class Rates:
    """Turns away a caller that asks too much; `clock` gives seconds that never go back."""

    def __init__(
        self, app: ASGIApp, rate: Rate, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.app = app
        self.rate = rate
        self.clock = clock
        self.proxies = networks(rate.proxies)
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request and pass it on; raises `TooMany` past the limit."""
        if scope["type"] != "http" or not self.rate.per_second or scope["path"].startswith(_FREE):
            await self.app(scope, receive, send)
            return
        address, shown = self._names(scope)
        caller = self._take(shown or address)
        if shown:
            self._solvent(address)

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 401 and shown:
                self._known(address).tokens -= REFUSED_COST
            await send(message)

        caller.running += 1
        try:
            await self.app(scope, receive, watched)
        finally:
            caller.running -= 1

    def _names(self, scope: Scope) -> tuple[str, str]:
        headers = scope["headers"]
        shown = [value for name, value in headers if name in CREDENTIAL_HEADERS]
        client = scope.get("client")
        address = _grouped(address_of(client[0] if client else "", headers, self.proxies))
        return address, hashlib.sha256(b"\n".join(shown)).hexdigest() if shown else ""

    def _known(self, name: str) -> _Caller:
        now = self.clock()
        found = self._callers.get(name)
        if found is None:
            found = self._callers[name] = _Caller(float(self.rate.burst), now)
            if len(self._callers) > CALLERS_MAX:
                self._callers.popitem(last=False)
        self._callers.move_to_end(name)
        gained = (now - found.seen_at) * self.rate.per_second
        found.tokens = min(float(self.rate.burst), found.tokens + gained)
        found.seen_at = now
        return found

    def _solvent(self, address: str) -> None:
        """Refuse an address that made up too many credentials, whatever it shows next."""
        owed = -self._known(address).tokens
        if owed > 0:
            raise TooMany("RATE_LIMIT", seconds=self._wait(owed))

    def _take(self, name: str) -> _Caller:
        caller = self._known(name)
        if caller.running >= self.rate.together:
            raise TooMany("RATE_TOGETHER", limit=self.rate.together, seconds=BUSY_SECONDS)
        if caller.tokens < 1:
            raise TooMany("RATE_LIMIT", seconds=self._wait(1 - caller.tokens))
        caller.tokens -= 1
        return caller

    def _wait(self, missing: float) -> int:
        return max(1, math.ceil(missing / self.rate.per_second))


def address_of(
    peer: str, headers: Iterable[tuple[bytes, bytes]], proxies: Sequence[Network]
) -> str:
    """Return whose address counts: the last one that no trusted proxy vouches for."""
    told = b",".join(value for name, value in headers if name == FORWARDED).decode("latin-1")
    hops = [hop.strip() for hop in told.split(",") if hop.strip()]
    address = peer
    while hops and _within(address, proxies):
        address = hops.pop()
    return address


@lru_cache(maxsize=16)
def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Return networks in CIDR; raises ValueError for a text that is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def _within(address: str, listed: Iterable[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in listed)


def _grouped(address: str) -> str:
    """Return an address as it is counted: of IPv6 the network that one household is given."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
