"""Boundaries of the areas of one level: read from GeoJSON or TopoJSON, kept as GeoJSON (RFC 7946).

Longitude and latitude on WGS84, nothing else: figures drawn at a wrong place are worse than none.
TopoJSON is read as its specification 1.0 says: arcs, their differences, one object of a topology.
"""

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from hanse.areas.area import Area, AreaKind
from hanse.errors import Invalid

DECIMALS: Final = 6
"""Digits kept of a degree: about ten centimetres."""
FEATURES_MAX: Final = 200_000
POSITIONS_MAX: Final = 5_000_000
SHOWN: Final = 10
"""How many codes a message names."""

Geometry = Mapping[str, Any]
Position = tuple[float, float]

_DEPTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "Point": 0,
        "MultiPoint": 1,
        "LineString": 1,
        "MultiLineString": 2,
        "Polygon": 2,
        "MultiPolygon": 3,
    }
)
"""How deep the positions of each kind of geometry lie."""
_WGS84: Final = ("crs84", "epsg::4326", "epsg:4326")


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The geometry of areas by code; `attribution` is what their owner wants said beside a map."""

    level: str
    geometries: Mapping[str, Geometry] = field(default_factory=lambda: MappingProxyType({}))
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """Boundaries held against a level: what fits, and what does not.

    `unknown` are codes in the file that the level does not have, `missing` are located areas of the
    level without a geometry.
    """

    boundaries: Boundaries
    property: str
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


def read(content: bytes, of: str = "") -> list[tuple[Mapping[str, Any], Geometry]]:
    """Return properties and geometry of every feature of a GeoJSON or TopoJSON document.

    `of` names the object of a topology; one that holds a single object needs no name. Features
    without a geometry are left out. Raises `Invalid`: BOUNDARY_FORMAT for another document,
    BOUNDARY_OBJECT for a topology whose object must be named, BOUNDARY_CRS for positions that are
    not longitude and latitude, BOUNDARY_SHAPE for a geometry that cannot be one, BOUNDARY_LIMIT for
    more than a level may have.
    """
    document = _document(content)
    features = _features(document, of)
    _check_crs(document)
    return checked(features)


def checked(features: Sequence["Feature"]) -> list[tuple[Mapping[str, Any], Geometry]]:
    """Return the features that have a geometry, positions rounded and rings turned.

    Raises `Invalid`: BOUNDARY_SHAPE, BOUNDARY_CRS for a position that is on no globe,
    BOUNDARY_LIMIT.
    """
    if len(features) > FEATURES_MAX:
        raise Invalid("BOUNDARY_LIMIT", count=len(features), limit=FEATURES_MAX)
    found = []
    left = POSITIONS_MAX
    for number, (properties, given) in enumerate(features, 1):
        if given is None:
            continue
        geometry, used = _checked(given, number)
        left -= used
        if left < 0:
            raise Invalid("BOUNDARY_LIMIT", count=POSITIONS_MAX - left, limit=POSITIONS_MAX)
        found.append((properties, geometry))
    return found


def matched(
    level: str,
    areas: Mapping[str, Area],
    features: Sequence[tuple[Mapping[str, Any], Geometry]],
    named: str = "",
    attribution: str = "",
) -> Matched:
    """Return the boundaries of the areas of a level.

    `named` is the property with the code; else it is the one that has most codes of the level.
    Raises `Invalid`: BOUNDARY_PROPERTY where no property has one, BOUNDARY_TWICE for a code that
    stands twice.
    """
    name = named or _property(features, areas.keys())
    found: dict[str, Geometry] = {}
    unknown: list[str] = []
    for properties, geometry in features:
        code = _code(properties.get(name))
        if code not in areas:
            unknown.append(code)
        elif code in found:
            raise Invalid("BOUNDARY_TWICE", area=code[:40], level=level)
        else:
            found[code] = geometry
    if not found:
        raise Invalid("BOUNDARY_PROPERTY", level=level, choice=", ".join(_names(features)) or "-")
    located = (code for code, area in areas.items() if area.kind is AreaKind.LOCATED)
    missing = tuple(sorted(code for code in located if code not in found))
    boundaries = Boundaries(level, MappingProxyType(found), attribution)
    return Matched(boundaries, name, tuple(sorted(unknown)), missing)


def written(boundaries: Boundaries) -> Iterator[bytes]:
    """Yield a FeatureCollection, one feature a line, its id the code."""
    head = {"level": boundaries.level, "attribution": boundaries.attribution}
    opening = json.dumps({"type": "FeatureCollection", **head}, ensure_ascii=False)[:-1]
    yield f'{opening}, "features": [\n'.encode()
    for number, (code, geometry) in enumerate(sorted(boundaries.geometries.items())):
        feature = {"type": "Feature", "id": code, "properties": {"code": code}}
        line = json.dumps(feature | {"geometry": geometry}, ensure_ascii=False, allow_nan=False)
        yield ((",\n" if number else "") + line).encode()
    yield b"\n]}\n"


def bounds(geometry: Geometry) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a geometry."""
    positions = list(positions_of(geometry))
    longitudes = [each[0] for each in positions]
    latitudes = [each[1] for each in positions]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def positions_of(geometry: Geometry) -> Iterator[Position]:
    """Yield every position of a geometry."""
    return _positions(geometry["coordinates"], _DEPTHS[geometry["type"]])


