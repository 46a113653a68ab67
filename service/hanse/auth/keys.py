"""Public keys that may verify: ES256 and Ed25519, each fit for its one algorithm, each with a name.

Everything else in a key document is passed over: other types and curves, private parts, keys for
encryption. No symmetric key exists anywhere in the system.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry

from hanse.errors import Invalid

MAX_KEYS: Final = 32
MAX_KID_CHARACTERS: Final = 200

ALGORITHMS: Final = {
    "ES256": ("EC", "P-256"),
    "Ed25519": ("OKP", "Ed25519"),
    "EdDSA": ("OKP", "Ed25519"),  # the name before RFC 9864
}
"""The algorithms we read, with the key type and curve each needs."""

SIGNING_ALGORITHMS: Final = ("ES256", "Ed25519")
"""The algorithms we publish as supported."""

_REGISTRY = JWSRegistry(algorithms=list(SIGNING_ALGORITHMS))
_VERIFIERS = {ALGORITHMS[name]: _REGISTRY.get_alg(name) for name in SIGNING_ALGORITHMS}


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key, its name in its issuer's set, and its RFC 7638 thumbprint."""

    kid: str
    thumbprint: str
    family: tuple[str, str]
    key: ECKey | OKPKey

    def verify(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Say whether `signature` over `signed` is this key's, by the algorithm that fits it."""
        if ALGORITHMS.get(algorithm) != self.family:
            return False
        return bool(_VERIFIERS[self.family].verify(signed, signature, self.key))


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one party by name; immutable, replaced as a whole."""

    by_kid: Mapping[str, VerificationKey]

    def find(self, kid: str) -> VerificationKey | None:
        """Return the key of that name."""
        return self.by_kid.get(kid)

    @property
    def thumbprints(self) -> frozenset[str]:
        """The thumbprints of all keys."""
        return frozenset(key.thumbprint for key in self.by_kid.values())


def read_keys(document: object) -> KeySet:
    """Return the usable keys of a JWKS document (RFC 7517 §5).

    Raises `Invalid` when it is no such document, names a key twice, or holds none we may use.
    """
    found: dict[str, VerificationKey] = {}
    for jwk in _entries(document):
        key = read_key(jwk)
        if key is None:
            continue
        if key.kid in found:
            raise Invalid("KEYS_UNREADABLE")
        found[key.kid] = key
    if not found:
        raise Invalid("KEYS_UNREADABLE")
    return KeySet(found)


def _entries(document: object) -> Iterator[dict[str, Any]]:
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise Invalid("KEYS_UNREADABLE")
    return (entry for entry in entries if isinstance(entry, dict))


def read_key(jwk: Mapping[str, Any]) -> VerificationKey | None:
    """Return a public key, or None when it is not one we use; an absent `kid` is its thumbprint."""
    family = (jwk.get("kty"), jwk.get("crv"))
    if family not in ALGORITHMS.values() or "d" in jwk or jwk.get("use", "sig") != "sig":
        return None
    if "alg" in jwk and ALGORITHMS.get(str(jwk["alg"])) != family:
        return None
    members = ("kty", "crv", "x", "y") if family[0] == "EC" else ("kty", "crv", "x")
    try:
        bare = {name: jwk[name] for name in members}
        key = ECKey.import_key(bare) if family[0] == "EC" else OKPKey.import_key(bare)
        thumbprint = key.thumbprint()
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    kid = jwk.get("kid", thumbprint)
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_CHARACTERS:
        return None
    return VerificationKey(kid, thumbprint, (str(family[0]), str(family[1])), key)
