"""Clients of SDMX, unmodified, see the golden dataset cell by cell."""

from collections.abc import Iterator

import pytest
from tests.support import environments, golden


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


def question(node: golden.Golden, **more: object) -> dict[str, object]:
    return {"url": node.url, "agency": "NIS41002", "flow": "PROEF", "headers": {}} | more


@pytest.mark.parametrize("specific", [False, True], ids=["generic", "structure-specific"])
def test_sdmx1_sees_every_cell(node: golden.Golden, specific: bool) -> None:
    lines = environments.run("sdmx1", "read.py", question(node, specific=specific))
    assert golden.seen(lines) == node.truth()


def test_pysdmx_sees_every_cell(node: golden.Golden) -> None:
    lines = environments.run("pysdmx", "read.py", question(node))
    assert golden.seen(lines) == node.truth()


def test_rsdmx_sees_every_cell(node: golden.Golden) -> None:
    lines = environments.run("rsdmx", "read.R", question(node))
    assert golden.seen(lines) == node.truth()


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_sdmx1_signed_in_sees_exactly_the_view_of_its_protocol(
    node: golden.Golden, partner: str
) -> None:
    asked = question(node, flow="PROEF_DICHT", headers=node.headers(partner), specific=False)
    lines = environments.run("sdmx1", "read.py", asked)
    assert golden.seen(lines) == node.truth(partner, golden.CLOSED)
