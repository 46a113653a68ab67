"""What a token costs: verified, recalled, refused, asked for; against a bare signature check.

`python -m tests.bench.tokens` prints microseconds, the best of several rounds.
"""

import json
import secrets
import time
import timeit
from collections.abc import Callable

from joserfc import jws
from joserfc.jwk import ECKey

from hanse.auth.compact import open_compact
from hanse.auth.issuer import Client
from hanse.auth.issuer.assertion import ASSERTION_TYPE
from hanse.auth.issuer.issuer import Issuer, IssuerParts
from hanse.auth.jwks import Issuers, OwnKeys
from hanse.auth.keys import read_keys
from hanse.auth.ring import Ring
from hanse.auth.tokens import validate
from hanse.auth.verifier import Verifier
from hanse.errors import Unauthenticated

ISSUER, NODE = "https://catalogue.example", "https://node.example"
VERIFY_GOAL_US, RECALL_GOAL_US = 120.0, 10.0


class Memory:
    """An issuer's storage in memory."""

    def __init__(self, key: ECKey) -> None:
        keys = read_keys({"keys": [{**key.as_dict(private=False), "kid": "c1"}]})
        self._client = Client("prov", "0253973219", keys, frozenset({"dataset:read"}))
        self._spent: set[tuple[str, str]] = set()

    def client(self, client_id: str) -> Client | None:
        return self._client if client_id == "prov" else None

    def knows(self, resource: str) -> bool:
        return resource == NODE

    def spend(self, client_id: str, jti: str, expires_at: int, now: int) -> bool:
        fresh = (client_id, jti) not in self._spent
        self._spent.add((client_id, jti))
        return fresh


def form(key: ECKey, now: int) -> dict[str, str]:
    """Return a token request that is good once."""
    claims = {"iss": "prov", "sub": "prov", "aud": ISSUER, "iat": now, "exp": now + 60}
    content = json.dumps({**claims, "jti": secrets.token_hex(8)})
    head = {"alg": "ES256", "kid": "c1"}
    return {
        "grant_type": "client_credentials",
        "scope": "dataset:read",
        "resource": NODE,
        "purpose": "statistiek",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": jws.serialize_compact(head, content, key, algorithms=["ES256"]),
    }


def best_us(work: Callable[[], object], number: int) -> float:
    """Return the best of seven rounds, in microseconds per call."""
    return min(timeit.repeat(work, number=number, repeat=7)) / number * 1e6


def measure() -> dict[str, float]:
    """Return microseconds per piece of work."""
    now = int(time.time())
    client_key, ring = ECKey.generate_key("P-256"), Ring.start(now)
    storage = Memory(client_key)
    issuer = Issuer(IssuerParts(ISSUER, storage, storage, lambda: ring, lambda: float(now)))
    token = str(issuer.token(form(client_key, now))[1]["access_token"])
    published = issuer.published()
    issuers = Issuers({ISSUER: OwnKeys(lambda: published)})
    verifier = Verifier(issuers, NODE, lambda: float(now))
    verifier.verify(token)
    opened = open_compact(token)
    key = issuers.held(ISSUER, ring.keys[0].kid)
    assert key is not None
    assert verifier.recall(token) is not None
    forged = token[:-8] + "AAAAAAAA"

    def refuse() -> None:
        try:
            validate(forged, issuers=issuers, audience=NODE, now=now)
        except Unauthenticated:
            return
        raise AssertionError("a forged token was accepted")

    forms = [form(client_key, now) for _ in range(300)]
    began = time.perf_counter()
    issued = [issuer.token(each)[0] for each in forms]
    issuing = (time.perf_counter() - began) / len(forms) * 1e6
    assert set(issued) == {200}
    return {
        "signature alone": best_us(
            lambda: key.verify("ES256", opened.signed, opened.signature), 300
        ),
        "form alone": best_us(lambda: open_compact(token), 3_000),
        "verified": best_us(lambda: validate(token, issuers=issuers, audience=NODE, now=now), 300),
        "refused": best_us(refuse, 300),
        "recalled": best_us(lambda: verifier.recall(token), 10_000),
        "issued": issuing,
    }


def main() -> None:
    """Print the table."""
    found = measure()
    for name, microseconds in found.items():
        print(f"{name:18}{microseconds:10.1f} µs")
    ratio = found["verified"] / found["signature alone"]
    print(f"verified is {ratio:.2f} times a bare signature check")
    print(f"goal: verified ≤ {VERIFY_GOAL_US} µs, recalled ≤ {RECALL_GOAL_US} µs")


if __name__ == "__main__":
    main()
