"""Commands that hold area tables against themselves, and against what other sources say."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanse.cli import merging
from hanse.cli.language import Lang
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.areas import Registry
    from hanse.areas.statements import Difference, Finding, Statements

Home = Annotated[Path | None, typer.Option("--home", help="Folder of the node.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Tables = Annotated[
    list[Path] | None, typer.Argument(help="Folders with tables; else those of the node.")
]

FINDINGS = 1
SHOWN_AREAS = 8
READ_BYTES_MAX = 64_000_000


def register(areas: typer.Typer) -> None:
    """Add the commands to those on areas."""
    areas.command("check")(check)
    areas.command("diff")(diff)
    areas.command("fetch")(fetch)
    merging.register(areas)


def check(
    tables: Tables = None, home: Home = None, as_json: AsJson = False, lang: Lang = ""
) -> None:
    """List what figures will run into: gaps, splits, tables that contradict. Exit 1: an error."""
    from hanse.areas.statements import findings

    found = findings(_registry(tables, home))
    if as_json:
        told = [{**asdict(each), "sentence": _said(each, lang)} for each in found]
        typer.echo(json.dumps({"schema": 1, "findings": told}, ensure_ascii=False))
    else:
        for each in found:
            typer.echo(f"{'x' if each.error else '·'} {each.where}: {_said(each, lang)}")
        typer.echo(say("AREAS_CHECKED", lang, count=len(found)))
    if any(each.error for each in found):
        raise typer.Exit(FINDINGS)


def diff(
    first: Annotated[Path, typer.Argument(help="Folder with def_….csv and agg_….csv.")],
    second: Annotated[
        Path, typer.Argument(help="Folder or file: tables, mergers….csv, refnis….nt or .nt.gz.")
    ],
    names: Annotated[bool, typer.Option(help="Compare names too.")] = True,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """List on what two sources of areas do not agree, of what both speak of. Exit 1: something."""
    from hanse.areas.statements import differences, of_registry

    registry = _registry([first], None)
    ours = of_registry(first.name, registry)
    found = {
        theirs.source: differences(ours, theirs, names=names)
        for theirs in _sources(second, registry)
    }
    if as_json:
        told = {source: [asdict(each) for each in listed] for source, listed in found.items()}
        typer.echo(json.dumps({"schema": 1, "differences": told}, ensure_ascii=False))
    else:
        for source, listed in found.items():
            for each in listed:
                typer.echo(f"{source}: {_differing(each, lang)}")
            typer.echo(say("AREAS_DIFFER", lang, source=source, count=len(listed)))
    if any(found.values()):
        raise typer.Exit(FINDINGS)


def fetch(home: Home = None, lang: Lang = "") -> None:
    """Fetch the catalogue's area tables, checked against its pinned keys; own layers stay."""
    from hanse.node import areacopies
    from hanse.node.settings import read_settings

    found = areacopies.fetch(read_settings(home))
    told = {"levels": len(found.levels), "tables": len(found.tables)}
    typer.echo(say("AREAS_DONE", lang, **told))


def _registry(tables: list[Path] | None, home: Path | None) -> "Registry":
    from hanse.node import areas
    from hanse.node.settings import read_settings

    return areas.read_folders(tables) if tables else areas.load(read_settings(home).home)


def _sources(path: Path, registry: "Registry") -> Iterator["Statements"]:
    from hanse.areas.statements import of_mergers, of_refnis, of_registry
    from hanse.areas.tables import read_mergers
    from hanse.node.areas import read_folders

    if path.is_dir() and any(path.glob("def_*.csv")):
        yield of_registry(path.name, read_folders([path]))
        return
    vintages = {level.vintage for level in registry.vintages("gemeente")}
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.name.endswith((".nt", ".nt.gz")):
            yield of_refnis(file.name, _text(file))
        elif "mergers" in file.name:
            yield of_mergers(file.name, read_mergers(_text(file)), vintages)


def _text(file: Path) -> str:
    """Return a file's text, unpacked up to a limit."""
    from hanse.errors import Invalid

    with file.open("rb") as raw:
        stream = gzip.GzipFile(fileobj=raw) if file.suffix == ".gz" else raw
        content = stream.read(READ_BYTES_MAX + 1)
    if len(content) > READ_BYTES_MAX:
        raise Invalid("REFNIS_TRIPLES", file=file.name[:100])
    return content.decode("utf-8-sig", "replace")


def _said(found: "Finding", lang: str) -> str:
    shown = ", ".join(found.areas[:SHOWN_AREAS]) + (" …" if len(found.areas) > SHOWN_AREAS else "")
    return say(found.code, lang, count=len(found.areas), areas=shown)


def _differing(each: "Difference", lang: str) -> str:
    told = {"area": each.area, "where": each.where, "first": each.first, "second": each.second}
    if each.kind == "area":
        return say("AREAS_ONLY_SECOND" if each.second else "AREAS_ONLY_FIRST", lang, **told)
    return say(f"AREAS_OTHER_{each.kind.upper()}", lang, **told)
