"""Readers of plain files see the golden dataset cell by cell."""

from collections.abc import Iterator

import pytest
from tests.support import environments, golden

TEXTS = ["indicator", "level", "area", "period", "SEX", "obs_status", "conf_status"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_polars_sees_every_cell(node: golden.Golden, form: str) -> None:
    path = "data.parquet" if form == "parquet" else "data?format=csv"
    url = f"{node.url}/v1/datasets/{golden.OPEN}/{path}"
    lines = environments.run("polars", "read.py", {"url": url, "format": form, "texts": TEXTS})
    assert {tuple(key): (value, status) for key, value, status in lines} == node.truth()
