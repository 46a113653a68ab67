"""One area of a level: a code with names, and whether it lies somewhere on a map."""

from dataclasses import dataclass
from enum import StrEnum


class AreaKind(StrEnum):
    """Where an area lies. Only a located one belongs on a map, in a ranking or in a median."""

    LOCATED = "located"
    UNKNOWN = "unknown"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Area:
    """One area; `code` is text and unique within its level, never parsed, never compared across.

    Code 11002 of 2024 and code 11002 of 2025 are two areas. `short_name` is "" where nobody gave
    one. The dates are ISO days, "" where open.
    """

    code: str
    name: str
    short_name: str = ""
    kind: AreaKind = AreaKind.LOCATED
    valid_from: str = ""
    valid_to: str = ""
