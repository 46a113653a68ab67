"""Keys under attack and rotation: looked up rarely, from disk, anchored, no request failed."""

import json
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from tests.support import forge
from tests.support.forge import AUDIENCE, ISSUER, NOW, claims, token

from hanse.auth import ring as rings
from hanse.auth.bearer import Credential, admit, principal, recalled
from hanse.auth.jwks import (
    EMPTY_RETRY_SECONDS,
    MAX_DOCUMENT_CHARACTERS,
    REFRESH_SECONDS,
    RETRY_SECONDS,
    STALE_SECONDS,
    Issuers,
    KeyCache,
    OwnKeys,
    document,
    in_background,
)
from hanse.auth.keys import MAX_KEYS, read_key, read_keys
from hanse.auth.principal import NOBODY
from hanse.auth.ring import KEEP_SECONDS, PUBLISH_AHEAD_SECONDS, Ring
from hanse.auth.tokens import NOTHING_REVOKED, Revocations, validate
from hanse.auth.verifier import MAX_REMEMBERED, Verifier
from hanse.errors import Invalid, Unauthenticated, Unavailable
from hanse.policies.signatures import SigningKey


@dataclass
class Site:
    """An issuer's site as a node reaches it: it counts how often, and may be away."""

    ring: Ring
    anchor: SigningKey | None = None
    now: float = float(NOW)
    fetches: int = 0
    away: bool = False
    text: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fetch(self) -> str:
        with self.lock:
            self.fetches += 1
        if self.away:
            raise Unavailable("OUTBOUND_TIMEOUT")
        if self.text is not None:
            return self.text
        return json.dumps(document(self.ring.published(int(self.now)), self.anchor))

    def cache(self, path: Path, **how: Any) -> KeyCache:
        how.setdefault("spawn", lambda work: work())
        return KeyCache(self.fetch, path, lambda: self.now, **how)

    def token(self, **changes: object) -> str:
        key = self.ring.signing(int(self.now))
        now = int(self.now)
        content = claims(iat=now, exp=now + 300, **changes)
        head = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
        return jws.serialize_compact(head, json.dumps(content), key.key, algorithms=["ES256"])


@pytest.fixture
def site() -> Site:
    return Site(Ring.start(NOW))


def read(cache: KeyCache, made: str, now: float) -> str:
    issuers = Issuers({ISSUER: cache})
    return validate(made, issuers=issuers, audience=AUDIENCE, now=now).client_id


def test_made_up_key_names_cost_at_most_one_look_up_a_minute(site: Site, tmp_path: Path) -> None:
    cache = site.cache(tmp_path / "keys.json")
    assert read(cache, site.token(), site.now) == "prov"
    assert site.fetches == 1
    site.now += RETRY_SECONDS
    for number in range(1_000):
        with pytest.raises(Unauthenticated):
            read(cache, token(forge.header(kid=f"made-up-{number}")), site.now)
    assert site.fetches == 2


