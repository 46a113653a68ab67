"""The token endpoint under every request of the table: one gets a token, all others one answer."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from tests.support import forge, postgres, proofs
from tests.support.asgi import Reply, ask
from tests.support.federation import BASE, FORM, NODE, Catalogue
from tests.support.forge import b64

from hanse.auth.issuer import Client
from hanse.auth.issuer.faults import CLIENT_REFUSED, TokenFault
from hanse.auth.issuer.form import read_form
from hanse.auth.issuer.issuer import FAILURES_PER_MINUTE, Issuer, IssuerParts
from hanse.auth.jwks import STATEMENT, Issuers, OwnKeys
from hanse.auth.keys import read_keys
from hanse.auth.metadata import protected_resource
from hanse.auth.ring import Ring
from hanse.auth.tokens import validate
from hanse.catalog import clients, members, migrations, oauth
from hanse.errors import Conflict, Invalid
from hanse.policies.signatures import SigningKey, verify
from hanse.store import engine as store
from hanse.store.session import reading, transaction

Change = Callable[[Catalogue], dict[str, str]]
CLIENT, REQUEST, TARGET, SCOPE = (
    "invalid_client",
    "invalid_request",
    "invalid_target",
    "invalid_scope",
)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue(tmp_path_factory.mktemp("catalogue"))


def send(catalogue: Catalogue, body: bytes | dict[str, str], **how: Any) -> Reply:
    return asyncio.run(catalogue.post(body, **how))


def claims(**changes: object) -> Change:
    return lambda it: it.form(client_assertion=it.assertion("prov", **changes))


def field(**changes: str | None) -> Change:
    return lambda it: it.form(**changes)


def later(seconds: float, *names: str) -> Change:
    return lambda it: claims(**dict.fromkeys(names, it.clock.seconds + seconds))(it)


def assertion(text: str) -> Change:
    return lambda it: it.form(client_assertion=text)


def unsigned(payload: bytes, header: bytes | None = None) -> Change:
    head = header or json.dumps({"alg": "ES256", "kid": "prov-1"}).encode()
    return assertion(f"{b64(head)}.{b64(payload)}.{b64(b'x' * 64)}")


def headed(**changes: object) -> Change:
    """An assertion whose header was changed, signed by the client's own key over these bytes."""

    def make(it: Catalogue) -> dict[str, str]:
        head = {"alg": "ES256", "kid": "prov-1", **changes}
        text = f"{b64(json.dumps(head))}.{b64(json.dumps(it.claims()))}"
        signed = jws.serialize_compact(
            {"alg": "ES256"}, text, it.keys["prov"], algorithms=["ES256"]
        )
        return it.form(client_assertion=f"{text}.{signed.rpartition('.')[2]}")

    return make


def by_attacker(**header: object) -> Change:
    def make(it: Catalogue) -> dict[str, str]:
        key = ECKey.generate_key("P-256")
        extra = {**header, "jwk": key.as_dict(private=False)} if "jwk" in header else header
        head = {"alg": "ES256", "kid": "prov-1", **extra}
        text = f"{b64(json.dumps(head))}.{b64(json.dumps(it.claims()))}"
        return it.form(client_assertion=f"{text}.{b64(forge.es256('attacker')(text.encode()))}")

    return make


def symmetric(it: Catalogue) -> dict[str, str]:
    head = {"alg": "HS256", "kid": "prov-1"}
    text = f"{b64(json.dumps(head))}.{b64(json.dumps(it.claims()))}"
    pem = it.keys["prov"].as_pem(private=False)
    return it.form(client_assertion=f"{text}.{b64(forge.hs256(pem)(text.encode()))}")


