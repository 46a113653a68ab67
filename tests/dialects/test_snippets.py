"""Snippets are run where their tool runs here, and give the very cells of the release they name."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

import duckdb
import httpx
import pytest
from tests.support import environments, golden, shares
from tests.support.environments import RUN_SECONDS

from hanse.dialects.snippets import View, tool

SPARK = {
    "SPARK_LOCAL_IP": "127.0.0.1",
    "PYSPARK_SUBMIT_ARGS": "--master local[1] --conf spark.ui.enabled=false --driver-java-options "
    '"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" pyspark-shell',
}
"""A small machine of Java's; the snippet itself says nothing of it."""
KEYS = ("indicator", "level", "area", "period", "SEX")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


@pytest.fixture(scope="module")
def view(node: golden.Golden) -> View:
    """The whole open dataset, pinned to its first release; a second one has come since."""
    entry = httpx.get(f"{node.url}/v1/datasets/{golden.OPEN}").json()["current"]
    node.publish_second()
    return View(
        base_url=node.url,
        agency="NIS41002",
        dataset=golden.OPEN,
        release=entry["release_id"],
        manifest=entry["manifest"],
    )


@pytest.fixture(scope="module")
def truth(node: golden.Golden, view: View) -> golden.Truth:
    return node.truth(release=view.release)


def run(command: list[str], text: str, folder: Path, **environ: str) -> str:
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **environ},
        timeout=RUN_SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.fail(done.stderr[-2_000:], pytrace=False)
    return done.stdout


def cells(lines: Iterator[Mapping[str, str]]) -> golden.Truth:
    return {
        tuple(line[name] for name in KEYS): (
            float(line["obs_value"]) if line["obs_value"] not in ("", "NA") else None,
            line["obs_status"],
        )
        for line in lines
    }


def test_pandas(view: View, truth: golden.Truth, tmp_path: Path) -> None:
    shown = '\nprint(figures.to_csv(index=False), end="")'
    text = run([sys.executable, "-"], tool("pandas").write([view], "") + shown, tmp_path)
    assert cells(csv.DictReader(text.splitlines())) == truth


