"""`hanse demo`: the whole story without a person, and a clean stop when a person asks."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

HANSE = [sys.executable, "-m", "hanse.cli"]
STEPS = ["publish", "harvest", "search", "sign-in", "pull", "refused", "compare", "one-down"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    folder = tmp_path_factory.mktemp("demo")
    command = [*HANSE, "demo", "--once", "--json", "--port", "0", "--keep", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] is True
    assert [step["step"] for step in document["steps"]] == STEPS
    return {step["step"]: step for step in document["steps"]}


def test_every_step_of_the_story_holds(story: dict[str, dict[str, object]]) -> None:
    assert [name for name, step in story.items() if not step["ok"]] == []


def test_the_planted_cells_are_hidden_and_the_rest_is_not(
    story: dict[str, dict[str, object]],
) -> None:
    assert (story["pull"]["cells"], story["pull"]["hidden"]) == (24, 4)


def test_the_refusal_says_what_would_be_allowed(story: dict[str, dict[str, object]]) -> None:
    assert "gemeente" in str(story["refused"]["why"])


def test_a_city_that_is_down_is_accounted_for(story: dict[str, dict[str, object]]) -> None:
    assert story["one-down"]["nodes"] == {
        "Antwerpen": "answered",
        "Aalst": "answered",
        "Turnhout": "unreachable",
    }


def test_the_demo_shows_the_way_around_and_stops_cleanly(tmp_path: Path) -> None:
    log = tmp_path / "demo.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*HANSE, "demo", "--port", "0", "--keep", str(tmp_path / "stage")],
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        deadline = time.monotonic() + 200
        while "Ctrl-C stops everything." not in log.read_text("utf-8"):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    text = log.read_text("utf-8")
    assert text.rstrip().endswith("stopped")
    assert (
        len([line for line in text.splitlines() if line.startswith("  ") and line[2:3].isdigit()])
        == 6
    )
    port = int(text.split("catalogue    http://127.0.0.1:")[1].split("/")[0])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the catalogue still listens"


def test_its_files_can_be_had_without_starting_anything(tmp_path: Path) -> None:
    done = subprocess.run(
        [*HANSE, "demo", "--files", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    written = {Path(line).name for line in done.stdout.splitlines()}
    assert {"aalst-demografie.xlsx", "def_gemeente.csv", "agg_wijk_gemeente.csv"} <= written