def _positions(held: Any, depth: int) -> Iterator[Position]:
    if depth == 0:
        yield held[0], held[1]
        return
    for each in held:
        yield from _positions(each, depth - 1)


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as fault:
        raise Invalid("BOUNDARY_FORMAT") from fault
    if not isinstance(document, dict) or document.get("type") not in (
        "FeatureCollection",
        "Topology",
    ):
        raise Invalid("BOUNDARY_FORMAT")
    return document


Feature = tuple[Mapping[str, Any], Any]


def _features(document: Mapping[str, Any], of: str) -> list[Feature]:
    if document["type"] == "Topology":
        return _of_topology(document, of)
    held = document.get("features")
    if not isinstance(held, list) or not all(isinstance(each, dict) for each in held):
        raise Invalid("BOUNDARY_FORMAT")
    return [(_described(each), each.get("geometry")) for each in held]


def _described(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of a feature; its id is one of them."""
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise Invalid("BOUNDARY_FORMAT")
    return {"id": feature["id"], **properties} if "id" in feature else properties


def _check_crs(document: Mapping[str, Any]) -> None:
    """Refuse a document that says it has other coordinates (GeoJSON 2008 §3)."""
    crs = document.get("crs")
    if crs is None:
        return
    said = json.dumps(crs).lower()
    if not any(name in said for name in _WGS84):
        raise Invalid("BOUNDARY_CRS", given=said[:60])


def _checked(given: Any, number: int) -> tuple[Geometry, int]:
    """Return a geometry with its positions rounded, outer rings counter-clockwise."""
    kind = str(given.get("type")) if isinstance(given, dict) else ""
    if kind not in _DEPTHS:
        raise Invalid("BOUNDARY_SHAPE", number=number)
    try:
        held, count = _rounded(given.get("coordinates"), _DEPTHS[kind])
        _check_rings(kind, held)
    except (TypeError, ValueError, IndexError, OverflowError) as fault:
        raise Invalid("BOUNDARY_SHAPE", number=number) from fault
    return {"type": kind, "coordinates": _wound(kind, held)}, count


def _rounded(held: Any, depth: int) -> tuple[Any, int]:
    if not isinstance(held, list | tuple) or not held:
        raise TypeError
    if depth == 0:
        return _position(held), 1
    parts = [_rounded(each, depth - 1) for each in held]
    return [part for part, _ in parts], sum(count for _, count in parts)


def _position(held: Sequence[Any]) -> list[float]:
    longitude, latitude = held[0], held[1]
    if isinstance(longitude, bool) or not math.isfinite(longitude) or not math.isfinite(latitude):
        raise ValueError
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise Invalid("BOUNDARY_CRS", given=f"{longitude}, {latitude}"[:60])
    return [round(longitude, DECIMALS), round(latitude, DECIMALS)]


def _check_rings(kind: str, held: Any) -> None:
    for ring in _rings(kind, held):
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise ValueError


def _rings(kind: str, held: Any) -> Iterator[Any]:
    if kind == "Polygon":
        yield from held
    elif kind == "MultiPolygon":
        for polygon in held:
            yield from polygon


def _wound(kind: str, held: Any) -> Any:
    """Return rings as RFC 7946 §3.1.6 wants them: outer ones against the clock, holes with it."""
    if kind == "Polygon":
        return [_turned(ring, number == 0) for number, ring in enumerate(held)]
    if kind == "MultiPolygon":
        return [_wound("Polygon", polygon) for polygon in held]
    return held


def _turned(ring: list[Any], against: bool) -> list[Any]:
    doubled = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring))
    return ring if (doubled < 0) is against else ring[::-1]


def _property(
    features: Sequence[tuple[Mapping[str, Any], Geometry]], codes: Collection[str]
) -> str:
    counts = {
        name: sum(_code(properties.get(name)) in codes for properties, _ in features)
        for name in _names(features)
    }
    return max(counts, key=lambda name: counts[name], default="")


def _names(features: Sequence[tuple[Mapping[str, Any], Geometry]]) -> list[str]:
    names = dict.fromkeys(name for properties, _ in features for name in properties)
    return list(names)[:SHOWN]


def _code(value: Any) -> str:
    """Return a code as text; a number is one that a tool took for a number."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[:60]


def _of_topology(topology: Mapping[str, Any], of: str) -> list[Feature]:
    objects = topology.get("objects")
    if not isinstance(objects, dict) or not objects:
        raise Invalid("BOUNDARY_FORMAT")
    name = of if of in objects else next(iter(objects)) if len(objects) == 1 and not of else ""
    if not name:
        raise Invalid("BOUNDARY_OBJECT", choice=", ".join(map(str, objects))[:200])
    try:
        arcs = _Arcs.of(topology)
        held = objects[name]
        members = held["geometries"] if held["type"] == "GeometryCollection" else [held]
        return [(_described(each), arcs.geometry(each)) for each in members]
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as fault:
        raise Invalid("BOUNDARY_FORMAT") from fault


@dataclass(frozen=True, slots=True)
class _Arcs:
    """The arcs of a topology as positions; `place` makes a position of a geometry's own numbers."""

    arcs: Sequence[Sequence[Sequence[float]]]
    place: Callable[[Sequence[float]], Sequence[float]]
    used: list[int] = field(default_factory=lambda: [0])

    @classmethod
    def of(cls, topology: Mapping[str, Any]) -> "_Arcs":
        transform = topology.get("transform")
        if transform is None:
            return cls(topology["arcs"], lambda each: each)
        (across, up), (west, south) = transform["scale"], transform["translate"]

        def place(each: Sequence[float]) -> Sequence[float]:
            return [each[0] * across + west, each[1] * up + south]

        return cls([list(map(place, _summed(arc))) for arc in topology["arcs"]], place)

    def geometry(self, held: Mapping[str, Any]) -> Geometry | None:
        """Return the GeoJSON geometry of an object of a topology."""
        kind = held.get("type")
        if kind in (None, "null"):
            return None
        if kind == "Point":
            return {"type": kind, "coordinates": self.place(held["coordinates"])}
        if kind == "MultiPoint":
            return {"type": kind, "coordinates": list(map(self.place, held["coordinates"]))}
        depth = {"LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}[str(kind)]
        return {"type": kind, "coordinates": self._lines(held["arcs"], depth)}

    def _lines(self, held: Any, depth: int) -> Any:
        if depth:
            return [self._lines(each, depth - 1) for each in held]
        line: list[Sequence[float]] = []
        for index in held:
            arc = self.arcs[index] if index >= 0 else self.arcs[~index][::-1]
            self.used[0] += len(arc)  # an arc that is named often is written out as often
            if self.used[0] > POSITIONS_MAX:
                raise Invalid("BOUNDARY_LIMIT", count=self.used[0], limit=POSITIONS_MAX)
            line.extend(arc[1:] if line else arc)
        return line


def _summed(arc: Sequence[Sequence[float]]) -> Iterator[Sequence[float]]:
    """Yield the positions of an arc that is written as differences."""
    x = y = 0.0
    for each in arc:
        x, y = x + each[0], y + each[1]
        yield [x, y]
