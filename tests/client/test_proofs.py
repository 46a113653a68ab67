"""Every request of the client proves its key anew, also the second try of the same request."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jws
from tests.client.test_compare import node
from tests.support import proofs
from tests.support.peers import LOOPBACK
from tests.support.tiny_catalogue import TinyWorld, world
from tests.support.tiny_node import TinyNode
from tests.support.tiny_server import Request, Response

from hanse.client.keys import ClientKey
from hanse.client.node import NodeClient
from hanse.client.question import Question
from hanse.client.signin import Credentials, Grant, Tokens
from hanse.client.verification import Pin
from hanse.errors import Unauthenticated, Unavailable
from hanse.outbound import Ask, Origin, Outbound

pytestmark = pytest.mark.anyio

PURPOSE = "beleid"


def closed() -> TinyNode:
    made = node("NIS41002")
    made.releases = [
        dataclasses.replace(each, access="protocol", purposes=(PURPOSE,)) for each in made.releases
    ]
    return made


@pytest.fixture
def known() -> Iterator[TinyWorld]:
    with world([closed()]) as running:
        yield running


def asking(known: TinyWorld) -> NodeClient:
    (only,) = known.nodes
    pin = Pin(only.agency, only.name, [only.key.public_jwk()])
    return NodeClient(only.url, pin=pin, line=known.line)


def question(known: TinyWorld) -> Question:
    return Question(known.nodes[0].releases[0].slug, purpose=PURPOSE)


def sent(known: TinyWorld) -> list[str]:
    return [each.headers["dpop"] for each in known.nodes[0].seen if "dpop" in each.headers]


def claims_of(proof: str) -> dict[str, object]:
    return dict(json.loads(jws.extract_compact(proof.encode()).payload))


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
async def test_a_proof_says_one_request_and_one_token(known: TinyWorld, algorithm: str) -> None:
    key = ClientKey.generate(algorithm)  # type: ignore[arg-type]
    credentials = Credentials("provincie", key, ("x",))
    origin = Origin.of("http://127.0.0.1:9")
    async with Outbound(networks=LOOPBACK) as way:
        signing = Tokens(way, credentials, clock=lambda: 1_800_000_000.7)
        ask = Ask(origin, f"{origin}/v1/x?q=1#f".partition("#")[0], headers={})
        assert signing.seal(ask) is ask, "nothing to prove without a bound token"
        bearer = dataclasses.replace(ask, headers={"Authorization": "Bearer t"})
        assert signing.seal(bearer) is bearer
        sealed = signing.seal(dataclasses.replace(ask, headers={"Authorization": "DPoP t"}))
    first, second = (sealed.all_headers["DPoP"] for _ in range(2))
    assert proofs.holder(first, "GET", f"{origin}/v1/x", "t") == key.kid
    told = claims_of(first)
    assert set(told) == {"jti", "htm", "htu", "iat", "ath"}
    assert told["iat"] == 1_800_000_000
    assert told["jti"] != claims_of(second)["jti"]
    assert set(jws.extract_compact(first.encode()).headers()["jwk"]) <= {"kty", "crv", "x", "y"}


def test_every_way_of_asking_proves_the_key(known: TinyWorld, tmp_path: Path) -> None:
    client = asking(known)
    pulled = client.pull(question(known))
    assert client.pull_all(question(known)).table.num_rows == pulled.table.num_rows
    known.nodes[0].cut_once = 40
    with pytest.raises(Exception, match="OUTBOUND"):
        client.save(question(known), tmp_path / "f.parquet")
    saved = client.save(question(known), tmp_path / "f.parquet")
    assert saved.resumed_from > 0
    assert len(sent(known)) >= 5
    assert len({str(claims_of(each)["jti"]) for each in sent(known)}) == len(sent(known))


def test_a_second_try_carries_a_proof_of_its_own(known: TinyWorld) -> None:
    only = known.nodes[0]
    client = asking(known)
    client.pull(question(known))
    before = len(sent(known))
    answers = only._answer
    busy = [True, True]

    def unwell(request: Request) -> Response:
        if request.path.endswith("/data") and busy and busy.pop():
            answers(request)  # it was seen, and so its proof was used
            return Response(503)
        return answers(request)

    only._answer = unwell  # type: ignore[method-assign]
    assert client.pull(question(known)).table.num_rows
    assert len(sent(known)) - before >= 3


def test_a_node_may_ask_for_its_number(known: TinyWorld) -> None:
    only = known.nodes[0]
    answers = only._answer

    def numbered(request: Request) -> Response:
        proof = request.headers.get("dpop", "")
        if proof and claims_of(proof).get("nonce") != "n-1":
            return Response(401, {"DPoP-Nonce": "n-1"})
        return answers(request)

    only._answer = numbered  # type: ignore[method-assign]
    assert asking(known).pull(question(known)).table.num_rows
    assert len(known.catalogue.asked) == 1, "the token was right all along"


def test_an_issuer_may_ask_for_its_number(known: TinyWorld) -> None:
    catalogue = known.catalogue
    answers = catalogue._token

    def numbered(request: Request) -> Response:
        if claims_of(request.headers["dpop"]).get("nonce") != "n-2":
            body = json.dumps({"error": "use_dpop_nonce"}).encode()
            return Response(400, {"DPoP-Nonce": "n-2", "Content-Type": "application/json"}, body)
        return answers(request)

    catalogue._token = numbered  # type: ignore[method-assign]
    assert asking(known).pull(question(known)).table.num_rows


def test_a_token_that_is_not_bound_is_sent_as_it_is(known: TinyWorld) -> None:
    known.catalogue.mood = "binds nothing"
    assert asking(known).pull(question(known)).table.num_rows
    assert sent(known) == []


async def test_a_node_is_an_issuer_for_itself_without_being_pinned(known: TinyWorld) -> None:
    only, dead = known.nodes[0], "http://127.0.0.1:9"
    only.issuers = [dead, only.url]
    answers, asked = only._answer, []

    def issues(request: Request) -> Response:
        if request.path == "/.well-known/oauth-authorization-server":
            body = {"issuer": only.url, "token_endpoint": f"{only.url}/oauth/token"}
            return Response(200, {"Content-Type": "application/json"}, json.dumps(body).encode())
        if request.path == "/oauth/token":
            asked.append(request)
            told = {"access_token": "t-1", "token_type": "DPoP", "expires_in": 300}
            return Response(200, {"Content-Type": "application/json"}, json.dumps(told).encode())
        return answers(request)

    only._answer = issues  # type: ignore[method-assign]
    credentials = Credentials("provincie", known.catalogue.client, (dead,))
    async with Outbound(networks=LOOPBACK, random=lambda: 0.0) as way:
        signing = Tokens(way, credentials)
        for number in range(3):
            header = await signing.header(Grant(only.url, purpose=f"p{number}"))
            assert header == {"Authorization": "DPoP t-1"}
        assert signing._issuers[only.url] == (only.url, dead), "the last that worked comes first"
    assert len(asked) == 3
    address = f"{only.url}/oauth/token"
    held = proofs.holder(asked[0].headers["dpop"], "POST", address)
    assert held == known.catalogue.client.kid


async def test_another_node_is_no_issuer_however_it_is_listed(known: TinyWorld) -> None:
    only = known.nodes[0]
    only.issuers = ["http://127.0.0.9:4", 5]  # type: ignore[list-item]
    credentials = Credentials("provincie", known.catalogue.client, (known.catalogue.url,))
    async with Outbound(networks=LOOPBACK) as way:
        with pytest.raises(Exception, match="SIGNIN_ISSUER"):
            await Tokens(way, credentials).header(Grant(only.url))
    assert known.catalogue.asked == []


async def test_who_says_no_is_told_before_who_is_away(known: TinyWorld) -> None:
    only, dead = known.nodes[0], "http://127.0.0.1:9"
    only.issuers = [known.catalogue.url, dead]
    stranger = Credentials("provincie", ClientKey.generate(), (known.catalogue.url, dead))
    async with Outbound(networks=LOOPBACK, random=lambda: 0.0) as way:
        with pytest.raises(Unauthenticated, match="SIGNIN_REFUSED"):
            await Tokens(way, stranger).header(Grant(only.url))
        only.issuers = [dead]
        with pytest.raises(Unavailable, match="SIGNIN_AWAY"):
            await Tokens(way, stranger).header(Grant(only.url))
