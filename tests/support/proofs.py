"""A second reading of proofs of possession, and a maker of bad ones: RFC 9449 by joserfc alone."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

Key = ECKey | OKPKey
ALGORITHMS = ["ES256", "Ed25519"]


def key() -> ECKey:
    """Return a new P-256 key."""
    return ECKey.generate_key("P-256")


def public(of: Key) -> dict[str, Any]:
    """Return its bare public JWK."""
    known = of.as_dict(private=False)
    return {name: known[name] for name in ("kty", "crv", "x", "y") if name in known}


def digest(token: str) -> str:
    """Return the `ath` of a token."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def claims(method: str, address: str, now: float, token: str = "") -> dict[str, object]:
    """Return the claims of a right proof."""
    made: dict[str, object] = {
        "jti": secrets.token_hex(12),
        "htm": method,
        "htu": address,
        "iat": int(now),
    }
    return made | ({"ath": digest(token)} if token else {})


def proof(signer: Key, told: Mapping[str, object], **header: object) -> str:
    """Sign claims as a proof; `header` changes members, None takes one away."""
    algorithm = "ES256" if isinstance(signer, ECKey) else "Ed25519"
    base = {"typ": "dpop+jwt", "alg": algorithm, "jwk": public(signer)}
    head = {name: value for name, value in {**base, **header}.items() if value is not None}
    return signed(signer, head, json.dumps(told).encode())


def signed(signer: Key, head: Mapping[str, object], payload: bytes) -> str:
    """Sign these very bytes, whatever the header claims."""
    algorithm = "ES256" if isinstance(signer, ECKey) else "Ed25519"
    text = f"{_b64(json.dumps(head).encode())}.{_b64(payload)}"
    algo = jws.JWSRegistry(algorithms=ALGORITHMS).get_alg(algorithm)
    return f"{text}.{_b64(algo.sign(text.encode(), signer))}"


def holder(value: str, method: str, address: str, token: str = "") -> str:
    """Return the thumbprint a proof proves, "" where it proves nothing; does not look at time."""
    try:
        head = jws.extract_compact(value.encode("ascii")).headers()
        maker = OKPKey if head["jwk"]["kty"] == "OKP" else ECKey
        known = maker.import_key(head["jwk"])
        told = json.loads(jws.deserialize_compact(value, known, algorithms=ALGORITHMS).payload)
    except (JoseError, ValueError, KeyError, TypeError):
        return ""
    right = (
        set(head) == {"typ", "alg", "jwk"}
        and head["typ"] == "dpop+jwt"
        and (told["htm"], told["htu"]) == (method, address)
        and told.get("ath") == (digest(token) if token else None)
        and bool(told["jti"])
    )
    return known.thumbprint() if right else ""


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
