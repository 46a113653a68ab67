"""What a peer answered: status, headers and a bounded body, read strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from hanse.errors import Invalid


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in full; header names are in lower case, repeated headers joined by a comma."""

    peer: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """Return the JSON document; raises `Invalid` for anything that could be read two ways."""
        return strict_json(self.body, self.peer)

    def text(self) -> str:
        """Return the body as UTF-8 text."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError as fault:
            raise Invalid("OUTBOUND_JSON", peer=self.peer) from fault


def strict_json(content: bytes, peer: str) -> object:
    """Read JSON in UTF-8 without duplicate keys, NaN, lone surrogates or bottomless nesting.

    Python would accept all four (RFC 8259 §4, §8.1; I-JSON, RFC 7493 §2).
    """
    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_not_a_number
        )
        if b"\\u" in content:  # only an escape can bring in a lone surrogate
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as fault:
        raise Invalid("OUTBOUND_JSON", peer=peer) from fault
    return document


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice")
    return members


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(name)
