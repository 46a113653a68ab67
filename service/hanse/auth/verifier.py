"""Verifies each token once: what was valid stays known until it expires, changes or is withdrawn.

The memory is keyed by the digest of the whole token text. The strict profile gives one token
exactly one text, so a text that differs in a bit is another token and is verified on its own. Every
recall looks again at the time, the withdrawals and the issuer's key: a key that was taken back
takes its tokens with it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hanse.auth.tokens import NOTHING_REVOKED, Claims, IssuerKeys, Revocations, validate

MAX_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Seen:
    claims: Claims
    key: str


def _nothing() -> Revocations:
    return NOTHING_REVOKED


class Verifier:
    """Turns token texts into claims for one audience."""

    def __init__(
        self,
        issuers: IssuerKeys,
        audience: str,
        clock: Callable[[], float],
        revoked: Callable[[], Revocations] = _nothing,
    ) -> None:
        self.issuers = issuers
        self.audience = audience
        self._clock = clock
        self._revoked = revoked
        self._seen: dict[bytes, _Seen] = {}

    def recall(self, token: str) -> Claims | None:
        """Return the claims of a token verified before and still good; None: it must be verified.

        Takes microseconds and never waits: may run on an event loop.
        """
        try:
            mark = _mark(token)
        except UnicodeEncodeError:
            return None
        seen = self._seen.get(mark)
        if seen is None:
            return None
        claims = seen.claims
        key = self.issuers.held(claims.issuer, claims.kid)
        good = key is not None and key.thumbprint == seen.key
        if not good or not claims.current(self._clock()) or self._revoked().hold(claims):
            self._seen.pop(mark, None)
            return None
        return claims

    def verify(self, token: str) -> Claims:
        """Return the claims of a token, or raise `Unauthenticated`; may look up keys."""
        known = self.recall(token)
        if known is not None:
            return known
        claims = validate(
            token,
            issuers=self.issuers,
            audience=self.audience,
            now=self._clock(),
            revoked=self._revoked(),
        )
        key = self.issuers.held(claims.issuer, claims.kid)
        self._remember(_mark(token), _Seen(claims, key.thumbprint if key is not None else ""))
        return claims

    def _remember(self, mark: bytes, seen: _Seen) -> None:
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen = {}
        self._seen[mark] = seen


def _mark(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()