ROWS: list[tuple[str, Change, str]] = [
    ("A3 aud other", claims(aud="https://evil.example"), CLIENT),
    ("A3 aud list", claims(aud=[BASE, "https://evil.example"]), CLIENT),
    ("A3 aud list of one", claims(aud=[BASE]), CLIENT),
    ("A3 aud token endpoint", claims(aud=f"{BASE}/oauth/token"), CLIENT),
    ("A3 aud with slash", claims(aud=f"{BASE}/"), CLIENT),
    ("A4 exp far", later(10**8, "exp"), CLIENT),
    ("A4 exp 361 s ahead", later(361, "exp"), CLIENT),
    ("A4 exp past", later(-61, "exp"), CLIENT),
    ("A4 exp missing", claims(exp=None), CLIENT),
    ("A4 exp string", claims(exp="2000000000"), CLIENT),
    ("A4 exp boolean", claims(exp=True), CLIENT),
    ("A5 iat missing", claims(iat=None), CLIENT),
    ("A5 iat 10 min ahead", later(600, "iat"), CLIENT),
    ("A5 iat after exp", lambda it: claims(iat=it.clock.seconds + 61)(it), CLIENT),
    ("A5 nbf ahead", later(3600, "nbf"), CLIENT),
    ("A6 iss not sub", claims(iss="stad"), CLIENT),
    ("A6 sub unknown", claims(iss="nobody", sub="nobody"), CLIENT),
    ("A6 sub unknown, 5,000 long", claims(iss="n" * 5_000, sub="n" * 5_000), CLIENT),
    ("A6 sub of another, own key", claims(iss="stad", sub="stad"), CLIENT),
    ("A6 sub object", claims(sub={"a": 1}), CLIENT),
    ("A6 sub lone surrogate", claims(sub="\ud800"), CLIENT),
    ("A6 sub NUL", claims(iss="prov\x00", sub="prov\x00"), CLIENT),
    ("A7 jti NUL", claims(jti="a\x00"), CLIENT),
    ("A7 jti missing", claims(jti=None), CLIENT),
    ("A7 jti number", claims(jti=5), CLIENT),
    ("A7 jti empty", claims(jti=""), CLIENT),
    ("A7 jti too long", claims(jti="x" * 201), CLIENT),
    ("A8 kid unknown", headed(kid="other"), CLIENT),
    ("A8 alg none", headed(alg="none"), CLIENT),
    ("A8 alg list", headed(alg=["ES256"]), CLIENT),
    ("A8 alg object", headed(alg={"a": 1}), CLIENT),
    ("A8 kid list", headed(kid=["prov-1"]), CLIENT),
    ("A8 HS256 with public PEM", symmetric, CLIENT),
    ("A8 header extra", headed(foo=1), CLIENT),
    ("A9 jwk embedded", by_attacker(jwk=True), CLIENT),
    ("A9 jku", by_attacker(jku="https://evil.example/jwks"), CLIENT),
    ("A9 x5u", by_attacker(x5u="https://evil.example/c"), CLIENT),
    ("A9 attacker's signature", by_attacker(), CLIENT),
    ("A10 500 nested lists", unsigned(b"[" * 500 + b"]" * 500), CLIENT),
    ("A10 2,000 nested lists", unsigned(b"[" * 2_000 + b"]" * 2_000), CLIENT),
    ("A10 object, 3,000 deep", unsigned(b'{"sub":' + b"[" * 3_000 + b"]" * 3_000 + b"}"), CLIENT),
    ("A10 20,000 nested lists", unsigned(b"[" * 20_000), CLIENT),
    ("A11 payload UTF-16", unsigned(json.dumps({"sub": "prov"}).encode("utf-16")), CLIENT),
    ("A11 sub of 5,000 digits", unsigned(b'{"sub":' + b"9" * 5_000 + b"}"), CLIENT),
    ("A11 header list", unsigned(b"{}", b"[1]"), CLIENT),
    ("A11 a.b.c", assertion("a.b.c"), CLIENT),
    ("A11 empty", assertion(""), CLIENT),
    ("A11 five dots", assertion("....."), CLIENT),
    ("A11 non-ASCII", assertion("é.é.é"), CLIENT),
    ("A12 client_id other", field(client_id="stad"), CLIENT),
    ("A13 a secret as well", field(**{"client_secret": "x"}), CLIENT),
    ("A13 assertion type other", field(client_assertion_type="x"), CLIENT),
    ("A13 no assertion", field(client_assertion=None), CLIENT),
    ("A15 no resource", field(resource=None), TARGET),
    ("A15 empty resource", field(resource=""), TARGET),
    ("A15 unknown resource", field(resource="https://elsewhere.example"), TARGET),
    ("A15 resource with fragment", field(resource=NODE + "#x"), TARGET),
    ("A15 resource in other case", field(resource=NODE.upper()), TARGET),
    ("A15 resource with slash", field(resource=NODE + "/"), TARGET),
    ("A15 resource with NUL", field(resource=NODE + "\x00"), TARGET),
    ("A16 scope missing", field(scope=None), SCOPE),
    ("A16 scope empty", field(scope=""), SCOPE),
    ("A16 scope not granted", field(scope="audit:read"), SCOPE),
    ("A16 granted and not granted", field(scope="dataset:read audit:read"), SCOPE),
    ("A16 scope NUL", field(scope="dataset:read\x00"), SCOPE),
    ("A16 scope tab", field(scope="dataset:read\taudit:read"), SCOPE),
    ("A16 scope wildcard", field(scope="dataset:*"), SCOPE),
    ("A16 scope two spaces", field(scope="dataset:read  dataset:read"), SCOPE),
    ("A16 theme of another form", field(scope="theme:Onderwijs:read"), SCOPE),
    ("A17 purpose missing", field(purpose=None), REQUEST),
    ("A17 purpose not a name", field(purpose="Wij zoeken iets"), REQUEST),
    ("protocol not a name", field(protocol="a b"), REQUEST),
    ("another grant", field(grant_type="password"), "unsupported_grant_type"),
    ("no grant", field(grant_type=None), "unsupported_grant_type"),
]


