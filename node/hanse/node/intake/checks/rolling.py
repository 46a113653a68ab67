"""The rule about adding up (R010): nothing that is no sum, and no level that holds no figure."""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube import encoding, units
from hanse.cube.indicator import Aggregation, MeasureType
from hanse.cube.status import HIDDEN, CellState
from hanse.node.intake.checks.case import Case, about
from hanse.node.intake.checks.finding import Finding, Severity
from hanse.node.releases import derived

_NOT_ADDITIVE = frozenset(
    {MeasureType.MEDIAN, MeasureType.MEAN, MeasureType.SHARE, MeasureType.RATE, MeasureType.INDEX}
)
_SPEAKING = re.compile(
    r"mediaan|median|gemiddeld|moyenne|(?:^|_)(?:gem|avg|pct|ratio)(?:_|$)", re.IGNORECASE
)
_TELLING = pa.array([CellState.VALUE.value, *(state.value for state in HIDDEN)], pa.string())


def r010(case: Case) -> Iterator[Finding]:
    """Yield what would be added up although it is no sum, and levels that nothing is added up to.

    A level that holds no figure of any indicator is an error; one that lacks some, a warning each.
    """
    for each in case.contract.indicators:
        speaking = _SPEAKING.search(f"{each.id} {each.name.get('nl', '')}")
        wrong = each.measure_type in _NOT_ADDITIVE or speaking or units.apart(each.unit)
        if wrong and each.aggregate_geo is Aggregation.SUM:
            yield about(each, Severity.ERROR, "R010")
    loaded = encoding.texts(case.encoded["level"])
    added = [level for level in case.contract.levels if level not in loaded]
    if added and case.draft.cells.num_rows:
        yield from _empty(case, added)


def _empty(case: Case, added: list[str]) -> Iterator[Finding]:
    """Yield the indicators, or the whole levels, of which every figure would be unknown."""
    cells = derived.rolled_up(case.draft.cells, case.contract, case.registry)
    cells, _ = derived.at_levels(cells, added)
    cells = derived.with_formulas(cells, case.contract.indicators)
    told = cells.filter(pc.is_in(encoding.encode(cells.column("state")), value_set=_TELLING))
    names = ("level", "indicator")  # what is computed has words of its own: make them one text
    pairs = pa.table({name: encoding.plain(encoding.encode(told.column(name))) for name in names})
    rows = pairs.group_by(list(names)).aggregate([]).to_pylist()
    held = {(row["level"], row["indicator"]) for row in rows}
    present = encoding.texts(case.encoded["indicator"])
    for level in added:
        empty = [each for each in sorted(present) if (level, each) not in held]
        if len(empty) == len(present):
            yield Finding(
                rule="R010",
                severity=Severity.ERROR,
                message_code="R010_LEVEL",
                parameters={"level": level},
                count=len(empty),
            )
            continue
        for name in empty:
            yield about(case.by_id[name], Severity.WARNING, "R010_EMPTY", level=level)
