"""The boundaries a node has, one GeoJSON file per `level@vintage` beside its area tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import orjson

from hanse.areas import boundaries, layers
from hanse.areas.boundaries import Boundaries, Matched
from hanse.areas.level import split_id
from hanse.areas.registry import Registry
from hanse.dialects.ogc.features import Drawn, drawn
from hanse.errors import Invalid

_HELD_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Source:
    """A file of boundaries: its object (of a topology), the property with the code, whose it is."""

    path: Path
    object: str = ""
    property: str = ""
    attribution: str = ""


def read(source: Source, level: str, registry: Registry) -> Matched:
    """Return the boundaries of a file, held against the areas of a level.

    The object of a topology, or layer of a file, is the one that is named, else the one named as
    the level. Raises what `hanse.areas.layers` and `hanse.areas.boundaries` raise, `NotFound` for a
    level or file that is not there.
    """
    split_id(level)
    areas = registry.areas(level)
    try:
        features = layers.read(source.path, source.object)
    except Invalid as fault:
        if source.object or fault.code != "BOUNDARY_OBJECT":
            raise
        features = layers.read(source.path, level.partition("@")[0])
    return boundaries.matched(level, areas, features, source.property, source.attribution)


def store(home: Path, held: Boundaries) -> None:
    """Keep the boundaries of a level; they take the place of earlier ones at once."""
    folder = home / "areas"
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(home, held.level)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.writelines(boundaries.written(held))
    part.replace(path)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The boundaries of a level, ready to be written: by code; empty where there are none."""

    shapes: Mapping[str, Drawn] = field(default_factory=lambda: MappingProxyType({}))
    attribution: str = ""


def load(home: Path, level: str) -> Drawing:
    """Return the boundaries of a level."""
    path = _path(home, level)
    try:
        stamp = path.stat()
    except FileNotFoundError:
        return Drawing()
    return _loaded(path.resolve(), stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=_HELD_MAX)
def _loaded(path: Path, _moment: int, _size: int) -> Drawing:
    document = json.loads(path.read_bytes())
    shapes = {
        each["id"]: drawn(each["geometry"], orjson.dumps(each["geometry"]))
        for each in document["features"]
    }
    return Drawing(MappingProxyType(shapes), document.get("attribution", ""))


def _path(home: Path, level: str) -> Path:
    split_id(level)
    return home / "areas" / f"boundaries_{level}.geojson"
