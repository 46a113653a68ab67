"""The floors of the design are enforced: every import contract holds, and every one bites."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.needs import ROOT

ROOTS = ("service", "policies", "node", "catalog")

LINT = """
import sys
from pathlib import Path
here, real = Path(sys.argv[1]), Path(sys.argv[2])
roots = [str(real / name) for name in ("service", "policies", "node", "catalog")]
others = [path for path in sys.path if path not in roots]
sys.path[:] = [str(here / Path(root).name) for root in roots] + others
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename=str(real / "pyproject.toml"), no_cache=True))
"""

# (contract that must break, file planted, its text)
VIOLATIONS = [
    ("Floors", "service/hanse/utils.py", "X = 1\n"),
    ("Floors", "service/hanse/cube/planted.py", "import hanse.wire\n"),
    ("Floors", "node/hanse/node/planted.py", "import hanse.catalog.settings\n"),
    ("Rules and dialects", "policies/hanse/policies/planted.py", "import sqlmodel\n"),
    ("Rules and dialects", "service/hanse/dialects/planted.py", "import fastapi\n"),
    ("One door", "node/hanse/node/planted.py", "import hanse.node.releases.cells\n"),
    ("Protect once", "node/hanse/node/planted.py", "import hanse.policies.disclosure\n"),
    ("The client stays light", "service/hanse/client/planted.py", "import hanse.auth\n"),
    ("The client stays light", "service/hanse/client/planted.py", "import fastapi\n"),
    (
        "No cycles",
        "service/hanse/cube/planted.py",
        "import hanse.cube.status\nimport hanse.cube.seed\n",
    ),
]


def _lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LINT, str(tree), str(ROOT)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for root in ROOTS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / root / "hanse", tmp_path / root / "hanse", ignore=ignore)
    return tmp_path


def test_every_import_contract_is_kept(copy: Path) -> None:
    done = _lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("contract", "file", "text"),
    VIOLATIONS,
    ids=[f"{contract}:{file}:{text.strip()[:40]}" for contract, file, text in VIOLATIONS],
)
def test_a_planted_violation_is_found(copy: Path, contract: str, file: str, text: str) -> None:
    planted = copy / file
    planted.write_text(f'"""Planted."""\n\n{text}')
    if contract == "No cycles":
        seed = planted.parent / "seed.py"
        seed.write_text('"""Planted."""\n\nimport hanse.cube.planted\n')
    done = _lint(copy)
    assert done.returncode == 1, done.stdout
    assert f"{contract}" in _broken(done.stdout), done.stdout


def _broken(report: str) -> str:
    return "\n".join(line for line in report.splitlines() if line.rstrip().endswith("BROKEN"))
