"""Proof of possession (RFC 9449): a token is good only beside a fresh signature by its key.

Each request carries a proof over its method, its address and the token, good for a minute and for
once. The address is our configured one with the path as it came, never what a `Host` header says.
Pure: the clock and the memory of proofs that were used are handed in.
"""

import base64
import hashlib
import hmac
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError

from hanse.auth.compact import Compact, moment, open_compact
from hanse.auth.keys import SIGNING_ALGORITHMS, VerificationKey, read_key
from hanse.errors import Unauthenticated

TYPE: Final = "dpop+jwt"
MAX_PROOF_BYTES: Final = 4_096
MAX_JTI_CHARACTERS: Final = 200
WINDOW_SECONDS: Final = 60
REMEMBERED_SECONDS: Final = 2 * WINDOW_SECONDS
"""How long a proof stays known as used: as long as any clock within the window calls it fresh."""

NONCE_SECONDS: Final = 300

_HEADER: Final = frozenset({"typ", "alg", "jwk"})
_MEMBERS: Final = (frozenset({"kty", "crv", "x"}), frozenset({"kty", "crv", "x", "y"}))
_NAMES: Final = frozenset({"kid", "alg", "use"})
_PROOF: Final = re.compile(rb"[A-Za-z0-9_.-]+")


class Spent(typing.Protocol):
    """Which names were used, shared by all workers of a service."""

    def spend(self, owner: str, jti: str, expires_at: int, now: int, /) -> bool:
        """Note a name as used until `expires_at`; False when it was before.

        Atomic: of any number of calls with the same pair, one returns True.
        """


class ProofFault(ValueError):
    """The proof does not hold, whatever it is that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a proof must be about. `address` is scheme, host and path without query or fragment.

    `token` is the access token it comes with, None at a token endpoint. `now` is seconds since
    1970. `nonces` are the values one of which the proof must carry; empty asks for none.
    """

    method: str
    address: str
    now: float
    token: str | None = None
    nonces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds; whether it was used before is asked by `spend`."""

    key: VerificationKey
    jti: str

    @property
    def thumbprint(self) -> str:
        """The RFC 7638 thumbprint of the key: what a token's `cnf.jkt` must be."""
        return self.key.thumbprint

    def spend(self, spent: Spent, now: float) -> bool:
        """Say whether this is the proof's first use, and note it."""
        until = int(now) + REMEMBERED_SECONDS
        return spent.spend(f"key:{self.thumbprint}", self.jti, until, int(now))


class NonceMissing(ProofFault):
    """The proof is right but for the server's nonce, which is missing or has passed."""

    def __init__(self, proof: Proof) -> None:
        super().__init__("nonce")
        self.proof = proof


def read_proof(headers: Sequence[bytes], demand: Demand) -> Proof:
    """Return the proof in the values of the `DPoP` header; raises `ProofFault`."""
    if len(headers) != 1 or len(headers[0]) > MAX_PROOF_BYTES:
        raise ProofFault("not exactly one proof")
    if not _PROOF.fullmatch(headers[0]):
        raise ProofFault("form")
    try:
        compact = open_compact(headers[0].decode("ascii"))
        key = _key(compact.header)
        if not key.verify(compact.header["alg"], compact.signed, compact.signature):
            raise ValueError("signature")
        proof = Proof(key, _check(compact, demand))
    except (JoseError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as fault:
        raise ProofFault("proof") from fault
    if demand.nonces and compact.payload.get("nonce") not in demand.nonces:
        raise NonceMissing(proof)
    return proof


def _key(header: Mapping[str, Any]) -> VerificationKey:
    jwk = header["jwk"]
    if header.keys() != _HEADER or header["typ"] != TYPE or not isinstance(jwk, dict):
        raise ValueError("header")
    if header["alg"] not in SIGNING_ALGORITHMS or frozenset(jwk) - _NAMES not in _MEMBERS:
        raise ValueError("alg or jwk")
    key = read_key(jwk)
    if key is None:
        raise ValueError("jwk")
    return key


def _check(compact: Compact, demand: Demand) -> str:
    claims = compact.payload
    if claims["htm"] != demand.method or claims["htu"] != demand.address:
        raise ValueError("htm or htu")
    if abs(demand.now - moment(claims["iat"])) > WINDOW_SECONDS:
        raise ValueError("iat")
    expected = None if demand.token is None else token_digest(demand.token)
    if claims.get("ath") != expected or (expected is None and "ath" in claims):
        raise ValueError("ath")
    jti = claims["jti"]
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_CHARACTERS:
        raise ValueError("jti")
    return jti


def token_digest(token: str) -> str:
    """Return what `ath` must be: the base64url SHA-256 of the token's ASCII text."""
    digest = hashlib.sha256(token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Nonces:
    """Nonces that need no memory: a keyed digest of the time, the same in every worker."""

    secret: bytes
    clock: Callable[[], float]

    @property
    def current(self) -> str:
        """The nonce to hand out now."""
        return self._of(int(self.clock()) // NONCE_SECONDS)

    @property
    def accepted(self) -> tuple[str, ...]:
        """The nonces that a proof may carry now: this one and the one before."""
        window = int(self.clock()) // NONCE_SECONDS
        return self._of(window), self._of(window - 1)

    def _of(self, window: int) -> str:
        mac = hmac.digest(self.secret, b"dpop-nonce %d" % window, "sha256")
        return base64.urlsafe_b64encode(mac[:18]).decode("ascii")


@dataclass(frozen=True, slots=True)
class ProofRule:
    """How a service checks proofs: its configured base URL, its memory, its nonces if it asks any.

    `base` is scheme, host and port without a final slash.
    """

    base: str
    spent: Spent
    clock: Callable[[], float]
    nonces: Nonces | None = None

    def check(
        self, proofs: Sequence[bytes], method: str, raw_path: str, token: str, thumbprint: str
    ) -> None:
        """Hold a request's proofs against its method, path, token and key, and spend the proof.

        Raises `Unauthenticated`: `PROOF_INVALID`, or `PROOF_NONCE` with the nonce to use.
        """
        now = self.clock()
        demand = Demand(method, self.base + raw_path, now, token, self.accepted)
        try:
            proof = read_proof(proofs, demand)
        except NonceMissing as fault:
            raise Unauthenticated("PROOF_NONCE", nonce=self.nonce) from fault
        except ProofFault as fault:
            raise Unauthenticated("PROOF_INVALID") from fault
        # Only the key's own holder can have a proof remembered.
        if proof.thumbprint != thumbprint or not proof.spend(self.spent, now):
            raise Unauthenticated("PROOF_INVALID")

    @property
    def accepted(self) -> tuple[str, ...]:
        """The nonces a proof may carry now; none are asked for where there are none."""
        return self.nonces.accepted if self.nonces else ()

    @property
    def nonce(self) -> str:
        """The nonce to hand out, "" where none is asked for."""
        return self.nonces.current if self.nonces else ""
