"""`hanse token …`: feed tokens of a node, for tools that cannot prove a key."""

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from hanse.cli.language import Lang
from hanse.messages import named, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from hanse.auth.tokens import Revocations
    from hanse.node.credentials import FeedTokenRow
    from hanse.policies.register import Register

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]

DAYS = 90
_LISTS = ("datasets", "dialects", "networks")
_HEADS = ("CLIENT", "LABEL", "STATE", "UNTIL", "USED")


def register(app: typer.Typer) -> None:
    """Add the commands on feed tokens."""
    group = typer.Typer(
        help="Read-only tokens for tools that cannot prove a key.", no_args_is_help=True
    )
    group.command("new")(new)
    group.command("list")(list_all)
    group.command("revoke")(revoke)
    app.add_typer(group, name="token")


def new(  # noqa: PLR0913 a command's options
    client: Annotated[str, typer.Option(help="Its owner: a client with bearer: true.")],
    label: Annotated[str, typer.Option(help="What it is for, such as 'Power BI research'.")],
    made_by: Annotated[str, typer.Option("--as", help="Who makes it.")],
    days: Annotated[int, typer.Option(help="How long it is valid; at most 396.")] = DAYS,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only this dataset; may be given again.")
    ] = None,
    dialect: Annotated[
        list[str] | None, typer.Option(help="Only this way of asking, such as api.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Only from this network, such as 192.0.2.0/24.")
    ] = None,
    purpose: Annotated[
        str, typer.Option(help="What it reads for, where its tool cannot say so itself.")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Make a feed token and show it, once; the node keeps only its digest."""
    from hanse.node import credentials
    from hanse.node.settings import read_settings
    from hanse.store.clock import now
    from hanse.store.session import transaction

    folder = read_settings(home).home
    asked = credentials.NewFeedToken(
        client,
        label,
        made_by,
        days,
        tuple(dataset or ()),
        tuple(dialect or ()),
        tuple(network or ()),
        purpose,
    )
    with _database(home) as engine:
        judge = _judge(engine, home)
        with transaction(engine) as session:
            text, row = credentials.make(
                session, asked, judge.register, credentials.secret(folder), now()
            )
    if as_json:
        typer.echo(json.dumps({**_document(row, judge), "token": text}))
        return
    typer.echo(text)
    typer.echo(say("FEED_TOKEN_ONCE", lang, credential=row.id, until=row.expires_at[:10]), err=True)


def list_all(
    home: Home = None,
    client: Annotated[str | None, typer.Option(help="Of this client only.")] = None,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """List the feed tokens: whose, for what, what each opens today, until when, and last use."""
    from hanse.cli.screen import show
    from hanse.client.answers import tame
    from hanse.node import credentials
    from hanse.store.session import reading

    with _database(home) as engine:
        judge = _judge(engine, home)
        with reading(engine) as session:
            told = [_document(row, judge) for row in credentials.of(session, client)]
    if as_json:
        typer.echo(json.dumps({"tokens": told}))
        return
    heads = (say(f"HEAD_{name}", lang) for name in _HEADS)
    table = Table("id", *heads, box=None, pad_edge=False)
    for each in told:
        days = (each["expires_at"][:10], each["used_at"][:10])
        line = (each["id"], each["client"], each["label"], named("feed", each["state"], lang))
        table.add_row(*(Text(tame(text)) for text in (*line, *days)))
    show(table)


def revoke(
    credential: Annotated[str, typer.Argument(help="The id that the list shows, ft-….")],
    home: Home = None,
    lang: Lang = "",
) -> None:
    """End a feed token at once: the next request with it is refused."""
    from hanse.node import credentials
    from hanse.store.clock import now
    from hanse.store.session import transaction

    with _database(home) as engine, transaction(engine) as session:
        row = credentials.revoke(session, credential, now())
        typer.echo(f"{row.id}: {named('feed', 'revoked', lang)}")


@dataclass(frozen=True, slots=True)
class _Judge:
    """What says whether a token opens anything: the register, and what the catalogue revoked."""

    register: "Register"
    revoked: "Revocations"

    def state(self, row: "FeedTokenRow") -> str:
        from hanse.node import credentials
        from hanse.store.clock import now

        return credentials.state_of(row, self.register, self.revoked, now())


def _judge(engine: "Engine", home: Path | None) -> _Judge:
    from hanse.node.running import revoked_as_kept
    from hanse.node.settings import read_settings
    from hanse.node.world import Worlds
    from hanse.policies.protocol import TIME_ZONE
    from hanse.store.clock import now

    settings, zone = read_settings(home), ZoneInfo(TIME_ZONE)
    worlds = Worlds(engine, settings.home, lambda: now().astimezone(zone).date())
    try:
        return _Judge(worlds.current().register, revoked_as_kept(settings))
    finally:
        worlds.close()


def _document(row: "FeedTokenRow", judge: _Judge) -> dict[str, Any]:
    return {
        **row.model_dump(exclude={"digest", *_LISTS}),
        **{name: json.loads(getattr(row, name)) for name in _LISTS},
        "state": judge.state(row),
    }


@contextmanager
def _database(home: Path | None) -> "Iterator[Engine]":
    from hanse.node import migrations
    from hanse.node.settings import read_settings
    from hanse.store.engine import create

    engine = create(read_settings(home).database)
    try:
        migrations.upgrade(engine)
        yield engine
    finally:
        engine.dispose()
