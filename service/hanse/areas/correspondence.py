"""Which area of one level is part of which area of another: checked when made, then never changed.

Every child of the finer level stands in it, and so does every parent that nothing feeds: what has
no counterpart is a row that says so, never a row that is missing. A child that lies in more than
one parent is `split`, and nothing is divided without a published share.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from hanse.errors import Invalid

SHARE_SUM_TOLERANCE = 1e-6


class RowType(StrEnum):
    """How a child relates to its parent; `identity` means that the territory is the same."""

    IDENTITY = "identity"
    AGGREGATE = "aggregate"
    SPLIT = "split"
    NO_MATCH = "no_match"


WHOLE = frozenset({RowType.IDENTITY, RowType.AGGREGATE})
"""The types that carry a figure of the child entirely to the parent."""


@dataclass(frozen=True, slots=True)
class Row:
    """One child and one parent; either is None in a row that says there is no counterpart."""

    child: str | None
    parent: str | None
    type: RowType
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Correspondence:
    """All rows from one level to another."""

    from_level: str
    to_level: str
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        """Refuse rows that contradict themselves; errors name table, area and reason."""
        if self.from_level == self.to_level:
            raise Invalid("CORRESPONDENCE_CYCLE", path=f"{self.from_level} → {self.to_level}")
        parents = Counter(row.child for row in self.rows if row.child and row.type in WHOLE)
        twice = next((child for child, count in parents.items() if count > 1), None)
        if twice is not None:
            raise Invalid("CORRESPONDENCE_TWO_PARENTS", table=self.name, area=twice)
        shares: dict[str, float] = defaultdict(float)
        for row in self.rows:
            self._check(row)
            shares[row.child or ""] += row.share or 0.0
        too_much = next((each for each in shares if shares[each] > 1 + SHARE_SUM_TOLERANCE), None)
        if too_much is not None:
            raise Invalid("CORRESPONDENCE_SHARE", table=self.name, area=too_much)

    def _check(self, row: Row) -> None:
        unmatched = row.child is None or row.parent is None
        if unmatched is not (row.type is RowType.NO_MATCH) or not (row.child or row.parent):
            raise Invalid("CORRESPONDENCE_ROW", table=self.name, row=f"{row.child} → {row.parent}")
        shared = row.share is not None
        if shared and (row.type is not RowType.SPLIT or not 0 <= (row.share or 0.0) <= 1):
            raise Invalid("CORRESPONDENCE_SHARE", table=self.name, area=row.child or "")

    @property
    def name(self) -> str:
        """How a message names it."""
        return f"{self.from_level} → {self.to_level}"

    @property
    def parent_of(self) -> Mapping[str, str]:
        """The parent of every child that lies wholly in one."""
        return {
            row.child: row.parent
            for row in self.rows
            if row.child and row.parent and row.type in WHOLE
        }

    @property
    def unchanged(self) -> frozenset[str]:
        """Parents whose territory is that of their one child."""
        return frozenset(row.parent or "" for row in self.rows if row.type is RowType.IDENTITY)

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Children that belong to no area of the other level: their figures end here."""
        return tuple(row.child for row in self.rows if row.child and row.parent is None)

    @property
    def unfed(self) -> tuple[str, ...]:
        """Parents that no child lies wholly in: nothing can be computed for them."""
        fed = set(self.parent_of.values())
        return tuple(dict.fromkeys(r.parent for r in self.rows if r.parent and r.parent not in fed))

    def table(self) -> pa.Table:
        """Return all rows as a table `child`, `parent`, `type`, `share`; no counterpart is null."""
        return pa.table(
            {
                "child": pa.array([row.child for row in self.rows], pa.string()),
                "parent": pa.array([row.parent for row in self.rows], pa.string()),
                "type": pa.array([row.type.value for row in self.rows], pa.string()),
                "share": pa.array([row.share for row in self.rows], pa.float64()),
            }
        )


Link = tuple[str, str, float | None]
"""A child, its parent ("" for none) and the published share of the child that lies in it."""


