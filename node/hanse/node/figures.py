"""The figures of a perturbed release beside the counts they are drawn from: secret, for the house.

They are the proof of such a release: with the secret anybody inside can draw every figure anew.
What was out before and no longer stands in a release is carried along, so that the newest proof of
a dataset tells of all its releases.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import encoding
from hanse.cube.cells import draft_schema
from hanse.cube.codelist import TOTAL
from hanse.cube.status import CellState
from hanse.errors import Conflict
from hanse.node.inner import NAMED
from hanse.node.ledger import keyed
from hanse.node.relations import Bools, Frame, Ints
from hanse.policies.method import Perturbing

SCHEMA = pa.schema(
    [
        ("population", pa.string()),
        ("period", pa.string()),
        ("key", pa.string()),
        ("exact", pa.int64()),
        ("figure", pa.int64()),
        ("inner", pa.bool_()),
        ("here", pa.bool_()),
    ]
)
"""One row per count: `key` as the ledger writes it, `here` unless it is carried along."""


@dataclass(frozen=True, slots=True)
class Change:
    """What perturbing costs at one level: of how many counts, how many changed, by how much.

    `distance` is by how much in all, `most` the greatest of them.
    """

    cells: int
    changed: int
    distance: int
    most: int

    @property
    def mean(self) -> float:
        """How far a count is off on average, unchanged ones included."""
        return self.distance / self.cells if self.cells else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """How a release was perturbed: the method, its mark in the ledger, the proof, the cost.

    `released` is how many of the counts are in the release.
    """

    method: Perturbing
    mark: str
    proof: pa.Table
    levels: Mapping[str, Change]
    released: int


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One release as it was drawn, one entry per given row."""

    frame: Frame
    known: Bools
    exact: Ints
    figure: Ints
    inner: Bools

    def names(self, populations: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return period and key of every row."""
        rows = keyed(self.frame, self.known.size, populations)
        return [(period, key) for (_, period), key in rows]


def proof_of(
    drawn: Drawn,
    names: list[tuple[str, str]],
    carried: pa.Table,
    populations: Mapping[str, str],
) -> pa.Table:
    """Return the proof of a release: its counts, then those carried along that it has not."""
    rows = np.flatnonzero(drawn.known)
    whose = [populations.get(names[row][1].partition("\t")[0], "") for row in rows.tolist()]
    own = pa.table(
        {
            "population": pa.array(whose, pa.string()),
            "period": pa.array([names[row][0] for row in rows.tolist()], pa.string()),
            "key": pa.array([names[row][1] for row in rows.tolist()], pa.string()),
            "exact": drawn.exact[rows],
            "figure": drawn.figure[rows],
            "inner": drawn.inner[rows],
            "here": np.ones(rows.size, dtype=bool),
        },
        schema=SCHEMA,
    )
    seen = {names[row] for row in rows.tolist()}
    told = zip(carried["period"].to_pylist(), carried["key"].to_pylist(), strict=True)
    once = [not (each in seen or seen.add(each)) for each in told]  # type: ignore[func-returns-value]
    gone = carried.filter(pa.array(once, pa.bool_()))
    nothing = pa.nulls(gone.num_rows, pa.bool_()).fill_null(False)
    gone = gone.set_column(gone.column_names.index("here"), "here", nothing)
    order = [("period", "ascending"), ("key", "ascending"), ("here", "descending")]
    return pa.concat_tables([own, gone.cast(SCHEMA)]).sort_by(order)


def cells_of(proof: pa.Table) -> pa.Table:
    """Return the counts of a release from its proof (draft shape), true ones."""
    told = [_codes(each) for each in _here(proof)]
    dimensions = sorted({name for codes in told for name in codes} - _PLAIN)
    schema = draft_schema(dimensions)
    rows = len(told)
    columns: dict[str, pa.Array] = {
        "value": pc.cast(_counts(proof, "exact"), pa.float64()),
        "state": _same(CellState.VALUE.value, rows),
        "flag": _same("A", rows),
    }
    for name in ("indicator", "level", "area", "period", *dimensions):
        column = pa.array([codes.get(name, TOTAL) for codes in told], pa.string())
        columns[name] = column.dictionary_encode()
    arrays = [
        columns[each.name].cast(each.type) if each.name in columns else pa.nulls(rows, each.type)
        for each in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def counts_of(proof: pa.Table) -> tuple[Ints, Bools]:
    """Return the figures of a proof, and which are inner, in the order of `cells_of`."""
    return np.asarray(_counts(proof, "figure")), np.asarray(_counts(proof, "inner"))


_PLAIN = frozenset({"indicator", "level", "area", "period"})


def _here(proof: pa.Table) -> Iterator[tuple[str, str]]:
    mine = proof.filter(proof["here"])
    yield from zip(mine["period"].to_pylist(), mine["key"].to_pylist(), strict=True)


def _counts(proof: pa.Table, name: str) -> pa.Array:
    return proof.filter(proof["here"])[name].combine_chunks()


def _same(text: str, rows: int) -> pa.Array:
    return pa.array([text] * rows, pa.string()).dictionary_encode()


def _codes(cell: tuple[str, str]) -> dict[str, str]:
    period, key = cell
    indicator, area, *rest = key.split("\t")
    level, _, code = area.partition(":")
    codes = {"indicator": indicator, "level": level, "area": code, "period": period}
    return codes | dict(each.split("=", 1) for each in rest)


def check_same(drawn: Drawn, names: list[tuple[str, str]], earlier: pa.Table, dataset: str) -> None:
    """Raise `Conflict` where a release would make a count out of other parts than an earlier one.

    The parts of a count are its inner counts; a part that is gone held nobody, unless its codes are
    in use nowhere in the table any more: then it is another table of the same people.
    """
    place = {name: row for row, name in enumerate(names)}
    used = {code for row in np.flatnonzero(drawn.inner).tolist() for code in _uses(names[row])}
    present = {(period, key.partition("\t")[0]) for period, key in names}
    found: list[str] = []
    for row in earlier.to_pylist():
        name = row["period"], row["key"]
        if (name[0], name[1].partition("\t")[0]) not in present or not row["exact"]:
            continue
        at = place.get(name)
        if at is None:
            same = not row["inner"] or all(code in used for code in _uses(name))
        else:
            same = _alike(drawn, at, row)
        if not same:
            found.append(_spelled(name))
    if found:
        told = ", ".join(found[:NAMED])
        raise Conflict("PERTURB_PARTS", dataset=dataset, cells=told, count=len(found))


def _alike(drawn: Drawn, at: int, row: Mapping[str, object]) -> bool:
    """Say whether a count is made as it was: of parts or not, and drawn to the same figure."""
    if not drawn.known[at] or not drawn.exact[at]:
        return True
    if bool(drawn.inner[at]) != row["inner"]:
        return False
    again = row["inner"] and row["exact"] == drawn.exact[at]
    return not again or row["figure"] == drawn.figure[at]


def _uses(name: tuple[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield what a cell takes of a table: its area, and each breakdown with its code."""
    period, key = name
    indicator, area, *rest = key.split("\t")
    yield period, indicator, area
    yield period, indicator, "by", *sorted(each.partition("=")[0] for each in rest)
    for each in rest:
        yield period, indicator, each


def _spelled(name: tuple[str, str]) -> str:
    period, key = name
    return " · ".join((*key.split("\t"), period))


def changes(cells: pa.Table, drawn: Drawn, rows: Bools) -> dict[str, Change]:
    """Return what perturbing costs per level, over the counts that are shown."""
    level = encoding.encode(cells.column("level"))
    places, names = np.asarray(level.indices), level.dictionary.to_pylist()
    off = np.abs(drawn.figure - drawn.exact)
    mine = drawn.known & rows
    weights = (mine, mine & (off > 0), np.where(mine, off, 0))
    columns = [
        np.bincount(places, weights=each.astype(float), minlength=len(names)).astype(int).tolist()
        for each in weights
    ]
    most = np.zeros(len(names), dtype=np.int64)
    np.maximum.at(most, places[mine], off[mine])
    told = zip(*columns, most.tolist(), strict=True)
    return {name: Change(*row) for name, row in zip(names, told, strict=True) if row[0]}
