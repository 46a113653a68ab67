"""Cells laid out as one model: what is known of each, and everything that ties them together.

What is loaded, what readers hold already, and what nobody ever sees stand side by side. Where a
release changed figures, the table as it was stands beside the table as it is: two editions, equal
wherever nothing shows that they differ, for that is what a reader who kept both will suppose.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import compress

import numpy as np
from scipy import sparse

from hanse.errors import Invalid
from hanse.policies.disclosure import greedy
from hanse.policies.disclosure.atlas import Atlas, Wrong
from hanse.policies.disclosure.dimension import Dimension, Ints, Sparse
from hanse.policies.disclosure.identity import Identity, rows_of
from hanse.policies.disclosure.model import Bools, Model, coordinates, relations_of
from hanse.policies.disclosure.plan import Mismatch
from hanse.policies.disclosure.reconcile import Gap, gaps, slack_of
from hanse.policies.disclosure.sheet import (
    check_counts,
    codes_published,
    completed,
    places_of,
    size_of,
)
from hanse.policies.disclosure.solver import FAR
from hanse.policies.disclosure.tree import REST, Link, from_links

Key = tuple[str, ...]
ROUNDS_MAX = 40
"""How often a table is looked at again for totals that their parts do not make up."""
ROOM = 2
"""How far above the least an attacker knows a withheld figure is supposed to be, if it can be."""
NOW, BEFORE = "now", "before {:03}"
AREA = "area"
EDITION = "edition"


class Mark(StrEnum):
    """What a cell is before anything else is hidden for its sake.

    `out`: readers hold its number. `kept`: it was hidden before and stays so. `inner`: an overlap
    that is never shown, whose number the node knows.
    """

    FREE = "free"
    PRIMARY = "primary"
    EMPTY = "empty"
    OUT = "out"
    KEPT = "kept"
    INNER = "inner"


SHOWN = frozenset({Mark.FREE, Mark.EMPTY, Mark.OUT})


@dataclass(slots=True)
class Entries:
    """Cells of one edition: the key, the number (None: not known) and the mark of each."""

    keys: list[Key] = field(default_factory=list)
    counts: list[int | None] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def add(self, key: Key, count: int | None, mark: Mark) -> None:
        """Add a cell."""
        self.keys.append(key)
        self.counts.append(count)
        self.marks.append(mark)


@dataclass(frozen=True, slots=True)
class Ground:
    """How the cells of a population hang together, and how to treat what does not fit.

    `identities` speak of the `period` that all cells are of, if they are all of one. `least` is
    what a withheld figure is at least; `amounts` are rounded, may be negative, and add up but for
    their rounding. `pieces` are the overlaps of areas.
    """

    names: tuple[str, ...]
    links: Mapping[str, tuple[Link, ...]]
    atlas: Atlas
    identities: tuple[Identity, ...] = ()
    mismatch: Mismatch = Mismatch.REFUSE
    period: str = ""
    least: int = 0
    amounts: bool = False
    pieces: frozenset[str] = frozenset()

    def negative(self, values: Ints, known: Bools) -> bool:
        """Say whether what is not known may be below zero: some amount is."""
        return self.amounts and bool((values[known] < 0).any())


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """The model of all editions; the present one is the last `base.cells` cells.

    Masks speak of the present edition: what is `known` of it, what `follows` from that by sums and
    differences, and what is `told` though nobody shows it: the rests that only the figures showed,
    where they are nothing. `nobody` are cells of rests that are no place or group of people.
    """

    model: Model
    base: Model
    known: Bools
    follows: Bools
    told: Bools
    nobody: Bools

    def whole(self, mask: Bools) -> Bools:
        """Return a mask of the present edition as one of all editions."""
        found = np.zeros(self.model.cells, dtype=bool)
        found[-self.base.cells :] = mask
        return found

    def places(self, keys: Sequence[Key], edition: int = -1) -> Ints:
        """Return the cells of some keys in an edition, the present one being the last."""
        count = self.model.cells // self.base.cells
        return places_of(self.base.dimensions, keys) + (edition % count) * self.base.cells


def lay(ground: Ground, now: Entries, earlier: Sequence[Entries] = ()) -> Laid | None:
    """Return the cells laid out, None where nothing is hidden nor could be; see `Ground`.

    Where totals only together show that parts are missing, every total may have a rest. Raises
    Invalid for a duplicate, a negative count, an overlap nobody knows, and for
    totals below their parts unless those are set apart.
    """
    try:
        return _attempt(ground, now, earlier, rests=False)
    except Invalid as error:
        if error.code != "DISCLOSURE_NOT_ADDITIVE":
            raise
        return _attempt(ground, now, earlier, rests=True)


def _attempt(
    ground: Ground, now: Entries, earlier: Sequence[Entries], *, rests: bool
) -> Laid | None:
    editions = (*earlier, now)
    for each in editions:
        if not ground.amounts:
            check_counts(each.counts)
    dimensions, wrong = _reconciled(ground, editions, rests=rests)
    hidden = any(dimension.published < dimension.size for dimension in dimensions)
    plain = all(mark in SHOWN for mark in now.marks)
    if plain and not hidden and not earlier and len(now.keys) == size_of(dimensions):
        return None
    built = [_built(ground, dimensions, each) for each in editions]
    _check_pieces(ground, built[-1])
    bare = _of_codes(built[-1].model, [{code + REST for code in each.short} for each in wrong])
    most = max(int(slack_of(each).max(initial=0)) for each in dimensions)
    slack = most * bare if ground.amounts else np.zeros(bare.size, dtype=np.int64)
    base = _finished(ground, built[-1], slack, None)
    before = [_finished(ground, each, slack, base.values) for each in built[:-1]]
    known = built[-1].known
    follows = _following(base, known)
    nothing = bare & (np.abs(base.values) <= slack)
    nobody = _of_codes(base, [ground.atlas.nobody(name) for name in ground.names])
    model = _joined(base, before)
    return Laid(model, base, known, follows, follows & nothing, nobody | bare)


def _reconciled(
    ground: Ground, editions: Sequence[Entries], *, rests: bool
) -> tuple[list[Dimension], list[Wrong]]:
    """Return the dimensions in which every total is made up by its parts, and what was not."""
    area = ground.names.index(AREA)
    keys = [key for each in editions for key in each.keys]
    shown = [
        key
        for each in editions
        for key, mark in zip(each.keys, each.marks, strict=True)
        if mark is not Mark.INNER
    ]
    loaded = [
        frozenset([key[axis] for key in (shown if axis == area else keys)])
        for axis in range(len(ground.names))
    ]
    wrong = [
        Wrong(inner=ground.pieces if axis == area else frozenset()) for axis in range(len(loaded))
    ]
    if rests:
        whole = [frozenset(link[2] for link in ground.links.get(name, ())) for name in ground.names]
        wrong = [replace(each, short=all_) for each, all_ in zip(wrong, whole, strict=True)]
    for _ in range(ROUNDS_MAX):
        dimensions = [
            ground.atlas.dimension(name, ground.links.get(name, ()), codes, each)
            for name, codes, each in zip(ground.names, loaded, wrong, strict=True)
        ]
        found = [gap for each in editions for gap in _gaps(ground, dimensions, each)]
        if not found:
            return dimensions, wrong
        for gap in found:
            was = wrong[gap.dimension]
            if gap.short:
                wrong[gap.dimension] = replace(was, short=was.short | {gap.code})
            elif ground.mismatch is Mismatch.APART:
                wrong[gap.dimension] = replace(was, apart=was.apart | {gap.code})
            else:
                cell = _named(dimensions, gap.cell)
                raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=cell, count=gap.count)
    raise Invalid("DISCLOSURE_NOT_ADDITIVE", cell=found[0].code, count=len(found))


def _gaps(ground: Ground, dimensions: Sequence[Dimension], entries: Entries) -> list[Gap]:
    places, counts, told = _given(dimensions, entries)
    values = np.zeros(size_of(dimensions), dtype=np.int64)
    known = np.zeros(values.size, dtype=bool)
    values[places], known[places] = counts, told
    return gaps(dimensions, values, known, rounded=ground.amounts)


def _given(dimensions: Sequence[Dimension], entries: Entries) -> tuple[Ints, Ints, Bools]:
    """Return cell, number and whether it is known, of entries.

    An overlap that is all of a published code has no cell of its own: it is left out.
    """
    area = next(place for place, each in enumerate(dimensions) if each.name == AREA)
    own = set(dimensions[area].codes)
    keys, counts = entries.keys, entries.counts
    if Mark.INNER in entries.marks:
        held = [
            mark is not Mark.INNER or key[area] in own
            for key, mark in zip(keys, entries.marks, strict=True)
        ]
        keys, counts = list(compress(keys, held)), list(compress(counts, held))
    numbers = np.array([count or 0 for count in counts], dtype=np.int64)
    told = np.array([count is not None for count in counts], dtype=bool)
    return places_of(dimensions, keys), numbers, told


@dataclass(frozen=True, slots=True, eq=False)
class _Built:
    """One edition before what is unknown of it is completed: its cells, and which are `withheld`.

    `cells` are those of the published entries.
    """

    model: Model
    known: Bools
    withheld: Bools


def _built(ground: Ground, dimensions: Sequence[Dimension], entries: Entries) -> _Built:
    places, counts, told = _given(dimensions, entries)
    size = size_of(dimensions)
    values = np.zeros(size, dtype=np.int64)
    known = np.zeros(size, dtype=bool)
    values[places], known[places] = counts, told
    published = np.zeros(size, dtype=bool)
    published[places] = True
    published &= codes_published(dimensions)
    relations = relations_of(tuple(dimensions))
    identities = _holding(_identities(ground, dimensions), values, known)
    joined = sparse.vstack([relations, identities], format="csr")
    model = Model(tuple(dimensions), values, published, joined, identities)
    return _Built(model, known, published & ~known)


def _check_pieces(ground: Ground, built: _Built) -> None:
    """Refuse an overlap of which nothing is known, beside areas that cross in it."""
    axis = ground.names.index(AREA)
    dimension = built.model.dimensions[axis]
    told = np.moveaxis(built.known.reshape(built.model.shape), axis, 0)
    for place in range(dimension.published, dimension.size):
        if dimension.codes[place] in ground.pieces and not told[place].any():
            raise Invalid("DISCLOSURE_ATOMS_MISSING", dimension=AREA, code=dimension.codes[place])


def _identities(ground: Ground, dimensions: Sequence[Dimension]) -> Sparse:
    return rows_of(ground.identities, dimensions, ground.period)


def _holding(rows: Sparse, values: Ints, known: Bools) -> Sparse:
    """Return the rows that hold as far as the numbers go: one that does not is no identity."""
    unknown = abs(rows) @ (~known).astype(np.int64)
    return rows[np.flatnonzero((unknown > 0) | (rows @ np.where(known, values, 0) == 0))]


def _finished(ground: Ground, built: _Built, slack: Ints, near: Ints | None) -> Model:
    """Return the model with a number for every cell, if need be without its identities.

    `slack` is by how much a rest may be below nothing, for rounding.
    """
    model = built.model
    free = ground.negative(model.values, built.known)
    floor = np.where(built.withheld, ground.least, -slack)
    floor = np.full(model.cells, -FAR) if free else floor
    close = np.where(built.withheld, floor + ROOM, 0) if near is None else near
    close = np.maximum(close, floor)
    try:
        return replace(model, values=completed(model, built.known, floor, close))
    except Invalid:
        if model.identities is None or not model.identities.shape[0]:
            raise
    dimensions = model.dimensions
    bare = Model(dimensions, model.values, model.published, relations_of(dimensions))
    return replace(bare, values=completed(bare, built.known, floor, close))


def _following(model: Model, known: Bools) -> Bools:
    """Return the cells nobody is told but everybody can work out from the known ones."""
    follows = np.zeros(model.cells, dtype=bool)
    unknown = np.flatnonzero(~known)
    if unknown.size:
        rows = coordinates(model, ~known)
        first = np.arange(model.cells, rows.shape[0])
        given = np.concatenate([first, np.flatnonzero(known)])
        follows[greedy.implied(rows, given, unknown)] = True
    return follows


def _joined(base: Model, before: Sequence[Model]) -> Model:
    """Return one model of all editions, tied where their numbers agree."""
    if not before:
        return base
    names = [*(BEFORE.format(number) for number in range(len(before))), NOW]
    edition = from_links(EDITION, (), alone=names)
    models = [*before, base]
    cells = base.cells
    ties = [_ties(model, base, place, len(models)) for place, model in enumerate(before)]
    relations = sparse.block_diag([model.relations for model in models], format="csr")
    own = sparse.block_diag([_own(model) for model in models], format="csr")
    identities = sparse.vstack([own, *ties], format="csr").astype(np.int64)
    whole = sparse.vstack([relations, *ties], format="csr").astype(np.int64)
    whole.sort_indices()
    values = np.concatenate([model.values for model in models])
    published = np.concatenate([model.published for model in models])
    assert whole.shape[1] == cells * len(models), "the present edition comes last"  # noqa: S101
    return Model((edition, *base.dimensions), values, published, whole, identities)


def _own(model: Model) -> Sparse:
    none = sparse.csr_matrix((0, model.cells), dtype=np.int64)
    return none if model.identities is None else model.identities


def _ties(before: Model, now: Model, place: int, editions: int) -> Sparse:
    """Return the rows "as it was - as it is = 0" for the finest cells that nothing tells apart."""
    finest = np.ix_(*(dimension.leaf for dimension in now.dimensions))
    cells = np.arange(now.cells).reshape(now.shape)[finest].ravel()
    cells = cells[before.values[cells] == now.values[cells]]
    rows = np.arange(cells.size)
    columns = np.concatenate([cells + place * now.cells, cells + (editions - 1) * now.cells])
    data = np.repeat([1, -1], cells.size).astype(np.int64)
    shape = (cells.size, editions * now.cells)
    return sparse.csr_matrix((data, (np.tile(rows, 2), columns)), shape=shape)


def _of_codes(model: Model, codes: Sequence[Collection[str]]) -> Bools:
    """Return the cells that have one of some codes in any dimension."""
    found = np.zeros(model.shape, dtype=bool)
    for axis, (dimension, wanted) in enumerate(zip(model.dimensions, codes, strict=True)):
        places = [place for place, code in enumerate(dimension.codes) if code in wanted]
        np.moveaxis(found, axis, 0)[places] = True
    return found.ravel()


def _named(dimensions: Sequence[Dimension], cell: int) -> str:
    """Return a cell's codes as people write them."""
    keys = np.unravel_index(cell, tuple(dimension.size for dimension in dimensions))
    return " · ".join(d.codes[int(k)] for d, k in zip(dimensions, keys, strict=True))
