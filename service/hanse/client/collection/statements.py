"""The comparison as one text of SQL, in the part of the language that DuckDB and Spark read alike.

A view `figures_0`, `figures_1`, … stands for the kept files of one shape; names of columns are
always qualified, for a breakdown may be called `GROUP`. Texts are written so that no engine reads
an escape in them. Places in a ranking, bases and indexes are those of `hanse.cube.benchmark`.
"""

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from hanse.cube.benchmark import INDEX_OF_BASE
from hanse.cube.cells import (
    KEY_COLUMNS,
    MEASURE_COLUMNS,
    NUMBER_COLUMNS,
    ORIGIN_COLUMNS,
    SAMPLE_COLUMNS,
)
from hanse.cube.codelist import TOTAL
from hanse.cube.status import SYMBOL_OF_OBS_STATUS

_SIGNS: Final = re.compile(r"(['\\])")
_HIDDEN: Final = "Q"
_UNKNOWN: Final = "L"


@dataclass(frozen=True, slots=True)
class Source:
    """The kept files of one shape: the view that stands for them, and its columns."""

    view: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transforms:
    """What is made of the figures: `base` divides and `times` multiplies, `index` is 100."""

    base: str = ""
    times: float = 1.0
    index: str = ""
    rank: bool = False


AS_THEY_ARE: Final = Transforms()


@dataclass(frozen=True, slots=True)
class Comparing:
    """What is compared: these areas and periods, none: all."""

    sources: tuple[Source, ...]
    areas: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    transforms: Transforms = AS_THEY_ARE

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The breakdowns of any source, by name."""
        named = {name for each in self.sources for name in each.columns if name.isupper()}
        return tuple(sorted(named))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a figure, in the order of a comparison."""
        held = {name for each in self.sources for name in each.columns}
        sample = (name for name in SAMPLE_COLUMNS if name in held)
        return (*KEY_COLUMNS, *self.dimensions, *MEASURE_COLUMNS, *sample, *ORIGIN_COLUMNS)

    def rows(self) -> str:
        """Return the statement that gives every figure, transformed."""
        shaped = bool(self.transforms.base or self.transforms.index)
        columns = [each for each in self.columns if not shaped or each not in SAMPLE_COLUMNS]
        columns += ["rank"] if self.transforms.rank else []
        return f"{self._with()} SELECT {_list('f', columns)} FROM made AS f"

    def spreads(self) -> str:
        """Return the statement of the spread by indicator, level and period."""
        group = ("indicator", "level", "period")
        ordered = (
            f"SELECT {_list('f', (*group, 'obs_value'))}, ROW_NUMBER() OVER (PARTITION BY"
            f" {_names('f', group)} ORDER BY CASE WHEN f.obs_value IS NULL THEN 1 ELSE 0 END,"
            f" f.obs_value) AS place, COUNT(f.obs_value) OVER (PARTITION BY {_names('f', group)})"
            " AS counted FROM made AS f"
        )
        return (
            f"{self._with()} SELECT {_list('o', group)}, COUNT(*) AS of_all,"
            " COUNT(o.obs_value) AS shown, MIN(o.obs_value) AS lowest,"
            " AVG(CASE WHEN 2 * o.place BETWEEN o.counted AND o.counted + 2 THEN o.obs_value END)"
            " AS median, AVG(o.obs_value) AS mean, MAX(o.obs_value) AS highest,"
            " STDDEV_SAMP(o.obs_value) AS deviation"
            f" FROM ({ordered}) AS o GROUP BY {_names('o', group)} ORDER BY {_names('o', group)}"
        )

    def counts(self) -> str:
        """Return the statement that counts the cells of every publisher's dataset, as they came."""
        keys = ("origin", "dataset")
        return (
            f"{self._with()} SELECT {_list('c', keys)}, COUNT(*) AS cells FROM cells AS c"
            f" GROUP BY {_names('c', keys)}"
        )

    def _with(self) -> str:
        steps = [f"cells AS ({' UNION ALL '.join(map(self._cells, self.sources))})"]
        last, told = "cells", self.transforms
        place = ("level", "area", "period", *self.dimensions)
        if told.base:
            steps += self._based(last, "per_base", place, f"f.indicator = {text(told.base)}")
            last = "per_base"
        if told.index:
            series = ("indicator", "level", "area", *self.dimensions)
            steps += self._based(last, "indexed", series, f"f.period = {text(told.index)}")
            last = "indexed"
        steps.append(f"made AS ({self._ranked(last) if told.rank else f'SELECT * FROM {last}'})")
        return f"WITH {', '.join(steps)}"

    def _cells(self, source: Source) -> str:
        chosen = ", ".join(self._column(name, source) for name in self.columns)
        narrowed = [
            f"c.{name} IN ({', '.join(map(text, values))})"
            for name, values in (("area", self.areas), ("period", self.periods))
            if values
        ]
        where = f" WHERE {' AND '.join(narrowed)}" if narrowed else ""
        return f"SELECT {chosen} FROM {source.view} AS c{where}"

    def _column(self, name: str, source: Source) -> str:
        if name in source.columns:
            return f"c.{name} AS {name}"
        if name in NUMBER_COLUMNS:
            return f"CAST(NULL AS DOUBLE) AS {name}"
        return f"{text(TOTAL if name in self.dimensions else '')} AS {name}"

    def _based(self, last: str, made: str, keys: Sequence[str], where: str) -> list[str]:
        """Return the steps: the base of every place and house, and the figures held against it.

        A house's own base counts, else the only one that anybody gives.
        """
        base = f"{made}_base"
        held = (*keys, "origin", "obs_value", "obs_status")
        ordered = (
            f"SELECT {_list('f', held)}, ROW_NUMBER() OVER (PARTITION BY"
            f" {_names('f', (*keys, 'origin'))} ORDER BY f.dataset DESC) AS first"
            f" FROM {last} AS f WHERE {where}"
        )
        chosen = (
            f"SELECT {_list('o', held)}, COUNT(*) OVER (PARTITION BY {_names('o', keys)}) AS houses"
            f" FROM ({ordered}) AS o WHERE o.first = 1"
        )
        per = made == "per_base"
        times = self.transforms.times if per else INDEX_OF_BASE
        kept = [name for name in self.columns if name not in MEASURE_COLUMNS]
        status = _status(times)
        divided = f"CASE WHEN {_divides(times)} THEN f.obs_value / f.base_value * {times!r} END"
        under = f"{made}_under"
        beside = (
            f"SELECT {_list('f', self.columns)}, CASE WHEN h.origin IS NOT NULL THEN h.obs_value"
            " ELSE a.obs_value END AS base_value, CASE WHEN h.origin IS NOT NULL THEN h.obs_status"
            f" ELSE a.obs_status END AS base_status FROM {last} AS f"
            f" LEFT JOIN {base} AS h ON {_same('h', keys)} AND h.origin = f.origin"
            f" LEFT JOIN {base} AS a ON {_same('a', keys)} AND a.houses = 1"
            + (f" WHERE NOT ({where})" if per else "")
        )
        figures = (
            f"SELECT {_list('f', kept)}, {divided} AS obs_value, {status} AS obs_status,"
            f" CASE WHEN {status} = '{_HIDDEN}' THEN 'C' ELSE 'F' END AS conf_status"
            f" FROM {under} AS f"
        )
        return [f"{base} AS ({chosen})", f"{under} AS ({beside})", f"{made} AS ({figures})"]

    def _ranked(self, last: str) -> str:
        group = ("indicator", "level", "period", *self.dimensions)
        return (
            f"SELECT {_list('f', self.columns)}, CASE WHEN f.obs_value IS NOT NULL THEN"
            f" CAST(RANK() OVER (PARTITION BY {_names('f', group)}, CASE WHEN f.obs_value IS NULL"
            " THEN 1 ELSE 0 END ORDER BY f.obs_value DESC) AS DOUBLE) END AS rank"
            f" FROM {last} AS f"
        )


