"""Boundaries in the forms that geographers keep: written by GDAL, read where they lie."""

import gzip
import json
import subprocess
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from pyarrow import parquet
from tests.support.needs import shared_data

from hanse.areas import boundaries, layers
from hanse.errors import Invalid, NotFound

SQUARE = [[4.30, 50.80], [4.40, 50.80], [4.40, 50.90], [4.30, 50.90], [4.30, 50.80]]
NEAR = 2e-5
"""Two metres: what remains between two grids without a table of corrections."""
LAMBERT_72 = "EPSG:31370"
FORMS = [
    ("grenzen.shp", "ESRI Shapefile"),
    ("grenzen.gpkg", "GPKG"),
    ("grenzen.fgb", "FlatGeobuf"),
]


def drawn(folder: Path) -> Path:
    """Write one area as GeoJSON, its hole included, and one without a place."""
    hole = [[4.34, 50.84], [4.34, 50.86], [4.36, 50.86], [4.36, 50.84], [4.34, 50.84]]
    features = [
        {
            "type": "Feature",
            "properties": {"nis": "21004", "naam": "Brussel"},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE, hole]},
        },
        {"type": "Feature", "properties": {"nis": "99999", "naam": "niets"}, "geometry": None},
    ]
    path = folder / "bron.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def converted(source: Path, target: Path, form: str, *more: str, grid: str = LAMBERT_72) -> Path:
    command = ["ogr2ogr", "-f", form, "-t_srs", grid, *more, str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return target


def is_brussels(path: Path, of: str = "") -> None:
    ((properties, geometry),) = layers.read(path, of)
    assert str(properties["nis"]) == "21004"
    polygon = (
        geometry["coordinates"] if geometry["type"] == "Polygon" else geometry["coordinates"][0]
    )
    assert len(polygon) == 2
    west, south, east, north = boundaries.bounds(geometry)
    for found, true in zip((west, south, east, north), (4.30, 50.80, 4.40, 50.90), strict=True):
        assert found == pytest.approx(true, abs=NEAR)
    doubled = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(polygon[0]))
    assert doubled < 0, "an outer ring runs against the clock"


@pytest.mark.needs("gdal")
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_layer_in_lambert_72_lies_where_it_is(tmp_path: Path, name: str, form: str) -> None:
    is_brussels(converted(drawn(tmp_path), tmp_path / name, form))


@pytest.mark.needs("gdal")
def test_a_zipped_shapefile_is_read_as_it_is(tmp_path: Path) -> None:
    is_brussels(converted(drawn(tmp_path), tmp_path / "grenzen.shp.zip", "ESRI Shapefile"))


@pytest.mark.needs("gdal")
def test_a_layer_of_several_is_named(tmp_path: Path) -> None:
    source, target = drawn(tmp_path), tmp_path / "alles.gpkg"
    converted(source, target, "GPKG", "-nln", "gemeente")
    converted(source, target, "GPKG", "-nln", "wijk", "-update")
    with pytest.raises(Invalid, match="BOUNDARY_OBJECT"):
        layers.read(target)
    with pytest.raises(Invalid, match="BOUNDARY_OBJECT"):
        layers.read(target, "provincie")
    is_brussels(target, "wijk")


@pytest.mark.needs("gdal")
def test_a_layer_that_does_not_say_its_grid_is_refused(tmp_path: Path) -> None:
    made = converted(drawn(tmp_path), tmp_path / "grenzen.shp", "ESRI Shapefile")
    made.with_suffix(".prj").unlink()
    with pytest.raises(Invalid, match="BOUNDARY_CRS"):
        layers.read(made)


def geoparquet(path: Path, wkb: bytes, **column: object) -> Path:
    """Write one area as GeoParquet 1.1 asks for it."""
    import pyarrow as pa

    told = {
        "version": "1.1.0",
        "primary_column": "vorm",
        "columns": {"vorm": {"encoding": "WKB", "geometry_types": [], **column}},
    }
    table = pa.table({"nis": ["21004", "99999"], "vorm": pa.array([wkb, None], pa.binary())})
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(told)}), path)
    return path


def square(crs: str) -> bytes:
    """Return the area in a grid, as well-known bytes."""
    import pyproj
    import shapely

    there = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    hole = [(4.34, 50.84), (4.34, 50.86), (4.36, 50.86), (4.36, 50.84)]
    outer = [there.transform(east, north) for east, north in SQUARE]
    return bytes(
        shapely.to_wkb(
            shapely.Polygon(outer, [[there.transform(east, north) for east, north in hole]])
        )
    )


