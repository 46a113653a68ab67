"""Proofs of possession: one form, one request, one use; everything else is refused alike.

The rows are held against the verifier, a running node and a token endpoint.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey
from tests.support import forge, proofs
from tests.support.asgi import ask
from tests.support.callers import BASE_URL, NOW, House
from tests.support.holders import DATA, Holder, bound_house
from tests.support.proofs import claims, signed

from hanse.auth.dpop import (
    MAX_PROOF_BYTES,
    NONCE_SECONDS,
    Demand,
    NonceMissing,
    Nonces,
    ProofFault,
    ProofRule,
    read_proof,
)
from hanse.errors import Unauthenticated

pytestmark = pytest.mark.anyio

KEY = proofs.key()
OTHER = proofs.key()
SECONDS = int(NOW.timestamp())
PATH = DATA.partition("?")[0]
ADDRESS = BASE_URL + PATH

Make = Callable[[str], str]


def told(**changes: object) -> Make:
    """A proof with changed claims; None takes one away."""

    def make(token: str) -> str:
        base = {**claims("GET", ADDRESS, SECONDS, token), **changes}
        return proofs.proof(KEY, {name: value for name, value in base.items() if value is not None})

    return make


def headed(**changes: object) -> Make:
    return lambda token: proofs.proof(KEY, claims("GET", ADDRESS, SECONDS, token), **changes)


def bare(key: ECKey, **changes: object) -> dict[str, object]:
    return {**proofs.public(key), **changes}


def unsigned(token: str) -> str:
    made = headed(alg="none")(token)
    return made[: made.rindex(".") + 1]


def hmac_with_public_key(token: str) -> str:
    head = {"typ": "dpop+jwt", "alg": "HS256", "jwk": proofs.public(KEY)}
    text = f"{forge.b64(json.dumps(head))}.{forge.b64(json.dumps(claims('GET', ADDRESS, SECONDS)))}"
    return f"{text}.{forge.b64(forge.hs256(KEY.as_pem(private=False))(text.encode()))}"


def deep(token: str) -> str:
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": proofs.public(KEY)}
    return signed(KEY, head, b'{"a":' + b"[" * 900 + b"]" * 900 + b"}")


def raw_header(text: str) -> Make:
    def make(token: str) -> str:
        body = f"{forge.b64(text)}.{forge.b64(json.dumps(claims('GET', ADDRESS, SECONDS, token)))}"
        return f"{body}.{forge.b64(b'x' * 64)}"

    return make


P384 = ECKey.generate_key("P-384").as_dict(private=False)
X25519 = OKPKey.generate_key("X25519").as_dict(private=False)
SYMMETRIC = OctKey.generate_key(256).as_dict()

ROWS: list[tuple[str, Make]] = [
    ("typ other", headed(typ="JWT")),
    ("typ upper case", headed(typ="DPOP+JWT")),
    ("typ missing", headed(typ=None)),
    ("typ number", headed(typ=5)),
    ("alg none", unsigned),
    ("alg HS256", hmac_with_public_key),
    ("alg RS256", headed(alg="RS256")),
    ("alg of another key type", headed(alg="Ed25519")),
    ("alg list", headed(alg=["ES256"])),
    ("alg missing", headed(alg=None)),
    ("private jwk", headed(jwk=KEY.as_dict(private=True))),
    ("jwk missing", headed(jwk=None)),
    ("jwk null", raw_header('{"typ":"dpop+jwt","alg":"ES256","jwk":null}')),
    ("jwk text", headed(jwk="x")),
    ("jwk symmetric", headed(jwk=SYMMETRIC)),
    ("jwk of another curve", headed(jwk={name: P384[name] for name in ("kty", "crv", "x", "y")})),
    ("jwk for key agreement", headed(jwk={name: X25519[name] for name in ("kty", "crv", "x")})),
    ("jwk with a stranger's member", headed(jwk=bare(KEY, x5u="https://evil/"))),
    ("jwk for encryption", headed(jwk=bare(KEY, use="enc"))),
    ("jwk not on the curve", headed(jwk=bare(KEY, y=proofs.public(OTHER)["y"]))),
    ("extra header member", headed(kid="k1")),
    ("crit", headed(crit=["b64"])),
    ("signature by another key", headed(jwk=proofs.public(OTHER))),
    ("htm other", told(htm="POST")),
    ("htm lower case", told(htm="get")),
    ("htm missing", told(htm=None)),
    ("htm list", told(htm=["GET"])),
    ("htu other path", told(htu=f"{BASE_URL}/v1/datasets")),
    ("htu other host", told(htu=f"http://evil.example{PATH}")),
    ("htu other scheme", told(htu=ADDRESS.replace("http:", "https:"))),
    ("htu with query", told(htu=f"{ADDRESS}?level=gemeente@2025&purpose=statistiek")),
    ("htu with fragment", told(htu=f"{ADDRESS}#x")),
    ("htu with a default port", told(htu=ADDRESS.replace(":8101", ":80"))),
    ("htu without the port", told(htu=ADDRESS.replace(":8101", ""))),
    ("htu upper-case host", told(htu=ADDRESS.upper())),
    ("htu missing", told(htu=None)),
    ("ath missing", told(ath=None)),
    ("ath of another token", told(ath=proofs.digest("another"))),
    ("ath padded", lambda token: told(ath=proofs.digest(token) + "=")(token)),
    ("iat 61 s ago", told(iat=SECONDS - 61)),
    ("iat 61 s ahead", told(iat=SECONDS + 61)),
    ("iat string", told(iat=str(SECONDS))),
    ("iat boolean", told(iat=True)),
    ("iat missing", told(iat=None)),
    ("jti missing", told(jti=None)),
    ("jti empty", told(jti="")),
    ("jti number", told(jti=5)),
    ("jti of 201 characters", told(jti="x" * 201)),
    ("jti with NUL", told(jti="a\x00")),
    ("proof of 5 kB", told(more="x" * 5_000)),
    ("deep payload", deep),
    ("header twice a key", raw_header('{"typ":"dpop+jwt","typ":"dpop+jwt","alg":"ES256"}')),
    ("two parts", lambda token: told()(token).rpartition(".")[0]),
    ("padding", lambda token: told()(token) + "="),
    ("nothing", lambda _: ""),
    ("spaces", lambda token: told()(token) + " "),
]
GOOD: list[tuple[str, Make]] = [
    ("right", told()),
    ("iat 60 s ago", told(iat=SECONDS - 60)),
    ("iat 60 s ahead", told(iat=SECONDS + 60)),
    ("iat fractional", told(iat=SECONDS + 0.5)),
    ("jwk named", headed(jwk=bare(KEY, kid="k1", alg="ES256", use="sig"))),
    ("a claim of others", told(extra=[1])),
    ("a nonce nobody asked for", told(nonce="x")),
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Holder]:
    built = bound_house(tmp_path_factory.mktemp("proofs") / "aalst", KEY)
    yield Holder(built, KEY)
    built.node.close()


def demand(token: str, **changes: object) -> Demand:
    base = {"method": "GET", "address": ADDRESS, "now": SECONDS, "token": token}
    return Demand(**{**base, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [row[1] for row in ROWS], ids=[row[0] for row in ROWS])
async def test_a_bad_proof_opens_nothing(node: Holder, make: Make) -> None:
    token = node.token()
    made = make(token)
    with pytest.raises(ProofFault) as refused:
        read_proof([made.encode("latin-1")], demand(token))
    assert not isinstance(refused.value, NonceMissing)
    sent = [(b"authorization", f"DPoP {token}".encode()), (b"dpop", made.encode("latin-1"))]
    reply = await asyncio.to_thread(
        ask, node.house.app, PATH, headers=[*sent, HOST], query=DATA.partition("?")[2].encode()
    )
    assert reply.status == 401
    challenge = reply.header("www-authenticate") or ""
    assert challenge.startswith('DPoP error="invalid_dpop_proof", algs="ES256 Ed25519"')
    assert reply.json()["code"] == "PROOF_INVALID"


HOST = (b"host", b"127.0.0.1:8101")


@pytest.mark.parametrize("make", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
async def test_a_right_proof_opens_what_the_protocol_opens(node: Holder, make: Make) -> None:
    token = node.token()
    headers = {"Authorization": f"DPoP {token}", "DPoP": make(token)}
    async with node.house.client() as client:
        assert (await client.get(DATA, headers=headers)).status_code == 200


async def test_a_proof_is_good_once_and_the_next_one_is_good_too(node: Holder) -> None:
    token = node.token()
    headers = node.headers(token, DATA)
    async with node.house.client() as client:
        first = await client.get(DATA, headers=headers)
        again = await client.get(DATA, headers=headers)
        new = await client.get(DATA, headers=node.headers(token, DATA))
    assert [each.status_code for each in (first, again, new)] == [200, 401, 200]


async def test_of_twenty_replays_at_once_exactly_one_is_answered(node: Holder) -> None:
    headers = node.headers(node.token(), DATA)
    async with node.house.client() as client:
        answers = await asyncio.gather(*(client.get(DATA, headers=headers) for _ in range(20)))
    assert sorted(each.status_code for each in answers) == [200] + [401] * 19


async def test_another_worker_knows_a_used_proof(node: Holder) -> None:
    from hanse.node.spent import SpentNames

    other = SpentNames(node.house.node.engine)
    headers = node.headers(node.token(), DATA)
    async with node.house.client() as client:
        assert (await client.get(DATA, headers=headers)).status_code == 200
    jti = json.loads(forge_payload(headers["DPoP"]))["jti"]
    owner = f"key:{KEY.thumbprint()}"
    assert not other.spend(owner, jti, SECONDS + 120, SECONDS)
    assert other.spend(owner, f"{jti}-2", SECONDS + 120, SECONDS)
    other.close()


def forge_payload(compact: str) -> bytes:
    import base64

    part = compact.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


FORMS: list[tuple[str, Callable[[Holder, str], list[tuple[bytes, bytes]]], str]] = [
    (
        "bound token as bearer",
        lambda _, token: [(b"authorization", b"Bearer " + token.encode())],
        "TOKEN_INVALID",
    ),
    (
        "bound token as bearer with its proof",
        lambda me, token: [
            (b"authorization", b"Bearer " + token.encode()),
            (b"dpop", me.proof(token, PATH).encode()),
        ],
        "PROOF_INVALID",
    ),
    (
        "bound token without proof",
        lambda _, token: [(b"authorization", b"DPoP " + token.encode())],
        "PROOF_INVALID",
    ),
    (
        "proof without token",
        lambda me, token: [(b"dpop", me.proof(token, PATH).encode())],
        "PROOF_INVALID",
    ),
    (
        "two proofs",
        lambda me, token: [
            (b"authorization", b"DPoP " + token.encode()),
            (b"dpop", me.proof(token, PATH).encode()),
            (b"dpop", me.proof(token, PATH).encode()),
        ],
        "PROOF_INVALID",
    ),
    (
        "a token bound to nothing, with a proof",
        lambda me, _: [
            (b"authorization", b"DPoP " + (plain := me.token(cnf=forge.GONE)).encode()),
            (b"dpop", me.proof(plain, PATH).encode()),
        ],
        "TOKEN_INVALID",
    ),
    (
        "a token bound to another key",
        lambda me, _: [
            (b"authorization", b"DPoP " + (made := other_bound(me)).encode()),
            (b"dpop", me.proof(made, PATH).encode()),
        ],
        "PROOF_INVALID",
    ),
    (
        "a forged host",
        lambda me, token: [
            (b"authorization", b"DPoP " + token.encode()),
            (b"dpop", me.proof(token, PATH, htu=f"http://evil.example{PATH}").encode()),
            (b"x-forwarded-host", b"evil.example"),
        ],
        "PROOF_INVALID",
    ),
]


def other_bound(me: Holder) -> str:
    return me.token(cnf={"jkt": OTHER.thumbprint()})


@pytest.mark.parametrize(("make", "code"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS])
async def test_token_and_proof_come_in_one_form(
    node: Holder, make: Callable[[Holder, str], list[tuple[bytes, bytes]]], code: str
) -> None:
    headers = [*make(node, node.token()), HOST]
    query = DATA.partition("?")[2].encode()
    reply = await asyncio.to_thread(ask, node.house.app, PATH, headers=headers, query=query)
    assert (reply.status, reply.json()["code"]) == (401, code)


async def test_a_right_token_for_a_key_no_protocol_names_is_refused_and_raises_an_alarm(
    node: Holder, caplog: pytest.LogCaptureFixture
) -> None:
    thief = Holder(node.house, OTHER)
    token = thief.token()
    async with node.house.client() as client:
        answer = await client.get(DATA, headers=thief.headers(token, DATA))
        auditor = Holder(node.house, OTHER).token(cnf=forge.GONE, scope="audit:read")
        seen = await client.get(
            f"/v1/decisions/{answer.json()['decision']}",
            headers={"Authorization": f"Bearer {auditor}"},
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "DECISION_KEY")
    assert [each for each in caplog.records if each.msg == "token.key_not_named"]
    failed = [check["name"] for check in seen.json()["checks"] if not check["passed"]]
    assert failed == ["key"]
    assert token not in caplog.text


async def test_a_token_of_one_node_opens_no_other(node: Holder) -> None:
    token = node.token(aud="http://127.0.0.1:8102")
    async with node.house.client() as client:
        answer = await client.get(DATA, headers=node.headers(token, DATA))
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")


async def test_the_path_counts_as_it_came(node: Holder) -> None:
    token = node.token()
    spelled = DATA.replace("dossiers", "dossi%65rs")
    async with node.house.client() as client:
        same = await client.get(spelled, headers=node.headers(token, spelled))
        other = await client.get(spelled, headers=node.headers(token, DATA))
    assert [same.status_code, other.status_code] == [200, 401]


def test_a_proof_of_the_largest_size_is_read() -> None:
    token = proofs.digest("t")
    room = MAX_PROOF_BYTES - len(told(more="")(token))
    padded = told(more="x" * (room * 3 // 4 - 2))(token)
    assert MAX_PROOF_BYTES - 8 < len(padded) <= MAX_PROOF_BYTES
    assert read_proof([padded.encode()], demand(token)).thumbprint == KEY.thumbprint()


def test_nonces_turn_over_and_the_one_before_still_counts() -> None:
    moment = [0.0]
    nonces = Nonces(b"secret", lambda: moment[0])
    first = nonces.current
    moment[0] = NONCE_SECONDS
    assert first in nonces.accepted
    assert nonces.current != first
    moment[0] = 2 * NONCE_SECONDS
    assert first not in nonces.accepted
    assert Nonces(b"other", lambda: 0.0).current != first


def test_a_nonce_that_is_missing_is_told_apart() -> None:
    with pytest.raises(NonceMissing):
        read_proof([told()("t").encode()], demand("t", nonces=("n1",)))
    assert read_proof([told(nonce="n1")("t").encode()], demand("t", nonces=("n1", "n2")))


class Memory:
    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def spend(self, owner: str, jti: str, expires_at: int, now: int, /) -> bool:
        fresh = (owner, jti) not in self.seen
        self.seen.add((owner, jti))
        return fresh


def test_a_service_with_nonces_hands_out_the_next() -> None:
    nonces = Nonces(b"secret", lambda: float(SECONDS))
    rule = ProofRule(BASE_URL, Memory(), lambda: float(SECONDS), nonces)
    with pytest.raises(Unauthenticated) as refused:
        rule.check([told()("t").encode()], "GET", PATH, "t", KEY.thumbprint())
    assert refused.value.code == "PROOF_NONCE"
    nonce = refused.value.parameters["nonce"]
    rule.check([told(nonce=nonce)("t").encode()], "GET", PATH, "t", KEY.thumbprint())


def test_a_stranger_cannot_have_a_proof_remembered() -> None:
    memory = Memory()
    rule = ProofRule(BASE_URL, memory, lambda: float(SECONDS))
    with pytest.raises(Unauthenticated):
        rule.check([told()("t").encode()], "GET", PATH, "t", OTHER.thumbprint())
    assert not memory.seen


async def test_a_node_that_asks_for_its_number_says_so(tmp_path: Path) -> None:
    built = bound_house(tmp_path / "aalst", KEY, proof_nonce=True)
    me = Holder(built, KEY)
    token = me.token()
    async with built.client() as client:
        first = await client.get(DATA, headers=me.headers(token, DATA))
        assert (first.status_code, first.json()["code"]) == (401, "PROOF_NONCE")
        assert 'error="use_dpop_nonce"' in first.headers["www-authenticate"]
        proof = me.proof(token, DATA, nonce=first.headers["dpop-nonce"])
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        assert (await client.get(DATA, headers=headers)).status_code == 200
        refused = await me.ask_token(client)
        assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
        nonce = refused.headers["dpop-nonce"]
        claim = {**claims("POST", f"{BASE_URL}/oauth/token", SECONDS), "nonce": nonce}
        given = await me.ask_token(client, proofs.proof(KEY, claim))
        assert (given.status_code, "DPoP" in given.text) == (200, True)
    built.node.close()


def used(house: House) -> int:
    with house.node.engine.connect() as connection:
        return int(connection.exec_driver_sql("select count(*) from spent").scalar() or 0)


async def test_used_proofs_are_forgotten_when_they_could_not_be_used_anyhow(
    tmp_path: Path,
) -> None:
    built = bound_house(tmp_path / "aalst", KEY)
    me = Holder(built, KEY)
    async with built.client() as client:
        await client.get(DATA, headers=me.headers(me.token(), DATA))
        built.clock.at = built.clock.at.replace(minute=built.clock.at.minute + 5)
        answer = await client.get(DATA, headers=me.headers(me.token(), DATA))
    assert (answer.status_code, used(built)) == (200, 1)
    built.node.close()
