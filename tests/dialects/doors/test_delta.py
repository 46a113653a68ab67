"""delta-sharing, unmodified: open tables, a version that is not there, the example of the guide."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import environments, golden, needs, shares

GUIDE = needs.ROOT / "docs" / "guide" / "clients.md"
EXAMPLE = re.compile(r"<!-- with a profile: delta-sharing -->\n```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), "second") as served:
        yield served


def test_open_tables_are_seen_whole_by_the_holder_of_a_token(node: golden.Golden) -> None:
    text, _ = shares.token(node, "provincie")
    asks: list[shares.Row] = [
        {"ask": "data", "form": "delta"},
        {"ask": "version"},
        {"ask": "changes", "first": 1, "form": "delta"},
        {"ask": "data", "version": 99, "fails": True},
    ]
    found = shares.seen(node, shares.profile(node, text), golden.OPEN, asks)
    assert shares.truth(found[0]) == node.truth()
    assert found[1] == [2]
    assert shares.applied({}, found[2]) == node.truth()
    assert "INVALID_PARAMETER_VALUE" in found[3][0]


def test_a_client_joins_the_names_of_the_codes(node: golden.Golden) -> None:
    text, _ = shares.token(node, "provincie")
    asks: list[shares.Row] = [{"ask": "data", "form": form} for form in ("delta", "parquet")]
    named = shares.seen(node, shares.profile(node, text), shares.labels(golden.CLOSED), asks)
    names = {(row["dimension"], row["code"]): row["label_nl"] for row in named[0]}
    assert names["SEX", "M"] == 'Mannen "incl. X", één'
    assert {key[0] for key in node.truth("provincie", golden.CLOSED)} == {
        code for column, code in names if column == "indicator"
    }
    assert named[0] == named[1]


def test_the_example_of_the_guide_runs_with_the_profile_that_the_node_makes(
    node: golden.Golden, tmp_path: Path
) -> None:
    (example,) = EXAMPLE.findall(GUIDE.read_text("utf-8"))
    text, _ = shares.token(node, "provincie")
    (tmp_path / "hanse.share").write_text(json.dumps(shares.profile(node, text)))
    script = tmp_path / "example.py"
    script.write_text(example, "utf-8")
    printed = environments.execute("delta-sharing", script)
    assert "proef_dicht" in printed
    assert "11 columns" in printed  # those of a cell, and three that tell of the change
