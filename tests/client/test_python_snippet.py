"""The lines for Python, as `hanse snippet` prints them, run by another interpreter."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.houses import hanse
from tests.support.tiny_catalogue import world
from tests.support.tiny_node import Row, TinyNode, TinyRelease, cells

from hanse.client.settings import ClientConfig, write_config

LEVEL = "gemeente@2025"
RUN_SECONDS = 60


def test_the_lines_for_python_pull_the_release_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSE_CONFIG", str(tmp_path / "client.json"))
    monkeypatch.setenv("HANSE_CACHE", str(tmp_path / "cache"))
    rows: list[Row] = [
        ("inw", LEVEL, "41002", "2022", None, "Q"),
        ("inw", LEVEL, "41002", "2023", 82_023.0, "A"),
        ("inw", LEVEL, "41002", "2024", 82_024.0, "A"),
    ]
    aalst = TinyNode("NIS41002", "Aalst", [TinyRelease(cells(rows), "bevolking")])
    other = TinyNode("NIS44021", "Gent", [TinyRelease(cells(rows[:1]), "bevolking")])
    with world([aalst, other]) as known:
        write_config(tmp_path / "client.json", ClientConfig(catalogue=known.catalogue.url))
        lines = hanse("snippet", "bevolking/inw", "--for", "python", "--city", "Aalst")
        shown = "\nimport json\nprint(json.dumps(nis41002_bevolking.to_pylist()))\n"
        done = subprocess.run(
            [sys.executable, "-"],
            input=lines + shown,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=dict(os.environ),
            timeout=RUN_SECONDS,
            check=False,
        )
    assert done.returncode == 0, lines + done.stderr[-2_000:]
    found = {
        (row["origin"], row["period"], row["obs_value"], row["obs_status"])
        for row in json.loads(done.stdout)
    }
    assert found == {
        ("NIS41002", "2022", None, "Q"),
        ("NIS41002", "2023", 82_023.0, "A"),
        ("NIS41002", "2024", 82_024.0, "A"),
    }
