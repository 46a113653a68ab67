"""The open data service of Swing sites: what reports and scripts written against one ask for.

Source: the vendor's manual of its open data service, and scripts of its users. Lost: a variable has
one figure per area and period, so breakdowns stand under `CubeVariables`, one item of each; text
and figure share one column (`ValueString`: `-` nothing, `x` hidden, `?` unknown, `nvt` cannot be);
what kind of figure it is (provisional, a break) is a sentence in `Description`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from hanse.areas.area import Area
from hanse.areas.level import to_swing
from hanse.cube.codelist import TOTAL, Code, Dimension
from hanse.cube.indicator import Indicator, Source
from hanse.cube.period import Period
from hanse.dialects.edition import Edition, text_in
from hanse.errors import Invalid, NotFound
from hanse.messages import say

PERIOD_LEVELS: Final[Mapping[str, str]] = {
    "A": "year", "S": "halfyear", "Q": "quarter", "M": "month",
}  # fmt: skip
ALL: Final = "all"
NEWEST: Final = "mrp"
ENTITIES: Final[Mapping[str, tuple[str, ...]]] = {
    "Variable": (
        "ExternalCode", "Name", "Description", "Unit", "Source", "LastUpdate", "StartPeriod",
        "EndPeriod", "Dataset", "Release", "Licence",
    ),
    "GeoLevel": ("ExternalCode", "Name"),
    "GeoItem": ("ExternalCode", "Name", "PointX", "PointY"),
    "PeriodLevel": ("ExternalCode", "Name"),
    "Period": ("ExternalCode", "FullName"),
    "DataSource": ("ExternalCode", "Name", "SourceDataOwner", "Frequency", "ReferenceDate"),
    "Dimension": ("ExternalCode", "Name"),
    "DimLevel": ("ExternalCode", "Name"),
    "DimMember": ("ExternalCode", "Name"),
    "Value": ("ExternalCode", "GeoLevel", "PeriodLevel", "Period", "ValueString", "Description"),
}  # fmt: skip
SETS: Final[Mapping[str, str]] = {
    "Variables": "Variable",
    "CubeVariables": "Variable",
    "GeoLevels": "GeoLevel",
    "GeoItems": "GeoItem",
    "PeriodLevels": "PeriodLevel",
    "Periods": "Period",
    "DataSources": "DataSource",
    "Dimensions": "Dimension",
    "DimLevels": "DimLevel",
    "DimMembers": "DimMember",
    "DimItems": "DimMember",
    "Values": "Value",
}
TOP: Final = (
    "Variables", "CubeVariables", "GeoLevels", "PeriodLevels", "Periods", "DataSources",
    "Dimensions",
)  # fmt: skip
_FOLDED: Final = {name.lower(): name for name in SETS} | {"datasource": "DataSources"}
_STEP: Final = re.compile(r"([A-Za-z]{1,30})(?:\('((?:[^']|''){0,200})'\))?")

Entry = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One part of an address: a set, and the key of one of its entities or None."""

    name: str
    key: str | None = None


def steps(parts: Sequence[str]) -> tuple[Step, ...]:
    """Return the parts of an address; raises `NotFound` for what no set is called."""
    found = []
    for part in parts:
        match = _STEP.fullmatch(part)
        if match is None or match[1].lower() not in _FOLDED:
            raise NotFound("NOT_FOUND")
        key = None if match[2] is None else match[2].replace("''", "'")
        found.append(Step(_FOLDED[match[1].lower()], key))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Variable:
    """An indicator of a dataset under the code a Swing site would give it."""

    edition: Edition
    indicator: Indicator
    code: str

    @property
    def name(self) -> str:
        """The code that it alone has, whatever other datasets there are: `proef__inw`."""
        return f"{self.edition.dialect_id.lower()}__{self.indicator.id}"


def variables(editions: Iterable[Edition]) -> tuple[Variable, ...]:
    """Return every variable; a code that two datasets have is written with the dataset before."""
    found = [
        Variable(edition, indicator, indicator.origin_code or indicator.id)
        for edition in editions
        for indicator in edition.indicators
    ]
    counts: dict[str, int] = {}
    for each in found:
        counts[each.code.lower()] = counts.get(each.code.lower(), 0) + 1
    return tuple(
        replace(each, code=each.name) if counts[each.code.lower()] > 1 else each for each in found
    )


