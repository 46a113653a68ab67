"""Cells as rows of properties: wide with labels beside codes, or in the layout of CBS.

A row is made column by column and only then written, so a hidden value is `null` in every layout.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from hanse.cube.cells import MEASURE_COLUMNS, NUMBER_COLUMNS, SAMPLE_COLUMNS
from hanse.cube.cleared import Cleared
from hanse.cube.encoding import whole
from hanse.cube.indicator import Indicator
from hanse.cube.period import Period
from hanse.dialects.edition import Edition, text_in
from hanse.dialects.words import Part, coded, combined, encoded, in_steps, numbers, plain
from hanse.messages import say

ID: Final = "Id"
VALUE: Final = "Value"
SAMPLE: Final = ("CiLow", "CiHigh", "SampleSize", "CiMethod", "CiZ")
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_CBS: Final = {"A": "JJ", "S": "HJ", "Q": "KW", "M": "MM"}
_CBS_ATTRIBUTE: Final = {"Q": "Confidential", "O": "Missing", "L": "Missing", "M": "Impossible"}

Make = Callable[[pa.Table], pa.Array]


def cbs_period(period: Period) -> str:
    """Return the code CBS gives a period: `2025JJ00`, `2024SJ00`, `2025KW01`, `2025MM03`."""
    if period.freq == "A":
        return f"{period.year:04}{'SJ' if period.reporting_year_start else 'JJ'}00"
    return f"{period.year:04}{_CBS[period.freq]}{period.number:02}"


@dataclass(frozen=True)
class Rows:
    """The rows of a dataset in one layout; `columns` are their properties in order."""

    edition: Edition
    lang: str

    @cached_property
    def _indicators(self) -> Mapping[str, Indicator]:
        return {each.id: each for each in self.edition.indicators}

    @cached_property
    def _periods(self) -> Mapping[str, Period]:
        return {str(each): each for each in self.edition.periods}

    @cached_property
    def makers(self) -> Mapping[str, Make]:
        """How each property is made; the order is that of the properties."""
        raise NotImplementedError

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the properties."""
        return tuple(self.makers)

    def table(self, cleared: Cleared) -> pa.Table:
        """Return the rows of some cells."""
        return pa.table({name: make(cleared.table) for name, make in self.makers.items()})

    def of(self, column: str, spell: Callable[[str], str]) -> Make:
        """Return the maker of a text from a column, each distinct code spelled once."""
        return lambda table: coded(whole(table.column(column)), spell)

    def of_indicator(self, tell: Callable[[Indicator], str]) -> Make:
        """Return the maker of a text about the indicator."""
        return self.of("indicator", lambda id_: tell(self._indicators[id_]))

    def of_period(self, tell: Callable[[Period], str]) -> Make:
        """Return the maker of a text about the period."""
        return self.of("period", lambda text: tell(self._periods[text]))


class Wide(Rows):
    """Codes and labels flat beside one another: what a spreadsheet wants."""

    @cached_property
    def makers(self) -> Mapping[str, Make]:
        """How each property is made."""
        lang = self.lang
        return {
            ID: identifiers,
            "Indicator": self.of("indicator", str),
            "IndicatorLabel": self.of_indicator(lambda each: text_in(each.name, lang, each.id)),
            "GeoLevel": self.of("level", str),
            "RefArea": self.of("area", str),
            "RefAreaLabel": self._area_label,
            **self._breakdowns(),
            "Period": self.of("period", str),
            "PeriodLabel": self.of_period(lambda each: each.label(lang)),
            "PeriodStart": self.of_period(lambda each: each.start_date.isoformat()),
            "Freq": self.of_period(lambda each: each.freq),
            VALUE: value,
            "Unit": self.of_indicator(lambda each: each.unit),
            "ObsStatus": self.of("obs_status", str),
            "ConfStatus": self.of("conf_status", str),
            "StatusLabel": self.of("obs_status", lambda code: say(f"SDMX_OBS_STATUS_{code}", lang)),
            "Release": self.of("level", self._release),
            **self._sample(),
        }

    def _release(self, _: str) -> str:
        return self.edition.release

    def _sample(self) -> Mapping[str, Make]:
        """Return how sure the figures are, where the dataset has figures of a sample."""
        columns = dict(zip(SAMPLE, SAMPLE_COLUMNS, strict=True)) if self.edition.sampled else {}
        return {
            name: _number(column) if column in NUMBER_COLUMNS else self.of(column, str)
            for name, column in columns.items()
        }

    def _breakdowns(self) -> Mapping[str, Make]:
        found: dict[str, Make] = {}
        for each in self.edition.dimensions:
            names = {
                code.id: text_in(code.name, self.lang, code.id) for code in each.codelist.codes
            }
            found[each.id] = self.of(each.id, str)
            found[f"{each.id}Label"] = self.of(each.id, _named(names))
        return found

    def _area_label(self, table: pa.Table) -> pa.Array:
        """Return the name of each area in its own vintage."""
        level, area = (encoded(whole(table.column(name))) for name in ("level", "area"))
        names = {
            f"{level}\x1f{area.code}": area.name
            for level, held in self.edition.areas.items()
            for area in held
        }
        pairs = combined(level, area, "\x1f")
        return coded(pairs, lambda pair: names.get(pair, pair.rpartition("\x1f")[2]))


