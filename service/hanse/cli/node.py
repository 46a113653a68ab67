"""`hanse init`, `serve`, `decisions`: a city's own node, from an empty folder to an address."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from hanse.cli.language import Lang
from hanse.messages import named, say

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]

DECISIONS_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the commands of a node."""
    app.command("init")(init)
    app.command("serve")(serve)
    app.command("decisions")(decisions)


def init(  # noqa: PLR0913 a command's options
    folder: Annotated[Path, typer.Argument(help="New folder for everything of this node.")],
    agency: Annotated[str, typer.Option(help="Identifier of the party, such as NIS41002.")],
    name: Annotated[str, typer.Option(help="Name of the party, as readers know it.")],
    kbo: Annotated[str, typer.Option(help="Enterprise number, ten digits.")],
    territory: Annotated[str, typer.Option(help="Own territory, such as gemeente:41002.")] = "",
    base_url: Annotated[
        str, typer.Option(help="Address others reach the node by.")
    ] = "http://127.0.0.1:8101",
    contact: Annotated[str, typer.Option(help="Role mailbox shown with every dataset.")] = "",
    catalogue_url: Annotated[str, typer.Option(help="The catalogue it belongs to.")] = "",
    catalogue_keys: Annotated[str, typer.Option(help="File with the catalogue's keys.")] = "",
    approvals: Annotated[
        str, typer.Option(help="second-person or none: who lets a release out.")
    ] = "second-person",
    database_url: Annotated[
        str, typer.Option(help="PostgreSQL URL; empty: SQLite in the folder.")
    ] = "",
) -> None:
    """Make a node: folders, signing key, settings, database, and the protocol for open data."""
    from hanse.node import home, migrations, office
    from hanse.node.settings import read_settings
    from hanse.policies import protocol, statements
    from hanse.store.clock import now
    from hanse.store.engine import create
    from hanse.store.session import transaction

    given = {
        "agency": agency,
        "name": name,
        "kbo": kbo,
        "territory": territory,
        "base_url": base_url,
        "contact": contact,
        "catalogue_url": catalogue_url,
        "catalogue_keys": str(Path(catalogue_keys).absolute()) if catalogue_keys else "",
        "approvals": approvals,
        "database_url": database_url,
    }
    form = home.open_data_form(agency, kbo)
    protocol.load(form)  # a number that is none is refused before anything is made
    key = home.init(folder, given)
    engine = create(read_settings(folder).database)
    migrations.upgrade(engine)
    open_data = office.Office(kbo, key, four_eyes=False)
    with transaction(engine) as session:
        office.settle(session, open_data, now())
        held = office.propose(session, open_data, form, "hanse", now())
        accept = statements.Saying("accept", "signatory")
        office.say(session, open_data, held.row.id, accept, "hanse", now())
    typer.echo(f"Node of {name} in {folder}")
    typer.echo(f"  key      {key.kid}")
    typer.echo(f"  areas    hanse areas import FOLDER --home {folder}")
    typer.echo(f"  start    hanse serve --home {folder}")
    if catalogue_url:
        typer.echo(f"  enrol    hanse enrol --home {folder}")


def serve(
    home: Home = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="Port; else the one of the node's own address.")
    ] = None,
) -> None:
    """Serve the node until asked to stop."""
    from urllib.parse import urlsplit

    from hanse import telemetry
    from hanse.node.app import create_app
    from hanse.node.settings import read_settings
    from hanse.web import serve as listen

    telemetry.log_lines()
    telemetry.configure("hanse-node")
    settings = read_settings(home)
    own = urlsplit(settings.base_url).port
    app = create_app(settings)
    typer.echo(f"{settings.name}: {settings.base_url} (Ctrl-C stops)")
    listen(app, host, port if port is not None else own or 8101)


def decisions(
    home: Home = None,
    ref: Annotated[str | None, typer.Option(help="One decision, with every check.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Of this dataset only.")] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1, max=10_000)] = (
        DECISIONS_SHOWN
    ),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    lang: Lang = "",
) -> None:
    """Show what the door decided: who asked what, why, and by which protocol."""
    from hanse.cli.screen import show
    from hanse.client.answers import tame
    from hanse.node import record
    from hanse.node.settings import read_settings
    from hanse.store.engine import create

    engine = create(read_settings(home).database)
    if ref is not None:
        document = dict(record.as_document(record.find(engine, ref)))
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    rows = record.newest(engine, limit, dataset)
    if as_json:
        documents = [dict(record.as_document(row)) for row in rows]
        typer.echo(json.dumps(documents, indent=2, ensure_ascii=False))
        return
    heads = ("WHEN", "OUTCOME", "CLIENT", "PURPOSE", "DATASET", "CELLS", "REF_PROTOCOL")
    told = [say(f"HEAD_{name}", lang) for name in heads]
    table = Table(*told, box=None, pad_edge=False)
    for row in rows:
        outcome = named("decision", row.outcome, lang)
        outcome += f" ({row.code})" if row.code else ""
        cells = "" if row.rows is None else str(row.rows)
        known = (row.client or "-", row.purpose or "-", row.dataset, cells)
        line = [tame(each) for each in (row.at[:16], outcome, *known)]
        table.add_row(*map(Text, line), Text(f"{tame(row.ref)}\n{tame(row.protocol or '-')}"))
    table.columns[-1].no_wrap = True
    show(table)
