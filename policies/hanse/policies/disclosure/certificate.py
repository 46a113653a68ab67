"""Stage 3: proof that what is hidden stays hidden, and its verification without any solver.

The proof is a set of witness tables: whole-number changes that keep every relation, touch hidden
cells only and stay at or above what an attacker knows. Table + change fits everything published, so
each value it gives a protected cell remains possible. Verification is exact integer arithmetic.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from hanse.policies.disclosure.dimension import Ints, Sparse
from hanse.policies.disclosure.model import Bools, Model
from hanse.policies.disclosure.moves import Move, matrix
from hanse.policies.method import SUPPRESS


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """What must stay possible of each of the `protected` cells (all arrays are per cell).

    `lower` is the least an attacker knows a hidden cell to be. Some value must reach `upper`, some
    value must lie at or under `lower_need`, and two values must be `width` apart.
    """

    protected: Ints
    lower: Ints
    upper: Ints
    lower_need: Ints
    width: int

    def met(self, cells: Ints, low: Ints, high: Ints) -> Bools:
        """Say which of some protected cells have what they need, given the values proven."""
        return np.asarray(
            (high >= self.upper[cells])
            & (high - low >= self.width)
            & (low <= self.lower_need[cells])
        )


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """What a set of moves proves: sound moves only count. `unproven` are protected cells."""

    low: Ints
    high: Ints
    unsound: Ints
    unproven: Ints


def verify(model: Model, hidden: Bools, needs: Needs, moves: Sequence[Move]) -> Proof:
    """Return what the moves prove of a pattern, by exact integer arithmetic alone.

    `hidden` says which published cells carry no value. A move that breaks a relation, touches a
    cell that is shown, or sinks below what an attacker knows is unsound and proves nothing.
    """
    witness = matrix(moves, model.cells)
    sound = _sound(model, hidden, needs, witness)
    low, high = model.values.copy(), model.values.copy()
    owner = np.repeat(np.arange(len(moves)), np.diff(witness.indptr))
    counted = sound[owner]
    cells = witness.indices[counted]
    reached = model.values[cells] + witness.data[counted]
    np.minimum.at(low, cells, reached)
    np.maximum.at(high, cells, reached)
    cells = needs.protected
    unproven = cells[~needs.met(cells, low[cells], high[cells])]
    return Proof(low, high, np.flatnonzero(~sound), unproven)


def _sound(model: Model, hidden: Bools, needs: Needs, witness: Sparse) -> Bools:
    """Say which moves fit everything published."""
    sound = np.ones(witness.shape[0], dtype=bool)
    broken = (model.relations @ witness.T.tocsc()).tocsc()
    broken.eliminate_zeros()
    sound[np.diff(broken.indptr) > 0] = False
    owner = np.repeat(np.arange(witness.shape[0]), np.diff(witness.indptr))
    cells = witness.indices
    shown = model.published[cells] & ~hidden[cells]
    sunk = model.values[cells] + witness.data < needs.lower[cells]
    sound[owner[shown | sunk]] = False
    return sound


INSIDE = frozenset(
    {"primary", "secondary", "slivers", "protected", "proven_whole", "proven_linear"}
    | {"moves_sha256"}
)
"""What of a certificate stays in the house.

How many of the hidden cells are small tells their sum apart: two cells of which both are small and
whose total is 8 are 4 and 4. And whoever runs this program on every table that fits can compare the
hash of the moves, which follow from the true values.
"""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The summary of a proof; its `content` travels with a release, the moves stay in the house.

    Hashes are SHA-256 over canonical bytes. `failed` is zero, or the table was refused. `k` and
    `width` are 0 for amounts, whose needs differ from cell to cell.
    """

    published: int
    hidden: int
    primary: int
    secondary: int
    slivers: int
    protected: int
    proven_whole: int
    proven_linear: int
    failed: int
    width: int
    upper_min: int
    lower_max: int | None
    attacker_lower: int
    k: int
    zeros: str
    mask_sha256: str
    relations_sha256: str
    moves_sha256: str
    solver: str

    def content(self) -> dict[str, int | str | None]:
        """Return what may travel, as plain values for canonical JSON: nothing of `INSIDE`."""
        told = {name: value for name, value in asdict(self).items() if name not in INSIDE}
        return {"method": SUPPRESS, **told}


PROMISED = ("published", "failed", "relations_sha256")


@dataclass(frozen=True, slots=True)
class Promise(Certificate):
    """What is proven of a perturbed table: no cell is hidden, so no witness tables are needed.

    `additive`: every figure is the sum of its parts. `base`: every inner count below it became 0 or
    the base, every other one is exact; 0 for noise, of which nobody is told how far it goes. Each
    figure follows from codes, counts and the secret alone, which only its fingerprint stands for.
    `primary` counts the small cells.
    """

    method: str
    sdc_method: str
    additive: bool
    base: int
    figures_sha256: str
    secret_sha256: str
    dimensions_sha256: str

    def content(self) -> dict[str, int | str | None]:
        """Return what may travel: not how many counts are small, nor how far noise goes."""
        own = set(Promise.__slots__) | set(PROMISED)
        told = {name: value for name, value in asdict(self).items() if name in own}
        return {**told, "deterministic": True}


def mask_hash(model: Model, hidden: Bools) -> str:
    """Return the hash of which cells are hidden, over codes and not over places."""
    digest = hashlib.sha256()
    for dimension in model.dimensions:
        digest.update("\x1f".join((dimension.name, *dimension.codes)).encode() + b"\x1e")
    digest.update(np.packbits(model.published).tobytes())
    digest.update(np.packbits(hidden & model.published).tobytes())
    return digest.hexdigest()


def sparse_hash(values: Sparse) -> str:
    """Return the hash of a sparse integer matrix in row order."""
    digest = hashlib.sha256(repr(values.shape).encode())
    for part in (values.indptr, values.indices, values.data):
        digest.update(np.ascontiguousarray(part, dtype="<i8").tobytes())
    return digest.hexdigest()
