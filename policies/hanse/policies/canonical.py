"""Canonical bytes and their digest: what is hashed and signed is the same for everybody.

RFC 8785 (JCS) through the `rfc8785` package. No floats: JCS writes `1.0` and `1` alike, so two
different documents would share a digest.
"""

import hashlib
from typing import Any, cast

import rfc8785

from hanse.errors import Invalid


def canonical(document: object) -> bytes:
    """Return the canonical JSON of text, whole numbers, booleans, lists and objects."""
    try:
        return rfc8785.dumps(cast("Any", document))
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError) as fault:
        raise Invalid("CANONICAL_FORM", fault=str(fault)[:200]) from fault


def digest(content: bytes) -> str:
    """Return `sha-256:` and the hexadecimal digest."""
    return "sha-256:" + hashlib.sha256(content).hexdigest()
