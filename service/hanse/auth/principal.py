"""Who asks: what a verified token said, and nothing that was merely claimed."""

from dataclasses import dataclass
from typing import Final

from hanse.auth.scopes import covers
from hanse.auth.tokens import Claims


@dataclass(frozen=True, slots=True)
class Principal:
    """The party behind a request. Every field is None or empty for `NOBODY`.

    `party` is the enterprise number of the organisation, `thumbprint` the key a token is bound to.
    """

    client_id: str | None = None
    scopes: frozenset[str] = frozenset()
    thumbprint: str | None = None
    purpose: str | None = None
    protocol: str | None = None
    protocol_hash: str | None = None
    party: str | None = None

    @property
    def known(self) -> bool:
        """Whether anybody signed in."""
        return self.client_id is not None

    def may(self, scope: str) -> bool:
        """Say whether the token opens `scope`."""
        return covers(self.scopes, [scope])


NOBODY: Final = Principal()


def of_claims(claims: Claims) -> Principal:
    """Return the principal a verified token names."""
    return Principal(
        client_id=claims.client_id,
        scopes=claims.scopes,
        thumbprint=claims.thumbprint,
        purpose=claims.purpose,
        protocol=claims.protocol,
        protocol_hash=claims.protocol_hash,
        party=claims.party,
    )
