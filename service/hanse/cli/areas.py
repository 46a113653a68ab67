"""Commands on the areas a node knows: load the tables, list the levels."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hanse.cli import area_tables
from hanse.errors import Invalid
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.node.boundaries import Source
    from hanse.node.settings import NodeSettings

SHOWN: Final = 10
"""How many codes that do not fit are shown; --json has them all."""

Home = Annotated[Path | None, typer.Option("--home", help="Folder of the node.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing when it went well.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    areas = typer.Typer(no_args_is_help=True, help="Area levels and how they correspond.")
    areas.command("import")(import_areas)
    areas.command("list")(list_areas)
    area_tables.register(areas)
    app.add_typer(areas, name="areas")


def import_areas(  # noqa: PLR0913 a command's options are its parameters
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Folders with def_….csv and agg_….csv, or with --level a file of boundaries "
            "(GeoJSON or TopoJSON).",
            show_default=False,
        ),
    ],
    level: Annotated[
        str, typer.Option("--level", help="Level of the boundaries: gemeente@2025.")
    ] = "",
    object_: Annotated[
        str, typer.Option("--object", help="Layer of a TopoJSON file; else the one of the level.")
    ] = "",
    property_: Annotated[
        str, typer.Option("--property", help="Property with the area's code; else it is found.")
    ] = "",
    attribution: Annotated[
        str, typer.Option("--attribution", help="Whose boundaries they are; shown beside the map.")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Load area levels, vintages and correspondences into the node, or the boundaries of a level.

    Boundaries are held against the codes of the level: what does not fit is listed.
    """
    from hanse.node import areas
    from hanse.node.boundaries import Source
    from hanse.node.settings import read_settings

    settings = read_settings(home)
    if level or any(each.is_file() for each in sources):
        if len(sources) > 1:
            raise Invalid("BOUNDARY_ONE", count=len(sources))
        source = Source(sources[0], object_, property_, attribution)
        _import_boundaries(settings, source, level, as_json=as_json, quiet=quiet)
        return
    registry = areas.read_folders(sources)
    areas.store(settings.home, registry)
    if as_json:
        typer.echo(json.dumps({"levels": len(registry.levels), "tables": len(registry.tables)}))
    elif not quiet:
        tables = len(registry.tables)
        typer.echo(say("AREAS_DONE", settings.language, levels=len(registry.levels), tables=tables))


def _import_boundaries(
    settings: "NodeSettings", source: "Source", level: str, *, as_json: bool, quiet: bool
) -> None:
    from hanse.node import areas, boundaries

    if not level:
        raise Invalid("BOUNDARY_LEVEL", file=source.path.name[:100])
    matched = boundaries.read(source, level, areas.load(settings.home))
    boundaries.store(settings.home, matched.boundaries)
    told = {
        "level": level,
        "count": len(matched.boundaries.geometries),
        "property": matched.property,
    }
    if as_json:
        codes = {"unknown": matched.unknown, "missing": matched.missing}
        typer.echo(json.dumps(told | codes, ensure_ascii=False))
        return
    lang, counts = settings.language, {"unknown": len(matched.unknown)}
    if not quiet:
        missing = len(matched.missing)
        typer.echo(say("BOUNDARY_DONE", lang, **told, **counts, missing=missing))
    for code, held in (
        ("BOUNDARY_UNKNOWN", matched.unknown),
        ("BOUNDARY_MISSING", matched.missing),
    ):
        if held:
            more = f" … ({len(held)})" if len(held) > SHOWN else ""
            typer.echo(say(code, lang, codes=", ".join(held[:SHOWN]) + more))


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
