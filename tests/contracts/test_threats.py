"""The table of threats names tests that exist, one row per threat."""

import ast
import re

import pytest
from tests.support.needs import ROOT

ROWS = re.findall(
    r"^\| (T\d\d) [STRIDE](?:/[STRIDE])? \|(.*)\|$",
    (ROOT / "docs" / "threats.md").read_text(),
    re.MULTILINE,
)


def test_every_threat_has_its_row() -> None:
    assert [id_ for id_, _ in ROWS] == [f"T{number:02}" for number in range(1, 41)]


@pytest.mark.parametrize(("id_", "row"), ROWS, ids=[id_ for id_, _ in ROWS])
def test_the_tests_of_a_threat_exist(id_: str, row: str) -> None:
    named = re.findall(r"`([a-z_/]+\.py)(?:::(test_\w+))?`", row)
    if row.rstrip().endswith("not in the software"):
        assert id_ in {"T37", "T39"}
        return
    assert named
    for file, test in named:
        tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        names = {node.name for node in ast.walk(tree) if isinstance(node, functions)}
        assert not test or test in names, f"{file}::{test}"
        assert any(name.startswith("test_") for name in names)
