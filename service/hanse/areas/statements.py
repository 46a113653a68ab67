"""What a source says of areas, in one shape for every source, so that two can be held together.

A source is a registry, a list of mergers, or a scheme of the national register of municipalities
(REFNIS as SKOS in N-Triples). Compared is what both speak of; what only one knows is a difference
in the areas, never in how they belong together.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from hanse.areas.area import AreaKind
from hanse.areas.correspondence import WHOLE
from hanse.areas.mergers import Merger, between, successors
from hanse.areas.registry import Registry
from hanse.errors import Invalid

REFNIS_VINTAGES: Final = MappingProxyType({"1995": "2018", "2019": "2024", "2025": "2025"})
"""The last year each scheme of the register was valid: the vintage that it describes."""

TRIPLES_LENGTH_MAX: Final = 64_000_000
FLANDERS_AND_BRUSSELS: Final = ("2000", "4000")

Pair = tuple[str, str]
Parents = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Statements:
    """What one source says: names of located areas by level, and parents by pair of levels."""

    source: str
    areas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parents: Mapping[Pair, Parents] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing on which two sources do not say the same; "" where one says nothing.

    `kind` is `area` (only one has it), `name` or `parent`; `where` the level or pair of levels.
    """

    kind: str
    where: str
    area: str
    first: str
    second: str


def of_registry(source: str, registry: Registry) -> Statements:
    """Return what the tables of a registry say, neighbouring vintages chained."""
    areas = {level.id: _located(registry, level.id) for level in registry.levels}
    pairs = {(table.from_level, table.to_level) for table in registry.tables}
    for level in registry.levels:
        pairs |= {(a.id, b.id) for b, a in pairwise(registry.vintages(level.code))}
    pairs |= {
        (first, second)
        for first in areas
        for second in areas
        if first != second and _same_year(first, second) and _named(first, second)
    }
    found: dict[Pair, Parents] = {}
    for pair in sorted(pairs):
        table = registry.correspondence(*pair)
        if table is not None:
            known = areas[pair[0]]
            found[pair] = {c: p for c, p in table.parent_of.items() if c in known}
    return Statements(source, areas, found)


def _same_year(first: str, second: str) -> bool:
    return first.partition("@")[2] == second.partition("@")[2]


def _named(first: str, second: str) -> bool:
    """Say whether the register of municipalities speaks of this pair too."""
    pair = first.partition("@")[0], second.partition("@")[0]
    return pair in {("gemeente", "arrondiss"), ("gemeente", "provincie")}


def _located(registry: Registry, level_id: str) -> Mapping[str, str]:
    areas = registry.areas(level_id).values()
    return {each.code: each.name for each in areas if each.kind is AreaKind.LOCATED}


def of_mergers(
    source: str, mergers: Iterable[Merger], vintages: Iterable[str], level: str = "gemeente"
) -> Statements:
    """Return what a list of mergers says of the municipalities that merged, vintage by vintage."""
    listed, years = tuple(mergers), sorted(vintages)
    found = {
        (f"{level}@{after}", f"{level}@{until}"): successors(between(listed, after, until))
        for after, until in pairwise(years)
    }
    return Statements(source, {}, {pair: parents for pair, parents in found.items() if parents})


_TRIPLE = re.compile(r'<([^>]*)> <([^>]*)> (?:<([^>]*)>|"((?:[^"\\]|\\.)*)"(?:@([a-z-]+))?)')
_CONCEPT = re.compile(r"http://vocab\.belgif\.be/auth/refnis([0-9]{4})/([0-9]{3,5})")


@dataclass(slots=True)
class _Scheme:
    """What the triples of one scheme say, code by code."""

    year: str = ""
    above: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    older: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    older_year: str = ""


def of_refnis(
    source: str, text: str, within: Collection[str] = FLANDERS_AND_BRUSSELS
) -> Statements:
    """Return what a scheme of REFNIS says: municipalities with their parents and predecessors.

    `within` are the regions whose municipalities count. Raises `Invalid` (REFNIS_TRIPLES) for text
    that is no such scheme.
    """
    scheme = _scheme(source, text)
    vintage = REFNIS_VINTAGES[scheme.year]
    leaves = scheme.names.keys() - set(scheme.above.values())
    chains = {leaf: tuple(_chain(leaf, scheme.above)) for leaf in sorted(leaves)}
    kept = {leaf: chain for leaf, chain in chains.items() if set(chain) & set(within)}
    town = f"gemeente@{vintage}"
    parents: dict[Pair, Parents] = {
        (town, f"arrondiss@{vintage}"): {leaf: chain[0] for leaf, chain in kept.items()},
        (town, f"provincie@{vintage}"): {leaf: chain[1] for leaf, chain in kept.items()},
    }
    if scheme.older_year in REFNIS_VINTAGES:
        before = f"gemeente@{REFNIS_VINTAGES[scheme.older_year]}"
        parents[before, town] = {old: new for new in kept for old in scheme.older.get(new, ())}
    return Statements(source, {town: {leaf: scheme.names[leaf] for leaf in kept}}, parents)


