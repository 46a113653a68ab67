"""Commands on the areas a node knows: load the tables, list the levels."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hanse.messages import say

Home = Annotated[Path | None, typer.Option("--home", help="Folder of the node.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing when it went well.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    areas = typer.Typer(no_args_is_help=True, help="Area levels and how they correspond.")
    areas.command("import")(import_areas)
    areas.command("list")(list_areas)
    app.add_typer(areas, name="areas")


def import_areas(
    folders: Annotated[list[Path], typer.Argument(help="Folders with def_….csv and agg_….csv.")],
    home: Home = None,
    quiet: Quiet = False,
) -> None:
    """Load area levels, vintages and correspondences into the node."""
    from hanse.node import areas
    from hanse.node.settings import read_settings

    registry = areas.read_folders(folders)
    settings = read_settings(home)
    areas.store(settings.home, registry)
    if not quiet:
        tables = len(registry.tables)
        typer.echo(say("AREAS_DONE", settings.language, levels=len(registry.levels), tables=tables))


def list_areas(home: Home = None, as_json: AsJson = False) -> None:
    """List the area levels the node knows, finest first."""
    from hanse.node import areas
    from hanse.node.settings import read_settings

    registry = areas.load(read_settings(home).home)
    levels = [
        {"level": each.id, "name": each.name["nl"], "areas": len(registry.areas(each.id))}
        for each in registry.levels
    ]
    if as_json:
        typer.echo(json.dumps({"levels": levels}, ensure_ascii=False))
        return
    for each in levels:
        typer.echo(f"{each['level']:20} {each['areas']:>7}  {each['name']}")
