"""Commands of whoever runs a catalogue: start it, let members in, register clients, harvest."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from hanse.cli import catalog_log, roster
from hanse.cli.catalog_home import AsJson, Home, chosen, database, print_table
from hanse.cli.language import Lang
from hanse.errors import Conflict, Invalid
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.catalog.harvest import Look
    from hanse.catalog.settings import CatalogSettings

ClientId = Annotated[str, typer.Argument(help="Name of the client, such as provincie-ovl.")]

NODE_NOT_REACHED = 4


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Run the catalogue: members, clients, index.")
    for name, command in (
        ("init", init),
        ("serve", serve),
        ("members", roster.members),
        ("approve", roster.approve),
        ("turn-down", roster.turn_down),
        ("suspend", roster.suspend),
        ("harvest", harvest),
        ("rotate-key", rotate_key),
        ("revoke", revoke),
        ("revocations", revocations),
        ("log", catalog_log.log),
    ):
        group.command(name)(command)
    clients = typer.Typer(no_args_is_help=True, help="Programs that may ask for tokens.")
    clients.command("add")(client_add)
    clients.command("list")(client_list)
    clients.command("suspend")(client_suspend)
    group.add_typer(clients, name="client")
    app.add_typer(group, name="catalog")


def init(
    home: Home = None,
    base_url: Annotated[
        str, typer.Option("--base-url", help="Address others reach it by.")
    ] = "http://127.0.0.1:8100",
    name: Annotated[str, typer.Option("--name", help="Name readers see.")] = "Stedencatalogus",
    language: Annotated[str, typer.Option("--language", help="nl, en or fr.")] = "nl",
    database_url: Annotated[
        str, typer.Option("--database-url", help="PostgreSQL URL; empty: SQLite in the home.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a new catalogue: settings, database, keys. Nodes pin the key file that it prints."""
    from hanse.catalog import oauth
    from hanse.catalog.settings import read_settings
    from hanse.outbound import Origin
    from hanse.store.clock import now

    folder = home or read_settings().home
    file = folder / "catalog.env"
    if file.exists():
        raise Conflict("CATALOG_EXISTS", home=str(folder))
    if str(Origin.of(base_url)) != base_url:
        raise Invalid("CATALOG_ADDRESS", canonical=str(Origin.of(base_url)))
    lines = {
        "BASE_URL": base_url,
        "NAME": name,
        "LANGUAGE": language,
        "DATABASE_URL": database_url,
    }
    text = "".join(
        f"HANSE_CATALOG_{key}={json.dumps(value, ensure_ascii=False)}\n"
        for key, value in lines.items()
        if value
    )
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    with database(folder):
        oauth.start_keys(folder, now())
    pinned = folder / "catalogue-keys.json"
    pinned.write_text(json.dumps({"keys": [oauth.anchor(folder).public_jwk()]}), "utf-8")
    told = {"home": str(folder), "base_url": base_url, "keys": str(pinned)}
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(f"Catalogue in {folder}, at {base_url}.")
    typer.echo(f"Nodes pin this key file: {pinned}")
    typer.echo(f"Start it: hanse catalog serve --home {folder}")


def serve(
    home: Home = None,
    host: Annotated[str, typer.Option("--host", help="Interface to listen on.")] = "",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 0,
) -> None:
    """Serve the catalogue, and look at its members' nodes while it runs."""
    from hanse import telemetry
    from hanse.catalog.app import create_app
    from hanse.web import serve as run

    settings = chosen(home)
    telemetry.configure("hanse-catalog")
    telemetry.log_lines()
    address = urlsplit(settings.base_url)
    local = address.hostname in {"127.0.0.1", "localhost", "::1"}
    own_port = address.port if local and address.port else 8100
    app = create_app(settings)
    typer.echo(f"{settings.name}: {settings.base_url} (Ctrl-C stops)")
    run(app, host or "127.0.0.1", port or own_port)


