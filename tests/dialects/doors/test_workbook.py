"""A reader of workbooks sees the golden dataset cell by cell."""

import io
from collections.abc import Iterator

import httpx
import openpyxl
import pytest
from tests.support import golden


@pytest.fixture(scope="module", params=golden.STATES)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), request.param) as served:
        yield served


@pytest.mark.parametrize(
    ("caller", "dataset"),
    [("nobody", golden.OPEN), *((partner, golden.CLOSED) for partner in golden.PARTNERS)],
)
def test_openpyxl_sees_every_cell(node: golden.Golden, caller: str, dataset: str) -> None:
    address = f"{node.url}/v1/datasets/{dataset}/data"
    asked = {"format": "xlsx", "extent": "permitted"}
    answer = httpx.get(address, params=asked, headers=node.headers(caller))
    book = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True)
    names, *rows = book["Data"].iter_rows(values_only=True)
    cells = [dict(zip(names, row, strict=True)) for row in rows]
    keys = ("indicator", "level", "area", "period", "SEX")
    found = {
        tuple(str(cell[name]) for name in keys): (cell["obs_value"], str(cell["obs_status"]))
        for cell in cells
    }
    assert found == node.truth(caller, dataset)
