"""Makes the cells of a release of a draft: judged, added up, closed, computed, judged again.

True figures are added up first, so that a total is lost only where showing it would give something
away. What is hidden then, and what else has to be, is one mask over everything the release holds
and everything that was ever shown; formulas come after it and see hidden figures as hidden.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas.registry import Registry
from hanse.cube import aggregate, algebra, encoding
from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.contract import Contract
from hanse.cube.rule import computable
from hanse.cube.status import HIDDEN
from hanse.node import closing, crossings, mixing, questions, relations, respondents, union
from hanse.node.closing import Closed, Question
from hanse.node.figures import Figures
from hanse.node.intake.checks import sums
from hanse.node.intake.checks.case import Case
from hanse.node.intake.draft import Draft
from hanse.node.kin import Families, Family, beyond, formulas, sum_of, without_rings
from hanse.node.ledger import Held
from hanse.node.populations import Known
from hanse.node.relations import Bools, Relations, Wholes
from hanse.node.releases import derived
from hanse.policies.disclosure import primary
from hanse.policies.profile import Profile

_VALUE = algebra.VALUE_RANK
_HIDDEN_FROM = min(algebra.STATE_RANK[state] for state in HIDDEN)


@dataclass(frozen=True, slots=True, eq=False)
class Shielded:
    """The cells of a release (draft shape, every figure judged) and how they came to be hidden.

    `base` are the cells before formulas, with their true numbers: `closed` and `relations` speak of
    its rows, of which the first `released` are in the release. `wholes` are the indicators that are
    sums of others, `kin` further sums, over other datasets too; `computed` the indicators that were
    worked out of others. `sums` are those of a whole once more, `few` the rows that are hidden
    because too few respondents are hidden in a shown total. `opened` counts hidden figures that
    could have been worked out at once.
    """

    cells: pa.Table
    base: pa.Table
    closed: Closed
    relations: Relations
    wholes: Wholes
    kin: Families
    computed: frozenset[str]
    released: int
    opened: int
    levels: Mapping[str, "Cost"]
    sums: questions.Sums = ()
    few: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    figures: Figures | None = None
    """How figures were perturbed; None where small ones are hidden."""

    @property
    def mark(self) -> str:
        """By which method and secret figures were perturbed; empty where they were not."""
        return self.figures.mark if self.figures else ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What is hidden of one level: of how many cells, and how many of them to protect others."""

    cells: int
    hidden: int
    beside: int


def shield(draft: Draft, profile: Profile, registry: Registry, held: Held) -> Shielded:
    """Return what a draft becomes under a profile, given what readers hold of its population.

    Raises `Refused` or `Invalid` where the profile does not allow what the contract holds, and
    `Conflict` where what is out already would give away what is to be hidden.
    """
    contract = draft.contract
    mixing.check(held, draft.cells, contract)
    indicators = contract.indicators
    true = _true(draft, registry, held.levels(contract))
    inside, outside, pieces = _published(true, contract, held, registry, profile)
    families = _families(draft, registry)
    asked = _asked(pa.concat_tables([inside, outside]), contract, profile, _wholes(families))
    first = _judged(inside, contract, profile, held, asked.alike)
    pieces = pa.concat_tables([pieces, asked.rests])
    true = pa.concat_tables([inside, outside, pieces])
    beside = union.beside(true, held, contract)
    own = [union.widened(each, beside.names) for each in (first, inside, outside, pieces)]
    judged = pa.concat_tables([own[0], *own[2:], beside.cells])
    true = pa.concat_tables([*own[1:], beside.cells])
    wholes = dict(asked.wholes)
    kin = beyond([*families, *held.kin.families], wholes)
    joint = union.joint(contract, held, beside.names)
    every = (*sorted(wholes.items()), *kin, *asked.sums)
    found = relations.relations_of(true, joint, registry, every, joint=beside.rows > 0)
    known = held.known(found.frame, found.given)
    rows = inside.num_rows
    place = np.arange(found.given)
    elsewhere = place >= found.given - beside.rows
    inner = (place >= rows + outside.num_rows) & ~elsewhere
    hidden = (_ranks(judged) >= _HIDDEN_FROM) | (inner & _small(true, profile))
    kept = (known.seen < 0) & (((_ranks(true) == _VALUE) & ~hidden & ~inner) | elsewhere)
    question = Question(
        true,
        hidden | kept,
        kept,
        known,
        found,
        replace(joint, indicators=(*joint.indicators, *asked.left)),
        profile,
        inner,
        elsewhere,
    )
    opened = closing.open_rows(replace(question, known=Known.nothing(found.given)))
    closed, few = _closed(question, asked.alike)
    implied = held.implied(found.frame, found.given) & ~elsewhere
    _check_told(question, closed.hidden & implied)
    open_ = closing.restated(first, closed.hidden[:rows])
    counted = primary.rounded(open_, indicators, profile)
    computed = _told(_with_formulas(counted, contract), contract)
    told = _told(primary.protect(computed, indicators, profile, asked.alike), contract)
    return Shielded(
        cells=derived.flagged(told, indicators),
        base=true,
        closed=closed,
        relations=found,
        wholes=wholes,
        kin=kin,
        computed=_present(told) - _present(inside),
        released=rows,
        opened=int((opened < rows).sum()),
        levels=_costs(true.slice(0, rows), hidden[:rows], closed.hidden[:rows]),
        sums=asked.sums,
        few=few,
    )


