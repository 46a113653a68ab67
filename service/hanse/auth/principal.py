"""Who asks: what a verified token said, and nothing that was merely claimed."""

from dataclasses import dataclass
from typing import Final

from hanse.auth.feedtokens import FeedGrant
from hanse.auth.scopes import covers
from hanse.auth.tokens import Claims

FEED_SCOPES: Final = frozenset({"dataset:read"})
"""All that a feed token opens: it reads."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The party behind a request. Every field is None or empty for `NOBODY`.

    `party` is the enterprise number of the organisation, `thumbprint` the key a token is bound to;
    `bound` says that the request proved to hold it. `credential` names the feed token that was
    used, by its id; `datasets` is what it was narrowed to, None where it was not; `user` is the
    name a tool sent beside it, which proves nothing.
    """

    client_id: str | None = None
    scopes: frozenset[str] = frozenset()
    thumbprint: str | None = None
    purpose: str | None = None
    protocol: str | None = None
    protocol_hash: str | None = None
    party: str | None = None
    bound: bool = False
    credential: str | None = None
    datasets: frozenset[str] | None = None
    user: str = ""

    @property
    def known(self) -> bool:
        """Whether anybody signed in."""
        return self.client_id is not None

    def may(self, scope: str) -> bool:
        """Say whether the token opens `scope`."""
        return covers(self.scopes, [scope])

    def reaches(self, dataset: str) -> bool:
        """Say whether what was presented is good for a dataset at all."""
        return self.datasets is None or dataset in self.datasets


NOBODY: Final = Principal()


def of_claims(claims: Claims, *, bound: bool = False) -> Principal:
    """Return the principal a verified token names; `bound`: with the proof of its key."""
    return Principal(
        client_id=claims.client_id,
        scopes=claims.scopes,
        thumbprint=claims.thumbprint,
        purpose=claims.purpose,
        protocol=claims.protocol,
        protocol_hash=claims.protocol_hash,
        party=claims.party,
        bound=bound,
    )


def of_feed(grant: FeedGrant, user: str = "") -> Principal:
    """Return the principal a feed token stands for; `user` is the name that came with it."""
    return Principal(
        client_id=grant.client_id,
        scopes=FEED_SCOPES,
        purpose=grant.purpose,
        party=grant.party,
        credential=grant.credential,
        datasets=grant.datasets,
        user=user,
    )