class Cbs(Rows):
    """Measure, region, dimensions and period: the layout of CBS."""

    @cached_property
    def makers(self) -> Mapping[str, Make]:
        """How each property is made."""
        return {
            ID: identifiers,
            "Measure": self.of("indicator", str.upper),
            "ValueAttribute": self.of("obs_status", lambda s: _CBS_ATTRIBUTE.get(s, "None")),
            VALUE: value,
            "StringValue": _nothing,
            "RegioS": self.of("area", str),
            **{each.id: self.of(each.id, str) for each in self.edition.dimensions},
            "Perioden": self.of_period(cbs_period),
        }


def _named(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda code: names.get(code, code)


def _nothing(table: pa.Table) -> pa.Array:
    return pa.nulls(table.num_rows, pa.string())


def _number(column: str) -> Make:
    return lambda table: whole(table.column(column))


def value(table: pa.Table) -> pa.Array:
    """Return the values, null where there is none."""
    return whole(table.column("obs_value"))


def identifiers(table: pa.Table) -> pa.Array:
    """Return a number per row that stands for its key, the same in every release and answer."""
    keys = [name for name in table.column_names if name not in _MEASURES]
    found = np.zeros(table.num_rows, np.uint64)
    for name in keys:
        codes = encoded(whole(table.column(name)))
        hashes = np.asarray(
            [_hash(f"{name}={code}") for code in codes.dictionary.to_pylist()], np.uint64
        )
        with np.errstate(over="ignore"):
            found = (found ^ hashes[codes.indices.to_numpy()]) * _MIX if len(hashes) else found
            found ^= found >> np.uint64(29)
    return pa.array((found >> np.uint64(1)).astype(np.int64))


_MEASURES: Final = (*MEASURE_COLUMNS, *SAMPLE_COLUMNS)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def written(table: pa.Table, columns: Sequence[str], extra: str = "") -> Iterator[bytes]:
    """Yield the rows as JSON objects with commas between, some at a time.

    `extra` opens each of them.
    """
    parts: list[Part] = [",{" + extra]
    for number, name in enumerate(columns):
        parts += [f"{',' if number else ''}{json.dumps(name)}:", *_texts(table.column(name))]
    for number, step in enumerate(in_steps([*parts, "}"], table.num_rows)):
        yield step if number else step[1:]


def in_full(table: pa.Table) -> pa.Table:
    """Return rows with their texts written out, so that they can be put in order."""
    return pa.table({name: plain(whole(table.column(name))) for name in table.column_names})


def _texts(column: pa.ChunkedArray) -> list[Part]:
    array = whole(column)
    if pa.types.is_floating(array.type):
        # With a decimal part always: some readers type a column by its first page.
        return numbers(array, "null", bare=".0")
    if pa.types.is_integer(array.type):
        return [array.cast(pa.string())]
    if array.null_count == len(array):
        return ["null"]
    if array.null_count:
        array = plain(array).dictionary_encode(null_encoding="encode")
    return [coded(array, lambda text: json.dumps(text, ensure_ascii=False))]
