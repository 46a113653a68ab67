"""Answers of hostile peers, over real sockets: each ends in one word, and in time."""

import asyncio
import gzip
import io
import json
import time
import zlib

import pytest
from tests.support.certificates import Authority
from tests.support.peers import LOOPBACK, Behaviour, drips, hangs, in_turn, peer, raw, says

from hanse.errors import HanseError, Invalid, Refused, Unavailable
from hanse.outbound import Ask, Limits, Origin, Outbound, strict_json

pytestmark = pytest.mark.anyio


def bomb(times: int = 1) -> bytes:
    """A body of a few kilobytes that would become a gigabyte."""
    squeezed = zlib.compressobj(9, zlib.DEFLATED, 31)
    held = io.BytesIO()
    for _ in range(64):
        held.write(squeezed.compress(bytes(1 << 20)))
    held.write(squeezed.flush())
    body = held.getvalue()
    for _ in range(times - 1):
        body = gzip.compress(body)
    return body


def endless(connection: object) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")  # type: ignore[attr-defined]
    while True:
        connection.sendall(b"x" * 65_536)  # type: ignore[attr-defined]


def many_headers(count: int, size: int = 4) -> bytes:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * size) for number in range(count))
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines + b"\r\n{}"


ANSWERS: dict[str, tuple[Behaviour, str]] = {
    "gzip bomb": (says("200 OK", bomb(), "Content-Encoding: gzip"), "OUTBOUND_ENCODING"),
    "gzip twice": (says("200 OK", bomb(2), "Content-Encoding: gzip, gzip"), "OUTBOUND_ENCODING"),
    "unknown encoding": (says("200 OK", b"x", "Content-Encoding: br"), "OUTBOUND_ENCODING"),
    "endless body": (endless, "OUTBOUND_TOO_LARGE"),
    "declared too large": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"),
        "OUTBOUND_TOO_LARGE",
    ),
    "length larger than the body": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
        "OUTBOUND_CUT",
    ),
    "chunks that break off": (
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        "OUTBOUND_CUT",
    ),
    "ten thousand headers": (raw(many_headers(10_000)), "OUTBOUND_CUT"),
    "120 headers": (raw(many_headers(120)), "OUTBOUND_HEADERS"),
    "a header of a megabyte": (raw(many_headers(1, 1 << 20)), "OUTBOUND_CUT"),
    "headers of 60 kB together": (raw(many_headers(60, 1_000)), "OUTBOUND_HEADERS"),
    "two lengths": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        "OUTBOUND_CUT",
    ),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "OUTBOUND_CUT"),
    "nothing": (raw(b""), "OUTBOUND_UNREACHABLE"),
    "silence": (hangs, "OUTBOUND_SILENT"),
    "a drip": (drips(declared=50_000), "OUTBOUND_SLOW"),
}


@pytest.mark.parametrize("case", sorted(ANSWERS))
async def test_a_hostile_answer_ends_in_one_word_and_in_time(case: str) -> None:
    behave, code = ANSWERS[case]
    with peer(behave) as known:
        async with Outbound(networks=LOOPBACK, random=lambda: 0.0) as way:
            started = time.monotonic()
            with pytest.raises(HanseError) as fault:
                await way.fetch(known.ask(deadline_seconds=0.6, body_bytes=100_000))
            assert time.monotonic() - started < 1.0
    assert fault.value.code == code
    assert known.url.removeprefix("http://") in str(fault.value)


@pytest.mark.parametrize("case", sorted(set(ANSWERS) - {"silence"}))
def test_raw_reading_holds_to_the_same_rules(case: str) -> None:
    behave, code = ANSWERS[case]
    own = {"nothing": "OUTBOUND_CUT", "120 headers": "OUTBOUND_CUT"}  # the library's own limits
    with peer(behave) as known:
        way = asyncio.run(_closed())
        started = time.monotonic()
        with (
            pytest.raises(HanseError) as fault,
            way.bulk(known.ask(deadline_seconds=0.6, body_bytes=100_000)) as opened,
        ):
            opened.finish()
        assert time.monotonic() - started < 1.0
    assert fault.value.code == own.get(case, code)


async def _closed() -> Outbound:
    async with Outbound(networks=LOOPBACK) as way:
        return way


