"""What a token may be asked for: a closed list of coarse words, and which word contains another.

Grammar `object[:qualifier]:action`, lower case, no wildcards. A token's scope is split on U+0020
and on nothing else (RFC 6749 §3.3). Datasets are not scopes: who may see which one is the
register's matter, and a scope list would tell it to everybody.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hanse.errors import Invalid

MAX_SCOPE_CHARACTERS: Final = 1_000

SCOPES: Final = (
    "catalog:read",
    "dataset:read",
    "release:publish",
    "protocol:propose",
    "protocol:approve",
    "protocol:revoke",
    "audit:read",
    "node:register",
    "subscription:manage",
)
"""Every scope but one family: `theme:<theme>:read`, the datasets of one theme."""

THEME_SCOPE: Final = "theme:<theme>:read"

MEANINGS: Final = MappingProxyType(
    {
        "catalog:read": "search the catalogue (public)",
        "dataset:read": "ask a node for figures; its protocols decide which",
        "theme:<theme>:read": "the same, for the datasets of one theme only",
        "release:publish": "propose and approve releases of a node",
        "protocol:propose": "propose a protocol",
        "protocol:approve": "approve a protocol",
        "protocol:revoke": "end a protocol at once",
        "audit:read": "read a node's decisions",
        "node:register": "enrol nodes at the catalogue",
        "subscription:manage": "follow datasets and end following",
    }
)
"""What each opens, for the reference page; a test holds it complete."""

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 appendix A.4
_WORD = r"[a-z0-9-]+"
_OURS = re.compile(rf"({_WORD})(?::({_WORD}))?:({_WORD})")
_THEME = re.compile(rf"theme:{_WORD}:read")


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope, taken apart."""

    object: str
    qualifier: str | None
    action: str

    def covers(self, other: "Scope") -> bool:
        """Say whether whoever may this may also `other`: a partial order.

        Without a qualifier it is the whole object; reading datasets contains reading one theme's.
        """
        if self == other:
            return True
        if (self.object, self.qualifier, self.action) == ("dataset", None, "read"):
            return other.object == "theme" and other.action == "read"
        same = self.object == other.object and self.action == other.action
        return same and self.qualifier is None


def read(text: str) -> Scope:
    """Return one scope of our grammar; raises ValueError for any other text."""
    found = _OURS.fullmatch(text)
    if found is None:
        raise ValueError("not a scope of the grammar object[:qualifier]:action")
    return Scope(found[1], found[2], found[3])


def words(text: str) -> frozenset[str]:
    """Return the scope tokens of a token's `scope`, known or not.

    Raises ValueError unless it is scope tokens with exactly one space between (RFC 6749 §3.3).
    """
    parts = text.split(" ")
    if len(text) > MAX_SCOPE_CHARACTERS or not all(_TOKEN.fullmatch(part) for part in parts):
        raise ValueError("not a scope")
    return frozenset(parts)


def known(scope: str) -> bool:
    """Say whether a scope is on the closed list."""
    return scope in SCOPES or _THEME.fullmatch(scope) is not None


def parse(text: str) -> frozenset[str]:
    """Return the scopes somebody asks for; raises `Invalid` for anything off the closed list."""
    try:
        asked = words(text)
    except ValueError as fault:
        raise Invalid("SCOPE_FORM") from fault
    unknown = sorted(scope for scope in asked if not known(scope))
    if unknown:
        choice = ", ".join((*SCOPES, THEME_SCOPE))
        raise Invalid("SCOPE_UNKNOWN", scope=unknown[0][:50], choice=choice)
    return asked


def covers(granted: Collection[str], wanted: Collection[str]) -> bool:
    """Say whether each wanted scope is contained in a granted one.

    A scope that is not on the list covers nothing and is covered by nothing: a token may carry
    words of other services.
    """
    ours = [read(scope) for scope in granted if known(scope)]
    return all(known(want) and any(scope.covers(read(want)) for scope in ours) for want in wanted)
