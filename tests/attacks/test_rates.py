"""A greedy caller is told to wait, alone: by credential, by address, by how much runs at a time."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from tests.support.asgi import HOST, exchange

from hanse.errors import Unauthenticated
from hanse.web import Site, create
from hanse.web.rates import CALLERS_MAX, REFUSED_COST, Rates
from hanse.web.site import Rate

BASE = "https://node-gent.example"
PROXY = ("10.1.0.0/16",)


class Ticks:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


class Front:
    """The application as its callers reach it: each from an address, some with a credential."""

    def __init__(self, rate: Rate) -> None:
        self.clock = Ticks()
        made = create(Site("Node", BASE, rate=Rate(per_second=0)))
        self.held = asyncio.Event()
        self.answered = asyncio.Event()
        self._add(made)
        self.rates = Rates(made, rate, self.clock)
        self.app: Any = self._faults(made)

    def _faults(self, made: FastAPI) -> Any:
        from hanse.web.problems import Faults

        inner = Faults(self.rates)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await inner({**scope, "app": made}, receive, send)

        return app

    def _add(self, made: FastAPI) -> None:
        @made.get("/v1/figures")
        async def figures() -> dict[str, int]:
            return {"inwoners": 1}

        @made.get("/v1/closed")
        async def closed() -> None:
            raise Unauthenticated("TOKEN_INVALID")

        @made.get("/v1/slow")
        async def slow() -> dict[str, int]:
            self.answered.set()
            await self.held.wait()
            return {}

        @made.get("/v1/broken")
        async def broken() -> None:
            raise RuntimeError

    async def ask(
        self, path: str = "/v1/figures", at: str = "192.0.2.1", token: str = "", via: str = ""
    ) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await self.app({**scope, "client": (at, 1)}, receive, send)

        headers = [HOST]
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        if via:
            headers.append((b"x-forwarded-for", via.encode()))
        return await exchange(app, path, headers=headers)

    def statuses(self, *asked: dict[str, str]) -> list[int]:
        async def all_of_them() -> list[int]:
            return [(await self.ask(**each)).status for each in asked]

        return asyncio.run(all_of_them())


def test_past_its_burst_a_caller_waits_a_whole_number_of_seconds_and_no_other_does() -> None:
    front = Front(Rate(per_second=2, burst=5))
    assert front.statuses(*[{}] * 5) == [200] * 5
    reply = asyncio.run(front.ask())
    assert reply.status == 429
    assert reply.header("retry-after") == "1"
    assert reply.json()["code"] == "RATE_LIMIT"
    assert reply.header("cache-control") == "no-store"
    assert front.statuses({"at": "192.0.2.2"}, {"token": "een"}) == [200, 200]
    front.clock.at += 1
    assert front.statuses({}, {}, {}) == [200, 200, 429]


def test_what_a_caller_does_not_use_is_not_saved_beyond_its_burst() -> None:
    front = Front(Rate(per_second=100, burst=3))
    front.clock.at += 3_600
    assert front.statuses(*[{}] * 4) == [200, 200, 200, 429]


def test_colleagues_behind_one_address_do_not_share_when_each_shows_a_credential() -> None:
    front = Front(Rate(per_second=1, burst=2))
    asked = [{"token": name} for name in ("een", "twee") for _ in range(3)]
    assert front.statuses(*asked) == [200, 200, 429, 200, 200, 429]


def test_made_up_credentials_buy_no_fresh_bucket() -> None:
    front = Front(Rate(per_second=1, burst=100))
    guesses = [{"path": "/v1/closed", "token": f"guess{n}"} for n in range(20)]
    found = front.statuses(*guesses)
    allowed = int(100 / REFUSED_COST) + 1
    assert found == [401] * allowed + [429] * (20 - allowed)
    assert front.statuses({"token": "right"}, {"at": "192.0.2.9", "token": "right"}) == [429, 200]


def test_a_caller_has_only_so_many_requests_in_progress() -> None:
    front = Front(Rate(per_second=100, burst=100, together=2))

    async def run() -> list[int]:
        slow = [asyncio.create_task(front.ask("/v1/slow")) for _ in range(2)]
        await front.answered.wait()
        await asyncio.sleep(0)
        third = await front.ask()
        other = await front.ask(at="192.0.2.2")
        front.held.set()
        first = [each.status for each in await asyncio.gather(*slow)]
        after = await front.ask()
        assert third.header("retry-after") == "1"
        return [third.status, other.status, *first, after.status]

    assert asyncio.run(run()) == [429, 200, 200, 200, 200]


def test_a_request_that_breaks_is_in_progress_no_more() -> None:
    front = Front(Rate(per_second=100, burst=100, together=1))
    assert front.statuses({"path": "/v1/broken"}, {"path": "/v1/broken"}) == [500, 500]


FORWARDED = [
    ("no proxy is trusted: what it claims is nothing", "192.0.2.1", "1.2.3.4", "192.0.2.1"),
    ("a trusted proxy says who asked", "10.1.0.9", "198.51.100.7", "198.51.100.7"),
    ("only the last word counts", "10.1.0.9", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
    ("one trusted proxy behind another", "10.1.0.9", "198.51.100.7, 10.1.0.8", "198.51.100.7"),
    ("a claim that is no address", "10.1.0.9", "x" * 200, "x" * 64),
    ("an empty claim", "10.1.0.9", " , ", "10.1.0.9"),
    ("IPv6 by its network", "2001:db8::1", "", "2001:db8::/64"),
]


@pytest.mark.parametrize(("why", "peer", "told", "counted"), FORWARDED, ids=lambda each: each[:40])
def test_the_address_that_counts(why: str, peer: str, told: str, counted: str) -> None:
    rates = Rates(create(Site("Node", BASE)), Rate(proxies=PROXY))
    headers = [(b"x-forwarded-for", told.encode())]
    assert rates._names({"client": (peer, 1), "headers": headers}) == (counted, "")


def test_health_and_stylesheets_are_free() -> None:
    front = Front(Rate(per_second=1, burst=1))
    assert front.statuses({}, {}, {"path": "/health/live"}) == [200, 429, 200]


def test_callers_are_forgotten_before_they_fill_the_memory() -> None:
    rates = Rates(create(Site("Node", BASE)), Rate())
    for number in range(CALLERS_MAX + 50):
        rates._known(str(number))
    assert len(rates._callers) == CALLERS_MAX
    assert "0" not in rates._callers