async def test_more_body_than_declared_never_becomes_the_next_answer() -> None:
    smuggled = b'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"evil"'
    lying = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + smuggled)
    with peer(in_turn(lying, says("200 OK", b'"good"'))) as known:
        async with Outbound(networks=LOOPBACK) as way:
            first = await way.fetch(known.ask())
            second = await way.fetch(known.ask())
    assert (first.json(), second.json()) == ({}, "good")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"NaN",
        b'{"a": -Infinity}',
        b'"\\ud800"',
        b"\xff\xfe[\x00]\x00",
        b"\xef\xbb\xbf[]",
        b"",
        b"1" * 5_000,
    ],
    ids=[
        "html",
        "deep",
        "twice",
        "twice within",
        "nan",
        "infinity",
        "surrogate",
        "utf-16",
        "bom",
        "empty",
        "long number",
    ],
)
async def test_json_that_can_be_read_two_ways_is_not_read(body: bytes) -> None:
    with pytest.raises(Invalid, match="OUTBOUND_JSON"):
        strict_json(body, "peer")


async def test_json_as_it_should_be_is_read() -> None:
    assert strict_json(json.dumps({"a": [1, None, "é"]}).encode(), "peer") == {"a": [1, None, "é"]}


NAMED = "node-gent.example"


async def _loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.mark.parametrize(
    ("certified", "valid_days", "code"),
    [(NAMED, 1, ""), ("evil.example", 1, "OUTBOUND_TLS"), (NAMED, -1, "OUTBOUND_TLS")],
    ids=["its own name", "another name", "expired"],
)
async def test_a_certificate_must_be_this_peers_and_in_force(
    certified: str, valid_days: int, code: str
) -> None:
    authority = Authority()
    with peer(says("200 OK"), tls=authority.server(certified, valid_days)) as known:
        url = f"https://{NAMED}:{Origin.of(known.url).port}/"
        ask = Ask(Origin.of(url), url, limits=Limits(deadline_seconds=2.0, tries=1))
        async with Outbound(networks=LOOPBACK, tls=authority.client(), resolve=_loopback) as way:
            if code:
                with pytest.raises(Unavailable, match=code):
                    await way.fetch(ask)
            else:
                assert (await way.fetch(ask)).status == 200


async def test_a_handshake_that_never_ends_is_ended_by_the_deadline() -> None:
    with peer(hangs) as known:
        url = known.url.replace("http://", "https://") + "/"
        ask = Ask(Origin.of(url), url, limits=Limits(deadline_seconds=0.3))
        async with Outbound(networks=LOOPBACK) as way:
            started = time.monotonic()
            with pytest.raises(Unavailable, match="OUTBOUND_"):
                await way.fetch(ask)
            assert time.monotonic() - started < 0.5


@pytest.mark.parametrize("certified", ["localhost", "evil.example"])
def test_raw_reading_checks_the_certificate_too(certified: str) -> None:
    authority = Authority()
    with peer(says("200 OK"), tls=authority.server(certified)) as known:
        url = f"https://localhost:{Origin.of(known.url).port}/"
        ask = Ask(Origin.of(url), url, limits=Limits(deadline_seconds=2.0))
        way = asyncio.run(_trusting(authority))
        if certified == "localhost":
            with way.bulk(ask) as opened:
                assert opened.status == 200
                opened.finish()
        else:
            with pytest.raises(Unavailable, match="OUTBOUND_TLS"), way.bulk(ask):
                pass


async def _trusting(authority: Authority) -> Outbound:
    async with Outbound(networks=LOOPBACK, tls=authority.client()) as way:
        return way


def test_raw_reading_connects_to_no_address_that_is_not_admitted() -> None:
    with peer(says("200 OK")) as known:
        way = asyncio.run(_strict())
        with pytest.raises(Refused, match="OUTBOUND_ADDRESS"), way.bulk(known.ask()):
            pass
        assert known.connections == 0
    nowhere = "https://nowhere.invalid/"
    ask = Ask(Origin.of(nowhere), nowhere)
    with pytest.raises(Unavailable, match="OUTBOUND_UNREACHABLE"), way.bulk(ask):
        pass


async def _strict() -> Outbound:
    async with Outbound() as way:
        return way
