"""`hanse protocol …`: check, apply and explain the agreements a node shares its figures under."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from hanse.errors import Invalid

if TYPE_CHECKING:
    from sqlalchemy import Engine

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
File = Annotated[Path, typer.Argument(help="The review form, YAML.", exists=True, dir_okay=False)]
Id = Annotated[str, typer.Argument(help="The protocol's id, urn:protocol:….")]

REFUSED = 5
DIGEST_SHOWN = 19
"""Characters of a digest in the list; `--json` has them all."""


def register(app: typer.Typer) -> None:
    """Add the commands on protocols."""
    group = typer.Typer(help="The agreements figures are shared under.", no_args_is_help=True)
    group.command("check")(check)
    group.command("apply")(apply)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("explain")(explain)
    for event in ("suspend", "resume", "revoke"):
        group.command(event, help=f"Let the protocol {event}.")(_step(event))
    app.add_typer(group, name="protocol")


def check(file: File, home: Home = None) -> None:
    """Read a review form and say what is wrong with it, without changing anything."""
    from hanse.node import protocols
    from hanse.node.press import own_profiles
    from hanse.policies import protocol

    read = protocol.load(_content(file))
    protocols.check(read, "", own_profiles(_settings_home(home)))
    typer.echo(f"{read.id} version {read.version}: good")
    typer.echo(f"  {read.content_hash}")


def apply(file: File, home: Home = None) -> None:
    """Take a protocol into force, in the place of its version before."""
    from hanse.node import protocols
    from hanse.node.press import own_profiles
    from hanse.node.settings import read_settings
    from hanse.store.clock import now
    from hanse.store.session import transaction

    settings, own = read_settings(home), own_profiles(_settings_home(home))
    with transaction(_engine(home)) as session:
        row = protocols.apply(session, _content(file), settings.kbo, now(), own)
    typer.echo(f"{row.id} version {row.version}: {row.state}")
    typer.echo(f"  {row.content_hash}")


def list_all(
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List every version of every protocol with its state."""
    from hanse.cli import screen
    from hanse.node import protocols
    from hanse.store.session import reading

    with reading(_engine(home)) as session:
        rows = protocols.all(session)
    if as_json:
        told = [row.model_dump(exclude={"content"}) for row in rows]
        typer.echo(json.dumps(told, indent=2))
        return
    table = Table("id", "version", "state", "since", "digest")
    for row in rows:
        short = f"{row.content_hash[:DIGEST_SHOWN]}…"
        table.add_row(row.id, str(row.version), row.state, row.changed_at[:10], short)
    screen.show(table)


def show(protocol_id: Id, home: Home = None) -> None:
    """Print the newest version of a protocol as JSON."""
    from hanse.node import protocols
    from hanse.store.session import reading

    with reading(_engine(home)) as session:
        row = protocols.get(session, protocol_id)
    typer.echo(json.dumps(row.protocol.document, indent=2, ensure_ascii=False))


def explain(
    client: Annotated[str, typer.Option(help="The client that would ask.")],
    dataset: Annotated[str, typer.Option(help="The dataset.")],
    purpose: Annotated[str, typer.Option(help="What it would be for.")],
    form: Annotated[str, typer.Option("--format", help="The format.")] = "json",
    file: Annotated[
        Path | None, typer.Option("--with", help="A proposed protocol, as if it were applied.")
    ] = None,
    home: Home = None,
) -> None:
    """Say what a client would get of a dataset, or why nothing, check by check.

    Opens no figures and records nothing. With `--with`, a protocol that is only proposed counts.
    """
    from hanse.cli import screen
    from hanse.node import whatif
    from hanse.store.clock import now

    asked = whatif.Asked(client, dataset, purpose, form)
    proposed = None if file is None else _content(file)
    told = whatif.explain(_engine(home), _settings_home(home), asked, now(), proposed)
    table = Table("check", "outcome", "wanted", "allowed")
    for each in told.checks:
        table.add_row(each.name, "ok" if each.passed else "no", each.wanted, each.had)
    screen.show(table)
    outcome = "permitted" if told.permitted else "refused"
    typer.echo(f"{outcome} by {told.protocol}" if told.protocol else "refused: no protocol applies")
    if not told.permitted:
        raise typer.Exit(REFUSED)


def _step(event: str) -> Callable[..., None]:
    def step(protocol_id: Id, home: Home = None) -> None:
        from hanse.node import protocols
        from hanse.store.clock import now
        from hanse.store.session import transaction

        with transaction(_engine(home)) as session:
            row = protocols.advance(session, protocol_id, event, now())
        typer.echo(f"{row.id} version {row.version}: {row.state}")

    return step


def _content(file: Path) -> bytes:
    content = file.read_bytes()
    if not content:
        raise Invalid("YAML_MAPPING", line=1, column=1)
    return content


def _text(file: Path) -> bytes:
    return _content(file)


def _settings_home(home: Path | None) -> Path:
    from hanse.node.settings import read_settings

    return read_settings(home).home


def _engine(home: Path | None) -> "Engine":
    from hanse.node import migrations
    from hanse.node.settings import read_settings
    from hanse.store.engine import create

    engine = create(read_settings(home).database)
    migrations.upgrade(engine)
    return engine
