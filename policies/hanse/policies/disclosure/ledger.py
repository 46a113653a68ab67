"""What was ever shown of a population, and protection against the union of it all.

A ledger is a value: cell -> the number shown, or None for hidden, over every release to anyone.
Whoever keeps it (append-only, one per population and period) hands it in; a new release, breakdown
or zoning is then judged together with everything the readers already hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from hanse.errors import Conflict, Invalid
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.model import Model
from hanse.policies.disclosure.perturbation import protect
from hanse.policies.disclosure.plan import Plan
from hanse.policies.disclosure.protection import Demand, Perturbed, Protected, is_small, secure
from hanse.policies.disclosure.table import demand_of, model_of
from hanse.policies.method import SUPPRESS, check_unmixed

Key = tuple[str, ...]
"""One code per dimension, in the order of the plan."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every cell of a population that ever left the house, by its codes.

    `cells` is what was last shown of each. Where releases changed figures, `editions` are the
    tables that were different, oldest first, the last one being the last that was shown. `told` is
    the certificate of the last one as it travels, None where everything out was exact or hidden.
    """

    cells: Mapping[Key, float | None] = field(default_factory=lambda: MappingProxyType({}))
    editions: tuple[Mapping[Key, float | None], ...] = ()
    told: Mapping[str, object] | None = None

    def joined(self, shown: Mapping[Key, float | None]) -> "Ledger":
        """Return the ledger once a release has shown these cells (None: as hidden)."""
        editions = self.editions or ((self.cells,) if self.cells else ())
        if editions and not _changed(editions[-1], shown):
            editions = (*editions[:-1], MappingProxyType({**editions[-1], **shown}))
        else:
            editions = (*editions, MappingProxyType(dict(shown)))
        return Ledger(MappingProxyType({**self.cells, **shown}), editions, self.told)

    def after(self, protected: Protected) -> "Ledger":
        """Return the ledger once a protected table has been published."""
        cells = dict(self.cells)
        cells.update(zip(keys_of(protected.model), _shown(protected), strict=True))
        perturbed = isinstance(protected, Perturbed)
        told = protected.certificate.content() if perturbed else self.told
        return Ledger(MappingProxyType(cells), (), told)


def _changed(before: Mapping[Key, float | None], shown: Mapping[Key, float | None]) -> bool:
    """Say whether a table shows another number, or none, where there was one."""
    return any(before.get(key) is not None and before[key] != value for key, value in shown.items())


def _shown(protected: Protected) -> list[int | None]:
    cells = np.flatnonzero(protected.model.published)
    told = protected.figures if isinstance(protected, Perturbed) else protected.model.values
    values = told[cells].tolist()
    hidden = protected.hidden[cells].tolist()
    return [None if gone else value for value, gone in zip(values, hidden, strict=True)]


def keys_of(model: Model) -> list[Key]:
    """Return the codes of every published cell, in the order of the cells."""
    places = model.keys(np.flatnonzero(model.published))
    columns = [
        [dimension.codes[place] for place in column.tolist()]
        for dimension, column in zip(model.dimensions, places, strict=True)
    ]
    return list(zip(*columns, strict=True))


def protect_next(table: pa.Table, plan: Plan, ledger: Ledger, *, secret: bytes = b"") -> Protected:
    """Return a table protected together with all that was shown before.

    What was shown with its present value stays shown; what was hidden stays hidden. A revised value
    is judged anew. The result holds every cell that ever left, whatever this plan shows. Raises
    Conflict where a cell that is out already is now to be hidden, or where what is out reveals one,
    and where exact and perturbed figures, or two perturbations, would stand side by side.
    """
    if plan.method is not None:
        return _perturbed_next(protect(table, plan, secret=secret), ledger)
    if ledger.told is not None:
        check_unmixed({"method": SUPPRESS}, ledger.told)
    model = model_of(table, plan)
    return secure(*with_ledger(model, demand_of(model, plan), ledger))


def _perturbed_next(found: Protected, ledger: Ledger) -> Protected:
    """Return a perturbed table that readers may set beside what they hold.

    Inner counts are rounded together, so a revised one changes others too: a figure that was shown
    rounded is never shown otherwise. Noise is drawn cell by cell, and may follow a revision.
    """
    promise = found.certificate.content()
    if ledger.cells:
        check_unmixed(promise, ledger.told or {"method": SUPPRESS})
    if promise["additive"]:
        shown = zip(keys_of(found.model), _shown(found), strict=True)
        lost = [key for key, value in shown if ledger.cells.get(key, value) != value]
        if lost:
            raise Conflict("DISCLOSURE_LEDGER", cell=" · ".join(lost[0]), count=len(lost))
    return found


def with_ledger(model: Model, asked: Demand, ledger: Ledger) -> tuple[Model, Demand]:
    """Return the model with every cell that ever left, and the demand that respects what did."""
    cells = _cells(model, ledger)
    values = np.array([-1 if v is None else v for v in ledger.cells.values()], dtype=np.int64)
    same = values == model.values[cells]
    shown, kept = asked.shown.copy(), asked.kept.copy()
    published = model.published.copy()
    out = cells[same]
    shown[out] = True
    kept[cells[values < 0]] = True
    published[cells] = True
    primary = asked.primary | (published & ~shown & is_small(model.values, asked.rules))
    lost = np.flatnonzero(shown & asked.primary)
    if lost.size:
        cell = model.name(int(lost[0]))
        raise Conflict("DISCLOSURE_LEDGER", cell=cell, count=int(lost.size))
    joined = replace(model, published=published)
    return joined, replace(asked, primary=primary, shown=shown, kept=kept & ~shown)


def _cells(model: Model, ledger: Ledger) -> Ints:
    """Return the place of every cell of a ledger; a code that is gone cannot be judged."""
    columns = list(zip(*ledger.cells, strict=True)) or [() for _ in model.dimensions]
    places = []
    for dimension, column in zip(model.dimensions, columns, strict=True):
        place = {code: number for number, code in enumerate(dimension.codes)}
        gone = sorted(set(column) - place.keys())
        if gone:
            raise Invalid(
                "DISCLOSURE_CODE_UNKNOWN", dimension=dimension.name, level="", code=gone[0]
            )
        places.append(np.array([place[code] for code in column], dtype=np.int64))
    return np.asarray(np.ravel_multi_index(tuple(places), model.shape), dtype=np.int64)


def protect_nested(table: pa.Table, plans: Sequence[Plan]) -> tuple[Protected, ...]:
    """Return one protected table per plan, loosest first; each hides all that those before it hide.

    So whoever pools them holds what the first one shows, and no more. Raises Conflict where one of
    them perturbs: exact figures beside perturbed ones cannot be nested.
    """
    for plan in plans:
        if plan.method is not None:
            check_unmixed({"method": SUPPRESS}, {"method": plan.method.name})
    found: list[Protected] = []
    for plan in plans:
        model = model_of(table, plan)
        asked = demand_of(model, plan)
        kept = found[-1].hidden.copy() if found else asked.kept
        found.append(secure(model, replace(asked, kept=kept)))
    return tuple(found)
