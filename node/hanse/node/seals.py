"""Seals: the node's own signature under what its database holds about protocols and partners.

Whoever can write to the database but has not the key file cannot change a row, leave one out or add
one unseen: the seal no longer holds, and what it closed counts for nothing.
"""

from collections.abc import Mapping
from functools import lru_cache

from hanse.errors import Invalid
from hanse.policies.canonical import canonical
from hanse.policies.signatures import REGISTER, SigningKey, sign, verify

_CACHED = 8_192

Document = Mapping[str, object]


def seal(document: Document, key: SigningKey) -> str:
    """Return the node's signature under a document."""
    return sign(canonical(dict(document)), REGISTER, key)


def holds(text: str, document: Document, own: Mapping[str, str]) -> bool:
    """Say whether a seal is the node's own (its public JWK), under exactly this document."""
    return _holds(text, canonical(dict(document)), (own["kty"], own["crv"], own["x"]))


@lru_cache(maxsize=_CACHED)
def _holds(text: str, content: bytes, own: tuple[str, str, str]) -> bool:
    kty, crv, x = own
    try:
        return verify(text, REGISTER, [{"kty": kty, "crv": crv, "x": x}]) == content
    except Invalid:
        return False
