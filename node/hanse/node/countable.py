"""What may stand in a dataset that is perturbed: whole counts, and what is computed of those.

Anything else would stand there exact: an amount, a mean, a percentage that was loaded, the answers
to a survey. Beside rounded counts each of them would tell what rounding took away.
"""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from hanse.areas.registry import Registry
from hanse.cube import algebra, encoding
from hanse.cube.contract import Contract
from hanse.cube.indicator import Aggregation, Indicator
from hanse.cube.period import Period
from hanse.cube.status import CellState
from hanse.errors import Conflict, Refused
from hanse.node import mixing, spans
from hanse.node.closing import adds_up
from hanse.node.inner import Counts
from hanse.node.kin import Families
from hanse.node.ledger import Held
from hanse.node.relations import Relations, Wholes
from hanse.policies.method import Rounding
from hanse.policies.profile import Profile

_VALUE = algebra.VALUE_RANK
_VOID = (algebra.STATE_RANK[CellState.EMPTY], algebra.STATE_RANK[CellState.NOT_APPLICABLE])


def check_kinds(loaded: frozenset[str], contract: Contract, wholes: Wholes, of: Profile) -> None:
    """Raise `Refused` for the first loaded indicator that would stand there exact."""
    summed = {*wholes, *(part for parts in wholes.values() for part in parts)}
    for code in sorted(loaded):
        found = contract.indicator(code)
        why = _why_not(found, summed, of) if found else "unknown"
        if why:
            raise Refused(
                "PERTURB_KIND",
                dataset=contract.slug,
                indicator=code,
                kind=why,
                profile=of.name,
            )


def check_kin(kin: Families, loaded: frozenset[str], contract: Contract, held: Held) -> Families:
    """Return the further sums of which every member is loaded here.

    Raises `Conflict` for one of which some are loaded here, and readers hold another.
    """
    out = {name for place in held.cells for name in mixing.methods(held, place)}
    for whole, parts in kin:
        every = {whole, *parts}
        other = sorted((every - loaded) & out)
        if every & loaded and other:
            raise Conflict(
                "PERTURB_KIN",
                dataset=contract.slug,
                indicator=min(every & loaded),
                other=", ".join(other),
            )
    return tuple((whole, parts) for whole, parts in kin if {whole, *parts} <= loaded)


def _why_not(indicator: Indicator, summed: set[str], profile: Profile) -> str:
    """Return why an indicator has no place beside perturbed counts; empty where it has."""
    own = indicator.threshold.value if indicator.threshold else 0.0
    sources = tuple(each.code for each in indicator.sources)
    base = profile.method.base if isinstance(profile.method, Rounding) else None
    reasons = {
        "sample": indicator.sample is not None,
        "weight": bool(indicator.weight),
        indicator.measure_type.value: not adds_up(indicator),
        "formula": bool(indicator.formula) and indicator.id not in summed,
        "threshold": bool(indicator.threshold and indicator.threshold.on not in {None, ""})
        or (base is not None and max(own, *_over(profile, sources)) > base),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _over(profile: Profile, sources: tuple[str, ...]) -> list[float]:
    return [0.0, *(float(profile.source_override.get(code, 0)) for code in sources)]


def counts_of(cells: pa.Table, contract: Contract) -> Counts:
    """Return the counts of cells; raise `Refused` for one that is no whole number of units."""
    ranks = np.asarray(algebra.state_ranks(cells))
    values = np.asarray(algebra.numbers(cells, pa.array(ranks)))
    odd = np.flatnonzero((ranks == _VALUE) & ((values < 0) | (values != np.round(values))))
    if odd.size:
        indicator = encoding.plain(encoding.encode(cells.column("indicator")))
        raise Refused(
            "PERTURB_KIND",
            dataset=contract.slug,
            indicator=indicator[int(odd[0])].as_py(),
            kind="not-whole",
            profile=contract.profile,
        )
    known = (ranks == _VALUE) | np.isin(ranks, _VOID)
    return Counts(known, np.where(ranks == _VALUE, values, 0.0).astype(np.int64))


def check_apart(
    relations: Relations, contract: Contract, registry: Registry, held: Held | None = None
) -> None:
    """Raise `Refused` where two levels, or two periods, overlap and nothing says how.

    `held` tells the periods of which readers hold figures already.
    """
    _check_levels(relations, contract, registry)
    _check_periods(relations, contract, held)


def _check_levels(relations: Relations, contract: Contract, registry: Registry) -> None:
    """Refuse levels of one indicator and period that no table of areas ties together."""
    frame, given = relations.frame, relations.given
    level = [area.partition(":")[0] for area in frame.codes["area"]]
    columns = [frame.columns[name][:given] for name in ("indicator", "period", "area")]
    groups: dict[tuple[int, int], set[str]] = {}
    for indicator, period, area in set(zip(*(each.tolist() for each in columns), strict=True)):
        groups.setdefault((indicator, period), set()).add(level[area])
    for levels in sorted({tuple(sorted(each)) for each in groups.values()}):
        left = _untied(levels, registry)
        if left:
            raise Refused("PERTURB_LEVELS", dataset=contract.slug, level=levels[0], other=left)


def _untied(levels: tuple[str, ...], registry: Registry) -> str:
    """Return a level that nothing ties to the first; empty where all hang together."""
    tied, left = {levels[0]}, set(levels[1:])
    while near := {one for one in left if any(_tie(one, other, registry) for other in tied)}:
        tied |= near
        left -= near
    return min(left, default="")


def _tie(one: str, other: str, registry: Registry) -> bool:
    return bool(registry.correspondence(one, other) or registry.correspondence(other, one))


def _check_periods(relations: Relations, contract: Contract, held: Held | None) -> None:
    """Refuse a longer period beside shorter ones in it, unless it is the sum of all of them.

    Of people on one day, a year and its first month are the same people.
    """
    frame = relations.frame
    place: dict[str, set[str]] = {}
    rows = zip(*(frame.columns[each].tolist() for each in ("indicator", "period")), strict=True)
    for indicator, period in set(rows):
        place.setdefault(frame.codes["indicator"][indicator], set()).add(
            frame.codes["period"][period]
        )
    codes = {code: number for number, code in enumerate(frame.codes["period"])}
    for code, periods in sorted(place.items()):
        found = contract.indicator(code)
        if found is None:
            continue
        start, summed = found.reporting_year_start, found.aggregate_time is Aggregation.SUM
        _, divided = spans.longer(codes, start)
        every = periods | _told(code, held)
        known = {Period.parse(each, start): each for each in every}
        for long, short in mixing.overlaps(known):
            names = known[long], known[short]
            inside = long.start_date <= short.start_date and short.end_date <= long.end_date
            here = summed and set(names) <= periods and codes[names[0]] in divided
            if not (inside and here):
                raise Refused(
                    "PERTURB_PERIODS",
                    dataset=contract.slug,
                    indicator=code,
                    period=names[0],
                    other=names[1],
                )


def _told(code: str, held: Held | None) -> set[str]:
    """Return the periods of which readers hold figures of an indicator."""
    if held is None:
        return set()
    mine = held.populations.get(code, "")
    return {
        place[1] for place in held.cells if place[0] == mine and code in mixing.methods(held, place)
    }


def plain(profile: Profile) -> Profile:
    """Return the rules by which computed ratios are judged: by their denominators alone."""
    nothing = MappingProxyType[str, int]({})
    return replace(
        profile, method=None, min_count=0, min_count_by_level=nothing, source_override=nothing
    )
