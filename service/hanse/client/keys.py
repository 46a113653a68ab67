"""The key a client signs in with: Ed25519 or P-256, made and kept on the client's own machine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from hanse.client.settings import write_private
from hanse.errors import Invalid, NotFound

Algorithm = Literal["Ed25519", "ES256"]
_PRIVATE_BITS: Final = 0o077


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A private key; its `kid` is the RFC 7638 thumbprint that protocols list."""

    key: OKPKey | ECKey
    algorithm: Algorithm
    kid: str

    @classmethod
    def generate(cls, algorithm: Algorithm = "Ed25519") -> "ClientKey":
        """Make a new key from the system's randomness."""
        made = OKPKey.generate_key("Ed25519") if algorithm == "Ed25519" else ECKey.generate_key()
        return cls.of(made)

    @classmethod
    def of(cls, key: OKPKey | ECKey) -> "ClientKey":
        """Name a key by its thumbprint; raises `Invalid` for a curve that no issuer accepts."""
        curve = key.as_dict(private=False).get("crv")
        if not key.is_private or curve not in {"Ed25519", "P-256"}:
            raise Invalid("CLIENT_KEY_UNREADABLE")
        return cls(key, "Ed25519" if curve == "Ed25519" else "ES256", key.thumbprint())

    @classmethod
    def read(cls, path: Path) -> "ClientKey":
        """Read a private JWK; raises `Invalid` when others than its owner may read the file."""
        try:
            if path.stat().st_mode & _PRIVATE_BITS:
                raise Invalid("CLIENT_KEY_OPEN", file=path.name)
            document = json.loads(path.read_text("utf-8"))
            made = OKPKey if document["kty"] == "OKP" else ECKey
            return cls.of(made.import_key(document))
        except FileNotFoundError as fault:
            raise NotFound("CLIENT_KEY_ABSENT", file=path.name) from fault
        except (OSError, JoseError, ValueError, TypeError, KeyError) as fault:
            raise Invalid("CLIENT_KEY_UNREADABLE") from fault

    def write(self, path: Path) -> None:
        """Write the private JWK to a file that only its owner reads."""
        write_private(path, json.dumps(self.key.as_dict(private=True)) + "\n")

    def public_jwk(self) -> dict[str, str]:
        """Return the public JWK: what the operator of the catalogue registers."""
        public = {name: str(value) for name, value in self.key.as_dict(private=False).items()}
        return {**public, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def prove(self, claims: dict[str, object]) -> str:
        """Return a signed proof of possession with header exactly `{typ, alg, jwk}` (RFC 9449)."""
        public = self.key.as_dict(private=False)
        jwk = {name: public[name] for name in ("kty", "crv", "x", "y") if name in public}
        header = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": jwk}
        content = json.dumps(claims).encode("utf-8")
        return jws.serialize_compact(header, content, self.key, algorithms=[self.algorithm])

    def sign(self, claims: dict[str, object]) -> str:
        """Return a signed JWT with header exactly `{alg, kid, typ}`."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])
