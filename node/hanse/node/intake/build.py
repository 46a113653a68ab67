"""From what files say to a draft: levels get their vintage, periods their dates, cells their flags.

Everything a file spells is looked up once per spelling. What cannot be looked up is refused with
the row it stands in, and nothing is kept.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas import Registry
from hanse.areas.level import from_swing, named_like
from hanse.cube import encoding
from hanse.cube.cells import dimensions_of, draft_schema, key_columns
from hanse.cube.codelist import TOTAL
from hanse.cube.contract import Access, Contract
from hanse.cube.indicator import Indicator
from hanse.cube.period import Period, read_period
from hanse.cube.spelling import composed
from hanse.cube.status import CellState, Flag
from hanse.dialects.swing import Shape, SwingWorkbook
from hanse.errors import HanseError, Invalid
from hanse.node.breakdowns import declared, joined
from hanse.node.intake import quadruplets
from hanse.node.intake.calendars import dated
from hanse.node.intake.draft import SLUG, Draft

_DATED = re.compile(r"[0-9]{4}$")
_SCOPE = re.compile(r"([A-Za-z][A-Za-z0-9_]*(?:@[0-9]{4})?):([A-Za-z0-9_\-]{1,40})")


@dataclass(frozen=True, slots=True)
class Order:
    """What the publisher says about the dataset, and who says it when.

    `levels` are `level@vintage`, given where the codes of a file do not tell the vintage; `roll_up`
    are the levels that figures are added up to when they are published; `scope` (`gemeente:41002`)
    keeps only the areas below one area; `concepts` say what a breakdown divides by.
    """

    slug: str
    agency: str
    created_by: str
    created_at: datetime
    title: str = ""
    description: str = ""
    theme: str = ""
    access: Access = Access.PROTOCOL
    profile: str = "standaard-5"
    licence: str = "CC-BY-4.0"
    contact: str = ""
    levels: tuple[str, ...] = ()
    roll_up: tuple[str, ...] = ()
    scope: str = ""
    concepts: Mapping[str, str] = field(default_factory=dict)


def build(
    reading: SwingWorkbook, order: Order, registry: Registry, sources: Sequence[str]
) -> Draft:
    """Return the draft of what was read.

    Raises `Invalid` for a slug, level, vintage, area or period that is not one, a key that stands
    twice, a scope that leaves nothing, or a roll-up that no loaded level leads to.
    """
    if not SLUG.fullmatch(order.slug):
        raise Invalid("DATASET_SLUG", dataset=order.slug[:80])
    cells = _located(reading.cells, order, registry)
    cells = dated(cells, _periods(cells), reading.indicators)
    refuse_duplicates(cells)
    quadruplets.check(cells, reading.indicators)
    if order.scope:
        cells = within(cells, order.scope, registry)
    indicators = tuple(_dated(each, cells, order) for each in reading.indicators)
    cells = cells.append_column("flag", _flags(cells, indicators))
    dimensions = dimensions_of(cells.schema)
    schema = draft_schema(dimensions)
    contract = Contract(
        slug=order.slug,
        agency=order.agency,
        title={"nl": composed(order.title) or order.slug},
        description={"nl": composed(order.description)},
        theme=order.theme,
        indicators=indicators,
        levels=_levels(cells, order.roll_up, registry),
        dimensions=declared(reading.dimensions, dimensions, order.concepts),
        profile=order.profile,
        access=order.access,
        licence=order.licence,
        contact=order.contact,
    )
    return Draft(
        contract=contract,
        cells=cells.select(schema.names).cast(schema),
        sources=tuple(sources),
        created_by=order.created_by,
        created_at=order.created_at,
        scope=order.scope,
        shapes=reading.shapes,
        remarks=reading.remarks,
    )


def _column(cells: pa.Table, name: str) -> pa.DictionaryArray:
    return encoding.encode(cells.column(name))


def _put(cells: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return cells.set_column(cells.column_names.index(name), name, column)


def _place(cells: pa.Table, wrong: pa.Array) -> dict[str, str | int]:
    """Return sheet and row of the first cell that is wrong."""
    at = pc.index(wrong, True).as_py()
    return {
        "sheet": str(cells.column("source_sheet")[at].as_py()),
        "row": int(cells.column("source_row")[at].as_py()),
    }


def _located(cells: pa.Table, order: Order, registry: Registry) -> pa.Table:
    """Return the cells with `level@vintage` for every level, every area known in it."""
    levels, areas = _column(cells, "level"), _column(cells, "area")
    found = {}
    for name in levels.dictionary.to_pylist():
        mask = pc.equal(levels, name)
        codes = pc.unique(areas.filter(mask)).to_pylist()
        if codes:
            found[name] = _vintage(cells, name, frozenset(codes), order, registry)
    return _put(cells, "level", encoding.mapped(levels, lambda name: found.get(name, name)))


def _vintage(
    cells: pa.Table, name: str, codes: frozenset[str], order: Order, registry: Registry
) -> str:
    levels = _column(cells, "level")
    try:
        # A name that spells its own vintage (gemeente2024) is not the one the publisher dates.
        dated = _DATED.search(name) is not None
        given = [] if dated else [each for each in order.levels if _code(each) == _code(name)]
        detection = registry.detect(given[0] if given else name, codes)
    except Invalid:
        detection = registry.detect("-@0000", codes)
    if not detection.candidates:
        known = ", ".join(named_like(name, registry.levels)) or "-"
        place = _place(cells, pc.equal(levels, name))
        raise Invalid("INTAKE_LEVEL", level=name[:60], known=known, **place)
    best = detection.level_id or detection.candidates[0]
    if detection.unknown:
        first = min(detection.unknown)
        unknown = pa.array(sorted(detection.unknown), pa.string())
        wrong = pc.and_(pc.equal(levels, name), pc.is_in(_column(cells, "area"), value_set=unknown))
        place = _place(cells, wrong)
        raise Invalid(
            "INTAKE_AREA", area=first[:40], level=best, count=len(detection.unknown), **place
        )
    if detection.ambiguous and not detection.same_territory:
        candidates = ", ".join(detection.candidates)
        raise Invalid("INTAKE_VINTAGE", level=name[:60], candidates=candidates)
    return best


def _code(name: str) -> str:
    """Return the level code of any spelling, without its vintage."""
    return (name if "@" in name else from_swing(name)).partition("@")[0].casefold()


def _periods(cells: pa.Table) -> Mapping[str, Period]:
    column = _column(cells, "period")
    found = {}
    for text in column.dictionary.to_pylist():
        try:
            found[text] = Period.parse_swing(text)
        except HanseError as fault:
            place = _place(cells, pc.equal(column, text))
            raise Invalid("INTAKE_PERIOD", text=text[:32], **place) from fault
    return found


def refuse_duplicates(cells: pa.Table) -> None:
    """Raise `Invalid` for the first key that stands twice, with both places."""
    first, second = duplicates(cells)
    if len(second):
        one, two = (cells.slice(int(each[0]), 1).to_pylist()[0] for each in (first, second))
        raise Invalid(
            "INTAKE_DUPLICATE",
            sheet=two["source_sheet"],
            row=two["source_row"],
            other_sheet=one["source_sheet"],
            other_row=one["source_row"],
            column=two["indicator"],
        )


Positions = np.ndarray[tuple[int], np.dtype[np.int64]]


def duplicates(cells: pa.Table) -> tuple[Positions, Positions]:
    """Return the positions of cells whose key stood before, and of the one it stood at first."""
    names = key_columns(dimensions_of(cells.schema))
    keys = encoding.keys([_column(cells, name) for name in names], cells.num_rows).to_numpy()
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    return order[again], order[again + 1]


def within(cells: pa.Table, scope: str, registry: Registry) -> pa.Table:
    """Return the cells of one area and of the areas below it, at every level.

    `scope` is `level:code` or `level@vintage:code`; a bare level means the newest vintage that has
    the area and from which the other level can be reached. Raises `Invalid` (INTAKE_SCOPE) for a
    scope that is none, that no level lies below, or that no cell lies in.
    """
    levels, areas = _column(cells, "level"), _column(cells, "area")
    kept = pa.array(np.zeros(cells.num_rows, bool))
    for level in pc.unique(levels).to_pylist():
        codes = pa.array(sorted(areas_below(scope, level, registry)), pa.string())
        here = pc.and_(pc.equal(levels, level), pc.is_in(areas, value_set=codes))
        kept = pc.or_(kept, here)
    if not pc.any(kept).as_py():
        raise Invalid("INTAKE_SCOPE", scope=scope[:80])
    return _only_used(cells.filter(kept))


def _only_used(cells: pa.Table) -> pa.Table:
    """Return the cells with dictionaries that hold no text of rows that were left out."""
    for name in cells.column_names:
        if pa.types.is_dictionary(cells.schema.field(name).type):
            cells = _put(cells, name, cells.column(name).cast(pa.string()).dictionary_encode())
    return cells


def areas_below(scope: str, level: str, registry: Registry) -> frozenset[str]:
    """Return the areas of `level` that lie in the scope; raises `Invalid` (INTAKE_SCOPE)."""
    match = _SCOPE.fullmatch(scope)
    if match is None:
        raise Invalid("INTAKE_SCOPE", scope=scope[:80])
    name, code = match[1], match[2]
    if "@" in name:
        vintages = [name] if registry.has(name) else []
    else:
        vintages = [each.id for each in registry.vintages(name)]
    holding = [each for each in vintages if code in registry.areas(each)]
    if not holding:
        raise Invalid("INTAKE_SCOPE", scope=scope[:80])
    if level in holding:
        return frozenset({code})
    below = (registry.below(each, code, level) for each in holding)
    return next((each for each in below if each), frozenset())


def _dated(indicator: Indicator, cells: pa.Table, order: Order) -> Indicator:
    """Return the indicator with the frequency and years of its figures, and a theme."""
    own = cells.filter(pc.equal(_column(cells, "indicator"), indicator.id))
    theme = indicator.theme or order.theme
    if not own.num_rows:
        return replace(indicator, theme=theme)
    periods = [read_period(text) for text in pc.unique(_column(own, "period")).to_pylist()]
    frequencies = [each.freq for each in periods]
    return replace(
        indicator,
        theme=theme,
        freq=max(set(frequencies), key=frequencies.count),
        reporting_year_start=indicator.reporting_year_start
        or max(each.reporting_year_start for each in periods),
        is_cube=indicator.is_cube or _is_cube(own),
    )


def _is_cube(cells: pa.Table) -> bool:
    return any(
        pc.unique(_column(cells, name)).to_pylist() != [TOTAL]
        for name in dimensions_of(cells.schema)
    )


def _flags(cells: pa.Table, indicators: Sequence[Indicator]) -> pa.Array:
    """Return what must be said beside each number: nothing, provisional, or forecast."""
    texts = [Flag.NORMAL.value, Flag.PROVISIONAL.value, Flag.FORECAST.value]
    codes = np.zeros(cells.num_rows, np.int32)
    names, periods = _column(cells, "indicator"), _column(cells, "period")
    has_value = pc.equal(_column(cells, "state"), CellState.VALUE.value).to_numpy(
        zero_copy_only=False
    )
    for indicator in indicators:
        for code, start in ((1, indicator.provisional_from), (2, indicator.forecast_from)):
            late = _from(periods.dictionary.to_pylist(), start)
            if late:
                mask = pc.and_(
                    pc.equal(names, indicator.id), pc.is_in(periods, value_set=pa.array(late))
                )
                codes[mask.to_numpy(zero_copy_only=False) & has_value] = code
    return encoding.spelled(texts, pa.array(codes))


def _from(periods: Sequence[str], start: str | None) -> list[str]:
    """Return the periods from `start` on; a start that is no period (a date note) marks nothing."""
    if start is None:
        return []
    try:
        first = Period.parse_swing(start)
    except Invalid:
        return []
    return [text for text in periods if read_period(text).start_date >= first.start_date]


def _levels(cells: pa.Table, roll_up: Sequence[str], registry: Registry) -> tuple[str, ...]:
    """Return the levels that were loaded and those they are added up to, finest first."""
    present = set(pc.unique(_column(cells, "level")).to_pylist())
    wholes = {_whole(each, present, registry) for each in roll_up}
    return tuple(level.id for level in registry.levels if level.id in present | wholes)


def _whole(name: str, loaded: Collection[str], registry: Registry) -> str:
    """Return the level that a roll-up names; a bare one is the newest vintage that is led to."""
    vintages = [each.id for each in registry.vintages(name)] if "@" not in name else [name]
    for level in vintages:
        if level in loaded or (
            registry.has(level)
            and any(registry.correspondence(each, level) is not None for each in loaded)
        ):
            return level
    raise Invalid("INTAKE_ROLL_UP", level=name[:60], loaded=", ".join(sorted(loaded)))


def add(existing: Draft, more: Draft) -> Draft:
    """Return the existing draft with more loaded into it.

    What is loaded replaces what stood per (indicator, level, period), as a whole: a row that is not
    in the new file is gone. Sheets of the same name are told apart.
    """
    taken = {shape.sheet for shape in existing.shapes}
    more = _renamed(more, {name: _free(name, taken) for name in taken})
    names = ("indicator", "level", "period")
    replaced = {
        tuple(row.values())
        for row in more.cells.select(names).group_by(names).aggregate([]).to_pylist()
    }
    old_keys = [_column(existing.cells, name).to_pylist() for name in names]
    kept = pa.array([key not in replaced for key in zip(*old_keys, strict=True)], pa.bool_())
    cells = _joined(existing.cells.filter(kept), more.cells)
    contract = more.contract
    indicators = {each.id: each for each in (*existing.contract.indicators, *contract.indicators)}
    dimensions = {each.id: each for each in (*existing.contract.dimensions, *contract.dimensions)}
    levels = dict.fromkeys((*existing.contract.levels, *contract.levels))
    return replace(
        more,
        contract=replace(
            contract,
            indicators=tuple(indicators.values()),
            dimensions=joined(existing.contract.dimensions, tuple(dimensions.values())),
            levels=tuple(levels),
        ),
        cells=cells,
        sources=tuple(dict.fromkeys((*existing.sources, *more.sources))),
        shapes=(*existing.shapes, *more.shapes),
        remarks=(*existing.remarks, *more.remarks),
    )


def _free(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def _renamed(draft: Draft, names: Mapping[str, str]) -> Draft:
    sheets = encoding.mapped(
        _column(draft.cells, "source_sheet"), lambda name: names.get(name, name)
    )
    shapes: tuple[Shape, ...] = tuple(
        replace(shape, sheet=names.get(shape.sheet, shape.sheet)) for shape in draft.shapes
    )
    return replace(draft, cells=_put(draft.cells, "source_sheet", sheets), shapes=shapes)


def _joined(one: pa.Table, two: pa.Table) -> pa.Table:
    """Return two draft tables as one; a breakdown that one lacks is its total there."""
    dimensions = tuple(dict.fromkeys((*dimensions_of(one.schema), *dimensions_of(two.schema))))
    schema = draft_schema(dimensions)
    padded = []
    for table in (one, two):
        for name in dimensions:
            if name not in table.column_names:
                table = table.append_column(name, encoding.constant(TOTAL, table.num_rows))
        padded.append(table.select(schema.names).cast(schema))
    return pa.concat_tables(padded).unify_dictionaries().combine_chunks()
