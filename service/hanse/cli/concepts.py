"""Commands on shared definitions: what keeps an indicator from comparing with the others."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from hanse.cli.codes import FINDINGS
from hanse.cli.language import Lang
from hanse.errors import Invalid

if TYPE_CHECKING:
    from hanse.client.catalogue import Catalogue
    from hanse.client.concepts import Checked


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    concepts = typer.Typer(no_args_is_help=True, help="Shared definitions, and who follows them.")
    concepts.callback()(_group)
    concepts.command("check")(check)
    app.add_typer(concepts, name="concepts")


def _group() -> None:
    """Keep `check` a word of its own while it is the only command."""


def check(
    indicator: Annotated[
        str, typer.Argument(help="Indicator, shared definition or a synonym; else everything.")
    ] = "",
    city: Annotated[str, typer.Option("--city", help="One city; else all that publish it.")] = "",
    dataset: Annotated[str, typer.Option("--dataset", help="One dataset; else every one.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 for a name too.")] = False,
    lang: Lang = "",
) -> None:
    """Say what keeps an indicator from comparing, city by city, and what its name should be.

    Without an indicator: every indicator of a city (`--city`), of a dataset (`--dataset`), or both.
    Exit 1: something keeps it from comparing; with --strict also a name that breaks a naming rule.
    """
    from hanse.cli.screen import waiting
    from hanse.client.answers import tame
    from hanse.client.federation import connect
    from hanse.messages import say

    if not indicator and not city and not dataset:
        raise Invalid("CONCEPTS_CHOICE")
    with connect() as federation, waiting(say("ASKING_CATALOGUE", lang)):
        found = _checked(federation.catalogue, indicator, city, dataset)
    if as_json:
        told = [
            {
                "agency": each.agency,
                "name": each.name,
                "dataset": each.dataset,
                "indicator": each.indicator,
                "reasons": [
                    {"mark": one.mark.value, "code": one.code, "sentence": one.say(lang)}
                    for one in each.reasons
                ],
                "naming": [
                    {"code": one.code, "instead": one.instead, "sentence": one.say(lang)}
                    for one in each.naming
                ],
            }
            for each in found
        ]
        typer.echo(json.dumps({"schema": 1, "publications": told}, ensure_ascii=False))
    else:
        for each in found:
            said = " ".join(one.say(lang) for one in each.reasons) or say("MARK_COMPARABLE", lang)
            typer.echo(tame(f"{each.name}, {each.dataset}/{each.indicator}: {said}", 1_000))
            for one in each.naming:
                typer.echo(tame(f"· {one.say(lang)}", 1_000))
    if any(each.reasons or (strict and each.naming) for each in found):
        raise typer.Exit(FINDINGS)


def _checked(
    catalogue: "Catalogue", indicator: str, city: str, dataset: str
) -> "tuple[Checked, ...]":
    from hanse.client.catalogue import choose
    from hanse.client.concepts import check as checked
    from hanse.client.concepts import check_all

    if not indicator:
        return check_all(catalogue, city, dataset)
    found = checked(catalogue.indicator(indicator))
    if city:
        (member,) = choose(catalogue.members(), [city])
        found = tuple(each for each in found if each.agency == member.agency)
    return tuple(each for each in found if dataset in ("", each.dataset))
