"""An extent held against one release: which of its codes, and so which of its rows, are open.

Every axis becomes one bit per code of the release's dictionaries; a row is open where all its bits
are. Partitions whose rows are all open, or all closed, are known as such without looking at a row.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from hanse.cube.period import Period
from hanse.cube.query import Extent, PeriodWindow
from hanse.errors import Invalid
from hanse.policies.canonical import canonical

CLOSED, CUT, WHOLE = 0, 1, 2

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Codes:
    """The dictionaries of a release: the codes of each key column, in the order of their numbers.

    `calendars` gives the `reporting_year_start` of the indicators that have one: the same spelling
    of a period then means other dates. `places` is the number of each indicator; `present` says
    per level which areas it has cells of.
    """

    columns: Mapping[str, tuple[str, ...]]
    calendars: Mapping[str, str]
    places: Mapping[str, int]
    present: Array

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The breakdown dimensions, in storage order."""
        return tuple(name for name in self.columns if name.isupper())


@dataclass(frozen=True, slots=True)
class Opening:
    """What an extent opens of a release, axis by axis; see the module."""

    codes: Codes
    indicators: Array  # per indicator
    areas: Array  # per level, per area
    periods: Array  # per calendar, per period
    calendar: Array  # per indicator, its place among the calendars
    breakdowns: Mapping[str, Array]  # per code, for the dimensions that are restricted

    @property
    def everywhere(self) -> bool:
        """Whether periods and breakdowns restrict nothing, so that areas and indicators decide."""
        return bool(self.periods.all()) and all(bool(b.all()) for b in self.breakdowns.values())

    def mask(self, batch: pa.RecordBatch) -> Array:
        """Return which rows of a batch (or cut of one) of the release are open."""
        indicator = _numbers(batch, "indicator")
        mask: Array = self.indicators[indicator]
        mask &= self.areas[_numbers(batch, "level"), _numbers(batch, "area")]
        mask &= self.periods[self.calendar[indicator], _numbers(batch, "period")]
        for name, bits in self.breakdowns.items():
            mask &= bits[_numbers(batch, name)]
        return mask

    def codes_open(self) -> dict[str, Array]:
        """Return, per key column, which of its codes an answer may show at all."""
        opened: dict[str, Array] = {
            "indicator": self.indicators,
            "level": np.any(self.areas, axis=1, keepdims=False),
            "area": np.any(self.areas, axis=0, keepdims=False),
            "period": np.any(self.periods, axis=0, keepdims=False),
        }
        return opened | dict(self.breakdowns)

    def key(self, release: str, form: str) -> str:
        """Return the content address (64 hexadecimal digits) of the answer in one form."""
        opened = {
            "release": release,
            "form": form,
            "indicator": _named(self.codes.columns["indicator"], self.indicators),
            "areas": {
                level: _named(self.codes.columns["area"], bits)
                for level, bits in zip(self.codes.columns["level"], self.areas, strict=True)
            },
            "periods": [_named(self.codes.columns["period"], bits) for bits in self.periods],
            "breakdowns": {
                name: _named(self.codes.columns[name], bits)
                for name, bits in self.breakdowns.items()
            },
        }
        return hashlib.sha256(canonical(opened)).hexdigest()


def narrowed(opening: Opening, indicators: frozenset[str] | None) -> Opening:
    """Return the same opening for these indicators (None: all) and no others."""
    if indicators is None:
        return opening
    bits = np.zeros(len(opening.codes.columns["indicator"]), bool)
    for indicator in indicators:
        place = opening.codes.places.get(indicator)
        if place is not None:
            bits[place] = True
    return replace(opening, indicators=bits)


def resolve(extent: Extent, codes: Codes) -> Opening:
    """Hold an extent, apart from its indicators, against a release.

    Codes that the release does not hold open nothing. Raises `Invalid` for a breakdown dimension
    that it does not have.
    """
    unknown = sorted(set(extent.breakdowns) - set(codes.dimensions))
    if unknown:
        raise Invalid("RELEASE_DIMENSION", dimension=unknown[0], known=", ".join(codes.dimensions))
    calendars = sorted({"", *codes.calendars.values()})
    place = {calendar: number for number, calendar in enumerate(calendars)}
    return Opening(
        codes=codes,
        indicators=np.ones(len(codes.columns["indicator"]), bool),
        areas=_areas(codes, extent.areas) & codes.present,
        periods=_periods(codes.columns["period"], calendars, extent.periods),
        calendar=np.asarray(
            [place[codes.calendars.get(each, "")] for each in codes.columns["indicator"]], np.int32
        ),
        breakdowns={
            name: _bits(codes.columns[name], chosen)
            for name, chosen in sorted(extent.breakdowns.items())
        },
    )


def _bits(codes: Sequence[str], chosen: frozenset[str] | None) -> Array:
    if chosen is None:
        return np.ones(len(codes), bool)
    return np.asarray([code in chosen for code in codes], bool)


def _areas(codes: Codes, chosen: Mapping[str, frozenset[str] | None] | None) -> Array:
    levels, areas = codes.columns["level"], codes.columns["area"]
    if chosen is None:
        return np.ones((len(levels), len(areas)), bool)
    rows = [
        _bits(areas, chosen[level]) if level in chosen else np.zeros(len(areas), bool)
        for level in levels
    ]
    return np.asarray(rows, bool).reshape(len(levels), len(areas))


def _periods(codes: Sequence[str], calendars: list[str], window: PeriodWindow | None) -> Array:
    if window is None:
        return np.ones((len(calendars), len(codes)), bool)
    rows = [[window.holds(Period.parse(code, start)) for code in codes] for start in calendars]
    return np.asarray(rows, bool).reshape(len(calendars), len(codes))


def _numbers(batch: pa.RecordBatch, name: str) -> Array:
    return np.asarray(batch.column(name).indices)


def _named(codes: Sequence[str], bits: Array) -> list[str]:
    return [codes[number] for number in np.flatnonzero(bits).tolist()]
