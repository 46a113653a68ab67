"""Boundaries: GeoJSON and TopoJSON, held against the codes of a level; wrong places are refused."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.needs import shared_data
from typer.testing import CliRunner, Result

from hanse.areas import Registry, boundaries, boxes
from hanse.areas.area import Area, AreaKind
from hanse.areas.level import Level
from hanse.cli import areas as commands
from hanse.errors import Invalid
from hanse.node import areas
from hanse.node.boundaries import load

LEVEL = "gemeente@2025"
RING = [[4.0, 50.0], [5.0, 50.0], [5.0, 51.0], [4.0, 51.0], [4.0, 50.0]]
AREAS = {
    "11002": Area("11002", "Antwerpen"),
    "41002": Area("41002", "Aalst"),
    "99991": Area("99991", "onbekend", kind=AreaKind.UNKNOWN),
}


def collection(*features: tuple[object, Any], **more: object) -> bytes:
    held = [
        {"type": "Feature", "properties": {"naam": "x", "nis": code}, "geometry": geometry}
        for code, geometry in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": held, **more}).encode()


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings) or [RING]}


def test_codes_that_do_not_fit_are_named_and_unlocated_areas_need_no_boundary() -> None:
    features = boundaries.read(collection((11002, polygon()), ("23106", polygon())))
    found = boundaries.matched(LEVEL, AREAS, features)
    assert found.property == "nis"
    assert (found.unknown, found.missing) == (("23106",), ("41002",))
    assert set(found.boundaries.geometries) == {"11002"}


def test_rings_are_wound_as_the_standard_wants_them() -> None:
    hole = [[4.2, 50.2], [4.4, 50.2], [4.4, 50.4], [4.2, 50.4], [4.2, 50.2]]
    ((_, found),) = boundaries.read(collection(("1", polygon(RING[::-1], hole))))
    assert found["coordinates"] == [RING, hole[::-1]]


TOPOLOGY = {
    "type": "Topology",
    "transform": {"scale": [0.5, 0.5], "translate": [4.0, 50.0]},
    "arcs": [
        [[1, 0], [0, 2]],
        [[1, 2], [-1, 0], [0, -2], [1, 0]],
        [[1, 0], [1, 0], [0, 2], [-1, 0]],
    ],
    "objects": {
        "gemeente": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "properties": {"nis": "11002"}, "arcs": [[0, 1]]},
                {"type": "Polygon", "properties": {"nis": "41002"}, "arcs": [[2, -1]]},
                {"type": None, "properties": {"nis": "99991"}},
            ],
        },
        "gewest": {"type": "MultiPolygon", "properties": {"nis": "2000"}, "arcs": [[[2, 1]]]},
    },
}


def test_a_topology_shares_its_arcs_both_ways_round() -> None:
    features = boundaries.read(json.dumps(TOPOLOGY).encode(), "gemeente")
    found = boundaries.matched(LEVEL, AREAS, features).boundaries.geometries
    assert boundaries.bounds(found["11002"]) == (4.0, 50.0, 4.5, 51.0)
    assert boundaries.bounds(found["41002"]) == (4.5, 50.0, 5.0, 51.0)
    ((_, whole),) = boundaries.read(json.dumps(TOPOLOGY).encode(), "gewest")
    assert whole["type"] == "MultiPolygon"
    assert boundaries.bounds(whole) == (4.0, 50.0, 5.0, 51.0)


REFUSED = [
    (b"PK\x03\x04", "BOUNDARY_FORMAT"),
    (b'{"type": "FeatureCollection"}', "BOUNDARY_FORMAT"),
    (b"[" * 100_000, "BOUNDARY_FORMAT"),
    (json.dumps(TOPOLOGY).encode(), "BOUNDARY_OBJECT"),
    (json.dumps(TOPOLOGY | {"objects": {"a": {"type": "Polygon", "arcs": [[9]]}}}).encode(),
     "BOUNDARY_FORMAT"),
    (collection(("1", polygon([[150_000.0, 170_000.0]] * 4))), "BOUNDARY_CRS"),
    (collection(("1", polygon()), crs={"properties": {"name": "EPSG:31370"}}), "BOUNDARY_CRS"),
    (collection(("1", polygon(RING[:-1]))), "BOUNDARY_SHAPE"),
    (collection(("1", polygon(RING[:2]))), "BOUNDARY_SHAPE"),
    (collection(("1", {"type": "Polygon", "coordinates": 7})), "BOUNDARY_SHAPE"),
    (collection(("1", {"type": "Curve", "coordinates": []})), "BOUNDARY_SHAPE"),
    (b'{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":[NaN,1]}}]}',
     "BOUNDARY_SHAPE"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "code"), REFUSED)
def test_what_cannot_be_drawn_is_refused_with_its_reason(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        boundaries.read(content)
    assert caught.value.code == code


def test_a_code_that_stands_twice_and_a_file_of_another_level_are_refused() -> None:
    twice = boundaries.read(collection(("11002", polygon()), ("11002", polygon())))
    other = boundaries.read(collection(("A", polygon())))
    for features, code in ((twice, "BOUNDARY_TWICE"), (other, "BOUNDARY_PROPERTY")):
        with pytest.raises(Invalid) as caught:
            boundaries.matched(LEVEL, AREAS, features)
        assert caught.value.code == code


degree = st.integers(-20, 20).map(lambda tenth: tenth / 2)


@given(degree, degree, degree, degree, st.lists(st.tuples(degree, degree), min_size=3, max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_box_touches_a_shape_where_some_point_lies_in_both(
    west: float, east: float, south: float, north: float, corners: list[tuple[float, float]]
) -> None:
    box = (min(west, east), min(south, north), max(west, east), max(south, north))
    line = {"type": "LineString", "coordinates": [list(each) for each in corners]}
    steps = [k / 64 for k in range(65)]
    near = any(
        box[0] <= a[0] + (b[0] - a[0]) * t <= box[2]
        and box[1] <= a[1] + (b[1] - a[1]) * t <= box[3]
        for a, b in pairwise(corners)
        for t in steps
    )
    if near:
        assert boxes.touches(line, box)
    inside = {
        "type": "Polygon",
        "coordinates": [[[-99, -80], [99, -80], [99, 80], [-99, 80], [-99, -80]]],
    }
    assert boxes.touches(inside, box)
    beside = {"type": "Point", "coordinates": [box[2] + 1, box[3]]}
    assert not boxes.touches(beside, box)


def test_a_box_in_a_hole_touches_nothing_and_one_may_cross_the_antimeridian() -> None:
    hole = [[4.2, 50.2], [4.2, 50.8], [4.8, 50.8], [4.8, 50.2], [4.2, 50.2]]
    shape = polygon(RING, hole)
    assert not boxes.touches(shape, (4.4, 50.4, 4.6, 50.6))
    assert boxes.touches(shape, (4.1, 50.4, 4.6, 50.6))
    assert boxes.touches(shape, (170.0, 50.0, 4.5, 51.0))
    assert not boxes.touches(shape, (170.0, 50.0, -170.0, 51.0))


def run(*words: str) -> Result:
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    level = Level("gemeente", "2025", {"nl": "gemeente"}, 30)
    areas.store(tmp_path, Registry().with_level(level, AREAS.values()))
    return tmp_path


def imported(home: Path, *words: str) -> Result:
    path = home / "grenzen.geojson"
    if not path.exists():
        path.write_bytes(collection(("11002", polygon()), ("23106", polygon())))
    return run("areas", "import", str(path), "--home", str(home), *words)


def test_the_command_lists_what_does_not_fit_and_keeps_the_rest(home: Path) -> None:
    said = imported(home, "--level", LEVEL, "--attribution", "© gemeenten")
    assert said.exit_code == 0
    assert "23106" in said.stdout
    assert "41002" in said.stdout
    told = json.loads(imported(home, "--level", LEVEL, "--json").stdout)
    assert (told["count"], told["unknown"], told["missing"]) == (1, ["23106"], ["41002"])
    assert set(load(home, LEVEL).shapes) == {"11002"}


def test_boundaries_stay_when_tables_are_loaded_anew(home: Path) -> None:
    imported(home, "--level", LEVEL)
    areas.store(home, areas.load(home))
    assert set(load(home, LEVEL).shapes) == {"11002"}
    assert load(home, "gemeente@2024").shapes == {}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "BOUNDARY_LEVEL"),
        (("--level", "gemeente@1999"), "LEVEL_UNKNOWN"),
        (("--level", "../../x"), "LEVEL_ID"),
        (("--level", LEVEL, "--property", "naam"), "BOUNDARY_PROPERTY"),
        (("nog.geojson", "--level", LEVEL), "BOUNDARY_ONE"),
    ],
)
def test_the_command_refuses_with_a_reason_and_keeps_nothing(
    home: Path, words: tuple[str, ...], code: str
) -> None:
    refused = imported(home, *words)
    assert refused.exception is not None
    assert getattr(refused.exception, "code", "") == code
    assert list(home.glob("areas/boundaries_*")) == []


REAL = [
    ("pinc_shapes/gemeente.geojson.gz", "gemeente@2025", "", 304),
    ("pinc_shapes/gemeente2024.geojson.gz", "gemeente@2024", "", 319),
    ("geo/be-vl/licensed/gemeente_2025_light.topo.json", "gemeente@2025", "", 304),
    ("geo/be-vl/licensed/vlaanderen_brussel_2025.topo.json", "ggw7@2025", "wijk", 2_767),
]


@pytest.mark.needs("shared_data")
def test_real_boundaries_fit_their_levels(tmp_path: Path) -> None:
    data = shared_data()
    run("areas", "import", str(data / "pinc_areas"), "--home", str(tmp_path))
    for file, level, layer, count in REAL:
        words = ("--level", level, "--json", *(("--object", layer) if layer else ()))
        said = run("areas", "import", str(data / file), "--home", str(tmp_path), *words)
        told = json.loads(said.stdout)
        assert (told["count"], told["unknown"], told["missing"]) == (count, [], [])
    shapes = load(tmp_path, "gemeente@2025").shapes
    assert shapes["41002"].touches((4.03, 50.93, 4.04, 50.94))
    assert not shapes["11002"].touches((4.03, 50.93, 4.04, 50.94))
