"""The commands of publishing, from a saved draft to a withdrawn release."""

import json
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import typer
from tests.support.presses import TOWN, draft, registry
from typer.testing import CliRunner

from hanse.cli import intake, publish
from hanse.errors import Conflict, NotFound, Refused
from hanse.node import areas, home
from hanse.node.intake import draft as drafts

LINES = [("inw", TOWN, "11002", "2024", 100), ("inw", TOWN, "41002", "2024", 3)]


@pytest.fixture
def node(tmp_path: Path) -> Path:
    home.init(tmp_path / "node", {"agency": "NIS41002", "name": "Aalst"})
    areas.store(tmp_path / "node", registry())
    drafts.save(tmp_path / "node", draft(LINES))
    return tmp_path / "node"


def run(node: Path, *arguments: str) -> Any:
    app = typer.Typer()
    publish.register(app)
    done = CliRunner().invoke(app, [*arguments, "--json", "--home", str(node)])
    if done.exception:
        raise done.exception
    return json.loads(done.stdout)


def test_one_proposes_another_approves_and_the_release_is_listed(node: Path) -> None:
    difference = run(node, "diff", "bevolking")["difference"]
    assert (difference["first"], difference["added"]) == (True, 2)
    assert run(node, "publish", "bevolking", "--dry-run")["outcome"] == "dry-run"
    assert run(node, "publish", "bevolking", "--as", "an")["outcome"] == "proposed"
    with pytest.raises(Refused, match="APPROVAL_SAME_PERSON"):
        run(node, "approve", "bevolking", "--as", "an")
    published = run(node, "approve", "bevolking", "--as", "bo")
    assert published["outcome"] == "published"
    listed = run(node, "releases", "bevolking")
    assert [line["release"] for line in listed] == [published["release"]]
    with pytest.raises(Conflict, match="PUBLISH_NOTHING"):
        run(node, "publish", "bevolking", "--as", "an")
    release = str(published["release"])
    gone = run(node, "withdraw", "bevolking", release, "--reason", "Fout bestand", "--as", "bo")
    assert (gone["state"], gone["reason"]) == ("withdrawn", "Fout bestand")


def test_a_release_is_exported_as_it_was_published(node: Path, tmp_path: Path) -> None:
    run(node, "publish", "bevolking", "--as", "an")
    release = str(run(node, "approve", "bevolking", "--as", "bo")["release"])
    later = [("inw", TOWN, "11002", "2024", 101), ("inw", TOWN, "41002", "2024", 30)]
    drafts.save(node, draft(later))
    written = {
        each: exported(node, tmp_path / f"{each}.xlsx", each) for each in ("", "last", release)
    }
    assert written[""] == {"11002": 101, "41002": 30}
    assert written["last"] == written[release] == {"11002": 100, "41002": -99997}
    drafts.discard(node, "bevolking")
    assert exported(node, tmp_path / "alone.xlsx", "") == written["last"]
    with pytest.raises(NotFound, match="RELEASE_UNKNOWN"):
        exported(node, tmp_path / "none.xlsx", "1999-01-01.1")
    assert not (tmp_path / "none.xlsx").exists()


def exported(node: Path, file: Path, release: str) -> dict[object, object]:
    app = typer.Typer()
    intake.register(app)
    words = ["export", "swing", "bevolking", "-o", str(file), "--home", str(node)]
    done = CliRunner().invoke(app, [*words, *(("--release", release) if release else ())])
    if done.exception:
        raise done.exception
    head, *body = python_calamine.CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    return {row[head.index("geoitem")]: row[head.index("inw")] for row in body}


def test_the_difference_is_shown_to_people_too(node: Path) -> None:
    app = typer.Typer()
    publish.register(app)
    done = CliRunner().invoke(app, ["diff", "bevolking", "--home", str(node)])
    assert done.exit_code == 0
    assert "Dit is de eerste release." in done.stdout


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("", ("Dit is de eerste release.", "Voorgesteld door an")),
        ("fr", ("première publication", "Proposé par an")),
    ],
)
def test_a_publisher_is_spoken_to_in_their_language(
    node: Path, lang: str, said: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSE_LANG", lang or "nl")
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    publish.register(app)
    words = ["publish", "bevolking", "--as", "an", "--home", str(node)]
    output = CliRunner().invoke(app, words).output
    assert all(each in output for each in said)


def test_whoever_hides_something_is_told_how_much_and_where(node: Path) -> None:
    app = typer.Typer()
    publish.register(app)
    said = CliRunner().invoke(app, ["diff", "bevolking", "--home", str(node)]).stdout
    assert f"{TOWN}: 1 van 2 cellen verborgen" in " ".join(said.split())
    assert run(node, "diff", "bevolking")["hidden"] == {
        TOWN: {"cells": 2, "hidden": 1, "beside": 0}
    }
    drafts.save(node, draft([("inw", TOWN, "11002", "2024", 100)]))
    quiet = CliRunner().invoke(app, ["diff", "bevolking", "--home", str(node)]).stdout
    assert "cellen verborgen" not in " ".join(quiet.split())