@pytest.mark.parametrize(("make", "error"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_a_wrong_request_has_one_answer(catalogue: Catalogue, make: Change, error: str) -> None:
    catalogue.clock.forward(minutes=1)  # each row has its own minute: this is not the rate limit
    reply = send(catalogue, make(catalogue))
    assert reply.status == 400
    said = reply.json()
    assert said["error"] == error
    if error == CLIENT:
        assert said == {"error": CLIENT, "error_description": CLIENT_REFUSED}
    assert reply.header("cache-control") == "no-store"
    assert send(catalogue, catalogue.form()).status == 200, "the next good request succeeds"


def test_a_good_request_gets_a_token_for_one_node_and_five_minutes(catalogue: Catalogue) -> None:
    reply = send(catalogue, catalogue.form(protocol="urn:protocol:gent:2026-007"))
    assert reply.status == 200
    given = reply.json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 300)
    assert "refresh_token" not in given
    issuers = Issuers({BASE: OwnKeys(lambda: published(catalogue))})
    read = validate(
        given["access_token"], issuers=issuers, audience=NODE, now=catalogue.clock.seconds
    )
    assert read.expires_at - read.issued_at == 300
    assert (read.client_id, read.party, read.purpose) == ("prov", "0253973219", "statistiek")
    assert read.scopes == {"dataset:read"}
    assert read.protocol == "urn:protocol:gent:2026-007"


def test_a_client_that_cannot_prove_a_key_gets_an_hour_and_one_that_does_five_minutes(
    tmp_path: Path,
) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    public = {**catalogue.keys["prov"].as_dict(private=False), "kid": "prov-1"}
    with transaction(catalogue.engine) as session:
        row = session.get(clients.ClientRow, "prov")
        assert row is not None
        session.delete(row)
    new = clients.NewClient(
        "prov", "0253973219", "P", {"keys": [public]}, "dataset:read", bearer=True
    )
    with transaction(catalogue.engine) as session:
        clients.register(session, new, catalogue.clock())
    unbound = send(catalogue, catalogue.form()).json()
    assert (unbound["token_type"], unbound["expires_in"]) == ("Bearer", 3_600)
    issuers = Issuers({BASE: OwnKeys(lambda: published(catalogue))})
    read = validate(
        unbound["access_token"], issuers=issuers, audience=NODE, now=catalogue.clock.seconds
    )
    assert read.expires_at - read.issued_at == 3_600
    key = proofs.key()
    bound = send(catalogue, catalogue.form(), headers=proved(catalogue, key)).json()
    assert (bound["token_type"], bound["expires_in"]) == ("DPoP", 300)


def proved(catalogue: Catalogue, key: ECKey, **changes: object) -> list[tuple[bytes, bytes]]:
    """The header of a proof of possession at the token endpoint."""
    told = proofs.claims("POST", f"{BASE}/oauth/token", catalogue.clock.seconds)
    return [(b"dpop", proofs.proof(key, {**told, **changes}).encode())]


def test_a_proof_binds_the_token_to_its_key(catalogue: Catalogue) -> None:
    key = proofs.key()  # another one than the assertion's: both may stand in a protocol
    given = send(catalogue, catalogue.form(), headers=proved(catalogue, key)).json()
    assert given["token_type"] == "DPoP"  # noqa: S105
    issuers = Issuers({BASE: OwnKeys(lambda: published(catalogue))})
    now = catalogue.clock.seconds
    read = validate(given["access_token"], issuers=issuers, audience=NODE, now=now)
    assert read.thumbprint == key.thumbprint()


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htu": f"{BASE}/v1/jwks"},
        {"htu": "https://evil.example/oauth/token"},
        {"iat": 5},
        {"ath": proofs.digest("x")},
        {"jti": ""},
    ],
    ids=["method", "path", "host", "time", "about a token", "unnamed"],
)
def test_a_bad_proof_gets_no_token(catalogue: Catalogue, changes: dict[str, object]) -> None:
    headers = proved(catalogue, proofs.key(), **changes)
    reply = send(catalogue, catalogue.form(), headers=headers)
    assert (reply.status, reply.json()["error"]) == (400, "invalid_dpop_proof")
    stranger = catalogue.form(client_assertion=catalogue.assertion(iss="x", sub="x"))
    told = send(catalogue, stranger, headers=headers).json()
    assert told == {"error": CLIENT, "error_description": CLIENT_REFUSED}


