"""How a node becomes a member and a program a client; what the operator decides; the schema."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from tests.support.asgi import Reply, ask
from tests.support.federation import BASE, NODE, Catalogue

from hanse.auth import ring as rings
from hanse.catalog import clients, members, migrations, oauth
from hanse.catalog.clients import NewClient
from hanse.catalog.members import MAX_PENDING
from hanse.errors import Conflict, Invalid, NotFound
from hanse.policies.canonical import canonical
from hanse.policies.signatures import ENROLMENT, FEED, SigningKey, sign
from hanse.store import engine as store
from hanse.store.session import reading, transaction

AALST = {
    "agency": "NIS41002",
    "name": "Aalst",
    "kbo": "0207437468",
    "base_url": "https://aalst.example",
}


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path)


def enrol(catalogue: Catalogue, statement: str) -> Reply:
    body = json.dumps({"statement": statement}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    return ask(catalogue.app, "/v1/members", method="POST", headers=headers, chunks=[body])


def aalst(at: Catalogue, key: SigningKey | None = None, /, **changes: object) -> str:
    signer = key or SigningKey.generate()
    document = {
        "schema": 1,
        "catalogue": BASE,
        **AALST,
        "keys": [signer.public_jwk()],
        "issued_at": at.clock().isoformat(),
        **changes,
    }
    return sign(canonical(document), ENROLMENT, signer)


def test_a_node_waits_until_the_operator_lets_it_in(catalogue: Catalogue) -> None:
    key = SigningKey.generate()
    reply = enrol(catalogue, aalst(catalogue, key))
    assert reply.status == 202
    assert reply.json() == {"agency": "NIS41002", "status": "pending", "fingerprint": key.kid}
    with reading(catalogue.engine) as session:
        assert [row.agency for row in members.pending(session)] == ["NIS41002"]
        assert [each.agency for each in members.members(session)] == ["NIS44021"]
        assert not members.knows(session, AALST["base_url"])
    with transaction(catalogue.engine) as session:
        members.approve(session, "NIS41002", key.kid[:8], catalogue.clock())
    with reading(catalogue.engine) as session:
        assert [each.agency for each in members.members(session)] == ["NIS41002", "NIS44021"]
        assert members.knows(session, AALST["base_url"])
        assert not members.knows(session, AALST["base_url"] + "/")
        found = members.identities(session)[0]
    assert (found.base_url, found.keys[0]["kid"]) == (AALST["base_url"], key.kid)
    again = enrol(catalogue, aalst(catalogue, key))
    assert again.json()["status"] == "active", "asking again changes nothing"


def test_nobody_keeps_a_city_out_by_asking_first(catalogue: Catalogue) -> None:
    squatter, city = SigningKey.generate(), SigningKey.generate()
    for key in (squatter, city):
        assert enrol(catalogue, aalst(catalogue, key)).status == 202
    with transaction(catalogue.engine) as session:
        members.approve(session, "NIS41002", city.kid, catalogue.clock())
    with reading(catalogue.engine) as session:
        assert members.pending(session) == []
        with pytest.raises(NotFound):
            members.get(session, "NIS41002", squatter.kid)
    assert enrol(catalogue, aalst(catalogue, squatter)).status == 202
    with transaction(catalogue.engine) as session, pytest.raises(Conflict, match="MEMBER_ACTIVE"):
        members.approve(session, "NIS41002", squatter.kid, catalogue.clock())


def test_a_member_that_was_taken_out_gets_no_tokens_made_out_to_it(catalogue: Catalogue) -> None:
    with transaction(catalogue.engine) as session:
        members.suspend(session, "NIS44021", catalogue.clock())
    with reading(catalogue.engine) as session:
        assert not members.knows(session, NODE)
        assert members.identities(session) == []
        assert [each.status for each in members.members(session)] == ["suspended"]
    with transaction(catalogue.engine) as session, pytest.raises(NotFound):
        members.suspend(session, "NIS44021", catalogue.clock())


FIVE_KEYS = [SigningKey.generate().public_jwk() for _ in range(5)]
PRIVATE = json.loads(SigningKey.generate().private_jwk())
OTHER_CURVE = {"kty": "OKP", "crv": "X25519", "x": "A" * 43}

WRONG: list[tuple[str, dict[str, object], str]] = [
    ("another catalogue", {"catalogue": "https://elsewhere.example"}, "ENROLMENT_ADDRESSEE"),
    ("yesterday", {"issued_at": "2026-02-28T11:59:00+00:00"}, "ENROLMENT_ADDRESSEE"),
    ("tomorrow", {"issued_at": "2026-03-01T12:02:00+00:00"}, "ENROLMENT_ADDRESSEE"),
    ("no time zone", {"issued_at": "2026-03-01T12:00:00"}, "ENROLMENT_FORM"),
    ("plain http", {"base_url": "http://aalst.example"}, "ENROLMENT_ADDRESS"),
    ("final slash", {"base_url": "https://aalst.example/"}, "ENROLMENT_ADDRESS"),
    ("upper case", {"base_url": "https://AALST.example"}, "ENROLMENT_ADDRESS"),
    ("default port", {"base_url": "https://aalst.example:443"}, "ENROLMENT_ADDRESS"),
    ("a path", {"base_url": "https://aalst.example/node"}, "ENROLMENT_ADDRESS"),
    ("userinfo", {"base_url": "https://x@aalst.example"}, "OUTBOUND_BASE_URL"),
    ("no address", {"base_url": ""}, "OUTBOUND_BASE_URL"),
    ("agency in lower case", {"agency": "nis41002"}, "ENROLMENT_FORM"),
    ("no enterprise number", {"kbo": ""}, "ENROLMENT_FORM"),
    ("unknown field", {"extra": "x"}, "ENROLMENT_FORM"),
    ("no keys", {"keys": []}, "ENROLMENT_FORM"),
    ("five keys", {"keys": FIVE_KEYS}, "ENROLMENT_FORM"),
    ("another's key", {"keys": [SigningKey.generate().public_jwk()]}, "STATEMENT_SIGNATURE"),
    ("a key of another curve", {"keys": [OTHER_CURVE]}, "ENROLMENT_FORM"),
    ("a private key", {"keys": [PRIVATE]}, "ENROLMENT_FORM"),
    ("a key without x", {"keys": [{"kty": "OKP", "crv": "Ed25519"}]}, "ENROLMENT_FORM"),
]


@pytest.mark.parametrize(("changes", "code"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_enrolment_is_refused_and_noted_nowhere(
    catalogue: Catalogue, changes: dict[str, object], code: str
) -> None:
    reply = enrol(catalogue, aalst(catalogue, None, **changes))
    assert (reply.status, reply.json()["code"]) == (400, code)
    with reading(catalogue.engine) as session:
        assert members.pending(session) == []


def test_a_statement_of_another_kind_is_no_enrolment(catalogue: Catalogue) -> None:
    key = SigningKey.generate()
    document = {"schema": 1, "catalogue": BASE, **AALST, "keys": [key.public_jwk()]}
    issued = {**document, "issued_at": catalogue.clock().isoformat()}
    assert enrol(catalogue, sign(canonical(issued), FEED, key)).status == 400
    for text in ("", "a.b.c", "x" * 8_000):
        assert enrol(catalogue, text).status == 400
    assert enrol(catalogue, "x" * 9_001).status == 422


def test_a_list_that_is_full_takes_nobody(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_PENDING == 200
    monkeypatch.setattr(members, "MAX_PENDING", 2)
    for _ in range(2):
        assert enrol(catalogue, aalst(catalogue)).status == 202
    assert enrol(catalogue, aalst(catalogue)).status == 503


def test_a_client_is_registered_with_public_keys_and_listed_scopes(catalogue: Catalogue) -> None:
    key = ECKey.generate_key("P-256")
    jwk = {**key.as_dict(private=False), "kid": "k1", "secret": "not kept"}
    new = NewClient("kenniscentrum", "0316380841", "Kenniscentrum", {"keys": [jwk]}, "dataset:read")
    with transaction(catalogue.engine) as session:
        row = clients.register(session, new, catalogue.clock())
        assert "secret" not in row.keys
    with reading(catalogue.engine) as session:
        found = clients.find(session, "kenniscentrum")
        assert found is not None
        assert (found.party, found.resources) == ("0316380841", None)
        assert found.scopes == {"dataset:read"}
        assert len(clients.clients(session)) == 3
        assert clients.find(session, "x" * 65) is None
    with transaction(catalogue.engine) as session, pytest.raises(Conflict, match="CLIENT_EXISTS"):
        clients.register(session, new, catalogue.clock())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "Prov"}, "CLIENT_FORM"),
        ({"client_id": "ab"}, "CLIENT_FORM"),
        ({"party": "BE0316380841"}, "CLIENT_FORM"),
        ({"scopes": "dataset:*"}, "SCOPE_UNKNOWN"),
        ({"scopes": ""}, "SCOPE_FORM"),
        ({"jwks": {"keys": []}}, "KEYS_UNREADABLE"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "KEYS_UNREADABLE"),
    ],
)
def test_a_client_that_may_not_be_is_refused(
    catalogue: Catalogue, changes: dict[str, object], code: str
) -> None:
    jwk = ECKey.generate_key("P-256").as_dict(private=False)
    good: dict[str, object] = {
        "client_id": "nieuw",
        "party": "0316380841",
        "name": "Nieuw",
        "jwks": {"keys": [jwk]},
        "scopes": "dataset:read",
    }
    new = NewClient(**{**good, **changes})  # type: ignore[arg-type]
    with transaction(catalogue.engine) as session, pytest.raises(Invalid, match=code):
        clients.register(session, new, catalogue.clock())
    with transaction(catalogue.engine) as session, pytest.raises(NotFound):
        clients.suspend(session, "nieuw", catalogue.clock())


def test_keys_are_made_once_and_a_missing_one_is_not_replaced(catalogue: Catalogue) -> None:
    folder = catalogue.home / "keys"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    oauth.start_keys(catalogue.home, catalogue.clock())
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
    (folder / oauth.ANCHOR_FILE).unlink()
    for attempt in (
        lambda: oauth.start_keys(catalogue.home, catalogue.clock()),
        lambda: oauth.anchor(catalogue.home),
    ):
        with pytest.raises(Invalid, match="KEY_RING"):
            attempt()


def test_a_rotation_reaches_the_running_service(catalogue: Catalogue) -> None:
    def kids() -> list[str]:
        return [key["kid"] for key in ask(catalogue.app, "/v1/jwks").json()["keys"]]

    first = kids()
    second = oauth.rotate_keys(catalogue.home, catalogue.clock())
    assert kids() == [*first, second]
    ring = rings.load(catalogue.home / "keys" / oauth.RING_FILE)
    assert ring.signing(catalogue.clock.seconds).kid == first[0], "the next one signs tomorrow"
    catalogue.clock.now += timedelta(days=1)
    assert ring.signing(catalogue.clock.seconds).kid == second
    third = oauth.rotate_keys(catalogue.home, catalogue.clock(), stolen=True)
    assert kids() == [third]


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    engine = store.create(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrations.upgrade(engine)
    with engine.execution_options(hanse_writes=True).begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(Conflict, match="CATALOG_SCHEMA_NEWER"):
        migrations.upgrade(engine)
