"""How the bytes of an entry are kept: squeezed against words that every entry has, or as they are.

What is hashed, signed and shown is the entry's own bytes; this is only how they lie on the disk.
The first byte says which way: `{` begins an entry as it is, 1 a raw deflate stream (RFC 1951)
against the words of way 1. In way 2 digests, references and thumbprints, which nothing squeezes,
stand behind the stream in their bytes, and one control byte, which no JSON holds, in the place of
each. A way never changes once it was used: a better one is another number.
"""

import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from hanse.audit.entry import BODY_BYTES_MAX

PLAIN: Final = b"{"
SQUEEZED: Final = b"\x01"
PARTED: Final = b"\x02"

_DIGEST, _REFERENCE, _THUMBPRINT = b"\x01", b"\x02", b"\x03"
_BYTES: Final = {_DIGEST: 32, _REFERENCE: 16, _THUMBPRINT: 32}
"""The marks, in the order in which their parts stand behind the stream, and the bytes of one."""

_PLAINLY: Final = re.compile(
    rb'[":]([0-9a-f]{64}|[0-9a-f]{32}|([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]))(?=")'
)
"""What goes in its bytes: 64 or 32 digits of hex, or the one spelling of 32 bytes in base64url."""

_WINDOW: Final = -15
_LEVEL: Final = 9
_MEMORY: Final = 9

WORDS: Final = (
    b'"event":"published","withdrawn","signed","issued","revoked","expired","erased",'
    b'"checks":[{"clause":"data.datasets","had":"-","name":"dataset","wanted":"'
    b'{"clause":"parties.keys","had":"'
    b'{"clause":"purposes","had":"'
    b'{"clause":"actions","had":"-","name":"scope","wanted":"dataset:read, theme:'
    b'{"clause":"data.areas","had":"all","name":"area","wanted":"'
    b'{"clause":"data.levels","had":"gemeente, wijk","name":"level","wanted":"'
    b'{"clause":"data.indicators","had":"","name":"indicator","wanted":"'
    b'{"clause":"data.periods","name":"period","wanted":"'
    b'{"clause":"valid","had":"2026-01-01/2029-01-01","name":"valid","wanted":"2027-'
    b'{"clause":"version","had":"active sha-256:","name":"status","wanted":"'
    b'],"code":"DECISION_RECIPIENT","code":"DECISION_PURPOSE",'
    b'"decision":"deny","exchange":"'
    b'"kind":"release","kind":"protocol","kind":"statement","kind":"token","kind":"audit",'
    b'"before":"state":"version":"reason":"cells":"size":"credential":"hidden":0,"user":"'
    b'"breakdowns":{"SEX":["_T"]},"count":"narrow":["areas","breakdowns","indicators","levels",'
    b'"periods"],"periods":["2015","2025"],"provincie@2025":["10000"],"wijk@2025":{"count":'
    b'"format":"arrow","format":"csv","format":"parquet","format":"xlsx",'
    b'{"decision":"allow","exchange":"","kind":"decision","ref":"019",'
    b'"register":"sha-256:","software":"hanse 0.1.0","v":1,'
    b'"what":{"action":"read","dataset":"bevolking-wijk",'
    b'"filter":{"areas":{"gemeente@2025":["41002"]},"indicators":["bevolking"]},'
    b'"format":"json","hidden":0,"release":"sha-256:","release_id":"2026-01-01.1","rows":1000},'
    b'"when":"2026-01-01T00:00:00.000000+00:00",'
    b'"who":{"client":"provincie","kbo":"0207","key":"'
    b'"},"why":{"content":"sha-256:","protocol":"urn:protocol:gent:2026-001",'
    b'"purpose":"statistiek","version":1}}'
)
"""What way 1 squeezes against; fixed for ever, for what was kept is read with it."""


_FRONT: Final = WORDS[: WORDS.index(b'"breakdowns":{"SEX"')]

