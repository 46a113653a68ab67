"""What a reader types for areas and periods: `-g gemeente:11002,41002 -p 2018:2021`."""

import re
from dataclasses import dataclass
from typing import Final

from hanse.cube.period import read_period
from hanse.errors import Invalid, NotFound

AREAS_MAX: Final = 2_000
_LEVEL: Final = re.compile(r"[a-z][a-z0-9_]{0,31}(@[0-9]{4})?\Z")
_CODE: Final = re.compile(r"[A-Za-z0-9_]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """Areas of one level; no level: the question's own, no codes: all areas of the level."""

    level: str = ""
    codes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "AreaChoice":
        """Read `11002`, `11002,41002`, `gemeente:11002`, `gemeente@2025:11002`, `gemeente`."""
        level, colon, codes = text.strip().rpartition(":")
        if not colon and _LEVEL.match(codes):
            level, codes = codes, ""
        named = listed(codes)
        sound = (not level or _LEVEL.match(level)) and all(map(_CODE.match, named))
        if not sound or len(named) > AREAS_MAX or (not level and not named and text.strip()):
            raise Invalid("AREA_EXPRESSION", text=text[:60])
        return cls(level, named)

    def level_among(self, levels: list[str], default: str = "") -> str:
        """Return the level and vintage of `levels` that is meant: the newest where none is named.

        Raises `NotFound` (LEVEL_ABSENT) when it is not among them.
        """
        wanted = self.level or default
        named = sorted(each for each in levels if wanted in {each, each.partition("@")[0], ""})
        if not named:
            raise NotFound("LEVEL_ABSENT", level=wanted, levels=", ".join(sorted(levels))[:200])
        return named[-1]


def listed(text: str) -> tuple[str, ...]:
    """Return the words of a text with commas between, in their order, each once."""
    return tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))


def periods(text: str) -> str:
    """Return a period or a window `from:to` in canonical spelling, a side left open where it is.

    Raises `Invalid` (PERIOD_UNKNOWN) for a period that does not exist.
    """
    start, colon, end = text.strip().partition(":")
    spelled = [str(read_period(side)) if side.strip() else "" for side in (start, end)]
    if not any(spelled):
        return ""
    return f"{spelled[0]}:{spelled[1]}" if colon else spelled[0]
