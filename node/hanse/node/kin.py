"""What other datasets of the house have to do with one: sums over indicators, and breakdowns.

Men in one dataset and everybody in another tell the women of a third. Which indicators are sums of
others is known from what contracts say (formulas of plus and minus alone), from what releases were
closed with, and from the figures themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hanse.cube.codelist import Dimension
from hanse.cube.contract import Contract
from hanse.cube.expression import Binary, Node, Series
from hanse.cube.formula import parse
from hanse.cube.indicator import Indicator
from hanse.node.breakdowns import Names, names

Family = tuple[str, tuple[str, ...]]
"""An indicator, and those that it is the sum of."""
Families = tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What one release of the house says: its contract, and the sums it was closed with."""

    contract: Contract
    families: Families = ()


@dataclass(frozen=True, slots=True)
class Kin:
    """What ties the indicators of a dataset to those of others.

    `families` are the sums, `indicators` those of other datasets in them; `breakdowns` how all
    datasets that hold any of these divide them, in the words of this one (`names`).
    """

    families: Families = ()
    indicators: tuple[Indicator, ...] = ()
    breakdowns: tuple[Dimension, ...] = ()
    names: Names = field(default_factory=Names)

    @property
    def members(self) -> frozenset[str]:
        """Every indicator that is in a sum."""
        return frozenset(code for whole, parts in self.families for code in (whole, *parts))


def kin_of(contract: Contract, others: Sequence[Told], families: Families = ()) -> Kin:
    """Return what ties a dataset to others; `others` are all releases, newest first.

    `families` are sums that none of them says.
    """
    known: dict[str, Indicator] = {each.id: each for each in contract.indicators}
    families = _reached(Told(contract, families), others, known)
    members = {code for whole, parts in families for code in (whole, *parts)}
    own = {each.id for each in contract.indicators}
    held = [
        each.contract
        for each in others
        if any(one.id in known and _same(known[one.id], one) for one in each.contract.indicators)
    ]
    named = names(contract, held)
    return Kin(
        families,
        tuple(known[code] for code in sorted(members - own)),
        _distinct(named.here(each) for one in (contract, *held) for each in one.dimensions),
        named,
    )


def _distinct(dimensions: Iterable[Dimension]) -> tuple[Dimension, ...]:
    found: dict[tuple[str, frozenset[tuple[str, str | None]]], Dimension] = {}
    for each in dimensions:
        codes = frozenset((code.id, code.parent) for code in each.codelist.codes)
        found.setdefault((each.id, codes), each)
    return tuple(found.values())


def _reached(mine: Told, others: Sequence[Told], known: dict[str, Indicator]) -> Families:
    """Return the sums that lead from a dataset's indicators to others, and fill in who these are.

    An indicator of another dataset is the same unless both name another population.
    """
    own, slug = {each.id for each in mine.contract.indicators}, mine.contract.slug
    apart = (each.contract for each in others if each.contract.slug != slug)
    elsewhere = {one.id for each in apart for one in each.indicators}
    said = [
        (each.contract, family)
        for each in (mine, *others)
        for family in (*formulas(each.contract), *each.families)
    ]
    everywhere = {one.id for each in others for one in each.contract.indicators} | set(known)
    found: dict[Family, None] = {}
    while True:
        before = len(found)
        for source, family in said:
            every = {family[0], *family[1]}
            alone = every <= own and not every & elsewhere  # its release tells all of it
            if family in found or alone or not every <= everywhere or not every & known.keys():
                continue
            if all(_same(known.get(code), source.indicator(code)) for code in every):
                found[family] = None
                _learn(every, source, others, known)
        if len(found) == before:
            return tuple(sorted(found))


def _learn(
    every: set[str], source: Contract, others: Sequence[Told], known: dict[str, Indicator]
) -> None:
    """Note who the members of a sum are: as its own contract says, else the newest other."""
    for code in sorted(every - known.keys()):
        contracts = (source, *(each.contract for each in others))
        known[code] = next(one for each in contracts if (one := each.indicator(code)))


def _same(one: Indicator | None, other: Indicator | None) -> bool:
    """Say whether two of one name may be the same: where both name a population, it is one."""
    if one is None or other is None:
        return True
    return not (one.population and other.population and one.population != other.population)


def formulas(contract: Contract) -> Families:
    """Return the sums that the formulas of a contract say."""
    found = (sum_of(each) for each in contract.indicators)
    return tuple(each for each in found if each is not None)


def sum_of(indicator: Indicator) -> Family | None:
    """Return the whole and its parts that a formula of plus and minus alone says."""
    if not indicator.formula:
        return None
    signs: dict[str, int] = defaultdict(int)
    if not _signed(parse(indicator.formula).root, 1, signs) or set(signs.values()) - {1, -1}:
        return None
    plus = tuple(sorted(code for code, sign in signs.items() if sign > 0))
    minus = tuple(sorted(code for code, sign in signs.items() if sign < 0))
    if not minus:
        return indicator.id, plus
    return (plus[0], (*minus, indicator.id)) if len(plus) == 1 else None


def _signed(node: Node, sign: int, signs: dict[str, int]) -> bool:
    """Collect the sign of every series; False for anything that is no plain sum."""
    match node:
        case Binary("+" | "-" as operator, left, right):
            other = sign if operator == "+" else -sign
            return _signed(left, sign, signs) and _signed(right, other, signs)
        case Series(code, 0):
            signs[code] += sign
            return True
        case _:
            return False


def without_rings(families: Iterable[Family]) -> Families:
    """Return the sums of which no whole is, by way of others, part of itself; each once."""
    below: dict[str, set[str]] = defaultdict(set)
    kept: dict[tuple[str, frozenset[str]], Family] = {}

    def under(code: str, seen: set[str]) -> set[str]:
        for part in below[code] - seen:
            seen |= {part}
            under(part, seen)
        return seen

    for whole, parts in families:
        if all(whole != part and whole not in under(part, set()) for part in parts):
            kept.setdefault((whole, frozenset(parts)), (whole, parts))
            below[whole] |= set(parts)
    return tuple(kept.values())


def beyond(families: Iterable[Family], wholes: Mapping[str, tuple[str, ...]]) -> Families:
    """Return the sums beside those that a release knows by itself, without rings."""
    every = without_rings([*wholes.items(), *families])
    own = {(whole, frozenset(parts)) for whole, parts in wholes.items()}
    return tuple(each for each in every if (each[0], frozenset(each[1])) not in own)
