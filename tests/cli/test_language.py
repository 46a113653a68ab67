"""Which language a person is spoken to, in answers and in faults alike."""

from pathlib import Path

import pytest

from hanse.cli import main
from hanse.cli.language import of_arguments
from hanse.client.settings import read_settings
from hanse.errors import Invalid


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSE_CONFIG", str(tmp_path / "client.json"))
    monkeypatch.delenv("HANSE_LANG", raising=False)


def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    monkeypatch.setattr("sys.argv", ["hanse", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 3
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "variable", "said"),
    [
        ((), "", "Je bent nog niet aangemeld"),
        ((), "fr", "Vous n'êtes pas encore connecté"),
        (("--lang", "en"), "fr", "You have not signed in yet"),
        (("--lang=en",), "", "You have not signed in yet"),
    ],
)
def test_a_fault_is_told_in_the_language_that_was_asked(
    words: tuple[str, ...],
    variable: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if variable:
        monkeypatch.setenv("HANSE_LANG", variable)
    assert said in told(monkeypatch, capsys, "search", "gas", *words)


@pytest.mark.parametrize("words", [["--lang", "de"], ["--lang"], ["--lang="], []])
def test_a_language_that_is_not_ours_leaves_dutch_to_say_so(words: list[str]) -> None:
    assert of_arguments(["search", "gas", *words]) == "nl"


def test_a_setting_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSE_LANG", "de")
    with pytest.raises(Invalid) as fault:
        read_settings()
    assert (fault.value.code, fault.value.parameters["name"]) == ("CLIENT_SETTING", "HANSE_LANG")
    assert of_arguments(["--lang", "fr"]) == "fr"
    assert of_arguments([]) == "nl"


def test_a_language_that_is_not_ours_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["hanse", "search", "gas", "--lang", "de"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "nl, en, fr" in capsys.readouterr().err
