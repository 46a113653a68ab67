"""Authenticates a client by its signed assertion (RFC 7523 §3, tightened by its successor draft).

The order matters: form first, before anything is looked up; then the client, the signature, the
claims; last the single use, so that only the client itself can spend an assertion. Every fault is
the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from joserfc.errors import JoseError

from hanse.auth.compact import Compact, moment, open_compact
from hanse.auth.issuer.faults import refused_client
from hanse.auth.issuer.storage import Assertions, Client, Registry
from hanse.auth.keys import SIGNING_ALGORITHMS, VerificationKey

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_LIFE_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 60
MAX_JTI_CHARACTERS: Final = 200

_HEADER_NEEDED: Final = frozenset({"alg", "kid"})
_HEADER_ALLOWED: Final = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class ClientGate:
    """Says which client made an assertion, or that none did."""

    issuer: str
    registry: Registry
    assertions: Assertions
    decoy: VerificationKey

    def admit(
        self,
        assertion: str,
        named: str | None,
        now: float,
        offered: VerificationKey | None = None,
    ) -> Client:
        """Return the client that signed `assertion` for this issuer, and spend the assertion.

        `named` is the form's `client_id`, which must then be the same; `offered` the key that the
        request proved to hold, which counts where the client's keys are known by thumbprint. Raises
        `TokenFault`.
        """
        try:
            return self._admit(open_compact(assertion), named, now, offered)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as fault:
            raise refused_client() from fault

    def granted(self, assertion: str, now: float, offered: VerificationKey | None = None) -> Client:
        """Return the client whose assertion is the grant itself: such a one names no subject.

        So neither of the two can be sent in the place of the other. Raises `TokenFault`.
        """
        try:
            compact = open_compact(assertion)
            if "sub" in compact.payload:
                raise ValueError("sub")
            told = {**compact.payload, "sub": compact.payload["iss"]}
            return self._admit(replace(compact, payload=told), None, now, offered)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as fault:
            raise refused_client() from fault

    def _admit(
        self, compact: Compact, named: str | None, now: float, offered: VerificationKey | None
    ) -> Client:
        algorithm, kid = _header(compact.header)
        client_id = _text(compact.payload, "sub")
        if named is not None and named != client_id:
            raise ValueError("client_id")
        client = self.registry.client(client_id)
        # An unknown client or key costs a verification too: the time tells nobody who is known.
        key = _key(client, kid, offered) or self.decoy
        genuine = key.verify(algorithm, compact.signed, compact.signature)
        if client is None or key is self.decoy or not genuine:
            raise ValueError("client, key or signature")
        jti, expires_at = self._claims(compact.payload, client_id, now)
        until = int(expires_at) + LEEWAY_SECONDS + 1
        if not self.assertions.spend(client_id, jti, until, int(now)):
            raise ValueError("spent")
        return client

    def _claims(self, claims: Mapping[str, Any], client_id: str, now: float) -> tuple[str, float]:
        # The issuer, one text: an assertion made for another server is never good here.
        if claims["aud"] != self.issuer or claims["iss"] != client_id:
            raise ValueError("aud or iss")
        issued_at, expires_at = moment(claims["iat"]), moment(claims["exp"])
        if not now - LEEWAY_SECONDS < expires_at <= now + MAX_LIFE_SECONDS + LEEWAY_SECONDS:
            raise ValueError("exp")
        if issued_at > now + LEEWAY_SECONDS or expires_at <= issued_at:
            raise ValueError("iat")
        if moment(claims.get("nbf", issued_at)) > now + LEEWAY_SECONDS:
            raise ValueError("nbf")
        jti = _text(claims, "jti")
        if len(jti) > MAX_JTI_CHARACTERS:
            raise ValueError("jti")
        return jti, expires_at


def _key(
    client: Client | None, kid: str, offered: VerificationKey | None
) -> VerificationKey | None:
    if client is None:
        return None
    named = client.keys.find(kid)
    if named is not None or offered is None or offered.thumbprint != kid:
        return named
    return offered if kid in client.thumbprints else None


def _header(header: Mapping[str, Any]) -> tuple[str, str]:
    names = header.keys()
    if not (_HEADER_NEEDED <= names <= _HEADER_ALLOWED):
        raise ValueError("header")
    if not all(isinstance(value, str) for value in header.values()):
        raise ValueError("header")
    if header["alg"] not in SIGNING_ALGORITHMS:
        raise ValueError("alg")
    return header["alg"], header["kid"]


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value
