"""How the bytes of an entry are kept: squeezed against words that every entry has, or as they are.

What is hashed, signed and shown is the entry's own bytes; this is only how they lie on the disk.
The first byte says which way: `{` begins an entry as it is, 1 a raw deflate stream (RFC 1951)
against the words of way 1. A way never changes once it was used: a better one is another number.
"""

import zlib
from typing import Final

from hanse.audit.entry import BODY_BYTES_MAX

PLAIN: Final = b"{"
SQUEEZED: Final = b"\x01"

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


def pack(body: bytes) -> bytes:
    """Return the bytes to keep of an entry's `body`."""
    engine = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, WORDS
    )
    return SQUEEZED + engine.compress(body) + engine.flush()


def unpack(kept: bytes) -> bytes:
    """Return an entry's own bytes.

    What nobody here ever kept comes back as it is, so that its hash tells that it was tampered
    with. No more is read than an entry can hold, however much a stream would make.
    """
    if kept[:1] != SQUEEZED:
        return kept
    engine = zlib.decompressobj(_WINDOW, WORDS)
    try:
        body = engine.decompress(kept[1:], BODY_BYTES_MAX)
    except zlib.error:
        return kept
    return body if engine.eof and not engine.unused_data else kept
