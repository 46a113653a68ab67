"""`hanse partner …` and `hanse authorisation …`: whose signatures count, and who joined what."""

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
Kbo = Annotated[str, typer.Argument(help="The enterprise number of the party.")]
Thumbprint = Annotated[str, typer.Argument(help="The whole thumbprint (RFC 7638) of its key.")]
Number = Annotated[str, typer.Argument(help="The number of the authorisation.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the commands on partners and authorisations."""
    group = typer.Typer(help="The keys that other parties sign with.", no_args_is_help=True)
    group.command("add")(add)
    group.command("list")(list_all)
    group.command("confirm")(confirm)
    group.command("drop")(drop)
    app.add_typer(group, name="partner")
    joint = typer.Typer(help="General authorisations and who joined them.", no_args_is_help=True)
    joint.command("add")(grant)
    joint.command("join")(join)
    joint.command("list")(authorisations)
    app.add_typer(joint, name="authorisation")


def add(
    kbo: Kbo,
    keys: Annotated[
        Path, typer.Option(help="Its public keys, a JWK or JWKS file.", exists=True, dir_okay=False)
    ],
    home: Home = None,
) -> None:
    """Pin the keys of a party, after comparing their thumbprints with it by another way."""
    from hanse.cli.agreeing import at_work, now_here
    from hanse.node import partners

    with at_work(home) as (session, own):
        for jwk in partners.read_keys(keys.read_bytes()):
            row = partners.pin(session, own.key, kbo, jwk, now_here())
            typer.echo(f"{row.kbo} {row.kid}: {row.state}")


def confirm(kbo: Kbo, thumbprint: Thumbprint, home: Home = None) -> None:
    """Confirm a key that came with a copy, after comparing its thumbprint with the party."""
    from hanse.cli.agreeing import at_work, now_here
    from hanse.node import partners

    with at_work(home) as (session, own):
        row = partners.confirm(session, own.key, kbo, thumbprint, now_here())
    typer.echo(f"{row.kbo} {row.kid}: {row.state}")


def drop(kbo: Kbo, thumbprint: Thumbprint, home: Home = None) -> None:
    """Forget a key: a protocol that rests on its signature opens nothing any more."""
    from hanse.cli.agreeing import at_work, now_here
    from hanse.node import partners

    with at_work(home) as (session, _):
        partners.drop(session, kbo, thumbprint, now_here())
    typer.echo(f"{kbo} {thumbprint}: dropped")


def list_all(home: Home = None, as_json: AsJson = False) -> None:
    """List the keys of every party, and which nobody confirmed yet."""
    from hanse.cli import screen
    from hanse.cli.agreeing import at_work
    from hanse.node import partners

    with at_work(home) as (session, _):
        rows = partners.all(session)
    if as_json:
        typer.echo(json.dumps([row.model_dump(exclude={"seal"}) for row in rows], indent=2))
        return
    table = Table("party", "thumbprint", "state", "since")
    for row in rows:
        table.add_row(row.kbo, row.kid, row.state, row.added_at[:10])
    screen.show(table)


def grant(  # noqa: PLR0913 an option each
    number: Number,
    committee: Annotated[str, typer.Option(help="Who granted it.")] = "",
    source: Annotated[str, typer.Option(help="The source it opens.")] = "",
    conditions: Annotated[str, typer.Option(help="What one must meet to join.")] = "",
    url: Annotated[str, typer.Option(help="Where it is published.")] = "",
    granted_on: Annotated[str, typer.Option("--date", help="The day it was granted.")] = "",
    home: Home = None,
) -> None:
    """Note a general authorisation, so that protocols can require it."""
    from hanse.cli.agreeing import at_work
    from hanse.node import accessions

    row = accessions.AuthorisationRow(
        number=number,
        committee=committee,
        source=source,
        conditions=conditions,
        url=url,
        granted_on=granted_on,
    )
    with at_work(home) as (session, _):
        accessions.grant(session, row)
    typer.echo(number)


def join(
    number: Number,
    kbo: Kbo,
    since: Annotated[str, typer.Option(help="The first day it counts.")],
    until: Annotated[str, typer.Option(help="The first day it no longer counts.")] = "",
    evidence: Annotated[
        Path | None, typer.Option(help="The proof; its digest is kept.", exists=True)
    ] = None,
    home: Home = None,
) -> None:
    """Note that a body joined an authorisation, or until when it did."""
    from hanse.cli.agreeing import at_work, now_here
    from hanse.node import accessions
    from hanse.node.tables import moment

    proof = hashlib.sha256(evidence.read_bytes()).hexdigest() if evidence else ""
    row = accessions.AccessionRow(
        number=number,
        kbo=kbo,
        since=since,
        until=until,
        evidence=f"sha-256:{proof}" if proof else "",
        changed_at=moment(now_here()),
    )
    with at_work(home) as (session, own):
        accessions.join(session, own.key, row, now_here())
    typer.echo(f"{kbo} {number}: {since}/{until or '…'}")


def authorisations(home: Home = None) -> None:
    """Show every authorisation with the bodies that joined it."""
    from hanse.cli import screen
    from hanse.cli.agreeing import at_work
    from hanse.node import accessions

    with at_work(home) as (session, _):
        known, joined = accessions.authorisations(session), accessions.accessions(session)
    table = Table("number", "source", "joined by", "since", "until")
    for each in known:
        table.add_row(each.number, each.source, "", each.granted_on, "")
        for row in joined:
            if row.number == each.number:
                table.add_row("", "", row.kbo, row.since, row.until)
    screen.show(table)
