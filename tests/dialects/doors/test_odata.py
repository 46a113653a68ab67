"""Clients of OData, unmodified, see the golden dataset cell by cell."""

from collections.abc import Iterator

import pytest
from tests.support import environments, golden

TABLES = {
    "PROEF__GEMEENTE_2025": golden.NOW_VINTAGE,
    "PROEF__GEMEENTE_2024": golden.OLD_VINTAGE,
}
PERIODS = {
    "2023JJ00": "2023",
    "2024JJ00": "2024",
    "2023SJ00": "2023-A1",
    "2024KW01": "2024-Q1",
    "2024KW02": "2024-Q2",
}
ATTRIBUTES = {"A": "None", "P": "None", "Q": "Confidential", "L": "Missing", "M": "Impossible"}


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


def question(node: golden.Golden, **more: object) -> dict[str, object]:
    given = {"url": node.url, "agency": "NIS41002", "dimensions": ["SEX"], "headers": {}}
    return given | {"set": "NIS41002_PROEF", "filter": "Indicator ne 'niets'"} | more


def test_cbsodata4_sees_every_cell(node: golden.Golden) -> None:
    asked = question(node, tables=TABLES, periods=PERIODS)
    lines = environments.run("cbsodata4", "read.py", asked)
    truth = {key: (value, ATTRIBUTES[status]) for key, (value, status) in node.truth().items()}
    assert golden.seen(lines) == truth


@pytest.mark.parametrize(("client", "script"), [("python-odata", "read.py"), ("o.js", "read.mjs")])
def test_readers_of_wide_rows_see_every_cell(node: golden.Golden, client: str, script: str) -> None:
    lines = environments.run(client, script, question(node))
    assert golden.seen(lines) == node.truth()


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_o_js_signed_in_sees_exactly_the_view_of_its_protocol(
    node: golden.Golden, partner: str
) -> None:
    asked = question(node, set="NIS41002_PROEF_DICHT", headers=node.headers(partner))
    lines = environments.run("o.js", "read.mjs", asked)
    assert golden.seen(lines) == node.truth(partner, golden.CLOSED)
