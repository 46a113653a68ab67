"""Swing workbooks of a release: what a partner downloads, and the same cells on the way back."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import python_calamine
import typer
from tests.support import golden
from typer.testing import CliRunner

from hanse.cli import drafts, intake
from hanse.cube.indicator import Indicator, Sample, SourceThreshold
from hanse.dialects.swing import marking
from hanse.errors import Invalid
from hanse.node import areas
from hanse.node.intake import draft

HIDDEN = {"suppressed_source": "Q", "empty": "O", "unknown": "L", "not_applicable": "M"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def fetch(
    node: golden.Golden, dataset: str, caller: str = "nobody", query: str = ""
) -> httpx.Response:
    address = f"{node.url}/v1/datasets/{dataset}/swing.xlsx?extent=permitted{query}"
    return httpx.get(address, headers=node.headers(caller))


def came_back(content: bytes, home: Path, prefix: str) -> golden.Truth:
    """Import a workbook into a house of its own; return its cells as a release would say them."""
    areas.store(home, golden.registry())
    path = home / "uit.xlsx"
    path.write_bytes(content)
    app = typer.Typer()
    intake.register(app)
    words = ["import", "swing", str(path), "--dataset", "terug", "--home", str(home)]
    words += ["--level", golden.NOW_VINTAGE]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.exception
    made = draft.load(home, "terug")
    found: golden.Truth = {}
    for cell in made.cells.to_pylist():
        key = (
            cell["indicator"].removeprefix(prefix),
            cell["level"],
            cell["area"],
            cell["period"],
            cell.get("SEX", "_T"),
        )
        status = HIDDEN.get(cell["state"], cell["flag"])
        found[key] = (cell["value"] if cell["state"] == "value" else None, status)
    return found


def as_told(truth: golden.Truth) -> golden.Truth:
    """Return the truth with the flag that the sheet gives: provisional from 2024 on."""
    late = {key for key in truth if key[0] == "inw" and key[3] >= "2024"}
    return {
        key: (value, "P" if key in late and status == "A" else status)
        for key, (value, status) in truth.items()
    }


@pytest.mark.parametrize(
    ("caller", "dataset"),
    [("nobody", golden.OPEN), *((partner, golden.CLOSED) for partner in golden.PARTNERS)],
)
def test_a_workbook_brings_the_same_cells_back(
    node: golden.Golden, caller: str, dataset: str, tmp_path: Path
) -> None:
    truth = node.truth(caller, dataset)
    found = came_back(fetch(node, dataset, caller).content, tmp_path, "nis41002_")
    assert found == as_told(truth)


def test_a_house_writes_its_own_codes_and_reads_the_same_cells_back(
    node: golden.Golden, tmp_path: Path
) -> None:
    app = typer.Typer()
    drafts.register(app)
    out = tmp_path / "uitgave.xlsx"
    words = ["export", "swing", golden.OPEN, "-o", str(out), "--release", "last"]
    result = CliRunner().invoke(app, [*words, "--home", str(node.home)])
    assert result.exit_code == 0, result.exception
    assert came_back(out.read_bytes(), tmp_path, "") == as_told(node.truth())


def sheet(content: bytes) -> list[dict[str, object]]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    head, *rows = book.get_sheet_by_name("Indicators").to_python()
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_what_a_partner_gets_is_protected_and_says_where_it_came_from(node: golden.Golden) -> None:
    for query, prefix in (("", "nis41002_"), ("&prefix=dna_", "dna_")):
        rows = sheet(fetch(node, golden.CLOSED, "provincie", query).content)
        assert [row["Indicator code"] for row in rows] == [f"{prefix}inw", f"{prefix}leerl"]
        assert {row["Protected"] for row in rows} == {1.0}


def test_nobody_gets_a_workbook_of_what_is_closed(node: golden.Golden) -> None:
    assert fetch(node, golden.CLOSED).status_code == 401
    refused = fetch(node, golden.OPEN, query="&prefix=DNA-")
    assert (refused.status_code, refused.json()["code"]) == (400, "SWING_PREFIX")


def indicator(code: str, **changes: object) -> Indicator:
    base = Indicator(id=code, name={"nl": code}, description={"nl": ""}, unit="", origin_code=code)
    return base.__class__(**{**{f: getattr(base, f) for f in base.__slots__}, **changes})


def test_references_follow_the_prefix_and_never_name_what_was_not_given() -> None:
    share = indicator(
        "share",
        weight="total",
        formula="part / secret",
        sample=Sample("secret"),
        threshold=SourceThreshold(5.0, "secret"),
        steward="LI",
        checker="AN",
        origin={"Protected": "0", "Formula": "PART / SECRET", "Rating": "Unknown"},
    )
    found, _ = marking.marked([share, indicator("total")], "dna_")
    assert (found.origin_code, found.weight, found.protected) == ("dna_share", "dna_total", True)
    assert (found.formula, found.sample, found.steward, found.checker) == (None, None, "", "")
    assert found.threshold == SourceThreshold(5.0, None)
    assert found.origin == {"Rating": "Unknown"}
    with pytest.raises(Invalid) as caught:
        marking.marked([indicator("x" * 47)], "dna_")
    assert caught.value.code == "SWING_CODE_LONG"
