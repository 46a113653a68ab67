"""The whole method on one model: greedy, repair, prune, certificate, or a refusal."""

from dataclasses import dataclass, field, replace

import numpy as np

from hanse.errors import Conflict
from hanse.policies.disclosure import greedy, prune
from hanse.policies.disclosure.blocks import Chain
from hanse.policies.disclosure.certificate import (
    Certificate,
    Needs,
    Promise,
    mask_hash,
    sparse_hash,
    verify,
)
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.homogeneity import Telling, telling
from hanse.policies.disclosure.model import (
    Bools,
    Model,
    check_additive,
    coordinates,
    depth,
    over_leaves,
)
from hanse.policies.disclosure.moves import Move, matrix
from hanse.policies.disclosure.plan import Effort, Rules, Zeros
from hanse.policies.disclosure.progress import (
    BEGINS,
    PROVE,
    PRUNE,
    REPAIR,
    SUPPRESS,
    Progress,
    silent,
    within,
)
from hanse.policies.disclosure.repair import State, repair, settle
from hanse.policies.disclosure.solver import version

PREFERRED = 100.0
"""How many times dearer it is to hide a cell that should stay."""

PRUNE_CELLS_MAX = 300_000
"""A larger table is not pruned: what it would gain is not worth the minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What is asked of a model; every mask is one bool per cell.

    `primary` cells are hidden for their own sake. `shown` cells are out already, or must be: they
    are never hidden. `kept` cells are hidden already and stay so; `preferred` ones are hidden last.
    `hideable` zeros may be hidden though zeros are shown. `virtual` cells are never shown, and
    protected all the same.
    """

    rules: Rules
    primary: Bools
    shown: Bools
    kept: Bools
    preferred: Bools
    hideable: Bools
    virtual: Bools | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Protected:
    """A protected table: which cells are hidden and why, with the proof that it holds."""

    model: Model
    needs: Needs
    primary: Bools
    hidden: Bools
    moves: tuple[Move, ...] = field(repr=False)
    certificate: Certificate

    @property
    def secondary(self) -> Bools:
        """Return the cells hidden only to protect others; nobody outside may know which."""
        return np.asarray(self.hidden & ~self.primary)


@dataclass(frozen=True, slots=True, eq=False)
class Perturbed(Protected):
    """A table that hides nothing and shows `figures` (one per cell) instead of its values."""

    figures: Ints
    certificate: Promise


def small(model: Model, rules: Rules) -> Bools:
    """Return the published cells whose count is small: 1 … k - 1."""
    return np.asarray(model.published & is_small(model.values, rules))


def is_small(values: Ints, rules: Rules) -> Bools:
    """Say which counts are small under the rules."""
    return np.asarray((values >= 1) & (values < rules.k))


def demand(model: Model, rules: Rules) -> Demand:
    """Return the demand that hides the small cells of a model and asks nothing else."""
    nothing = np.zeros(model.cells, dtype=bool)
    return Demand(rules, small(model, rules), nothing, nothing, nothing, nothing)


def secure(model: Model, asked: Demand, progress: Progress = silent) -> Protected:
    """Return the protected table; raise Conflict where what was asked cannot be proven.

    Raises Invalid for a table that does not add up. Nothing is returned half-done: a table without
    a complete proof is refused. `progress` is told how far it is.
    """
    needs = needs_of(model, asked)
    for rule in asked.rules.homogeneity:
        asked, needs = _with_telling(asked, needs, telling(model, rule))
    return secure_needs(model, asked, needs, progress)


def _with_telling(asked: Demand, needs: Needs, found: Telling) -> tuple[Demand, Needs]:
    """Return demand and needs in which telling cells are hidden and may be less than telling."""
    new = found.cells & ~asked.primary
    values = needs.upper - 1  # what a telling cell needs is to be less, never more
    upper = np.where(new, np.minimum(needs.upper, values), needs.upper)
    lower_need = np.where(
        found.cells, np.minimum(needs.lower_need, found.ceiling), needs.lower_need
    )
    protected = np.union1d(needs.protected, np.flatnonzero(found.cells))
    primary = asked.primary | found.cells
    hideable = asked.hideable | found.beside
    lower = np.where(hideable, 0, needs.lower)
    return (
        replace(asked, primary=primary, hideable=hideable),
        replace(needs, protected=protected, upper=upper, lower_need=lower_need, lower=lower),
    )


