"""`hanse catalog members`, `approve`, `turn-down`, `suspend`: who takes part."""

import json
import sys
from datetime import timedelta
from typing import Annotated, Any

import typer

from hanse.cli.catalog_home import AsJson, Home, database, print_table
from hanse.cli.language import Lang
from hanse.messages import say

Agency = Annotated[str, typer.Argument(help="Identifier of the member, such as NIS41002.")]


def members(home: Home = None, as_json: AsJson = False, lang: Lang = "") -> None:
    """List the members, who waits for approval, and how fresh the index is about each."""
    from hanse.catalog import index
    from hanse.catalog import members as roster
    from hanse.catalog.freshness import freshness
    from hanse.store.clock import now
    from hanse.store.session import reading

    with database(home) as (settings, engine), reading(engine) as session:
        looks = index.looks(session)
        at = now()
        listed: list[dict[str, Any]] = [
            {
                "agency": each.agency,
                "name": each.name,
                "status": each.status,
                "base_url": each.base_url,
                "fingerprint": each.keys[0]["kid"],
                "harvest": freshness(
                    looks.get(each.agency), at, settings.harvest_seconds
                ).model_dump(mode="json"),
            }
            for each in roster.members(session)
        ]
        listed += [
            {
                "agency": each.agency,
                "name": each.name,
                "status": each.state,
                "base_url": each.base_url,
                "fingerprint": each.fingerprint,
                "harvest": freshness(None, at, settings.harvest_seconds).model_dump(mode="json"),
            }
            for each in roster.pending(session)
        ]
    if as_json:
        typer.echo(json.dumps({"members": listed}))
        return
    rows = [
        (
            each["agency"],
            each["name"],
            each["status"],
            each["harvest"]["state"],
            each["harvest"]["why"].get(lang, ""),
            each["fingerprint"],
        )
        for each in listed
    ]
    print_table(("agency", "name", "status", "index", "why", "fingerprint"), rows)


def approve(
    agency: Agency,
    fingerprint: Annotated[
        str,
        typer.Option("--fingerprint", help="Fingerprint as the city read it out; 8 signs or more."),
    ] = "",
    home: Home = None,
    lang: Lang = "",
) -> None:
    """Let a member in, once its fingerprint was compared by another way than the network."""
    from hanse.catalog import members as roster
    from hanse.store.clock import now
    from hanse.store.session import transaction

    if not fingerprint and sys.stdin.isatty():
        fingerprint = typer.prompt(say("FINGERPRINT_ASK", lang, agency=agency)).strip()
    with database(home) as (_, engine), transaction(engine) as session:
        row = roster.approve(session, agency, fingerprint, now())
        typer.echo(f"{row.agency} {row.name}: {row.state} ({row.fingerprint})")


def turn_down(
    agency: Annotated[str, typer.Argument(help="Who waits, such as NIS41002; else --older.")] = "",
    fingerprint: Annotated[
        str, typer.Option("--fingerprint", help="Only the one with this fingerprint.")
    ] = "",
    older: Annotated[
        int | None, typer.Option("--older", help="Everybody who waits so many days.", min=0)
    ] = None,
    home: Home = None,
    lang: Lang = "",
) -> None:
    """Drop enrolments that wait and are not to be let in; they may ask again."""
    from hanse.catalog import members as roster
    from hanse.store.clock import now
    from hanse.store.session import transaction

    if bool(agency) == (older is not None):
        raise typer.BadParameter("AGENCY | --older")
    with database(home) as (_, engine), transaction(engine) as session:
        if older is not None:
            count = roster.turn_down_older(session, now() - timedelta(days=older), now())
        else:
            count = len(roster.turn_down(session, agency, fingerprint, now()))
    typer.echo(say("MEMBERS_TURNED_DOWN", lang, count=count))


def suspend(agency: Agency, home: Home = None) -> None:
    """Take a member out: its node is looked at no more and no token is made out to it."""
    from hanse.catalog import members as roster
    from hanse.store.clock import now
    from hanse.store.session import transaction

    with database(home) as (_, engine), transaction(engine) as session:
        row = roster.suspend(session, agency, now())
        typer.echo(f"{row.agency} {row.name}: {row.state}")
