"""Torn, changed and missing files of a release are refused, and never served."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.presses import TOWN, draft, press

from hanse.cube.query import Extent
from hanse.errors import HanseError, NotFound, Unavailable
from hanse.node import publish
from hanse.node.publish import Intent
from hanse.node.releases import layout, manifest
from hanse.node.releases.cells import open_cells

LINES = [("inw", TOWN, code, "2024", 100) for code in ("11002", "41002")]
PART = Extent(areas={TOWN: frozenset({"11002"})})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    row = publish.publish(press(tmp_path), draft(LINES), Intent(), "an")
    found = manifest.folder_of(tmp_path, row.digest)
    everything(found)
    return found


def everything(folder: Path) -> None:
    cells = open_cells(folder)
    cells.select(Extent())
    cells.runs(Extent(), "raw")
    cells.runs(Extent(), "zstd")
    cells.parquet(Extent())


def flip(path: Path, place: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[place if place >= 0 else len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))


NAMES = ["manifest.json", layout.RAW, layout.ZSTD, layout.PARQUET, layout.INDEX, layout.SLICES]


@pytest.mark.parametrize("name", NAMES)
def test_one_flipped_bit_is_refused(folder: Path, name: str) -> None:
    flip(folder / name)
    with pytest.raises(Unavailable, match="OBJECT_DAMAGED"):
        everything(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_torn_file_is_refused(folder: Path, name: str) -> None:
    with (folder / name).open("rb+") as file:
        file.truncate((folder / name).stat().st_size // 2)
    with pytest.raises(Unavailable, match="OBJECT_DAMAGED"):
        everything(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_not_here(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(NotFound):
        everything(folder)


@pytest.mark.parametrize(
    "use",
    [lambda cells: cells.runs(PART, "raw"), lambda cells: cells.parquet(PART)],
    ids=["runs", "parquet"],
)
def test_a_kept_view_that_was_changed_is_refused(
    folder: Path, use: Callable[[object], object]
) -> None:
    use(open_cells(folder))
    (view,) = (folder.parent.parent / "views").iterdir()
    flip(view, 5)
    with pytest.raises(Unavailable, match="OBJECT_DAMAGED"):
        use(open_cells(folder))


def test_a_foreign_folder_is_no_release(tmp_path: Path) -> None:
    for address in ("../etc", "a" * 64, "A" * 64, ""):
        with pytest.raises(HanseError):
            manifest.folder_of(tmp_path, address)


def test_hidden_values_stand_in_no_file_of_a_release(tmp_path: Path) -> None:
    canary = 3.0000000000123457  # below every threshold, and nowhere else in the bytes
    lines = [*LINES, ("inw", TOWN, "11002", "2025", canary)]
    row = publish.publish(press(tmp_path), draft(lines), Intent(), "an")
    patterns = [struct.pack("<d", canary), repr(canary).encode()]
    cells = open_cells(manifest.folder_of(tmp_path, row.digest))
    everything(cells.folder)
    cells.runs(Extent(areas={TOWN: frozenset({"11002"})}), "raw")
    for path in [*cells.folder.iterdir(), *(tmp_path / "views").glob("*")]:
        content = path.read_bytes()
        assert not any(pattern in content for pattern in patterns), path.name
