"""What a node said, held against what it signed: with keys pinned through its member record.

A node's own `/v1/jwks` is never a reason to trust it. Whoever has no pin gets no signed statement.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hanse.client.answers import read_statement
from hanse.errors import Invalid
from hanse.policies.canonical import digest
from hanse.policies.signatures import FEED, MANIFEST, verify
from hanse.wire import Feed, Manifest, MemberEntry


@dataclass(frozen=True, slots=True)
class Pin:
    """Whose node it is and which keys it signs with."""

    agency: str
    name: str
    keys: Sequence[dict[str, str]]

    @classmethod
    def of(cls, member: MemberEntry) -> "Pin":
        """Pin what the member register says."""
        return cls(member.agency, member.name, member.keys)


NO_PIN = Pin("", "", ())
"""Nobody is trusted: every signed statement is refused."""


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """A manifest whose signature held, and the digest of the bytes that were signed."""

    manifest: Manifest
    digest: str


def open_manifest(statement: str, pin: Pin, peer: str) -> SignedManifest:
    """Verify a manifest; raises `Invalid` for a signature or an agency other than pinned."""
    content = verify(statement, MANIFEST, pin.keys)
    manifest = read_statement(Manifest, content, peer)
    if manifest.agency != pin.agency:
        raise Invalid("STATEMENT_OTHER", peer=peer)
    return SignedManifest(manifest, digest(content))


def open_feed(statement: str, pin: Pin, url: str, sequence_min: int) -> Feed:
    """Verify a feed: its signature, whose it is, and that it is not older than one seen before."""
    feed = read_statement(Feed, verify(statement, FEED, pin.keys), url)
    if feed.agency != pin.agency or feed.base_url.rstrip("/") != url:
        raise Invalid("STATEMENT_OTHER", peer=url)
    if feed.sequence < sequence_min:
        raise Invalid("FEED_OLDER", peer=url, sequence=feed.sequence, seen=sequence_min)
    return feed


def check_digest(headers: Mapping[str, str], sha256: bytes, peer: str) -> None:
    """Hold a body's SHA-256 against `Repr-Digest` (RFC 9530); raises `Invalid` when it differs.

    A node that sends bytes which already existed declares none: then the length has held, and the
    release is the signed one.
    """
    declared = declared_digest(headers, peer)
    if declared is not None and sha256 != declared:
        raise Invalid("ANSWER_DIGEST", peer=peer)


def declared_digest(headers: Mapping[str, str], peer: str) -> bytes | None:
    """Return the SHA-256 of the whole representation that a node declares, None where it does not.

    Raises `Invalid` for a digest that cannot be read or checked.
    """
    if "repr-digest" not in headers:
        return None
    for member in headers["repr-digest"].split(","):
        name, _, value = member.strip().partition("=")
        if name == "sha-256" and len(value) > 1 and value[0] == value[-1] == ":":
            try:
                return base64.b64decode(value[1:-1], validate=True)
            except ValueError as fault:
                raise Invalid("ANSWER_DIGEST", peer=peer) from fault
    raise Invalid("ANSWER_DIGEST", peer=peer)


def check_body(headers: Mapping[str, str], body: bytes, peer: str) -> None:
    """Hold a whole body against its declared digest."""
    check_digest(headers, hashlib.sha256(body).digest(), peer)
