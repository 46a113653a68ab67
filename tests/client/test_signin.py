"""Signing in: what is proven to whom, how long a token lasts, and what is never even sent."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from joserfc import jws
from tests.client.test_compare import node
from tests.support.peers import LOOPBACK
from tests.support.tiny_catalogue import TinyWorld, world

from hanse.client.keys import ClientKey
from hanse.client.signin import Credentials, Grant, Tokens, well_known
from hanse.errors import Invalid, Refused, Unauthenticated, Unavailable
from hanse.outbound import Outbound

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def known() -> Iterator[TinyWorld]:
    with world([node("NIS41002"), node("NIS44021")]) as running:
        yield running


def tokens(way: Outbound, known: TinyWorld, clock: Clock, *issuers: str) -> Tokens:
    pinned = issuers or (known.catalogue.url,)
    credentials = Credentials("provincie", known.catalogue.client, pinned)
    return Tokens(way, credentials, clock=clock)


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
async def test_an_assertion_has_one_audience_one_minute_and_one_use(
    known: TinyWorld, algorithm: str
) -> None:
    known.catalogue.client = ClientKey.generate(algorithm)  # type: ignore[arg-type]
    async with Outbound(networks=LOOPBACK) as way:
        signing = tokens(way, known, Clock())
        first, second = (signing.assertion(known.catalogue.url) for _ in range(2))
    read = jws.extract_compact(first.encode("ascii"))
    claims = json.loads(read.payload)
    assert read.headers() == {
        "alg": algorithm,
        "kid": known.catalogue.client.kid,
        "typ": "JWT",
    }
    assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti"}
    assert claims["aud"] == known.catalogue.url
    assert claims["iss"] == claims["sub"] == "provincie"
    assert claims["exp"] - claims["iat"] == 60
    assert claims["jti"] != json.loads(jws.extract_compact(second.encode("ascii")).payload)["jti"]


async def test_a_token_is_asked_for_one_resource_and_one_purpose(known: TinyWorld) -> None:
    grant = Grant(known.nodes[0].url, purpose="beleid", protocol="urn:p:1")
    async with Outbound(networks=LOOPBACK) as way:
        header = await tokens(way, known, Clock()).header(grant)
    assert header == {"Authorization": "DPoP token-1"}
    form = known.catalogue.asked[0]
    assert form.pop("client_assertion")
    assert form == {
        "grant_type": "client_credentials",
        "scope": "dataset:read",
        "resource": known.nodes[0].url,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "purpose": "beleid",
        "protocol": "urn:p:1",
    }


async def test_a_token_is_used_for_two_thirds_of_its_life(known: TinyWorld) -> None:
    clock = Clock()
    grant = Grant(known.nodes[0].url)
    async with Outbound(networks=LOOPBACK) as way:
        signing = tokens(way, known, clock)
        await signing.header(grant)
        clock.now += 199
        await signing.header(grant)
        assert len(known.catalogue.asked) == 1
        clock.now += 1
        await signing.header(grant)
    assert len(known.catalogue.asked) == 2


async def test_many_who_wait_share_one_refresh(known: TinyWorld) -> None:
    grant = Grant(known.nodes[0].url)
    async with Outbound(networks=LOOPBACK) as way:
        signing = tokens(way, known, Clock())
        headers = await asyncio.gather(*(signing.header(grant) for _ in range(20)))
    assert {header["Authorization"] for header in headers} == {"DPoP token-1"}


async def test_each_node_and_purpose_has_its_own_token(known: TinyWorld) -> None:
    grants = [Grant(each.url, purpose=p) for each in known.nodes for p in ("a", "b")]
    async with Outbound(networks=LOOPBACK) as way:
        signing = tokens(way, known, Clock())
        headers = [await signing.header(grant) for grant in grants]
    assert len({header["Authorization"] for header in headers}) == 4


@pytest.mark.parametrize(
    ("of_node", "of_catalogue", "code"),
    [
        ("poses", "well", "SIGNIN_RESOURCE"),
        ("misleads", "well", "SIGNIN_ISSUER"),
        ("well", "poses", "SIGNIN_METADATA"),
        ("well", "sends elsewhere", "OUTBOUND_URL"),
    ],
    ids=[
        "node calls itself otherwise",
        "issuer that was not pinned",
        "issuer calls itself otherwise",
        "token endpoint elsewhere",
    ],
)
async def test_mixed_up_metadata_is_refused_before_anything_is_sent(
    known: TinyWorld, of_node: str, of_catalogue: str, code: str
) -> None:
    known.nodes[0].mood, known.catalogue.mood = of_node, of_catalogue
    async with Outbound(networks=LOOPBACK) as way:
        with pytest.raises(Refused) as refused:
            await tokens(way, known, Clock()).header(Grant(known.nodes[0].url))
    assert refused.value.code == code
    assert known.catalogue.asked == []


async def test_an_issuer_that_says_no_is_told_as_one_refusal(known: TinyWorld) -> None:
    known.catalogue.client = ClientKey.generate()
    stranger = Credentials("provincie", ClientKey.generate(), (known.catalogue.url,))
    async with Outbound(networks=LOOPBACK) as way:
        with pytest.raises(Unauthenticated) as refused:
            await Tokens(way, stranger).header(Grant(known.nodes[0].url))
    assert refused.value.parameters["error"] == "invalid_client"


@pytest.mark.parametrize("seconds", [0, -1, 86_400, "300", True])
async def test_a_token_of_an_odd_life_is_not_used(known: TinyWorld, seconds: int) -> None:
    known.catalogue.expires_in = seconds
    async with Outbound(networks=LOOPBACK) as way:
        with pytest.raises(Invalid, match="SIGNIN_ANSWER"):
            await tokens(way, known, Clock()).header(Grant(known.nodes[0].url))


async def test_an_issuer_that_is_away_leaves_the_next_one_a_chance(known: TinyWorld) -> None:
    dead = "http://127.0.0.1:9"
    known.nodes[0].issuers = [dead, known.catalogue.url]
    async with Outbound(networks=LOOPBACK, random=lambda: 0.0) as way:
        header = await tokens(way, known, Clock(), dead, known.catalogue.url).header(
            Grant(known.nodes[0].url)
        )
        assert header["Authorization"].startswith("DPoP ")
        known.nodes[1].issuers = [dead]
        with pytest.raises(Unavailable, match="SIGNIN_AWAY"):
            await tokens(way, known, Clock(), dead).header(Grant(known.nodes[1].url))


def test_metadata_stands_before_the_path_of_its_subject() -> None:
    assert well_known("https://a.example", "x") == "https://a.example/.well-known/x"
    assert well_known("https://a.example/n/", "x") == "https://a.example/.well-known/x/n"


def test_no_token_stands_in_what_is_shown_of_it(known: TinyWorld) -> None:
    async def run() -> str:
        async with Outbound(networks=LOOPBACK) as way:
            signing = tokens(way, known, Clock())
            await signing.header(Grant(known.nodes[0].url))
            return repr(vars(signing))

    assert "token-1" not in asyncio.run(run())
