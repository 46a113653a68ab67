"""A draft laid out for its checks: columns as whole numbers, series in time, sums with their
parts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas import Registry
from hanse.cube import encoding
from hanse.cube.cells import dimensions_of
from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator
from hanse.cube.period import read_period
from hanse.cube.status import HIDDEN, CellState
from hanse.node.breakdowns import Doubt
from hanse.node.intake.checks.finding import Finding, Severity
from hanse.node.intake.draft import Draft

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Truths = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Case:
    """A draft, the areas of the node, and what was published before (protected shape), if anything.

    `doubts` are breakdowns of other datasets that might be the same as its own.
    Positions are row numbers of the draft's cells; every array here has one entry per position.
    """

    draft: Draft
    registry: Registry
    previous: pa.Table | None = None
    previous_contract: Contract | None = None
    doubts: tuple[Doubt, ...] = ()

    @property
    def contract(self) -> Contract:
        """The contract of the draft."""
        return self.draft.contract

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """The breakdowns the cells have."""
        return dimensions_of(self.draft.cells.schema)

    @cached_property
    def encoded(self) -> dict[str, pa.DictionaryArray]:
        """Every text column, encoded."""
        names = ("indicator", "level", "area", "period", "state", *self.dimensions)
        return {name: encoding.encode(self.draft.cells.column(name)) for name in names}

    @cached_property
    def values(self) -> Floats:
        """The numbers, NaN where there is none."""
        return np.asarray(self.draft.cells.column("value").to_numpy(), dtype=np.float64)

    @cached_property
    def visible(self) -> Truths:
        """Which cells have a number."""
        return self._in_state(CellState.VALUE)

    @cached_property
    def hidden(self) -> Truths:
        """Which cells somebody hid."""
        return self._in_state(*HIDDEN)

    @cached_property
    def void(self) -> Truths:
        """Which cells add nothing to a sum: empty, or not applicable."""
        return self._in_state(CellState.EMPTY, CellState.NOT_APPLICABLE)

    def _in_state(self, *states: CellState) -> Truths:
        wanted = pa.array([state.value for state in states], pa.string())
        found: Truths = pc.is_in(self.encoded["state"], value_set=wanted).to_numpy(
            zero_copy_only=False
        )
        return found

    def codes(self, name: str) -> tuple[Ints, list[str]]:
        """Return a column as numbers, and the text each number stands for."""
        column = self.encoded[name]
        return column.indices.to_numpy().astype(np.int64), column.dictionary.to_pylist()

    def keys(self, *names: str) -> Ints:
        """Return one number per cell, equal where all the columns are equal."""
        columns = [self.encoded[name] for name in names]
        found: Ints = encoding.keys(columns, self.draft.cells.num_rows).to_numpy()
        return found

    @cached_property
    def months(self) -> Ints:
        """The month each cell's period starts in, counted from year 0."""
        numbers, texts = self.codes("period")
        starts = [read_period(text).start_date for text in texts]
        of_text = np.array([start.year * 12 + start.month for start in starts], np.int64)
        found: Ints = of_text[numbers] if len(of_text) else numbers
        return found

    @cached_property
    def by_id(self) -> dict[str, Indicator]:
        """The indicators of the contract by id."""
        return {each.id: each for each in self.contract.indicators}

    def groups(self) -> list[tuple[Indicator, str, Ints]]:
        """Return every (indicator, level) that has cells, with their positions."""
        indicators, names = self.codes("indicator")
        levels, level_names = self.codes("level")
        keys = indicators * max(len(level_names), 1) + levels
        found = []
        for key, positions in _split(keys):
            indicator, level = divmod(key, max(len(level_names), 1))
            found.append((self.by_id[names[indicator]], level_names[level], positions))
        return found

    def finding(
        self, severity: Severity, code: str, position: int, **parameters: str | int | float
    ) -> Finding:
        """Return a finding about the cell at a position; the message's first word is the rule."""
        cells = self.draft.cells
        area, period = cells.column("area")[position], cells.column("period")[position]
        level = cells.column("level")[position]
        places = {"area": area.as_py(), "period": period.as_py(), "level": level.as_py()}
        return Finding(
            rule=code[:4],
            severity=severity,
            message_code=code,
            parameters={**places, **parameters},
            sheet=str(cells.column("source_sheet")[position].as_py() or ""),
            row=int(cells.column("source_row")[position].as_py() or 0),
            column=self.shown(str(cells.column("indicator")[position].as_py())),
        )

    def shown(self, indicator: str) -> str:
        """Return an indicator's code as its source spells it."""
        found = self.by_id.get(indicator)
        return found.origin_code or indicator if found else indicator


def about(indicator: Indicator, severity: Severity, code: str, **parameters: str | int) -> Finding:
    """Return a finding about an indicator as described, not about any of its figures."""
    return Finding(
        rule=code[:4],
        severity=severity,
        message_code=code,
        parameters=parameters,
        column=indicator.origin_code or indicator.id,
    )


def _split(keys: Ints) -> list[tuple[int, Ints]]:
    """Return every distinct key with its positions, in order."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    cuts = np.flatnonzero(np.diff(ordered)) + 1
    return [(int(keys[part[0]]), part) for part in np.split(order, cuts)]
