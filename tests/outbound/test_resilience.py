"""How often a failing peer is asked, when it is left alone, and when it is asked again."""

import asyncio
import time

import pytest
from tests.support.peers import LOOPBACK, hangs, in_turn, peer, raw, says

from hanse.errors import Unavailable
from hanse.outbound import (
    Answer,
    Ask,
    Blocking,
    Breaker,
    Limits,
    Origin,
    Outbound,
    RetryBudget,
    fetch,
)
from hanse.outbound.resilience import BACKOFF_MAX_SECONDS, backoff_seconds


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def way_out(clock: Clock | None = None) -> Outbound:
    return Outbound(networks=LOOPBACK, random=lambda: 0.0, clock=clock or time.monotonic)


@pytest.mark.parametrize(
    ("behaviours", "status", "connections"),
    [
        ([says("503 Busy"), says("200 OK")], 200, 2),
        ([says("429 Slow down", b"", "Retry-After: 0"), says("200 OK")], 200, 2),
        ([raw(b""), raw(b""), says("200 OK")], 200, None),
        ([says("503 Busy")], 503, 3),
        ([says("503 Busy", b"", "Retry-After: 60"), says("200 OK")], 503, 1),
        ([says("500 Broken"), says("200 OK")], 500, 1),
        ([says("404 Gone"), says("200 OK")], 404, 1),
        ([says("403 No"), says("200 OK")], 403, 1),
    ],
    ids=[
        "busy once",
        "too many once",
        "cut twice",
        "busy for ever",
        "busy for a minute",
        "broken",
        "absent",
        "refused",
    ],
)
@pytest.mark.anyio
async def test_only_what_may_pass_is_tried_again_and_three_times_at_most(
    behaviours: list[object], status: int, connections: int | None
) -> None:
    with peer(in_turn(*behaviours)) as known:  # type: ignore[arg-type]
        async with way_out() as way:
            answer = await way.fetch(known.ask())
    assert answer.status == status
    assert connections is None or known.connections == connections


@pytest.mark.anyio
async def test_a_request_that_changes_something_is_sent_once() -> None:
    with peer(in_turn(says("503 Busy"), says("200 OK"))) as known:
        ask = known.ask()
        async with way_out() as way:
            answer = await way.fetch(Ask(ask.origin, ask.url, "POST", body=b"x=1"))
    assert (answer.status, known.connections) == (503, 1)


@pytest.mark.anyio
async def test_second_tries_stay_within_their_budget() -> None:
    with peer(says("503 Busy")) as known:
        async with way_out() as way:
            for _ in range(40):
                way.breaker(Origin.of(known.url)).succeeded()  # only the budget is in question
                await way.fetch(known.ask())
    assert 45 <= known.connections <= 40 + 5 + 4


