"""Says who asks: nobody, the holder of a token, of a key-bound token with its proof, or of a feed.

No credential is nobody; a bad one is refused, also where nobody would be let in. The order is that
of the costs: form, token, then the proof, so that only who holds a valid token can have a proof
remembered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hanse.auth.bearer import DPOP, FEED, Credential, admit, credential, recalled
from hanse.auth.dpop import ProofRule
from hanse.auth.feedtokens import FeedTokens
from hanse.auth.principal import NOBODY, Principal, of_claims, of_feed
from hanse.auth.verifier import Verifier
from hanse.errors import Refused, Unauthenticated


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request says who asks, and from where.

    `raw_path` is the path as it came, without the query; `address` is the network address that
    counts, "" where none is known.
    """

    headers: Sequence[tuple[bytes, bytes]]
    method: str = "GET"
    raw_path: str = "/"
    dialect: str = "api"
    address: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """The ways to be known at a service; without `proofs` or `feeds` it knows tokens alone.

    `private` says that passwords reach it unread by others: TLS, or this machine itself.
    """

    verifier: Verifier
    proofs: ProofRule | None = None
    feeds: FeedTokens | None = None
    private: bool = True

    def quickly(self, asked: Asked) -> Principal | None:
        """Return who asks where that needs no waiting; None: ask `identify` in a worker thread.

        Raises as `identify` does.
        """
        presented = credential(asked.headers)
        return NOBODY if presented is None else recalled(presented, self.verifier)

    def identify(self, asked: Asked) -> Principal:
        """Return who asks: `NOBODY` without a credential.

        Raises `Unauthenticated` for a bad one, `Invalid` for two, `Refused` for a feed token that
        came in the clear or is not made for this way of asking.
        """
        presented = credential(asked.headers)
        if presented is None:
            return NOBODY
        if presented.scheme == FEED:
            return self._feed(presented, asked)
        if presented.scheme == DPOP:
            return self._bound(presented, asked)
        return admit(presented, self.verifier)

    def _bound(self, presented: Credential, asked: Asked) -> Principal:
        if self.proofs is None:
            raise Unauthenticated("TOKEN_INVALID")
        claims = self.verifier.verify(presented.value)
        if claims.thumbprint is None:
            raise Unauthenticated("TOKEN_INVALID")
        self.proofs.check(
            presented.proofs, asked.method, asked.raw_path, presented.value, claims.thumbprint
        )
        return of_claims(claims, bound=True)

    def _feed(self, presented: Credential, asked: Asked) -> Principal:
        if not self.private:
            raise Refused("FEED_TOKEN_PLAIN")
        found = None if self.feeds is None else self.feeds.find(presented.value)
        if found is None:
            raise Unauthenticated("TOKEN_INVALID")
        if found.dialects is not None and asked.dialect not in found.dialects:
            raise Refused("FEED_TOKEN_DIALECT", dialect=asked.dialect)
        if not found.reached_from(asked.address):
            raise Refused("FEED_TOKEN_NETWORK")
        return of_feed(found, presented.user)
