"""GDAL's own driver for OGC API Features, unmodified, sees the golden dataset cell by cell."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.support import golden, needs

from hanse.areas.boundaries import Boundaries
from hanse.node import boundaries

LEVELS = {"2025": golden.NOW_VINTAGE, "2024": golden.OLD_VINTAGE}
SEXES = ("_T", "F", "M")
SQUARE = [[4.0, 50.9], [4.1, 50.9], [4.1, 51.0], [4.0, 51.0], [4.0, 50.9]]


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    needs.need("gdal")
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        shapes = {"41002": {"type": "Polygon", "coordinates": [SQUARE]}}
        boundaries.store(served.home, Boundaries(golden.NOW_VINTAGE, shapes))
        yield served


def read(source: str, headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the features GDAL reads, by its own command."""
    told = "\r\n".join(f"{name}: {text}" for name, text in headers.items())
    done = subprocess.run(
        ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", f"OAPIF:{source}"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **({"GDAL_HTTP_HEADERS": told} if told else {})},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1_000:]
    features: list[dict[str, Any]] = json.loads(done.stdout)["features"] if done.stdout else []
    return features


def seen(node: golden.Golden, caller: str, dataset: str, truth: golden.Truth) -> golden.Truth:
    """Return every cell GDAL sees in any period and any breakdown."""
    found: golden.Truth = {}
    name = dataset.upper().replace("-", "_")
    periods = sorted({key[3] for key in truth})
    levels = {year for year, level in LEVELS.items() if any(key[1] == level for key in truth)}
    for year, period, sex in product(sorted(levels), periods, SEXES):
        collection = f"{node.url}/ogc/collections/{name}__GEMEENTE_{year}"
        for each in read(f"{collection}?period={period}&SEX={sex}", node.headers(caller)):
            held = each["properties"]
            assert (held["period"], held["SEX"]) == (period, sex)
            for column in (name for name in held if name.endswith("_status") and held[name]):
                indicator = column.removesuffix("_status")
                value = held[indicator]
                key = (indicator, LEVELS[year], held["code"], period, sex)
                found[key] = (None if value is None else float(value), held[column])
    return found


def test_gdal_sees_every_cell(node: golden.Golden) -> None:
    truth = node.truth()
    assert seen(node, "nobody", golden.OPEN, truth) == truth


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_gdal_signed_in_sees_exactly_the_view_of_its_protocol(
    node: golden.Golden, partner: str
) -> None:
    truth = node.truth(partner, golden.CLOSED)
    assert seen(node, partner, golden.CLOSED, truth) == truth


def test_gdal_draws_what_has_a_boundary_and_only_that(node: golden.Golden) -> None:
    features = read(f"{node.url}/ogc/collections/PROEF__GEMEENTE_2025", {})
    shapes = {each["properties"]["code"]: each["geometry"] for each in features}
    assert shapes["11002"] is None
    assert shapes["41002"]["coordinates"] == [SQUARE]
    older = read(f"{node.url}/ogc/collections/PROEF__GEMEENTE_2024", {})
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
