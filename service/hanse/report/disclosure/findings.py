"""Reads the facts of a report from what disclosure control made: counts, proofs, attacks, costs.

The one place of the reports that holds true values, and only to count them and class their size.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.errors import Invalid, Unavailable
from hanse.policies import disclosure
from hanse.policies.disclosure.dimension import Ints
from hanse.policies.disclosure.weighing import QUICK_CELLS
from hanse.report.disclosure import tally
from hanse.report.disclosure.facts import (
    Alternative,
    Change,
    Costly,
    Facts,
    Needy,
    Proof,
    Seen,
    Subject,
    Tally,
    Trial,
)

Tell = Callable[[str, float], None]

COSTLIEST = 10
SEEN_SHOWN, SEEN_HIDDEN = 2, 3
"""Rows of each kind that a report shows as its readers get them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report on a table is to hold: `by` is the dimension of areas, else the first one.

    `digest` is that of the table's bytes. A plan that perturbs needs the `secret`.
    """

    name: str
    made_at: datetime
    minima: tuple[int, ...] = ()
    by: str = ""
    digest: str = ""
    secret: bytes = b""


def of_table(table: pa.Table, plan: disclosure.Plan, asked: Asked, tell: Tell) -> Facts:
    """Return the facts of what a plan makes of a table; `tell` hears how far it is.

    Raises what protection raises.
    """
    if plan.method is not None:
        return _perturbed(disclosure.protect(table, plan, tell, secret=asked.secret), asked)
    found = disclosure.protect(table, plan, within(tell, 0.0, 0.35))
    cells = disclosure.account(found, asked.by)
    weighed = disclosure.weigh(table, plan, asked.minima, cells.num_rows, within(tell, 0.35, 0.85))
    alternatives = tuple(alternative(each) for each in weighed)
    tell("attack", 0.85)
    areas = tally.counted(cells, "area")
    rules = plan.rules
    told = (
        ("k", str(rules.k)),
        ("zeros", rules.zeros.value),
        ("width", str(rules.require.width)),
    )
    return Facts(
        subject=Subject(asked.name, asked.name, digest=asked.digest, rules=told),
        made_at=asked.made_at,
        whole=tally.whole(cells, asked.name),
        rules=tally.by_rule(cells),
        levels=tally.counted(cells, "level"),
        tables=tally.counted(cells, "table"),
        areas=tally.most_hidden(areas),
        areas_hit=sum(each.hidden > 0 for each in areas),
        value_share=tally.value_share(cells),
        costly=costly(found),
        needy=needy(found),
        alternatives=alternatives,
        quick=cells.num_rows > QUICK_CELLS,
        trials=(trial(asked.name, found),),
        proofs=(proof(asked.name, found.certificate),),
        seen=seen(disclosure.public(found)),
    )


def _perturbed(found: disclosure.Protected, asked: Asked) -> Facts:
    """Return the facts of a table of which nothing is hidden, for every figure is perturbed."""
    if not isinstance(found, disclosure.Perturbed):
        raise Invalid("DISCLOSURE_PLAN", key="method", found="suppress")
    cells, summary = disclosure.account(found, asked.by), found.certificate
    off = np.abs(found.figures - found.model.values)[found.model.published]
    return Facts(
        subject=Subject(
            asked.name, asked.name, digest=asked.digest, rules=(("method", summary.sdc_method),)
        ),
        made_at=asked.made_at,
        whole=Tally(asked.name, cells.num_rows),
        rules=(),
        levels=(),
        tables=(),
        areas=(),
        seen=seen(disclosure.public(found).drop_columns(["sdc_method"])),
        method=summary.sdc_method,
        changes=changes(cells["table"], off),
        certificate=(
            ("additive", str(summary.additive).lower()),
            ("figures_sha256", summary.figures_sha256),
            ("relations_sha256", summary.relations_sha256),
        ),
    )


def changes(names: pa.ChunkedArray, off: Ints) -> tuple[Change, ...]:
    """Return what perturbing changed by name: by how much each count is off stands in `off`."""
    encoded = names.combine_chunks().dictionary_encode()
    places, count = np.asarray(encoded.indices), len(encoded.dictionary)
    cells = np.bincount(places, minlength=count)
    changed = np.bincount(places, weights=(off > 0).astype(float), minlength=count)
    distance = np.bincount(places, weights=off.astype(float), minlength=count)
    most = np.zeros(count, dtype=np.int64)
    np.maximum.at(most, places, off)
    rows = zip(encoded.dictionary.to_pylist(), cells, changed, distance, most, strict=True)
    return tuple(
        Change(name, int(n), int(c), float(d) / max(int(n), 1), int(m)) for name, n, c, d, m in rows
    )


def within(tell: Tell, start: float, end: float) -> Tell:
    """Return how one of several works after each other tells how far it is."""
    return lambda stage, done: tell(stage, start + (end - start) * done)


def alternative(weighed: disclosure.Weighed) -> Alternative:
    """Return what other rules would hide."""
    rules, found = weighed.plan.rules, weighed.certificate
    if found is None:
        return Alternative(rules.k, rules.zeros.value, weighed.dropped, refused=weighed.refused)
    counts = (found.published, found.primary, found.secondary)
    return Alternative(rules.k, rules.zeros.value, weighed.dropped, *counts)


def trial(name: str, found: disclosure.Protected, *, attacked: bool = True) -> Trial:
    """Return what the attackers make of a protected table; nothing where it is not `attacked`.

    An attack that breaks down found nothing out, and says no more than one that was not made.
    """
    try:
        attack = disclosure.attacked(found) if attacked else None
    except (Invalid, Unavailable):
        attack = None
    if attack is None:
        summary = found.certificate
        return Trial(name, summary.hidden, summary.primary, None, None, None, summary.width)
    counts = (attack.determined, attack.exact, attack.narrow)
    return Trial(name, attack.hidden, attack.judged, *counts, attack.width)


def proof(name: str, summary: disclosure.Certificate, signed_by: str = "") -> Proof:
    """Return a certificate in short."""
    return Proof(
        population=name,
        protected=summary.protected,
        proven_whole=summary.proven_whole,
        proven_linear=summary.proven_linear,
        failed=summary.failed,
        width=summary.width,
        attacker_lower=summary.attacker_lower,
        mask_sha256=summary.mask_sha256,
        relations_sha256=summary.relations_sha256,
        solver=summary.solver,
        signed_by=signed_by,
    )


def costly(found: disclosure.Protected) -> tuple[Costly, ...]:
    """Return the greatest cells hidden only to protect others: their names and classes of size."""
    rows = disclosure.costliest(found, COSTLIEST).to_pylist()
    return tuple(Costly(_name(row, "value"), tally.magnitude(row["value"])) for row in rows)


def needy(found: disclosure.Protected) -> tuple[Needy, ...]:
    """Return the small cells whose protection leans on most others."""
    rows = disclosure.neediest(found, COSTLIEST).to_pylist()
    return tuple(Needy(_name(row, "needs"), int(row["needs"])) for row in rows)


def seen(public: pa.Table) -> tuple[Seen, ...]:
    """Return some rows as readers get them, shown ones and hidden ones, in their own order."""
    hidden = np.asarray(public["obs_status"].to_pylist()) == "Q"
    rows = [*np.flatnonzero(~hidden)[:SEEN_SHOWN], *np.flatnonzero(hidden)[:SEEN_HIDDEN]]
    chosen = public.take(pa.array(sorted(int(row) for row in rows), pa.int64()))
    measures = ("obs_value", "obs_status", "conf_status")
    return tuple(
        Seen(_name(row, *measures), *(row[name] for name in measures)) for row in chosen.to_pylist()
    )


def _name(row: Mapping[str, Any], *others: str) -> str:
    """Return a cell's codes as people write them: every column but the others."""
    codes: Sequence[str] = [str(code) for name, code in row.items() if name not in others]
    return " · ".join(codes)
