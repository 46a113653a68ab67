"""`hanse verify-release`: what a release hides or perturbs, checked against its proof."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from hanse.cli.language import spoken
from hanse.messages import say

FINDINGS = 1
NOISE = "CELL_KEY"
"""How a release of which the figures do not add up is marked."""

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
        shown = asdict(found) | {"differs": ", ".join(found.differs) or "-"}
        typer.echo(say(_code(shown, holds=found.holds), spoken(), **shown))
    if not found.holds:
        raise typer.Exit(FINDINGS)


def _code(shown: Mapping[str, object], *, holds: bool) -> str:
    """Return the message about a release that hides, or one that is perturbed."""
    if "figures" in shown:
        return figures_code(str(shown["method"]), holds=holds)
    return "PROOF_HOLDS" if holds else "PROOF_FAILS"


def figures_code(method: str, *, holds: bool) -> str:
    """Return the message about a perturbed release: noise does not add up, rounded figures do."""
    if not holds:
        return "VERIFY_FIGURES"
    return "VERIFY_FIGURES_NOISE" if method == NOISE else "VERIFY_FIGURES_SUMS"
