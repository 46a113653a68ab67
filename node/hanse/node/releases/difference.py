"""What a new release changes against the one before: cells, codes, descriptions, and what breaks.

Pure: two contracts and two protected cubes in, one value out. What breaks is read from a table, so
that a reader sees the same rules that run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.cube import encoding
from hanse.cube.cells import key_columns
from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator

CELLS_NAMED_MAX = 10_000
"""How many withdrawn cells are named one by one: more of them is not a revision."""

SAME_RELATIVE = 1e-13
"""How far two numbers lie apart, relative to their size, and are still the same figure.

Spreadsheets keep fifteen digits (Excel specifications and limits): saving one again moves the last
bits of numbers that nobody touched, and adding those up moves a few more.
"""


class Weight(IntEnum):
    """How much a change asks of whoever uses the figures; semver's three steps above none."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


INDICATOR_WEIGHTS: Mapping[str, Weight] = MappingProxyType(
    {
        "unit": Weight.MAJOR,
        "unit_mult": Weight.MAJOR,
        "measure_type": Weight.MAJOR,
        "freq": Weight.MAJOR,
        "reference_point": Weight.MAJOR,
        "reporting_year_start": Weight.MAJOR,
        "concept": Weight.MAJOR,
        "definition_version": Weight.MAJOR,
        "population": Weight.MAJOR,
        "statistical_unit": Weight.MAJOR,
        "formula": Weight.MINOR,
        "numerator": Weight.MINOR,
        "denominator": Weight.MINOR,
        "weight": Weight.MINOR,
        "aggregate_geo": Weight.MINOR,
        "aggregate_time": Weight.MINOR,
        "aggregate_breakdown": Weight.MINOR,
        "decimals": Weight.MINOR,
        "round_base": Weight.MINOR,
        "threshold": Weight.MINOR,
        "sample": Weight.MINOR,
        "method": Weight.MINOR,
        "breaks": Weight.MINOR,
        "state": Weight.MINOR,
        "successor": Weight.MINOR,
    }
)
"""What a changed field of an indicator weighs; any other field is text: a patch."""

CHANGE_WEIGHTS: Mapping[str, Weight] = MappingProxyType(
    {
        "indicator-removed": Weight.MAJOR,
        "dimension-removed": Weight.MAJOR,
        "dimension-added": Weight.MAJOR,
        "code-removed": Weight.MAJOR,
        "level-removed": Weight.MAJOR,
        "access-narrowed": Weight.MAJOR,
        "licence-changed": Weight.MAJOR,
        "profile-changed": Weight.MINOR,
        "indicator-added": Weight.MINOR,
        "code-added": Weight.MINOR,
        "level-added": Weight.MINOR,
        "access-widened": Weight.MINOR,
        "described-anew": Weight.PATCH,
    }
)
"""What every other change of a contract weighs."""

_OPENNESS = MappingProxyType({"internal": 0, "protocol": 1, "open": 2})


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a contract: which rule, of what, and for an indicator which field."""

    rule: str
    subject: str
    field: str = ""

    @property
    def weight(self) -> Weight:
        """How much it asks of a reader."""
        if self.field:
            return INDICATOR_WEIGHTS.get(self.field, Weight.PATCH)
        return CHANGE_WEIGHTS[self.rule]


@dataclass(frozen=True, slots=True)
class Axis:
    """Codes that came and went on one axis."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A release against the one before (or against nothing, `first`). Counts are of cells.

    `changed` cells differ in number (by more than `SAME_RELATIVE`) or status; of those,
    `newly_hidden` had a number and `newly_shown` had none because it was hidden. `areas` are
    `level@vintage:code`. `cells_removed` names withdrawn cells by their codes, without those whose
    indicator, level or period went whole.
    """

    first: bool
    cells: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    newly_hidden: int = 0
    newly_shown: int = 0
    indicators: Axis = field(default_factory=Axis)
    levels: Axis = field(default_factory=Axis)
    periods: Axis = field(default_factory=Axis)
    areas: Axis = field(default_factory=Axis)
    changes: tuple[Change, ...] = ()
    revised: Mapping[str, int] = field(default_factory=dict)
    cells_removed: tuple[str, ...] = ()

    @property
    def weight(self) -> Weight:
        """The heaviest change of the contract, or of what it holds."""
        gone = self.indicators.removed or self.levels.removed
        held = Weight.MAJOR if gone else Weight.NONE
        return max([held, *(change.weight for change in self.changes)])

    @property
    def breaking(self) -> bool:
        """Whether a reader's query or interpretation of yesterday may be wrong today."""
        return self.weight is Weight.MAJOR

    @property
    def nothing(self) -> bool:
        """Whether there is nothing new to publish."""
        return not (self.first or self.added or self.changed or self.removed or self.changes)


