"""Clients of PxWeb and of JSON-stat, unmodified, see the golden dataset cell by cell."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.support import environments, golden

VARIABLES = ["INDICATOR", "REF_AREA", "SEX", "TIME_PERIOD"]
TABLES = {
    "PROEF__GEMEENTE_2025": golden.NOW_VINTAGE,
    "PROEF__GEMEENTE_2024": golden.OLD_VINTAGE,
}


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


def addresses(node: golden.Golden) -> Iterator[tuple[str, str]]:
    """Yield the address of all of each table, and its level."""
    chosen = "&".join(f"valueCodes%5B{name}%5D={quote('*')}" for name in VARIABLES)
    for table, level in TABLES.items():
        yield f"{node.url}/px/v2/tables/{table}/data?{chosen}", level


def test_pxwebpy_sees_every_value(node: golden.Golden) -> None:
    asked = {"url": node.url, "dataset": "PROEF", "variables": VARIABLES}
    lines = environments.run("pxwebpy", "read.py", asked)
    levels = {table.partition("__")[2]: level for table, level in TABLES.items()}
    found = {(key[0], levels[key[1]], *key[2:]): value for key, value in lines}
    truth = {key: value for key, (value, _) in node.truth().items()}
    assert {key: found[key] for key in truth} == truth
    assert {value for key, value in found.items() if key not in truth} <= {None}


@pytest.mark.parametrize(
    ("client", "script"), [("pyjstat", "read.py"), ("jsonstat-toolkit", "read.mjs")]
)
def test_readers_of_json_stat_see_every_cell(node: golden.Golden, client: str, script: str) -> None:
    lines = [
        line
        for url, level in addresses(node)
        for line in environments.run(client, script, {"url": url, "level": level})
    ]
    assert golden.seen(lines) == node.truth()
