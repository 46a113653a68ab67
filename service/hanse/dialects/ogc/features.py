"""Areas as features: code, name, period, breakdowns, and two columns per indicator."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from hanse.areas import boxes
from hanse.areas.area import Area
from hanse.areas.boundaries import Geometry, bounds
from hanse.areas.boxes import Box
from hanse.cube.cleared import Cleared
from hanse.cube.period import Period
from hanse.dialects.edition import Edition

GEOJSON: Final = "application/geo+json"
COLUMNS_MAX: Final = 250
"""How many indicators one answer has as columns."""
CELLS_MAX: Final = 500_000
"""How many cells one answer has."""
FIXED: Final = ("code", "name", "period")
RESERVED: Final = frozenset(
    {*FIXED, "id", "limit", "offset", "bbox", "datetime", "indicator", "release", "purpose"}
)
_PIECE: Final = 200

Cell = tuple[float | None, str]
Cells = Mapping[str, Mapping[str, Cell]]
"""Per area, per indicator, value and status."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A geometry with its extent, and as it is written."""

    geometry: Geometry
    box: Box
    text: bytes

    def touches(self, box: Box) -> bool:
        """Say whether it has a point in common with a box."""
        if not any(boxes.overlap(self.box, part) for part in boxes.halves(box)):
            return False
        return boxes.touches(self.geometry, box)


def drawn(geometry: Geometry, text: bytes) -> Drawn:
    """Return a geometry ready to be written."""
    return Drawn(geometry, bounds(geometry), text)


@dataclass(frozen=True, slots=True)
class Cut:
    """What the features of one answer are about.

    `columns` gives the name of each indicator's column; `breakdowns` the one code of each.
    """

    edition: Edition
    level: str
    period: Period
    columns: Mapping[str, str]
    breakdowns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def vintage(self) -> str:
        """The year of the level's vintage."""
        return self.level.partition("@")[2]

    def properties(self, area: Area, cells: Mapping[str, Cell]) -> dict[str, Any]:
        """Return the properties of an area; a status of null says that there is no such cell."""
        found: dict[str, Any] = {
            "code": area.code, "name": area.name, "period": str(self.period), **self.breakdowns,
        }  # fmt: skip
        for indicator, column in self.columns.items():
            value, status = cells.get(indicator, (None, None))
            found[column] = value
            found[f"{column}_status"] = status
        return found


def columns(edition: Edition) -> dict[str, str]:
    """Return the column of every indicator: its id, with `_` after it where another has that name.

    The same for every reader who sees the same indicators, and in every answer.
    """
    taken = {*RESERVED, *(each.id for each in edition.dimensions)}
    found: dict[str, str] = {}
    for each in sorted(edition.indicators, key=lambda indicator: indicator.id):
        name = each.id
        while name in taken or f"{name}_status" in taken:
            name += "_"
        taken |= {name, f"{name}_status"}
        found[each.id] = name
    return found


def gathered(pieces: Iterable[Cleared], period: Period) -> Cells:
    """Return the cells of a period by area and indicator; each key stands once."""
    found: dict[str, dict[str, Cell]] = {}
    wanted = str(period)
    names = ("indicator", "area", "period", "obs_value", "obs_status")
    for cleared in pieces:
        held = (cleared.table.column(name).to_pylist() for name in names)
        for indicator, area, spelled, value, status in zip(*held, strict=True):
            if spelled == wanted:
                found.setdefault(area, {})[indicator] = (value, status)
    return found


def feature_id(code: str, vintage: str) -> str:
    """Return the id of a feature: `11002@2025`."""
    return f"{code}@{vintage}"


def feature(cut: Cut, area: Area, cells: Mapping[str, Cell], shape: Drawn | None) -> bytes:
    """Return one feature; its geometry is null where the node has no boundary."""
    head = {"type": "Feature", "id": feature_id(area.code, cut.vintage)}
    properties = json.dumps(cut.properties(area, cells), ensure_ascii=False, allow_nan=False)
    opening = json.dumps(head, ensure_ascii=False)[:-1].encode()
    drawing = shape.text if shape else b"null"
    return b'%s, "geometry": %s, "properties": %s}' % (opening, drawing, properties.encode())


@dataclass(frozen=True, slots=True)
class Counted:
    """What stands around the features of a page."""

    matched: int
    returned: int
    moment: str
    links: Sequence[Mapping[str, str]]


def collection(features: Iterator[bytes], counted: Counted) -> Iterator[bytes]:
    """Yield a page of features, in pieces."""
    head = {
        "type": "FeatureCollection",
        "numberMatched": counted.matched,
        "numberReturned": counted.returned,
        "timeStamp": counted.moment,
        "links": list(counted.links),
    }
    held = [f'{json.dumps(head, ensure_ascii=False)[:-1]}, "features": ['.encode()]
    for number, each in enumerate(features):
        held.append(b",\n" + each if number else b"\n" + each)
        if len(held) >= _PIECE:
            yield b"".join(held)
            held.clear()
    yield b"".join([*held, b"\n]}\n"])
