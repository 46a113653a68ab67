"""What a node says stays text, also in the lines that a reader copies into a program of his own."""

import ast
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from hanse.dialects.snippets import View, tool
from hanse.wire import ReleaseEntry

PLAIN = View(
    base_url="http://127.0.0.1:8101",
    agency="NIS41002",
    dataset="bevolking",
    release="2026-03-01.1",
    manifest="sha-256:" + "0" * 64,
    indicators=("inw",),
    level="gemeente@2025",
    areas=("41002",),
    period="2024",
    purpose="beleid",
)
HOSTILE = (
    '1"); __import__("os").system("id"); ("',
    "1\\",
    "1\\'; id; \\\"",
    '1"\nimport os\n"',
    "1'; id; '",
    "1`id`$(id)",
    '1"""',
    "1\u2028import os",
    "1\r\nimport os",
    "#(lf)#{x} {0} %s",
    "\U0001f600\x00\x1b]0;x\x07",
    "*/ -- # // <!--",
)
FIELDS = ("base_url", "agency", "dataset", "release", "manifest", "level", "period", "purpose")


def python(text: str) -> str:
    """Return the program with every constant left out."""
    tree = ast.parse(text)
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant):
            each.value = None
    return ast.dump(tree)


def without(literal: str, comment: str) -> Callable[[str], str]:
    """Return what leaves literals out of a text, and what stands behind the sign of a comment."""

    def left(text: str) -> str:
        lines = [comment if line.startswith(comment) else line for line in text.split("\n")]
        return re.sub(literal, "L", "\n".join(lines), flags=re.DOTALL)

    return left


def words(text: str) -> str:
    """Return how many words every command of a shell has, and the first of each."""
    lines = [line for line in text.split("\n") if not line.startswith("#")]
    found = shlex.split("\n".join(lines).replace("\\\n", ""))
    return f"{len(found)} {found[0]}"


def shape(value: Any) -> Any:
    """Return a document with its texts left out."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


SKELETONS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("python", "pandas", "spark", "swing"), python),
    "r": without(r'"(?:[^"\\]|\\.)*"', "#"),
    **dict.fromkeys(("excel", "powerbi"), without(r'"(?:[^"]|"")*"', "//")),
    "duckdb": without(r"'(?:[^']|'')*'", "--"),
    **dict.fromkeys(("qgis", "curl"), words),
    "pbids": lambda text: shape(json.loads(text)),
}


@pytest.mark.parametrize("governed", [False, True])
@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize("name", list(SKELETONS))
def test_whatever_a_node_says_the_program_stays_the_same(
    name: str, said: str, governed: bool
) -> None:
    plain = replace(PLAIN, governed=governed)
    for field in FIELDS:
        hostile = replace(plain, **{field: said})  # type: ignore[arg-type]
        texts = [
            tool(name).write([view], "http://127.0.0.1:8100").replace(view.name, "name")
            for view in (plain, hostile)
        ]
        first, second = map(SKELETONS[name], texts)
        assert first == second, field
        assert all(each.isprintable() or each == "\n" for each in texts[1])


@pytest.mark.parametrize("said", HOSTILE)
def test_python_and_the_shell_read_back_what_was_said(said: str) -> None:
    view = replace(PLAIN, release=said, manifest=said)
    made = ast.parse(tool("python").write([view], "http://127.0.0.1:8100"))
    texts = {each.value for each in ast.walk(made) if isinstance(each, ast.Constant)}
    assert said in texts
    (line,) = [
        each
        for each in shlex.split(tool("curl").write([view], "").replace("\\\n", ""))
        if each.startswith("release-digest: ")
    ]
    printed = "".join(each for each in said if each.isprintable())
    assert line == f"release-digest: {printed}"


@pytest.mark.parametrize("name", list(SKELETONS))
def test_no_credential_stands_in_a_snippet(name: str) -> None:
    text = tool(name).write([replace(PLAIN, governed=True)], "http://127.0.0.1:8100")
    assert "hft_" not in text
    assert "Bearer" not in text
    if name in {"pandas", "r", "duckdb", "qgis", "spark", "swing", "curl"}:
        assert "HANSE_TOKEN" in text


@pytest.mark.parametrize("said", [*HOSTILE, "../1", "", "a" * 33, "1\n"])
def test_no_release_has_such_a_name(said: str) -> None:
    with pytest.raises(ValidationError):
        ReleaseEntry.model_validate(
            {
                "release_id": said,
                "release_no": 1,
                "manifest": "sha-256:" + "0" * 64,
                "published_at": "2026-03-01T00:00:00Z",
            }
        )
