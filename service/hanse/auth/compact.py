"""Opens a compact JWS so that nobody can read it differently: before any signature is looked at.

Three canonical base64url parts (RFC 7515 §3.1, RFC 4648 §3.5), strict UTF-8, one JSON object in
each of the first two, no key twice, no depth, no NaN. Every fault is a ValueError: callers answer
them all alike.
"""

import json
import math
import re
from binascii import a2b_base64
from dataclasses import dataclass
from typing import Any, Final

MAX_CHARACTERS: Final = 9_000
MAX_DEPTH: Final = 8

_PART = re.compile(r"[A-Za-z0-9_-]+")
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LAST: Final = (_ALPHABET, "", _ALPHABET[::16], _ALPHABET[::4])
"""The last characters whose unused bits are zero, by the length of the text modulo four."""


@dataclass(frozen=True, slots=True)
class Compact:
    """A JWS taken apart, its signature not yet verified."""

    header: dict[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes


def open_compact(text: str) -> Compact:
    """Take a compact JWS apart; raises ValueError for any other form."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError("too long")
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError("not three parts")
    header, payload, signature = (decode(part) for part in parts)
    signed = text[: text.rindex(".")].encode("ascii")
    return Compact(read_object(header), read_object(payload), signed, signature)


def decode(part: str) -> bytes:
    """Return the bytes of a base64url text that has exactly one spelling for them."""
    # Unused bits of the last character would give one signature several texts.
    if not _PART.fullmatch(part) or part[-1] not in _LAST[len(part) % 4]:
        raise ValueError("not canonical base64url")
    padding = b"=="[: -len(part) % 4]
    return a2b_base64(part.encode("ascii").translate(_STANDARD) + padding)


def read_object(content: bytes) -> dict[str, Any]:
    """Return a JSON object that every reader reads alike; raises ValueError for any other text."""
    text = content.decode("utf-8")  # json.loads(bytes) would take UTF-16 and UTF-32 too
    if text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(text):
        raise ValueError("too deep")
    value = _DECODER.decode(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if "\\u" in text:
        plain = json.dumps(value, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates
        if b"\\u0000" in plain:
            raise ValueError("NUL")
    return value


def moment(value: object) -> float:
    """Return a moment in seconds; `ValueError` for what is no number, a truth value among them."""
    # A boolean is an int to Python and a date to nobody.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("time")
    return float(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


# One decoder for all: making it costs more than reading a token with it.
_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)


def _too_deep(text: str) -> bool:
    depth = 0
    inside = escaped = False
    for character in text:
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif character in "]}":
            depth -= 1
    return False