def test_a_proof_is_good_once_and_alone(catalogue: Catalogue) -> None:
    key = proofs.key()
    once = proved(catalogue, key)
    two = [*proved(catalogue, key), *proved(catalogue, key)]
    answers = [send(catalogue, catalogue.form(), headers=each) for each in (once, once, two)]
    assert [answer.status for answer in answers] == [200, 400, 400]
    assert {answer.json()["error"] for answer in answers[1:]} == {"invalid_dpop_proof"}


def published(catalogue: Catalogue) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = ask(catalogue.app, "/v1/jwks").json()["keys"]
    return keys


def test_a_theme_is_contained_in_all_datasets(catalogue: Catalogue) -> None:
    assert send(catalogue, catalogue.form(scope="theme:wonen:read")).status == 200


def test_an_assertion_is_good_once(catalogue: Catalogue) -> None:
    form = catalogue.form()
    assert [send(catalogue, form).status for _ in range(3)] == [200, 400, 400]


def test_of_twenty_replays_at_once_exactly_one_succeeds(catalogue: Catalogue) -> None:
    form = catalogue.form()

    async def race() -> list[int]:
        replies = await asyncio.gather(*(catalogue.post(form) for _ in range(20)))
        return [reply.status for reply in replies]

    assert sorted(asyncio.run(race())) == [200] + [400] * 19


def test_an_assertion_name_belongs_to_its_client(catalogue: Catalogue) -> None:
    jti = secrets.token_hex(8)
    mine = catalogue.form(client_assertion=catalogue.assertion(jti=jti))
    theirs = catalogue.form(
        client_assertion=catalogue.assertion("stad", iss="stad", sub="stad", jti=jti)
    )
    assert [send(catalogue, mine).status, send(catalogue, theirs).status] == [200, 200]


def test_spent_assertions_are_forgotten_when_they_have_expired(catalogue: Catalogue) -> None:
    first = catalogue.form()
    assert send(catalogue, first).status == 200
    catalogue.clock.forward(minutes=3)
    assert send(catalogue, first).status == 400, "expired"
    assert send(catalogue, catalogue.form()).status == 200
    with catalogue.engine.connect() as connection:
        rows = connection.exec_driver_sql("select count(*) from spent_assertion").scalar()
    assert rows == 1


@pytest.mark.parametrize("name", ["scope", "grant_type", "client_assertion", "purpose", "resource"])
def test_a_parameter_stands_once(catalogue: Catalogue, name: str) -> None:
    form = catalogue.form()
    body = urlencode([*form.items(), (name, form[name])]).encode()
    reply = send(catalogue, body)
    assert reply.status == 400
    assert reply.json()["error"] == (TARGET if name == "resource" else REQUEST)


@pytest.mark.parametrize(
    "value",
    [b"Basic cHJvdjp4", b"Basic !!!", b"Basic \xff\xfe", b"Bearer x"],
    ids=["Basic", "bad base64", "Latin-1", "Bearer"],
)
def test_a_second_way_to_authenticate_is_refused(catalogue: Catalogue, value: bytes) -> None:
    reply = send(catalogue, catalogue.form(), headers=[(b"authorization", value)])
    assert reply.status == 400
    assert reply.json()["error"] == CLIENT


