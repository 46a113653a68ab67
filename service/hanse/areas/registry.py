"""All levels, areas and correspondences a node knows, as one immutable value.

Changing it makes a new one. Correspondences chain: sector to ward and ward to municipality give
sector to municipality; a loaded table goes before a chain, a short chain before a long one.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas.area import Area, AreaKind
from hanse.areas.correspondence import WHOLE, Correspondence, RowType, chain, correspond
from hanse.areas.detection import Detection, choose
from hanse.areas.level import OWN_LAYER, Level, from_swing, says_vintage
from hanse.areas.mergers import Merger, between, merged_areas, merged_links
from hanse.errors import Invalid, NotFound

LEVELS_MAX = 200
AREAS_MAX = 200_000
"""Per level."""

CHAIN_MAX = 6
"""How many correspondences a figure may pass through; more means that a table is missing."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Registry:
    """Levels with their areas, and the correspondences between them.

    Build one with `Registry()` and the `with_…` methods, each of which checks what it adds.
    """

    _levels: Mapping[str, Level] = field(default_factory=dict)
    _areas: Mapping[str, Mapping[str, Area]] = field(default_factory=dict)
    _tables: Mapping[Pair, Correspondence] = field(default_factory=dict)
    mergers: tuple[Merger, ...] = ()
    _chains: dict[Pair, Correspondence | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def levels(self) -> tuple[Level, ...]:
        """Every level, finest first, the newest vintage of each first."""
        return tuple(sorted(self._levels.values(), key=lambda v: (v.rank, v.code, -int(v.vintage))))

    @property
    def tables(self) -> tuple[Correspondence, ...]:
        """The correspondences that were loaded, as opposed to chained."""
        return tuple(self._tables.values())

    def has(self, level_id: str) -> bool:
        """Say whether the level is known."""
        return level_id in self._levels

    def level(self, level_id: str) -> Level:
        """Return a level; raises `NotFound` (LEVEL_UNKNOWN)."""
        if level_id not in self._levels:
            raise NotFound("LEVEL_UNKNOWN", level=level_id)
        return self._levels[level_id]

    def areas(self, level_id: str) -> Mapping[str, Area]:
        """Return the areas of a level by code; raises `NotFound` (LEVEL_UNKNOWN)."""
        self.level(level_id)
        return self._areas[level_id]

    def vintages(self, code: str) -> tuple[Level, ...]:
        """Return every vintage of a level code, newest first; upper and lower case are one."""
        return tuple(each for each in self.levels if each.code.lower() == code.lower())

    def with_level(self, level: Level, areas: Iterable[Area]) -> "Registry":
        """Return the registry with one more level; its areas keep their order.

        Raises `Invalid`: LEVEL_TWICE where it stands already (a vintage never changes), AREA_TWICE
        for a code that stands twice, AREA_LIMIT for more than the registry holds.
        """
        if level.id in self._levels:
            raise Invalid("LEVEL_TWICE", level=level.id)
        found: dict[str, Area] = {}
        for area in areas:
            if area.code in found:
                raise Invalid("AREA_TWICE", area=area.code, level=level.id)
            found[area.code] = area
        if len(found) > AREAS_MAX or len(self._levels) >= LEVELS_MAX:
            raise Invalid("AREA_LIMIT", level=level.id, limit=AREAS_MAX)
        return replace(
            self,
            _levels={**self._levels, level.id: level},
            _areas={**self._areas, level.id: MappingProxyType(found)},
        )

    def with_correspondence(self, correspondence: Correspondence) -> "Registry":
        """Return the registry with one more correspondence, checked against its levels.

        Raises `Invalid`: CORRESPONDENCE_AREA for a code a level does not have, CORRESPONDENCE_LOST
        for a child or parent that no row mentions, CORRESPONDENCE_CYCLE where levels would become
        part of themselves, CORRESPONDENCE_OWN for a table into a layer that takes only its own.
        """
        pair = (correspondence.from_level, correspondence.to_level)
        if pair in self._tables:
            raise Invalid("LEVEL_TWICE", level=correspondence.name)
        if self.level(pair[1]).base == OWN_LAYER:
            raise Invalid("CORRESPONDENCE_OWN", table=correspondence.name, level=pair[1])
        self._check_side(correspondence, pair[0], {row.child for row in correspondence.rows})
        self._check_side(correspondence, pair[1], {row.parent for row in correspondence.rows})
        tables = {**self._tables, pair: correspondence}
        _refuse_cycle(tables, pair)
        return replace(self, _tables=tables)

    def with_mergers(self, mergers: Iterable[Merger]) -> "Registry":
        """Return the registry that also knows these mergers."""
        return replace(self, mergers=tuple(sorted({*self.mergers, *mergers})))

    def with_planned(self, level_id: str, vintage: str) -> "Registry":
        """Return the registry with the vintage that the known mergers will make of a level.

        Announced before it takes effect, with the correspondence that leads to it. Raises `Invalid`
        (MERGER_NONE) where no merger falls between the two years.
        """
        older, areas = self.level(level_id), self.areas(level_id)
        merging = between(self.mergers, older.vintage, vintage)
        if not any(each.old_code in areas for each in merging):
            raise Invalid("MERGER_NONE", level=level_id, vintage=vintage)
        after = merged_areas(areas, merging)
        start = max(each.effective for each in merging if each.old_code in areas).isoformat()
        newer = replace(older, vintage=vintage, valid_from=start, valid_to="")
        links = merged_links(areas, after, merging)
        found = correspond((level_id, newer.id), links, areas.keys(), after.keys())
        return self.with_level(newer, after.values()).with_correspondence(found)

    def _check_side(self, table: Correspondence, level_id: str, codes: set[str | None]) -> None:
        areas = self.areas(level_id)
        strange = next((code for code in sorted(codes - {None}, key=str) if code not in areas), "")
        if strange:
            raise Invalid("CORRESPONDENCE_AREA", table=table.name, area=strange, level=level_id)
        lost = sorted(areas.keys() - codes)
        if lost:
            raise Invalid(
                "CORRESPONDENCE_LOST",
                table=table.name,
                area=lost[0],
                level=level_id,
                count=len(lost),
            )

    def correspondence(self, from_id: str, to_id: str) -> Correspondence | None:
        """Return the correspondence between two levels, chained where no table says it directly.

        None where no chain leads there, or where either level is unknown.
        """
        pair = (from_id, to_id)
        if pair not in self._chains:
            self._chains[pair] = self._chained(pair)
        return self._chains[pair]

    def _chained(self, pair: Pair) -> Correspondence | None:
        path = _shortest(self._tables, *pair)
        if path is None:
            return None
        joined = self._tables[path[0], path[1]]
        for step in pairwise(path[1:]):
            joined = chain(joined, self._tables[step])
        return joined

    def parent_table(self, from_id: str, to_id: str) -> pa.Table:
        """Return `child`, `parent`, `type` (identity or aggregate) of the children that lie whole.

        Every child stands in it at most once. Raises `NotFound` (CORRESPONDENCE_NONE).
        """
        found = self.correspondence(from_id, to_id)
        if found is None:
            raise NotFound("CORRESPONDENCE_NONE", child=from_id, parent=to_id)
        table = found.table()
        whole = pa.array([each.value for each in WHOLE], pa.string())
        return table.filter(pc.is_in(table.column("type"), whole)).drop_columns(["share"])

    def recalculation(self, from_id: str, to_id: str) -> pa.Table:
        """Return all rows between two levels as `child`, `parent`, `type`, `share`, `needed`.

        `needed` says that the child is located: a whole of which such a part was never loaded is
        not complete. Unlocated areas often have nothing to load. Raises `NotFound`
        (CORRESPONDENCE_NONE).
        """
        found = self.correspondence(from_id, to_id)
        if found is None:
            raise NotFound("CORRESPONDENCE_NONE", child=from_id, parent=to_id)
        areas = self.areas(from_id)
        needed = [
            row.child is not None and areas[row.child].kind is AreaKind.LOCATED
            for row in found.rows
        ]
        return found.table().append_column("needed", pa.array(needed, pa.bool_()))

    def below(self, level_id: str, code: str, target_level_id: str) -> frozenset[str]:
        """Return the areas of another level that lie wholly in one area; of its own level, itself.

        Empty where nothing says how the levels correspond. Raises `NotFound` (LEVEL_UNKNOWN,
        AREA_UNKNOWN).
        """
        if code not in self.areas(level_id):
            raise NotFound("AREA_UNKNOWN", area=code, level=level_id)
        if target_level_id == level_id:
            return frozenset({code})
        found = self.correspondence(target_level_id, level_id)
        parents = found.parent_of if found else {}
        return frozenset(child for child, parent in parents.items() if parent == code)

    def detect(self, level_hint: str, codes: Collection[str]) -> Detection:
        """Say which vintage of a level a file means by the codes it holds.

        `level_hint` is what the file calls it: a bare name means any vintage, a name with a year
        (`gemeente2024`, `gemeente_2024`, `gemeente@2024`) that one only.
        """
        explicit = level_hint if "@" in level_hint else from_swing(level_hint)
        vintages = self.vintages(explicit.partition("@")[0])
        if says_vintage(level_hint):
            vintages = tuple(each for each in vintages if each.id.lower() == explicit.lower())
        found = choose({each.id: self._areas[each.id].keys() for each in vintages}, codes)
        if not found.ambiguous:
            return found
        return replace(found, same_territory=self._indifferent(found))

    def _indifferent(self, found: Detection) -> bool:
        """Say whether every code is unchanged from each candidate to the next newer one."""
        for newer, older in pairwise(found.candidates):
            step = self.correspondence(older, newer)
            if step is None or not found.known <= _unmoved(step):
                return False
        return True


def _unmoved(step: Correspondence) -> frozenset[str]:
    return frozenset(
        row.child or ""
        for row in step.rows
        if row.child == row.parent and row.type is RowType.IDENTITY
    )


def _refuse_cycle(tables: Mapping[Pair, Correspondence], added: Pair) -> None:
    back = _shortest(tables, added[1], added[0], limit=len(tables))
    if back is not None:
        raise Invalid("CORRESPONDENCE_CYCLE", path=" → ".join((added[0], *back)))


def _shortest(
    tables: Mapping[Pair, Correspondence], start: str, end: str, limit: int = CHAIN_MAX
) -> tuple[str, ...] | None:
    """Return the levels on the way from one to the other, the fewest steps; None if none."""
    steps: dict[str, list[str]] = defaultdict(list)
    for child, parent in sorted(tables):
        steps[child].append(parent)
    waiting: deque[tuple[str, ...]] = deque([(start,)])
    seen = {start}
    while waiting:
        path = waiting.popleft()
        for level_id in steps[path[-1]] if len(path) <= limit else ():
            if level_id == end:
                return (*path, level_id)
            if level_id not in seen:
                seen.add(level_id)
                waiting.append((*path, level_id))
    return None
