"""`hanse demo`: the whole story without a person, and a clean stop when a person asks."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
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


def reports(tour: str, person: str) -> list[httpx.Response]:
    """Sign in at the city that the tour names, as a person of it, and open the reports."""
    (node,) = set(re.findall(r"(http://127\.0\.0\.1:[0-9]+)/nl/sign-in", tour))
    jar: dict[str, str] = {}

    def open_page(address: str) -> httpx.Response:
        # Browsers keep a cookie of https on loopback too; this client has to be told.
        kept = "; ".join(f"{name}={value}" for name, value in jar.items())
        answer = httpx.get(address, headers={"cookie": kept} if address.startswith(node) else {})
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            jar[name] = value
        return answer

    asked = open_page(f"{node}/nl/sign-in/demo").headers["location"]
    answer = open_page(f"{asked}&person={person}")
    while answer.has_redirect_location:
        answer = open_page(str(answer.url.join(answer.headers["location"])))
    assert answer.status_code == 200, answer.text
    return [open_page(f"{node}/nl/reports{path}") for path in ("", "/terms")]


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
        try:
            deadline = time.monotonic() + 200
            while "Ctrl-C stops everything." not in log.read_text("utf-8"):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < deadline, log.read_text("utf-8")
                time.sleep(0.2)
            read = reports(log.read_text("utf-8"), "functionaris")
            assert [each.status_code for each in read] == [200, 200]
            assert "urn:protocol:aalst:2026-001" in read[1].text, "who agreed to what"
            assert [each.status_code for each in reports(log.read_text("utf-8"), "nazicht")] == [
                403
            ] * 2
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(30)
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