def unhidden(
    cells: pa.Table,
    base: pa.Table,
    found: Relations,
    families: tuple[Wholes, Families],
    figures: Figures,
) -> Shielded:
    """Return a release of which nothing is hidden, for its figures are perturbed."""
    nothing = np.zeros(found.given, dtype=bool)
    return Shielded(
        cells=cells,
        base=base,
        closed=Closed(nothing, MappingProxyType({}), nothing),
        relations=found,
        wholes=families[0],
        kin=families[1],
        computed=_present(cells) - _present(base),
        released=figures.released,
        opened=0,
        levels={},
        figures=figures,
    )


def _closed(question: Question, alike: primary.Alike) -> tuple[Closed, Bools]:
    """Return what must be hidden, and what of it because too few respondents are hidden together.

    Numerator, denominator and answers are closed apart, so each may lose other cells; what one
    loses they all lose, and what is hidden in one shown total is enough, until no more is lost.
    """
    hidden, few = _joined(question, question.hidden, alike)
    while True:
        closed = closing.close(replace(question, hidden=hidden))
        hidden, more = _joined(question, closed.hidden, alike)
        few |= more
        if hidden.sum() == closed.hidden.sum():
            return closed, few


def _joined(question: Question, hidden: Bools, alike: primary.Alike) -> tuple[Bools, Bools]:
    """Return what is hidden with these rows, and what of it for too few respondents together."""
    indicators, few = question.contract.indicators, np.zeros(hidden.size, dtype=bool)
    while True:
        before = hidden.sum()
        hidden = primary.together(question.true, hidden, indicators, alike)
        more = respondents.enough(question, hidden)
        more = primary.together(question.true, more, indicators, alike)
        few |= more & ~hidden
        hidden = more
        if hidden.sum() == before:
            return hidden, few


def _asked(
    cells: pa.Table, contract: Contract, profile: Profile, wholes: Wholes
) -> questions.Asked:
    """Return what the questions of a survey have in common, and what shares leave over."""
    shares = primary.shares(contract.indicators, _present(cells), profile)
    return questions.asked(cells, contract, profile, shares, wholes)


def _true(draft: Draft, registry: Registry, levels: tuple[str, ...]) -> pa.Table:
    """Return the loaded cells and every level that is added up, with their true numbers."""
    return derived.rolled_up(draft.cells, replace(draft.contract, levels=levels), registry)


