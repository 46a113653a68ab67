"""The strict access token: RFC 9068 read one way only, line by line, refused with one wording.

Whatever is wrong with a token (its form, key, signature, times, audience) its sender learns one
thing: it is not valid here. What each rule refuses stands as a table in
`tests/attacks/test_tokens.py`.
"""

import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError

from hanse.auth.compact import Compact, moment, open_compact
from hanse.auth.keys import ALGORITHMS, VerificationKey
from hanse.auth.scopes import words
from hanse.errors import Unauthenticated

LEEWAY_SECONDS: Final = 60
MAX_LIFE_SECONDS: Final = 3600

TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_HEADER = frozenset({"alg", "typ", "kid"})
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


class IssuerKeys(typing.Protocol):
    """Where the keys of trusted issuers come from."""

    def find(self, issuer: str, kid: str) -> VerificationKey | None:
        """Return the key, looking it up anew where that is due; None for a stranger's."""

    def held(self, issuer: str, kid: str) -> VerificationKey | None:
        """Return the key if it is at hand; never looks anything up."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """What was withdrawn before it expired."""

    tokens: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()
    thumbprints: frozenset[str] = frozenset()
    protocols: frozenset[str] = frozenset()

    def hold(self, claims: "Claims") -> bool:
        """Say whether anything a token rests on was withdrawn."""
        return (
            claims.jti in self.tokens
            or claims.client_id in self.clients
            or claims.thumbprint in self.thumbprints
            or claims.protocol in self.protocols
        )


NOTHING_REVOKED: Final = Revocations()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says. Times are seconds since 1970 and may have a fraction."""

    issuer: str
    subject: str
    client_id: str
    jti: str
    scopes: frozenset[str]
    issued_at: float
    expires_at: float
    not_before: float
    kid: str
    thumbprint: str | None = None
    purpose: str | None = None
    protocol: str | None = None
    protocol_hash: str | None = None
    party: str | None = None

    def current(self, now: float) -> bool:
        """Say whether the token holds at `now`, leeway included."""
        return (
            now < self.expires_at + LEEWAY_SECONDS
            and self.issued_at <= now + LEEWAY_SECONDS
            and self.not_before <= now + LEEWAY_SECONDS
        )


def validate(
    token: str,
    *,
    issuers: IssuerKeys,
    audience: str,
    now: float,
    revoked: Revocations = NOTHING_REVOKED,
) -> Claims:
    """Return what a token says, or raise `Unauthenticated` with one wording for every fault.

    `audience` is this service's identifier, compared byte for byte; `now` is seconds since 1970.
    """
    try:
        compact = open_compact(token)
        algorithm, kid = _header(compact.header)
        issuer = _text(compact.payload, "iss")
        key = issuers.find(issuer, kid)
        if key is None or not key.verify(algorithm, compact.signed, compact.signature):
            raise ValueError("key or signature")
        claims = _claims(compact, audience, kid)
        if not claims.current(now) or revoked.hold(claims):
            raise ValueError("not current")
    except (JoseError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as fault:
        raise Unauthenticated("TOKEN_INVALID") from fault
    return claims


def _header(header: Mapping[str, Any]) -> tuple[str, str]:
    if header.keys() != _HEADER or not all(isinstance(value, str) for value in header.values()):
        raise ValueError("header")
    if header["typ"].lower() not in TYPES or header["alg"] not in ALGORITHMS:
        raise ValueError("typ or alg")
    return header["alg"], header["kid"]


def _claims(compact: Compact, audience: str, kid: str) -> Claims:
    payload = compact.payload
    # One text, not a list that also names somebody else (RFC 9068 §4 allows both).
    if _text(payload, "aud") != audience:
        raise ValueError("aud")
    issued_at, expires_at = moment(payload["iat"]), moment(payload["exp"])
    if not 0 < expires_at - issued_at <= MAX_LIFE_SECONDS:
        raise ValueError("life")
    return Claims(
        issuer=payload["iss"],
        subject=_text(payload, "sub"),
        client_id=_text(payload, "client_id"),
        jti=_text(payload, "jti"),
        scopes=words(_text(payload, "scope")),
        issued_at=issued_at,
        expires_at=expires_at,
        not_before=moment(payload.get("nbf", issued_at)),
        kid=kid,
        thumbprint=_bound_to(payload),
        purpose=_optional(payload, "purpose"),
        protocol=_optional(payload, "protocol"),
        protocol_hash=_optional(payload, "protocol_hash"),
        party=_optional(payload, "party"),
    )


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _optional(payload: Mapping[str, Any], name: str) -> str | None:
    return _text(payload, name) if name in payload else None


def _bound_to(payload: Mapping[str, Any]) -> str | None:
    if "cnf" not in payload:
        return None
    # Looked at by presence: `{}` and null must not pass for a token that is bound to no key.
    confirmation = payload["cnf"]
    if not isinstance(confirmation, dict) or confirmation.keys() != {"jkt"}:
        raise ValueError("cnf")
    thumbprint = confirmation["jkt"]
    if not isinstance(thumbprint, str) or not _THUMBPRINT.fullmatch(thumbprint):
        raise ValueError("cnf")
    return thumbprint
