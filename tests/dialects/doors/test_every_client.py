"""Every named client, unmodified, sees exactly what its caller may see: in three states, as three.

One cube stands behind all doors. Each client goes to a node with a first release, to one with a
second, and to one whose second was withdrawn; as nobody to what is open, as each partner to what is
closed. What it saw is the node's truth, and in what it received no figure beyond that is found.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.support import environments, golden, hearing, needs
from tests.support.doors import CALLERS, DOORS, ELSEWHERE, Door, Visit

RELEASES = {"second": (golden.FIRST_RELEASE, golden.SECOND_RELEASE)}
"""What is not withdrawn, per state; else the first."""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, golden.Golden]]:
    with ExitStack() as stack:
        yield {
            state: stack.enter_context(golden.in_state(tmp_path_factory.mktemp(state), state))
            for state in golden.STATES
        }


def visits(nodes: dict[str, golden.Golden], door: Door) -> list[Visit]:
    return [Visit(state, caller, node) for state, node in nodes.items() for caller in door.callers]


def _marks(visit: Visit, release: str = "") -> set[float]:
    """Return what the caller may see of the closed figures that can be searched for."""
    if visit.caller == "nobody":
        return set()
    cells = visit.node.truth(visit.caller, golden.CLOSED, release).values()
    return {value for value, _ in cells if value is not None} & golden.marks()


def _allowed(visit: Visit) -> set[float]:
    """Return what the caller may be told: of every release that was not withdrawn."""
    releases = RELEASES.get(visit.state, (golden.FIRST_RELEASE,))
    return set().union(*(_marks(visit, each) for each in releases))


@pytest.mark.parametrize("name", DOORS)
def test_a_client_sees_its_view_and_receives_nothing_else(
    nodes: dict[str, golden.Golden], name: str
) -> None:
    door = DOORS[name]
    for thing in door.needs:
        needs.need(thing)
    paid = visits(nodes, door)
    seen = door.visit(paid)
    for node in nodes.values():
        node.hearing.now = ""
    for visit, lines in zip(paid, seen, strict=True):
        assert door.means(visit, lines) == door.tells(visit.truth), visit.name
        received = hearing.among(golden.marks(), visit.node.hearing.take(visit.name))
        assert received <= _allowed(visit), visit.name
        assert not door.figures or received >= _marks(visit), visit.name


def test_there_is_something_beyond_every_view_to_be_found(nodes: dict[str, golden.Golden]) -> None:
    for state, node in nodes.items():
        for caller in CALLERS:
            visit = Visit(state, caller, node)
            assert len(golden.marks() - _allowed(visit)) >= 5
            assert bool(_marks(visit)) is (caller != "nobody")


NAMED = (
    *("sdmx1", "pysdmx", "rsdmx", "cbsodata4", "python-odata", "o.js", "delta-sharing", "PySpark"),
    *("pxwebpy", "pyjstat", "jsonstat-toolkit", "duckdb", "polars", "pyarrow", "hyparquet"),
    *("csvw", "ckanapi", "GDAL's OAPIF driver", "openpyxl", "pyshacl", "MCP client", "Swing"),
)


def test_every_client_that_is_named_comes_as_everybody_it_can() -> None:
    assert {name.partition(",")[0] for name in DOORS} | set(ELSEWHERE) == set(NAMED)
    for door in DOORS.values():
        assert (tuple(door.callers) == CALLERS) is not bool(door.why_not)


def test_the_table_of_clients_is_the_one_that_is_tested() -> None:
    text = (environments.CLIENTS / "README.md").read_text("utf-8")
    assert text.partition("\n| client |")[2] == table().partition("| client |")[2]


def table() -> str:
    """Return who comes to which state as whom, as the page on clients tells it."""
    lines = ["| client | nobody | two partners | signs in with |", "|---|---|---|---|"]
    for name, door in DOORS.items():
        partners = "all three states" if len(door.callers) > 1 else f"no: {door.why_not}"
        lines.append(f"| {name} | all three states | {partners} | {door.signs_in or 'nothing'} |")
    lines += [
        f"| {name} | {each.reads} (`{each.test}`) | the same | nothing |"
        for name, each in ELSEWHERE.items()
    ]
    return "\n".join(lines) + "\n"