def test_geoparquet_lies_where_its_metadata_says(tmp_path: Path) -> None:
    import pyproj

    grid = pyproj.CRS.from_user_input(LAMBERT_72).to_json_dict()
    is_brussels(geoparquet(tmp_path / "a.parquet", square(LAMBERT_72), crs=grid))
    is_brussels(geoparquet(tmp_path / "b.parquet", square("OGC:CRS84")))


@pytest.mark.parametrize(
    ("column", "code"),
    [
        ({"crs": None}, "BOUNDARY_CRS"),
        ({"crs": "EPSG:1"}, "BOUNDARY_FORMAT"),
        ({"encoding": "polygon"}, "BOUNDARY_FORMAT"),
    ],
)
def test_geoparquet_that_cannot_be_placed_is_refused(
    tmp_path: Path, column: dict[str, object], code: str
) -> None:
    with pytest.raises(Invalid, match=code):
        layers.read(geoparquet(tmp_path / "a.parquet", square("OGC:CRS84"), **column))


@pytest.mark.parametrize("name", ["a.shp", "a.gpkg", "a.parquet", "a.zip", "a.fgb"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PAR1PAR1", b"\x00" * 4_000, b"<a/>"])
def test_what_is_no_layer_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid, match="BOUNDARY_"):
        layers.read(tmp_path / name)


def test_plain_parquet_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa

    parquet.write_table(pa.table({"nis": ["1"]}), tmp_path / "a.parquet")
    with pytest.raises(Invalid, match="BOUNDARY_FORMAT"):
        layers.read(tmp_path / "a.parquet")
    with pytest.raises(NotFound, match="BOUNDARY_FILE"):
        layers.read(tmp_path / "geen.shp")


@pytest.mark.needs("gdal", "shared_data")
def test_real_municipalities_come_back_from_a_shapefile(tmp_path: Path) -> None:
    source = shared_data() / "pinc_shapes" / "gemeente.geojson.gz"
    plain = {str(properties["geoitem"]): geometry for properties, geometry in layers.read(source)}
    plainly = tmp_path / "bron.geojson"
    plainly.write_bytes(gzip.decompress(source.read_bytes()))
    made = converted(plainly, tmp_path / "gemeente.shp", "ESRI Shapefile")
    found = {str(properties["geoitem"]): geometry for properties, geometry in layers.read(made)}
    assert set(found) == set(plain)
    for code, geometry in found.items():
        assert boundaries.bounds(geometry) == pytest.approx(
            boundaries.bounds(plain[code]), abs=NEAR
        )


SMUGGLED = [
    b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>%s</SrcDataSource></OGRVRTLayer>'
    b"</OGRVRTDataSource>",
    b"<OGRWFSDataSource><URL>%s</URL></OGRWFSDataSource>",
    b"SQLite format 3\x00" + b"\x00" * 84 + b"%s",
]


@pytest.mark.parametrize("name", ["a.shp", "a.gpkg", "a.fgb", "a.zip"])
@pytest.mark.parametrize("content", SMUGGLED)
def test_a_file_that_names_another_is_not_opened(tmp_path: Path, name: str, content: bytes) -> None:
    secret = tmp_path / "geheim.csv"
    secret.write_text("nis,wkt\n11002,POINT (4 51)\n")
    (tmp_path / name).write_bytes(content % str(secret).encode())
    with pytest.raises(Invalid, match="BOUNDARY_FORMAT"):
        layers.read(tmp_path / name)


@pytest.mark.parametrize("members", [("a.vrt",), ("a.shp", "b.shp"), ("a.dbf",), ()])
def test_an_archive_holds_one_shapefile(tmp_path: Path, members: tuple[str, ...]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for each in members:
            archive.writestr(each, SMUGGLED[0] % b"/etc/passwd")
    with pytest.raises(Invalid, match="BOUNDARY_FORMAT"):
        layers.read(tmp_path / "a.zip")


def test_an_archive_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", b"\x00" * 1_000)
        archive.filelist[0].file_size = 10**12
    with pytest.raises(Invalid, match="BOUNDARY_"):
        layers.read(tmp_path / "a.zip")


def test_an_arc_that_is_named_often_is_counted_as_often() -> None:
    arc = [[4.0 + each / 1e4, 51.0] for each in range(1_000)]
    often = {"type": "MultiLineString", "arcs": [[0] * 10_000], "properties": {"nis": "1"}}
    objects = {"x": {"type": "GeometryCollection", "geometries": [often]}}
    topology = {"type": "Topology", "objects": objects, "arcs": [arc]}
    with pytest.raises(Invalid, match="BOUNDARY_LIMIT"):
        boundaries.read(json.dumps(topology).encode())
