"""`hanse publish`, `approve`, `diff`, `releases`, `withdraw`: a draft becomes a release."""

import getpass
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from hanse.cli.language import spoken
from hanse.cli.reporting import waiting
from hanse.cli.screen import show
from hanse.messages import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hanse.node.figures import Change
    from hanse.node.publish import Prepared, Press
    from hanse.node.releases.tables import ReleaseRow

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
Person = Annotated[str | None, typer.Option("--as", help="Who does this; else the user's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Dataset = Annotated[str, typer.Argument(help="The dataset's slug.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; a correction or withdrawal needs it.")]
Kind = Literal["preliminary", "final", "corrected"]

LINES_MAX = 20
"""How many changes are listed before the rest is counted."""
REVISED_MAX = 10
"""How many indicators with changed cells are named."""


def register(app: typer.Typer) -> None:
    """Add the commands of publishing."""
    app.command("publish")(publish)
    app.command("approve")(approve)
    app.command("diff")(diff)
    app.command("releases")(releases)
    app.command("withdraw")(withdraw)


def publish(  # noqa: PLR0913 a command's options
    dataset: Dataset,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show only what would change.")
    ] = False,
    kind: Annotated[Kind, typer.Option("--kind", help="What kind of release it is.")] = "final",
    reason: Reason = "",
    person: Person = None,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Show what a draft changes and release it, or propose it where a second person approves."""
    from hanse.node import publish as publishing
    from hanse.node.intake import draft as drafts

    press = _press(home)
    intent = publishing.Intent(kind, reason)
    with waiting(spoken()) as tell:
        tell("repair", 0.0)
        prepared = publishing.prepare(press, drafts.load(press.home, dataset))
    if not as_json:
        _show(prepared)
    if dry_run:
        _tell(as_json, "dry-run", prepared)
        return
    if press.approvals == "none":
        row = publishing.publish(press, prepared, intent, _who(person))
        _announce(home)
        _tell(as_json, "published", prepared, _release(row))
        return
    proposal = publishing.propose(press, prepared, intent, _who(person))
    _tell(as_json, "proposed", prepared, {"digest": proposal.digest, "by": proposal.proposed_by})


def approve(
    dataset: Dataset, person: Person = None, as_json: AsJson = False, home: Home = None
) -> None:
    """Approve and release exactly what somebody else proposed."""
    from hanse.node import publish as publishing
    from hanse.node.intake import draft as drafts

    press = _press(home)
    with waiting(spoken()) as tell:
        tell("repair", 0.0)
        row = publishing.approve(press, drafts.load(press.home, dataset), _who(person))
    _announce(home)
    _tell(as_json, "published", None, _release(row))


def diff(dataset: Dataset, as_json: AsJson = False, home: Home = None) -> None:
    """Show what a draft changes against the last release."""
    from hanse.node import publish as publishing
    from hanse.node.intake import draft as drafts

    press = _press(home)
    with waiting(spoken()) as tell:
        tell("repair", 0.0)
        prepared = publishing.prepare(press, drafts.load(press.home, dataset))
    if as_json:
        _tell(as_json, "difference", prepared)
    else:
        _show(prepared)


def releases(dataset: Dataset, as_json: AsJson = False, home: Home = None) -> None:
    """List the releases of a dataset, newest first."""
    from hanse.node.releases import tables
    from hanse.store.session import reading

    with reading(_press(home).engine) as session:
        rows = tables.history(session, dataset)
    if as_json:
        typer.echo(json.dumps([_release(row) for row in rows], ensure_ascii=False))
        return
    lang = spoken()
    heads = ("RELEASE_LABEL", "KIND", "PUBLISHED", "STATE", "REASON")
    table = Table(*(say(f"EDITION_{each}", lang) for each in heads))
    for row in rows:
        reason = row.withdrawn_reason or row.reason
        kind = say(f"EDITION_KIND_{row.kind.upper()}", lang)
        state = say(f"EDITION_STATE_{row.state.upper()}", lang)
        table.add_row(row.release_id, kind, row.published_at[:16], state, reason)
    show(table)


def withdraw(
    dataset: Dataset,
    release_id: Annotated[str, typer.Argument(help="The release, such as 2026-10-01.1.")],
    reason: Reason = "",
    person: Person = None,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Withdraw a release; whoever pulled it is told, and the one before it becomes current."""
    from hanse.node import publish as publishing

    row = publishing.withdraw(_press(home), dataset, release_id, reason, _who(person))
    _announce(home)
    _tell(as_json, "withdrawn", None, _release(row))


def _press(home: Path | None) -> "Press":
    from hanse.node.press import open_press
    from hanse.node.settings import read_settings

    return open_press(read_settings(home))


def _announce(home: Path | None) -> None:
    """Tell the catalogue to look; it would find out by itself as well, only later."""
    from hanse.node import membership
    from hanse.node.settings import read_settings

    membership.announce(read_settings(home))


def _who(person: str | None) -> str:
    return person if person is not None else getpass.getuser()


def _release(row: "ReleaseRow") -> dict[str, Any]:
    return {
        "dataset": row.dataset,
        "release": row.release_id,
        "release_no": row.release_no,
        "manifest": row.digest,
        "kind": row.kind,
        "published_at": row.published_at,
        "state": row.state,
        "reason": row.withdrawn_reason or row.reason,
    }


def _tell(
    as_json: bool,
    outcome: str,
    prepared: "Prepared | None",
    details: dict[str, Any] | None = None,
) -> None:
    if not as_json:
        name = outcome.upper().replace("-", "_")
        typer.echo(say(f"PUBLISH_DONE_{name}", spoken(), **(details or {})))
        return
    document: dict[str, Any] = {"outcome": outcome, **(details or {})}
    if prepared is not None:
        from hanse.node.releases import difference

        document["difference"] = json.loads(difference.dump(prepared.difference))
        document["coverage"] = prepared.coverage.model_dump()
        document["hidden"] = {
            level: asdict(cost) for level, cost in sorted(prepared.shielded.levels.items())
        }
        document["closed"] = prepared.shielded.opened
        document |= _perturbed(prepared)
        document["blocking"] = sorted({each.rule for each in prepared.blocking})
    typer.echo(json.dumps(document, ensure_ascii=False))


def _show(prepared: "Prepared") -> None:
    found, held = prepared.difference, prepared.coverage
    word = partial(_word, spoken())
    heads = [word(each) for each in ("ADDED", "CHANGED", "REMOVED")]
    table = Table("", *heads, title=word("FIRST" if found.first else "DIFFERENCE"))
    table.add_row(word("CELLS"), str(found.added), str(found.changed), str(found.removed))
    for name in ("indicators", "levels", "periods", "areas"):
        axis = getattr(found, name)
        label = word(f"AXIS_{name.upper()}")
        revised = _revised(found.revised) if name == "indicators" else ""
        table.add_row(label, _named(axis.added), revised, _named(axis.removed))
    console = Console()
    show(table, console=console)
    console.print(f"{word('CELLS')}: {held.cells} ({word('HIDDEN', count=held.hidden)})")
    for line in _hidden(prepared):
        console.print(f"  {line}", markup=False)
    changed = (("NEWLY_HIDDEN", found.newly_hidden), ("NEWLY_SHOWN", found.newly_shown))
    if prepared.shielded.figures is None:
        console.print(" · ".join(f"{word(name)}: {count}" for name, count in changed))
    for change in found.changes[:LINES_MAX]:
        subject = f"{change.subject}.{change.field}" if change.field else change.subject
        weight = word(f"WEIGHT_{change.weight.name}")
        console.print(f"  {weight}: {change.rule} {subject}", markup=False)
    if len(found.changes) > LINES_MAX:
        console.print(f"  {word('AND_MORE', count=len(found.changes) - LINES_MAX)}")
    if found.breaking:
        console.print(word("BREAKING"), style="bold red")


def _hidden(prepared: "Prepared") -> list[str]:
    """Return what is hidden per level, and how much of it could have been worked out.

    Of a release that is perturbed: how much is changed, and by how much.
    """
    lang, shielded = spoken(), prepared.shielded
    if shielded.figures is not None:
        method, levels = shielded.figures.method, sorted(shielded.figures.levels.items())
        first = say("PUBLISH_PERTURBED", lang, mark=method.mark)
        told = ({"level": level, **_change(each)} for level, each in levels)
        return [first, *(say("PUBLISH_CHANGED_AT", lang, **each) for each in told)]
    lines = [
        say(
            "PUBLISH_HIDDEN_AT",
            lang,
            level=level,
            hidden=cost.hidden,
            cells=cost.cells,
            beside=cost.beside,
        )
        for level, cost in sorted(shielded.levels.items())
        if cost.hidden
    ]
    if shielded.opened:
        lines.append(say("PUBLISH_CLOSED", lang, count=shielded.opened))
    return lines


def _perturbed(prepared: "Prepared") -> dict[str, Any]:
    """Return by which method figures are perturbed, and what that changes per level."""
    found = prepared.shielded.figures
    if found is None:
        return {}
    levels = {level: _change(each) for level, each in sorted(found.levels.items())}
    return {"method": found.method.mark, "changed": levels}


def _change(each: "Change") -> dict[str, Any]:
    mean = round(each.mean, 3)
    return {"cells": each.cells, "changed": each.changed, "mean": mean, "most": each.most}


def _word(lang: str, name: str, **parameters: object) -> str:
    """Return a word of the release pages: a person reads the same on screen and in print."""
    return say(f"EDITION_{name}", lang, **parameters)


def _revised(counts: "Mapping[str, int]") -> str:
    """Return the indicators with changed cells, the most changed first, and how many."""
    most = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    lines = [f"{name}: {count}" for name, count in most[:REVISED_MAX]]
    return "\n".join([*lines, "…"] if len(most) > REVISED_MAX else lines)


def _named(codes: tuple[str, ...]) -> str:
    if len(codes) <= 3:
        return ", ".join(codes)
    return f"{codes[0]} … {codes[-1]} ({len(codes)})"
