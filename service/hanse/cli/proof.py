"""`hanse verify-release`: what a release hides or perturbs, checked against its proof."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hanse.cli.language import spoken
from hanse.messages import say

FINDINGS = 1

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify-release")(verify_release)


def verify_release(
    dataset: Annotated[str, typer.Argument(help="The dataset's slug.")],
    release_id: Annotated[
        str | None, typer.Argument(help="The release, such as 2026-10-01.1; else the newest.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    home: Home = None,
) -> None:
    """Check by whole-number arithmetic that what a release hides cannot be worked out from it.

    Of a release that is perturbed: that its figures add up, and follow from counts and secret.
    """
    from dataclasses import asdict

    from hanse.node import publish
    from hanse.node.press import open_press
    from hanse.node.settings import read_settings

    found = publish.verified(open_press(read_settings(home)), dataset, release_id)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "holds": found.holds}))
    else:
        word = "PROOF_HOLDS" if found.holds else "PROOF_FAILS"
        shown = asdict(found) | {"differs": ", ".join(found.differs) or "-"}
        typer.echo(say("VERIFY_FIGURES" if "figures" in shown else word, spoken(), **shown))
    if not found.holds:
        raise typer.Exit(FINDINGS)