def test_a_digest_that_differs_stops_python_and_curl(view: View, tmp_path: Path) -> None:
    other = replace(view, manifest="sha-256:" + "0" * 64)
    for command, name in (([sys.executable, "-"], "pandas"), (["sh", "-e"], "curl")):
        done = subprocess.run(
            command,
            input=tool(name).write([other], ""),
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert done.returncode != 0


def test_curl(view: View, truth: golden.Truth, tmp_path: Path) -> None:
    run(["sh", "-e"], tool("curl").write([view], ""), tmp_path)
    with (tmp_path / f"{view.name}.csv").open(newline="") as file:
        assert cells(csv.DictReader(file)) == truth


def test_duckdb(view: View, truth: golden.Truth) -> None:
    text = tool("duckdb").write([view], "")
    for line in ("install httpfs;\n", "load httpfs;\n"):
        text = text.replace(line, "")
    folder = Path(str(resources.files("duckdb_extension_httpfs")))
    (extension,) = folder.rglob("httpfs.duckdb_extension")
    with duckdb.connect() as engine:
        engine.load_extension(str(extension))
        engine.execute(text)
        names = ", ".join(f'"{name}"' for name in KEYS)
        found = engine.execute(f"select {names}, obs_value, obs_status from figures")  # noqa: S608
        assert {row[:5]: (row[5], row[6]) for row in found.fetchall()} == truth


@pytest.mark.needs("java")
def test_spark(view: View, truth: golden.Truth, tmp_path: Path) -> None:
    shown = f"\nfor row in {view.name}.collect():\n    print(json.dumps(row.asDict()))\n"
    script = tmp_path / "pull.py"
    script.write_text("import json\n" + tool("spark").write([view], "") + shown)
    rows = map(json.loads, environments.execute("pyspark", script, **SPARK).splitlines())
    assert shares.truth(rows) == truth


@pytest.mark.needs("r")
def test_r(view: View, truth: golden.Truth, tmp_path: Path) -> None:
    shown = f'\nwrite.csv({view.name}, "out.csv", row.names = FALSE)\n'
    (tmp_path / "pull.R").write_text(tool("r").write([view], "") + shown)
    run(["Rscript", "--vanilla", "pull.R"], "", tmp_path)
    with (tmp_path / "out.csv").open(newline="") as file:
        assert cells(csv.DictReader(file)) == truth


@pytest.mark.needs("gdal")
def test_gdal(view: View, truth: golden.Truth, tmp_path: Path) -> None:
    run(["sh", "-e"], tool("qgis").write([view], ""), tmp_path)
    with sqlite3.connect(tmp_path / f"{view.name}.gpkg") as database:
        database.row_factory = sqlite3.Row
        rows = database.execute(f"select * from {view.name}").fetchall()  # noqa: S608
    database.close()
    assert cells({**dict(row), "obs_value": row["obs_value"] or ""} for row in rows) == truth


def test_swing_imports_the_workbook(view: View, truth: golden.Truth, tmp_path: Path) -> None:
    import openpyxl

    pinned = replace(view, level=golden.NOW_VINTAGE)
    run([sys.executable, "-"], tool("swing").write([pinned], ""), tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / f"{view.name}.xlsx").active
    assert sheet is not None
    head, *lines = sheet.iter_rows(values_only=True)
    assert head[:3] == ("period", "geolevel", "geoitem")
    codes = {"Q": -99997, "O": -99996, "M": -99998, "L": -99999}
    found = {
        (name, line[2], line[0]): value
        for line in lines
        for name, value in zip(head[3:], line[3:], strict=True)
        if value is not None
    }
    assert found == {
        (key[0], key[2], key[3]): codes.get(status, value)
        for key, (value, status) in truth.items()
        if key[1] == golden.NOW_VINTAGE and key[4] == "_T"
    }
    assert {line[1] for line in lines} == {"gemeente"}


@pytest.mark.parametrize("name", ["excel", "powerbi"])
def test_power_query_names_the_same_question(view: View, name: str) -> None:
    text = tool(name).write([view, replace(view, dataset="ander")], "")
    assert text.count("Pull(") == 2
    assert f'#"release" = "{view.release}"' in text
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing)


def test_power_bi_opens_the_same_address(view: View) -> None:
    (connection,) = json.loads(tool("pbids").write([view], ""))["connections"]
    address = connection["details"]["address"]["url"]
    assert cells(csv.DictReader(httpx.get(address).text.splitlines()))


@pytest.mark.needs("r", "gdal")
@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_a_partner_pulls_its_own_view_with_a_token_that_no_snippet_holds(
    node: golden.Golden, view: View, tmp_path: Path, partner: str
) -> None:
    truth = node.truth(partner, golden.CLOSED)
    address = f"{node.url}/v1/datasets/{golden.CLOSED}/data?extent=permitted"
    told = httpx.get(address, headers=node.headers(partner)).headers
    pinned = replace(
        view,
        dataset=golden.CLOSED,
        release=told["Release"],
        manifest=told["Release-Digest"],
        governed=True,
    )
    text, _ = shares.token(node, partner)
    environ = {"HANSE_TOKEN": text, "HANSE_PURPOSE": "beleid"}
    ends = {
        "pandas": f'\nfigures.to_csv("{pinned.name}.csv", index=False)\n',
        "r": f'\nwrite.csv({pinned.name}, "{pinned.name}.csv", row.names = FALSE)\n',
        "curl": "",
        "qgis": f"\nogr2ogr -f CSV {pinned.name}.csv {pinned.name}.gpkg\n",
    }
    commands = {"pandas": [sys.executable, "-"], "r": ["Rscript", "--vanilla", "-"]}
    for name, end in ends.items():
        written = tool(name).write([pinned], "")
        assert text not in written
        folder = tmp_path / name
        folder.mkdir()
        run(commands.get(name, ["sh", "-e"]), written + end, folder, **environ)
        with (folder / f"{pinned.name}.csv").open(newline="") as file:
            assert cells(csv.DictReader(file)) == truth, name
