"""`hanse audit …`, `verify-audit`, `receipts`: what the log says, and the proof that it stands."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer
from rich.table import Table

from hanse.cli.language import Lang
from hanse.errors import HanseError, Invalid, NotFound
from hanse.messages import say

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from hanse.client.receipts import Drawer
    from hanse.client.settings import ClientSettings
    from hanse.node.accounts import Form, Made
    from hanse.node.reports import Report, Wanted
    from hanse.node.settings import NodeSettings

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
Protocol = Annotated[str, typer.Option(help="Of this protocol only.")]
Dataset = Annotated[str, typer.Option(help="Of this dataset only.")]
Exchange = Annotated[str, typer.Option(help="Of this exchange only, by its Exchange-Id.")]
Since = Annotated[str, typer.Option(help="From this day on, such as 2026-01-31.")]
Until = Annotated[str, typer.Option(help="Up to and with this day.")]
Keys = Annotated[
    list[str] | None, typer.Option("--key", help="A public key you trust, name+id+code.")
]


def register(app: typer.Typer) -> None:
    """Add the commands on the log."""
    group = typer.Typer(help="The log of a node, for who must account for it.")
    group.command("report")(report)
    group.command("bundle")(bundle)
    group.command("checkpoint")(checkpoint)
    group.command("erase")(erase)
    group.command("expire")(expire)
    group.command("restored")(restored)
    app.add_typer(group, name="audit", no_args_is_help=True)
    app.command("verify-audit")(verify)
    app.command("receipts")(receipts)


def report(  # noqa: PLR0913 a command's options
    name: Annotated[
        str,
        typer.Argument(
            help="received, refused, attention, terms, processing, exchange, changes, versions."
        ),
    ],
    home: Home = None,
    protocol: Protocol = "",
    dataset: Dataset = "",
    exchange: Exchange = "",
    since: Since = "",
    until: Until = "",
    form: Annotated[
        Literal["table", "csv", "json", "xlsx", "pdf"],
        typer.Option("--format", help="Of the answer; xlsx and pdf need --to."),
    ] = "table",
    to: Annotated[Path | None, typer.Option(help="File to write, instead of the screen.")] = None,
    lang: Lang = "",
) -> None:
    """Answer what a data protection officer asks: who received what, since when, under what."""
    from hanse.node import reports
    from hanse.node.accounts import Made
    from hanse.node.home import signing_key
    from hanse.node.office import day
    from hanse.store.clock import now

    settings, engine = _node(home)
    wanted = _wanted(protocol, dataset, exchange, since, until)
    own = signing_key(settings.home).public_jwk()
    made = reports.make(reports.Desk(engine, own, day(now())), name, wanted)
    if form in ("xlsx", "pdf"):
        _keep(Made(made, wanted, settings.name, now()), cast("Form", form), to, lang)
    elif form == "table" and to is None:
        _show(made, lang)
    else:
        _write(made, form, to)


def _keep(made: "Made", form: "Form", to: Path | None, lang: str) -> None:
    if to is None:
        raise typer.BadParameter("--to")
    to.write_bytes(made.file(form, lang))
    typer.echo(str(to))


def _show(made: "Report", lang: str) -> None:
    from hanse.cli.screen import show
    from hanse.client.answers import tame

    heads = (say(f"ACCOUNTS_HEAD_{each.upper()}", lang) for each in made.heads)
    table = Table(*heads, box=None, pad_edge=False)
    for line in made.lines:
        table.add_row(*(tame(str(each)) for each in line))
    show(table)
    typer.echo(say("SAID_REGISTER", lang, register=made.register))
    typer.echo(say("SAID_CHECKPOINT", lang, size=made.checkpoint, root=made.root))


def _write(made: "Report", form: str, to: Path | None) -> None:
    from hanse.dialects import listing

    if form == "csv":
        stands = (("register", made.register), ("checkpoint", f"{made.checkpoint} {made.root}"))
        content = listing.encode(made.heads, [*made.lines, *stands])
    else:
        content = (json.dumps(made.document, indent=2, ensure_ascii=False) + "\n").encode()
    if to is None:
        typer.echo(content.decode("utf-8-sig"), nl=False)
    else:
        to.write_bytes(content)


def bundle(  # noqa: PLR0913 a command's options
    to: Annotated[Path, typer.Argument(help="The zip file to write.")],
    home: Home = None,
    ref: Annotated[str, typer.Option(help="One entry, by its reference.")] = "",
    protocol: Protocol = "",
    dataset: Dataset = "",
    exchange: Exchange = "",
    since: Since = "",
    until: Until = "",
    lang: Lang = "",
) -> None:
    """Write entries with their proofs, for somebody who has neither this software nor this node."""
    from hanse.node import bundles, checkpoints, witnesses
    from hanse.node.home import signing_key

    settings, engine = _node(home)
    own = checkpoints.verifier(settings, signing_key(settings.home))
    keys = [own, *(peer.verifier for peer in witnesses.peers(settings))]
    made = bundles.make(engine, keys, _wanted(protocol, dataset, exchange, since, until), ref)
    to.write_bytes(made)
    typer.echo(say("SAID_BUNDLE", lang, file=to, name=to.name))


def checkpoint(home: Home = None) -> None:
    """Place what waits, sign a checkpoint where the log grew, and print the newest."""
    from hanse.node import checkpoints, protocols, sequencer
    from hanse.node.home import signing_key
    from hanse.node.office import day
    from hanse.store.clock import now
    from hanse.store.session import reading

    settings, engine = _node(home)
    key = signing_key(settings.home)
    sequencer.catch_up(engine)
    with reading(engine) as session:
        register_hash = protocols.stored_hash(session, key.public_jwk(), day(now()))
    checkpoints.make(engine, checkpoints.signer(settings, key), register_hash, now())
    with reading(engine) as session:
        typer.echo(str(checkpoints.newest(session).note), nl=False)


def erase(
    person: Annotated[str, typer.Argument(help="The name or id the person signs in with.")],
    home: Home = None,
    lang: Lang = "",
) -> None:
    """Make it impossible to tell which entries are about a person; the log still verifies."""
    from hanse.node import inspection
    from hanse.store.clock import now

    _, engine = _node(home)
    typer.echo(say("SAID_ERASED", lang, count=inspection.erase(engine, person, now())))


def expire(
    years: Annotated[
        int, typer.Option(help="All entries older than this, whatever the node's terms.", min=0)
    ] = 0,
    reason: Annotated[str, typer.Option(help="Under which rule, with --years.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what is due under the node's terms.")
    ] = False,
    home: Home = None,
    lang: Lang = "",
) -> None:
    """Remove what old entries say; their hashes stay, so the log still verifies.

    Without options: what the node's own terms say is due, as the node itself does once a day.
    """
    from hanse.node import inspection, retention
    from hanse.store.clock import now

    if bool(years) != bool(reason) or (years and dry_run):
        raise typer.BadParameter("--years N --reason TEXT | --dry-run")
    settings, engine = _node(home)
    at = now()
    if years:
        before = at - timedelta(days=365 * years + years // 4)
        count = inspection.expire(engine, before, reason, at)
        typer.echo(say("SAID_EXPIRED", lang, count=count))
        return
    act = retention.due if dry_run else retention.expire
    for each in act(engine, retention.rules(settings), at):
        told = {"rule": each.rule.reason, "count": each.entries, "before": each.before.date()}
        typer.echo(say("SAID_TERM", lang, **told))


def restored(
    witnessed: Annotated[
        int, typer.Option(help="The largest size of the log that a witness cosigned.", min=0)
    ],
    reason: Annotated[str, typer.Option(help="What was restored and why, kept with the entry.")],
    by: Annotated[str, typer.Option("--as", help="Who says so.")],
    home: Home = None,
    lang: Lang = "",
) -> None:
    """Say after a restore what the log came back to; lost entries give it a new name."""
    from hanse.node import restoring
    from hanse.store.clock import now

    settings, engine = _node(home)
    found = restoring.Restored(witnessed, reason, by)
    told = restoring.tell(engine, settings, found, now())
    typer.echo(say("SAID_RESTORED", lang, ref=told.ref, size=told.size, lost=told.lost))
    typer.echo(say("SAID_ORIGIN_NEW" if told.lost else "SAID_ORIGIN", lang, origin=told.origin))


def verify(
    home: Home = None,
    bundle_file: Annotated[
        Path | None, typer.Option("--bundle", help="A proof bundle.", exists=True, dir_okay=False)
    ] = None,
    node: Annotated[str, typer.Option(help="Address of a node, to look at from outside.")] = "",
    keys: Keys = None,
    lang: Lang = "",
) -> None:
    """Check a log: this node's own, another node's from outside, or a bundle of entries."""
    if bundle_file is not None:
        _verify_bundle(bundle_file, keys or [], lang)
    elif node:
        _verify_node(node, keys or [], lang)
    else:
        _verify_home(home, lang)


def _verify_bundle(file: Path, keys: Sequence[str], lang: str) -> None:
    import zipfile

    from hanse.audit import verifier

    for key in keys:
        try:
            verifier.key_of(key)
        except ValueError as fault:
            raise Invalid("AUDIT_KEY") from fault
    try:
        found = verifier.check(str(file), list(keys))
    except (ValueError, KeyError, IndexError, OSError, zipfile.BadZipFile) as fault:
        raise Invalid("AUDIT_BUNDLE", file=file.name, fault=str(fault)[:200]) from fault
    told = {"count": found.entries, "origin": found.origin, "size": found.size}
    typer.echo(say("SAID_BUNDLE_HOLDS", lang, **told))
    names = ", ".join(found.witnesses) or "-"
    typer.echo(say("SAID_WITNESSES", lang, count=len(found.witnesses), names=names))
    typer.echo(say("SAID_KEYS_GIVEN" if keys else "SAID_KEYS_INSIDE", lang))


def _verify_node(url: str, keys: Sequence[str], lang: str) -> None:
    from hanse.client.settings import read_settings
    from hanse.client.watching import look

    seen = look(url, keys, read_settings().cache / "logs")
    told = {"origin": seen.origin, "size": seen.size, "witnesses": seen.witnesses}
    typer.echo(say("SAID_LOG_SEEN", lang, **told))
    typer.echo(f"  {say('SAID_LOG_SAME', lang, before=seen.before)}")


def _verify_home(home: Path | None, lang: str) -> None:
    from hanse.node import checkpoints, inspection, sequencer
    from hanse.node.home import signing_key

    settings, engine = _node(home)
    sequencer.catch_up(engine)
    found = inspection.inspect(engine, checkpoints.verifier(settings, signing_key(settings.home)))
    typer.echo(say("SAID_LOG_HOLDS", lang, count=found.entries, expired=found.expired))
    told = {"count": found.checkpoints, "root": found.root.hex()}
    typer.echo(say("SAID_CHECKPOINTS_HOLD", lang, **told))


def receipts(
    fetch: Annotated[bool, typer.Option(help="Fetch the proofs that are not here yet.")] = False,
    purpose: Annotated[
        str, typer.Option(help="To sign in for, where a receipt does not say it.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    lang: Lang = "",
) -> None:
    """Show what this account was given here, and the nodes' own proof that they gave it."""
    from hanse.cli.screen import show
    from hanse.client.answers import tame
    from hanse.client.settings import read_settings

    settings = read_settings()
    drawer = _drawer(settings)
    code = _fetch(drawer, purpose or settings.purpose, lang) if fetch else 0
    known = drawer.all()
    if as_json:
        typer.echo(json.dumps([each.document for each in known], indent=2))
        raise typer.Exit(code)
    heads = ("WHEN", "NODE", "DATASET", "REF", "EXCHANGE", "PROOF")
    table = Table(*(say(f"HEAD_{name}", lang) for name in heads), box=None, pad_edge=False)
    for each in known:
        proof = say("RECEIPT_PROVEN" if each.proof else "RECEIPT_UNPROVEN", lang)
        line = (each.at[:16], each.node, each.dataset, each.ref, each.exchange, proof)
        table.add_row(*(tame(part) for part in line))
    show(table)
    raise typer.Exit(code)