def compare(
    before: tuple[Contract, pa.Table] | None, contract: Contract, cells: pa.Table
) -> Difference:
    """Return what `cells` (protected shape) under `contract` change against the release before."""
    if before is None:
        return Difference(
            first=True,
            cells=cells.num_rows,
            added=cells.num_rows,
            indicators=Axis(added=_codes(cells, "indicator")),
            levels=Axis(added=_codes(cells, "level")),
            periods=Axis(added=_codes(cells, "period")),
        )
    earlier, old = before
    old, new = _same_columns(old, cells)
    pairs = _paired(old, new)
    axes = {name: _axis(old, new, name) for name in ("indicator", "level", "period")}
    return Difference(
        first=False,
        cells=new.num_rows,
        added=len(pairs.added),
        removed=len(pairs.removed),
        **_revisions(old, new, pairs),
        indicators=axes["indicator"],
        levels=axes["level"],
        periods=axes["period"],
        areas=_areas(old, new),
        changes=contract_changes(earlier, contract),
        cells_removed=_cells_removed(old, pairs.removed, axes),
    )


def contract_changes(earlier: Contract, contract: Contract) -> tuple[Change, ...]:
    """Return every change of a contract, the heaviest first."""
    changes = [
        *_set_changes("indicator", _ids(earlier.indicators), _ids(contract.indicators)),
        *_set_changes("level", set(earlier.levels), set(contract.levels)),
        *_set_changes("dimension", _ids(earlier.dimensions), _ids(contract.dimensions)),
        *_code_changes(earlier, contract),
        *_field_changes(earlier, contract),
        *_offer_changes(earlier, contract),
    ]
    ordered = sorted(changes, key=lambda each: (-each.weight, each.rule, each.subject, each.field))
    return tuple(ordered)


def dump(difference: Difference) -> str:
    """Return a difference as JSON text, for the database and the command line."""
    shown = asdict(difference) | {
        "weight": difference.weight.name.lower(),
        "breaking": difference.breaking,
    }
    for change, each in zip(shown["changes"], difference.changes, strict=True):
        change["weight"] = each.weight.name.lower()
    return json.dumps(shown, ensure_ascii=False, sort_keys=True)


def load(text: str) -> Difference:
    """Return the difference of its JSON text."""
    shown = json.loads(text)
    axes = {
        name: Axis(tuple(shown[name]["added"]), tuple(shown[name]["removed"]))
        for name in ("indicators", "levels", "periods", "areas")
    }
    changes = tuple(Change(c["rule"], c["subject"], c["field"]) for c in shown["changes"])
    plain = {each.name: shown[each.name] for each in fields(Difference)}
    cells_removed = tuple(shown["cells_removed"])
    return Difference(**plain | axes | {"changes": changes, "cells_removed": cells_removed})


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Rows by number: of both tables in step, only in the new one, only in the old one."""

    old: np.ndarray[Any, Any]
    new: np.ndarray[Any, Any]
    added: np.ndarray[Any, Any]
    removed: np.ndarray[Any, Any]


def _same_columns(old: pa.Table, new: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return both tables with the key columns of both; a breakdown one lacks is its total there."""
    names = list(dict.fromkeys([*new.column_names, *old.column_names]))
    return _with_columns(old, names), _with_columns(new, names)


def _with_columns(table: pa.Table, names: Sequence[str]) -> pa.Table:
    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, encoding.constant("_T", table.num_rows))
    return table.select(names)


def _dimensions(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name.isupper()]


def _paired(old: pa.Table, new: pa.Table) -> _Pairs:
    names = key_columns(_dimensions(new))
    both = [_plain(old, new, name) for name in names]
    keys = encoding.keys(both, old.num_rows + new.num_rows).to_numpy(zero_copy_only=False)
    before, after = keys[: old.num_rows], keys[old.num_rows :]
    _, old_rows, new_rows = np.intersect1d(before, after, assume_unique=True, return_indices=True)
    added = np.setdiff1d(np.arange(len(after)), new_rows, assume_unique=True)
    removed = np.setdiff1d(np.arange(len(before)), old_rows, assume_unique=True)
    return _Pairs(old_rows, new_rows, added, removed)


def _plain(old: pa.Table, new: pa.Table, name: str) -> pa.DictionaryArray:
    chunks = [encoding.encode(table.column(name)).dictionary_decode() for table in (old, new)]
    return encoding.encode(pa.chunked_array(chunks, pa.string()))


