"""csvw, unmodified, validates CSV answers against their description and sees every cell."""

from collections.abc import Iterator

import pytest
from tests.support import environments, golden


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


@pytest.mark.parametrize("begin", ["data.csv-metadata.json", "data"])
def test_csvw_finds_the_file_valid_and_sees_every_cell(node: golden.Golden, begin: str) -> None:
    url = f"{node.url}/v1/datasets/{golden.OPEN}/{begin}?format=csv"
    lines = environments.run("csvw", "read.py", {"url": url})
    assert golden.seen(lines) == node.truth()
