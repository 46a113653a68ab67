"""A script as users of Swing sites write them sees the golden dataset cell by cell."""

import secrets
from collections.abc import Iterable, Iterator

import pytest
from tests.support import callers, environments, golden

from hanse.areas.level import from_swing
from hanse.node import credentials
from hanse.node.credentials import NewFeedToken
from hanse.store.session import transaction

SYMBOLS = {"-": "O", "x": "Q", "?": "L", "nvt": "M"}
PERIODS = {("leerl", "2023"): "2023-A1", ("omzet", "2024KW1"): "2024-Q1"} | {
    ("omzet", "2024KW2"): "2024-Q2"
}
FLAGS = {None: "A", "voorlopig": "P"}


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


def seen(lines: Iterable[tuple[list[str], str, str | None]], dataset: str) -> golden.Truth:
    """Return what the script printed, of one dataset, in the node's own codes."""
    found: golden.Truth = {}
    for (variable, level, area, period, sex), text, told in lines:
        name = variable.rpartition("__")[2]
        of = variable.rpartition("__")[0].replace("_", "-")
        if of not in ("", dataset) or (not of and (dataset == golden.CLOSED)):
            continue
        key = (name, from_swing(level), area, PERIODS.get((name, period), period), sex)
        assert key not in found
        status = SYMBOLS.get(text)
        found[key] = (None, status) if status else (float(text), FLAGS[told])
    return found


def test_a_swing_script_sees_every_cell(node: golden.Golden) -> None:
    lines = environments.run("swing", "read.py", {"url": node.url, "headers": {}})
    assert seen(lines, golden.OPEN) == node.truth()


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_a_swing_script_with_an_apikey_sees_exactly_the_view_of_its_protocol(
    node: golden.Golden, partner: str
) -> None:
    asked = NewFeedToken(client=partner, label=secrets.token_hex(4), made_by="an")
    with transaction(node.node.engine) as session:
        token, _ = credentials.make(
            session,
            asked,
            node.node.door.register(),
            credentials.secret(node.home),
            callers.NOW,
        )
    question = {"url": node.url, "headers": {"apikey": token}, "purpose": "beleid"}
    lines = environments.run("swing", "read.py", question)
    truth = node.truth(partner, golden.CLOSED)
    names = {key[0] for key in truth}
    assert {key: cell for key, cell in seen(lines, golden.CLOSED).items() if key[0] in names} == (
        truth
    )
    assert seen(lines, golden.OPEN) == node.truth(partner)
