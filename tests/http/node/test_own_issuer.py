"""A node issues tokens for itself: to whom its protocols name, bound to the keys they name."""

from collections.abc import Iterator

import httpx
import pytest
from joserfc.jwk import ECKey
from tests.support import proofs
from tests.support.callers import BASE_URL, CATALOGUE, House
from tests.support.holders import CLIENT, DATA, PROTOCOL, Holder, bound_house

from hanse.auth.issuer.faults import CLIENT_REFUSED
from hanse.auth.tokens import Revocations, validate
from hanse.node.issuing import Recipients
from hanse.node.running import Node

pytestmark = pytest.mark.anyio

KEY, SPARE = proofs.key(), proofs.key()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node whose protocol names a key and a spare one."""
    built = bound_house(tmp_path_factory.mktemp("own") / "aalst", KEY, SPARE)
    yield built
    built.node.close()


async def ask(house: House, key: ECKey = KEY, proof: str | None = "", **how: str) -> httpx.Response:
    async with house.client() as client:
        return await Holder(house, key).ask_token(client, proof, **how)


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400
    return str(answer.json()["error"])


async def test_who_the_protocol_names_gets_a_bound_token_and_its_figures(house: House) -> None:
    for key in (KEY, SPARE):
        answer = await ask(house, key)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["token_type"], told["expires_in"]) == ("DPoP", 300)
        claims = house.node.verifier.verify(told["access_token"])
        assert (claims.issuer, claims.client_id) == (BASE_URL, CLIENT)
        assert claims.thumbprint == key.thumbprint()
        me = Holder(house, key)
        async with house.client() as client:
            figures = await client.get(DATA, headers=me.headers(told["access_token"], DATA))
        assert figures.status_code == 200


async def test_a_token_for_one_protocol_names_the_text_that_is_in_force(house: House) -> None:
    told = (await ask(house, KEY, protocol=PROTOCOL)).json()
    claims = house.node.verifier.verify(told["access_token"])
    (held,) = house.node.door.register().of(CLIENT)
    assert (claims.protocol, claims.protocol_hash) == (PROTOCOL, held.content_hash)
    me = Holder(house, KEY)
    async with house.client() as client:
        figures = await client.get(DATA, headers=me.headers(told["access_token"], DATA))
    assert figures.status_code == 200
    unknown = (await ask(house, KEY, protocol=f"{PROTOCOL}9")).json()
    claims = house.node.verifier.verify(unknown["access_token"])
    assert (claims.protocol, claims.protocol_hash) == (f"{PROTOCOL}9", None)


async def test_a_key_the_protocol_does_not_name_gets_nothing(house: House) -> None:
    answer = await ask(house, proofs.key())
    assert refused(answer) == "invalid_client"
    assert answer.json()["error_description"] == CLIENT_REFUSED


async def test_without_a_proof_there_is_no_key_to_believe(house: House) -> None:
    assert refused(await ask(house, KEY, None)) == "invalid_client"


async def test_the_proof_must_be_of_the_key_that_signed(house: House) -> None:
    me = Holder(house, KEY)
    told = proofs.claims("POST", f"{BASE_URL}/oauth/token", me.now)
    assert refused(await ask(house, KEY, proofs.proof(SPARE, told))) == "invalid_client"


async def test_an_assertion_and_a_proof_are_good_once(house: House) -> None:
    me = Holder(house, KEY)
    assertion = me.assertion(BASE_URL)
    assert (await ask(house, KEY, client_assertion=assertion)).status_code == 200
    assert refused(await ask(house, KEY, client_assertion=assertion)) == "invalid_client"
    proof = proofs.proof(KEY, proofs.claims("POST", f"{BASE_URL}/oauth/token", me.now))
    assert (await ask(house, KEY, proof)).status_code == 200
    assert refused(await ask(house, KEY, proof)) == "invalid_dpop_proof"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"resource": "http://127.0.0.1:8102"}, "invalid_target"),
        ({"resource": CATALOGUE}, "invalid_target"),
        ({"scope": "audit:read"}, "invalid_scope"),
        ({"scope": "release:publish"}, "invalid_scope"),
        ({"client_id": "vreemde"}, "invalid_client"),
    ],
)
async def test_it_issues_for_itself_and_reading_alone(
    house: House, changes: dict[str, str], error: str
) -> None:
    assert refused(await ask(house, KEY, "", **changes)) == error


async def test_an_assertion_for_another_issuer_is_good_nowhere_else(house: House) -> None:
    me = Holder(house, KEY)
    for issuer in (CATALOGUE, f"{BASE_URL}/", f"{BASE_URL}/oauth/token"):
        answer = await ask(house, client_assertion=me.assertion(issuer))
        assert refused(answer) == "invalid_client"


async def test_metadata_leads_from_the_node_to_itself(house: House) -> None:
    async with house.client() as client:
        resource = (await client.get("/.well-known/oauth-protected-resource")).json()
        issuer = (await client.get("/.well-known/oauth-authorization-server")).json()
        keys = (await client.get(issuer["jwks_uri"].removeprefix(BASE_URL))).json()
        statements = (await client.get("/v1/jwks")).json()
    assert resource["authorization_servers"] == [CATALOGUE, BASE_URL]
    assert resource["dpop_signing_alg_values_supported"] == ["ES256", "Ed25519"]
    assert issuer["issuer"] == BASE_URL
    assert issuer["token_endpoint"] == f"{BASE_URL}/oauth/token"
    assert issuer["dpop_signing_alg_values_supported"] == ["ES256", "Ed25519"]
    kids = {key["kid"] for key in keys["keys"]}
    assert kids
    assert not kids & {key["kid"] for key in statements["keys"]}
    assert all("d" not in key for key in keys["keys"])


async def test_a_token_of_one_node_is_worth_nothing_at_another(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = "http://127.0.0.1:8109"
    neighbour: Node = bound_house(
        tmp_path_factory.mktemp("other") / "aalst", KEY, base_url=other
    ).node
    token = (await ask(house)).json()["access_token"]
    from hanse.errors import Unauthenticated

    with pytest.raises(Unauthenticated):
        neighbour.verifier.verify(token)
    now = house.clock().timestamp()
    assert validate(token, issuers=house.node.verifier.issuers, audience=BASE_URL, now=now)
    with pytest.raises(Unauthenticated):
        validate(token, issuers=house.node.verifier.issuers, audience=other, now=now)
    neighbour.close()


def test_who_was_revoked_is_no_client_any_more(house: House) -> None:
    def known(revoked: Revocations) -> frozenset[str]:
        at = Recipients(BASE_URL, house.node.door.register, lambda: revoked)
        found = at.client(CLIENT)
        return found.thumbprints if found else frozenset()

    both = frozenset({KEY.thumbprint(), SPARE.thumbprint()})
    assert known(Revocations()) == both
    assert known(Revocations(thumbprints=frozenset({KEY.thumbprint()}))) == {SPARE.thumbprint()}
    assert known(Revocations(thumbprints=both)) == set()
    assert known(Revocations(clients=frozenset({CLIENT}))) == set()
    assert Recipients(BASE_URL, house.node.door.register, Revocations).client("vreemde") is None
