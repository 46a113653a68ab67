"""`hanse areas merge`: what a merger would make of released figures, and how it is announced."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from hanse.cli.language import Lang
from hanse.errors import Invalid, NotFound
from hanse.messages import say


def register(areas: typer.Typer) -> None:
    """Add the command to those on areas."""
    areas.command("merge")(merge)


def merge(  # noqa: PLR0913 a command's options are its parameters
    parts: Annotated[list[str], typer.Argument(help="Codes of the municipalities that merge.")],
    simulate: Annotated[
        str, typer.Option("--simulate", help="Indicator to show before and after.")
    ] = "",
    per: Annotated[str, typer.Option("--per", help="Divide by this indicator (inhabitants).")] = "",
    periods: Annotated[str, typer.Option("-p", "--periods", help="2021 or 2018:2021.")] = "",
    into: Annotated[str, typer.Option("--into", help="Announce: code of the new one.")] = "",
    name: Annotated[str, typer.Option("--name", help="Announce: its name.")] = "",
    day: Annotated[str, typer.Option("--from", help="Announce: the first day.")] = "",
    home: Annotated[Path | None, typer.Option("--home", help="Folder of the node.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    lang: Lang = "",
) -> None:
    """Show released figures before and after a merger, or announce one in the node's tables."""
    if len(set(parts)) < 2 or len(set(parts)) != len(parts):
        raise Invalid("MERGE_PARTS", parts=", ".join(parts)[:100])
    if simulate:
        _simulate(parts, (simulate, per, periods), as_json=as_json, lang=lang)
    if into:
        _announce(parts, (into, name, day), home, lang)


def _simulate(parts: list[str], asked: tuple[str, str, str], *, as_json: bool, lang: str) -> None:
    from hanse.cli.delivered import finish
    from hanse.client.federation import Wish, connect
    from hanse.client.shape import Shape

    indicator, per, periods = asked
    wish = Wish(
        areas=",".join(parts),
        level="gemeente",
        periods=periods,
        combine=("+".join(parts),),
        shape=Shape(per=per),
    )
    with connect() as federation:
        found = federation.compare(indicator, wish)
    finish(found, None, "", as_json=as_json, lang=lang)


def _announce(parts: list[str], told: tuple[str, str, str], home: Path | None, lang: str) -> None:
    from hanse.areas.mergers import Merger
    from hanse.node import areas
    from hanse.node.settings import read_settings

    into, name, day = told
    try:
        start = date.fromisoformat(day)
    except ValueError as fault:
        raise Invalid("MERGE_DAY", day=day[:20]) from fault
    folder = read_settings(home).home
    registry = areas.load(folder)
    newest = next(iter(registry.vintages("gemeente")), None)
    level = newest.id if newest else "gemeente@0000"
    known = registry.areas(level)
    strange = next((part for part in parts if part not in known), "")
    if strange:
        raise NotFound("AREA_UNKNOWN", area=strange[:40], level=level)
    mergers = [Merger(start, part, into, known[part].name, name) for part in parts]
    planned = registry.with_mergers(mergers).with_planned(level, str(start.year))
    areas.store(folder, planned)
    shown = {"level": f"gemeente@{start.year}", "parts": ", ".join(parts), "into": into, "day": day}
    typer.echo(say("MERGE_PLANNED", lang, **shown))