def test_parameters_belong_in_the_body(catalogue: Catalogue) -> None:
    query = urlencode(catalogue.form()).encode()
    assert send(catalogue, b"", query=query).status == 400
    assert send(catalogue, catalogue.form(), query=b"scope=audit:read").status == 400
    assert send(catalogue, b"", method="GET").status == 405
    as_json = json.dumps(catalogue.form()).encode()
    assert send(catalogue, as_json, content_type="application/json").status == 400
    assert send(catalogue, b"--x--", content_type="multipart/form-data; boundary=x").status == 400
    assert send(catalogue, b"scope=%ff").status == 400
    assert send(catalogue, "scope=é".encode("latin-1")).status == 400
    assert send(catalogue, b"scope").status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"a=1&" * 100_000, 413),
        (b"scope=" + b"x" * 50_000_000, 413),
        (b"client_assertion=" + b"a" * 500_000, 413),
        (b"&".join(b"a%d=1" % number for number in range(33)), 400),
    ],
    ids=["100,000 fields", "50 MB", "500 kB assertion", "33 fields"],
)
def test_a_large_form_costs_nothing(catalogue: Catalogue, body: bytes, status: int) -> None:
    began = time.process_time()
    reply = send(catalogue, body)
    assert reply.status == status
    assert time.process_time() - began < 0.1


def test_a_chunked_form_beyond_the_limit_is_not_read_on(catalogue: Catalogue) -> None:
    reply = ask(
        catalogue.app,
        "/oauth/token",
        method="POST",
        headers=[
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"transfer-encoding", b"chunked"),
        ],
        chunks=[b"a" * 40_000] * 4,
    )
    assert reply.status == 413
    assert reply.json()["error"] == REQUEST


