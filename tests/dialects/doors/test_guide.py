"""Every example of the guide for clients runs as it stands there, against a node."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import environments, golden, needs

GUIDE = needs.ROOT / "docs" / "guide" / "clients.md"
EXAMPLE = re.compile(r"<!-- run: ([a-z0-9.-]+) -->\n```(python|r)\n(.*?)```", re.DOTALL)
EXAMPLES = EXAMPLE.findall(GUIDE.read_text("utf-8"))
ADDRESS = "https://cijfers.aalst.example"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def test_the_guide_has_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize(
    ("client", "language", "text"), EXAMPLES, ids=[example[0] for example in EXAMPLES]
)
def test_an_example_runs_as_it_stands(
    node: golden.Golden, tmp_path: Path, client: str, language: str, text: str
) -> None:
    if language == "r":
        needs.need("r")
    script = tmp_path / ("example.R" if language == "r" else "example.py")
    script.write_text(text.replace(ADDRESS, node.url), "utf-8")
    assert environments.execute(client, script).strip()
