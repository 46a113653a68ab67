"""What an authorization server must be handed: who the clients are, and a memory of assertions."""

import typing
from dataclasses import dataclass

from hanse.auth.keys import KeySet


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client: the keys it may sign with, and what it may at most be granted.

    `party` is the enterprise number of its organisation. `resources` None means every known one.
    `thumbprints` are keys known by their RFC 7638 thumbprint alone: such a key comes with the
    request, in its proof of possession. `bearer` says that it cannot prove a key with each request:
    its tokens are bound to none, live longer, and open nothing where a protocol does not agree.
    """

    client_id: str
    party: str
    keys: KeySet
    scopes: frozenset[str]
    resources: frozenset[str] | None = None
    thumbprints: frozenset[str] = frozenset()
    bearer: bool = False


class Registry(typing.Protocol):
    """The clients and the resources a token can be for."""

    def client(self, client_id: str) -> Client | None:
        """Return an active client."""

    def knows(self, resource: str) -> bool:
        """Say whether a resource (a node's identifier) is a known, active one."""


class Agreements(typing.Protocol):
    """The texts of protocols, where an issuer has a register of its own."""

    def content_hash(self, client_id: str, protocol: str) -> str | None:
        """Return the digest of the text in force between a client and this house; None: none."""


class Assertions(typing.Protocol):
    """Which assertions and proofs were spent: by client, and by key as `key:<thumbprint>`."""

    def spend(self, owner: str, jti: str, expires_at: int, now: int, /) -> bool:
        """Note an assertion or proof as used; False when it was before.

        Atomic over all workers: of any number of calls with the same pair, one returns True.
        """
