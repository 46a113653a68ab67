"""House rules that no linter knows, each read from the syntax tree of our own files."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.needs import ROOT

ROOTS = ("service", "policies", "node", "catalog")
MODULE_LINES_MAX = 400
BANNED_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "core"}
ARROW_WRITERS = {
    "pyarrow.ipc.new_stream", "pyarrow.ipc.new_file", "pyarrow.parquet.write_table",
    "pyarrow.parquet.ParquetWriter", "pyarrow.csv.write_csv", "pyarrow.csv.CSVWriter",
}  # fmt: skip
# The release writer and the renderers; intake's own draft store; the judge outside a node.
MAY_WRITE_ARROW = (
    "hanse/dialects/",
    "hanse/node/releases/",
    "hanse/node/intake/",
    "hanse/cli/protect",
)


def sources() -> list[Path]:
    return sorted(path for root in ROOTS for path in (ROOT / root).rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every call by its full dotted name as far as the file's imports tell it."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(each.asname or each.name.split(".")[0]): each.name for each in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {
                (each.asname or each.name): f"{node.module}.{each.name}" for each in node.names
            }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            full = names.get(first, first)
            yield (f"{full}.{rest}" if rest else full), node.lineno


def test_only_the_store_commits() -> None:
    found = [
        f"{path.name}:{line}"
        for path in sources()
        if "/hanse/store/" not in path.as_posix()
        for name, line in _calls(_tree(path))
        if name.endswith(".commit")
    ]
    assert found == []


def test_only_renderers_and_the_release_writer_write_arrow() -> None:
    found = [
        f"{path}:{line} {name}"
        for path in sources()
        if not any(part in path.as_posix() for part in MAY_WRITE_ARROW)
        for name, line in _calls(_tree(path))
        if name in ARROW_WRITERS or name.replace("pa.", "pyarrow.") in ARROW_WRITERS
    ]
    assert found == []


def test_nobody_builds_urls_from_what_a_caller_sent() -> None:
    found = [
        f"{path.name}:{node.lineno}"
        for path in sources()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"request.url", "request.base_url"}
    ]
    assert found == []


@pytest.mark.parametrize("banned", ["unittest.mock", "fastapi.testclient", "starlette.testclient"])
def test_no_test_uses_a_mock_or_a_test_client(banned: str) -> None:
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(_tree(path)):
            modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules = [
                    node.module or "",
                    *(f"{node.module}.{each.name}" for each in node.names),
                ]
            found += [f"{path.name}:{module}" for module in modules if module == banned]
    assert found == []


def test_modules_are_named_by_nouns_of_the_field() -> None:
    assert [str(path) for path in sources() if path.stem in BANNED_NAMES] == []


def test_modules_stay_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in sources()
        if "migrations/versions" not in path.as_posix()
        and (count := len(path.read_text("utf-8").splitlines())) > MODULE_LINES_MAX
    }
    assert long == {}


def test_no_file_names_a_registry_or_a_path_of_somebodys_machine() -> None:
    # Written in pieces, or this file would name them itself.
    names = ["py" + r"pi\.org", "python" + "hosted", "registry" + r"\.npmjs", "/wo" + "rk/"]
    banned = re.compile("|".join([*names, "/ro" + "ot/"]))
    texts = [
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and path.suffix
        in {".py", ".md", ".toml", ".yaml", ".yml", ".lock", ".html", ".css", ".sh", ".service"}
        and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    ]
    found = [str(path) for path in texts if banned.search(path.read_text("utf-8"))]
    assert found == []