def harvest(
    agencies: Annotated[
        list[str] | None, typer.Argument(help="Members to look at; else all of them.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Look once at the members' nodes, now; exit status 4 when a node did not answer well."""
    looks = asyncio.run(_harvest(chosen(home), agencies))
    if as_json:
        typer.echo(json.dumps({"looks": [_document(each, lang) for each in looks]}))
    else:
        for look in looks:
            outcome = "changed" if look.changed else "unchanged"
            typer.echo(f"{look.agency}: {_why(look, lang) or outcome}")
    if any(look.code for look in looks):
        raise typer.Exit(NODE_NOT_REACHED)


def rotate_key(
    home: Home = None,
    stolen: Annotated[
        bool, typer.Option("--stolen", help="Drop the present keys, and their tokens, at once.")
    ] = False,
) -> None:
    """Add a new key that signs tokens; it takes over after a day, when every node has it."""
    from hanse.audit.entry import Entry
    from hanse.catalog import log, oauth
    from hanse.store.clock import now
    from hanse.store.session import transaction

    with database(home) as (settings, engine), transaction(engine) as session:
        kid = oauth.rotate_keys(settings.home, now(), stolen=stolen)
        event = "replaced" if stolen else "rotated"
        what = {"event": event, "key": kid, "purpose": "tokens"}
        log.note(session, Entry("key", what), now())
    typer.echo(kid)


def revoke(
    kind: Annotated[str, typer.Argument(help="client, key, protocol or token.")],
    name: Annotated[
        str, typer.Argument(help="Its name: client id, key thumbprint, protocol id, token jti.")
    ],
    home: Home = None,
) -> None:
    """Revoke it everywhere: every node refuses it within a minute."""
    from hanse.catalog import revocations as revoked
    from hanse.store.clock import now
    from hanse.store.session import transaction

    with database(home) as (_, engine), transaction(engine) as session:
        row = revoked.revoke(session, kind, name, now())
        typer.echo(f"{row.sequence}: {row.kind} {row.name}")


def revocations(home: Home = None, as_json: AsJson = False) -> None:
    """List what was revoked, by number."""
    from hanse.catalog import revocations as revoked
    from hanse.store.session import reading

    with database(home) as (_, engine), reading(engine) as session:
        rows = [row.model_dump() for row in revoked.revocations(session)]
    if as_json:
        typer.echo(json.dumps({"revocations": rows}))
        return
    lines = [(str(each["sequence"]), each["kind"], each["name"], each["at"][:16]) for each in rows]
    print_table(("number", "kind", "name", "when"), lines)


def client_add(  # noqa: PLR0913 a command's options are its parameters
    client_id: ClientId,
    party: Annotated[str, typer.Option("--party", help="Enterprise number of its party.")],
    keys: Annotated[Path, typer.Option("--keys", help="File with its public keys (JWK or JWKS).")],
    scopes: Annotated[str, typer.Option("--scopes", help="What it may ask at most.")],
    name: Annotated[str, typer.Option("--name", help="Name readers see.")] = "",
    resource: Annotated[
        list[str] | None, typer.Option("--resource", help="Nodes it may ask for; else every node.")
    ] = None,
    bearer: Annotated[
        bool, typer.Option(help="It cannot prove a key with every request: tokens of an hour.")
    ] = False,
    home: Home = None,
) -> None:
    """Register a program of a party, by its public keys."""
    from hanse.catalog import clients
    from hanse.store.clock import now
    from hanse.store.session import transaction

    new = clients.NewClient(
        client_id, party, name or client_id, _jwks(keys), scopes, tuple(resource or ()), bearer
    )
    with database(home) as (_, engine), transaction(engine) as session:
        row = clients.register(session, new, now())
        typer.echo(f"{row.client_id}: {row.scopes}")


def client_list(home: Home = None, as_json: AsJson = False) -> None:
    """List the programs that may ask for tokens."""
    from hanse.catalog import clients
    from hanse.store.session import reading

    with database(home) as (_, engine), reading(engine) as session:
        listed = [
            {
                "client_id": row.client_id,
                "party": row.party,
                "name": row.name,
                "scopes": row.scopes.split(),
                "resources": json.loads(row.resources),
                "state": row.state,
            }
            for row in clients.clients(session)
        ]
    if as_json:
        typer.echo(json.dumps({"clients": listed}))
        return
    rows = [
        (each["client_id"], each["party"], each["state"], " ".join(each["scopes"]))
        for each in listed
    ]
    print_table(("client", "party", "state", "scopes"), rows)


def client_suspend(client_id: ClientId, home: Home = None) -> None:
    """Give a program no more tokens."""
    from hanse.catalog import clients
    from hanse.store.clock import now
    from hanse.store.session import transaction

    with database(home) as (_, engine), transaction(engine) as session:
        row = clients.suspend(session, client_id, now())
        typer.echo(f"{row.client_id}: {row.state}")


async def _harvest(settings: "CatalogSettings", only: Sequence[str] | None) -> tuple["Look", ...]:
    from hanse.catalog import concepts, members
    from hanse.catalog.harvest import Harvester
    from hanse.outbound import Outbound
    from hanse.store.clock import now

    with database(settings.home) as (_, engine):
        async with Outbound(networks=settings.reachable) as way:
            harvester = Harvester(
                settings,
                engine=engine,
                roster=members.identities,
                way=way,
                concepts=concepts.load(settings.home),
                clock=now,
            )
            return await harvester.once(only)


def _document(look: "Look", lang: str) -> dict[str, Any]:
    return {
        "agency": look.agency,
        "changed": look.changed,
        "code": look.code,
        "why": _why(look, lang),
    }


def _why(look: "Look", lang: str) -> str:
    return say(look.code, lang, **look.parameters) if look.code else ""


def _jwks(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise Invalid("KEY_UNREADABLE") from fault
    if not isinstance(found, dict):
        raise Invalid("KEY_UNREADABLE")
    return found if "keys" in found else {"keys": [found]}
