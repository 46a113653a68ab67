"""Answers what is asked of a Swing site's open data service: sets that describe, and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.codelist import TOTAL
from hanse.cube.period import Period
from hanse.cube.query import PeriodWindow
from hanse.dialects.odata import filter as filters
from hanse.dialects.odata.filter import Comparison, Joined, NotOffered, Property
from hanse.dialects.odata.options import Options, options
from hanse.dialects.odata.swing import ALL, ENTITIES, NEWEST, SETS, Entry, Place, item, variables
from hanse.dialects.odata.swing_rows import Values
from hanse.errors import NotFound
from hanse.node import continuing
from hanse.node.answer import Answer
from hanse.node.odata import CodeOf, Source
from hanse.node.readers import Reader, editions
from hanse.node.running import Node

ROOT: Final = "/jiveservices/odata"
VALUE_ROWS: Final = 1_000
LIST_ROWS: Final = 1_000
VARIABLE_ROWS: Final = 10
"""Scripts step through the variables by ten, whatever a page says."""

Given = Sequence[tuple[str, str]]


def start(node: Node, reader: Reader, lang: str) -> Place:
    """Return the place where every address begins: all that a reader may see."""
    return Place(variables(editions(node, reader)), lang)


def read(given: Given, columns: Sequence[str]) -> Options:
    """Return the options of a question; nothing is put in another order than it has."""
    for name, _ in given:
        if name == "$orderby":
            choice = "$filter, $select, $top, $skip, $count, $format"
            raise NotOffered("ODATA_OPTION", given=name, choice=choice)
    return options(given, columns)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a describing set."""

    entries: Sequence[Mapping[str, Any]]
    count: int | None
    next_link: str


def listed(
    node: Node, reader: Reader, place: Place, name: str, given: Given, address: str
) -> Listed:
    """Return a page of a set; its next link is signed, for clients that drop credentials."""
    columns = ENTITIES[SETS[name]]
    wanted = read(given, columns)
    held = _filtered(place.held(name), wanted, columns)
    question = f"{address}?{wanted.said}"
    first = wanted.skip
    left = wanted.top
    if wanted.token:
        state = continuing.unseal(node, reader, question, wanted.token)
        first, left = int(state["row"]), state["left"]
    size = VARIABLE_ROWS if SETS[name] == "Variable" else LIST_ROWS
    size = size if left is None else min(size, left)
    shown = held[first : first + size]
    link = ""
    left = None if left is None else left - len(shown)
    if first + size < len(held) and left != 0:
        going = {"row": first + size, "left": left}
        token = continuing.seal(node, reader, "", question, going)
        link = _next(node, address, wanted, token)
    chosen = wanted.select or columns
    entries = [{column: entry[column] for column in chosen} for entry in shown]
    return Listed(entries, len(held) if wanted.count else None, link)


def _next(node: Node, address: str, wanted: Options, token: str) -> str:
    said = [part.partition("=") for part in wanted.said.split("&") if part]
    kept = [f"{quote(name)}={quote(text, safe='')}" for name, _, text in said if name != "$skip"]
    return f"{node.settings.resource}{address}?{'&'.join([*kept, f'%24skiptoken={token}'])}"


def _filtered(held: list[Entry], wanted: Options, columns: Sequence[str]) -> list[Entry]:
    if wanted.filter is None or not held:
        return held
    schema = pa.schema([(name, pa.string()) for name in columns])
    table = pa.Table.from_pylist(held, schema)
    places = pc.indices_nonzero(filters.mask(wanted.filter, table)).to_pylist()
    return [held[place] for place in places]


def source(node: Node, place: Place, address: str) -> Source | None:
    """Return the rows of a variable at a place; None where it cannot have any.

    Raises `NotFound` where the address leaves the variable, the level or the period open.
    """
    variable = place.variable
    if variable is None or "" in (place.level, place.freq, place.period):
        raise NotFound("NOT_FOUND")
    edition = variable.edition
    members = dict(place.members)
    breakdowns = {each.id: members.get(each.id, TOTAL) for each in edition.dimensions}
    held = {each.id: {code.id for code in each.codelist.codes} for each in edition.dimensions}
    if not place.periods or any(code not in held[name] for name, code in breakdowns.items()):
        return None
    levels = place.levels
    codes: dict[str, CodeOf] = {"ExternalCode": ("area", _area_of(place))}
    return Source(
        rows=Values(edition, place.lang, f"{node.settings.resource}{ROOT}", variable.code),
        level=levels[0] if len(levels) == 1 else None,
        address=address,
        page_rows=VALUE_ROWS,
        codes=MappingProxyType(codes),
        within=MappingProxyType(
            {
                "indicator": frozenset({variable.indicator.id}),
                "level": frozenset(levels),
                **{name: frozenset({code}) for name, code in breakdowns.items()},
            }
        ),
        window=_window(place),
        refine=_newest if place.period == NEWEST else None,
    )


def _area_of(place: Place) -> Any:
    """Return how the code of an item becomes ours: by what is known, for levels have `_` too."""
    known = {
        item(level, area): area.code
        for level in place.levels
        for edition in place.editions
        for area in edition.areas.get(level, ())
    }
    return lambda text: known.get(text, "")


def _window(place: Place) -> PeriodWindow | None:
    if place.period in (ALL, NEWEST):
        return None
    period = next(each for each in place.periods if str(each) == place.period)
    return PeriodWindow(period, period)


def _newest(answer: Answer, wanted: Options) -> Options:
    """Return the question for the newest period that has figures in an answer."""
    starts = {
        text
        for cleared in answer.pieces or ()
        for text in cleared.table.column("period").unique().to_pylist()
    }
    if not starts:
        return wanted
    newest = max(starts, key=lambda text: Period.parse(text).start_date)
    told = Comparison(Property("Period"), "eq", Period.parse(newest).swing)
    both = told if wanted.filter is None else Joined("and", (wanted.filter, told))
    return replace(wanted, filter=both)