@dataclass(frozen=True)
class Place:
    """What the keys of an address have narrowed so far."""

    every: tuple[Variable, ...]
    lang: str
    cubes: bool = False
    variable: Variable | None = None
    members: tuple[tuple[str, str], ...] = ()
    dimension: str = ""
    level: str = ""
    freq: str = ""
    period: str = ""

    @cached_property
    def editions(self) -> tuple[Edition, ...]:
        """The datasets that it is about, each once."""
        held = (self.variable,) if self.variable else self.every
        return tuple({each.edition.slug: each.edition for each in held}.values())

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels it is about, as `level@vintage`."""
        held = dict.fromkeys(level for each in self.editions for level in each.areas)
        return tuple(level for level in held if self.level in ("", ALL, level))

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods it is about, each spelling of Swing once, in order of time."""
        found: dict[tuple[str, str], Period] = {}
        for edition in self.editions:
            for each in edition.periods:
                if self._has(each):
                    found.setdefault((each.freq, each.swing), each)
        return tuple(sorted(found.values()))

    def _has(self, period: Period) -> bool:
        """Say whether a period is of the level that is named, else of the variable's own."""
        indicator = self.variable.indicator if self.variable else None
        freq = self.freq or (indicator.freq if indicator else period.freq)
        calendars = (period.reporting_year_start,)
        if indicator and period.freq == "A":
            calendars = (indicator.reporting_year_start,)
        return period.freq == freq and period.reporting_year_start in calendars

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The breakdowns it is about."""
        held = {d.id: d for each in self.editions for d in each.dimensions}
        return tuple(d for d in held.values() if self.dimension in ("", d.id))

    def held(self, name: str) -> list[Entry]:
        """Return the entities of a set at this place."""
        return list(_LISTS[name](self))

    def narrowed(self, step: Step) -> "Place":
        """Return the place that a key leads to; raises `NotFound` where nothing has that key."""
        key = (step.key or "").lower()
        if step.name in ("Variables", "CubeVariables"):
            cubes = step.name == "CubeVariables"
            return replace(self, cubes=cubes, variable=self._variable(key, cubes))
        if step.name == "GeoLevels" and key == ALL:
            return replace(self, level=ALL)
        if step.name == "Periods" and key in (ALL, NEWEST):
            return replace(self, period=key)
        return self._at(step.name, key)

    def _at(self, name: str, key: str) -> "Place":
        if name == "GeoLevels":
            return replace(self, level=_one(self.levels, key, to_swing))
        if name == "PeriodLevels":
            held = tuple({each.freq for edition in self.editions for each in edition.periods})
            return replace(self, freq=_one(held, key, lambda freq: PERIOD_LEVELS[freq]))
        if name == "Periods":
            return replace(self, period=str(_one(self.periods, key, lambda each: each.swing)))
        if name in ("Dimensions", "DimLevels"):
            return replace(self, dimension=_one(self.dimensions, key, lambda d: d.id).id)
        if name == "DimItems" and self.cubes:
            dimension, code = _one(tuple(_members(self)), key, lambda pair: _member(*pair))
            return replace(self, members=(*self.members, (dimension.id, code.id)))
        if name == "DataSources":
            _one(self.held(name), key, lambda entry: entry["ExternalCode"] or "")
            return self
        raise NotFound("NOT_FOUND")

    def _variable(self, key: str, cubes: bool) -> Variable:
        held = [each for each in self.every if each.edition.dimensions or not cubes]
        found = [each for each in held if key in (each.code.lower(), each.name)]
        if not found:
            twice = [
                each.code
                for each in held
                if key in (each.indicator.id, each.indicator.origin_code.lower())
            ]
            if twice:
                raise Invalid("SWING_VARIABLE_TWICE", given=key[:60], choice=", ".join(twice[:5]))
            raise NotFound("NOT_FOUND")
        return found[0]


def _one(held: Sequence[Any], key: str, spell: Any) -> Any:
    for each in held:
        if spell(each).lower() == key:
            return each
    raise NotFound("NOT_FOUND")


def _members(place: Place) -> Iterator[tuple[Dimension, Code]]:
    for dimension in place.dimensions:
        for code in dimension.codelist.codes:
            if code.id != TOTAL:
                yield dimension, code


def _member(dimension: Dimension, code: Code) -> str:
    return f"{dimension.id.lower()}_{code.id}"


def item(level: str, area: Area) -> str:
    """Return the code of an area: `gemeente_41002`."""
    return f"{to_swing(level)}_{area.code}"


def _variables(place: Place) -> Iterator[Entry]:
    for each in (place.variable,) if place.variable else place.every:
        yield _variable(each, place.lang)


def _cubes(place: Place) -> Iterator[Entry]:
    held = (place.variable,) if place.variable else place.every
    return (_variable(each, place.lang) for each in held if each.edition.dimensions)


def _variable(variable: Variable, lang: str) -> Entry:
    edition, indicator = variable.edition, variable.indicator
    periods = replace(Place((variable,), lang), variable=variable).periods
    return {
        "ExternalCode": variable.code,
        "Name": text_in(indicator.name, lang, indicator.id),
        "Description": text_in(indicator.description, lang),
        "Unit": indicator.unit,
        "Source": indicator.sources[0].code if indicator.sources else "",
        "LastUpdate": edition.moment,
        "StartPeriod": periods[0].swing if periods else None,
        "EndPeriod": periods[-1].swing if periods else None,
        "Dataset": edition.slug,
        "Release": edition.release,
        "Licence": edition.licence,
    }


def _geo_levels(place: Place) -> Iterator[Entry]:
    names = {level: held for each in place.editions for level, held in each.levels.items()}
    for level in place.levels:
        name = text_in(names[level].name, place.lang, names[level].code)
        yield {"ExternalCode": to_swing(level), "Name": name}


def _geo_items(place: Place) -> Iterator[Entry]:
    if not place.level:
        raise NotFound("NOT_FOUND")
    seen: set[str] = set()
    for level in place.levels:
        for edition in place.editions:
            for area in edition.areas.get(level, ()):
                code = item(level, area)
                if code not in seen:
                    seen.add(code)
                    yield {"ExternalCode": code, "Name": area.name, "PointX": None, "PointY": None}


def _period_levels(place: Place) -> Iterator[Entry]:
    held = dict.fromkeys(each.freq for each in place.periods)
    for freq in (freq for freq in PERIOD_LEVELS if freq in held):
        yield {
            "ExternalCode": PERIOD_LEVELS[freq],
            "Name": say(f"SWING_PERIOD_LEVEL_{freq}", place.lang),
        }


def _periods(place: Place) -> Iterator[Entry]:
    for each in place.periods:
        yield {"ExternalCode": each.swing, "FullName": each.label(place.lang)}


def _sources(place: Place) -> Iterator[Entry]:
    held: dict[str, tuple[Source, Indicator]] = {}
    for variable in (place.variable,) if place.variable else place.every:
        for source in variable.indicator.sources:
            held.setdefault(source.code.lower(), (source, variable.indicator))
    for source, indicator in held.values():
        yield {
            "ExternalCode": source.code,
            "Name": source.name or source.code,
            "SourceDataOwner": source.owner,
            "Frequency": PERIOD_LEVELS[indicator.freq],
            "ReferenceDate": source.reference_date or indicator.reference_point,
        }


def _dimensions(place: Place) -> Iterator[Entry]:
    for each in place.dimensions:
        name = text_in(each.name or each.codelist.name, place.lang, each.id)
        yield {"ExternalCode": each.id.lower(), "Name": name}


def _dim_members(place: Place) -> Iterator[Entry]:
    for dimension, code in _members(place):
        name = text_in(code.name, place.lang, code.id)
        yield {"ExternalCode": _member(dimension, code), "Name": name}


_LISTS: Final = {
    "Variables": _variables,
    "CubeVariables": _cubes,
    "GeoLevels": _geo_levels,
    "GeoItems": _geo_items,
    "PeriodLevels": _period_levels,
    "Periods": _periods,
    "DataSources": _sources,
    "Dimensions": _dimensions,
    "DimLevels": _dimensions,
    "DimMembers": _dim_members,
    "DimItems": _dim_members,
}
