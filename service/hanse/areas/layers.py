"""Boundaries from a file, in the forms that geographers keep: GeoJSON, TopoJSON, shapefile,
GeoPackage, FlatGeobuf, GeoParquet.

Every layer says in which coordinates it stands; they are brought to longitude and latitude (WGS84).
A layer that does not say is refused: in Belgium it could be one of three grids. What comes out is
what `hanse.areas.boundaries.read` gives of GeoJSON. The libraries come with `hanse[geo]`.
"""

import gzip
import json
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from hanse.areas import boundaries
from hanse.areas.boundaries import FEATURES_MAX, Feature, Geometry
from hanse.errors import Invalid, NotFound

FILE_BYTES_MAX: Final = 200_000_000
GEOPARQUET: Final = (".parquet", ".geoparquet")
_BEGINNINGS: Final[Mapping[str, bytes]] = MappingProxyType(
    {".shp": b"\x00\x00\x27\x0a", ".gpkg": b"SQLite format 3\x00", ".fgb": b"fgb\x03fgb"}
)
"""How a file of each form begins. The library that reads them picks a form by itself, and some of
those it knows name other files or addresses, which it would open: only these reach it.
"""
_GEOPACKAGE: Final = (68, b"GP")
"""Where a GeoPackage says that it is one (OGC 12-128 §1.1.1.1.1), and how."""
_SHAPEFILE: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_UNFOLDED_MAX: Final = 5 * FILE_BYTES_MAX
SUFFIXES: Final = (*_BEGINNINGS, ".zip", *GEOPARQUET)
WGS84: Final = "OGC:CRS84"


def read(path: Path, of: str = "") -> list[tuple[Mapping[str, Any], Geometry]]:
    """Return properties and geometry of every feature of one layer; `of` names it among several.

    GeoJSON and TopoJSON need no library, gzip or not; a zipped shapefile is read as it is. Raises
    `NotFound` (BOUNDARY_FILE), and `Invalid`: BOUNDARY_LIBRARY where the libraries are absent,
    BOUNDARY_FORMAT for a file that is none of these, BOUNDARY_OBJECT where a layer must be named,
    BOUNDARY_CRS where it does not say its coordinates, BOUNDARY_LIMIT, and what `checked` raises.
    """
    if not path.is_file():
        raise NotFound("BOUNDARY_FILE", file=path.name[:100])
    if path.suffix.lower() not in SUFFIXES:
        return boundaries.read(_bytes(path), of)
    _small(path.stat().st_size)
    try:
        import pyogrio
        import pyproj
        import shapely
    except ImportError as fault:
        raise Invalid("BOUNDARY_LIBRARY", file=path.name[:100]) from fault
    faults = (
        OSError, ValueError, LookupError, TypeError, RuntimeError, pa.ArrowException,
        pyogrio.errors.DataSourceError, pyproj.exceptions.ProjError, shapely.errors.ShapelyError,
    )  # fmt: skip
    try:
        features = _features(path, of)
    except faults as fault:
        raise Invalid("BOUNDARY_FORMAT") from fault
    return boundaries.checked(features)


def _features(path: Path, of: str) -> list[Feature]:
    suffix = path.suffix.lower()
    if suffix in GEOPARQUET:
        return _geoparquet(path)
    if suffix != ".zip":
        return _layer(_begins(path), of)
    with tempfile.TemporaryDirectory() as folder:
        return _layer(_begins(_unzipped(path, Path(folder))), of)


def _begins(path: Path) -> Path:
    """Return the path of a file that begins as its suffix says."""
    with path.open("rb") as file:
        head = file.read(100)
    wanted = _BEGINNINGS[path.suffix.lower()]
    at, name = _GEOPACKAGE
    if not head.startswith(wanted) or (path.suffix.lower() == ".gpkg" and head[at:][:2] != name):
        raise Invalid("BOUNDARY_FORMAT")
    return path


