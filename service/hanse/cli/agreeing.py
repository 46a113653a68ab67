"""`hanse protocol new … revoke`: what a party does in the life of a protocol, each step signed."""

import getpass
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hanse.cli.language import Lang
from hanse.errors import Invalid
from hanse.messages import named, say

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlmodel import Session

    from hanse.node.office import Office
    from hanse.node.protocols import Held
    from hanse.node.settings import NodeSettings
    from hanse.policies.statements import Kind, Role, Saying
    from hanse.wire import ProtocolBundle

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the node; else HANSE_NODE_HOME.")
]
Id = Annotated[str, typer.Argument(help="The protocol's id, urn:protocol:….")]
File = Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False)]
Person = Annotated[
    str | None, typer.Option("--as", help="Who does this; else your name on this machine.")
]
Outcome = Literal["favourable", "conditional", "unfavourable"]

WAITING = 5
"""The exit status while a protocol is not in force."""

COPY_BYTES_MAX = 1_000_000

_STEPS: dict[str, tuple["Kind", "Role", str]] = {
    "sign": ("accept", "signatory", "Sign a protocol for our own party."),
    "reject": ("reject", "signatory", "Say no to a protocol: that ends the offer."),
    "withdraw": ("withdraw", "proposer", "Take back a proposal while advice is asked."),
    "suspend": ("suspend", "supplier", "Halt a protocol: it opens nothing until resumed."),
    "resume": ("resume", "supplier", "Let a suspended protocol open again."),
    "revoke": ("revoke", "signatory", "End a protocol at once, for good."),
}


def register(group: typer.Typer) -> None:
    """Add the steps to the commands on protocols."""
    group.command("new")(new)
    group.command("advise")(advise)
    for name, (kind, role, told) in _STEPS.items():
        group.command(name, help=told)(_step(kind, role))
    group.command("activate")(activate)
    group.command("export")(export)
    group.command("apply")(apply)
    group.command("countersign")(countersign)
    group.command("exchange")(exchange)


def new(file: File, person: Person = None, home: Home = None, lang: Lang = "") -> None:
    """Propose a review form to its parties: from now on the text does not change."""
    from hanse.node import office

    with at_work(home) as (session, own):
        held = office.propose(session, own, _content(file), _who(person), now_here())
    _tell(held, lang)


def advise(  # noqa: PLR0913 a command's options
    protocol_id: Id,
    outcome: Annotated[Outcome, typer.Option(help="What the advice is.")],
    document: Annotated[
        Path | None, typer.Option(help="The advice itself; its digest is signed.", exists=True)
    ] = None,
    authority: Annotated[
        bool, typer.Option("--authority", help="Advice of the supervisory authority, annexed.")
    ] = False,
    person: Person = None,
    home: Home = None,
    lang: Lang = "",
) -> None:
    """Sign the advice of our data protection officer, or annex that of the authority."""
    from hanse.policies.statements import Saying

    role: Role = "authority" if authority else "dpo"
    said = Saying("advise", role, outcome, _digest(document))
    _tell(speak(protocol_id, said, person, home), lang)


def activate(protocol_id: Id, home: Home = None, lang: Lang = "") -> None:
    """Say whether a protocol is in force here, and else who has still to speak.

    Nobody activates by hand: the word of every party does, from the first day in the text.
    """
    from hanse.node import office, protocols
    from hanse.store.session import reading

    settings, own = _office(home)
    with reading(_engine(settings.database)) as session:
        book = protocols.open_book(session, own.public, office.day(now_here()))
    held = protocols.get(book, protocol_id)
    _tell(held, lang)
    if held.state != "active":
        raise typer.Exit(WAITING)


def export(
    protocol_id: Id,
    file: Annotated[Path, typer.Argument(help="Where to write the signed copy.")],
    home: Home = None,
) -> None:
    """Write the signed copy of a protocol to a file, for the other parties."""
    from hanse.node import office, protocols
    from hanse.store.session import reading

    settings, own = _office(home)
    with reading(_engine(settings.database)) as session:
        book = protocols.open_book(session, own.public, office.day(now_here()))
    held = protocols.get(book, protocol_id)
    _write(file, office.bundle(held, own))
    typer.echo(str(file))


def apply(file: File, home: Home = None, lang: Lang = "") -> None:
    """Take in a signed copy of a protocol; it is in force once every party's word verifies."""
    from hanse.node import office

    with at_work(home) as (session, own):
        taken = office.take(session, own, _read(file), now_here())
    for party in taken.unknown:
        typer.echo(f"  {say('SAID_KEY_UNKNOWN', lang, party=party)}", err=True)
    _tell(taken.held, lang)


