"""The proof as a table of its own, and the check of a protected table against it.

The sidecar is secret: a witness table minus the true one tells how hidden cells hang together, and
with one true value more. It stays in the house, and so does its hash: anybody can make the moves of
every table that fits what is published. What travels is the rest of the certificate.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hanse.errors import Conflict, Invalid
from hanse.policies.disclosure.certificate import Proof, mask_hash, sparse_hash, verify
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.model import Bools, Model, check_additive
from hanse.policies.disclosure.moves import Move, matrix
from hanse.policies.disclosure.plan import Plan
from hanse.policies.disclosure.protection import Protected, needs_of
from hanse.policies.disclosure.table import demand_of, model_of

COLUMNS = ("move", "cell", "change")
MOVES = "moves_sha256"


def sidecar(protected: Protected) -> pa.Table:
    """Return the moves as rows (move, cell, change), int64."""
    witness = matrix(protected.moves, protected.model.cells)
    owner = np.repeat(np.arange(len(protected.moves)), np.diff(witness.indptr))
    parts = (owner, witness.indices.astype(np.int64), witness.data)
    return pa.table(dict(zip(COLUMNS, parts, strict=True)))


def from_sidecar(table: pa.Table, cells: int) -> tuple[Move, ...]:
    """Return the moves of a sidecar of a model of `cells` cells; raise Invalid for any other."""
    if tuple(table.column_names) != COLUMNS or any(c.null_count for c in table.columns):
        raise Invalid("DISCLOSURE_SIDECAR", found=", ".join(table.column_names)[:200])
    owner, cell, change = (np.asarray(table[name].to_numpy()) for name in COLUMNS)
    if cell.size and (cell.min() < 0 or cell.max() >= cells or (np.diff(owner) < 0).any()):
        raise Invalid("DISCLOSURE_SIDECAR", found="cell")
    cuts = np.flatnonzero(np.diff(owner)) + 1
    pairs = zip(np.split(cell, cuts), np.split(change, cuts), strict=True)
    return tuple(Move(c.astype(np.int64), x.astype(np.int64)) for c, x in pairs if c.size)


@dataclass(frozen=True, slots=True, eq=False)
class Recheck:
    """What verification found: `differs` names the hashes that are not those of the certificate."""

    protected: int
    proof: Proof
    differs: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Say whether the proof is whole and is the one that was certified."""
        return not self.differs and not self.proof.unproven.size and not self.proof.unsound.size


def recheck(
    table: pa.Table, plan: Plan, published: pa.Table, proof: pa.Table, claimed: Mapping[str, object]
) -> Recheck:
    """Return whether a published table hides what it must, by integer arithmetic alone.

    `table` holds the true inner counts, `published` what recipients see, `proof` the sidecar and
    `claimed` the certificate, as it travels or whole. Raises Conflict where a value that is shown
    is not the true one.
    """
    model = model_of(table, plan)
    check_additive(model)
    hidden = _hidden(model, published)
    asked = demand_of(model, plan)
    moves = from_sidecar(proof, model.cells)
    found = {
        "mask_sha256": mask_hash(model, hidden),
        "relations_sha256": sparse_hash(model.relations),
        MOVES: sparse_hash(matrix(moves, model.cells)),
    }
    needs = needs_of(model, asked)
    if MOVES not in claimed:  # what travels does not name them; what they prove is judged below
        del found[MOVES]
    differs = tuple(name for name, value in found.items() if claimed.get(name) != value)
    return Recheck(needs.protected.size, verify(model, hidden, needs, moves), differs)


def places_of(model: Model, published: pa.Table) -> Ints:
    """Return the cell of every row of a published table; raise Invalid for any other table."""
    names = [dimension.name for dimension in model.dimensions]
    if not {*names, "obs_value"} <= set(published.column_names):
        raise Invalid("DISCLOSURE_COLUMN", column="obs_value", found=", ".join(names))
    places = np.ravel_multi_index(
        tuple(
            _places(dimension.codes[: dimension.published], published[dimension.name].to_pylist())
            for dimension in model.dimensions
        ),
        model.shape,
    )
    return np.asarray(places, dtype=np.int64)


def _hidden(model: Model, published: pa.Table) -> Bools:
    """Return which cells a published table leaves without a value; every shown one must be true."""
    places = places_of(model, published)
    values = published["obs_value"].to_pylist()
    hidden = np.zeros(model.cells, dtype=bool)
    hidden[model.published] = True
    for place, value in zip(places.tolist(), values, strict=True):
        if value is not None:
            hidden[place] = False
            if value != model.values[place]:
                raise Conflict("DISCLOSURE_OTHER_VALUE", cell=model.name(place))
    return hidden


def _places(codes: tuple[str, ...], column: list[str]) -> Ints:
    """Return the place of every code of a column; raise Invalid for one that is none."""
    place = {code: number for number, code in enumerate(codes)}
    unknown = sorted({code for code in column if code not in place})
    if unknown:
        raise Invalid("DISCLOSURE_CODE_UNKNOWN", dimension="", level="", code=unknown[0])
    return np.array([place[code] for code in column], dtype=np.int64)
