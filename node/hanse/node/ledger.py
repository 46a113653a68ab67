"""What was ever shown of each population, to anybody: written with the release, never changed.

One row holds what a release changed for one population and period: the keys of its cells, and the
number shown or the word that it was hidden. Every row carries the hash of the row before it. A
withdrawal takes nothing away: who pulled the figures has them.
"""

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from sqlalchemy import ColumnElement, LargeBinary
from sqlmodel import Column, Field, Session, col, select

from hanse.cube.codelist import TOTAL
from hanse.cube.contract import Contract
from hanse.cube.indicator import MeasureType
from hanse.errors import Conflict, Unavailable
from hanse.node.kin import Kin
from hanse.node.populations import Known
from hanse.node.relations import Bools, Frame, frame_of
from hanse.node.releases.tables import ReleaseRow
from hanse.node.tables import Row
from hanse.policies.canonical import canonical
from hanse.policies.profile import Profile

NO_SIDES: Mapping[str, tuple[str, ...]] = MappingProxyType({})
ALONE = Kin()
"""What a dataset has to do with others when it has nothing to do with them."""
HIDDEN = ""
"""What stands in the place of a number that was not shown."""

CONTENT_BYTES_MAX = 500_000_000

OWN = "="
"""Before the name of an indicator: the population of one that names none."""
TOLD = "%"
"""After the name of an indicator, and before that of a ratio: the ratio was shown without it."""
METHOD = TOLD + "method"
"""After the name of an indicator, no cell after it: by which method its figures are out."""
RATIOS = frozenset({MeasureType.SHARE, MeasureType.RATE, MeasureType.MEAN, MeasureType.INDEX})

Place = tuple[str, str]
"""Population and period."""
Cells = Mapping[str, str]
"""Key of a cell → the number that was shown, or `HIDDEN`."""


class LedgerRow(Row, table=True):
    """What one release changed of what is known of one population in one period."""

    __tablename__ = "ledger"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    population: str = Field(max_length=200, index=True)
    period: str = Field(max_length=32)
    dataset: str = Field(max_length=63)
    release_id: str = Field(max_length=32)
    manifest: str = Field(max_length=72)
    profile_digest: str = Field(max_length=72)
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    previous: str = Field(max_length=64)
    digest: str = Field(max_length=64)


@dataclass(frozen=True, slots=True)
class Held:
    """What readers hold of the populations of a dataset; `last` is the newest row it rests on.

    `kin` says what ties its indicators to those of other datasets; every key is in the words of
    the dataset. `sources` says which datasets told of a place, each with its newest release.
    """

    cells: Mapping[Place, Cells]
    populations: Mapping[str, str]
    last: int = 0
    kin: Kin = ALONE
    sources: Mapping[Place, Mapping[str, str]] = field(default_factory=dict)

    def levels(self, contract: Contract) -> tuple[str, ...]:
        """Return the levels of a contract, and those that an earlier release showed."""
        own = {each.id for each in contract.indicators}
        keys = (key.split("\t") for each in self.cells.values() for key in each)
        seen = {parts[1].partition(":")[0] for parts in keys if parts[0] in own}
        return (*contract.levels, *sorted(seen - set(contract.levels)))

    def known(self, frame: Frame, rows: int) -> Known:
        """Return what readers hold of the first `rows` rows of a frame."""
        known = Known.nothing(rows)
        if not self.cells:
            return known
        for row, (place, key) in enumerate(keyed(frame, rows, self.populations)):
            value = self.cells.get(place, {}).get(key)
            if value is not None:
                known.seen[row] = -1 if value == HIDDEN else 1
                known.values[row] = np.nan if value == HIDDEN else float(value)
        return known

    def telling(self, frame: Frame, contract: Contract) -> Bools:
        """Say which rows are loaded ratios of which a side is hidden elsewhere."""
        sides = {
            each.id: [side for side in (each.numerator, each.denominator) if side]
            for each in contract.indicators
            if each.measure_type in RATIOS and not each.formula
        }
        names = frame.codes["indicator"]
        ratio = np.array([bool(sides.get(name)) for name in names], dtype=bool)
        found = np.zeros(frame.rows, dtype=bool)
        if not self.cells or not ratio.any():
            return found
        keys = keyed(frame, frame.rows, self.populations)
        wanted = ratio[frame.columns["indicator"][: frame.rows]].tolist()
        for row, ((_, period), key) in enumerate(keys):
            if wanted[row]:
                name, _, rest = key.partition("\t")
                found[row] = any(
                    self.cells.get((self.populations[side], period), {}).get(f"{side}\t{rest}")
                    == HIDDEN
                    for side in sides[name]
                )
        return found

    def implied(self, frame: Frame, rows: int) -> Bools:
        """Say of which rows readers hold a ratio that tells the figure, beside its other side."""
        found = np.zeros(rows, dtype=bool)
        ratios: dict[Place, set[str]] = defaultdict(set)
        for place, cells in self.cells.items():
            for key in cells:
                name, _, rest = key.partition("\t")
                if TOLD in name:
                    ratios[place].add(f"{name.partition(TOLD)[0]}\t{rest}")
        if ratios:
            for row, (place, key) in enumerate(keyed(frame, rows, self.populations)):
                found[row] = key in ratios.get(place, ())
        return found


