"""Signed links: the right to fetch one object once more, for clients that drop their credentials.

A next page, a file, a download: the address carries who asked under which protocol, for what and
until when. It is no credential: whoever serves it decides again, by the register of that moment,
for the client and the credential that it names. The whole is one text of base64url characters.
"""

import base64
import hashlib
import hmac
from dataclasses import asdict, dataclass
from typing import Final

from hanse.auth.compact import decode, read_object
from hanse.errors import Invalid, Unauthenticated
from hanse.policies.canonical import canonical

MAX_LIFE_SECONDS: Final = 3_600
MAX_CHARACTERS: Final = 2_000
HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""What every answer to a signed link carries."""

_MAC_BYTES: Final = 32
_PURPOSE: Final = b"signed-link"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link stands for. `expires_at` is seconds since 1970.

    `client` and `credential` say who asked (the credential's id, never the credential itself),
    `protocol` the id of the protocol that opened it, `object` what it is about, `query` the digest
    of the question (`digest_of`).
    """

    client: str
    credential: str
    protocol: str
    object: str
    query: str
    expires_at: int


def digest_of(query: str) -> str:
    """Return the digest of a question as a link names it, in hex."""
    return hashlib.sha256(query.encode("utf-8")).hexdigest()


def seal(link: Link, secret: bytes, now: float) -> str:
    """Return the text of a link; raises `Invalid` for one that would live over an hour."""
    if not now < link.expires_at <= now + MAX_LIFE_SECONDS:
        raise Invalid("LINK_LIFE", limit=MAX_LIFE_SECONDS)
    content = canonical(asdict(link))
    text = base64.urlsafe_b64encode(_mac(content, secret) + content).rstrip(b"=").decode("ascii")
    if len(text) > MAX_CHARACTERS:
        raise Invalid("LINK_SIZE", limit=MAX_CHARACTERS)
    return text


def unseal(text: str, secret: bytes, now: float) -> Link:
    """Return what a link stands for; raises `Unauthenticated` with one wording for every fault."""
    try:
        if len(text) > MAX_CHARACTERS:
            raise ValueError("too long")
        raw = decode(text)
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, _mac(content, secret)):
            raise ValueError("mac")
        link = Link(**read_object(content))
        if not now < link.expires_at <= now + MAX_LIFE_SECONDS:
            raise ValueError("expired")
    except (ValueError, TypeError) as fault:
        raise Unauthenticated("LINK_INVALID") from fault
    return link


def _mac(content: bytes, secret: bytes) -> bytes:
    return hmac.digest(hmac.digest(secret, _PURPOSE, "sha256"), content, "sha256")
