"""Answers PxWeb questions: lists tables a reader may see, and cuts dense cubes out of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from hanse.cube.cells import protected_schema
from hanse.cube.cleared import Cleared, scrub
from hanse.cube.query import PeriodWindow, Query
from hanse.dialects import jsonstat
from hanse.dialects.edition import Edition, slug_of_table
from hanse.dialects.jsonstat import INDICATOR, REF_AREA, TIME_PERIOD, Axis, Filled
from hanse.dialects.pxweb import selection
from hanse.dialects.pxweb.selection import Chosen
from hanse.dialects.pxweb.tables import MAX_CELLS, Table
from hanse.errors import NotFound, Refused
from hanse.node.answer import Answer
from hanse.node.readers import Reader, edition, editions
from hanse.node.running import Node

ROOT: Final = "/px/v2"
PAGE_SIZE: Final = 20
PAGE_SIZE_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class Found:
    """A table with the whole cube that it may be chosen from."""

    table: Table
    cube: tuple[Axis, ...]

    @property
    def entry(self) -> dict[str, Any]:
        """Return the table as lists have it."""
        return self.table.entry(self.cube)


@dataclass(frozen=True, slots=True)
class Cut:
    """What was chosen of a table, with the answer of the door about it."""

    table: Table
    cube: tuple[Axis, ...]
    answer: Answer
    query: Query

    @property
    def cells(self) -> Iterator[Cleared]:
        """Yield the cells; they may be read once."""
        return iter(self.answer.pieces or ())

    def filled(self) -> Filled:
        """Return the dense cube of the cells."""
        return jsonstat.filled(self.cells, self.cube)


def every(node: Node, reader: Reader, lang: str) -> Iterator[Found]:
    """Yield every table that a reader may see, by dataset and level."""
    for each in editions(node, reader):
        for level in each.areas:
            yield _found(node, each, level, lang)


def search(node: Node, reader: Reader, lang: str, wanted: str) -> list[Found]:
    """Return the tables whose id or label has every word that is wanted."""
    words = wanted.lower().split()
    found = every(node, reader, lang)
    return [each for each in found if all(word in _text(each.table) for word in words)]


def _text(table: Table) -> str:
    return f"{table.id} {table.label}".lower()


def one(node: Node, reader: Reader, table_id: str, lang: str) -> Found:
    """Return a table by its id; raises what the door raises, `NotFound` for no such level."""
    whole = edition(node, reader, slug_of_table(table_id))
    level = whole.level_of(table_id.upper())
    if level is None:
        raise NotFound("NOT_FOUND")
    return _found(node, whole, level, lang)


def _found(node: Node, whole: Edition, level: str, lang: str) -> Found:
    root = f"{node.settings.resource}{ROOT}"
    return Found(Table(whole, level, lang, root), jsonstat.axes(whole, level, lang))


def cut(node: Node, reader: Reader, found: Found, chosen: Chosen) -> Cut:
    """Return what is chosen of a table.

    Raises `Refused` (PXWEB_LARGE) for a cube of more cells than one answer may have: counted before
    anything is made.
    """
    cube = selection.select(found.cube, chosen)
    count = jsonstat.size(cube)
    if count > MAX_CELLS:
        raise Refused("PXWEB_LARGE", count=count, limit=MAX_CELLS, table=found.table.id)
    query = _query(found, cube)
    answer = node.door.answer(reader.principal, query, reader.purpose, reader.form)
    return Cut(found.table, cube, answer, query)


def together(cut: Cut) -> Cleared:
    """Return the cells of a cut as one table: there are never more than one answer may have."""
    parts = [each.table for each in cut.cells]
    return scrub(pa.concat_tables(parts)) if parts else scrub(_nothing(cut))


def _nothing(cut: Cut) -> pa.Table:
    dimensions = [axis.id for axis in cut.cube if axis.id not in _FIXED]
    schema = protected_schema(dimensions, sampled=cut.table.edition.sampled)
    return schema.empty_table()


def _query(found: Found, cube: tuple[Axis, ...]) -> Query:
    codes = {axis.id: frozenset(axis.codes) for axis in cube}
    chosen = [each for each in found.table.edition.periods if str(each) in codes[TIME_PERIOD]]
    breakdowns: Mapping[str, frozenset[str]] = MappingProxyType(
        {name: held for name, held in codes.items() if name not in _FIXED}
    )
    return Query(
        dataset=found.table.edition.slug,
        indicators=frozenset(code.lower() for code in codes[INDICATOR]),
        levels=frozenset({found.table.level}),
        areas=codes[REF_AREA],
        periods=PeriodWindow.over(chosen),
        breakdowns=breakdowns,
        release=found.table.edition.release,
        permitted_only=True,
    )


_FIXED: Final = frozenset({INDICATOR, REF_AREA, TIME_PERIOD})
