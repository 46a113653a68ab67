"""The judge is nobody's relative: attackers use nothing of the protection they judge."""

import ast
from pathlib import Path

import hanse.policies.attackers as attackers

FOLDER = Path(str(attackers.__file__)).parent


def test_no_attacker_imports_the_protection_it_judges() -> None:
    files = sorted(FOLDER.glob("*.py"))
    assert len(files) > 8
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            own = [name for name in names if name.startswith("hanse.")]
            allowed = ("hanse.errors", "hanse.policies.attackers")
            assert all(name.startswith(allowed) for name in own), file.name