def countersign(  # noqa: PLR0913 a command's options
    file: File,
    kbo: Annotated[str, typer.Option(help="The enterprise number of the party that signs.")],
    key: Annotated[Path, typer.Option(help="Its private key, a JWK file.", exists=True)],
    outcome: Annotated[
        Outcome | None, typer.Option("--advise", help="Sign the advice of its officer instead.")
    ] = None,
    document: Annotated[
        Path | None, typer.Option(help="The advice itself; its digest is signed.", exists=True)
    ] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="End it for good instead.")] = False,
    lang: Lang = "",
) -> None:
    """Sign a copy in a file for a party that has no node of its own; the file is written anew."""
    from hanse.client.keys import ClientKey
    from hanse.node import partners
    from hanse.policies import protocol, statements
    from hanse.policies.signatures import SigningKey
    from hanse.policies.statements import Saying
    from hanse.wire import ProtocolBundle

    copied = _read(file)
    signer = SigningKey.of(ClientKey.read(key).key)  # type: ignore[arg-type]
    said = Saying("revoke", "signatory") if revoke else Saying("accept", "signatory")
    if outcome:
        said = Saying("advise", "dpo", outcome, _digest(document))
    read = protocol.from_document(copied.content)
    made = statements.signed(statements.make(read, kbo, said, now_here()), signer)
    jwk = {name: partners.public(signer.public_jwk())[name] for name in ("kty", "crv", "x")}
    known = [each.model_dump() for each in copied.keys]
    given = {"kbo": kbo, "jwk": jwk}
    document_ = copied.model_dump(by_alias=True) | {
        "statements": [*copied.statements, made],
        "keys": known if given in known else [*known, given],
    }
    _write(file, ProtocolBundle.model_validate(document_))
    told = {"protocol": read.id, "version": read.version, "kind": named("said", said.kind, lang)}
    typer.echo(say("SAID_COUNTERSIGNED", lang, **told, party=kbo))
    typer.echo(f"  {say('SAID_KEY', lang, key=signer.kid)}")


def exchange(home: Home = None, lang: Lang = "") -> None:
    """Bring our signed copies to the catalogue and take in those of the other parties."""
    from hanse.node import exchange as exchanging
    from hanse.node.settings import read_settings

    _, own = _office(home)
    settings = read_settings(home)
    outcome = exchanging.exchange(settings, own, _engine(settings.database), now_here())
    counts = {"taken": len(outcome.taken), "refused": len(outcome.refused)}
    typer.echo(say("SAID_EXCHANGED", lang, sent=outcome.sent, **counts))
    for taken in outcome.taken:
        _tell(taken.held, lang)
    for name, code in outcome.refused:
        typer.echo(f"  {name}: {code}", err=True)


def _step(kind: "Kind", role: "Role") -> Callable[..., None]:
    def step(protocol_id: Id, person: Person = None, home: Home = None, lang: Lang = "") -> None:
        from hanse.policies.statements import Saying

        _tell(speak(protocol_id, Saying(kind, role), person, home), lang)

    return step


def speak(protocol_id: str, said: "Saying", person: str | None, home: Path | None) -> "Held":
    """Sign a statement of our own party and return where the protocol then stands."""
    from hanse.node import office

    with at_work(home) as (session, own):
        return office.say(session, own, protocol_id, said, _who(person), now_here())


def standing(held: "Held", lang: str) -> str:
    """Return in one line which version of a protocol stands how."""
    state = named("protocol", held.state, lang)
    told = {"protocol": held.row.id, "version": held.row.version, "state": state}
    return say("SAID_PROTOCOL", lang, **told)


def _tell(held: "Held", lang: str) -> None:
    typer.echo(standing(held, lang))
    typer.echo(f"  {held.row.content_hash}")
    if held.standing.waits_for:
        parties = ", ".join(held.standing.waits_for)
        typer.echo(f"  {say('SAID_WAITS', lang, parties=parties)}")


@contextmanager
def at_work(home: Path | None) -> Iterator[tuple["Session", "Office"]]:
    """Give a transaction on the node's database, and the office of its own party."""
    from hanse.store.session import transaction

    settings, own = _office(home)
    with transaction(_engine(settings.database)) as session:
        yield session, own


def _office(home: Path | None) -> tuple["NodeSettings", "Office"]:
    from hanse.node import office
    from hanse.node.press import own_profiles
    from hanse.node.settings import read_settings

    settings = read_settings(home)
    return settings, office.of_settings(settings, own_profiles(settings.home))


def _engine(database: str) -> "Engine":
    from hanse.node import migrations
    from hanse.store.engine import create

    engine = create(database)
    migrations.upgrade(engine)
    return engine


def _read(file: Path) -> "ProtocolBundle":
    from hanse.wire import ProtocolBundle

    content = _content(file)
    try:
        return ProtocolBundle.model_validate_json(content)
    except ValueError as fault:
        raise Invalid("PROTOCOL_COPY", file=file.name[:60]) from fault


def _write(file: Path, copied: "ProtocolBundle") -> None:
    document = copied.model_dump(mode="json", by_alias=True)
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _content(file: Path) -> bytes:
    content = file.read_bytes()
    if not content:
        raise Invalid("YAML_MAPPING", line=1, column=1)
    if len(content) > COPY_BYTES_MAX:
        raise Invalid("PROTOCOL_COPY", file=file.name[:60])
    return content


def _digest(document: Path | None) -> str:
    if document is None:
        return ""
    return "sha-256:" + hashlib.sha256(document.read_bytes()).hexdigest()


def _who(person: str | None) -> str:
    return person if person is not None else getpass.getuser()


def now_here() -> "datetime":
    """Return the moment, by this machine's clock."""
    from hanse.store.clock import now

    return now()
