"""What lies under what: months under a quarter, quarters under a year, codes under their total."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from hanse.areas.registry import Registry
from hanse.cube.codelist import TOTAL, Dimension
from hanse.cube.period import MONTHS, Period
from hanse.node.breakdowns import cuts_of


class Shared(NamedTuple):
    """A sum over indicators whose whole may be that of other sums too: each holds by itself."""

    whole: str
    parts: tuple[str, ...]


def longer(
    place: Mapping[str, int], start: str
) -> tuple[list[tuple[int, int, bool]], dict[int, int]]:
    """Return the links from periods to the longer ones they make up, and how many make up each.

    A longer period is divided into the longest shorter ones of which all are there.
    """
    known = {Period.parse(code, start): at for code, at in place.items()}
    links: list[tuple[int, int, bool]] = []
    children: dict[int, int] = {}
    for period, at in sorted(known.items(), key=lambda each: each[1]):
        for freq in sorted(MONTHS, key=lambda each: -MONTHS[each]):
            parts = divided(period, freq)
            if parts and all(part in known for part in parts):
                links += [(known[part], at, False) for part in parts]
                children[at] = len(parts)
                break
    return links, children


def divided(period: Period, freq: str) -> tuple[Period, ...]:
    """Return the periods of a shorter frequency that make up a period; none for a longer one."""
    count = MONTHS[period.freq] // MONTHS[freq]
    if count < 2:
        return ()
    first = Period(period.start_date, freq, period.reporting_year_start)
    return tuple(first.shift(number) for number in range(count))


def ways(links: Sequence[tuple[int, int, bool]]) -> list[list[tuple[int, int, bool]]]:
    """Return the links such that in each list a child stands once; further parents come after."""
    ways: list[list[tuple[int, int, bool]]] = [[]]
    seen: dict[int, int] = {}
    for link in links:
        number = seen.get(link[0], 0)
        seen[link[0]] = number + 1
        if number == len(ways):
            ways.append([])
        ways[number].append(link)
    return ways


def above(code: str, parents: Mapping[str, str | None], place: Mapping[str, int]) -> str | None:
    """Return the nearest code above one that has rows; the total is above everything."""
    seen = {code}
    upper = parents.get(code)
    while upper is not None and upper not in place and upper not in seen:
        seen.add(upper)
        upper = parents.get(upper)
    if upper is not None and upper in place and upper not in seen:
        return upper
    return TOTAL if code != TOTAL and TOTAL in place else None


def steps(levels: Sequence[str], registry: Registry) -> list[tuple[str, str]]:
    """Return the neighbouring levels, finest first: what is implied by a chain is left out."""
    known = [level for level in levels if registry.has(level)]
    linked = {
        (fine, coarse)
        for fine in known
        for coarse in known
        if fine != coarse and registry.correspondence(fine, coarse) is not None
    }
    near = [
        pair
        for pair in linked
        if not any((pair[0], other) in linked and (other, pair[1]) in linked for other in known)
    ]
    below = {level: sum(pair[1] == level for pair in linked) for level in known}
    return sorted(near, key=lambda pair: (below[pair[0]], pair))


def rests(codes: Sequence[str], suffix: str) -> dict[int, int]:
    """Return, by the place of a code, that of what its parts leave of it, which ends so."""
    place = {code: number for number, code in enumerate(codes)}
    if not suffix:
        return {}
    return {
        place[code.removesuffix(suffix)]: number
        for code, number in place.items()
        if code.endswith(suffix) and code.removesuffix(suffix) in place
    }


def divided_codes(
    dimensions: Sequence[Dimension],
) -> Iterator[tuple[Dimension, Callable[[str], bool]]]:
    """Yield every way of dividing a breakdown, and which codes it speaks of.

    A code that no way speaks of belongs to the first.
    """
    seen: set[str] = set()
    cuts = cuts_of(dimensions)
    for each in dimensions:
        own = {code.id for code in each.codelist.codes} | {TOTAL}
        ways = (one for one in dimensions if one.id == each.id)
        other = {code.id for one in ways for code in one.codelist.codes}
        other = (other | {piece for _, piece, _ in cuts.get(each.id, ())}) - own
        yield each, own.__contains__ if each.id in seen else _without(other)
        seen.add(each.id)


def _without(others: Set[str]) -> Callable[[str], bool]:
    return lambda code: code not in others