def populations(contract: Contract) -> dict[str, str]:
    """Return the population of each indicator: as it says itself, else its own, in all datasets.

    The other sides of a ratio that was loaded are there too, wherever they are published.
    """
    named = {each.id: each.population or OWN + each.id for each in contract.indicators}
    sides = [
        (side, each.population)
        for each in contract.indicators
        if each.measure_type in RATIOS and not each.formula
        for side in (each.numerator, each.denominator)
        if side
    ]
    return {side: population or OWN + side for side, population in sides} | named


def load(
    session: Session,
    contract: Contract,
    until: int | None = None,
    kin: Kin = ALONE,
    periods: Sequence[str] | None = None,
) -> Held:
    """Return what readers hold of the populations of a dataset, over every release so far.

    With `until`: as far as the row with that number, as it was then. With `kin`: of the indicators
    that these are tied to as well. With `periods`: of these alone.
    """
    every = (*contract.indicators, *kin.indicators)
    names = populations(replace(contract, indicators=every))
    wanted = select(LedgerRow).where(_speaking(names)).order_by(col(LedgerRow.id))
    if until is not None:
        wanted = wanted.where(col(LedgerRow.id) <= until)
    if periods is not None:
        wanted = wanted.where(col(LedgerRow.period).in_(periods))
    found: dict[Place, dict[str, str]] = defaultdict(dict)
    sources: dict[Place, dict[str, str]] = defaultdict(dict)
    last, near = 0, set(_wanted(names))
    for row in session.exec(wanted):
        population = row.population
        for key, value in _read(row.content):
            indicator = key.partition("\t")[0].partition(TOLD)[0]
            population = names.get(indicator, row.population)
            if row.population not in near and population[:1] != OWN:
                continue  # nothing that these indicators are
            if population != row.population and OWN not in {population[:1], row.population[:1]}:
                population = row.population  # another indicator of this name
            found[population, row.period][key] = value
        for each in {population, row.population}:
            sources[each, row.period][row.dataset] = row.release_id
        last = row.id
    cells = {place: _spelled(shown, kin) for place, shown in found.items()}
    return Held(cells, names, last, kin, sources)


def _spelled(shown: Cells, kin: Kin) -> Cells:
    """Return cells under the keys they have here; of one cell under two keys a number stays."""
    if not kin.names:
        return shown
    found: dict[str, str] = {}
    for key, value in shown.items():
        here = kin.names.key(key)
        if value != HIDDEN or here not in found:
            found[here] = value
    return found


def _wanted(names: Mapping[str, str]) -> list[str]:
    """Return the populations whose rows may speak of some indicators, named or not."""
    return sorted({*names.values(), *(OWN + name for name in names)})


def _speaking(names: Mapping[str, str]) -> ColumnElement[bool]:
    """Return which rows may speak of some indicators; one without a population may be in any."""
    population = col(LedgerRow.population)
    mine = population.in_(_wanted(names))
    if all(not each.startswith(OWN) for each in names.values()):
        return mine
    return mine | ~population.startswith(OWN)