def test_a_key_that_was_replaced_is_refused_at_once(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    assert send(catalogue, catalogue.form()).status == 200
    spare = ECKey.generate_key("P-256").as_dict(private=False)
    with transaction(catalogue.engine) as session:
        clients.change_keys(
            session, "prov", {"keys": [{**spare, "kid": "prov-2"}]}, catalogue.clock()
        )
    assert send(catalogue, catalogue.form()).json()["error"] == CLIENT
    with transaction(catalogue.engine) as session:
        clients.suspend(session, "stad", catalogue.clock())
    refused = catalogue.form(client_assertion=catalogue.assertion("stad", iss="stad", sub="stad"))
    assert send(catalogue, refused).json()["error"] == CLIENT


def test_a_scope_that_was_withdrawn_is_not_granted(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    with transaction(catalogue.engine) as session:
        clients.change_scopes(session, "prov", "theme:onderwijs:read", catalogue.clock())
    assert send(catalogue, catalogue.form()).json()["error"] == SCOPE
    assert send(catalogue, catalogue.form(scope="theme:onderwijs:read")).status == 200


def test_failures_are_slowed_down_and_right_requests_never(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    wrong = [
        send(
            catalogue,
            catalogue.form(client_assertion=catalogue.assertion(iss=name, sub=name)),
        )
        for name in (secrets.token_hex(6) for _ in range(FAILURES_PER_MINUTE + 20))
    ]
    assert [reply.status for reply in wrong] == [400] * FAILURES_PER_MINUTE + [429] * 20
    assert wrong[-1].header("retry-after") == "60"
    assert send(catalogue, catalogue.form()).status == 200


def test_the_time_tells_nobody_which_clients_exist(catalogue: Catalogue) -> None:
    """An unknown client costs a verification as well: within a factor of two, not of fifty."""
    gate = oauth_issuer(catalogue)
    known = [catalogue.form(client_assertion=catalogue.assertion("stad")) for _ in range(60)]
    strange = [
        catalogue.form(client_assertion=catalogue.assertion(iss="nobody", sub="nobody"))
        for _ in range(60)
    ]

    def cost(form: dict[str, str]) -> int:
        began = time.process_time_ns()
        gate.token(form)
        return time.process_time_ns() - began

    # In turn, so that a machine that slows down slows both.
    pairs = [(cost(ours), cost(theirs)) for ours, theirs in zip(known, strange, strict=True)]
    ratios = sorted(theirs / ours for ours, theirs in pairs)
    assert 0.5 < ratios[len(ratios) // 2] < 2


def oauth_issuer(catalogue: Catalogue) -> Issuer:
    return oauth.issuer(catalogue.settings, catalogue.engine, catalogue.clock)


class Memory:
    """The storage of an issuer in memory: a node that issues tokens for itself alone."""

    def __init__(self, key: ECKey, resources: frozenset[str] | None = None) -> None:
        public = {**key.as_dict(private=False), "kid": "prov-1"}
        self.known = Client(
            "prov",
            "0253973219",
            read_keys({"keys": [public]}),
            frozenset({"dataset:read"}),
            resources,
        )
        self.spent: set[tuple[str, str]] = set()

    def client(self, client_id: str) -> Client | None:
        return self.known if client_id == "prov" else None

    def knows(self, resource: str) -> bool:
        return resource in {NODE, "https://aalst.example"}

    def spend(self, client_id: str, jti: str, expires_at: int, now: int) -> bool:
        fresh = (client_id, jti) not in self.spent
        self.spent.add((client_id, jti))
        return fresh


def test_a_client_gets_tokens_for_its_own_nodes_only(catalogue: Catalogue) -> None:
    storage = Memory(catalogue.keys["prov"], frozenset({NODE}))
    ring = Ring.start(catalogue.clock.seconds)
    issuer = Issuer(
        IssuerParts(BASE, storage, storage, lambda: ring, lambda: catalogue.clock.seconds)
    )
    assert issuer.token(catalogue.form())[0] == 200
    status, said = issuer.token(catalogue.form(resource="https://aalst.example"))
    assert (status, said["error"]) == (400, TARGET)


def test_a_token_may_not_live_longer_than_five_minutes(catalogue: Catalogue) -> None:
    storage = Memory(catalogue.keys["prov"])
    ring = Ring.start(0)
    for seconds in (0, 301):
        with pytest.raises(Invalid, match="ISSUER_LIFE"):
            Issuer(IssuerParts(BASE, storage, storage, lambda: ring, lambda: 0.0, seconds))


def test_an_unprotected_transport_stops_the_start(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with pytest.raises(Invalid, match="ISSUER_INSECURE"):
        oauth_issuer(catalogue)


def test_metadata_names_what_is_there(catalogue: Catalogue) -> None:
    said = ask(catalogue.app, "/.well-known/oauth-authorization-server").json()
    assert said["issuer"] == BASE
    assert said["token_endpoint"] == f"{BASE}/oauth/token"
    assert said["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert "dataset:read" in said["scopes_supported"]
    keys = ask(catalogue.app, "/v1/jwks")
    assert all("d" not in key for key in keys.json()["keys"])
    assert keys.header("cache-control") == "public, max-age=3600"


def test_a_stranger_cannot_sign_for_the_anchor(catalogue: Catalogue) -> None:
    statement = ask(catalogue.app, "/v1/jwks").json()["statement"]
    with pytest.raises(Invalid):
        verify(statement, STATEMENT, [SigningKey.generate().public_jwk()])


def test_a_node_says_which_issuers_it_trusts_and_who_it_is_exactly() -> None:
    said = protected_resource(NODE, [BASE, NODE], ["wonen"], name="Gent")
    assert (said["resource"], said["authorization_servers"]) == (NODE, [BASE, NODE])
    assert said["bearer_methods_supported"] == ["header"], "never in an address or a body"
    assert "theme:wonen:read" in said["scopes_supported"]
    assert said["resource_name"] == "Gent"
    assert "resource_name" not in protected_resource(NODE, [BASE])


def test_the_form_is_read_strictly_whoever_calls() -> None:
    with pytest.raises(TokenFault) as caught:
        read_form(b"a" * 65_537, FORM, b"", [])
    assert caught.value.status == 413
    with pytest.raises(TokenFault):
        read_form(b"", FORM, b"scope=x", [])
    assert read_form(b"", FORM, b"", []) == {}


@pytest.mark.needs("postgresql")
def test_a_name_that_no_database_holds_is_nobodys() -> None:
    with postgres.cluster() as server:
        engine = store.create(postgres.database(server))
        migrations.upgrade(engine)
        with reading(engine) as session:
            assert clients.find(session, "prov\x00") is None
            assert not members.knows(session, f"{NODE}\x00")
        engine.dispose()


@pytest.mark.needs("postgresql")
def test_an_assertion_is_good_once_on_postgresql_too() -> None:
    with postgres.cluster() as server:
        engine = store.create(postgres.database(server))
        migrations.upgrade(engine)

        def spend(_: int) -> bool:
            try:
                with transaction(engine) as session:
                    return clients.spend(session, "prov", "j1", 2_000_000_000, 1_800_000_000)
            except Conflict:
                return False

        with ThreadPoolExecutor(8) as threads:
            won = list(threads.map(spend, range(20)))
        engine.dispose()
    assert won.count(True) == 1