def _drawer(settings: "ClientSettings") -> "Drawer":
    """Return the drawer of whoever signed in here; where nobody did, the receipts of nobody."""
    from hanse.client.receipts import DRAWER, Drawer, account_of
    from hanse.client.settings import read_config

    account = ""
    with suppress(NotFound):
        config = read_config(settings.config)
        account = account_of(config.client_id, config.issuers)
    return Drawer(settings.cache / DRAWER, account)


def _fetch(drawer: "Drawer", purpose: str, lang: str) -> int:
    """Fetch what can be had; return the exit code of what could not, 0 for what comes later."""
    from dataclasses import replace

    from hanse.cli.main import exit_code
    from hanse.client.answers import tame
    from hanse.client.federation import connect

    code = 0
    with connect() as federation:
        for each in drawer.all():
            if each.proof:
                continue
            asked = each if each.purpose else replace(each, purpose=purpose)
            try:
                drawer.keep(federation.node(each.agency).prove(asked))
            except HanseError as fault:  # the others may be proven all the same
                told = say(fault.code, lang, **fault.parameters)
                typer.echo(f"{each.ref}: {tame(told, 1_000)}", err=True)
                code = code or (0 if fault.code == "RECEIPT_EARLY" else exit_code(fault))
    return code


def _wanted(protocol: str, dataset: str, exchange: str, since: str, until: str) -> "Wanted":
    from datetime import date

    from hanse.node.reports import Wanted

    for day in (since, until):
        try:
            date.fromisoformat(day or "2000-01-01")
        except ValueError as fault:
            raise Invalid("AUDIT_DAY", day=day[:20]) from fault
    return Wanted(protocol, dataset, exchange, since, until)


def _node(home: Path | None) -> "tuple[NodeSettings, Engine]":
    from hanse.node.settings import read_settings
    from hanse.store.engine import create

    settings = read_settings(home)
    return settings, create(settings.database)
