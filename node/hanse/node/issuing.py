"""The node as issuer for itself alone: tokens go on when the catalogue is away.

It knows exactly the clients that its own active protocols name, by the thumbprints of their keys;
the key itself comes with each request, in the proof of possession. So a token of this issuer is
always bound to a key that a protocol names.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hanse.auth import ring as rings
from hanse.auth.dpop import ProofRule
from hanse.auth.issuer import Client, Issuer
from hanse.auth.issuer.issuer import IssuerParts
from hanse.auth.keys import KeySet
from hanse.auth.ring import RingFile
from hanse.auth.tokens import Revocations
from hanse.policies.register import Register

RING_FILE: Final = Path("keys") / "tokens.ring"
KEYS_PATH: Final = "/oauth/jwks"
SCOPES: Final = frozenset({"dataset:read", "catalog:read"})

_NO_KEYS: Final = KeySet({})


class Recipients:
    """The clients of a node's own issuer: the recipients of its register."""

    def __init__(
        self,
        resource: str,
        register: Callable[[], Register],
        revoked: Callable[[], Revocations],
    ) -> None:
        self._resource = resource
        self._register = register
        self._revoked = revoked

    def client(self, client_id: str) -> Client | None:
        """Return a client whose keys an active protocol names and nobody revoked."""
        revoked = self._revoked()
        parties = [
            party
            for each in self._register().of(client_id)
            if each.state == "active"
            for party in each.protocol.recipients
            if party.client_id == client_id
        ]
        thumbprints = frozenset(key for party in parties for key in party.keys)
        thumbprints -= revoked.thumbprints
        if not thumbprints or client_id in revoked.clients:
            return None
        kbo = next((party.kbo for party in parties if party.kbo), "")
        here = frozenset({self._resource})
        return Client(client_id, kbo, _NO_KEYS, SCOPES, here, thumbprints)

    def content_hash(self, client_id: str, protocol: str) -> str | None:
        """Return the digest of the text that is in force with a client; None where none is."""
        for each in self._register().of(client_id):
            if each.state == "active" and each.protocol.id == protocol:
                return each.content_hash
        return None

    def knows(self, resource: str) -> bool:
        """Say whether a token is asked for this node."""
        return resource == self._resource


def issuer(
    home: Path,
    recipients: Recipients,
    proofs: ProofRule,
) -> Issuer:
    """Return the authorization server of the node in `home`, its identifier the node's own.

    Makes its token keys at the first start. `proofs` holds the memory and the clock they share.
    """
    file = home / RING_FILE
    rings.start(file, int(proofs.clock()))
    return Issuer(
        IssuerParts(
            identifier=proofs.base,
            registry=recipients,
            assertions=proofs.spent,
            ring=RingFile(file).current,
            clock=proofs.clock,
            nonces=proofs.nonces,
            agreements=recipients,
        )
    )