def _chain(code: str, above: Mapping[str, str]) -> Iterator[str]:
    seen = {code}
    while (code := above.get(code, "")) and code not in seen:
        seen.add(code)
        yield code


def _scheme(source: str, text: str) -> _Scheme:
    if len(text) > TRIPLES_LENGTH_MAX:
        raise Invalid("REFNIS_TRIPLES", file=source)
    found = _Scheme()
    for line in text.splitlines():
        triple = _TRIPLE.match(line)
        subject = _CONCEPT.fullmatch(triple[1]) if triple else None
        if triple and subject:
            found.year = found.year or subject[1]
            _take(found, subject, triple)
    if found.year not in REFNIS_VINTAGES or not found.above:
        raise Invalid("REFNIS_TRIPLES", file=source)
    return found


def _take(scheme: _Scheme, subject: re.Match[str], triple: re.Match[str]) -> None:
    kind, code = triple[2].rpartition("#")[2], subject[2]
    other = _CONCEPT.fullmatch(triple[3] or "")
    if kind == "prefLabel" and triple[5] == "nl":
        scheme.names[code] = re.sub(r"\\u([0-9A-Fa-f]{4})", _letter, triple[4])
    elif kind == "broader" and other:
        scheme.above[code] = other[2]
    elif kind == "narrowMatch" and other and other[1] < subject[1]:
        scheme.older[code].add(other[2])
        scheme.older_year = other[1]


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def differences(
    first: Statements, second: Statements, *, names: bool = True
) -> tuple[Difference, ...]:
    """Return everything on which two sources differ, of what both speak of.

    Parents differ only for areas that both give one: a list of mergers says nothing of the others.
    """
    found: list[Difference] = []
    for level in sorted(first.areas.keys() & second.areas.keys()):
        found += _areas(level, first.areas[level], second.areas[level], names=names)
    for pair in sorted(first.parents.keys() & second.parents.keys()):
        ours, theirs = first.parents[pair], second.parents[pair]
        where = " → ".join(pair)
        found += [
            Difference("parent", where, area, ours[area], theirs[area])
            for area in sorted(ours.keys() & theirs.keys())
            if ours[area] != theirs[area]
        ]
    return tuple(found)


def _areas(
    level: str, ours: Mapping[str, str], theirs: Mapping[str, str], *, names: bool
) -> Iterator[Difference]:
    for area in sorted(ours.keys() | theirs.keys()):
        first, second = ours.get(area, ""), theirs.get(area, "")
        if not first or not second:
            yield Difference("area", level, area, first, second)
        elif names and first != second:
            yield Difference("name", level, area, first, second)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in a registry that figures will run into; `code` is a message.

    `errors` are what loses or doubles people; the rest is to be known, not to be mended.
    """

    code: str
    where: str
    areas: tuple[str, ...]
    error: bool = False


def findings(registry: Registry) -> tuple[Finding, ...]:
    """Return what is to be known of a registry: gaps, splits, and tables that contradict."""
    found = [each for table in registry.tables for each in _of_table(registry, table.name)]
    return tuple(
        sorted(found + list(_contradictions(registry)), key=lambda f: (not f.error, f.code))
    )


def _of_table(registry: Registry, name: str) -> Iterator[Finding]:
    first, _, second = name.partition(" → ")
    table = registry.correspondence(first, second)
    if table is None:
        return
    here, there = _located(registry, first), _located(registry, second)
    lost = tuple(code for code in table.uncovered if code in here)
    unfed = tuple(code for code in table.unfed if code in there)
    split = tuple(
        sorted({row.child or "" for row in table.rows if _undivided(row.type, row.share)})
    )
    for code, areas in (
        ("AREAS_UNCOVERED", lost), ("AREAS_UNFED", unfed), ("AREAS_SPLIT", split),
    ):  # fmt: skip
        if areas:
            yield Finding(code, name, areas)


def _undivided(kind: str, share: float | None) -> bool:
    return kind not in WHOLE and kind == "split" and share is None


def _contradictions(registry: Registry) -> Iterator[Finding]:
    """Yield where a table says something else than the mergers, or than two other tables."""
    years = {level.vintage for level in registry.vintages("gemeente")}
    told = of_registry("", registry)
    merged = of_mergers("", registry.mergers, years)
    by_place: dict[str, list[str]] = defaultdict(list)
    for each in differences(told, merged):
        by_place[each.where].append(each.area)
    for where, areas in by_place.items():
        yield Finding("AREAS_MERGERS_DIFFER", where, tuple(areas), error=True)
    yield from _two_ways(registry)


def _two_ways(registry: Registry) -> Iterator[Finding]:
    steps = {(table.from_level, table.to_level): table.parent_of for table in registry.tables}
    for (first, middle), one in sorted(steps.items()):
        for (start, last), two in sorted(steps.items()):
            direct = steps.get((first, last))
            if start != middle or direct is None:
                continue
            other = tuple(
                child
                for child, parent in sorted(direct.items())
                if child in one and two.get(one[child], parent) != parent
            )
            if other:
                yield Finding("AREAS_TWO_WAYS", f"{first} → {middle} → {last}", other, error=True)
