"""What other rules, or coarser classes, would hide: the same table protected again and again.

A figure to weigh rules by, in seconds; nothing of it is ever published.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from hanse.errors import HanseError
from hanse.policies.disclosure.certificate import Certificate
from hanse.policies.disclosure.plan import Axis, Effort, Plan, Selection, Zeros
from hanse.policies.disclosure.progress import Progress, silent
from hanse.policies.disclosure.table import suppress

QUICK_CELLS = 5_000
"""A table with more published cells is weighed in one pass, without looking for cells to open."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A plan, the level it leaves out, and its certificate or the code of why there is none."""

    plan: Plan
    dropped: str
    certificate: Certificate | None
    refused: str = ""


def weigh(
    table: pa.Table, plan: Plan, minima: Sequence[int], cells: int, progress: Progress = silent
) -> Iterator[Weighed]:
    """Yield what the plan hides, then what it would with each change, all with equal effort.

    The changes: each of the `minima` instead of k, the other way to treat zeros, and each dimension
    without its finest level. `cells` says how large the table is.
    """
    effort = Effort.ONCE if cells > QUICK_CELLS else plan.rules.effort
    base = replace(plan, rules=replace(plan.rules, effort=effort))
    changed = [(base, ""), *_rules(base, minima), *_coarser(base)]
    for number, (each, dropped) in enumerate(changed):
        progress("weigh", number / len(changed))
        try:
            found = suppress(_fitting(table, each), each)
        except HanseError as fault:
            yield Weighed(each, dropped, None, fault.code)
        else:
            yield Weighed(each, dropped, found.certificate)


def _rules(plan: Plan, minima: Sequence[int]) -> list[tuple[Plan, str]]:
    rules = plan.rules
    shown = rules.zeros is Zeros.PUBLISH
    zeros = Zeros.SUPPRESSIBLE if shown else Zeros.PUBLISH
    others = [replace(rules, k=k) for k in minima if k != rules.k]
    others.append(replace(rules, zeros=zeros, attacker_lower=int(not shown)))
    return [(replace(plan, rules=each), "") for each in others]


def _coarser(plan: Plan) -> Iterator[tuple[Plan, str]]:
    """Yield the plan without the finest level of each dimension that has more than one."""
    for number, axis in enumerate(plan.axes):
        if len(axis.levels) > 1:
            finest, *rest = axis.levels
            axes = list(plan.axes)
            axes[number] = Axis(axis.name, tuple(rest), axis.total)
            coarser = replace(
                plan,
                axes=tuple(axes),
                cubes=_without(plan.cubes, axis.name, finest),
                always_shown=_without(plan.always_shown, axis.name, finest),
                preferred=_without(plan.preferred, axis.name, finest),
            )
            yield coarser, finest


def _without(selections: Sequence[Selection], name: str, level: str) -> tuple[Selection, ...]:
    """Return the selections without a level; one that has no other level is gone."""
    kept = []
    for selection in selections:
        levels = tuple(each for each in selection.get(name, ()) if each != level)
        if levels or name not in selection:
            kept.append({**selection, **({name: levels} if levels else {})})
    return tuple(kept)


def _fitting(table: pa.Table, plan: Plan) -> pa.Table:
    """Return the table added up to the finest levels that are left."""
    names = [level for axis in plan.axes for level in axis.levels]
    if not {plan.value, *names} <= set(table.column_names):
        return table  # protection says which column is missing
    sums = table.group_by(names, use_threads=False).aggregate([(plan.value, "sum")])
    return sums.rename_columns([*names, plan.value])