def _published(
    true: pa.Table, contract: Contract, held: Held, registry: Registry, profile: Profile
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Split cells into those of the release, those that an earlier one showed, and pieces.

    Pieces are those in which areas that are shown cut one another. Other levels that nobody ever
    sees are left out: their cells are added up, and cannot be subtracted.
    """
    inside, other = derived.at_levels(true, contract.levels)
    frame = relations.frame_of(other)
    seen = held.known(frame, frame.rows).seen != 0
    outside, rest = other.filter(pa.array(seen)), other.filter(pa.array(~seen))
    if closing.least_of(profile) <= 1:
        return inside, outside, rest.slice(0, 0)  # no count is small
    shown = pa.concat_tables([inside, outside])
    pieces, _ = crossings.split(shown, rest, contract, registry)
    return inside, outside, pieces


def _small(cells: pa.Table, profile: Profile) -> Bools:
    """Say which cells are small counts wherever they lie."""
    ranks = algebra.state_ranks(cells)
    values = np.asarray(algebra.numbers(cells, ranks))
    small = (values >= 1) & (values < closing.least_of(profile))
    return np.asarray(small & (np.asarray(ranks) == _VALUE))


def _judged(
    inside: pa.Table, contract: Contract, profile: Profile, held: Held, alike: primary.Alike
) -> pa.Table:
    """Return the cells judged one by one, and by what is hidden of their sides elsewhere."""
    judged = primary.protect(inside, contract.indicators, profile, alike)
    told = held.telling(relations.frame_of(inside), contract)
    return closing.restated(judged, told) if told.any() else judged


def _check_told(question: Question, lost: Bools) -> None:
    """Refuse to hide what a ratio that readers hold tells."""
    rows = np.flatnonzero(lost)
    if rows.size:
        raise closing.out_already(question, rows)


def sums_in(draft: Draft, registry: Registry, held: Held, few: int) -> tuple[Wholes, Families]:
    """Return the indicators that are sums of others, and further sums, over other datasets too.

    `few` rows that agree show that an indicator is the sum of others.
    """
    families = _families(draft, registry, few)
    wholes = _wholes(families)
    return wholes, beyond([*families, *held.kin.families], wholes)


def _families(draft: Draft, registry: Registry, few: int = sums.ROWS_MIN) -> list[Family]:
    """Return the sums over the indicators of a draft: as the figures show, or a formula says."""
    case = Case(draft, registry)
    found = sorted(sums.families(case, few).items()) if draft.cells.num_rows else []
    loaded = encoding.texts(encoding.encode(draft.cells.column("indicator")))
    return [*found, *(each for each in formulas(draft.contract) if {each[0], *each[1]} <= loaded)]


def _wholes(families: Sequence[Family]) -> dict[str, tuple[str, ...]]:
    """Return the first sum of every whole, without rings."""
    first: dict[str, tuple[str, ...]] = {}
    for whole, parts in families:
        first.setdefault(whole, parts)
    return dict(without_rings(sorted(first.items())))


def _with_formulas(cells: pa.Table, contract: Contract) -> pa.Table:
    return derived.with_formulas(cells, contract.indicators)


def _told(cells: pa.Table, contract: Contract) -> pa.Table:
    """Return the cells without any that is computed from a hidden one, loaded or not.

    A ratio beside a shown denominator tells its numerator, so it is shown when both are.
    """
    names = key_columns(dimensions_of(cells.schema))
    present = _present(cells)
    worked = computable(contract.indicators, present)
    # A plain sum was closed together with its parts: hiding one need not hide it.
    ids = {
        each.id
        for each in contract.indicators
        if each.id in worked and each.id in present and sum_of(each) is None
    }
    if not ids:
        return cells
    indicator = encoding.encode(cells.column("indicator"))
    inputs = cells.filter(pc.invert(encoding.one_of(indicator, ids)))
    computed = aggregate.derive(inputs, contract.indicators)
    ranks = _ranks(computed)
    gone = computed.filter(pa.array(ranks >= _HIDDEN_FROM))
    both = pa.concat_tables([cells.select(names), gone.select(names)])
    keys = encoding.keys([encoding.encode(both.column(name)) for name in names], both.num_rows)
    told = pc.is_in(keys.slice(0, cells.num_rows), value_set=keys.slice(cells.num_rows))
    hidden = np.asarray(told) & (_ranks(cells) < _HIDDEN_FROM)
    return closing.restated(cells, hidden) if hidden.any() else cells


def _present(cells: pa.Table) -> frozenset[str]:
    """Return the indicators of some cells."""
    return frozenset(encoding.texts(encoding.encode(cells.column("indicator"))))


def _ranks(cells: pa.Table) -> relations.Ints:
    return np.asarray(algebra.state_ranks(cells))


def _costs(cells: pa.Table, hidden: Bools, closed: Bools) -> dict[str, Cost]:
    """Return what is hidden per level."""
    level = encoding.encode(cells.column("level"))
    places, names = np.asarray(level.indices), level.dictionary.to_pylist()

    def counts(rows: Bools) -> list[int]:
        found = np.bincount(places, weights=rows.astype(float), minlength=len(names))
        return [int(each) for each in found.tolist()]

    every = np.ones(cells.num_rows, dtype=bool)
    columns = (counts(every), counts(closed), counts(closed & ~hidden))
    return {name: Cost(*row) for name, row in zip(names, zip(*columns, strict=True), strict=True)}
