"""The message catalogue: three languages, the same slots, four parts wherever something failed."""

import ast
import string

import pytest
from tests.contracts.test_sources import sources

from hanse.messages import LANGUAGES, PARTS, catalogue, named, say

RAISED = {"NotFound", "Refused", "Unauthenticated", "Conflict", "Invalid", "Unavailable"}


def _slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _raised_codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            word = ast.unparse(node.func).rsplit(".", 1)[-1]
            first = node.args[0]
            if word in RAISED and isinstance(first, ast.Constant) and isinstance(first.value, str):
                codes[first.value] = f"{path.name}:{node.lineno}"
    return codes


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_a_message_is_said_in_three_languages_with_the_same_slots(code: str) -> None:
    entry = catalogue()[code]
    assert set(entry) == set(LANGUAGES)
    slots = []
    for lang in LANGUAGES:
        text = entry[lang]
        if not isinstance(text, str):
            assert tuple(sorted(text)) == tuple(sorted(PARTS)), f"{code}.{lang} needs four parts"
        parts = [text] if isinstance(text, str) else list(text.values())
        assert all(part.strip() for part in parts)
        slots.append(set().union(*(_slots(part) for part in parts)))
    assert slots[0] == slots[1] == slots[2], code


def test_every_code_that_is_raised_has_a_message_of_four_parts() -> None:
    unsaid = {
        code: where
        for code, where in _raised_codes().items()
        if code not in catalogue() or isinstance(catalogue()[code]["nl"], str)
    }
    assert unsaid == {}


def test_a_slot_that_nothing_fills_does_not_stop_the_message() -> None:
    assert "{type}" in say("CELLS_TYPE", "en")


def test_every_theme_has_a_name_and_a_new_one_names_itself() -> None:
    themes = [
        "demografie",
        "onderwijs",
        "werk",
        "economie",
        "gezondheid",
        "energie",
        "landbouw",
        "handel",
        "wonen",
        "welzijn",
    ]
    assert [named("theme", each) for each in themes] == themes
    assert all(named("theme", each, "en") != each for each in themes)
    assert named("theme", "ruimtevaart", "fr") == "ruimtevaart"


def test_an_unknown_language_is_answered_in_dutch() -> None:
    assert say("CELLS_TYPE", "xx", type="t") == say("CELLS_TYPE", "nl", type="t")
