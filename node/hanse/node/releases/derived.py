"""What a release holds beside what was loaded: levels that were rolled up, and formulas.

Works on cells that primary protection has judged already, so a hidden part hides every whole and
every formula it is part of. What was loaded goes before what can be computed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas.registry import Registry
from hanse.cube import aggregate, algebra, encoding
from hanse.cube.cells import MEASURE_COLUMNS, TEXT, dimensions_of, key_columns
from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator
from hanse.cube.period import Period
from hanse.cube.sampled import with_intervals
from hanse.cube.status import FORMS, CellState, Flag

_STATUS = np.asarray(
    [
        [
            flag.value if state is CellState.VALUE else FORMS[state].obs_status
            for flag in algebra.FLAG_ORDER
        ]
        for state in algebra.STATE_ORDER
    ]
)
_CONFIDENTIAL = np.asarray([FORMS[state].conf_status.value for state in algebra.STATE_ORDER])


def rolled_up(cells: pa.Table, contract: Contract, registry: Registry) -> pa.Table:
    """Return the draft with every level of the contract that was not loaded, from the finest up.

    A level that no loaded level leads to stays absent: the checks say so, not this.
    """
    loaded = pc.unique(cells.column("level")).to_pylist()
    finest_first = sorted(
        (level for level in loaded if registry.has(level)),
        key=lambda each: registry.level(each).rank,
    )
    plain = [each for each in contract.indicators if each.formula is None]
    for level in contract.levels:
        if level in loaded:
            continue
        source = next((each for each in finest_first if registry.correspondence(each, level)), None)
        if source is not None:
            # Parts that were never loaded leave the whole unknown: a sum is never silently partial.
            links = registry.recalculation(source, level)
            parts = aggregate.roll_up(cells, plain, links, source, level)
            cells = aggregate.complete(cells, parts)
    return cells


def with_formulas(cells: pa.Table, indicators: Sequence[Indicator]) -> pa.Table:
    """Return the draft with the results of every formula whose inputs are there."""
    return aggregate.derive(cells, indicators)


def flagged(cells: pa.Table, indicators: Sequence[Indicator]) -> pa.Table:
    """Return the draft with the flags its indicators give: provisional, forecast, break.

    A flag that a cell has already stays where it weighs more.
    """
    indicator = encoding.encode(cells.column("indicator"))
    period = encoding.encode(cells.column("period"))
    wanted = {each.id: each for each in indicators}
    ranks = np.zeros((max(len(indicator.dictionary), 1), max(len(period.dictionary), 1)), np.int8)
    for row, code in enumerate(indicator.dictionary.to_pylist()):
        if code in wanted and _speaks(wanted[code]):
            for column, text in enumerate(period.dictionary.to_pylist()):
                ranks[row, column] = algebra.FLAG_RANK[_flag(wanted[code], text)]
    own = algebra.flag_ranks(cells).to_numpy(zero_copy_only=False)
    described = ranks[np.asarray(indicator.indices), np.asarray(period.indices)]
    flags = encoding.spelled(
        [flag.value for flag in algebra.FLAG_ORDER], pa.array(np.maximum(own, described))
    )
    place = cells.schema.get_field_index("flag")
    return cells.set_column(place, "flag", flags.cast(TEXT))


def protected(cells: pa.Table) -> pa.Table:
    """Return the protected shape: a number or null, and the two public codes; nothing else."""
    ranks = algebra.state_ranks(cells)
    places = ranks.to_numpy(zero_copy_only=False)
    flags = algebra.flag_ranks(cells).to_numpy(zero_copy_only=False)
    numbered = pc.equal(ranks, algebra.VALUE_RANK)
    blank = pa.nulls(cells.num_rows, pa.float64())
    values = pc.if_else(numbered, algebra.numbers(cells, ranks), blank)
    columns = {
        name: encoding.encode(cells.column(name)).dictionary_decode()
        for name in key_columns(dimensions_of(cells.schema))
    }
    obs_value, obs_status, conf_status = MEASURE_COLUMNS
    columns[obs_value] = values
    columns[obs_status] = pa.array(_STATUS[places, flags].tolist(), pa.string())
    columns[conf_status] = pa.array(_CONFIDENTIAL[places].tolist(), pa.string())
    return pa.table(columns)


def released(cells: pa.Table, indicators: Sequence[Indicator]) -> pa.Table:
    """Return the protected shape, with intervals beside figures of a sample where there are any."""
    shown = protected(cells)
    return with_intervals(shown, indicators) if any(each.sample for each in indicators) else shown


def at_levels(cells: pa.Table, levels: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Split a draft into the rows at these levels and the others."""
    level = encoding.encode(cells.column("level"))
    inside = pc.take(pc.is_in(level.dictionary, pa.array(list(levels), pa.string())), level.indices)
    return cells.filter(inside), cells.filter(pc.invert(inside))


def joined(first: pa.Table, second: pa.Table) -> pa.Table:
    """Put two drafts of one shape under one another."""
    return pa.concat_tables([first, second.select(first.column_names)])


def _speaks(indicator: Indicator) -> bool:
    return bool(indicator.provisional_from or indicator.forecast_from or indicator.breaks)


def _flag(indicator: Indicator, text: str) -> Flag:
    start = indicator.reporting_year_start
    period = Period.parse(text, start)
    if any(Period.parse(each.period, start) == period for each in indicator.breaks):
        return Flag.BREAK
    marks: Mapping[Flag, str | None] = {
        Flag.FORECAST: indicator.forecast_from,
        Flag.PROVISIONAL: indicator.provisional_from,
    }
    for flag, since in marks.items():
        if since and period.start_date >= Period.parse(since, start).start_date:
            return flag
    return Flag.NORMAL
