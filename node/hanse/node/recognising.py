"""Sums over indicators that no contract says and no dataset shows alone: the figures tell them.

Brackets in one dataset and their total in another: siblings by name that make up another indicator
row after row. Only totals of breakdowns are held against one another, in the newest periods.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from sqlmodel import Session

from hanse.areas.registry import Registry
from hanse.cube import encoding
from hanse.cube.cells import dimensions_of
from hanse.cube.codelist import TOTAL
from hanse.cube.indicator import Indicator
from hanse.cube.period import read_period
from hanse.cube.status import CellState
from hanse.node import ledger, union
from hanse.node.closing import adds_up
from hanse.node.intake.checks import sums
from hanse.node.intake.draft import Draft
from hanse.node.kin import Families, Family, Told
from hanse.node.ledger import HIDDEN, Held
from hanse.node.populations import Floats
from hanse.node.releases import derived

PERIODS = 2
"""In so many periods, the newest of the draft, figures are held against those of other datasets."""

ROWS_MIN = 3
"""So many different wholes must be the sum of their parts to call them so."""

EXACT = 1e-6
"""How far a sum of counts may lie from its whole."""

Series = dict[str, dict[str, float]]
"""By indicator and by area and period: the number."""


def held_of(session: Session, home: Path, draft: Draft, registry: Registry) -> Held:
    """Return what readers hold of what a draft speaks of, and of all that its figures add up to."""
    others = union.told(session, home)
    families = recognised(session, draft, registry, others)
    return union.held(session, draft.contract, others, families)


def recognised(
    session: Session, draft: Draft, registry: Registry, others: Sequence[Told]
) -> Families:
    """Return the sums that figures of a draft and of other datasets make up together."""
    own = {each.id for each in draft.contract.indicators if adds_up(each)}
    counts = _counts(others, own)
    pairs = [each for each in _candidates(own, set(counts)) if each[1]]
    if not pairs:
        return ()
    wanted = {code for members, wholes in pairs for code in (*members, *wholes)} - own
    periods = _periods(draft)
    other = tuple(counts[code] for code in sorted(wanted))
    told = replace(draft.contract, indicators=other)
    series = _loaded(draft, registry, periods)
    series |= _shown(ledger.load(session, told, periods=periods), wanted)
    every = sorted({key for each in series.values() for key in each})
    columns = {
        code: np.array([each.get(key, np.nan) for key in every]) for code, each in series.items()
    }
    return tuple(dict.fromkeys(_found(pairs, columns)))


def _counts(others: Sequence[Told], own: set[str]) -> dict[str, Indicator]:
    """Return the counts of other datasets, each as the newest release says it."""
    found: dict[str, Indicator] = {}
    for each in others:
        for one in each.contract.indicators:
            if one.id not in own and adds_up(one):
                found.setdefault(one.id, one)
    return found


def _candidates(own: set[str], other: set[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield siblings and what may be their whole, where these are not of one dataset alone."""
    for members, wholes in sums.candidates(sorted(own | other)):
        if len(members) < 2:
            continue
        mixed = not (set(members) <= own or set(members) <= other)
        if mixed:
            yield members, list(wholes)
        elif set(members) <= own:
            yield members, [each for each in wholes if each in other]
        else:
            yield members, [each for each in wholes if each in own]


def _periods(draft: Draft) -> tuple[str, ...]:
    """Return the newest periods of a draft."""
    every = pc.unique(draft.cells.column("period")).to_pylist()
    ordered = sorted(every, key=lambda each: (read_period(each).start_date, each))
    return tuple(ordered[-PERIODS:])


def _loaded(draft: Draft, registry: Registry, periods: Sequence[str]) -> Series:
    """Return the numbers of a draft and of the levels it is added up to, breakdowns apart."""
    plain = tuple(replace(each, formula=None) for each in draft.contract.indicators)
    contract = replace(draft.contract, indicators=plain)  # a formula of what is elsewhere adds up
    cells = derived.rolled_up(draft.cells, contract, registry)
    kept = encoding.one_of(encoding.encode(cells.column("period")), set(periods))
    for name in dimensions_of(cells.schema):
        kept = pc.and_(kept, encoding.one_of(encoding.encode(cells.column(name)), {TOTAL}))
    cells = cells.filter(kept)
    columns = [cells.column(name).to_pylist() for name in ("indicator", "level", "area", "period")]
    values, states = cells.column("value").to_pylist(), cells.column("state").to_pylist()
    found: Series = {}
    for code, level, area, period, value, state in zip(*columns, values, states, strict=True):
        if state == CellState.VALUE:
            found.setdefault(code, {})[f"{level}:{area}\t{period}"] = float(value)
    return found


def _shown(held: Held, wanted: set[str]) -> Series:
    """Return the numbers that readers hold of some indicators, breakdowns apart."""
    found: Series = {}
    for (_, period), cells in held.cells.items():
        for key, value in cells.items():
            code, _, area = key.partition("\t")
            if code in wanted and "\t" not in area and value != HIDDEN:
                found.setdefault(code, {})[f"{area}\t{period}"] = float(value)
    return found


def _found(
    pairs: Sequence[tuple[tuple[str, ...], list[str]]], columns: Mapping[str, Floats]
) -> Iterator[Family]:
    for members, wholes in pairs:
        if not all(member in columns for member in members):
            continue
        parts = np.stack([columns[member] for member in members])
        for whole in wholes:
            if whole in columns and _agrees(parts, columns[whole]):
                yield whole, members


def _agrees(parts: Floats, wholes: Floats) -> bool:
    """Say whether the parts make up their whole wherever all are known, and nowhere exceed it.

    Many parts are hidden, so few rows are whole: these must agree every one, and not be alike.
    """
    known = ~np.isnan(wholes)
    hidden, wholes = np.isnan(parts[:, known]), wholes[known]
    over = wholes - np.where(hidden, 0.0, parts[:, known]).sum(axis=0)
    clear = ~hidden.any(axis=0)
    off = (np.abs(over) > EXACT)[clear].sum() + (over < -EXACT)[~clear].sum()
    return bool(off == 0 and np.unique(wholes[clear & (wholes > 0)]).size >= ROWS_MIN)
