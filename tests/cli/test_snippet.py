"""`hanse snippet` over a federation on loopback, and what it prints, run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.client.test_compare import INDICATOR, node
from tests.support.tiny_catalogue import TinyWorld, world
from typer.testing import CliRunner

from hanse.cli.main import exit_code
from hanse.cli.snippet import register
from hanse.client.settings import ClientConfig, write_config
from hanse.errors import HanseError


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyWorld]:
    monkeypatch.setenv("HANSE_CONFIG", str(tmp_path / "client.json"))
    monkeypatch.setenv("HANSE_CACHE", str(tmp_path / "cache"))
    with world([node("NIS41002"), node("NIS44021")]) as running:
        key = tmp_path / "key.jwk"
        running.catalogue.client.write(key)
        url = running.catalogue.url
        config = ClientConfig(catalogue=url, client_id="provincie", key=key, issuers=(url,))
        write_config(tmp_path / "client.json", config)
        yield running


def hanse(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["snippet", *words])
    if isinstance(result.exception, HanseError):
        return exit_code(result.exception), result.exception.code
    return result.exit_code, result.output


def test_the_lines_for_our_own_client_run_and_hold_the_digest(known: TinyWorld) -> None:
    code, text = hanse(INDICATOR, "-p", "2020:2021")
    assert code == 0
    assert text.count("get(") == 2
    shown = "\nprint(sum(t.num_rows for t in (nis41002_{0}, nis44021_{0})))"
    dataset = text.split('"')[1].partition("/")[0].replace("-", "_")
    program = text + shown.format(dataset)
    done = subprocess.run(
        [sys.executable, "-"],
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr
    other = program.replace("sha-256:", "sha-256:0", 1)
    wrong = subprocess.run(
        [sys.executable, "-"], input=other.encode(), capture_output=True, timeout=60
    )
    assert b"AssertionError" in wrong.stderr


@pytest.mark.usefixtures("known")
def test_one_city_and_one_tool_can_be_chosen() -> None:
    code, text = hanse(INDICATOR, "--for", "curl", "--city", "Aalst")
    assert code == 0
    assert text.count("curl --fail") == 1
    assert "nis41002" in text


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((INDICATOR, "--for", "exel"), "SNIPPET_TOOL"),
        ((INDICATOR, "--for", "pbids"), "SNIPPET_SINGLE"),
        (("bestaat_niet",), "PEER_ABSENT"),
        ((INDICATOR, "--city", "Nergenshuizen"), "CITY_UNKNOWN"),
    ],
)
def test_what_cannot_be_written_is_told(words: tuple[str, ...], code: str) -> None:
    assert hanse(*words)[1] == code
