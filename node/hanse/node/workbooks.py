"""Swing workbooks of a release for a partner: the cells a protocol opens, in Swing's own form."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from hanse.areas.level import to_swing
from hanse.cube.cells import protected_schema
from hanse.cube.cleared import scrub
from hanse.cube.query import Query
from hanse.dialects.swing import marking
from hanse.dialects.swing.release import render
from hanse.errors import Refused
from hanse.node.answer import Answer
from hanse.node.readers import Reader, edition
from hanse.node.running import Node

CELLS_MAX: Final = 2_000_000
"""How many cells one workbook has: it is made whole, in memory."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook with the answer of the door it was made of."""

    content: bytes
    answer: Answer


def workbook(node: Node, reader: Reader, query: Query, prefix: str, exchange: str = "") -> Workbook:
    """Return the cells that are asked for as a workbook; without a prefix, that of the house.

    Raises what the door raises, `Refused` (SWING_LARGE), and what `marking` raises.
    """
    chosen = marking.prefix_of(prefix) if prefix else marking.of_agency(node.settings.agency)
    found = edition(node, reader, query.dataset, query.release)
    answer = node.door.answer(
        reader.principal, query, reader.purpose, reader.form, exchange=exchange
    )
    if answer.rows > CELLS_MAX:
        raise Refused("SWING_LARGE", count=answer.rows, limit=CELLS_MAX)
    dimensions = [each.id for each in found.dimensions]
    empty = protected_schema(dimensions, sampled=found.sampled).empty_table()
    parts = [cleared.table for cleared in answer.pieces or ()]
    cells = scrub(pa.concat_tables(parts) if parts else empty)
    opened = answer.extent.indicators or frozenset()
    indicators = marking.marked([e for e in found.indicators if e.id in opened], chosen)
    levels = {level: to_swing(level) for level in found.areas}
    return Workbook(render(cells, indicators, found.dimensions, levels), answer)
