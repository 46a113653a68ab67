"""`hanse protocol …`: read, compare and explain the agreements a node shares its figures under."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from hanse.cli.language import Lang
from hanse.errors import Invalid

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from hanse.node.protocols import Book, Held

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
    from hanse.cli import agreeing

    group = typer.Typer(help="The agreements figures are shared under.", no_args_is_help=True)
    group.command("check")(check)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("diff")(diff)
    group.command("explain")(explain)
    agreeing.register(group)
    app.add_typer(group, name="protocol")


def check(file: File, home: Home = None, lang: Lang = "") -> None:
    """Read a review form and say what is wrong with it, or left out, without changing anything."""
    from hanse.messages import say
    from hanse.node import protocols
    from hanse.node.press import own_profiles
    from hanse.policies import points, protocol

    read = protocol.load(_content(file))
    protocols.check(read, "", own_profiles(_settings_home(home)))
    typer.echo(say("SAID_FORM_GOOD", lang, protocol=read.id, version=read.version))
    typer.echo(f"  {read.content_hash}")
    for number in points.empty(read):
        typer.echo(f"  {number:>2} {say(f'POINT_{number}', lang)}: -")


def list_all(
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    lang: Lang = "",
) -> None:
    """List every version of every protocol with its state, and whom it waits for."""
    from hanse.cli import screen
    from hanse.messages import named, say

    book = _book(home)
    if as_json:
        typer.echo(json.dumps([_line(each) for each in book.held], indent=2))
        return
    heads = ("VERSION", "STATE", "WAITS", "SINCE", "DIGEST")
    table = Table("id", *(say(f"HEAD_{name}", lang) for name in heads))
    for each in book.held:
        row, waits = each.row, ", ".join(each.standing.waits_for)
        short = f"{row.content_hash[:DIGEST_SHOWN]}…"
        state, since = named("protocol", each.state, lang), row.changed_at[:10]
        table.add_row(row.id, str(row.version), state, waits, since, short)
    screen.show(table)
    for damaged in book.damaged:
        typer.echo(say("PROTOCOL_LIST_DAMAGED", lang, protocol=damaged), err=True)


def _line(held: "Held") -> dict[str, object]:
    row = held.row
    return {
        "id": row.id,
        "version": row.version,
        "state": held.state,
        "waits_for": list(held.standing.waits_for),
        "content_hash": row.content_hash,
        "changed_at": row.changed_at,
        "said": [
            {
                "party": said.party,
                "statement": said.statement,
                "role": said.role,
                "at": said.signed_at,
                "outcome": said.outcome or "",
            }
            for said in held.said
        ],
    }


def show(
    protocol_id: Id,
    home: Home = None,
    points: Annotated[
        bool, typer.Option("--points", help="As a readable document of fourteen points.")
    ] = False,
    lang: Lang = "",
) -> None:
    """Print the newest version of a protocol: its text as JSON, or as it is published."""
    from hanse.cli.agreeing import standing
    from hanse.messages import say
    from hanse.node import protocols
    from hanse.policies.points import points as points_of

    held = protocols.get(_book(home), protocol_id)
    if not points:
        typer.echo(json.dumps(held.protocol.document, indent=2, ensure_ascii=False))
        return
    typer.echo(held.protocol.title)
    typer.echo(standing(held, lang))
    for point in points_of(held.protocol):
        typer.echo(f"{point.number:>2} {say(f'POINT_{point.number}', lang)}")
        for line in point.lines or ("-",):
            typer.echo(f"     {line}")


def diff(
    old: Annotated[Path, typer.Argument(help="The review form before.", exists=True)],
    new: Annotated[Path, typer.Argument(help="The review form after.", exists=True)],
    lang: Lang = "",
) -> None:
    """Say what changes from one form to another: who gets more, who gets less."""
    from hanse.messages import say
    from hanse.policies import difference, protocol

    found = difference.differences(protocol.load(_content(old)), protocol.load(_content(new)))
    if not found:
        typer.echo(say("DIFF_NONE", lang))
    if difference.keys_only(found):
        typer.echo(say("DIFF_KEYS_ONLY", lang))
    for each in found:
        effect = say(f"DIFF_{each.effect.upper()}", lang)
        typer.echo(f"{effect}: {each.sentence(lang)}")


def explain(  # noqa: PLR0913 a command's options
    client: Annotated[str, typer.Option(help="The client that would ask.")],
    dataset: Annotated[str, typer.Option(help="The dataset.")],
    purpose: Annotated[str, typer.Option(help="What it would be for.")],
    form: Annotated[str, typer.Option("--format", help="The format.")] = "json",
    file: Annotated[
        Path | None, typer.Option("--with", help="A proposed protocol, as if all had signed it.")
    ] = None,
    home: Home = None,
    lang: Lang = "",
) -> None:
    """Say what a client would get of a dataset, or why nothing, check by check.

    Opens no figures and records nothing. With `--with`, a protocol that is only proposed counts.
    """
    from hanse.cli import screen
    from hanse.messages import named, say
    from hanse.node import whatif
    from hanse.store.clock import now

    asked = whatif.Asked(client, dataset, purpose, form)
    proposed = None if file is None else _content(file)
    told = whatif.explain(_engine(home), _settings_home(home), asked, now(), proposed)
    heads = ("CHECK", "PASSED", "WANTED", "ALLOWED")
    table = Table(*(say(f"HEAD_{name}", lang) for name in heads))
    for each in told.checks:
        passed = say("SAID_YES" if each.passed else "SAID_NO", lang)
        table.add_row(named("check", each.name, lang), passed, each.wanted, each.had)
    screen.show(table)
    outcome = "SAID_PERMITTED" if told.permitted else "SAID_REFUSED_BY"
    code = outcome if told.protocol else "SAID_REFUSED_NONE"
    typer.echo(say(code, lang, protocol=told.protocol))
    if not told.permitted:
        raise typer.Exit(REFUSED)


def _book(home: Path | None) -> "Book":
    from hanse.node import office, protocols
    from hanse.node.home import signing_key
    from hanse.store.clock import now
    from hanse.store.session import reading

    own = signing_key(_settings_home(home)).public_jwk()
    with reading(_engine(home)) as session:
        return protocols.open_book(session, own, office.day(now()))


def _content(file: Path) -> bytes:
    content = file.read_bytes()
    if not content:
        raise Invalid("YAML_MAPPING", line=1, column=1)
    return content


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
