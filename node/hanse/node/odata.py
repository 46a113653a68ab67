"""Answers OData questions: pages of rows, wide or in the layout of CBS, each decided anew."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.query import PeriodWindow, Query
from hanse.dialects.edition import Edition
from hanse.dialects.odata import documents, narrowing, rows
from hanse.dialects.odata import filter as filters
from hanse.dialects.odata.options import Options
from hanse.dialects.odata.rows import VALUE, Rows, in_full
from hanse.errors import Invalid
from hanse.node import continuing
from hanse.node.answer import Answer
from hanse.node.readers import Reader
from hanse.node.running import Node

SORTED_MAX: Final = 1_000_000
"""How many rows are sorted for one answer."""


Numbers = np.ndarray[Any, np.dtype[np.int64]]

CodeOf = tuple[str, Callable[[str], str]]
"""The axis a property is of, and how its text becomes our code."""


class TooMuch(Invalid):
    """More rows than one answer may sort or count."""


@dataclass(frozen=True, slots=True)
class Source:
    """A set of rows: its layout, its address, how long a page is, and how it is ordered.

    `codes` says, per property that is a code of the cube, which axis it is of and how its text
    becomes our code. `values_first` puts rows with a value before those without. `within` and
    `window` are what the address itself says of axes and periods; `refine` narrows a question by
    what was answered (the newest period there is).
    """

    rows: Rows
    level: str | None
    address: str
    page_rows: int
    codes: Mapping[str, CodeOf]
    values_first: bool = False
    within: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    window: PeriodWindow | None = None
    refine: Callable[[Answer, Options], Options] | None = None


@dataclass(slots=True)
class Page:
    """One page: the tables of its rows, where the next one begins, and how many rows there are."""

    tables: list[pa.Table] = field(default_factory=list)
    next_link: str = ""
    count: int | None = None
    answer: Answer | None = None


def page(node: Node, reader: Reader, source: Source, options: Options) -> Page:
    """Return one page of rows; raises the words of the door, and `continuing.Stale`."""
    question = f"{source.address}?{options.said}"
    state: Mapping[str, Any] = {"row": 0, "phase": 0, "left": options.top, "skip": options.skip}
    release = source.rows.edition.release
    if options.token:
        state = continuing.unseal(node, reader, question, options.token)
        release = str(state["release"])
    answer = _answer(node, reader, source, options, release)
    if answer is None:
        return Page(count=0 if options.count else None)
    if source.refine is not None:
        options = source.refine(answer, options)
    count = _count(answer, source, options) if options.count else None
    wanted = source.page_rows if state["left"] is None else min(source.page_rows, state["left"])
    if options.order:
        walk = _sorted(answer, source, options)
    else:
        walk = _stored(answer, source, options, wanted)
        state = _passed(answer, source, options, state)
    tables, then = _taken(walk, state, wanted)
    left = None if state["left"] is None else state["left"] - sum(t.num_rows for t in tables)
    found = Page(tables, count=count, answer=answer)
    if then is not None and (left is None or left > 0):
        going = {**then, "left": left, "skip": 0, "release": release}
        token = continuing.seal(node, reader, answer.permit.protocol, question, going)
        found.next_link = _address(node, source, options, token)
    return found


Rowed = tuple[int, pa.Table, Numbers]
"""A phase, some rows of it, and the number of each: what a next page starts from."""

Walk = Callable[[int, int], Iterator[Rowed]]
"""From a phase and a row on: the rows that are meant."""


def _answer(
    node: Node, reader: Reader, source: Source, options: Options, release: str
) -> Answer | None:
    """Return the answer of the door to as much of the question as codes can say."""
    edition = source.rows.edition
    wanted = narrowing.codes(options.filter) if options.filter else {}
    axes: dict[str, frozenset[str]] = dict(source.within)
    for name, texts in wanted.items():
        if name in source.codes:
            axis, ours = source.codes[name]
            found = frozenset(ours(text) for text in texts) & _held(edition, axis, source)
            axes[axis] = found & axes.get(axis, found)
            if not axes[axis]:
                return None
    levels = axes.get("level", frozenset({source.level} if source.level else ()))
    query = Query(
        dataset=edition.slug,
        indicators=axes.get("indicator"),
        levels=levels or None,
        areas=_areas(edition, axes.get("area"), levels),
        periods=source.window,
        breakdowns=MappingProxyType(
            {each.id: axes[each.id] for each in edition.dimensions if each.id in axes}
        ),
        release=release,
        permitted_only=True,
    )
    if query.areas is not None and not query.areas:
        return None
    return node.door.answer(reader.principal, query, reader.purpose, reader.form)


def _held(edition: Edition, axis: str, source: Source) -> frozenset[str]:
    if axis == "indicator":
        return frozenset(each.id for each in edition.indicators)
    if axis == "level":
        return frozenset(edition.areas)
    if axis == "area":
        levels = [source.level] if source.level else list(edition.areas)
        return frozenset(area.code for level in levels for area in edition.areas[level])
    dimension = next(each for each in edition.dimensions if each.id == axis)
    return frozenset(code.id for code in dimension.codelist.codes)


def _areas(
    edition: Edition, areas: frozenset[str] | None, levels: frozenset[str]
) -> frozenset[str] | None:
    """Return the areas that stand at the levels chosen; the door refuses others by name."""
    if areas is None:
        return None
    held = (a.code for level in levels or edition.areas for a in edition.areas[level])
    return areas & frozenset(held)


def _stored(answer: Answer, source: Source, options: Options, wanted: int) -> Walk:
    """Return the walk in the order of storage; with `values_first` a second time for the others.

    Rows of a page that nothing is left out of are made for that page alone.
    """
    assert answer.pieces is not None  # noqa: S101 a dialect is answered in pieces
    pieces = answer.pieces.coded()
    shorter = 0 if options.filter is not None else wanted + wanted // 8 + 1

    def all_rows(row: int) -> Iterator[tuple[pa.Table, Numbers]]:
        for first, cleared in pieces.after(row, shorter):
            table = source.rows.table(cleared)
            numbers = np.arange(first, first + cleared.rows)
            yield _valued(table, numbers) if source.values_first else (table, numbers)

    def without_value(row: int) -> Iterator[tuple[pa.Table, Numbers]]:
        for numbers, cleared in pieces.unnumbered(row):
            yield source.rows.table(cleared), numbers

    def walk(phase: int, row: int) -> Iterator[Rowed]:
        phases = (all_rows, without_value) if source.values_first else (all_rows,)
        for place, held in enumerate(phases[phase:], phase):
            for table, numbers in held(row if place == phase else 0):
                yield place, *_chosen(table, numbers, options)

    return walk


def _valued(table: pa.Table, numbers: Numbers) -> tuple[pa.Table, Numbers]:
    """Return the rows with a value."""
    mask = pc.is_valid(table.column(VALUE))
    return table.filter(mask), numbers[mask.to_numpy()]


def _chosen(table: pa.Table, numbers: Numbers, options: Options) -> tuple[pa.Table, Numbers]:
    """Return the rows that are meant."""
    if options.filter is None:
        return table, numbers
    mask = filters.mask(options.filter, table)
    return table.filter(mask), numbers[mask.to_numpy()]


def _passed(
    answer: Answer, source: Source, options: Options, state: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return where a walk starts that passes some rows by without reading them."""
    skip = int(state["skip"])
    if not skip or options.filter is not None or answer.pieces is None:
        return state
    if not source.values_first:
        return {**state, "row": int(state["row"]) + skip, "skip": 0}
    row, left = answer.pieces.numbered(skip)
    return {**state, "row": row, "skip": left}


