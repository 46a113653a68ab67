"""Checks a release against its proof by whole-number arithmetic, without what made it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from hanse.areas.registry import Registry
from hanse.cube import algebra
from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.contract import Contract
from hanse.node import closing, questions, relations, union
from hanse.node.fitting import Numbers, fit
from hanse.node.kin import Families, beyond, sum_of
from hanse.node.ledger import Held
from hanse.node.populations import Floats
from hanse.node.proofs import MEASURES, REST, VALUE
from hanse.node.relations import Bools, Ints, Relations
from hanse.node.spans import Shared
from hanse.node.union import Beside

WIDTH = 2
"""How far apart two values of a small count must lie that both remain possible."""


NOBODY = Held({}, {})
"""What readers hold before anything is published."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What the proof of a release shows: its hidden cells, and those that rest on witness tables.

    `covered` cells are safe because every total of theirs is hidden too. `open` cells are not
    proven, `broken` witness tables do not fit, `differs` names what is not what was signed.
    """

    hidden: int
    covered: int
    witnessed: int
    moves: int
    open: int
    broken: int
    differs: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every hidden cell is proven."""
        return not (self.open or self.broken or self.differs)


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is known of the rows: which are shown, hold nothing, or are hidden and in the proof.

    `amounts` are the numbers of the proof.
    """

    seen: Bools
    void: Bools
    hidden: Bools
    amounts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What is verified: the cells that were published, what was said of them, and the proof.

    `held` is what readers held of the population when it was published, `families` are the sums
    over indicators of other datasets that were counted on.
    """

    cells: pa.Table
    contract: Contract
    registry: Registry
    said: Mapping[str, Any]
    proof: pa.Table
    proof_digest: str
    held: Held = NOBODY
    families: Families = ()


def verify(case: Case) -> Verified:
    """Check a release against its proof by whole-number arithmetic, without any solver.

    The relations are made anew from the published cells; only the numbers and changes of hidden
    cells come from the proof.
    """
    wholes = {whole: tuple(parts) for whole, parts in dict(case.said["wholes"]).items()}
    kin = beyond([*case.families, *case.held.kin.families], wholes)
    whole, case = case, replace(case, cells=_loaded(case, wholes, kin))
    keys = case.cells.select(list(key_columns(dimensions_of(case.cells.schema))))
    beside = union.beside(keys, case.held, case.contract)
    joint = union.joint(case.contract, case.held, beside.names)
    cells = _with_pieces(case, beside)
    shared = _shared(case)
    left = questions.told_by(pc.unique(case.proof.column("indicator")).to_pylist())
    families = (*sorted(wholes.items()), *kin, *shared, *left)
    found = relations.relations_of(
        cells, joint, case.registry, families, joint=beside.rows > 0, rest=REST
    )
    given = case.cells.num_rows
    hidden = np.zeros(found.size, dtype=bool)
    hidden[:given] = [each == "C" for each in case.cells.column("conf_status").to_pylist()]
    hidden[given : given + beside.rows] = ~beside.told
    seen = np.zeros(found.size, dtype=bool)
    seen[:given] = [each not in {"Q", "L"} for each in case.cells.column("obs_status").to_pylist()]
    void = np.zeros(found.size, dtype=bool)
    void[:given] = [each in {"O", "M"} for each in case.cells.column("obs_status").to_pylist()]
    place = _places(found, case.proof)
    part = found.components()
    seen[given : given + beside.rows] = beside.told
    says = (np.asarray(case.proof.column("move").to_numpy()) == VALUE) & (place >= 0)
    amounts, proven = np.zeros(found.size), np.zeros(found.size, dtype=bool)
    amounts[place[says]] = np.asarray(case.proof.column("amount").to_numpy())[says]
    proven[place[says]] = True
    seen &= ~_apart(case, found, beside, Told(seen, void, hidden & proven, amounts))
    worked = _Witness(case.proof, place, found, seen)
    bare = closing.covered(found, hidden, void) & seen
    loose = np.zeros(int(part.max(initial=-1)) + 1, dtype=bool)
    loose[part[bare]] = True
    resting = hidden & loose[part]
    resting[given:] = False
    least = int(case.said.get("small_below", 0))
    small = resting & _counted(found, case.contract) & worked.small(least)
    unproven = int((resting & ~worked.known).sum()) + worked.unmet + int(small.sum())
    every = np.array([e == "C" for e in whole.cells.column("conf_status").to_pylist()], dtype=bool)
    return Verified(
        hidden=int(every.sum()),
        covered=int(every.sum()) - int(resting.sum()),
        witnessed=int(resting.sum()),
        moves=worked.count,
        open=unproven,
        broken=worked.broken,
        differs=_differs(whole, every, (*sorted(wholes.items()), *shared)),
    )


