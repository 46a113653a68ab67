"""What the figures of a survey have in common, and what a share leaves over of its whole.

Every answer of one question has its own figures in a workbook: the same base and the same number of
respondents again and again, and answers that together make up the base. And where 3,997 of 4,000
said yes, three did not: a number nobody prints, that a subtraction gives.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from hanse.cube import algebra, encoding
from hanse.cube.cells import TEXT, dimensions_of, key_columns
from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator, MeasureType
from hanse.cube.status import CellState
from hanse.node.closing import adds_up, least_of
from hanse.node.fitting import DECIMALS_MAX, decimals_of
from hanse.node.populations import Floats
from hanse.node.relations import Bools, Ints, Wholes
from hanse.node.spans import Shared
from hanse.policies.profile import Profile

LESS, REST = " \N{SET MINUS} ", " \N{SET MINUS} ..."
"""Between a whole and its part in the name of what the part leaves over; the end of a
name for what all parts together leave."""

Sums = tuple[Shared, ...]
Share = tuple[Indicator, str, str]
"""A share with its part and its whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What ties the figures of a release together beside areas, breakdowns and plain sums.

    Indicators that are `alike` have the same numbers everywhere. `wholes` are those handed in, with
    the bases that answers make up; `sums` those of which the whole stands there already. `rests` is
    what shares leave over, rows in the shape of a draft that nobody ever sees; `left` are
    their indicators.
    """

    alike: tuple[tuple[str, ...], ...]
    wholes: Wholes
    sums: Sums
    rests: pa.Table
    left: tuple[Indicator, ...]


def asked(
    cells: pa.Table,
    contract: Contract,
    profile: Profile,
    shares: Sequence[Share],
    wholes: Wholes,
) -> Asked:
    """Return what ties true cells together; `shares` are those of which the rest is judged.

    What a share leaves over is told only where it is too few somewhere: elsewhere it hides nothing.
    """
    if not shares and not contract.sampled:
        return Asked((), wholes, (), cells.slice(0, 0), ())
    columns = _Columns(cells)
    same = _alike(contract, columns)
    one = {name: names[0] for names in same for name in names}
    told, sums = dict(wholes), list[Shared]()
    covered = {(one.get(whole, whole), part) for whole in wholes for part in wholes[whole]}
    for base, parts in _answers(shares, columns, one):
        covered |= {(one.get(base, base), part) for part in parts}
        if base in told:
            sums.append(Shared(base, parts))
        else:
            told[base] = parts
    rests, left = [cells.slice(0, 0)], dict[str, Indicator]()
    for _, part, whole in shares:
        name = f"{whole}{LESS}{part}"
        counts = contract.indicator(whole)
        if (one.get(whole, whole), part) in covered or counts is None or name in left:
            continue
        rest = columns.rest(part, whole, name, profile)
        if rest is not None:
            left[name] = _rest_of(counts, name)
            rests.append(rest)
            sums.append(Shared(whole, (part, name)))
    return Asked(same, told, tuple(sums), pa.concat_tables(rests), tuple(left.values()))


def published(sums: Sums) -> Sums:
    """Return the sums that may travel: that a share leaves few over somewhere is told to nobody."""
    return tuple(each for each in sums if not any(LESS in part for part in each.parts))


def told_by(names: Iterable[str]) -> Sums:
    """Return the sums that the names of what shares leave over speak of."""
    found = []
    for name in sorted(set(names)):
        whole, less, part = name.partition(LESS)
        if less and not name.endswith(REST):
            found.append(Shared(whole, (part, name)))
    return tuple(found)


def _rest_of(whole: Indicator, name: str) -> Indicator:
    return replace(whole, id=name, formula=None, sample=None, threshold=None, visible=False)


class _Columns:
    """The numbers of true cells, by indicator and by what else they are about."""

    def __init__(self, cells: pa.Table) -> None:
        self.cells = cells
        names = key_columns(dimensions_of(cells.schema))
        about = [encoding.encode(cells.column(name)) for name in names if name != "indicator"]
        indicator = encoding.encode(cells.column("indicator"))
        self.codes: Mapping[str, int] = {
            code: at for at, code in enumerate(indicator.dictionary.to_pylist())
        }
        self.code = np.asarray(indicator.indices)
        self.place = np.asarray(encoding.keys(about, cells.num_rows))
        ranks = algebra.state_ranks(cells)
        self.ranks = np.asarray(ranks)
        numbers = np.asarray(algebra.numbers(cells, ranks))
        self.values = np.where(self.ranks == algebra.VALUE_RANK, numbers, np.nan)

    def rows(self, name: str) -> Ints:
        """Return the rows of an indicator in the order of their places."""
        rows = np.flatnonzero(self.code == self.codes.get(name, -1))
        return np.asarray(rows[np.argsort(self.place[rows], kind="stable")])

    def at(self, name: str, places: Ints) -> Floats:
        """Return the numbers of an indicator at some places; NaN where it has none."""
        rows = self.rows(name)
        found = np.full(places.size, np.nan)
        if rows.size:
            at = np.minimum(np.searchsorted(self.place[rows], places), rows.size - 1)
            same = self.place[rows][at] == places
            found[same] = self.values[rows[at[same]]]
        return found

    def print_of(self, name: str) -> bytes:
        """Return what is the same for two indicators with the same numbers everywhere."""
        rows = self.rows(name)
        return b"".join(
            each[rows].tobytes() for each in (self.place, self.ranks, np.round(self.values, 9))
        )

    def rest(self, part: str, whole: str, name: str, profile: Profile) -> pa.Table | None:
        """Return the rows of what a part leaves of a whole; None where it is too few nowhere.

        What is somewhere more than the other is no part of it.
        """
        rows = self.rows(whole)
        one, all_ = self.at(part, self.place[rows]), self.values[rows]
        left = np.round(all_, DECIMALS_MAX) - np.round(one, DECIMALS_MAX)
        left = np.round(left, DECIMALS_MAX)
        known = np.isfinite(left)
        if not _is_few(left[known], profile).any() or (left[known] < 0).any():
            return None
        cells = encoding.with_constants(self.cells.take(pa.array(rows)), {"indicator": name})
        states = [(CellState.VALUE if each else CellState.UNKNOWN).value for each in known.tolist()]
        values = pa.array(np.where(known, left, 0.0), mask=~known)
        columns = {"value": values, "state": pa.array(states, pa.string()).cast(TEXT)}
        for column, content in columns.items():
            cells = cells.set_column(cells.schema.get_field_index(column), column, content)
        return cells.cast(self.cells.schema)


def _is_few(left: Floats, profile: Profile) -> Bools:
    few = (left > 0) & (left < least_of(profile))
    return few if profile.zero_shown else few | (left == 0)


def _alike(contract: Contract, columns: _Columns) -> tuple[tuple[str, ...], ...]:
    """Return the numbers of respondents, and the bases, that are the same everywhere."""
    counts = {each.id for each in contract.indicators if adds_up(each)}
    names = dict.fromkeys(
        name
        for each in contract.indicators
        if each.sample is not None
        for name in (each.sample.n_indicator, each.sample.base_indicator, each.denominator)
        if name in counts and name in columns.codes
    )
    found: dict[bytes, list[str]] = defaultdict(list)
    for name in names:
        found[columns.print_of(name)].append(name)
    return tuple(tuple(each) for each in found.values() if len(each) > 1)


def _answers(
    shares: Sequence[Share], columns: _Columns, one: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the bases that answers make up: those of one base that stand beside one another."""
    bases: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for indicator, part, whole in shares:
        if indicator.sample is not None and indicator.measure_type is MeasureType.SHARE:
            bases[one.get(whole, whole)].append((whole, part))
    for each in bases.values():
        whole = each[0][0]
        base = columns.values[columns.rows(whole)]
        places = columns.place[columns.rows(whole)]
        figures = [columns.at(part, places) for _, part in each]
        start = 0
        while start < len(each) - 1:
            count = _run(figures[start:], base)
            if count:
                run = each[start : start + count]
                yield run[0][0], tuple(part for _, part in run)
            start += count or 1


def _run(figures: Sequence[Floats], base: Floats) -> int:
    """Return how many of some columns, from the first, add up to a base; 0 where none do."""
    whole, sums = np.isfinite(base), np.zeros(base.size)
    decimals = int(decimals_of(np.concatenate([base, *figures])).max(initial=0))
    off = 10.0**-decimals if decimals else 0.0
    for count, figure in enumerate(figures, 1):
        whole, sums = whole & np.isfinite(figure), sums + figure
        allowed = (count // 2) * off + 1e-6
        gap = sums[whole] - base[whole]
        if not whole.any() or (gap > allowed).any():
            return 0
        if count > 1 and (np.abs(gap) <= allowed).all() and base[whole].any():
            return count
    return 0
