"""Cells as SDMX has them: one text column per dimension in key order, then value and attributes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cleared import Cleared
from hanse.cube.encoding import whole
from hanse.cube.indicator import Indicator
from hanse.cube.period import Period
from hanse.dialects.edition import Edition
from hanse.dialects.sdmx import names
from hanse.dialects.words import spelled


@dataclass(frozen=True)
class Layout:
    """What a dataset's cells need to become observations: its key, its codes, its indicators."""

    edition: Edition

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The dimensions in key order, time last."""
        return names.key_of(self.edition)

    @cached_property
    def series(self) -> tuple[str, ...]:
        """The dimensions of a series: all but time."""
        return self.key[:-1]

    @cached_property
    def _indicators(self) -> Mapping[str, Indicator]:
        return {each.id: each for each in self.edition.indicators}

    @cached_property
    def _frequencies(self) -> Mapping[str, str]:
        return {str(each): each.freq for each in self.edition.periods}

    def observations(self, cleared: Cleared) -> pa.Table:
        """Return the cells with their dimensions, the value and every attribute, in their order."""
        return pa.table(
            {
                **{name: self._dimension(name, cleared.table) for name in self.key},
                names.OBS_VALUE: cleared.table.column("obs_value"),
                names.OBS_STATUS: cleared.table.column("obs_status"),
                names.CONF_STATUS: cleared.table.column("conf_status"),
                **{name: self._attribute(name, cleared.table) for name in names.SERIES_ATTRIBUTES},
            }
        )

    def _dimension(self, name: str, table: pa.Table) -> pa.Array:
        sources: Mapping[str, tuple[str, Callable[[str], str]]] = {
            names.FREQ: ("period", lambda text: self._frequencies.get(text, "A")),
            names.AREA_LEVEL: ("level", str),
            names.REF_AREA: ("area", names.minted),
            names.INDICATOR: ("indicator", str.upper),
            names.TIME_PERIOD: ("period", str),
        }
        column, spell = sources.get(name, (name, names.minted))
        return spelled(whole(table.column(column)), spell)

    def _attribute(self, name: str, table: pa.Table) -> pa.Array:
        tell: Mapping[str, Callable[[Indicator], str]] = {
            names.UNIT_MEASURE: lambda each: each.unit,
            names.UNIT_MULT: lambda each: str(each.unit_mult),
            names.DECIMALS: lambda each: str(each.decimals),
            names.YEAR_START: lambda each: each.reporting_year_start,
        }
        found = self._indicators
        return spelled(whole(table.column("indicator")), lambda text: tell[name](found[text]))


def in_series(table: pa.Table, layout: Layout, periods: Sequence[Period]) -> pa.Table:
    """Return observations sorted by series in key order, and within one by time."""
    order = {str(period): number for number, period in enumerate(periods)}
    times = whole(table.column(names.TIME_PERIOD)).dictionary_encode()
    places = np.asarray([order[text] for text in times.dictionary.to_pylist()], np.int32)
    ranks = pa.array(places).take(times.indices)
    keys = [(name, "ascending") for name in (*layout.series, "_time")]
    sorted_ = pc.sort_indices(table.append_column("_time", ranks), sort_keys=keys)
    return table.take(sorted_)