_ASCENDING: Final = ("ascending", "at_start")
_DESCENDING: Final = ("descending", "at_end")
"""What is missing comes before all that is not (OData 4.0, part 1, 11.2.5.2)."""


def _sorted(answer: Answer, source: Source, options: Options) -> Walk:
    """Return the walk in an order that was asked for: everything that is meant, sorted at once."""

    def walk(_: int, row: int) -> Iterator[Rowed]:
        if answer.rows > SORTED_MAX:
            raise TooMuch("ODATA_SORTED", count=answer.rows, limit=SORTED_MAX)
        tables = [source.rows.table(cleared) for cleared in answer.pieces or ()]
        kept = [in_full(table.filter(_meant(table, options))) for table in tables]
        if not kept:
            return
        whole = pa.concat_tables(kept)
        keys = [_DESCENDING if each.descending else _ASCENDING for each in options.order]
        told = [(each.name, *key) for each, key in zip(options.order, keys, strict=True)]
        order = pc.sort_indices(whole, sort_keys=[*told, ("Id", *_ASCENDING)])
        rest = whole.take(order.slice(row))
        yield 0, rest, np.arange(row, row + rest.num_rows)

    return walk


def _meant(table: pa.Table, options: Options) -> pa.ChunkedArray:
    if options.filter is None:
        return pa.chunked_array([pa.repeat(pa.scalar(True), table.num_rows)])
    return filters.mask(options.filter, table)


def _taken(
    walk: Walk, state: Mapping[str, Any], wanted: int
) -> tuple[list[pa.Table], dict[str, int] | None]:
    """Return the rows of a page, and where the next begins; None where this one is the last."""
    tables: list[pa.Table] = []
    skip, left = int(state["skip"]), wanted
    for phase, table, numbers in walk(int(state["phase"]), int(state["row"])):
        passed = min(skip, table.num_rows)
        skip -= passed
        mine = table.slice(passed)
        if not mine.num_rows:
            continue
        if left:
            tables.append(mine.slice(0, left))
        if mine.num_rows > left:
            return tables, {"phase": phase, "row": int(numbers[passed + left])}
        left -= mine.num_rows
    return tables, None


def _count(answer: Answer, source: Source, options: Options) -> int:
    if options.filter is None:
        return answer.rows
    pieces = answer.pieces.coded() if answer.pieces is not None else ()
    masks = (_meant(source.rows.table(cleared), options) for cleared in pieces)
    return sum(pc.sum(mask, min_count=0).as_py() for mask in masks)


def total(node: Node, reader: Reader, source: Source, options: Options) -> int:
    """Return how many rows a question means."""
    answer = _answer(node, reader, source, options, source.rows.edition.release)
    return 0 if answer is None else _count(answer, source, options)


def _address(node: Node, source: Source, options: Options, token: str) -> str:
    """Return the absolute address of the next page; it holds no credential."""
    said = [part.partition("=") for part in options.said.split("&") if part]
    kept = [f"{quote(name)}={quote(text, safe='')}" for name, _, text in said if name != "$skip"]
    query = "&".join([*kept, f"%24skiptoken={token}"])
    return f"{node.settings.resource}{source.address}?{query}"


def selected(options: Options, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the properties that are written."""
    return options.select or tuple(columns)


def written(found: Page, columns: Sequence[str], context: str) -> Iterator[bytes]:
    """Yield a page as it is sent: its context, count, rows, and where the next one is."""
    opening = documents.written({"@odata.context": context})[:-1]
    count = b"" if found.count is None else f',"@odata.count":{found.count}'.encode()
    yield opening + count + b',"value":['
    for number, table in enumerate(found.tables):
        yield b"," if number else b""
        yield from rows.written(table, columns)
    end = b"]"
    if found.next_link:
        end += b',"@odata.nextLink":' + documents.written({"": found.next_link})[4:-1]
    yield end + b"}"
