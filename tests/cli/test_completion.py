"""A shell that completes commands: offered, and answered by the installed command itself."""

import subprocess
import sys
from pathlib import Path

import pytest

HANSE = Path(sys.executable).with_name("hanse")


def hanse(*words: str, **environment: str) -> str:
    done = subprocess.run(
        [HANSE, *words],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_the_help_names_the_installation_of_completion() -> None:
    assert "--install-completion" in hanse("--help")


@pytest.mark.parametrize(
    ("typed", "offered"), [("hanse sea", "search"), ("hanse protocol app", "apply")]
)
def test_a_shell_is_told_how_a_word_goes_on(typed: str, offered: str) -> None:
    place = str(len(typed.split()) - 1)
    said = hanse(_HANSE_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=place)
    assert said.split() == [offered]
