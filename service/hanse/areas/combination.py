"""Areas that a reader makes of others: `11002+11007`, `cluster:centrumsteden`, `province:40000`.

A combination adds up released cells and nothing else. An area that would count twice is refused, as
is one that the level does not have: a sum that is silently wrong is worse than none.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Final

from hanse.areas.area import Area, AreaKind
from hanse.areas.level import Level, LevelKind, split_id
from hanse.areas.registry import Registry
from hanse.errors import Invalid, NotFound

COMBINED: Final = "combination"
"""The level code of sums that nobody's tables name."""

TEXT_LENGTH_MAX: Final = 2_000

_WORDS: Final = MappingProxyType(
    {"province": "provincie", "region": "gewest", "district": "arrondiss", "land": "belgie"}
)
"""Words for levels that readers use, beside the levels' own codes."""

_CLUSTER: Final = "cluster"

COMPARATORS: Final = ("province", "region", _CLUSTER)
"""What a figure is held against where nobody says otherwise: no league table, but its own kind."""

USUAL: Final = "usual"
"""The word for all of them that there are."""


@dataclass(frozen=True, slots=True)
class Combination:
    """An area made of members of one level.

    `level` and `code` say where its cells stand: those of the tables for a province or a cluster,
    else `combination@2025` and what the reader typed. `needed` are the members without which the
    whole is not complete: the located ones.
    """

    level: str
    code: str
    name: str
    of: str
    members: frozenset[str]
    needed: frozenset[str]


def combination(registry: Registry, text: str, level: str) -> Combination:
    """Return what a reader's expression means, made of areas of `level` (`gemeente@2025`).

    Raises `Invalid` (COMBINATION_FORM, COMBINATION_TWICE) and `NotFound` (AREA_UNKNOWN,
    COMBINATION_UNKNOWN, CORRESPONDENCE_NONE).
    """
    typed = text.strip()
    terms = [term.strip() for term in typed.split("+")]
    if not all(terms) or len(typed) > TEXT_LENGTH_MAX:
        raise Invalid("COMBINATION_FORM", text=typed[:60])
    parts = [_term(registry, term, level) for term in terms]
    if len(parts) == 1:
        return parts[0]
    counted = Counter(chain.from_iterable(part.members for part in parts))
    twice = sorted(area for area, count in counted.items() if count > 1)
    if twice:
        raise Invalid("COMBINATION_TWICE", text=typed[:60], area=twice[0])
    vintage = split_id(level)[1]
    return Combination(
        f"{COMBINED}@{vintage}",
        "+".join(terms),
        " + ".join(part.name for part in parts),
        level,
        frozenset(counted),
        frozenset[str]().union(*(part.needed for part in parts)),
    )


def comparators(
    registry: Registry, level: str, codes: Collection[str], words: Collection[str]
) -> tuple[Combination, ...]:
    """Return what areas are usually held against: their provinces, regions and clusters.

    `codes` are areas of `level`, none: all of them; `words` those of `COMPARATORS` that are wanted,
    or `USUAL`: those that the tables lead to. Raises `Invalid` (COMPARATOR_UNKNOWN) for another
    word and `NotFound` (COMPARATOR_NONE) for one that no table leads to.
    """
    strange = next((each for each in words if each not in (*COMPARATORS, USUAL)), None)
    if strange is not None:
        known = ", ".join(COMPARATORS)
        raise Invalid("COMPARATOR_UNKNOWN", word=strange[:40], known=known)
    found = []
    for word in COMPARATORS if USUAL in words else dict.fromkeys(words):
        held = [
            whole
            for each in registry.levels
            if _is_level(each, word) and each.vintage == split_id(level)[1]
            for whole in _parents(registry, level, each.id, codes)
        ]
        if not held and USUAL not in words:
            raise NotFound("COMPARATOR_NONE", word=word, level=level)
        found += held
    return tuple(found)


def _is_level(level: Level, word: str) -> bool:
    return level.kind is LevelKind.CLUSTER if word == _CLUSTER else level.code == _WORDS[word]


def _parents(
    registry: Registry, level: str, above: str, codes: Collection[str]
) -> list[Combination]:
    leads = registry.correspondence(level, above) if above != level else None
    parents = leads.parent_of if leads else {}
    meant = {parents[code] for code in codes or parents if code in parents}
    areas = registry.areas(above)
    return [_whole(registry, above, areas[code], level) for code in sorted(meant)]


def _term(registry: Registry, term: str, level: str) -> Combination:
    word, colon, code = term.partition(":")
    if not colon:
        areas = registry.areas(level)
        if term not in areas:
            raise NotFound("AREA_UNKNOWN", area=term[:40], level=level)
        own = frozenset({term})
        return Combination(level, term, areas[term].name, level, own, own)
    above, area = _above(registry, word.strip().lower(), code.strip(), level)
    return _whole(registry, above, area, level)


def _whole(registry: Registry, above: str, area: Area, level: str) -> Combination:
    members = registry.below(above, area.code, level)
    if not members:
        raise NotFound("CORRESPONDENCE_NONE", child=level, parent=above)
    known = registry.areas(level)
    needed = frozenset(each for each in members if known[each].kind is AreaKind.LOCATED)
    return Combination(above, area.code, area.name, level, members, needed)


def _above(registry: Registry, word: str, code: str, level: str) -> tuple[str, Area]:
    """Return the level and area of `province:40000` or `cluster:centrumsteden`."""
    wanted = _WORDS.get(word, word)
    vintage = split_id(level)[1]
    for each in registry.levels:
        named = each.kind is LevelKind.CLUSTER if wanted == _CLUSTER else each.code == wanted
        if not named or each.vintage != vintage:
            continue
        found = _named(registry, each.id, code)
        if found is not None:
            return each.id, found
    raise NotFound("COMBINATION_UNKNOWN", text=f"{word}:{code}"[:60], level=level)


def _named(registry: Registry, level_id: str, text: str) -> Area | None:
    wanted = text.casefold()
    for area in registry.areas(level_id).values():
        if wanted in {area.code.casefold(), area.name.casefold(), area.short_name.casefold()}:
            return area
    return None
