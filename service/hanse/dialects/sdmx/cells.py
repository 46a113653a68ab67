"""Cells as SDMX has them: one text column per dimension in key order, then value and attributes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cells import SAMPLE_COLUMNS, is_sampled
from hanse.cube.cleared import Cleared
from hanse.cube.encoding import whole
from hanse.cube.indicator import Indicator
from hanse.cube.period import Period
from hanse.dialects.edition import Edition
from hanse.dialects.sdmx import names
from hanse.dialects.words import coded, encoded, numerals

_KEYS_MAX: Final = 2**62


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
        """Return the cells with their dimensions, the value and every attribute, in their order.

        Texts are codes: rows with one text have one code.
        """
        return pa.table(
            {
                **{name: self._dimension(name, cleared.table) for name in self.key},
                names.OBS_VALUE: whole(cleared.table.column("obs_value")),
                names.OBS_STATUS: encoded(whole(cleared.table.column("obs_status"))),
                names.CONF_STATUS: encoded(whole(cleared.table.column("conf_status"))),
                **{name: self._attribute(name, cleared.table) for name in names.SERIES_ATTRIBUTES},
                **self._sample(cleared.table),
            }
        )

    def _sample(self, table: pa.Table) -> Mapping[str, pa.Array]:
        """Return how sure the figures are, as text: empty where nothing is said of it."""
        if not is_sampled(table.column_names):
            return {}
        columns = (whole(table.column(name)) for name in SAMPLE_COLUMNS)
        texts = (numerals(c, "") if pa.types.is_floating(c.type) else encoded(c) for c in columns)
        return dict(zip(names.SAMPLE_ATTRIBUTES, texts, strict=True))

    def _dimension(self, name: str, table: pa.Table) -> pa.Array:
        sources: Mapping[str, tuple[str, Callable[[str], str]]] = {
            names.FREQ: ("period", lambda text: self._frequencies.get(text, "A")),
            names.AREA_LEVEL: ("level", str),
            names.REF_AREA: ("area", names.minted),
            names.INDICATOR: ("indicator", str.upper),
            names.TIME_PERIOD: ("period", str),
        }
        column, spell = sources.get(name, (name, names.minted))
        return coded(whole(table.column(column)), spell)

    def _attribute(self, name: str, table: pa.Table) -> pa.Array:
        tell: Mapping[str, Callable[[Indicator], str]] = {
            names.UNIT_MEASURE: lambda each: each.unit,
            names.UNIT_MULT: lambda each: str(each.unit_mult),
            names.DECIMALS: lambda each: str(each.decimals),
            names.YEAR_START: lambda each: each.reporting_year_start,
        }
        found = self._indicators
        return coded(whole(table.column("indicator")), lambda text: tell[name](found[text]))


def in_series(table: pa.Table, layout: Layout, periods: Sequence[Period]) -> pa.Table:
    """Return observations sorted by series in key order, and within one by time."""
    order = {str(period): number for number, period in enumerate(periods)}
    key, size = np.zeros(table.num_rows, np.int64), 1
    for name in (*layout.series, names.TIME_PERIOD):
        column = encoded(whole(table.column(name)))
        if name == names.TIME_PERIOD:
            places = np.asarray([order[text] for text in column.dictionary.to_pylist()], np.int64)
        else:
            places = np.empty(len(column.dictionary), np.int64)
            places[pc.array_sort_indices(column.dictionary).to_numpy()] = np.arange(len(places))
        count = int(places.max(initial=0)) + 1
        if size * count > _KEYS_MAX:
            key = np.unique(key, return_inverse=True)[1]
            size = table.num_rows
        key, size = key * count + places[column.indices.to_numpy()], size * count
    if bool((key[1:] >= key[:-1]).all()):
        return table
    return table.take(pa.array(np.argsort(key, kind="stable")))