def _sides(key: str, sides: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    """Yield the sides that a shown ratio tells of, and under what key that is written."""
    name, _, rest = key.partition("\t")
    for side in sides.get(name, ()):
        yield side, f"{side}{TOLD}{name}\t{rest}"


def entries(
    cells: pa.Table,
    frame: Frame,
    held: Held,
    sides: Mapping[str, tuple[str, ...]] = NO_SIDES,
    computed: frozenset[str] = frozenset(),
) -> dict[Place, Cells]:
    """Return what showing these cells (protected shape) would add to what readers hold.

    `sides` are, per ratio, the indicators that it tells of and that are published elsewhere. One
    that is `computed` is hidden because another is: a number of it that is out stays known.
    """
    numbers = cells.column("obs_value").to_pylist()
    statuses = cells.column("conf_status").to_pylist()
    found: dict[Place, dict[str, str]] = defaultdict(dict)
    keys = keyed(frame, cells.num_rows, held.populations)
    for (place, key), number, status in zip(keys, numbers, statuses, strict=True):
        if number is None and status != "C":
            continue
        said = HIDDEN if number is None else repr(float(number)).removesuffix(".0")
        before = held.cells.get(place, {}).get(key)
        kept = said == HIDDEN and before is not None and key.partition("\t")[0] in computed
        if before != said and not kept:
            found[place][key] = said
        if number is not None:
            for side, of in _sides(key, sides):
                found[held.populations[side], place[1]][of] = said
    return {place: found[place] for place in sorted(found)}


@dataclass(frozen=True, slots=True)
class Release:
    """The release that the entries belong to."""

    dataset: str
    release_id: str
    manifest: str
    profile_digest: str


def append(session: Session, of: Release, new: Mapping[Place, Cells], held: Held) -> None:
    """Write what a release showed, in the transaction that enters it.

    Raises `Conflict` where another release of the same population came in between.
    """
    newest = session.exec(select(LedgerRow).order_by(col(LedgerRow.id).desc()).limit(1)).first()
    since = select(LedgerRow.id).where(_speaking(held.populations), col(LedgerRow.id) > held.last)
    if session.exec(since.limit(1)).first() is not None:
        raise Conflict("PUBLISH_OVERTAKEN", dataset=of.dataset)
    number, previous = (newest.id, newest.digest) if newest else (0, "")
    for (population, period), cells in sorted(new.items()):
        number += 1
        row = LedgerRow(
            id=number,
            population=population,
            period=period,
            dataset=of.dataset,
            release_id=of.release_id,
            manifest=of.manifest,
            profile_digest=of.profile_digest,
            content=_written(cells),
            previous=previous,
            digest="",
        )
        row.digest = previous = _digest(row)
        session.add(row)
    session.flush()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a release shows (protected shape), under which contract and profile.

    `computed` are the indicators that were worked out of the others; `mark` says by which method
    and secret figures were perturbed, empty where they were not.
    """

    contract: Contract
    profile: Profile
    cells: pa.Table
    computed: frozenset[str] = frozenset()
    mark: str = ""


def enter(session: Session, row: ReleaseRow, shown: Shown, held: Held) -> None:
    """Write what a release shows, in the transaction that enters it."""
    of = Release(row.dataset, row.release_id, row.digest, shown.profile.content_digest)
    own = {each.id for each in shown.contract.indicators}
    sides = {
        each.id: tuple(
            side for side in (each.numerator, each.denominator) if side and side not in own
        )
        for each in shown.contract.indicators
        if each.measure_type in RATIOS and not each.formula
    }
    new = entries(shown.cells, frame_of(shown.cells), held, sides, shown.computed)
    append(session, of, _marked(new, shown.mark) if shown.mark else new, held)


def _marked(new: Mapping[Place, Cells], mark: str) -> dict[Place, Cells]:
    """Return entries that say, of every indicator in them, by which method it is out."""
    names = {place: {key.partition("\t")[0] for key in cells} for place, cells in new.items()}
    return {
        place: {**cells, **{f"{name}{METHOD}\t": mark for name in names[place]}}
        for place, cells in new.items()
    }


def check(session: Session) -> int:
    """Return how many rows the ledger has; `Unavailable` where the chain of hashes is broken."""
    previous, count = "", 0
    for row in session.exec(select(LedgerRow).order_by(col(LedgerRow.id))):
        count += 1
        if (row.id, row.previous, row.digest) != (count, previous, _digest(row)):
            raise Unavailable("OBJECT_DAMAGED", address=f"ledger/{row.id}")
        previous = row.digest
    return count


def _digest(row: LedgerRow) -> str:
    bound = {
        "id": row.id,
        "population": row.population,
        "period": row.period,
        "dataset": row.dataset,
        "release_id": row.release_id,
        "manifest": row.manifest,
        "profile": row.profile_digest,
        "content": hashlib.sha256(row.content).hexdigest(),
        "previous": row.previous,
    }
    return hashlib.sha256(canonical(bound)).hexdigest()


def _written(cells: Cells) -> bytes:
    """Return cells as compressed lines: the key, a tab, the number or nothing."""
    lines = "".join(f"{key}\t{value}\n" for key, value in sorted(cells.items()))
    return zlib.compress(lines.encode(), 6)


def _read(content: bytes) -> Iterable[tuple[str, str]]:
    reader = zlib.decompressobj()
    text = reader.decompress(content, CONTENT_BYTES_MAX).decode()
    if reader.unconsumed_tail:
        raise Unavailable("OBJECT_DAMAGED", address="ledger")
    for line in text.splitlines():
        key, _, value = line.rpartition("\t")
        yield key, value


def keyed(frame: Frame, rows: int, names: Mapping[str, str]) -> Iterable[tuple[Place, str]]:
    """Yield place and key of every row; a total of a breakdown is written as if there were none."""
    columns = {
        name: [frame.codes[name][at] for at in frame.columns[name][:rows].tolist()]
        for name in frame.columns
    }
    dimensions = sorted(frame.dimensions)
    indicators, areas, periods = (columns[each] for each in ("indicator", "area", "period"))
    others: Sequence[Sequence[str]] = [columns[each] for each in dimensions]
    for row in range(rows):
        broken = [
            f"{name}={column[row]}"
            for name, column in zip(dimensions, others, strict=True)
            if column[row] != TOTAL
        ]
        place = names.get(indicators[row], ""), periods[row]
        yield place, "\t".join((indicators[row], areas[row], *broken))
