"""The official client of the Model Context Protocol, unmodified, sees the golden dataset."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support import environments, golden


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


def pulled(node: golden.Golden, caller: str, dataset: str, **asked: Any) -> golden.Truth:
    question = {
        "url": f"{node.url}/mcp",
        "headers": node.headers(caller),
        "arguments": {"dataset": dataset, "limit": 7},
        **asked,
    }
    return golden.seen(environments.run("mcp", "read.py", question))


@pytest.mark.parametrize("era", ["auto", "legacy"])
def test_every_cell_comes_with_its_status_page_by_page(node: golden.Golden, era: str) -> None:
    assert pulled(node, "nobody", golden.OPEN, mode=era) == node.truth()


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_a_partner_sees_its_own_view_and_nothing_else(node: golden.Golden, partner: str) -> None:
    found = pulled(node, partner, golden.CLOSED)
    assert found == node.truth(partner, golden.CLOSED)
    assert found != node.truth()
