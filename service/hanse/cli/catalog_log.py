"""`hanse catalog log`: what the catalogue wrote down of itself, and whether it all holds."""

import json
from typing import Annotated

import typer

from hanse.cli.catalog_home import AsJson, Home, database, print_table
from hanse.cli.language import Lang
from hanse.messages import say


def log(
    home: Home = None,
    kind: Annotated[
        str, typer.Option(help="Only member, client, token, key, revocation or copy.")
    ] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Hold every entry against the tree and checkpoints.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Show whom the catalogue let in, what it gave and revoked; or check that all of it holds."""
    from hanse.audit.entry import read
    from hanse.catalog.log import BOOK, signer
    from hanse.store.session import reading

    with database(home) as (settings, engine), reading(engine) as session:
        if verify:
            by = signer(settings.home, settings.issuer).verifier
            found = BOOK.inspect(session, by)
            typer.echo(say("SAID_ENTRIES_HOLD", lang, count=found.entries))
            told_of = {"count": found.checkpoints, "root": found.root.hex()}
            typer.echo(say("SAID_CHECKPOINTS_HOLD", lang, **told_of))
            return
        told = [(place, read(body.encode())) for place, body in BOOK.bodies(session, kind)]
    if as_json:
        typer.echo(json.dumps({"entries": [entry for _, entry in told]}))
        return
    rows = [
        (
            str(place),
            entry["when"][:19],
            entry["kind"],
            entry["what"]["event"],
            _about(entry["what"]) or entry.get("who", {}).get("client", ""),
        )
        for place, entry in told
    ]
    heads = ("PLACE", "WHEN", "KIND", "EVENT", "ABOUT")
    print_table(tuple(say(f"ACCOUNTS_HEAD_{name}", lang) for name in heads), rows)


def _about(what: dict[str, object]) -> str:
    named = ("agency", "client", "name", "protocol", "resource", "key")
    return next((str(what[each]) for each in named if what.get(each)), "")
