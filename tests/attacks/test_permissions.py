"""What only a node's owner may read, whatever the folder it is put in and the system's habits."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.support import presses
from tests.support.callers import KBO, OPEN, House, house
from typer.testing import CliRunner

from hanse.auth.principal import NOBODY
from hanse.catalog import migrations
from hanse.catalog.settings import read_settings
from hanse.cli import catalog
from hanse.cube.query import Query
from hanse.node import home
from hanse.node.intake import draft
from hanse.store import engine as store

OTHERS = 0o077


@pytest.fixture
def generous() -> Iterator[None]:
    """A system that lets everybody read what a program writes."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def readable_by_others(folder: Path) -> set[str]:
    """Return the files that somebody else can reach and read in a home that stands open."""
    found: set[str] = set()
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if (Path(path) / name).stat().st_mode & OTHERS]
        found |= {name for name in files if (Path(path) / name).stat().st_mode & OTHERS}
    return found


@pytest.mark.usefixtures("generous")
def test_a_node_in_an_open_folder_keeps_figures_keys_and_decisions_to_itself(
    tmp_path: Path,
) -> None:
    open_folder = tmp_path / "aalst"
    for name in ("", "drafts", "data", "keys"):
        (open_folder / name).mkdir(mode=0o755)
    built: House = house(open_folder)
    draft.save(open_folder, presses.draft([("inw", presses.TOWN, "11002", "2024", 3)]))
    built.node.door.answer(NOBODY, Query(OPEN), None, "json")
    found = readable_by_others(open_folder)
    built.node.close()
    assert found <= {"node.env"}, found
    assert KBO in (open_folder / "node.env").read_text("utf-8")


@pytest.mark.usefixtures("generous")
def test_a_catalogue_keeps_its_keys_and_its_database_to_itself(tmp_path: Path) -> None:
    app = typer.Typer()
    catalog.register(app)
    app.command("other")(lambda: None)
    folder = tmp_path / "catalogue"
    words = ["catalog", "init", "--home", str(folder), "--json"]
    assert CliRunner().invoke(app, words).exception is None
    engine = store.create(read_settings(folder).database)
    migrations.upgrade(engine)
    engine.dispose()
    assert not any(path.stat().st_mode & OTHERS for path in folder.rglob("*.db*"))
    assert not any(path.stat().st_mode & OTHERS for path in (folder / "keys").iterdir())


def test_every_folder_of_a_new_node_is_its_owners(tmp_path: Path) -> None:
    home.init(tmp_path / "gent", {"agency": "NIS44021"})
    folders = [path for path in (tmp_path / "gent").rglob("*") if path.is_dir()]
    assert {path.name for path in folders} == set(home.FOLDERS)
    assert not any(path.stat().st_mode & OTHERS for path in folders)