def text(value: str) -> str:
    """Return a text as SQL; a quote and a backslash by their codes, for engines differ on them."""
    pieces = [each for each in _SIGNS.split(value) if each]
    told = [f"chr({ord(each)})" if _SIGNS.match(each) else f"'{each}'" for each in pieces]
    if len(told) < 2:
        return "".join(told) or "''"
    return f"concat({', '.join(told)})"


def _status(times: float) -> str:
    """Return the status of a quotient: hidden poisons, what has no number keeps its own reason."""
    without = ", ".join(f"'{each}'" for each in sorted(set(SYMBOL_OF_OBS_STATUS) - {_HIDDEN}))
    return (
        f"CASE WHEN f.obs_status = '{_HIDDEN}' OR f.base_status = '{_HIDDEN}' THEN '{_HIDDEN}'"
        f" WHEN f.obs_status IN ({without}) THEN f.obs_status"
        f" WHEN {_numbers(times)} THEN f.obs_status ELSE '{_UNKNOWN}' END"
    )


def _numbers(times: float) -> str:
    """Return when two numbers have a quotient that can be written."""
    return (
        "f.obs_value IS NOT NULL AND f.base_value IS NOT NULL AND f.base_value <> 0"
        f" AND ABS(f.obs_value / f.base_value * {times!r}) <= {sys.float_info.max!r}"
    )


def _divides(times: float) -> str:
    """Return when there is a quotient: two numbers, and neither status says there is none."""
    without = ", ".join(f"'{each}'" for each in sorted(SYMBOL_OF_OBS_STATUS))
    return f"{_numbers(times)} AND f.obs_status NOT IN ({without}) AND f.base_status <> '{_HIDDEN}'"


def _same(table: str, keys: Collection[str]) -> str:
    return " AND ".join(f"{table}.{name} = f.{name}" for name in keys)


def _names(table: str, columns: Collection[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in columns)


def _list(table: str, columns: Collection[str]) -> str:
    return ", ".join(f"{table}.{name} AS {name}" for name in columns)
