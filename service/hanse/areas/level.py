"""A level of areas in one vintage: `gemeente@2025`, and how other systems name the same thing.

Swing leaves the current version unsuffixed and gives an old one the last year it was valid, so its
names move. A vintage here never changes its meaning; a Swing name is translated where it enters.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from types import MappingProxyType

from hanse.errors import Invalid

Text = dict[str, str]

CURRENT_VINTAGE = "2025"
"""The year from which the unsuffixed level names of the provinces' tables are valid."""

OWN_LAYER = "own"
"""The base of a layer that a city drew itself: only what is loaded on it stands on it."""

ALIKE_MAX = 10
"""How many levels are named to who asked for one that is not known."""
_ALIKE_LENGTH = 40

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_VINTAGE = re.compile(r"[0-9]{4}")
_SWING = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,39}?)_?((?:19|20)[0-9]{2})?")

_KNOWN: dict[str, tuple[int, str, str, str]] = {
    "statsec": (10, "statistische sector", "statistical sector", "secteur statistique"),
    "ggw7": (20, "wijk", "neighbourhood", "quartier"),
    "wijk": (
        20,
        "wijk (niet uit sectoren)",
        "neighbourhood (own layer)",
        "quartier (hors secteurs)",
    ),
    "deelgemeente": (20, "deelgemeente", "sub-municipality", "section de commune"),
    "gemeente": (30, "gemeente", "municipality", "commune"),
    "elz": (40, "eerstelijnszone", "primary care zone", "zone de première ligne"),
    "politiezone": (40, "politiezone", "police zone", "zone de police"),
    "arrondiss": (40, "arrondissement", "district", "arrondissement"),
    "vervoerregio": (45, "vervoerregio", "transport region", "région de transport"),
    "provincie": (50, "provincie", "province", "province"),
    "gewest": (60, "gewest", "region", "région"),
    "belgie": (70, "Vlaanderen en Brussel", "Flanders and Brussels", "Flandre et Bruxelles"),
}

RANKS = MappingProxyType({code: known[0] for code, known in _KNOWN.items()})
"""How fine a level is, finest smallest; levels of one rank do not nest."""

RANK_OTHER = 35
"""Where a level stands that nothing is known about: clusters and zones made of municipalities."""


class LevelKind(StrEnum):
    """What an area of the level is."""

    AREA = "area"
    CLUSTER = "cluster"
    LOCATION = "location"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Level:
    """One level in one vintage.

    `base` says what it is built from: "" for an official level, `own` for a layer that only takes
    data loaded on it. `valid_from` and `valid_to` are ISO days, "" where open.
    """

    code: str
    vintage: str
    name: Text
    rank: int
    kind: LevelKind = LevelKind.AREA
    base: str = ""
    valid_from: str = ""
    valid_to: str = ""

    def __post_init__(self) -> None:
        """Refuse a level whose id could not be read back."""
        if not _CODE.fullmatch(self.code) or not _VINTAGE.fullmatch(self.vintage):
            raise Invalid("LEVEL_ID", text=f"{self.code}@{self.vintage}"[:60])

    @property
    def id(self) -> str:
        """`gemeente@2025`: the id in every cell, contract and permit."""
        return f"{self.code}@{self.vintage}"


def split_id(level_id: str) -> tuple[str, str]:
    """Return code and vintage of `gemeente@2025`; raises `Invalid` (LEVEL_ID) for anything else."""
    code, _, vintage = level_id.partition("@")
    if not _CODE.fullmatch(code) or not _VINTAGE.fullmatch(vintage):
        raise Invalid("LEVEL_ID", text=level_id[:60])
    return code, vintage


def known_level(level_id: str, kind: LevelKind = LevelKind.AREA) -> Level:
    """Return the level with this id, named and ranked as far as its code is known."""
    code, vintage = split_id(level_id)
    rank, nl, en, fr = _KNOWN.get(code, (RANK_OTHER, code, code, code))
    return Level(code, vintage, {"nl": nl, "en": en, "fr": fr}, rank, kind)


def from_swing(name: str, current: str = CURRENT_VINTAGE) -> str:
    """Return the level id of a Swing level name: `gemeente2024` and `gemeente_2024` say a vintage.

    A bare name means the version that was current when it was written: `current`.
    Raises `Invalid` (LEVEL_ID) for a name that no level can have.
    """
    found = _SWING.fullmatch(name.strip())
    if found is None:
        raise Invalid("LEVEL_ID", text=name[:60])
    return f"{found[1]}@{found[2] or current}"


def to_swing(level_id: str, current: str = CURRENT_VINTAGE) -> str:
    """Return the Swing name of a level id: unsuffixed for the current vintage."""
    code, vintage = split_id(level_id)
    return code if vintage == current else f"{code}{vintage}"


def named_like(name: str, levels: Iterable[Level], limit: int = ALIKE_MAX) -> tuple[str, ...]:
    """Return the ids of the levels whose code, or name in any language, is most like a name.

    The most alike first, one per code: its newest vintage. Those alike keep the order of `levels`.
    """
    asked = name[:_ALIKE_LENGTH].casefold()
    newest: dict[str, Level] = {}
    for each in levels:
        known = newest.setdefault(each.code, each)
        newest[each.code] = max(known, each, key=lambda level: level.vintage)

    def unlike(level: Level) -> float:
        said = (level.code, level.id, *level.name.values())
        texts = (each[:_ALIKE_LENGTH].casefold() for each in said)
        return -max(SequenceMatcher(None, asked, text).ratio() for text in texts)

    return tuple(each.id for each in sorted(newest.values(), key=unlike)[:limit])


def says_vintage(name: str) -> bool:
    """Say whether a level name, ours or Swing's, names its vintage itself."""
    found = _SWING.fullmatch(name.strip())
    return "@" in name or bool(found and found[2])
