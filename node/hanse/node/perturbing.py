"""Makes the cells of a release whose profile rounds or adds noise: nothing hidden, nothing exact.

Inner counts are drawn once, by their codes, their count and the secret of the house; every other
count is made of those. Ratios are worked out of the figures, so they tell no more than these do.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas.registry import Registry
from hanse.cube import encoding
from hanse.cube.contract import Contract
from hanse.cube.indicator import Aggregation
from hanse.errors import Conflict
from hanse.node import countable, crossings, figures, mixing, secrecy, shielding
from hanse.node.figures import Drawn, Figures
from hanse.node.inner import NAMED, sums_of
from hanse.node.intake.draft import Draft
from hanse.node.kin import Families
from hanse.node.ledger import OWN, Held
from hanse.node.proofs import Signed, Vault
from hanse.node.relations import Ints, Relations, relations_of
from hanse.node.releases import derived
from hanse.node.shielding import Shielded
from hanse.policies.disclosure import cellwise, primary
from hanse.policies.method import Perturbing, Rounding
from hanse.policies.profile import Profile
from hanse.policies.signatures import SigningKey

FEW_ROWS = 1
"""So many rows that agree make an indicator the sum of others here: exact it would tell its parts.
"""


class House(Protocol):
    """What perturbing reads of the press that makes the release."""

    @property
    def home(self) -> Path:
        """The node's folder."""

    @property
    def registry(self) -> Registry:
        """The areas."""

    @property
    def key(self) -> SigningKey:
        """The node's key, by which its proofs are signed."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What is drawn: true counts (draft shape), how they add up, and by which method and secret."""

    cells: pa.Table
    contract: Contract
    registry: Registry
    families: Families
    method: Perturbing
    secret: bytes


def shield(
    house: House, draft: Draft, profile: Profile, held: Held, *, lasting: bool = True
) -> Shielded:
    """Return what a draft becomes under a profile that hides or one that perturbs.

    The secret of the house is made on first need; where it need not be `lasting`, one that is
    thrown away stands for it. Raises as `shielding.shield` does, and `Refused` or `Conflict`
    (`PERTURB_…`) where figures would stand exact beside perturbed ones, or the same people would be
    perturbed in two ways.
    """
    if profile.method is None:
        return shielding.shield(draft, profile, house.registry, held)
    contract = draft.contract
    wholes, kin = shielding.sums_in(draft, house.registry, held, FEW_ROWS)
    loaded = encoding.texts(encoding.encode(draft.cells.column("indicator")))
    countable.check_kinds(loaded, contract, wholes, profile)
    kin = countable.check_kin(kin, loaded, contract, held)
    vault = Vault(house.home)
    signed = vault.perturbed(house.key)
    needed = {each.mark for each in signed} | mixing.marks(held)
    secret = secrecy.kept(house.home, needed, contract.slug, lasting=lasting)
    mark = secrecy.mark(secret, profile.method)
    mixing.check(held, draft.cells, contract, mark)
    inside, other = _cells(draft, house.registry, held, loaded)
    primary.check_levels(inside, profile)
    crossings.split(inside, other, contract, house.registry)
    base = pa.concat_tables([inside, other])
    families = (*sorted(wholes.items()), *kin)
    table = Table(base, contract, house.registry, families, profile.method, secret)
    relations, drawn = draw(table, held)
    names = drawn.names(held.populations)
    own, others = _earlier(vault, signed, contract.slug, loaded)
    earlier = _of_these(pa.concat_tables([own, others]), held)
    _check_proven(held, earlier, names, contract.slug)
    figures.check_same(drawn, names, earlier, contract.slug)
    rows = np.arange(base.num_rows) < inside.num_rows
    carried = pa.concat_tables([earlier, own])  # what it once held, indicators it left out too
    proof = figures.proof_of(drawn, names, carried, held.populations)
    levels = figures.changes(base, drawn, rows)
    return shielding.unhidden(
        shown(inside, drawn.figure[: inside.num_rows], contract, profile),
        base,
        relations,
        (wholes, kin),
        Figures(profile.method, mark, proof, levels, inside.num_rows),
    )


def _cells(
    draft: Draft, registry: Registry, held: Held, loaded: frozenset[str]
) -> tuple[pa.Table, pa.Table]:
    """Return the loaded counts and those added up, at the levels of the contract and at others."""
    contract = replace(draft.contract, levels=held.levels(draft.contract))
    true = derived.rolled_up(draft.cells, contract, registry)
    true = true.filter(encoding.one_of(encoding.encode(true.column("indicator")), loaded))
    return derived.at_levels(true, draft.contract.levels)


