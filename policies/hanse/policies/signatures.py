"""Statements: canonical bytes under one Ed25519 signature, as a compact JWS with a fixed header.

Header exactly `{alg: Ed25519, kid, typ}` (RFC 7515, RFC 8037, RFC 9864); the `typ` keeps one kind
of statement from being read as another (RFC 8725 §3.11). Keys are OKP JWKs; `kid` is their RFC 7638
thumbprint, so a key needs no other name.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from hanse.errors import Invalid

FEED: Final = "hanse-feed+jws"
MANIFEST: Final = "hanse-manifest+jws"
ENROLMENT: Final = "hanse-enrolment+jws"
PROTOCOL: Final = "hanse-protocol+jws"
REGISTER: Final = "hanse-register+jws"
EXCHANGE: Final = "hanse-exchange+jws"
AREAS: Final = "hanse-areas+jws"

MAX_STATEMENT_BYTES = 64 * 1024 * 1024
_ALGORITHMS = ["Ed25519"]
_KEYS_CACHED = 256


def _registry() -> jws.JWSRegistry:
    """Return joserfc's rules with our own size: its default refuses a payload over 128 kB."""
    registry = jws.JWSRegistry(algorithms=_ALGORITHMS)
    registry.max_payload_length = MAX_STATEMENT_BYTES
    return registry


_REGISTRY: Final = _registry()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private Ed25519 key and its thumbprint."""

    key: OKPKey
    kid: str

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a new key from the system's randomness."""
        return cls.of(OKPKey.generate_key("Ed25519"))

    @classmethod
    def of(cls, key: OKPKey) -> "SigningKey":
        """Name a key by its thumbprint."""
        return cls(key, key.thumbprint())

    @classmethod
    def from_jwk(cls, text: str) -> "SigningKey":
        """Read a private JWK from its JSON text."""
        try:
            key = OKPKey.import_key(json.loads(text))
            if not key.is_private or key.curve_name != "Ed25519":
                raise ValueError("no private Ed25519 key")
            return cls.of(key)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as fault:
            raise Invalid("KEY_UNREADABLE") from fault

    def private_jwk(self) -> str:
        """Return the private JWK as JSON text: for a file only its owner reads."""
        return json.dumps(self.key.as_dict(private=True))

    def public_jwk(self) -> dict[str, str]:
        """Return the public JWK with its `kid`."""
        public = {name: str(value) for name, value in self.key.as_dict(private=False).items()}
        return {**public, "kid": self.kid, "use": "sig", "alg": "Ed25519"}


def sign(content: bytes, typ: str, key: SigningKey) -> str:
    """Return the compact JWS of `content`."""
    header = {"alg": "Ed25519", "kid": key.kid, "typ": typ}
    return jws.serialize_compact(header, content, key.key, registry=_REGISTRY)


def verify(statement: str, typ: str, public_jwks: Sequence[dict[str, str]]) -> bytes:
    """Return the content of a statement signed by one of `public_jwks`.

    Raises `Invalid` with one wording for every cause: size, shape, type, key or signature.
    """
    if len(statement) > MAX_STATEMENT_BYTES:
        raise Invalid("STATEMENT_SIGNATURE", typ=typ)
    try:
        read = jws.extract_compact(statement.encode("ascii"), registry=_REGISTRY)
        key = _key_for(read.headers(), typ, public_jwks)
        if not jws.validate_compact(read, key, registry=_REGISTRY):
            raise ValueError("signature")
        return read.payload
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as fault:
        raise Invalid("STATEMENT_SIGNATURE", typ=typ) from fault


def claimed(statement: str) -> bytes:
    """Return the content of a statement without looking at its signature: to learn whose it claims
    to be, and for nothing else. Raises `Invalid` where it has no readable shape.
    """
    try:
        return jws.extract_compact(statement.encode("ascii"), registry=_REGISTRY).payload
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as fault:
        raise Invalid("STATEMENT_FORM") from fault


def claimed_key(statement: str) -> str:
    """Return the thumbprint a statement says it was signed under, nothing verified."""
    claimed(statement)
    header = jws.extract_compact(statement.encode("ascii"), registry=_REGISTRY).headers()
    return str(header.get("kid", ""))


def _key_for(header: object, typ: str, public_jwks: Sequence[dict[str, str]]) -> OKPKey:
    if not isinstance(header, dict) or set(header) != {"alg", "kid", "typ"} or header["typ"] != typ:
        raise ValueError("header")
    for jwk in public_jwks:
        key, thumbprint = _imported(jwk["kty"], jwk["crv"], jwk["x"])
        if thumbprint == header["kid"]:
            return key
    raise ValueError("kid")


@lru_cache(maxsize=_KEYS_CACHED)
def _imported(kty: str, crv: str, x: str) -> tuple[OKPKey, str]:
    """Return a public key with its thumbprint: parties are few, what they sign is much."""
    key = OKPKey.import_key({"kty": kty, "crv": crv, "x": x})
    return key, key.thumbprint()
