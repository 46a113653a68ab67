"""Feed tokens: opaque, read-only credentials for tools that can do nothing better.

`hft_`, 32 random bytes in base64url and a checksum of six characters: safe in an address, and
recognised by programs that look for leaked secrets. A token is shown once; what is kept is its
digest under a secret of the service, so that a stolen database opens nothing.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
import typing
from dataclasses import dataclass
from typing import Final

from hanse.auth.compact import decode

PREFIX: Final = "hft_"
RANDOM_BYTES: Final = 32
CHECKSUM_CHARACTERS: Final = 6
MAX_DAYS: Final = 396
DEFAULT_DAYS: Final = 90
UNUSED_DAYS: Final = 90
LIVE_MAX: Final = 2
"""Live tokens under one label: the old and the new one, while a recipient changes over."""

_FORM: Final = re.compile(r"hft_[A-Za-z0-9_-]{43}[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class FeedGrant:
    """What a feed token stands for: one client of one recipient, narrowed where it was made so.

    `datasets`, `dialects` and `networks` (CIDR) None leave what the client's protocols open;
    `purpose` is what the token was made for, None where each request says it. `credential` names
    the token in records and is no secret.
    """

    credential: str
    client_id: str
    party: str | None = None
    datasets: frozenset[str] | None = None
    dialects: frozenset[str] | None = None
    networks: frozenset[str] | None = None
    purpose: str | None = None

    def reached_from(self, address: str) -> bool:
        """Say whether the token may be used from a network address."""
        if self.networks is None:
            return True
        try:
            told = ipaddress.ip_address(address)
        except ValueError:
            return False
        plain = getattr(told, "ipv4_mapped", None) or told
        return any(plain in ipaddress.ip_network(network) for network in self.networks)


class FeedTokens(typing.Protocol):
    """The feed tokens of a service."""

    def find(self, token: str) -> FeedGrant | None:
        """Return what a live token stands for; None for a text that is none.

        Raises `Unauthenticated` for one that was revoked, expired, or has no protocol any more.
        """


def make() -> str:
    """Return a new token from the system's randomness."""
    body = secrets.token_urlsafe(RANDOM_BYTES)
    return f"{PREFIX}{body}{_checksum(body)}"


def is_feed_token(text: str) -> bool:
    """Say whether a text has the form of a feed token, its checksum included."""
    if not _FORM.fullmatch(text):
        return False
    body = text[len(PREFIX) : -CHECKSUM_CHARACTERS]
    try:
        decode(body)
    except ValueError:
        return False
    return hmac.compare_digest(text[-CHECKSUM_CHARACTERS:], _checksum(body))


def digest(token: str, pepper: bytes) -> str:
    """Return what is kept of a token: its SHA-256 under the service's own secret, in hex."""
    return hmac.digest(pepper, token.encode("ascii"), "sha256").hex()


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode("ascii")).hexdigest()[:CHECKSUM_CHARACTERS]
