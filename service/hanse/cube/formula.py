"""Formulas over cells: one number per area, period and breakdown from those of other indicators.

Only formulas are stored, so new years follow by themselves. A hidden or unknown input makes the
result hidden or unknown. In a sum or difference an input that is empty or not applicable is passed
over; a product or quotient of such an input does not exist and has its state.

Our own choices, where Swing's documents are silent: dividing by zero, and the root of a negative
number, are not applicable (a share of nobody does not exist); `round` rounds halves away from zero
as a spreadsheet does; a result too large for a number is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import encoding, expression
from hanse.cube import grid as grids
from hanse.cube.grid import RANK, VALUE, Grid, Operand, settled
from hanse.cube.indicator import SourceThreshold
from hanse.cube.status import CellState
from hanse.errors import Invalid

_NO_THRESHOLDS: Mapping[str, SourceThreshold] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read: its text as written, and its tree."""

    text: str
    root: expression.Node

    @property
    def references(self) -> tuple[expression.Reference, ...]:
        """Every mention of an indicator, each way of mentioning it once."""
        found = (
            node
            for node in expression.nodes(self.root)
            if not isinstance(node, expression.Number | expression.Call | expression.Binary)
        )
        return tuple(dict.fromkeys(found))

    @property
    def inputs(self) -> frozenset[str]:
        """The indicators it needs, in lower case."""
        return frozenset(each.code for each in self.references)

    @property
    def anchors(self) -> frozenset[str]:
        """The indicators whose own cells say which cells the result has."""
        return frozenset(each.code for each in self.references if grids.anchors(each))


def parse(text: str) -> Formula:
    """Read a formula.

    Raises `Invalid`: FORMULA_SYNTAX, FORMULA_LIMIT, or FORMULA_ANCHOR where every code in it is
    shifted to another period, so that nothing says for which periods there is a result.
    """
    formula = Formula(text, expression.read(text))
    if not formula.anchors:
        raise Invalid("FORMULA_ANCHOR", text=text[:80])
    return formula


def in_order(formulas: Mapping[str, Formula]) -> tuple[str, ...]:
    """Return the codes such that every formula stands after those it uses; codes in lower case.

    Raises `Invalid` (FORMULA_CYCLE) where a formula needs itself, directly or through others.
    """
    waiting = {code: formulas[code].inputs & formulas.keys() for code in sorted(formulas)}
    done: list[str] = []
    while waiting:
        ready = [code for code, needed in waiting.items() if needed <= set(done)]
        if not ready:
            raise Invalid("FORMULA_CYCLE", codes=", ".join(list(waiting)[:5]))
        done += ready
        for code in ready:
            del waiting[code]
    return tuple(done)


def evaluate(
    formula: Formula,
    target: str,
    cells: pa.Table,
    thresholds: Mapping[str, SourceThreshold] = _NO_THRESHOLDS,
) -> pa.Table:
    """Return the cells of indicator `target` that a formula gives, in the shape of a draft.

    `cells` has the shape of a draft and holds the inputs; there is a result for every level, area,
    period and breakdown where one of the unshifted inputs has a cell. A formula that takes cells of
    cubes has results for the totals of every breakdown only. `thresholds` holds, by lower-case
    code, the supplier's threshold of every indicator that stands in `threshold(…)`.
    Raises `Invalid` (FORMULA_ITEM) for an item of a cube whose breakdown the cells do not have.
    """
    grid = grids.over(cells, formula.references, thresholds)
    result = _compute(formula.root, grid)
    return encoding.with_constants(
        grid.table(cells, target, result), {"source_sheet": f"= {formula.text}"}
    )


def _compute(node: expression.Node, grid: Grid) -> Operand:
    match node:
        case expression.Number(value):
            return grid.number(value)
        case expression.Binary(operator, left, right):
            return _binary(operator, _compute(left, grid), _compute(right, grid))
        case expression.Call(name, argument):
            return _call(name, _compute(argument, grid))
        case _:
            return grid.read(node)


def _binary(operator: expression.Operator, left: Operand, right: Operand) -> Operand:
    flags = pc.max_element_wise(left.flags, right.flags)
    if operator in "+-":
        combine = pc.add if operator == "+" else pc.subtract
        ranks = pc.max_element_wise(left.ranks, right.ranks)
        return settled(combine(left.values, right.values), ranks, flags)
    ranks = _product_ranks(left.ranks, right.ranks)
    if operator == "*":
        return settled(pc.multiply(left.values, right.values), ranks, flags)
    nobody = pc.and_(pc.equal(ranks, VALUE), pc.equal(right.values, 0.0))
    ranks = pc.if_else(nobody, RANK[CellState.NOT_APPLICABLE], ranks)
    return settled(pc.divide(left.values, right.values), ranks, flags)


def _product_ranks(left: pa.Array, right: pa.Array) -> pa.Array:
    """Return the higher rank of two, a number counting as lowest: it cannot make up for nothing."""
    lowest = pa.scalar(-1, pa.int8())
    sides = [pc.if_else(pc.equal(side, VALUE), lowest, side) for side in (left, right)]
    highest = pc.max_element_wise(*sides)
    return pc.if_else(pc.equal(highest, lowest), VALUE, highest)


def _call(name: expression.FunctionName, argument: Operand) -> Operand:
    if name == "negative":
        return replace(argument, values=pc.negate(argument.values))
    if name == "round":
        rounded = pc.round(argument.values, round_mode="half_towards_infinity")
        return replace(argument, values=rounded)
    impossible = pc.and_(pc.equal(argument.ranks, VALUE), pc.less(argument.values, 0.0))
    ranks = pc.if_else(impossible, RANK[CellState.NOT_APPLICABLE], argument.ranks)
    roots = pc.sqrt(pc.max_element_wise(argument.values, pa.scalar(0.0)))
    return settled(roots, ranks, argument.flags)
