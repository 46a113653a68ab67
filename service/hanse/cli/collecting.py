"""Figures of many houses kept in one place of the reader's own: fill it, and compare from it."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from hanse.cli.language import Lang
from hanse.cli.province import AsJson, Cities, Deadline, Purpose, listed

To = Annotated[str, typer.Option("--to", help="Folder, or s3://bucket/prefix.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(collect)


def collect(  # noqa: PLR0913 one option per axis of a question
    indicator: Annotated[
        str, typer.Argument(metavar="INDICATOR", help="One, or several with commas.")
    ],
    to: To,
    cities: Cities = None,
    level: Annotated[str, typer.Option("--level", help="Area level; else every one.")] = "",
    purpose: Purpose = "",
    deadline: Deadline = None,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Keep the figures of many cities in a folder or bucket, to compare them there as one."""
    from hanse.cli.screen import show, waiting
    from hanse.cli.shown import outcomes_table, sign_of_all
    from hanse.client.collection.collecting import Asked
    from hanse.client.collection.collecting import collect as fill
    from hanse.client.collection.place import Place
    from hanse.client.federation import Wish, connect
    from hanse.client.settings import read_settings
    from hanse.messages import say

    settings = read_settings()
    place = Place.open(to, settings.s3_endpoint)
    wish = Wish(level=level, cities=listed(cities), purpose=purpose or settings.purpose)
    with connect(settings) as federation, waiting(say("ASKING_CITIES", lang)):
        done = fill(federation, place, Asked(indicator, wish, datetime.now(UTC), deadline))
    if as_json:
        outcomes = [each.document(lang) for each in done.outcomes]
        document = {"schema": 1, "place": place.url, "kept": done.kept, "dropped": done.dropped}
        typer.echo(json.dumps({**document, "nodes": outcomes}, ensure_ascii=False))
    else:
        show(outcomes_table(done.outcomes, lang))
        typer.echo(say("COLLECTED", lang, place=place.url, kept=done.kept, dropped=done.dropped))
    code = sign_of_all(done.outcomes)
    if code:
        raise typer.Exit(code)