def _unzipped(path: Path, folder: Path) -> Path:
    """Unpack the one shapefile of an archive, under names of our own; nothing else is in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts: dict[str, list[zipfile.ZipInfo]] = {}
            for each in archive.infolist():
                suffix = Path(each.filename).suffix.lower()
                if suffix in _SHAPEFILE and not each.is_dir():
                    parts.setdefault(suffix, []).append(each)
            if any(len(named) > 1 for named in parts.values()) or ".shp" not in parts:
                raise Invalid("BOUNDARY_FORMAT")
            size = sum(each.file_size for named in parts.values() for each in named)
            if size > _UNFOLDED_MAX:
                raise Invalid("BOUNDARY_LIMIT", count=size, limit=_UNFOLDED_MAX)
            for suffix, (only,) in parts.items():
                with archive.open(only) as packed, (folder / f"layer{suffix}").open("wb") as out:
                    out.write(packed.read(only.file_size))
    except (zipfile.BadZipFile, NotImplementedError, zlib.error) as fault:
        raise Invalid("BOUNDARY_FORMAT") from fault
    return folder / "layer.shp"


def _bytes(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except (OSError, EOFError) as fault:
        raise Invalid("BOUNDARY_FORMAT") from fault
    _small(len(content))
    return content


def _small(size: int) -> None:
    if size > FILE_BYTES_MAX:
        raise Invalid("BOUNDARY_LIMIT", count=size, limit=FILE_BYTES_MAX)


def _layer(path: Path, of: str) -> list[Feature]:
    import pyogrio

    layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind]
    if not of and len(layers) != 1:
        raise Invalid("BOUNDARY_OBJECT", choice=", ".join(layers)[:200])
    if of and of not in layers:
        raise Invalid("BOUNDARY_OBJECT", choice=", ".join(layers)[:200])
    layer = of or layers[0]
    count = int(pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"])
    _few(count)
    meta, _, geometries, held = pyogrio.raw.read(path, layer=layer)
    names = [str(each) for each in meta["fields"]]
    columns = [column.tolist() for column in held]
    properties = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return _placed(properties or [{}] * count, list(geometries), meta["crs"])


def _geoparquet(path: Path) -> list[Feature]:
    """Read GeoParquet 1.1: well-known bytes in the column that its own metadata names."""
    file = parquet.ParquetFile(path)
    _few(file.metadata.num_rows)
    told = json.loads((file.metadata.metadata or {})[b"geo"])
    name = told["primary_column"]
    column = told["columns"][name]
    if column["encoding"] != "WKB":
        raise Invalid("BOUNDARY_FORMAT")
    table = file.read()
    crs = column.get("crs", WGS84)  # absent is CRS84; null says that nobody knows
    properties = table.drop_columns([name]).to_pylist()
    spelled = json.dumps(crs) if isinstance(crs, dict) else crs
    return _placed(properties, table.column(name).to_pylist(), spelled)


def _placed(
    properties: list[dict[str, Any]], wkb: list[bytes | None], crs: str | None
) -> list[Feature]:
    """Return features on WGS84, longitude first; without a geometry where there is none."""
    import pyproj
    import shapely

    if not crs:
        raise Invalid("BOUNDARY_CRS", given="-")
    there = pyproj.Transformer.from_crs(pyproj.CRS.from_user_input(crs), WGS84, always_xy=True)

    def moved(positions: Any) -> Any:
        east, north = there.transform(positions[:, 0], positions[:, 1], errcheck=True)
        positions[:, 0], positions[:, 1] = east, north
        return positions

    shapes = shapely.transform(shapely.from_wkb(wkb), moved)
    return [
        (row, None if shape is None or shape.is_empty else shapely.geometry.mapping(shape))
        for row, shape in zip(properties, shapes, strict=True)
    ]


def _few(count: int) -> None:
    if count > FEATURES_MAX:
        raise Invalid("BOUNDARY_LIMIT", count=count, limit=FEATURES_MAX)