def _earlier(
    vault: Vault, signed: Sequence[Signed], dataset: str, loaded: frozenset[str]
) -> tuple[pa.Table, pa.Table]:
    """Return what was drawn for earlier releases of a dataset, and for others of its indicators.

    The newest proof of a dataset tells of all its releases.
    """
    newest: dict[str, Signed] = {}
    for each in signed:
        newest.setdefault(each.dataset, each)
    own = newest.pop(dataset, None)
    others = [each for each in newest.values() if loaded.intersection(each.indicators)]
    nothing = figures.SCHEMA.empty_table()
    tables = [vault.checked(each) for each in others]
    return vault.checked(own) if own else nothing, pa.concat_tables([nothing, *tables])


def _of_these(found: pa.Table, held: Held) -> pa.Table:
    """Return what speaks of the same people as a draft, its breakdowns called as they are there."""
    words, here = held.kin.names, found["key"].to_pylist()
    here = [words.key(key) for key in here] if words else here
    found = found.set_column(found.column_names.index("key"), "key", pa.array(here, pa.string()))
    told = zip(found["population"].to_pylist(), here, strict=True)
    mine = [_same(name, held.populations.get(key.partition("\t")[0], "")) for name, key in told]
    return found.filter(pa.array(mine, pa.bool_()))


def _same(one: str, other: str) -> bool:
    """Say whether two populations may be the same: where both are named, by one name."""
    return bool(other) and (one == other or OWN in {one[:1], other[:1]})


def _check_proven(
    held: Held, carried: pa.Table, names: Sequence[tuple[str, str]], dataset: str
) -> None:
    """Refuse where readers hold perturbed figures of which no proof is here any more."""
    known = set(_kinds(zip(carried["period"].to_pylist(), carried["key"].to_pylist(), strict=True)))
    lost = [
        each
        for each in sorted(set(_kinds(names)) - known)
        if mixing.methods(held, (held.populations.get(each[1], ""), each[0])).get(each[1])
    ]
    if lost:
        told = ", ".join(f"{indicator} {period}" for period, indicator in lost[:NAMED])
        raise Conflict("PERTURB_PROOF", dataset=dataset, cells=told)


def _kinds(names: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield period and indicator of cells."""
    return ((period, key.partition("\t")[0]) for period, key in names)


def draw(table: Table, held: Held | None = None) -> tuple[Relations, Drawn]:
    """Return how a table adds up, and the figure of every count in it.

    `held` tells which periods readers hold already. Raises `Conflict` or `Refused` where the table
    does not hold what that takes.
    """
    contract, cells = table.contract, table.cells
    counts = countable.counts_of(cells, contract)
    relations = relations_of(cells, contract, table.registry, table.families, joint=True)
    countable.check_apart(relations, contract, table.registry, held)
    sums = sums_of(relations, counts, contract.slug)
    given = relations.given
    inner = sums.inner[:given] & counts.known
    exact = np.where(counts.known, counts.values, 0)
    drawn = Drawn(relations.frame, counts.known, exact, exact, inner)
    rows = np.flatnonzero(inner & (exact > 0))
    names, lasting = drawn.names({}), _lasting(contract)
    cells_drawn = [_called(names[row], lasting) for row in rows.tolist()]
    draws = cellwise.drawn(cells_drawn, exact[rows], table.secret)
    own = np.zeros(relations.size, dtype=np.int64)
    if isinstance(table.method, Rounding):
        own[rows] = cellwise.rounded(exact[rows], draws, table.method)
        figure = sums.over(own)[:given]
    else:
        own[rows] = draws
        figure = cellwise.noisy(exact, sums.over(own)[:given], table.method, table.secret)
    return relations, replace(drawn, figure=np.where(counts.known, figure, 0))


def _lasting(contract: Contract) -> frozenset[str]:
    """Return the indicators of what lasts from one period to the next."""
    summed = Aggregation.SUM
    return frozenset(each.id for each in contract.indicators if each.aggregate_time is not summed)


def _called(name: tuple[str, str], lasting: frozenset[str]) -> str:
    """Return what a cell is drawn by: its codes, and its period where periods are added up.

    Three doctors in a street are three next month too: drawn anew every month, their mean would
    tell how many. Births of two months are added up, and their errors must not be the same.
    """
    period, key = name
    return key if key.partition("\t")[0] in lasting else f"{period}\x1e{key}"


def shown(cells: pa.Table, figure: Ints, contract: Contract, profile: Profile) -> pa.Table:
    """Return cells (draft shape) with these figures, what is computed of them, and flags.

    A ratio over fewer than the least denominator of the profile is not shown.
    """
    numbered = pc.is_valid(cells.column("value"))
    values = pc.if_else(numbered, pa.array(figure, pa.float64()), pa.scalar(None, pa.float64()))
    place = cells.schema.get_field_index("value")
    cells = cells.set_column(place, cells.schema.field(place), values)
    indicators = contract.indicators
    computed = derived.with_formulas(cells, indicators)
    loaded = encoding.texts(encoding.encode(cells.column("indicator")))
    ratios = [each for each in indicators if each.id not in loaded]
    judged = primary.protect(computed, ratios, countable.plain(profile))
    return derived.flagged(judged, indicators)
