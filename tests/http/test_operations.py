"""Every operation of both documents, tried by everybody: nobody, a stranger, a partner, a steward.

`operations/node.tsv` and `catalogue.tsv` say what each gets; `public.tsv` says which operations
answer nobody, and why. An operation without a row fails here: decide who may, then write it down.
"""

import asyncio
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.callers import BASE_URL, CALLERS, House, credentials, house
from tests.support.callers import CATALOGUE as CATALOGUE_URL
from tests.support.needs import ROOT
from tests.support.portal import portal

from hanse.web import document

FOLDER = Path(__file__).parent / "operations"
PUBLIC_MAX = 63
"""How many operations answer nobody. It goes down; whoever takes it up says why in `public.tsv`."""


def table(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


NODE, CATALOGUE, PUBLIC = (table(f"{name}.tsv") for name in ("node", "catalogue", "public"))


@dataclass(frozen=True, slots=True)
class Side:
    """A running side, and who it is called by."""

    app: Any
    base_url: str

    def operations(self) -> set[str]:
        paths = document(self.app)["paths"]
        return {f"{method.upper()} {path}" for path in paths for method in paths[path]}

    def statuses(self, row: dict[str, str]) -> list[str]:
        return [str(self.ask(row, caller).status_code) for caller in CALLERS]

    def ask(self, row: dict[str, str], caller: str) -> httpx.Response:
        async def once() -> httpx.Response:
            method = row["operation"].partition(" ")[0]
            body: dict[str, Any] = (
                {"json": {}} if method == "POST" and "/oauth/" not in row["address"] else {}
            )
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.base_url) as client:
                headers = dict(credentials(caller))
                return await client.request(method, row["address"], headers=headers, **body)

        return asyncio.run(once())


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    built: House = house(tmp_path_factory.mktemp("node") / "aalst")
    yield Side(built.app, BASE_URL)
    built.node.close()


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Side:
    world = portal(tmp_path_factory.mktemp("catalogue"))
    asyncio.run(world.catalogue.harvester.once())
    return Side(world.app, CATALOGUE_URL)


@pytest.fixture(params=["node", "catalogue"])
def side(request: pytest.FixtureRequest) -> tuple[Side, Sequence[dict[str, str]]]:
    rows = NODE if request.param == "node" else CATALOGUE
    return request.getfixturevalue(request.param), rows


def test_every_operation_has_its_row_and_every_row_its_operation(
    side: tuple[Side, Sequence[dict[str, str]]],
) -> None:
    running, rows = side
    told = {row["operation"] for row in rows}
    assert running.operations() - told == set(), "decide who may, and write a row"
    assert told - running.operations() == set(), "gone: take its rows away"


def test_everybody_gets_what_the_table_says(
    side: tuple[Side, Sequence[dict[str, str]]],
) -> None:
    running, rows = side
    wrong = {
        row["address"]: (got, [row[caller] for caller in CALLERS])
        for row in rows
        if (got := running.statuses(row)) != [row[caller] for caller in CALLERS]
    }
    assert wrong == {}


def test_what_answers_nobody_is_listed_with_its_reason() -> None:
    answers = {row["operation"] for row in (*NODE, *CATALOGUE) if row["nobody"].startswith("2")}
    listed = {row["operation"] for row in PUBLIC}
    assert answers - listed == set(), "does this have to be public?"
    assert listed - answers == set(), "no longer public: take the line away"
    assert all(row["why"].strip() for row in PUBLIC)
    assert len(listed) <= PUBLIC_MAX


def test_no_figure_under_a_protocol_is_had_by_nobody_or_a_stranger() -> None:
    open_ones = "bevolking", "BEVOLKING"
    for row in NODE:
        if "{slug}" not in row["operation"] and "{table}" not in row["operation"]:
            continue
        about_data = "/data" in row["operation"].rpartition("}")[2]
        if about_data and not any(name in row["address"] for name in open_ones):
            assert row["nobody"] == "401", row
            assert row["stranger"] in {"403", "404"}, row
        if "dossiers" in row["address"].lower():
            assert {row[caller] for caller in CALLERS[1:]} == {"404"}, row


def test_the_documents_in_the_project_name_the_same_operations(node: Side, catalogue: Side) -> None:
    for file, running in (("openapi.yaml", node), ("openapi-catalog.yaml", catalogue)):
        lines = (ROOT / file).read_text("utf-8").splitlines()
        paths = {line.strip().rstrip(":").strip("'") for line in lines if line.startswith("  /")}
        assert paths == {name.partition(" ")[2] for name in running.operations()}, file