def test_the_budget_grows_by_a_tenth_and_never_beyond_its_ceiling() -> None:
    budget = RetryBudget(reserve=1, saved_max=10)
    assert budget.spend()
    assert not budget.spend()
    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    for _ in range(10_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 11


def test_jitter_is_full_and_bounded() -> None:
    assert backoff_seconds(1, lambda: 0.0) == 0.0
    assert backoff_seconds(1, lambda: 1.0) == pytest.approx(0.2)
    assert backoff_seconds(20, lambda: 1.0) == BACKOFF_MAX_SECONDS


def test_a_breaker_opens_after_five_failures_in_thirty_seconds() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(4):
        breaker.failed()
    clock.now += 31
    breaker.failed()
    assert breaker.admits()
    for _ in range(4):
        breaker.failed()
    assert not breaker.admits()
    assert breaker.rests_seconds == 30


def test_after_its_rest_one_request_probes_and_decides() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.failed()
    clock.now += 29.9
    assert not breaker.admits()
    clock.now += 0.1
    assert breaker.admits()
    assert not breaker.admits()
    breaker.failed()
    assert not breaker.admits()
    clock.now += 30
    assert breaker.admits()
    breaker.abandoned()
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.admits()
    assert breaker.rests_seconds == 0


@pytest.mark.anyio
async def test_a_peer_that_keeps_failing_is_not_even_connected_to() -> None:
    clock = Clock()
    with peer(in_turn(*[says("500 Broken")] * 5, says("200 OK"))) as known:
        async with way_out(clock) as way:
            for _ in range(5):
                await way.fetch(known.ask())
            with pytest.raises(Unavailable) as left_alone:
                await way.fetch(known.ask())
            assert known.connections == 5
            clock.now += 30
            assert (await way.fetch(known.ask())).status == 200
    assert left_alone.value.code == "OUTBOUND_BREAKER"
    assert left_alone.value.parameters["seconds"] == 30


@pytest.mark.anyio
async def test_the_last_straw_is_told_as_what_it_was() -> None:
    with peer(says("503 Busy")) as known:
        async with way_out() as way:
            for _ in range(3):
                way.breaker(Origin.of(known.url)).failed()
            assert (await way.fetch(known.ask())).status == 503
            with pytest.raises(Unavailable, match="OUTBOUND_BREAKER"):
                await way.fetch(known.ask())
    assert known.connections == 2


@pytest.mark.anyio
async def test_waiting_in_our_own_queue_is_not_the_peers_failure() -> None:
    with peer(hangs) as slow:
        async with way_out() as way:
            for _ in range(4):
                way.breaker(Origin.of(slow.url)).failed()
            held = [_start(way, slow.ask(deadline_seconds=0.6)) for _ in range(8)]
            await asyncio.sleep(0.1)
            with pytest.raises(Unavailable, match="OUTBOUND_QUEUE"):
                await way.fetch(slow.ask(deadline_seconds=0.1))
            assert way.breaker(Origin.of(slow.url)).admits()
            await asyncio.gather(*held, return_exceptions=True)
            assert not way.breaker(Origin.of(slow.url)).admits()


@pytest.mark.anyio
async def test_one_slow_peer_holds_at_most_eight_requests_and_blocks_no_other() -> None:
    with peer(hangs) as slow, peer(says("200 OK")) as quick:
        async with way_out() as way:
            held = [_start(way, slow.ask(deadline_seconds=0.7)) for _ in range(8)]
            await asyncio.sleep(0.1)
            queued = [_start(way, slow.ask(deadline_seconds=0.2)) for _ in range(4)]
            assert (await way.fetch(quick.ask())).status == 200
            waited = await asyncio.gather(*queued, return_exceptions=True)
            assert slow.connections == 8
            ended = await asyncio.gather(*held, return_exceptions=True)
    assert {getattr(outcome, "code", "") for outcome in waited} == {"OUTBOUND_QUEUE"}
    assert {getattr(outcome, "code", "") for outcome in ended} == {"OUTBOUND_SILENT"}


def _start(way: Outbound, ask: Ask) -> asyncio.Task[Answer]:
    return asyncio.create_task(way.fetch(ask))


@pytest.mark.anyio
async def test_the_deadline_covers_all_tries_together() -> None:
    with peer(hangs) as known:
        async with way_out() as way:
            started = time.monotonic()
            with pytest.raises(Unavailable, match="OUTBOUND_SILENT"):
                await way.fetch(known.ask(deadline_seconds=0.3))
    assert 0.3 <= time.monotonic() - started < 0.4


@pytest.mark.anyio
async def test_nobody_listening_is_unreachable() -> None:
    with peer(says("200 OK")) as known:
        gone = known.url
    async with way_out() as way:
        with pytest.raises(Unavailable, match="OUTBOUND_UNREACHABLE"):
            await way.fetch(Ask(Origin.of(gone), gone + "/"))


@pytest.mark.anyio
async def test_asking_once_needs_nothing_kept() -> None:
    with peer(says("200 OK", b'{"a": 1}')) as known:
        answer = await fetch(known.ask(), networks=LOOPBACK)
    assert answer.json() == {"a": 1}
    assert answer.text() == '{"a": 1}'
    sent = known.requests[0].lower()
    assert b"accept-encoding: identity" in sent
    assert b"cookie" not in sent


def test_code_that_waits_keeps_its_connections_warm() -> None:
    def twice(connection: object) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        connection.sendall(answer)  # type: ignore[attr-defined]
        connection.recv(65_536)  # type: ignore[attr-defined]
        connection.sendall(answer)  # type: ignore[attr-defined]

    with peer(twice) as known, Blocking(way_out) as line:
        ask = Ask(Origin.of(known.url), known.url + "/", limits=Limits(tries=1))
        assert [line.run(line.way.fetch(ask)).status for _ in range(2)] == [200, 200]
        assert known.connections == 1


def test_closing_twice_is_as_good_as_once() -> None:
    line = Blocking(way_out)
    line.close()
    line.close()