WORDS_PARTED: Final = _FRONT + (
    b'"credential":"","user":"","exchange":"\x02","breakdowns":{"SEX":["_T"]},"count":'
    b'"narrow":["areas","breakdowns","indicators","levels","periods"],"periods":["2015","2025"],'
    b'"provincie@2025":["10000"],"wijk@2025":{"count":'
    b'"format":"arrow","format":"csv","format":"parquet","format":"xlsx",'
    b'{"decision":"allow","exchange":"\x02","kind":"decision","ref":"\x02",'
    b'{"decision":"allow","kind":"decision","ref":"\x02","register":"sha-256:\x01",'
    b'"software":"hanse 0.1.0","v":1,"what":{"action":"read","dataset":"bevolking-wijk",'
    b'"filter":{"areas":{"gemeente@2025":["41002"]},"indicators":["bevolking"]},'
    b'"format":"json","hidden":0,"release":"sha-256:\x01","release_id":"2026-01-01.1",'
    b'"rows":1000},"when":"2026-01-01T00:00:00.000000+00:00",'
    b'"who":{"client":"stad-provincie","kbo":"0207","key":"\x03"},'
    b'"why":{"content":"sha-256:\x01","protocol":"urn:protocol:gent:2026-001",'
    b'"purpose":"statistiek","version":1}}'
)
"""What way 2 squeezes against; fixed for ever."""


def pack(body: bytes) -> bytes:
    """Return the bytes to keep of an entry's `body`."""
    if any(mark in body for mark in _BYTES):  # no JSON: kept as whatever it is
        return SQUEEZED + _squeezed(body, WORDS)
    parts: dict[bytes, list[bytes]] = {mark: [] for mark in _BYTES}

    def marked(found: re.Match[bytes]) -> bytes:
        mark, part = _part(found[1], found[2] is not None)
        parts[mark].append(part)
        return found[0][:1] + mark

    words = _PLAINLY.sub(marked, body)
    held = b"".join(part for each in parts.values() for part in each)
    return PARTED + _squeezed(words, WORDS_PARTED) + held


def _part(text: bytes, base64: bool) -> tuple[bytes, bytes]:
    if base64:
        return _THUMBPRINT, urlsafe_b64decode(text + b"=")
    part = bytes.fromhex(text.decode("ascii"))
    return (_DIGEST if len(part) == _BYTES[_DIGEST] else _REFERENCE), part


def _text(mark: bytes, part: bytes) -> bytes:
    return urlsafe_b64encode(part)[:-1] if mark == _THUMBPRINT else part.hex().encode("ascii")


def unpack(kept: bytes) -> bytes:
    """Return an entry's own bytes.

    What nobody here ever kept comes back as it is, so that its hash tells that it was tampered
    with. No more is read than an entry can hold, however much a stream would make.
    """
    way = kept[:1]
    if way not in (SQUEEZED, PARTED):
        return kept
    engine = zlib.decompressobj(_WINDOW, WORDS if way == SQUEEZED else WORDS_PARTED)
    try:
        body = engine.decompress(kept[1:], BODY_BYTES_MAX)
    except zlib.error:
        return kept
    if not engine.eof:
        return kept
    if way == PARTED:
        joined = _joined(body, engine.unused_data)
        return kept if joined is None else joined
    return kept if engine.unused_data else body


def _squeezed(text: bytes, words: bytes) -> bytes:
    engine = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, words
    )
    return engine.compress(text) + engine.flush()


def _joined(words: bytes, parts: bytes) -> bytes | None:
    """Return words with the parts in the places of their marks; None where these do not fit."""
    start = 0
    for mark, size in _BYTES.items():
        first, *pieces = words.split(mark)
        told = [first]
        for piece in pieces:
            told += (_text(mark, parts[start : start + size]), piece)
            start += size
        words = b"".join(told)
    return words if start == len(parts) else None
