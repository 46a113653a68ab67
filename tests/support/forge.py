"""Forges access tokens and client assertions: what no ordinary encoder would make.

Keys are generated once per run. Signatures are made by calling the algorithm itself, whatever the
header claims.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey, OKPKey, RSAKey

ISSUER = "https://catalogus.example/"
AUDIENCE = "https://node-gent.example/"
NOW = 1_800_000_000
GONE = object()
"""Marks a header or claim that is left out."""

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


_ONCE = threading.Lock()


def keys() -> Mapping[str, Private]:
    """Return the issuer's keys (as1 EC, as2 RSA, as3 Ed25519) and an attacker's."""
    with _ONCE:  # a node looks the keys up while a test signs with them
        return _keys()


@cache
def _keys() -> Mapping[str, Private]:
    return {
        "as1": ec.generate_private_key(ec.SECP256R1()),
        "as2": rsa.generate_private_key(65537, 2048),
        "as3": ed25519.Ed25519PrivateKey.generate(),
        "attacker": ec.generate_private_key(ec.SECP256R1()),
        "attacker384": ec.generate_private_key(ec.SECP384R1()),
    }


@cache
def jwks() -> list[dict[str, Any]]:
    """Return the issuer's published keys; the RSA key is there although no token may use it."""
    return [
        {**public_jwk("as1"), "use": "sig", "alg": "ES256"},
        {**public_jwk("as2"), "use": "sig", "alg": "RS256"},
        {**public_jwk("as3"), "use": "sig"},
    ]


def public_jwk(name: str) -> dict[str, Any]:
    """Return one public key with its name."""
    return {**_jose(name).as_dict(private=False), "kid": name}


def private_jwk(name: str) -> dict[str, Any]:
    """Return one private key: something that never belongs in a header."""
    return dict(_jose(name).as_dict(private=True))


def public_bytes(name: str, encoding: serialization.Encoding) -> bytes:
    """Return a public key as PEM or DER."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return keys()[name].public_key().public_bytes(encoding, form)


def b64(content: bytes | str) -> str:
    """Return base64url without padding."""
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**changes: object) -> dict[str, object]:
    """Return the base claims with changes."""
    base: dict[str, object] = {
        "iss": ISSUER,
        "sub": "prov",
        "client_id": "prov",
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + 300,
        "jti": secrets.token_hex(8),
        "scope": "dataset:read",
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not GONE}


def header(**changes: object) -> dict[str, object]:
    """Return the base header with changes."""
    base: dict[str, object] = {"alg": "ES256", "typ": "at+jwt", "kid": "as1"}
    return {name: value for name, value in {**base, **changes}.items() if value is not GONE}


def token(
    head: Mapping[str, object] | bytes | None = None,
    payload: Mapping[str, object] | bytes | None = None,
    sign: "Callable[[bytes], bytes] | None" = None,
) -> str:
    """Return a compact JWS; bytes are taken as they are, `sign` makes the signature."""
    head_text = head if isinstance(head, bytes) else json.dumps(head or header()).encode()
    chosen = claims() if payload is None else payload
    payload_text = chosen if isinstance(chosen, bytes) else json.dumps(chosen).encode()
    signed = f"{b64(head_text)}.{b64(payload_text)}"
    return f"{signed}.{b64((sign or es256('as1'))(signed.encode()))}"


def es256(name: str) -> Callable[[bytes], bytes]:
    """Sign with an EC key and SHA-256 (SHA-384 for a P-384 key)."""
    key = keys()[name]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    size = (key.curve.key_size + 7) // 8
    digest = hashes.SHA256() if size == 32 else hashes.SHA384()

    def sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def rs256(name: str) -> Callable[[bytes], bytes]:
    """Sign with an RSA key."""
    key = keys()[name]
    assert isinstance(key, rsa.RSAPrivateKey)
    return lambda signed: key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def ed25519_by(name: str) -> Callable[[bytes], bytes]:
    """Sign with an Ed25519 key."""
    key = keys()[name]
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return key.sign


def hs256(secret: bytes) -> Callable[[bytes], bytes]:
    """Make an HMAC: the algorithm nobody here reads."""
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()


def nothing(_: bytes) -> bytes:
    """Leave the signature empty."""
    return b""


def _jose(name: str) -> ECKey | RSAKey | OKPKey:
    key = keys()[name]
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ECKey.import_key(pem)
    return RSAKey.import_key(pem) if isinstance(key, rsa.RSAPrivateKey) else OKPKey.import_key(pem)
