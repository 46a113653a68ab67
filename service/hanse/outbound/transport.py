"""The wire itself: httpx's API over aiohttp's connections, to checked addresses only.

httpx's own pool is quadratic in the number of hosts (3.2 s of processor time for 300 nodes, against
0.07 s here), so its API stays and its transport is replaced. One TLS context serves every peer. The
address that was checked is the address connected to: the resolver answers both questions at once.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport

from hanse.errors import Refused
from hanse.outbound.addresses import AddressRule

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a name and a port to its addresses, as literals."""

Transport = httpx.AsyncBaseTransport
"""What may be handed in instead of the wire: `httpx.ASGITransport(app)` in a test."""

KEEPALIVE_SECONDS: Final = 60.0
BROKEN: Final = (httpx.HTTPError, aiohttp.ClientError)
"""What either library raises for an answer that breaks off or is no HTTP."""

PASSED_MAX: Final = 10_000
_HEADER_BYTES: Final = 8_190


class CheckedTransport(httpx.AsyncBaseTransport):
    """Sends to addresses that `rule` admits; opens its connections when they are first needed."""

    def __init__(self, rule: AddressRule, tls: ssl.SSLContext | None, resolve: Resolve) -> None:
        self._rule = rule
        self._tls = tls
        self._resolve = resolve
        self._ways: dict[bool, AiohttpTransport] = {}
        self._passed: set[tuple[str, bool]] = set()

    async def handle_async_request(self, asked: httpx.Request) -> httpx.Response:
        """Send one request; raises `Refused` rather than connect to an address not admitted."""
        secure = asked.url.scheme == "https"
        self._check_literal(asked.url.host, secure)
        if secure not in self._ways:
            self._ways[secure] = self._open(secure)
        try:
            return await self._ways[secure].handle_async_request(asked)
        except aiohttp.ClientError as fault:  # a broken head: the adapter has no word for it
            raise httpx.RemoteProtocolError(type(fault).__name__) from fault

    def _check_literal(self, host: str, secure: bool) -> None:
        """Check an address that stands in the URL itself; a name is checked by the resolver."""
        if (host, secure) in self._passed:
            return
        with suppress(ValueError):
            ipaddress.ip_address(host)
            if not self._rule.admits(host, secure=secure):
                raise Refused("OUTBOUND_ADDRESS", host=host)
        if len(self._passed) < PASSED_MAX:
            self._passed.add((host, secure))

    async def aclose(self) -> None:
        """Close every connection."""
        for way in self._ways.values():
            await way.aclose()
        self._ways.clear()

    def _open(self, secure: bool) -> AiohttpTransport:
        tls = (self._tls or ssl.create_default_context()) if secure else None
        return AiohttpTransport(
            verify=tls or False,
            trust_env=False,
            client=lambda: _session(tls, _CheckedResolver(self._rule, self._resolve, secure)),
        )


def _session(tls: ssl.SSLContext | None, resolver: AbstractResolver) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=0,
        ssl=tls or False,
        resolver=resolver,
        keepalive_timeout=KEEPALIVE_SECONDS,
        timeout_ceil_threshold=float("inf"),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
        timeout=aiohttp.ClientTimeout(total=None, ceil_threshold=float("inf")),
    )


class _CheckedResolver(AbstractResolver):
    """Answers a name with its addresses, all of them admitted, or not at all."""

    def __init__(self, rule: AddressRule, resolve: Resolve, secure: bool) -> None:
        self._rule = rule
        self._resolve = resolve
        self._secure = secure

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve once; one address too many is a reason to use none of them."""
        addresses = await self._resolve(host, port)
        if not all(self._rule.admits(address, secure=self._secure) for address in addresses):
            raise Refused("OUTBOUND_ADDRESS", host=host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held open."""


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver; the order of its answer is kept."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_tls(fault: BaseException) -> bool:
    """Say whether a connection failed on its certificate or handshake."""
    return isinstance(fault.__cause__, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch)
