"""What is installed is exactly what was written, under one top-level name."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from tests.support.needs import ROOT

ROOTS = ("service", "policies", "node", "catalog")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_has_one_top_level_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"hanse"}


def test_the_wheel_holds_every_module_text_and_template(wheel: Path) -> None:
    written = {
        path.relative_to(ROOT / root).as_posix()
        for root in ROOTS
        for path in (ROOT / root / "hanse").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("hanse/")}
    assert written == packed


def test_the_namespace_has_no_init_that_would_hide_the_other_roots() -> None:
    assert [root for root in ROOTS if (ROOT / root / "hanse" / "__init__.py").exists()] == []


def test_type_checking_and_coverage_look_at_all_four_roots() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert set(ROOTS) <= set(settings["mypy"]["files"])
    assert set(ROOTS) == set(settings["coverage"]["run"]["source"])


def test_the_lock_has_hashes_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert pins
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert "httpx2" not in lock, "two HTTP libraries in one tree are worse than an old one"


def test_every_dependency_is_justified_in_one_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    wanted += project["dependency-groups"]["dev"]
    names = {line.split(">")[0].split("=")[0].split("[")[0].split(";")[0] for line in wanted}
    text = (ROOT / "docs" / "dependencies.md").read_text()
    assert [name for name in sorted(names) if f"| {name} |" not in text] == []
