"""Endless distinct questions of a stranger do not fill the disk of a node."""

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.callers import OPEN, House, house

from hanse.node.releases import cells
from hanse.store.objects import DerivedFiles

pytestmark = pytest.mark.anyio

KEPT = 8
PERIODS = ("2022", "2023", "2024", "2022:2023", "2023:2024")
AREAS = ("41002", "11002", "41002A", "11002A", "41002B", "11002B")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A node on a disk with room for few views."""
    monkeypatch.setattr(cells, "DerivedFiles", partial(DerivedFiles, most_files=KEPT))
    built = house(tmp_path / "aalst")
    yield built
    built.node.close()


async def test_endless_questions_keep_a_bounded_number_of_files(small: House) -> None:
    questions = [f"area={area}&period={period}" for area in AREAS for period in PERIODS]
    files: list[int] = []
    async with small.client() as stranger:
        for question, form in itertools.product(questions, ("data.parquet", "data")):
            asked = f"/v1/datasets/{OPEN}/{form}?{question}"
            if form == "data":
                asked = f"/v1/datasets/{OPEN}/data?format=arrow&{question.partition('&')[2]}"
            assert (await stranger.get(asked)).status_code == 200
            files.append(len(list((small.home / "views").iterdir())))
    assert len(set(questions)) > KEPT
    assert max(files) == KEPT