def _revisions(old: pa.Table, new: pa.Table, pairs: _Pairs) -> dict[str, Any]:
    was, now = _numbers(old)[pairs.old], _numbers(new)[pairs.new]
    status = _plain(old, new, "obs_status")
    codes = np.asarray(status.indices)
    was_status, now_status = codes[: old.num_rows][pairs.old], codes[old.num_rows :][pairs.new]
    hidden_code = np.asarray([code == "Q" for code in status.dictionary.to_pylist()] or [False])
    alike = np.isclose(was, now, rtol=SAME_RELATIVE, atol=0.0, equal_nan=True)
    same = alike & (was_status == now_status)
    was_hidden, now_hidden = hidden_code[was_status], hidden_code[now_status]
    changed = pairs.new[~same]
    indicators = encoding.encode(new.column("indicator"))
    counts = np.bincount(np.asarray(indicators.indices)[changed], minlength=1)
    names = indicators.dictionary.to_pylist()
    return {
        "changed": len(changed),
        "newly_hidden": int((now_hidden & ~was_hidden & ~np.isnan(was)).sum()),
        "newly_shown": int((was_hidden & ~now_hidden).sum()),
        "revised": {names[n]: int(counts[n]) for n in np.flatnonzero(counts).tolist()},
    }


def _numbers(table: pa.Table) -> np.ndarray[Any, Any]:
    return np.asarray(table.column("obs_value").to_numpy())


def _codes(table: pa.Table, name: str) -> tuple[str, ...]:
    return tuple(sorted(encoding.encode(table.column(name)).unique().to_pylist()))


def _axis(old: pa.Table, new: pa.Table, name: str) -> Axis:
    before, after = set(_codes(old, name)), set(_codes(new, name))
    return Axis(tuple(sorted(after - before)), tuple(sorted(before - after)))


def _areas(old: pa.Table, new: pa.Table) -> Axis:
    before, after = _area_names(old), _area_names(new)
    return Axis(tuple(sorted(after - before)), tuple(sorted(before - after)))


def _area_names(table: pa.Table) -> set[str]:
    pairs = pa.table(
        {
            name: encoding.encode(table.column(name)).dictionary_decode()
            for name in ("level", "area")
        }
    )
    found = pairs.group_by(["level", "area"]).aggregate([])
    levels, areas = found.column("level").to_pylist(), found.column("area").to_pylist()
    return {f"{level}:{area}" for level, area in zip(levels, areas, strict=True)}


def _cells_removed(
    old: pa.Table, rows: np.ndarray[Any, Any], axes: Mapping[str, Axis]
) -> tuple[str, ...]:
    gone = old.take(pa.array(rows))
    keep = np.ones(gone.num_rows, bool)
    for name, axis in axes.items():
        column = encoding.encode(gone.column(name))
        went = np.asarray([code in axis.removed for code in column.dictionary.to_pylist()], bool)
        keep &= ~went[np.asarray(column.indices)] if len(went) else keep
    names = key_columns(_dimensions(old))
    left = gone.filter(pa.array(keep)).slice(0, CELLS_NAMED_MAX + 1).select(names)
    return tuple("/".join(row.values()) for row in left.to_pylist())


def _ids(items: Sequence[Any]) -> set[str]:
    return {item.id for item in items}


def _set_changes(kind: str, before: set[str], after: set[str]) -> list[Change]:
    return [
        *(Change(f"{kind}-added", subject) for subject in after - before),
        *(Change(f"{kind}-removed", subject) for subject in before - after),
    ]


def _code_changes(earlier: Contract, contract: Contract) -> list[Change]:
    before = {each.id: {code.id for code in each.codelist.codes} for each in earlier.dimensions}
    after = {each.id: {code.id for code in each.codelist.codes} for each in contract.dimensions}
    return [
        Change(change.rule, f"{name}:{change.subject}")
        for name in before.keys() & after.keys()
        for change in _set_changes("code", before[name], after[name])
    ]


def _field_changes(earlier: Contract, contract: Contract) -> list[Change]:
    before = {each.id: each for each in earlier.indicators}
    return [
        Change("indicator-changed", each.id, name)
        for each in contract.indicators
        if each.id in before
        for name in _fields_changed(before[each.id], each)
    ]


def _fields_changed(before: Indicator, after: Indicator) -> list[str]:
    return [
        each.name
        for each in fields(Indicator)
        if getattr(before, each.name) != getattr(after, each.name)
    ]


def _offer_changes(earlier: Contract, contract: Contract) -> list[Change]:
    opened = _OPENNESS[contract.access.value] - _OPENNESS[earlier.access.value]
    texts = ("title", "description", "theme", "contact", "keywords")
    checks = {
        "access-widened": opened > 0,
        "access-narrowed": opened < 0,
        "licence-changed": contract.licence != earlier.licence,
        "profile-changed": contract.profile != earlier.profile,
        "described-anew": any(getattr(contract, t) != getattr(earlier, t) for t in texts),
    }
    return [Change(rule, contract.slug) for rule, found in checks.items() if found]