def _loaded(case: Case, wholes: relations.Wholes, kin: Families) -> pa.Table:
    """Return the cells without those computed from others, of which other datasets show numbers.

    Nothing follows from these that does not follow from what they are made of; what does, stands
    beside the release.
    """
    present = set(pc.unique(case.cells.column("indicator")).to_pylist())
    summed = {code for each, parts in wholes.items() for code in (each, *parts)}
    computed = [
        each.id
        for each in case.contract.indicators
        if (family := sum_of(each)) in kin
        and {family[0], *family[1]} <= present
        and each.id not in summed
    ]
    if not computed:
        return case.cells
    return case.cells.filter(pc.invert(pc.is_in(case.cells["indicator"], pa.array(computed))))


def _counted(found: Relations, contract: Contract) -> Bools:
    """Say which rows are counts that add up: a small one of these is never to be pinned."""
    counts = {each.id for each in contract.indicators if closing.adds_up(each)}
    mine = np.array([code in counts for code in found.frame.codes["indicator"]], dtype=bool)
    return np.asarray(mine[found.frame.columns["indicator"]])


def _shared(case: Case) -> questions.Sums:
    """Return the sums of which the whole is that of another one too, as they were told."""
    return tuple(Shared(whole, tuple(parts)) for whole, *parts in case.said.get("sums", ()))


def _differs(case: Case, hidden: Bools, families: Families) -> tuple[str, ...]:
    told = relations.relations_of(case.cells, case.contract, case.registry, families)
    checks = {
        "relations_sha256": told.digest(),
        "mask_sha256": hashlib.sha256(np.packbits(hidden).tobytes()).hexdigest(),
        "proof_sha256": case.proof_digest,
        "hidden": int(hidden.sum()),
        "cells": int(hidden.size),
    }
    return tuple(name for name, value in checks.items() if case.said.get(name) != value)


def _apart(case: Case, found: Relations, beside: Beside, told: Told) -> Bools:
    """Say which cells of other datasets show the table as it was before the release revised it.

    The proof of this release does not speak of these. Hidden figures are those of the proof.
    """
    own, given = case.cells.num_rows, found.given
    known = case.held.known(found.frame, given)
    values = np.zeros(found.size)
    numbers = np.asarray(case.cells.column("obs_value").to_numpy(zero_copy_only=False), float)
    values[:own] = np.where(np.isnan(numbers), told.amounts[:own], numbers)
    values[own : own + beside.rows] = np.nan_to_num(known.values[own : own + beside.rows])
    countable = told.seen | told.void | told.hidden
    countable[own + beside.rows :] = False
    ranks = np.where(countable & ~told.void, algebra.VALUE_RANK, -1)
    elsewhere = np.zeros(found.size, dtype=bool)
    elsewhere[own : own + beside.rows] = True
    return fit(found, found.components(), Numbers(ranks, values, countable, elsewhere, known)).apart