def secure_needs(
    model: Model, asked: Demand, needs: Needs, progress: Progress = silent
) -> Protected:
    """Return the protected table where what must stay possible is told cell by cell."""
    check_additive(model)
    _check_shown(asked)
    zero = model.published & (model.values == 0) & (asked.rules.zeros is Zeros.PUBLISH)
    fixed = (zero & ~asked.kept & ~asked.hideable) | asked.shown
    hidden = asked.primary | asked.kept
    progress(SUPPRESS, BEGINS[SUPPRESS])
    secondary = _greedy(model, asked, needs, fixed)
    hidden[secondary] = True
    cost = (1 + 0.15 * np.log1p(np.abs(model.values))) * np.where(asked.preferred, PREFERRED, 1.0)
    values = model.values
    state = State(model, needs, fixed, cost, hidden, values.copy(), values.copy())
    columns = model.relations.tocsc()
    chain = Chain(model)
    repair(state, chain, columns, within(progress, REPAIR, PRUNE))
    linear = settle(state, columns, strict=asked.rules.strict)
    small_enough = model.cells <= PRUNE_CELLS_MAX
    if asked.rules.effort is Effort.PRUNE and not linear.size and small_enough:
        told = within(progress, PRUNE, PROVE)
        prune.prune(state, chain, columns, asked.primary | asked.kept, told)
    progress(PROVE, BEGINS[PROVE])
    return certified(model, asked, needs, state, linear)


def _check_shown(asked: Demand) -> None:
    """Refuse a cell that is to be shown and hidden at once."""
    both = np.flatnonzero(asked.shown & (asked.primary | asked.kept))
    if both.size:
        raise Conflict("DISCLOSURE_SHOWN_AND_SMALL", count=int(both.size))


def needs_of(model: Model, asked: Demand) -> Needs:
    """Return what must stay possible of the primary cells and of the small slivers."""
    rules, values = asked.rules, model.values
    lower = np.where(model.published, np.minimum(values, rules.attacker_lower), 0)
    lower = np.maximum(lower, over_leaves(model, lower))
    upper = np.maximum(values + 1, rules.require.upper_min)
    most = rules.require.lower_max
    lower_need = values if most is None else np.minimum(values, np.maximum(lower, most))
    protected = asked.primary.copy()
    if rules.slivers:
        protected |= ~model.published & is_small(values, rules)
    if asked.virtual is not None:
        protected |= asked.virtual
    return Needs(np.flatnonzero(protected), lower, upper, lower_need, rules.require.width)


def _greedy(model: Model, asked: Demand, needs: Needs, fixed: Bools) -> Ints:
    """Return the cells that stage 1 hides beside the primary ones."""
    protected = np.zeros(model.cells, dtype=bool)
    protected[needs.protected] = True
    rows = coordinates(model, protected)
    forced = np.flatnonzero(asked.shown)
    open_cells = np.flatnonzero(model.published & ~asked.primary & ~asked.kept & ~asked.shown)
    weight = np.abs(model.values)
    weight = weight + np.where(asked.preferred, 2 * int(weight.max(initial=0)) + 1, 0)
    order = greedy.candidates(fixed, open_cells, weight, depth(model))
    forced = np.concatenate([np.arange(model.cells, rows.shape[0]), forced])  # identities first
    pattern = greedy.publish(rows, needs.protected, np.concatenate([forced, order]), forced.size)
    if pattern.revealing.size:
        cell = int(pattern.revealing[0])
        if cell >= model.cells:
            raise Conflict("DISCLOSURE_NOT_PROVEN", count=int(pattern.revealing.size))
        raise Conflict(
            "DISCLOSURE_SHOWN_REVEALS", cell=model.name(cell), count=int(pattern.revealing.size)
        )
    return pattern.secondary


def certified(model: Model, asked: Demand, needs: Needs, state: State, linear: Ints) -> Protected:
    """Return the protected table with its certificate; raise Conflict if a cell is not proven."""
    proof = verify(model, state.hidden, needs, state.moves)
    failed = np.setdiff1d(proof.unproven, linear)
    if failed.size or proof.unsound.size:
        raise Conflict("DISCLOSURE_NOT_PROVEN", count=int(max(failed.size, proof.unsound.size)))
    rules = asked.rules
    published = int(model.published.sum())
    primary = int(asked.primary.sum())
    hidden = int((state.hidden & model.published).sum())
    slivers = int((~model.published[needs.protected]).sum())
    certificate = Certificate(
        published=published,
        hidden=hidden,
        primary=primary,
        secondary=hidden - primary,
        slivers=slivers,
        protected=needs.protected.size,
        proven_whole=needs.protected.size - int(proof.unproven.size),
        proven_linear=int(proof.unproven.size),
        failed=0,
        width=rules.require.width,
        upper_min=rules.require.upper_min,
        lower_max=rules.require.lower_max,
        attacker_lower=rules.attacker_lower,
        k=rules.k,
        zeros=rules.zeros.value,
        mask_sha256=mask_hash(model, state.hidden),
        relations_sha256=sparse_hash(model.relations),
        moves_sha256=sparse_hash(matrix(state.moves, model.cells)),
        solver=f"HiGHS {version()}",
    )
    return Protected(model, needs, asked.primary, state.hidden, tuple(state.moves), certificate)