def correspond(
    levels: tuple[str, str],
    links: Iterable[Link],
    children: Collection[str],
    parents: Collection[str],
) -> Correspondence:
    """Return the correspondence that the links of a table say, with every gap said aloud.

    `levels` is the finer and the coarser level id, `children` and `parents` are all their codes. A
    child that a table never mentions gets a row without a parent; one with several parents keeps
    the parent of its own code, if there is one, and is split towards the others.
    Raises `Invalid` for a code that a level does not have, or a link that stands twice.
    """
    name = f"{levels[0]} → {levels[1]}"
    found: dict[str, dict[str, float | None]] = {child: {} for child in children}
    fed: set[str] = set()
    for child, parent, share in links:
        if child not in found and child:
            raise Invalid("CORRESPONDENCE_AREA", table=name, area=child, level=levels[0])
        if parent not in parents and parent:
            raise Invalid("CORRESPONDENCE_AREA", table=name, area=parent, level=levels[1])
        if parent in found.get(child, {}):
            raise Invalid("CORRESPONDENCE_DUPLICATE", table=name, row=f"{child} → {parent}")
        if child and parent:
            found[child][parent] = share
            fed.add(parent)
    rows = list(_typed(found))
    new = [Row(None, parent, RowType.NO_MATCH) for parent in parents if parent not in fed]
    return Correspondence(*levels, tuple(rows + new))


def _typed(found: Mapping[str, Mapping[str, float | None]]) -> Iterator[Row]:
    touching = Counter(parent for links in found.values() for parent in links)
    for child, links in found.items():
        if not links:
            yield Row(child, None, RowType.NO_MATCH)
        elif len(links) == 1 and next(iter(links.values())) is None:
            parent = next(iter(links))
            alone = touching[parent] == 1
            yield Row(child, parent, RowType.IDENTITY if alone else RowType.AGGREGATE)
        else:
            yield from _split(child, links)


def _split(child: str, links: Mapping[str, float | None]) -> Iterator[Row]:
    shared = any(share is not None for share in links.values())
    for parent, share in links.items():
        keeps = parent == child and not shared
        yield Row(child, parent, RowType.AGGREGATE if keeps else RowType.SPLIT, share)


def chain(first: Correspondence, second: Correspondence) -> Correspondence:
    """Return the correspondence from the first's children to the second's parents.

    Parts of a split child that meet again in one parent are whole again; a child of which a part
    goes nowhere stays split, so that nothing is carried over as if it were all of it.
    """
    onward = _rows_by_child(second)
    ends = {child: _ends(rows, onward) for child, rows in _rows_by_child(first).items()}
    touching = Counter(end for each in ends.values() for end in each if end)
    # A new area in between has no child, but it is part of the end's territory all the same.
    new_land = [row.parent or "" for row in first.rows if row.child is None]
    touching.update(step.parent for area in new_land for step in onward[area] if step.parent)
    rows = [row for child, each in ends.items() for row in _ended(child, each, touching)]
    fed = {row.parent for row in rows}
    new = [Row(None, end, RowType.NO_MATCH) for end in _parents(second) if end not in fed]
    return Correspondence(first.from_level, second.to_level, tuple(rows + new))


def _rows_by_child(correspondence: Correspondence) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in correspondence.rows:
        if row.child:
            rows[row.child].append(row)
    return rows


def _parents(correspondence: Correspondence) -> list[str]:
    return list(dict.fromkeys(row.parent for row in correspondence.rows if row.parent))


def _ends(
    rows: Iterable[Row], onward: Mapping[str, list[Row]]
) -> dict[str | None, list[float | None]]:
    """Return where the rows of one child lead, with the share of every way; 1.0 is all of it."""
    ends: dict[str | None, list[float | None]] = defaultdict(list)
    for row in rows:
        for step in onward.get(row.parent or "", [Row(row.parent, None, RowType.NO_MATCH)]):
            shares = [1.0 if each.type in WHOLE else each.share for each in (row, step)]
            known = shares[0] is not None and shares[1] is not None
            ends[step.parent].append((shares[0] or 0.0) * (shares[1] or 0.0) if known else None)
    return ends


def _ended(
    child: str, ends: Mapping[str | None, list[float | None]], touching: Mapping[str, int]
) -> Iterator[Row]:
    parents = [end for end in ends if end is not None]
    if not parents:
        yield Row(child, None, RowType.NO_MATCH)
    elif len(ends) == 1:
        alone = touching[parents[0]] == 1
        yield Row(child, parents[0], RowType.IDENTITY if alone else RowType.AGGREGATE)
    else:
        for parent in parents:
            ways = ends[parent]
            keeps = 1.0 in ways
            share = None if keeps or None in ways else sum(way or 0.0 for way in ways)
            yield Row(child, parent, RowType.AGGREGATE if keeps else RowType.SPLIT, share)
