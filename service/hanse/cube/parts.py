"""Parts on their way to a whole: which whole each goes to, with how much, and in which state."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import algebra, encoding
from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.grid import RANK, VALUE
from hanse.cube.status import CellState


@dataclass(frozen=True, slots=True)
class Link:
    """Where a part goes: the whole, how much of it (None: split, nobody says how), if the same."""

    whole: str
    share: float | None = 1.0
    same: bool = False


Links = Mapping[str, tuple[Link, ...]]


def area_links(correspondence: pa.Table) -> tuple[Links, tuple[str, ...]]:
    """Return where each child goes, and the parents that no child lies in.

    The table has `child` and `parent`, perhaps `type` and `share`. Without a type, an only child is
    the same territory as its parent.
    """
    rows = correspondence.to_pylist()
    children: dict[str, int] = defaultdict(int)
    for row in rows:
        children[row["parent"]] += 1
    links: dict[str, list[Link]] = defaultdict(list)
    for row in rows:
        if row["child"] and row["parent"]:
            alone = children[row["parent"]] == 1
            kind = row.get("type") or ("identity" if alone else "aggregate")
            share = row.get("share") if kind == "split" else 1.0
            links[row["child"]].append(Link(row["parent"], share, kind == "identity"))
    fed = {link.whole for each in links.values() for link in each}
    unfed = dict.fromkeys(row["parent"] for row in rows if row["parent"] not in fed | {None, ""})
    return {child: tuple(each) for child, each in links.items()}, tuple(unfed)


def needed_children(correspondence: pa.Table) -> dict[str, frozenset[str]]:
    """Return the children that each parent needs, where the table says so in `needed`."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in correspondence.to_pylist():
        if row.get("needed") and row["child"] and row["parent"]:
            found[row["parent"]].add(row["child"])
    return {parent: frozenset(children) for parent, children in found.items()}


def spoiled(wholes: pa.Table, lacking: Mapping[str, frozenset[str]]) -> pa.Table:
    """Return the wholes, unknown (unless hidden) where an indicator lacks a part of the area."""
    indicators = encoding.encode(wholes.column("indicator"))
    areas = encoding.encode(wholes.column("area"))
    ranks = algebra.state_ranks(wholes)
    for code, lost in lacking.items():
        here = pc.and_(encoding.one_of(indicators, {code}), encoding.one_of(areas, lost))
        open_ = pc.less_equal(ranks, VALUE)
        ranks = pc.if_else(pc.and_(here, open_), RANK[CellState.UNKNOWN], ranks)
    return _restated(wholes, algebra.numbers(wholes, ranks), ranks)


def summed(cells: pa.Table, column: str, links: Links) -> pa.Table:
    """Return the wholes of additive cells: a part that is split without a share is unknown there.

    A zero is zero however it is split.
    """
    return _together(cells, column, links, copied=False)


def copied(cells: pa.Table, column: str, links: Links) -> pa.Table:
    """Return the wholes of cells that cannot be added up: the same where the whole is the same."""
    return _together(cells, column, links, copied=True)


def unknown(cells: pa.Table, column: str, wholes: tuple[str, ...]) -> pa.Table:
    """Return an unknown cell of every whole for everything else the cells are about."""
    others = [n for n in key_columns(dimensions_of(cells.schema)) if n != column]
    about = algebra.sum_cells(cells, others)
    ranks = pa.repeat(RANK[CellState.UNKNOWN], about.num_rows)
    nothing = algebra.with_states(pa.nulls(about.num_rows, pa.float64()), ranks, ranks)
    about = pa.table({name: about.column(name) for name in others} | nothing)
    tables = [
        about.append_column(column, encoding.constant(whole, about.num_rows)) for whole in wholes
    ]
    empty = about.append_column(column, encoding.constant("", about.num_rows)).slice(0, 0)
    return in_draft(pa.concat_tables([empty, *tables]), cells)


def in_draft(table: pa.Table, like: pa.Table) -> pa.Table:
    """Return the columns in the shape of another draft; where it came from stays open."""
    rows = table.num_rows
    columns = {
        "source_sheet": encoding.constant("", rows),
        "source_row": pa.nulls(rows, pa.int32()),
        **{name: table.column(name) for name in table.column_names},
    }
    return pa.table({name: columns[name] for name in like.column_names})


def _together(cells: pa.Table, column: str, links: Links, *, copied: bool) -> pa.Table:
    places = encoding.encode(cells.column(column))
    ways = max((len(each) for each in links.values()), default=0)
    spread = [_sent(cells, column, places, links, way) for way in range(ways)]
    ranked = [
        _copied(part, same) if copied else _shared(part, share) for part, share, same in spread
    ]
    names = key_columns(dimensions_of(cells.schema))
    together = pa.concat_tables(ranked or [cells.slice(0, 0).select([*names, *_MEASURES])])
    return in_draft(algebra.sum_cells(together, names), cells)


_MEASURES = ("value", "state", "flag")


def _sent(
    cells: pa.Table, column: str, places: pa.DictionaryArray, links: Links, way: int
) -> tuple[pa.Table, pa.Array, pa.Array]:
    """Return the cells at the whole their part's link number `way` leads to, and that link."""
    found = [links.get(part, ()) for part in places.dictionary.to_pylist()]
    chosen = [each[way] if way < len(each) else None for each in found]
    wholes = pa.array([link.whole if link else None for link in chosen], pa.string())
    shares = pa.array([link.share if link else None for link in chosen], pa.float64())
    same = pa.array([bool(link and link.same) for link in chosen], pa.bool_())
    kept = pc.is_valid(pc.take(wholes, places.indices))
    at = places.indices.filter(kept)
    names = [*key_columns(dimensions_of(cells.schema)), *_MEASURES]
    table = cells.select(names).filter(kept)
    moved = encoding.encode(pc.take(wholes, at))
    table = table.set_column(names.index(column), column, moved)
    return table, pc.take(shares, at), pc.take(same, at)


def _shared(part: pa.Table, share: pa.Array) -> pa.Table:
    ranks = algebra.state_ranks(part)
    numbers = algebra.numbers(part, ranks)
    undivided = pc.and_(pc.is_null(share), pc.not_equal(numbers, 0.0))
    numbers = pc.multiply(numbers, pc.fill_null(share, 0.0))
    return _restated(part, numbers, pc.if_else(undivided, RANK[CellState.UNKNOWN], ranks))


def _copied(part: pa.Table, same: pa.Array) -> pa.Table:
    ranks = algebra.state_ranks(part)
    lost = pc.and_(pc.greater_equal(ranks, VALUE), pc.invert(same))
    numbers = algebra.numbers(part, ranks)
    return _restated(part, numbers, pc.if_else(lost, RANK[CellState.UNKNOWN], ranks))


def _restated(part: pa.Table, numbers: pa.Array, ranks: pa.Array) -> pa.Table:
    measures = algebra.with_states(numbers, ranks, algebra.flag_ranks(part))
    kept = {name: part.column(name) for name in part.column_names}
    return pa.table(kept | measures)
