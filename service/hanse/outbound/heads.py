"""The head of an answer, judged before a byte of its body is read."""

from collections.abc import Sequence
from typing import Final

from hanse.errors import Invalid
from hanse.outbound.asking import Ask

BODILESS: Final = frozenset({204, 304})
NOT_MODIFIED: Final = 304
_LENGTH_DIGITS: Final = 15


def check_head(ask: Ask, status: int, raw: Sequence[tuple[bytes, bytes]]) -> None:
    """Refuse too many headers, an encoding, a redirect, or a body declared beyond its cap.

    A compressed body is refused unread: 1.8 kB can unfold to a gigabyte in one piece.
    """
    peer = str(ask.origin)
    size = sum(len(name) + len(value) for name, value in raw)
    if len(raw) > ask.limits.header_count or size > ask.limits.header_bytes:
        raise Invalid("OUTBOUND_HEADERS", peer=peer)
    if 300 <= status < 400 and status != NOT_MODIFIED:
        raise Invalid("OUTBOUND_REDIRECT", peer=peer)
    headers = {name.lower(): value.strip().lower() for name, value in raw}
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Invalid("OUTBOUND_ENCODING", peer=peer)
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit() or len(declared) > _LENGTH_DIGITS:
        raise Invalid("OUTBOUND_HEADERS", peer=peer)
    if int(declared) > ask.limits.body_bytes and ask.method != "HEAD":
        raise Invalid("OUTBOUND_TOO_LARGE", peer=peer, bytes=ask.limits.body_bytes)
