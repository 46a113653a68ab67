"""GDAL's own driver for OGC API Features, unmodified: shapes, layers, the examples of the guide."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import golden, layers, needs

from hanse.areas.boundaries import Boundaries
from hanse.node import boundaries

SQUARE = [[4.0, 50.9], [4.1, 50.9], [4.1, 51.0], [4.0, 51.0], [4.0, 50.9]]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    needs.need("gdal")
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        shapes = {"41002": {"type": "Polygon", "coordinates": [SQUARE]}}
        boundaries.store(served.home, Boundaries(golden.NOW_VINTAGE, shapes))
        yield served


def test_gdal_draws_what_has_a_boundary_and_only_that(node: golden.Golden) -> None:
    features = layers.features(f"{node.url}/ogc/collections/PROEF__GEMEENTE_2025", {})
    shapes = {each["properties"]["code"]: each["geometry"] for each in features}
    assert shapes["11002"] is None
    assert shapes["41002"]["coordinates"] == [SQUARE]
    older = layers.features(f"{node.url}/ogc/collections/PROEF__GEMEENTE_2024", {})
    assert {each["geometry"] is None for each in older} == {True}


def test_gdal_lists_the_layers_that_the_reader_may_see(node: golden.Golden) -> None:
    for caller, wanted in (("nobody", False), ("provincie", True)):
        told = "".join(f"{name}: {text}" for name, text in node.headers(caller).items())
        done = subprocess.run(
            ["ogrinfo", "-ro", f"OAPIF:{node.url}/ogc"],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **({"GDAL_HTTP_HEADERS": told} if told else {})},
            check=True,
        )
        assert "PROEF__GEMEENTE_2025" in done.stdout
        assert ("PROEF_DICHT__GEMEENTE_2025" in done.stdout) is wanted


GUIDE = (needs.ROOT / "docs" / "guide" / "clients.md").read_text("utf-8")


def test_the_commands_of_the_guide_run_as_they_stand(node: golden.Golden, tmp_path: Path) -> None:
    block = GUIDE.partition("<!-- gdal -->\n```console\n")[2].partition("```")[0]
    commands = [line.removeprefix("$ ") for line in block.splitlines()]
    assert len(commands) == 2
    for command in commands:
        words = shlex.split(command.replace("https://cijfers.aalst.example", node.url))
        subprocess.run(words, cwd=tmp_path, timeout=60, check=True, capture_output=True)
    written = json.loads((tmp_path / "inwoners.geojson").read_text("utf-8"))
    assert [each["properties"]["inw"] for each in written["features"]] == [9.0, 40.0]