def _with_pieces(case: Case, beside: Beside) -> pa.Table:
    """Return the keys of the release, of what readers held beside it, and of the proof.

    What only the proof speaks of is never shown: pieces of areas that cross, breakdowns that two
    datasets have between them, what the parts of a total leave of it.
    """
    names = key_columns(beside.names)
    plain = case.cells.select(list(key_columns(dimensions_of(case.cells.schema))))
    keys = pa.concat_tables([union.widened(plain, beside.names), beside.cells])
    proof = case.proof.select([name for name in names if name != "level"])
    area = pc.split_pattern(proof["area"], ":", max_splits=1).to_pylist()
    levels = pa.array([each[0] if len(each) == 2 else None for each in area], pa.string())
    codes = pa.array([each[-1] for each in area], pa.string())
    at = proof.column_names.index("area")
    proof = proof.set_column(at, "area", codes).append_column("level", levels)
    other = proof.filter(pc.is_valid(proof["level"]))
    other = other.group_by(list(names)).aggregate([]).select(list(names))
    texts = pa.schema([(name, pa.string()) for name in names])
    other = other.join(keys.cast(texts), list(names), join_type="left anti")
    return pa.concat_tables([keys, other.select(list(names)).cast(keys.schema)])


def _places(found: Relations, proof: pa.Table) -> Ints:
    """Return the row of every cell that the proof speaks of, -1 for one that is in no relation."""
    names = list(found.frame.columns)
    own = {
        key: row
        for row, key in enumerate(
            zip(*(found.frame.columns[name].tolist() for name in names), strict=True)
        )
    }
    codes = found.frame.codes
    numbers = {name: {code: at for at, code in enumerate(codes[name])} for name in names}
    columns = [
        [numbers[name].get(code, -1) for code in proof.column(name).to_pylist()] for name in names
    ]
    keys = zip(*columns, strict=True)
    return np.array([own.get(key, -1) for key in keys], dtype=np.int64)


class _Witness:
    """The numbers and witness tables of a proof, weighed against the relations."""

    def __init__(self, proof: pa.Table, place: Ints, found: Relations, seen: Bools) -> None:
        column = {name: np.asarray(proof.column(name).to_numpy()) for name in MEASURES}
        says = column["move"] == VALUE
        size = found.size
        self.known = np.zeros(size, dtype=bool)
        self.known[place[says & (place >= 0)]] = True
        value, lower = np.zeros(size, np.int64), np.zeros(size, np.int64)
        value[place[says]], lower[place[says]] = column["amount"][says], column["lower"][says]
        self._unit = np.ones(size, np.int64)
        self._unit[place[says]] = _units(column)[says]
        changes, at = ~says, place[~says]
        owner = np.stack([column["population"][changes], column["move"][changes]])
        _, number = np.unique(owner, axis=1, return_inverse=True)
        number = np.ravel(number)
        self.count = int(number.max(initial=-1)) + 1
        amount = column["amount"][changes]
        shape = (self.count, size)
        witness = sparse.csr_matrix((amount, (number, np.maximum(at, 0))), shape=shape)
        broken = np.zeros(self.count, dtype=bool)
        broken[number[(at < 0) | seen[at] | (value[at] + amount < lower[at])]] = True
        off = (found.matrix() @ witness.T.tocsc()).tocsc()
        off.eliminate_zeros()
        broken[np.diff(off.indptr) > 0] = True
        self.broken = int(broken.sum())
        low, high = value.copy(), value.copy()
        sound = ~broken[number]
        np.minimum.at(low, at[sound], value[at[sound]] + amount[sound])
        np.maximum.at(high, at[sound], value[at[sound]] + amount[sound])
        needs = says & (column["width"] > VALUE)
        cells = place[needs]
        met = (high[cells] >= column["upper"][needs]) & (low[cells] <= column["lower_need"][needs])
        met &= high[cells] - low[cells] >= column["width"][needs]
        met &= cells >= 0
        self.unmet = int((~met).sum())
        self._value, self._low, self._high = value, low, high

    def small(self, least: int) -> Bools:
        """Say which counts below `least` the witness tables leave too little room."""
        unit = self._unit
        close = (self._high <= self._value) | (self._high - self._low < WIDTH * unit)
        return np.asarray(self.known & (self._value >= 1) & (self._value < least * unit) & close)


def _units(column: Mapping[str, Ints]) -> Ints:
    """Return, per row of a proof, in how many parts it counts one: weighted counts have decimals.

    Of each of these, two values as far apart as `WIDTH` of one must stay possible.
    """
    most = np.ones(int(column["population"].max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(most, column["population"], column["width"] // WIDTH)
    return np.asarray(most[column["population"]])
