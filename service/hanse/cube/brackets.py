"""Brackets: codes that are spans of whole numbers (`0-4`, `65+`, `Y18T64`), and how they lie.

Only what a code says of itself is read: `0-17` and `18-64` go on where the other ends, so both ends
belong to a bracket. A list of which two codes overlap without one lying in the other says nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

from hanse.cube.codelist import NOT_APPLICABLE, TOTAL, UNKNOWN, Code, Codelist

FAR: Final = 1_000_000_000
"""Where a bracket without an upper end stops: no number in a code is so large."""

SPECIAL: Final = frozenset({TOTAL, NOT_APPLICABLE, UNKNOWN})
"""Codes that are no part of what a breakdown divides into."""

_UNITS = r"(?:\s*_?(?:jaar|jarigen|years?|ans|jr|y))?"
_SPAN = re.compile(
    rf"y?([0-9]{{1,8}}){_UNITS}\s*(?:-|\N{{EN DASH}}|t/m|tot en met|to|à|t)"
    rf"\s*y?([0-9]{{1,8}}){_UNITS}"
)
_FROM = re.compile(
    rf"(?:y?_?ge|>=|\N{{GREATER-THAN OR EQUAL TO}}\s*)?\s*y?([0-9]{{1,8}}){_UNITS}"
    r"(\s*(?:\+|_?plus|en ouder|en meer|of ouder|of meer|and over|or more|et plus))?"
)
_BELOW = re.compile(rf"(?:y?_?lt|<)\s*([0-9]{{1,8}}){_UNITS}")
_OPEN = re.compile(r"(?:y?_?ge|>=|\N{GREATER-THAN OR EQUAL TO})")


@dataclass(frozen=True, slots=True, order=True)
class Bracket:
    """The whole numbers from `low` up to and including `high`; `FAR` has no end."""

    low: int
    high: int

    def holds(self, other: "Bracket") -> bool:
        """Say whether another bracket lies in this one, or is the same."""
        return self.low <= other.low and other.high <= self.high

    def meets(self, other: "Bracket") -> bool:
        """Say whether two brackets have a number in common."""
        return self.low <= other.high and other.low <= self.high

    @property
    def text(self) -> str:
        """How it is written: `5-17`, `65+`, `3`."""
        if self.high == FAR:
            return f"{self.low}+"
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


def read(text: str) -> Bracket | None:
    """Return the bracket that a text says, None where it says none or is upside down."""
    said = " ".join(text.casefold().split())
    if span := _SPAN.fullmatch(said):
        low, high = int(span[1]), int(span[2])
        return Bracket(low, high) if low <= high else None
    if below := _BELOW.fullmatch(said):
        return Bracket(0, int(below[1]) - 1) if int(below[1]) else None
    if start := _FROM.fullmatch(said):
        low = int(start[1])
        return Bracket(low, FAR if start[2] or _OPEN.match(said) else low)
    return None


def brackets(codelist: Codelist) -> dict[str, Bracket]:
    """Return the brackets of a code list by code; none unless the list is one of brackets.

    It is when two codes or more are, one of them is no bare number, and of any two of them one lies
    in the other or they have nothing in common. Bare numbers alone may as well be numbers of rows.
    """
    found = {code.id: bracket for code in codelist.codes if (bracket := _of(code)) is not None}
    bare = all(each.low == each.high for each in found.values())
    if len(found) < 2 or bare or len(set(found.values())) < len(found) or crossing(found.values()):
        return {}
    return found


def _of(code: Code) -> Bracket | None:
    if code.id in SPECIAL:
        return None
    texts = (code.id, code.notation, code.name.get("nl", ""), code.name.get("en", ""))
    return next((found for text in texts if text and (found := read(text))), None)


def crossing(spans: Iterable[Bracket]) -> list[tuple[Bracket, Bracket]]:
    """Return the pairs that overlap without one lying in the other."""
    pairs = combinations(sorted(set(spans)), 2)
    return [
        (one, other)
        for one, other in pairs
        if one.meets(other) and not one.holds(other) and not other.holds(one)
    ]


def nested(spans: Mapping[str, Bracket]) -> dict[str, str]:
    """Return, by code, the code of the smallest bracket that it lies in and is not.

    None may cross, and no two codes be the same bracket.
    """
    found: dict[str, str] = {}
    for code, span in spans.items():
        around = [
            (other.high - other.low, name)
            for name, other in spans.items()
            if name != code and other.holds(span)
        ]
        if around:
            found[code] = min(around)[1]
    return found


def gaps(whole: Bracket, parts: Sequence[Bracket]) -> list[Bracket]:
    """Return the brackets that parts, none of which overlap, leave of a whole."""
    ends = [whole.low - 1, *(each.high for each in sorted(parts))]
    starts = [*(each.low for each in sorted(parts)), whole.high + 1]
    spans = zip(ends, starts, strict=True)
    return [Bracket(end + 1, start - 1) for end, start in spans if end + 1 < start]


def pieces(lists: Iterable[Iterable[Bracket]]) -> list[Bracket]:
    """Return the brackets into which lists of brackets cut one another, in order."""
    every = [each for one in lists for each in one]
    cuts = sorted({each.low for each in every} | {each.high + 1 for each in every})
    spans = [Bracket(low, high - 1) for low, high in pairwise(cuts)]
    return [span for span in spans if any(each.holds(span) for each in every)]