def test_made_up_key_names_from_many_threads_cost_one_look_up(site: Site, tmp_path: Path) -> None:
    cache = site.cache(tmp_path / "keys.json")
    threads = [
        threading.Thread(target=lambda: [cache.find(f"x{at}") for at in range(50)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.fetches == 1


def test_an_issuer_nobody_trusts_is_never_asked(site: Site, tmp_path: Path) -> None:
    issuers = Issuers({ISSUER: site.cache(tmp_path / "keys.json")})
    assert issuers.find("https://evil.example/", "x") is None
    assert issuers.held("https://evil.example/", "x") is None
    assert site.fetches == 0


def test_three_rotations_under_load_fail_no_request(site: Site, tmp_path: Path) -> None:
    cache = site.cache(tmp_path / "keys.json")
    verifier = Verifier(Issuers({ISSUER: cache}), AUDIENCE, lambda: site.now)
    failed: list[str] = []
    served: list[int] = []

    def load() -> None:
        for _ in range(6):
            made = site.token()
            try:
                verifier.verify(made)
                verifier.verify(made)
                served.append(1)
            except Unauthenticated:
                failed.append(made)

    used = set()
    for _ in range(3):
        site.ring = site.ring.rotated(int(site.now))
        for _ in range(30):  # thirty hours, one after the other, each with requests side by side
            site.now += 3_600
            used.add(site.ring.signing(int(site.now)).kid)
            threads = [threading.Thread(target=load) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert (len(failed), len(served)) == (0, 3 * 30 * 18)
    assert len(used) == 4


def test_a_token_of_the_old_key_is_good_until_it_expires(site: Site, tmp_path: Path) -> None:
    cache = site.cache(tmp_path / "keys.json")
    site.ring = site.ring.rotated(NOW)
    site.now = float(NOW + PUBLISH_AHEAD_SECONDS - 1)
    old = site.token()
    site.now += 2
    new = site.token()
    assert old.split(".")[0] != new.split(".")[0]
    assert [read(cache, made, site.now) for made in (old, new)] == ["prov", "prov"]


def test_a_stolen_key_takes_its_tokens_with_it(site: Site, tmp_path: Path) -> None:
    cache = site.cache(tmp_path / "keys.json")
    verifier = Verifier(Issuers({ISSUER: cache}), AUDIENCE, lambda: site.now)
    stolen = site.token()
    assert verifier.verify(stolen).client_id == "prov"
    assert verifier.recall(stolen) is not None
    site.ring = site.ring.rotated(NOW, 0).without(site.ring.keys[0].kid)
    site.now += RETRY_SECONDS
    assert verifier.verify(site.token()).client_id == "prov", "the new key is looked up at once"
    assert verifier.recall(stolen) is None
    with pytest.raises(Unauthenticated):
        verifier.verify(stolen)


def test_a_node_starts_from_disk_with_its_issuer_away(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    site.cache(path).warm()
    site.away = True
    restarted = site.cache(path)
    restarted.warm()
    assert site.fetches == 1, "what is fresh is not looked up again"
    assert read(restarted, site.token(), site.now) == "prov"
    site.now += STALE_SECONDS - 400
    assert read(site.cache(path), site.token(), site.now) == "prov"
    site.now += 800
    with pytest.raises(Unauthenticated):
        read(site.cache(path), site.token(), site.now)


def test_a_node_that_starts_before_its_issuer_tries_again_soon(site: Site, tmp_path: Path) -> None:
    site.away = True
    cache = site.cache(tmp_path / "keys.json")
    cache.warm()
    assert cache.age() is None
    with pytest.raises(Unauthenticated):
        read(cache, site.token(), site.now)
    site.away = False
    with pytest.raises(Unauthenticated):
        read(cache, site.token(), site.now)
    site.now += EMPTY_RETRY_SECONDS
    assert read(cache, site.token(), site.now) == "prov"
    assert cache.age() == 0


def test_an_issuer_that_starts_after_its_node_is_found_by_the_first_caller(
    site: Site, tmp_path: Path
) -> None:
    site.away = True
    cache = site.cache(tmp_path / "keys.json")
    cache.warm()
    site.away = False
    assert read(cache, site.token(), site.now) == "prov"


def test_keys_are_refreshed_beside_requests_and_an_absent_issuer_is_not_hammered(
    site: Site, tmp_path: Path
) -> None:
    cache = site.cache(tmp_path / "keys.json")
    read(cache, site.token(), site.now)
    site.now += REFRESH_SECONDS
    read(cache, site.token(), site.now)
    assert site.fetches == 2
    site.away = True
    site.now += REFRESH_SECONDS
    for _ in range(50):
        read(cache, site.token(), site.now)
    assert site.fetches == 3


def test_a_refresh_runs_beside_the_request_that_noticed_it() -> None:
    ran = threading.Event()
    in_background(ran.set)
    assert ran.wait(5)


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", '{"keys": 5}', '{"keys": []}', "[" * 5_000, "x" * 200_000, None],
)
def test_a_document_that_is_none_changes_nothing(
    site: Site, tmp_path: Path, text: str | None
) -> None:
    cache = site.cache(tmp_path / "keys.json")
    good = site.token()
    read(cache, good, site.now)
    site.text = text if text is not None else "x" * (MAX_DOCUMENT_CHARACTERS + 1)
    site.now += REFRESH_SECONDS
    assert cache.find(site.ring.keys[0].kid) is not None
    assert cache.find("other") is None
    assert cache.find(site.ring.keys[0].kid) is not None


@pytest.mark.parametrize("content", ["", "{}", '{"fetched_at": "x", "document": "{}"}', "[1]"])
def test_a_damaged_copy_on_disk_is_passed_over(site: Site, tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    assert read(site.cache(path), site.token(), site.now) == "prov"


def test_a_copy_from_the_future_is_as_old_as_now(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    site.cache(path).warm()
    site.now -= 10 * STALE_SECONDS
    assert site.cache(path).age() == 0


def test_a_full_disk_stops_no_request(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = site.cache(tmp_path / "file" / "keys.json")
    assert read(cache, site.token(), site.now) == "prov"


def test_keys_without_the_anchors_statement_are_ignored(tmp_path: Path) -> None:
    anchor = SigningKey.generate()
    site = Site(Ring.start(NOW), anchor)
    cache = site.cache(tmp_path / "keys.json", anchor=[anchor.public_jwk()])
    good = site.token()
    assert read(cache, good, site.now) == "prov"
    taken_over = Site(Ring.start(NOW), SigningKey.generate())
    honest = json.loads(site.fetch())
    for text in (
        taken_over.fetch(),
        json.dumps({"keys": taken_over.ring.published(NOW)}),
        json.dumps({**honest, "statement": "a.b.c"}),
        json.dumps({**honest, "statement": 5}),
    ):
        site.text = text
        site.now += REFRESH_SECONDS
        made = taken_over.token()
        with pytest.raises(Unauthenticated):
            read(cache, made, site.now)
        assert cache.find(site.ring.keys[0].kid) is not None
    swapped = json.dumps({**honest, "keys": taken_over.ring.published(NOW)})
    site.text, site.now = swapped, site.now + REFRESH_SECONDS
    with pytest.raises(Unauthenticated):
        read(cache, taken_over.token(), site.now)


def test_the_copy_on_disk_is_held_to_the_anchor_too(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    Site(Ring.start(NOW)).cache(path).warm()
    site = Site(Ring.start(NOW), away=True)
    assert site.cache(path, anchor=[SigningKey.generate().public_jwk()]).age() is None


USELESS: list[tuple[str, Callable[[], dict[str, Any]]]] = [
    ("RSA", lambda: dict(RSAKey.generate_key(2048).as_dict(private=False))),
    ("P-384", lambda: dict(ECKey.generate_key("P-384").as_dict(private=False))),
    ("X25519", lambda: dict(OKPKey.generate_key("X25519").as_dict(private=False))),
    ("symmetric", lambda: {"kty": "oct", "k": "AAAA", "kid": "x"}),
    ("private", lambda: dict(ECKey.generate_key("P-256").as_dict(private=True))),
    ("for encryption", lambda: {**ec_jwk(), "use": "enc"}),
    ("of another algorithm", lambda: {**ec_jwk(), "alg": "ES384"}),
    ("not on the curve", lambda: {**ec_jwk(), "x": "AAAA"}),
    ("without a coordinate", lambda: {k: v for k, v in ec_jwk().items() if k != "y"}),
    ("with a number for a name", lambda: {**ec_jwk(), "kid": 5}),
    ("with an empty name", lambda: {**ec_jwk(), "kid": ""}),
    ("with a long name", lambda: {**ec_jwk(), "kid": "x" * 201}),
    ("with lists for members", lambda: {**ec_jwk(), "x": ["AAAA"]}),
]


def ec_jwk() -> dict[str, Any]:
    return dict(ECKey.generate_key("P-256").as_dict(private=False))


@pytest.mark.parametrize("make", [row[1] for row in USELESS], ids=[row[0] for row in USELESS])
def test_a_key_we_do_not_use_is_passed_over(make: Callable[[], dict[str, Any]]) -> None:
    assert read_key(make()) is None
    good = ec_jwk()
    keys = read_keys({"keys": [make(), "x", good]})
    assert len(keys.by_kid) == 1
    with pytest.raises(Invalid):
        read_keys({"keys": [make()]})


def test_a_key_without_a_name_is_named_by_its_thumbprint() -> None:
    key = OKPKey.generate_key("Ed25519")
    found = read_keys({"keys": [key.as_dict(private=False)]})
    assert found.find(key.thumbprint()) is not None
    assert found.thumbprints == {key.thumbprint()}


def test_a_name_stands_for_one_key() -> None:
    with pytest.raises(Invalid):
        read_keys({"keys": [{**ec_jwk(), "kid": "x"}, {**ec_jwk(), "kid": "x"}]})
    with pytest.raises(Invalid):
        read_keys({"keys": [ec_jwk()] * (MAX_KEYS + 1)})


def test_a_ring_is_kept_where_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "tokens.ring"
    ring = Ring.start(NOW).rotated(NOW)
    rings.save(ring, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = rings.load(path)
    assert [(key.kid, key.use_from, key.retire_at) for key in again.keys] == [
        (key.kid, key.use_from, key.retire_at) for key in ring.keys
    ]
    assert all("d" not in key for key in again.published(NOW))
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, "", "{}", '{"keys": []}', '{"keys": [{}]}', "[]"])
def test_a_ring_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "tokens.ring"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Invalid, match="KEY_RING"):
        rings.load(path)


def test_a_retired_key_is_no_longer_published() -> None:
    ring = Ring.start(NOW).rotated(NOW)
    end = NOW + PUBLISH_AHEAD_SECONDS + KEEP_SECONDS
    assert len(ring.published(end - 1)) == 2
    assert len(ring.published(end)) == 1
    assert len(ring.rotated(end).keys) == 2, "and is dropped at the next rotation"
    with pytest.raises(Invalid, match="KEY_RING"):
        ring.without("unknown")


def test_withdrawals_are_looked_at_each_time(site: Site, tmp_path: Path) -> None:
    revoked = [NOTHING_REVOKED]
    verifier = Verifier(
        Issuers({ISSUER: site.cache(tmp_path / "keys.json")}),
        AUDIENCE,
        lambda: site.now,
        lambda: revoked[0],
    )
    made = site.token(jti="j1", protocol="p1")
    for withdrawn in (
        Revocations(tokens=frozenset({"j1"})),
        Revocations(clients=frozenset({"prov"})),
        Revocations(protocols=frozenset({"p1"})),
    ):
        revoked[0] = NOTHING_REVOKED
        assert verifier.verify(made).protocol == "p1"
        revoked[0] = withdrawn
        assert verifier.recall(made) is None
        with pytest.raises(Unauthenticated):
            verifier.verify(made)


def test_a_remembered_token_expires(site: Site, tmp_path: Path) -> None:
    issuers = Issuers({ISSUER: site.cache(tmp_path / "keys.json")})
    verifier = Verifier(issuers, AUDIENCE, lambda: site.now)
    made = site.token()
    verifier.verify(made)
    site.now += 359
    assert verifier.recall(made) is not None
    site.now += 1
    assert verifier.recall(made) is None
    with pytest.raises(Unauthenticated):
        verifier.verify(made)


def test_memory_has_a_limit(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_REMEMBERED == 10_000
    monkeypatch.setattr("hanse.auth.verifier.MAX_REMEMBERED", 3)
    issuers = Issuers({ISSUER: site.cache(tmp_path / "keys.json")})
    verifier = Verifier(issuers, AUDIENCE, lambda: site.now)
    made = [site.token() for _ in range(4)]
    for each in made:
        verifier.verify(each)
    assert verifier.recall(made[0]) is None
    assert verifier.recall(made[3]) is not None
    assert verifier.verify(made[0])


def test_a_bound_token_is_no_bearer_token_not_even_the_second_time(
    site: Site, tmp_path: Path
) -> None:
    issuers = Issuers({ISSUER: site.cache(tmp_path / "keys.json")})
    verifier = Verifier(issuers, AUDIENCE, lambda: site.now)
    bound = Credential("bearer", site.token(cnf={"jkt": "A" * 43}))
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            admit(bound, verifier)
        assert recalled(bound, verifier) is None
    assert recalled(Credential("bearer", "é"), verifier) is None


def test_a_principal_is_what_the_token_says(site: Site, tmp_path: Path) -> None:
    issuers = Issuers({ISSUER: site.cache(tmp_path / "keys.json")})
    verifier = Verifier(issuers, AUDIENCE, lambda: site.now)
    said = {"purpose": "statistiek", "protocol": "p1", "protocol_hash": "h", "party": "0253973219"}
    made = site.token(**said)
    who = principal([(b"authorization", f"Bearer {made}".encode())], verifier)
    assert (who.client_id, who.purpose, who.protocol, who.protocol_hash, who.party) == (
        "prov",
        *said.values(),
    )
    assert recalled(Credential("bearer", made), verifier) == who
    assert who.known
    assert who.may("theme:wonen:read")
    assert not who.may("audit:read")
    assert principal([(b"accept", b"*/*")], verifier) is NOBODY
    assert not NOBODY.known


def test_an_issuer_of_this_very_process_is_never_fetched() -> None:
    ring = Ring.start(NOW)
    published = ring.published(NOW)
    own = OwnKeys(lambda: published)
    assert own.find(ring.keys[0].kid) is own.held(ring.keys[0].kid)
    published = ring.rotated(NOW).published(NOW)
    assert own.find(published[1]["kid"]) is not None
    assert own.find("other") is None
