"""One population has one method: exact figures, rounded ones and noisy ones never meet.

The ledger knows by which method the figures of an indicator and period are out. Whatever would
stand beside them by another method, or with another secret, is refused in either direction, from
whichever dataset, and after a withdrawal too: who pulled the figures has them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

import pyarrow as pa

from hanse.cube import encoding
from hanse.cube.contract import Contract
from hanse.cube.period import Period
from hanse.errors import Conflict
from hanse.node.ledger import METHOD, TOLD, Held, Place

_SAID = f"{METHOD}\t"


def methods(held: Held, place: Place) -> Mapping[str, str]:
    """Return by what method each indicator is out at a place; empty text where it is exact."""
    found: dict[str, str] = {}
    for key, value in held.cells.get(place, {}).items():
        name, _, rest = key.partition("\t")
        if not rest and name.endswith(METHOD):
            found[name.removesuffix(METHOD)] = value
    for key in held.cells.get(place, {}):
        name, _, rest = key.partition("\t")
        if rest:
            found.setdefault(name.partition(TOLD)[0], "")
    return found


def marks(held: Held) -> frozenset[str]:
    """Return by which methods and secrets figures are out that were perturbed."""
    found = (mark for place in held.cells for mark in methods(held, place).values())
    return frozenset(each for each in found if each)


def check(held: Held, cells: pa.Table, contract: Contract, mark: str = "") -> None:
    """Raise `Conflict` where these cells (draft shape) would stand beside another method.

    `mark` says by which method and secret they would be out; empty where they are exact or hidden.
    """
    known = (key for cells in held.cells.values() for key in cells)
    if not held.cells or not (mark or any(key.endswith(_SAID) for key in known)):
        return
    others = {
        place: next((each for each in methods(held, place).items() if each[1] != mark), None)
        for place in sorted(held.cells)
    }
    for place, (indicator, period) in _met(others, held, cells, contract):
        other, theirs = others[place] or ("", "")
        raise Conflict(
            _code(mark, theirs),
            dataset=contract.slug,
            indicator=indicator,
            period=period,
            beside=f"{other} {place[1]}",
            holder=_holder(held, place, contract.slug),
        )


def _code(mark: str, theirs: str) -> str:
    """Return the message: what is out is exact, or what would be, or both are perturbed."""
    if not theirs:
        return "PERTURB_MIXED_EXACT"
    return "PERTURB_MIXED" if mark else "PERTURB_MIXED_HIDING"


def _holder(held: Held, place: Place, own: str) -> str:
    """Return which datasets the other figures are out in, each with its newest release."""
    found = held.sources.get(place, {})
    return ", ".join(f"{name} ({found[name]})" for name in sorted(found)) or own


def _met(
    others: Mapping[Place, object], held: Held, cells: pa.Table, contract: Contract
) -> Iterator[tuple[Place, tuple[str, str]]]:
    """Yield every place with other figures that belong with these cells."""
    periods: dict[str, list[str]] = defaultdict(list)
    for (population, when), other in others.items():
        if other is not None:
            periods[population].append(when)
    for indicator, period in _pairs(cells):
        found = contract.indicator(indicator)
        sides = (found.numerator, found.denominator) if found else ()
        start = found.reporting_year_start if found else ""
        tied = (*sides, *_tied(indicator, held))
        names = {held.populations.get(each, "") for each in (indicator, *tied) if each}
        for name in sorted(names):
            for when in periods[name]:
                if _near(when, period, start):
                    yield (name, when), (indicator, period)


def _tied(indicator: str, held: Held) -> set[str]:
    """Return the indicators that are in one sum with this one, in whichever dataset."""
    sums = ({whole, *parts} for whole, parts in held.kin.families)
    return {code for every in sums if indicator in every for code in every}


def _pairs(cells: pa.Table) -> list[tuple[str, str]]:
    both = [encoding.plain(encoding.encode(cells.column(each))) for each in ("indicator", "period")]
    pairs = pa.table(both, names=["indicator", "period"]).group_by(["indicator", "period"])
    found = pairs.aggregate([])
    return sorted(zip(*(each.to_pylist() for each in found.columns), strict=True))


def _near(one: str, other: str, start: str) -> bool:
    """Say whether two periods have a day in common."""
    return one == other or overlap(Period.parse(one, start), Period.parse(other, start))


def overlap(one: Period, other: Period) -> bool:
    """Say whether two periods have a day in common."""
    return one.start_date <= other.end_date and other.start_date <= one.end_date


def overlaps(periods: Iterable[Period]) -> Iterator[tuple[Period, Period]]:
    """Yield the pairs of different periods that have a day in common, the longer first."""
    known = sorted(set(periods), key=lambda each: (each.start_date, each.end_date))
    for one, other in product(known, known):
        longer = one.end_date - one.start_date >= other.end_date - other.start_date
        if one != other and longer and overlap(one, other):
            yield one, other
