"""The front door for a statistician: `protect(table, plan)` by whichever method the plan chooses.

Hiding comes with witness tables. Rounding and noise hide nothing, so what is proven of them is
another thing: that figures add up, that none is further off than the method goes, that they follow
from codes, counts and a secret alone. That is checked on the figures, not believed of what made
them, before anything is returned.
"""

import hashlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from hanse.errors import Conflict, Invalid
from hanse.policies.disclosure.certificate import Needs, Promise, Proof, mask_hash, sparse_hash
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.model import Bools, Model, check_additive
from hanse.policies.disclosure.moves import matrix
from hanse.policies.disclosure.noise import noisy
from hanse.policies.disclosure.plan import Plan
from hanse.policies.disclosure.progress import BEGINS, PROVE, SUPPRESS, Progress, silent
from hanse.policies.disclosure.protection import Perturbed, Protected, small
from hanse.policies.disclosure.rounding import rounded
from hanse.policies.disclosure.sidecar import Recheck, places_of
from hanse.policies.disclosure.table import model_of, suppress
from hanse.policies.method import (
    Perturbing,
    Rounding,
    Spread,
    check_unmixed,
    fingerprint,
    seed_of,
)


def protect(
    table: pa.Table, plan: Plan, progress: Progress = silent, *, secret: bytes = b""
) -> Protected:
    """Return the protected table; pure and deterministic whatever the order of the rows.

    A plan that rounds or adds noise needs a `secret` of 16 bytes or more, and gives a `Perturbed`.
    Raises Invalid for a table that is wrong (missing column, text where a whole number belongs,
    negative or duplicate rows, codes that stand for two things), Conflict where the plan cannot be
    proven safe.
    """
    if plan.method is None:
        return suppress(table, plan, progress)
    seed = seed_of(secret)
    progress(SUPPRESS, BEGINS[SUPPRESS])
    model = model_of(table, plan)
    check_additive(model)
    figures = _figures(model, table, plan, seed)
    progress(PROVE, BEGINS[PROVE])
    broken = unkept(model, plan.method, figures)
    if broken.size:
        raise Conflict("DISCLOSURE_NOT_PROVEN", count=int(broken.size))
    promise = _promise(model, plan, figures, secret)
    nothing = np.zeros(model.cells, dtype=bool)
    nobody = np.zeros(0, dtype=np.int64)
    needs = Needs(nobody, model.values, model.values, model.values, 0)
    return Perturbed(model, needs, small(model, plan.rules), nothing, (), promise, figures)


def _figures(model: Model, table: pa.Table, plan: Plan, seed: int) -> Ints:
    if isinstance(plan.method, Rounding):
        return rounded(table, plan, plan.method, seed)
    if plan.method is None:
        raise Invalid("DISCLOSURE_PLAN", key="method", found="suppress")
    return noisy(model, table, plan, (plan.method, seed))


def unkept(model: Model, method: Perturbing, figures: Ints) -> Ints:
    """Return the cells whose figure is not what the method allows, whatever made the figures."""
    wrong = figures < 0
    if isinstance(method, Rounding):
        wrong |= _misrounded(model, method, figures)
    else:
        wrong |= _misplaced(model, method, figures)
    return np.flatnonzero(wrong)


def _misrounded(model: Model, method: Rounding, figures: Ints) -> Bools:
    """Say which inner figures are none of those allowed, and which others are no sum of theirs."""
    exact = model.values
    inner = np.zeros(model.shape, dtype=bool)
    inner[np.ix_(*(dimension.leaf for dimension in model.dimensions))] = True
    few = (exact > 0) & (exact < method.base)
    allowed = np.where(few, (figures == 0) | (figures == method.base), figures == exact)
    wrong = inner.ravel() & ~allowed
    off = np.flatnonzero(model.relations @ figures)
    wrong[np.unique(model.relations[off].indices)] = True
    return np.asarray(wrong)


def _misplaced(model: Model, method: Spread, figures: Ints) -> Bools:
    """Say which figures are further off than the noise goes, or are numbers never shown."""
    exact = model.values
    wrong = np.abs(figures - exact) > method.deviation
    wrong |= (exact == 0) & (figures != 0)
    return np.asarray(wrong | ((figures >= 1) & (figures <= method.absent)))


def _promise(model: Model, plan: Plan, figures: Ints, secret: bytes) -> Promise:
    method = plan.method
    if method is None:
        raise Invalid("DISCLOSURE_PLAN", key="method", found="suppress")
    hidden = np.zeros(model.cells, dtype=bool)
    rounds = isinstance(method, Rounding)
    return Promise(
        published=int(model.published.sum()),
        hidden=0,
        primary=int(small(model, plan.rules).sum()),
        secondary=0,
        slivers=0,
        protected=0,
        proven_whole=0,
        proven_linear=0,
        failed=0,
        width=0,
        upper_min=0,
        lower_max=None,
        attacker_lower=0,
        k=plan.rules.k,
        zeros=plan.rules.zeros.value,
        mask_sha256=mask_hash(model, hidden),
        relations_sha256=sparse_hash(model.relations),
        moves_sha256=sparse_hash(matrix((), model.cells)),
        solver="",
        method=method.name,
        sdc_method=method.mark,
        additive=rounds,
        base=method.base if isinstance(method, Rounding) else 0,
        figures_sha256=_hash(figures[model.published]),
        secret_sha256=fingerprint(secret),
        dimensions_sha256=_dimensions(plan),
    )


def _hash(figures: Ints) -> str:
    return hashlib.sha256(np.ascontiguousarray(figures, dtype="<i8").tobytes()).hexdigest()


def _dimensions(plan: Plan) -> str:
    """Return the hash of the columns that inner counts are told apart by.

    Inner counts of another table of the same people are rounded, or disturbed, another time.
    """
    told = "\x1e".join("\x1f".join((axis.name, *axis.levels)) for axis in plan.axes)
    return hashlib.sha256(told.encode()).hexdigest()


def recheck_figures(
    table: pa.Table, plan: Plan, published: pa.Table, claimed: Mapping[str, object], secret: bytes
) -> Recheck:
    """Return whether a perturbed table keeps what its certificate says.

    `table` holds the true inner counts. Every figure is judged by what the method allows, and is
    worked out anew from the secret.
    """
    found = protect(table, plan, secret=secret)
    if not isinstance(found, Perturbed) or plan.method is None:
        raise Invalid("DISCLOSURE_PLAN", key="method", found="suppress")
    model = found.model
    shown = found.figures.copy()
    places, values = places_of(model, published), published["obs_value"].to_pylist()
    shown[places] = [-1 if value is None else value for value in values]
    missing = np.setdiff1d(np.flatnonzero(model.published), places)
    wrong = np.union1d(unkept(model, plan.method, shown), np.flatnonzero(shown != found.figures))
    content = found.certificate.content()
    differs = tuple(name for name, value in content.items() if claimed.get(name) != value)
    unsound = np.union1d(wrong, missing)
    proof = Proof(shown, shown, unsound, np.zeros(0, dtype=np.int64))
    return Recheck(int(model.published.sum()), proof, differs)


def beside(found: Protected, others: Mapping[str, Mapping[str, object]]) -> None:
    """Raise Conflict where a table cannot stand beside others of the same people.

    `others` are their certificates, as they travel, by name.
    """
    for other in others.values():
        check_unmixed(found.certificate.content(), other)
