"""`hanse attack`: what a recipient could work out of a published table."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hanse.cli.language import Lang
from hanse.cli.protect import FINDINGS, VALUE, AsJson, plan_of
from hanse.cli.reporting import waiting
from hanse.cli.tablefiles import codes_of, table_of, whole_of
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.policies.attackers import System

NAMED_MAX = 20
"""Cells that an attack names before it counts the rest."""

PlanFile = Annotated[Path, typer.Option("--plan", help="How the table is built, and the rules.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("attack")(attack)


def attack(  # noqa: PLR0913 a command's options
    table: Annotated[Path, typer.Argument(help="A published table, hidden cells empty.")],
    plan: PlanFile,
    structure: Annotated[Path, typer.Option(help="Any table with the plan's level columns.")],
    value: Annotated[str, typer.Option(help="The column of values.")] = VALUE,
    least: Annotated[int, typer.Option(help="The least a hidden cell can be.", min=0, max=1)] = 1,
    width: Annotated[int, typer.Option(help="How wide every interval must be.", min=1)] = 2,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Attack a published table as a recipient could: by linear algebra, and by bounds."""
    from hanse.policies import attackers

    told = plan_of(plan)
    system = _system(table_of(table, value), table_of(structure), told, value)
    with waiting(lang) as tell:
        tell("attack", 0.0)
        found = attackers.campaign(system, least, width)
    counts = {
        "hidden": found.hidden,
        "determined": len(found.findings[0].exact),
        "exact": len(found.exact),
        "below": len(found.narrow),
        "width": width,
    }
    named = [" · ".join(system.keys[place]) for place in found.narrow[:NAMED_MAX]]
    if as_json:
        typer.echo(json.dumps({**counts, "cells": named}, ensure_ascii=False))
    else:
        typer.echo(say("ATTACK_DONE" if found.hidden else "ATTACK_NOTHING", lang, **counts))
        for name in named:
            typer.echo(f"  {name}")
        if counts["below"] > len(named):
            typer.echo(f"  {say('ATTACK_MORE', lang, count=counts['below'] - len(named))}")
    if found.narrow:
        raise typer.Exit(FINDINGS)


def _system(published: Any, structure: Any, plan: Any, value: str) -> "System":
    """Return the equations a recipient can write down."""
    from hanse.policies import attackers

    codes = []
    for axis in plan.axes:
        levels = [codes_of(structure, level) for level in axis.levels]
        codes.append(attackers.Codes.of(axis.name, levels, axis.total))
    columns = [codes_of(published, axis.name) for axis in plan.axes]
    return attackers.equations(attackers.read(codes, columns, whole_of(published, value)))
