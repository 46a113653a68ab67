"""`hanse people`: who may do what on a node's pages, and where they sign in."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from hanse.cli.language import Lang
from hanse.errors import Conflict, Invalid
from hanse.messages import say

if TYPE_CHECKING:
    from sqlmodel import Session

    from hanse.node.people import Person
    from hanse.node.settings import NodeSettings

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
Number = Annotated[int, typer.Argument(help="The person's number, as `people list` shows it.")]
ProviderName = Annotated[str, typer.Argument(help="Short name of the provider, such as stad.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Who may do what on a node's pages.")
    for name, command in (
        ("add", add),
        ("list", everybody),
        ("remove", remove),
        ("role", role),
        ("break-glass", break_glass),
    ):
        group.command(name)(command)
    provider = typer.Typer(no_args_is_help=True, help="Where people sign in (OpenID Connect).")
    provider.command("add")(provider_add)
    provider.command("list")(provider_list)
    provider.command("remove")(provider_remove)
    group.add_typer(provider, name="provider")
    app.add_typer(group, name="people")


def add(
    name: Annotated[str, typer.Argument(help="Name, as colleagues know it.")],
    provider: Annotated[str, typer.Option("--provider", help="Where they sign in.")],
    subject: Annotated[str, typer.Option("--subject", help="Who they are there.")],
    roles: Annotated[
        list[str] | None, typer.Option("--role", help="A role; may be given again.")
    ] = None,
    alias: Annotated[
        str, typer.Option("--alias", help="Other name they go by, as of their account here.")
    ] = "",
    home: Home = None,
) -> None:
    """Add a person; who signs in without being added is shown what to tell you."""
    from hanse.node import people, providers
    from hanse.store.clock import now

    with _node(home) as (settings, session):
        known = providers.read(settings.home)
        if provider not in known:
            raise Invalid("PERSON_SUBJECT")
        row = people.PersonRow(
            issuer=known[provider].issuer, subject=subject, name=name, alias=alias, added_at=""
        )
        person = people.add(session, row, roles or (), now())
        people.note(session, person, "added", "", now())
        typer.echo(_told(person))


def everybody(home: Home = None, as_json: AsJson = False, lang: Lang = "") -> None:
    """List the people and their roles."""
    from hanse.cli.screen import show
    from hanse.client.answers import tame
    from hanse.node import people

    with _node(home) as (_, session):
        found = [_document(each) for each in people.everybody(session)]
    if as_json:
        typer.echo(json.dumps({"people": found}, ensure_ascii=False))
        return
    if not found:
        typer.echo(say("PEOPLE_LIST_NONE", lang))
        return
    table = Table("number", "name", "alias", "roles", "issuer", "subject", box=None, pad_edge=False)
    for each in found:
        told = {**each, "roles": ", ".join(each["roles"]) or "-"}
        table.add_row(*(Text(tame(str(value))) for value in told.values()))
    show(table)


def remove(number: Number, home: Home = None, lang: Lang = "") -> None:
    """Take a person out; whoever is signed in as them is not, from now on."""
    from hanse.node import people, sessions
    from hanse.store.clock import now

    with _node(home) as (_, session):
        person = people.get(session, number)
        sessions.end_all(session, number)
        people.remove(session, number)
        people.note(session, person, "removed", "", now())
    typer.echo(say("PEOPLE_REMOVED", lang, number=number))


def role(
    number: Number,
    name: Annotated[str, typer.Argument(help="The role, such as checker.")],
    take: Annotated[bool, typer.Option("--take", help="Take it away instead.")] = False,
    home: Home = None,
) -> None:
    """Give a person a role, or take one away; it counts at their next click."""
    from hanse.node import people
    from hanse.store.clock import now

    with _node(home) as (_, session):
        person = (people.take if take else people.give)(session, number, name)
        people.note(session, person, "taken" if take else "given", name, now())
        typer.echo(_told(person))


def break_glass(home: Home = None, lang: Lang = "") -> None:
    """Print a secret that opens the pages once, where HANSE_NODE_BREAK_GLASS allows it."""
    from hanse.audit.entry import Entry
    from hanse.node import log as ledger
    from hanse.node import sessions
    from hanse.store.clock import now

    with _node(home) as (settings, session):
        if not settings.break_glass:
            raise Conflict("GLASS_CLOSED")
        made = sessions.make_glass(session, now())
        minutes = sessions.GLASS_SECONDS // 60
        ledger.note(
            session, Entry(kind="break-glass", what={"event": "made", "minutes": minutes}), now()
        )
    typer.echo(say("PEOPLE_GLASS_MADE", lang, secret=made))


def provider_add(  # noqa: PLR0913 a command's options are its parameters
    name: ProviderName,
    issuer: Annotated[str, typer.Option("--issuer", help="Its issuer, exactly as it says.")],
    client_id: Annotated[str, typer.Option("--client-id", help="Our client there.")],
    title: Annotated[str, typer.Option("--title", help="Name readers see.")] = "",
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", help="File with the client's secret.")
    ] = None,
    home: Home = None,
    lang: Lang = "",
) -> None:
    """Add a provider where people sign in, and print the one address it may send them back to."""
    from hanse.node import providers
    from hanse.node.settings import read_settings

    settings = read_settings(home)
    secret = "" if secret_file is None else secret_file.read_text("utf-8").strip()
    file = providers.ProviderFile(
        title=title or name, issuer=issuer, client_id=client_id, secret=secret
    )
    providers.add(settings.home, name, file)
    address = f"{settings.resource}/{settings.language}/sign-in/{name}/return"
    typer.echo(say("PEOPLE_RETURN", lang, address=address))


def provider_list(home: Home = None, as_json: AsJson = False) -> None:
    """List the providers where people sign in; secrets are not shown."""
    from hanse.cli.screen import show
    from hanse.node import providers
    from hanse.node.settings import read_settings

    known = providers.read(read_settings(home).home)
    listed = [
        {"name": each.name, "title": each.title, "issuer": each.issuer, "client": each.client_id}
        for each in known.values()
    ]
    if as_json:
        typer.echo(json.dumps({"providers": listed}, ensure_ascii=False))
        return
    table = Table("name", "title", "issuer", "client", box=None, pad_edge=False)
    for each in listed:
        table.add_row(*map(Text, each.values()))
    show(table)


def provider_remove(name: ProviderName, home: Home = None) -> None:
    """Take a provider away; its people keep their roles and cannot sign in."""
    from hanse.node import providers
    from hanse.node.settings import read_settings

    providers.remove(read_settings(home).home, name)
    typer.echo(name)


@contextmanager
def _node(home: Path | None) -> Iterator[tuple["NodeSettings", "Session"]]:
    """Open the node's database at its newest schema, in one transaction."""
    from hanse.node import home as homes
    from hanse.node import migrations
    from hanse.node.settings import read_settings
    from hanse.store import engine as store
    from hanse.store.session import transaction

    settings = read_settings(home)
    homes.signing_key(settings.home)  # a folder that is no node stays as it is
    engine = store.create(settings.database)
    try:
        migrations.upgrade(engine)
        with transaction(engine) as session:
            yield settings, session
    finally:
        engine.dispose()


def _document(person: "Person") -> dict[str, Any]:
    return {
        "number": person.number,
        "name": person.name,
        "alias": person.alias,
        "roles": sorted(person.roles),
        "issuer": person.issuer,
        "subject": person.subject,
    }


def _told(person: "Person") -> str:
    return f"{person.number} {person.name}: {', '.join(sorted(person.roles)) or '-'}"
