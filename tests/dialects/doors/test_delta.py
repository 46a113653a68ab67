"""delta-sharing, unmodified, sees the golden dataset cell by cell: tables, old ones, changes."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support import environments, golden, needs, shares

GUIDE = needs.ROOT / "docs" / "guide" / "clients.md"
EXAMPLE = re.compile(r"<!-- with a profile: delta-sharing -->\n```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


def test_a_partner_sees_exactly_its_view_of_every_table_in_both_forms(node: golden.Golden) -> None:
    for partner in golden.PARTNERS:
        text, _ = shares.token(node, partner)
        asks: list[shares.Row] = [
            {"ask": "tables"},
            {"ask": "data"},
            {"ask": "data", "form": "parquet"},
            {"ask": "data", "form": "parquet", "limit": 3},
            {"ask": "data", "version": 1},
            {"ask": "changes", "first": 0, "form": "delta"},
            {"ask": "changes", "first": 1, "form": "parquet"},
        ]
        given = shares.profile(node, text)
        found = shares.seen(node, given, golden.CLOSED, asks)
        names = sorted(name for _, _, name in found[0])
        assert names == ["proef", "proef_dicht"]
        view = node.truth(partner, golden.CLOSED)
        assert shares.truth(found[1]) == shares.truth(found[2]) == view
        assert len(found[3]) == 3
        first = node.truth(partner, golden.CLOSED, "2026-10-01.1")
        assert shares.truth(found[4]) == first
        assert shares.applied({}, found[5]) == shares.applied({}, found[6]) == view


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
    assert found[1] in ([1], [2])
    assert shares.applied({}, found[2]) == node.truth()
    assert "INVALID_PARAMETER_VALUE" in found[3][0]


@pytest.mark.parametrize("node", ["second"], indirect=True)
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


SPARK = "HANSE_TEST_SPARK"


@pytest.mark.skipif(
    not os.environ.get(SPARK), reason=f"pyspark is 400 MB and needs Java: {SPARK}=1"
)
@pytest.mark.parametrize("node", ["second"], indirect=True)
def test_spark_reads_the_files_of_a_share(node: golden.Golden) -> None:
    text, _ = shares.token(node, "kenniscentrum")
    answer = httpx.post(
        f"{node.url}/delta/for/beleid/{shares.place(golden.CLOSED)}/query",
        json={},
        headers=shares.bearer(text),
    )
    urls = [each["url"] for each in shares.files(answer)]
    rows = environments.run("pyspark", "read.py", {"urls": urls})
    assert shares.truth(rows) == node.truth("kenniscentrum", golden.CLOSED)
