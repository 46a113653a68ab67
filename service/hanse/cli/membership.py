"""`hanse enrol`: a node asks to become a member of its catalogue."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hanse.cli.language import Lang
from hanse.messages import say

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of membership."""
    app.command("enrol")(enrol)


def enrol(
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    lang: Lang = "",
) -> None:
    """Ask the catalogue to let this node in; its operator compares the fingerprint and approves."""
    from hanse.node import membership
    from hanse.node.home import signing_key
    from hanse.node.settings import read_settings
    from hanse.store.clock import now

    settings = read_settings(home)
    answer = membership.enrol(settings, signing_key(settings.home), now())
    if as_json:
        typer.echo(json.dumps(answer.model_dump()))
        return
    typer.echo(say("ENROLMENT_SENT", lang, **answer.model_dump()))
