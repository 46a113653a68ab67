"""What readers hold of a population from other datasets, as rows beside those of a release.

One indicator may stand in several datasets, by age in one and by sex in the other. Together they
are one table: whoever holds the first can subtract with the second. So the cells that were shown
or hidden elsewhere are laid beside those of a release: a number that is out, or a figure of which
the node knows no more than its readers.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
from sqlalchemy import func
from sqlmodel import Session, col, select

from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.codelist import TOTAL, Codelist
from hanse.cube.contract import Contract
from hanse.cube.indicator import Aggregation
from hanse.cube.period import Period
from hanse.cube.status import CellState
from hanse.errors import NotFound
from hanse.node import breakdowns, contracts, ledger
from hanse.node.kin import Families, Family, Told, kin_of
from hanse.node.ledger import HIDDEN, TOLD, Held, LedgerRow, keyed
from hanse.node.relations import Bools, Frame, frame_of
from hanse.node.releases import manifest
from hanse.policies import signatures

CONTRACTS_MAX = 64
"""So many contracts stay read: most releases of a dataset have the same one."""

CONTRACT = "contract.json"
"""The file of a release that holds its contract."""
SUMMARY = "protection.json"
"""The file of a release that says how it was closed."""
FOLDER, SIGNED = "protection", "proof.jws"
"""Where the house keeps the proof of a release, and what was signed of it."""

Cell = tuple[dict[str, str], str]
"""The codes of a cell, by column, and the number that was shown or `HIDDEN`."""


def contract_of(home: Path, release: str) -> Contract:
    """Return the contract of a release, named by its digest; `NotFound` where it is not here."""
    folder = manifest.folder_of(home, release)
    manifest.check(folder / CONTRACT, manifest.read(folder).contract)
    return _read((folder / CONTRACT).read_bytes())


@lru_cache(maxsize=CONTRACTS_MAX)
def _read(content: bytes) -> Contract:
    return contracts.load(orjson.loads(content))


def held(
    session: Session,
    contract: Contract,
    others: Sequence[Told],
    families: Families = (),
    until: int | None = None,
) -> Held:
    """Return what readers hold of a dataset's indicators, and of those that these are tied to.

    `others` are the releases of the house, `families` are sums that these do not say. With `until`:
    as far as the row of the ledger with that number.
    """
    return ledger.load(session, contract, until, kin_of(contract, others, families))


def told(session: Session, home: Path, until: int | None = None) -> tuple[Told, ...]:
    """Return what every release says that told readers anything, newest first."""
    last = func.max(col(LedgerRow.id))
    wanted = select(LedgerRow.manifest).group_by(col(LedgerRow.manifest)).order_by(last.desc())
    if until is not None:
        wanted = wanted.where(col(LedgerRow.id) <= until)
    found = []
    for release in session.exec(wanted):
        with suppress(NotFound):  # its codes are then parts of the total, each by itself
            found.append(Told(contract_of(home, release), _families(home, release)))
    return tuple(found)


def _families(home: Path, release: str) -> Families:
    """Return the sums that a release was closed with: as its summary says, and beside its proof."""
    folder, found = manifest.folder_of(home, release), list[Family]()
    for part in manifest.read(folder).parts:
        if part.path == SUMMARY:
            manifest.check(folder / SUMMARY, part.sha256)
            said = orjson.loads((folder / SUMMARY).read_bytes())
            found += [(whole, tuple(parts)) for whole, parts in sorted(said["wholes"].items())]
    kept = home / FOLDER / release.removeprefix("sha-256:") / SIGNED
    if kept.is_file():
        told = orjson.loads(signatures.claimed(kept.read_text("ascii")))
        found += [(whole, tuple(parts)) for whole, *parts in told.get("families", ())]
    return tuple(dict.fromkeys(found))


def joint(contract: Contract, held: Held, names: Sequence[str]) -> Contract:
    """Return a contract with the breakdowns of these names and the indicators it is tied to.

    A breakdown that lists divide in ways that cross stands there once for each way.
    """
    lists: dict[str, list[Codelist]] = {name: [] for name in names}
    for each in (*contract.dimensions, *held.kin.breakdowns):
        if each.id in lists and each.codelist not in lists[each.id]:
            lists[each.id].append(each.codelist)
    every = (way for name in names for way in breakdowns.ways(name, lists[name]))
    indicators = (*contract.indicators, *held.kin.indicators)
    return replace(contract, dimensions=tuple(every), indicators=indicators)


def widened(cells: pa.Table, names: Sequence[str]) -> pa.Table:
    """Return cells with the breakdowns of these names; a total stands where there was none."""
    own = dimensions_of(cells.schema)
    if own == tuple(names):
        return cells
    measures = [name for name in cells.column_names if name not in key_columns(own)]
    first = pa.nulls(cells.num_rows, pa.int32()).fill_null(0)
    total = pa.DictionaryArray.from_arrays(first, pa.array([TOTAL], pa.string()))
    for name in names:
        if name not in own:
            cells = cells.append_column(name, total)
    return cells.select([*key_columns(tuple(names)), *measures])


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """Cells that readers hold and a release has not, in its shape but for their `names`.

    `names` are all breakdowns, those of the release first. `told` says which cells were shown.
    """

    names: tuple[str, ...]
    cells: pa.Table
    told: Bools

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.told.size)


def beside(cells: pa.Table, held: Held, contract: Contract) -> Beside:
    """Return what readers hold that is not among these cells.

    Only of the periods at hand, and of those that add up with them. What was hidden is withheld
    here too: a release holds no true figures of another dataset.
    """
    found = list(_missing(frame_of(cells), held, contract)) if held.cells else []
    own = dimensions_of(cells.schema)
    more = {name for codes, _ in found for name in codes if name not in key_columns(own)}
    names = (*own, *sorted(more))
    told = np.array([said != HIDDEN for _, said in found], dtype=bool)
    return Beside(names, _table(found, names, widened(cells.slice(0, 0), names).schema), told)


def _missing(frame: Frame, held: Held, contract: Contract) -> Iterator[Cell]:
    """Yield what readers hold and no row of a frame is."""
    mine: dict[tuple[str, str], set[str]] = {}
    for place, key in keyed(frame, frame.rows, held.populations):
        mine.setdefault(place, set()).add(key)
    indicators = frozenset(frame.codes["indicator"]) | held.kin.members
    every = (*contract.indicators, *held.kin.indicators)
    near = _near(frame, replace(contract, indicators=every))
    for place, shown in sorted(held.cells.items()):
        here = mine.get(place, set[str]())
        for key in sorted(shown.keys() - here):
            indicator, area, *rest = key.split("\t")
            if TOLD in indicator or indicator not in indicators:
                continue
            if place[1] in frame.codes["period"] or place[1] in near.get(indicator, ()):
                level, _, code = area.partition(":")
                codes = {"indicator": indicator, "level": level, "area": code, "period": place[1]}
                yield codes | dict(each.split("=", 1) for each in rest), shown[key]


def _near(frame: Frame, contract: Contract) -> Mapping[str, "_Years"]:
    """Return, per indicator that is summed over time, the years of which it is told here."""
    summed = [each for each in contract.indicators if each.aggregate_time is Aggregation.SUM]
    return {
        each.id: _Years(
            each.reporting_year_start,
            frozenset(
                Period.parse(code, each.reporting_year_start).start_date.year
                for code in frame.codes["period"]
            ),
        )
        for each in summed
    }


class _Years:
    """Some years, those before and after them too: a reporting year may lie in two."""

    def __init__(self, start: str, years: frozenset[int]) -> None:
        self._start = start
        self._years = {year + step for year in years for step in (-1, 0, 1)}

    def __contains__(self, period: str) -> bool:
        return Period.parse(period, self._start).start_date.year in self._years


def _table(found: Sequence[Cell], names: Sequence[str], schema: pa.Schema) -> pa.Table:
    columns: dict[str, list[object]] = {
        name: [codes.get(name, TOTAL) for codes, _ in found] for name in key_columns(tuple(names))
    }
    columns["value"] = [None if said == HIDDEN else float(said) for _, said in found]
    columns["state"] = [
        CellState.SUPPRESSED_SOURCE.value if said == HIDDEN else CellState.VALUE.value
        for _, said in found
    ]
    nothing: list[object] = [None] * len(found)
    arrays = [_column(columns.get(each.name, nothing), each.type) for each in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(values: list[object], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode().cast(kind)
    return pa.array(values, kind)
