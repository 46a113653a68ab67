"""Checks a perturbed release: what any reader can check, and with the secret every figure anew."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.cube.cells import dimensions_of, draft_schema, key_columns
from hanse.cube.status import CellState, Flag
from hanse.errors import Conflict, Refused
from hanse.node import figures, perturbing, proofs, secrecy
from hanse.node.ledger import keyed
from hanse.node.populations import Floats
from hanse.node.proofs import Signed
from hanse.node.relations import Bools, Ints, frame_of, relations_of
from hanse.node.releases import derived
from hanse.node.verifying import Case, Verified, verify
from hanse.policies.disclosure import cellwise
from hanse.policies.method import Perturbing, Rounding

Name = tuple[str, str]
"""Period and key of a cell."""
NONE = -1
"""What stands for the figure of a cell that is no count."""
NOBODY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Redrawn:
    """What checking a perturbed release shows: its counts, and the figures worked out of these.

    `barred` figures are numbers that the method never shows, `unequal` sums do not add up (where
    figures do), `open` cells do not follow from counts and secret, `differs` names what is not what
    was signed, `method` by which figures are perturbed, as readers are told.
    """

    method: str
    figures: int
    computed: int
    barred: int
    unequal: int
    open: int
    differs: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every figure is proven."""
        return not (self.barred or self.unequal or self.open or self.differs)


def judged(case: Case, signed: Signed, home: Path) -> Verified | Redrawn:
    """Check a release against its proof: one that hides, or one that is perturbed."""
    if signed.method is None:
        return verify(case)
    return _redrawn(case, signed, signed.method, secrecy.read(home) or b"")


def _redrawn(case: Case, signed: Signed, method: Perturbing, secret: bytes) -> Redrawn:
    """Check a perturbed release: against itself, then against its proof and the house's secret."""
    proof = case.proof.filter(case.proof["here"])
    figure = np.asarray(proof["figure"].to_numpy(), dtype=np.int64)
    keys = zip(proof["period"].to_pylist(), proof["key"].to_pylist(), strict=True)
    drawn: dict[Name, int] = dict(zip(keys, figure.tolist(), strict=True))
    told = np.array([drawn.get(name, NONE) for name in _names(case.cells)], dtype=np.int64)
    counted = told != NONE
    values = np.asarray(case.cells.column("obs_value").to_numpy(zero_copy_only=False), np.float64)
    barred, unequal = _seen(case, method, counted, values)
    again = _again(case, signed, method, secret)
    wrong = figure.size if again is None else int((again != figure).sum())
    wrong += int((counted & ~_alike(values, told)).sum())
    rest, odd = _computed(case, told, counted)
    differs = _differs(case, signed, method, secret)
    return Redrawn(method.mark, int(counted.sum()), rest, barred, unequal, wrong + odd, differs)


def _alike(one: Any, other: Any) -> Bools:
    """Say which numbers are the same but for the last bits."""
    return np.asarray(np.isclose(one, other, rtol=1e-12, atol=0.0), dtype=bool)


def _seen(case: Case, method: Perturbing, counted: Bools, values: Floats) -> tuple[int, int]:
    """Return what a reader finds wrong: numbers that are never shown, sums that do not add up."""
    told = counted & np.isfinite(values)
    whole = np.where(told, values, 0.0).astype(np.int64)
    barred = told & (cellwise.barred(whole, method) | (np.where(told, values, 0.0) != whole))
    if not isinstance(method, Rounding):
        return int(barred.sum()), 0
    found = relations_of(case.cells, case.contract, case.registry, _wholes(case))
    known = np.zeros(found.size, dtype=bool)
    known[: told.size] = told
    numbers = np.zeros(found.size, dtype=np.int64)
    numbers[: told.size] = whole
    sums = np.zeros(found.head.size, dtype=np.int64)
    np.add.at(sums, found.equation, numbers[found.child])
    parts = np.bincount(found.equation, minlength=found.head.size)
    clear = (found.count(known) == parts) & known[found.head] & ~found.crossing
    return int(barred.sum()), int((clear & (sums != numbers[found.head])).sum())


def _differs(case: Case, signed: Signed, method: Perturbing, secret: bytes) -> tuple[str, ...]:
    hidden = np.array([each == "C" for each in case.cells.column("conf_status").to_pylist()], bool)
    told = relations_of(case.cells, case.contract, case.registry, _wholes(case))
    checks: dict[str, object] = {
        "relations_sha256": told.digest(),
        "mask_sha256": hashlib.sha256(np.packbits(hidden).tobytes()).hexdigest(),
        "proof_sha256": case.proof_digest,
        "cells": int(hidden.size),
        "hidden": int(hidden.sum()),
        **proofs.promised(method),
    }
    found = [name for name, value in checks.items() if case.said.get(name) != value]
    if not (secret and secrecy.mark(secret, method) == signed.mark):
        found.append("secret")
    return tuple(found)


def _again(case: Case, signed: Signed, method: Perturbing, secret: bytes) -> Ints | None:
    """Return the figures drawn anew from the counts of the proof; None where that cannot be."""
    if not secret:
        return None
    cells = figures.cells_of(case.proof)
    families = (*sorted(_wholes(case).items()), *signed.families)
    table = perturbing.Table(cells, case.contract, case.registry, families, method, secret)
    try:
        return perturbing.draw(table)[1].figure
    except (Conflict, Refused):
        return None


def _wholes(case: Case) -> dict[str, tuple[str, ...]]:
    return {whole: tuple(parts) for whole, parts in dict(case.said["wholes"]).items()}


def _computed(case: Case, told: Ints, counted: Bools) -> tuple[int, int]:
    """Return how many numbers are worked out of the counts, and how many of them are not these.

    A cell without a number tells nothing.
    """
    names = dimensions_of(case.cells.schema)
    rows = case.cells.filter(pa.array(counted))
    columns = {name: rows.column(name) for name in key_columns(names)} | {
        "value": pa.array(told[counted].astype(np.float64)),
        "state": pa.array([CellState.VALUE.value] * rows.num_rows, pa.string()),
        "flag": pa.array([Flag.NORMAL.value] * rows.num_rows, pa.string()),
    }
    base = pa.table(
        {
            each.name: columns[each.name].cast(each.type)
            if each.name in columns
            else pa.nulls(rows.num_rows, each.type)
            for each in draft_schema(names)
        }
    )
    again = derived.protected(derived.with_formulas(base, case.contract.indicators))
    made = dict(zip(_names(again), again.column("obs_value").to_pylist(), strict=True))
    values = case.cells.column("obs_value").to_pylist()
    rest = [
        (made.get(name), value)
        for name, value, count in zip(_names(case.cells), values, counted.tolist(), strict=True)
        if value is not None and not count
    ]
    wrong = sum(other is None or not _alike(other, value) for other, value in rest)
    return len(rest), wrong


def _names(cells: pa.Table) -> list[Name]:
    """Return period and key of every cell."""
    return [(period, key) for (_, period), key in keyed(frame_of(cells), cells.num_rows, NOBODY)]
