"""Parts to wholes by each indicator's own rule: over areas, over a breakdown, over periods.

sum            the parts are added up; the state of the whole follows the status algebra
weighted mean  through its formula, its numerator and denominator, or its weight, in that order;
               a part without a number but with weight makes the whole unknown
none           copied where the territory is the same, unknown elsewhere; never a mean of medians

A part that has no row at all is passed over, as a cell that is empty is: whoever needs a whole to
be complete checks that every part is there. (Sources: Swing's aggregation rules; the rules for
recalculation between vintages are our own.)
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import encoding, parts
from hanse.cube import grid as grids
from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.codelist import TOTAL, Codelist
from hanse.cube.expression import Binary, Series
from hanse.cube.formula import Formula, evaluate, in_order
from hanse.cube.grid import RANK, VALUE, Operand
from hanse.cube.indicator import Indicator
from hanse.cube.parts import Link, Links
from hanse.cube.rule import Plan, Rule, computable, plan, thresholds
from hanse.cube.status import CellState


def roll_up(
    cells: pa.Table,
    indicators: Sequence[Indicator],
    correspondence: pa.Table,
    from_level: str,
    to_level: str,
) -> pa.Table:
    """Return the cells of `to_level` computed from those of `from_level`, in the shape of a draft.

    `correspondence` has the columns `child` and `parent`, and may have `type` (identity, aggregate,
    split, no_match) and `share`; without them an only child is the same territory. Where it has
    `needed`, a whole is unknown for an indicator that has no cell at all in a needed part of it.
    Formulas take loaded cells of `to_level` before computed ones. The result holds computed cells
    only, also where one was loaded: `complete` says which counts. `source_sheet` names both levels.
    """
    links, unfed = parts.area_links(correspondence)
    finer = at_level(cells, from_level)
    how = plan({each.id: each.aggregate_geo for each in indicators}, indicators, _present(cells))
    moved = _of(finer, frozenset(how.rules) - how.of(Rule.FORMULA))
    wholes = pa.concat_tables(
        [_aggregated(finer, indicators, how, "area", links), parts.unknown(moved, "area", unfed)]
    )
    wholes = parts.spoiled(wholes, _incomplete(moved, parts.needed_children(correspondence)))
    origin = {"level": to_level, "source_sheet": f"{from_level} → {to_level}"}
    computed = encoding.with_constants(wholes, origin)
    return _with_formulas(at_level(cells, to_level), computed, how)


def total(
    cells: pa.Table, indicators: Sequence[Indicator], dimension: str, codes: Codelist
) -> pa.Table:
    """Return the computed totals of a breakdown: for every code that has parts, and for all.

    Each indicator follows its rule for breakdowns. Parts are the codes that have no parts of their
    own. The result holds computed cells only, also where a total was loaded.
    """
    links = _code_links(codes)
    how = plan(
        {each.id: each.aggregate_breakdown for each in indicators}, indicators, _present(cells)
    )
    wholes = _aggregated(cells, indicators, how, dimension, links)
    computed = encoding.with_constants(wholes, {"source_sheet": f"Σ {dimension}"})
    wholes_loaded = {link.whole for each in links.values() for link in each}
    column = encoding.encode(cells.column(dimension))
    return _with_formulas(cells.filter(encoding.one_of(column, wholes_loaded)), computed, how)


def derive(cells: pa.Table, indicators: Sequence[Indicator]) -> pa.Table:
    """Return the cells, completed with those of every formula whose inputs have cells."""
    formulas = computable(indicators, _present(cells))
    how = Plan({}, formulas, thresholds(indicators))
    return complete(cells, _with_formulas(cells, cells.slice(0, 0), how))


def complete(loaded: pa.Table, computed: pa.Table) -> pa.Table:
    """Return all loaded cells, then those computed cells for whose key nothing was loaded."""
    names = key_columns(dimensions_of(loaded.schema))
    computed = computed.select(loaded.column_names).cast(loaded.schema)
    both = pa.concat_tables([loaded, computed])
    keys = encoding.keys([encoding.encode(both.column(name)) for name in names], both.num_rows)
    known, asked = keys.slice(0, loaded.num_rows), keys.slice(loaded.num_rows)
    new = pc.invert(pc.is_in(asked, value_set=known))
    return pa.concat_tables([loaded, computed.filter(new)])


def at_level(cells: pa.Table, level: str) -> pa.Table:
    """Return the cells of one level."""
    return cells.filter(encoding.one_of(encoding.encode(cells.column("level")), {level}))


def uncovered(cells: pa.Table, correspondence: pa.Table, from_level: str) -> tuple[str, ...]:
    """Return the areas that have cells but lie in no parent: what a roll-up would lose."""
    links, _ = parts.area_links(correspondence)
    areas = encoding.encode(at_level(cells, from_level).column("area"))
    return tuple(sorted(encoding.texts(areas) - links.keys()))


def _present(cells: pa.Table) -> frozenset[str]:
    return encoding.texts(encoding.encode(cells.column("indicator")))


def _of(cells: pa.Table, codes: frozenset[str]) -> pa.Table:
    return cells.filter(encoding.one_of(encoding.encode(cells.column("indicator")), codes))


def _incomplete(
    cells: pa.Table, needed: Mapping[str, frozenset[str]]
) -> Mapping[str, frozenset[str]]:
    """Return, by indicator, the wholes that lack every cell of a part they need."""
    found: dict[str, frozenset[str]] = {}
    for code in _present(cells) if needed else ():
        loaded = encoding.texts(encoding.encode(_of(cells, frozenset({code})).column("area")))
        found[code] = frozenset(whole for whole, own in needed.items() if not own <= loaded)
    return found


def _code_links(codes: Codelist) -> Links:
    parents = {code.id: code.parent for code in codes.codes}
    inner = set(parents.values()) | {TOTAL}
    links: dict[str, tuple[Link, ...]] = {}
    for leaf in parents.keys() - inner:
        above: list[str] = []
        code = parents[leaf]
        while code is not None and code not in {TOTAL, *above}:
            above.append(code)
            code = parents.get(code)
        links[leaf] = tuple(Link(whole) for whole in (*above, TOTAL))
    return links


def _aggregated(
    cells: pa.Table, indicators: Sequence[Indicator], how: Plan, column: str, links: Links
) -> pa.Table:
    tables = [
        parts.summed(_of(cells, how.of(Rule.SUM)), column, links),
        parts.copied(_of(cells, how.of(Rule.NONE)), column, links),
    ]
    weights = {each.id: each.weight or "" for each in indicators}
    tables += [
        _weighted(cells, code, weights[code], column, links)
        for code in sorted(how.of(Rule.WEIGHTED))
    ]
    return pa.concat_tables(tables).unify_dictionaries()


def _weighted(cells: pa.Table, code: str, weight: str, column: str, links: Links) -> pa.Table:
    """Return Σ(value · weight) / Σ weight of the wholes."""
    value, weighing = Series(code), Series(weight)
    grid = grids.over(cells, (value, weighing), {})
    ranks = _weighted_ranks(grid.read(value), grid.read(weighing))
    flags = grid.read(value).flags
    weights = grid.read(weighing).values
    products = pc.multiply(grid.read(value).values, weights)
    numerator = grid.table(cells, code, Operand(products, ranks, flags))
    denominator = grid.table(cells, f"weight of {code}", Operand(weights, ranks, flags))
    sums = [parts.summed(each, column, links) for each in (numerator, denominator)]
    mean = Formula("", Binary("/", value, Series(f"weight of {code}")))
    return evaluate(mean, code, pa.concat_tables(sums).unify_dictionaries())


def _weighted_ranks(value: Operand, weight: Operand) -> pa.Array:
    """Return the state of each part of a weighted mean.

    Poison on either side is poison. What is not applicable counts for nothing, its weight neither.
    A value without a weight, or a weight without a value, makes the mean unknown.
    """
    known = RANK[CellState.UNKNOWN]
    poison = pc.max_element_wise(value.ranks, weight.ranks)
    weighed = pc.and_(pc.equal(weight.ranks, VALUE), pc.greater(weight.values, 0.0))
    valued = pc.equal(value.ranks, VALUE)
    unpaired = pc.or_(
        pc.and_(valued, pc.not_equal(weight.ranks, VALUE)),
        pc.and_(pc.equal(value.ranks, RANK[CellState.EMPTY]), weighed),
    )
    whole = pc.if_else(unpaired, known, value.ranks)
    return pc.if_else(pc.greater(poison, VALUE), poison, whole)


def _with_formulas(loaded: pa.Table, computed: pa.Table, how: Plan) -> pa.Table:
    """Return the computed cells and those of the formulas over them, loaded cells going first."""
    pool = complete(loaded, computed)
    tables = [computed]
    for code in in_order(how.formulas):
        found = evaluate(how.formulas[code], code, pool, how.thresholds)
        pool = complete(pool, found)
        tables.append(found)
    return pa.concat_tables([each.cast(computed.schema) for each in tables]).unify_dictionaries()
