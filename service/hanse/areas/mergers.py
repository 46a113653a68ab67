"""Mergers of municipalities: from a list of them to the areas and correspondence of a new vintage.

A merger is announced as a planned vintage with its correspondence, before it takes effect; the same
facts bridge two vintages for which nobody published a table.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from hanse.areas.area import Area, AreaKind
from hanse.areas.correspondence import Link
from hanse.errors import Invalid

NIS_LENGTH = 5
"""How long a municipality's own code is; the code of its unknown item only begins with it."""


@dataclass(frozen=True, slots=True, order=True)
class Merger:
    """One municipality that became (part of) another on a day; a code may stay and mean more."""

    effective: date
    old_code: str
    new_code: str
    old_name: str = ""
    new_name: str = ""


def between(mergers: Iterable[Merger], after: str, until: str) -> tuple[Merger, ...]:
    """Return the mergers later than the year `after`, up to and including the year `until`.

    Vintages are years: the one that ended with 2018 and the one that ended with 2024 are bridged
    by the mergers of 2019 to 2024.
    """
    return tuple(sorted(m for m in mergers if int(after) < m.effective.year <= int(until)))


def successors(mergers: Iterable[Merger]) -> dict[str, str]:
    """Return the new code of every old one; raises `Invalid` where one code has two successors.

    A municipality that merges twice is followed to the end.
    """
    following: dict[str, str] = {}
    for merger in sorted(mergers):
        for old, new in following.items():
            if new == merger.old_code:
                following[old] = merger.new_code
        if following.get(merger.old_code, merger.new_code) != merger.new_code:
            raise Invalid("MERGER_TWICE", area=merger.old_code)
        following[merger.old_code] = merger.new_code
    return following


def merged_areas(areas: Mapping[str, Area], mergers: Iterable[Merger]) -> dict[str, Area]:
    """Return the areas of the vintage after the mergers, in code order.

    A new area starts on the day it came to be; the others are taken over as they are.
    """
    known = [merger for merger in mergers if merger.old_code in areas]
    gone = {merger.old_code for merger in known}
    after = {code: area for code, area in areas.items() if code not in gone}
    for merger in sorted(known):
        after[merger.new_code] = Area(
            merger.new_code,
            merger.new_name or merger.new_code,
            merger.new_name or merger.new_code,
            valid_from=merger.effective.isoformat(),
        )
    return dict(sorted(after.items()))


def merged_links(
    children: Mapping[str, Area], parents: Mapping[str, Area], mergers: Iterable[Merger]
) -> Iterator[Link]:
    """Yield child and parent for every area of the older vintage that the newer one knows."""
    following = successors(mergers)
    for code in children:
        parent = following.get(code, code)
        if parent in parents:
            yield code, parent, None


def unknown_links(
    children: Mapping[str, Area],
    parents: Mapping[str, Area],
    unmatched: Iterable[str],
    mergers: Iterable[Merger],
) -> Iterator[Link]:
    """Yield the way for unknown items of merged municipalities that a table forgot.

    `12034ZZZZ` (unlocated in Sint-Amands) belongs to `12041ZZZZ` (unlocated in Puurs-Sint-Amands).
    Only for items that both definitions call unknown: elsewhere a code's start says nothing.
    """
    following = successors(mergers)
    for code in unmatched:
        new = following.get(code[:NIS_LENGTH])
        target = f"{new}{code[NIS_LENGTH:]}" if new else ""
        if target not in parents:
            continue
        if children[code].kind is parents[target].kind is AreaKind.UNKNOWN:
            yield code, target, None
