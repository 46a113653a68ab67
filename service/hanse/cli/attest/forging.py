"""Access tokens that an outsider can make: every one of them must be refused, and all alike.

Made with a key of our own and with what the server publishes about its issuers' keys. The names are
those of the table in `tests/attacks/test_tokens.py`.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry

Sign = Callable[[bytes], bytes]
_ES256 = JWSRegistry(algorithms=["ES256"]).get_alg("ES256")


def b64(content: bytes | str) -> str:
    """Return base64url without padding."""
    raw = content.encode("utf-8") if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


class Forger:
    """Makes tokens for one server: `keys` are the public keys of an issuer it trusts."""

    def __init__(self, audience: str, issuer: str, keys: list[Mapping[str, Any]]) -> None:
        self.key = ECKey.generate_key("P-256")
        self.audience = audience
        self.issuer = issuer
        self.keys = keys
        self.kid = str(keys[0].get("kid", "x")) if keys else "x"

    def header(self, **changes: object) -> dict[str, object]:
        """Return a right header with changes; None leaves out."""
        base: dict[str, object] = {"alg": "ES256", "typ": "at+jwt", "kid": self.kid, **changes}
        return {name: value for name, value in base.items() if value is not None}

    def claims(self, **changes: object) -> dict[str, object]:
        """Return right claims with changes."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "sub": "attest",
            "client_id": "attest",
            "aud": self.audience,
            "iat": now,
            "exp": now + 300,
            "jti": secrets.token_hex(8),
            "scope": "dataset:read audit:read",
            **changes,
        }

    def token(self, head: object = None, payload: object = None, sign: Sign | None = None) -> str:
        """Return a compact JWS of these parts; bytes and texts are taken as they are."""
        parts = [self.header() if head is None else head]
        parts.append(self.claims() if payload is None else payload)
        texts = [b64(each if isinstance(each, bytes | str) else json.dumps(each)) for each in parts]
        signed = ".".join(texts)
        return f"{signed}.{b64((sign or self._own)(signed.encode('ascii')))}"

    def _own(self, signed: bytes) -> bytes:
        return bytes(_ES256.sign(signed, self.key))

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield (name, token)."""
        yield from self._unsigned()
        yield from self._confused()
        yield from self._headers()
        yield from self._payloads()
        yield from self._shapes()

    def _unsigned(self) -> Iterator[tuple[str, str]]:
        for number, name in ((8, "none"), (9, "None"), (10, "nOnE"), (11, None)):
            yield f"{number} alg {name}", self.token(self.header(alg=name), sign=lambda _: b"")
        yield "17 signature stripped", self.token(sign=lambda _: b"")
        yield "18 signature of another", self.token()
        yield "19 zero signature", self.token(sign=lambda _: bytes(64))
        for name in ("Ed25519", "EdDSA"):
            zero = self.token(self.header(alg=name), sign=lambda _: bytes(64))
            yield f"19 zero signature, {name}", zero

    def _confused(self) -> Iterator[tuple[str, str]]:
        """Use what an issuer publishes as if it were a secret."""
        head = self.header(alg="HS256")
        yield "15 HS256 empty key", self.token(head, sign=_hmac(b""))
        for jwk in self.keys[:2]:
            text = json.dumps(dict(jwk)).encode("utf-8")
            yield "16 HS256 with JWK text", self.token(head, sign=_hmac(text))
            for number, name, content in _public(jwk):
                yield f"{number} HS256 with {name}", self.token(head, sign=_hmac(content))

    def _headers(self) -> Iterator[tuple[str, str]]:
        public = self.key.as_dict(private=False)
        changes: list[tuple[str, dict[str, object]]] = [
            ("20 crit unknown", {"crit": ["bork"], "bork": 1}),
            ("21 crit b64", {"crit": ["b64"], "b64": False}),
            ("25 jwk embedded", {"jwk": public, "kid": None}),
            ("25 jwk embedded, with kid", {"jwk": public}),
            ("26 jku", {"jku": "https://attest.invalid/jwks"}),
            ("27 x5u", {"x5u": "https://attest.invalid/chain"}),
            ("29 kid path", {"kid": "../../dev/null"}),
            ("30 kid SQL", {"kid": "x' UNION SELECT 1--"}),
            ("31 kid missing", {"kid": None}),
            ("32 kid number", {"kid": 5}),
            ("4 typ JWT", {"typ": "JWT"}),
            ("34 alg switched", {"alg": "ES384"}),
            ("F20 alg list", {"alg": ["ES256"]}),
            ("F20 kid list", {"kid": [self.kid]}),
            ("92 header zip", {"zip": "DEF"}),
        ]
        for name, change in changes:
            yield name, self.token(self.header(**change))
        twice = '{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"' + self.kid + '"}'
        yield "91 duplicate header key", self.token(twice)
        yield "94 header list", self.token("[]")
        yield "F21 header null", self.token("null")
        yield "F21 header deep", self.token('{"alg":' + "[" * 3_000 + "]" * 3_000 + "}")

    def _payloads(self) -> Iterator[tuple[str, str]]:
        text = json.dumps(self.claims(exp="@"))
        for number, name in ((51, "Infinity"), (52, "NaN"), (55, "1e400"), (80, "9" * 5_000)):
            yield f"{number} exp {name[:9]}", self.token(payload=text.replace('"@"', name))
        yield "39 aud object", self.token(payload=self.claims(aud={self.audience: 1}))
        yield "44 iss list", self.token(payload=self.claims(iss=[self.issuer]))
        yield "44 iss object", self.token(payload=self.claims(iss={"a": 1}))
        yield "70 scope object", self.token(payload=self.claims(scope={"dataset:read": 1}))
        yield "75 duplicate claim", self.token(payload=text.replace('"aud":', '"aud": "x", "aud":'))
        yield "76 payload list", self.token(payload="[]")
        yield "77 payload not UTF-8", self.token(payload=b"\xff\xfe")
        yield "79 payload null", self.token(payload="null")
        yield "F25 payload UTF-16", self.token(payload=json.dumps(self.claims()).encode("utf-16"))
        yield "F26 lone surrogate", self.token(payload='{"sub": "\\ud800"}')
        deep = '{"a":' + "[" * 2_000 + "]" * 2_000 + "}"
        yield "F27 payload deep, small", self.token(payload=deep)

    def _shapes(self) -> Iterator[tuple[str, str]]:
        made = self.token()
        yield "81 four parts", f"{made}.x"
        yield "82 two parts", made[: made.rindex(".")]
        yield "83 empty", ""
        yield "85 padding", f"{made}="
        yield "87 non-ASCII", f"{made[:-1]}\u00e9"
        yield "89 five parts", "a.b.c.d.e"
        yield "90 huge", made + "A" * 12_000
        yield "no parts", ".."


def mutations(token: str) -> Iterator[tuple[str, str]]:
    """Yield what becomes of a right token when somebody touches it."""
    head, payload, signature = token.split(".")
    other = "A" if signature[10] != "A" else "B"
    yield "17 signature stripped", f"{head}.{payload}."
    yield "18 signature altered", f"{head}.{payload}.{signature[:10]}{other}{signature[11:]}"
    yield "81 four parts", f"{token}.x"
    yield "82 two parts", f"{head}.{payload}"
    yield "85 padding", f"{token}="
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="[: -len(payload) % 4]))
    wider = b64(json.dumps({**claims, "scope": "dataset:read audit:read"}))
    yield "scope widened", f"{head}.{wider}.{signature}"
    bare = b64(json.dumps({name: value for name, value in claims.items() if name != "cnf"}))
    yield "binding taken off", f"{head}.{bare}.{signature}"


def _hmac(secret: bytes) -> Sign:
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()


def _public(jwk: Mapping[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    kinds: Mapping[str, Any] = {"EC": ECKey, "OKP": OKPKey}
    kind = kinds.get(str(jwk.get("kty")))
    if kind is None:
        return
    key = kind.import_key(dict(jwk)).public_key
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    yield "13", "PEM", key.public_bytes(serialization.Encoding.PEM, form)
    yield "14", "DER", key.public_bytes(serialization.Encoding.DER, form)
