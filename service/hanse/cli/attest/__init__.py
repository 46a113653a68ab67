"""`hanse attest URL`: hostile requests at a server of your own, before it goes live."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanse.cli.language import Lang
from hanse.errors import Invalid
from hanse.messages import named, say

if TYPE_CHECKING:
    from hanse.cli.attest.finding import Finding, Suite
    from hanse.cli.attest.line import Line
    from hanse.cli.attest.visitor import Client


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("attest")(attest)


def attest(  # noqa: PLR0913 a command's options
    url: Annotated[str, typer.Argument(help="Address of your node or catalogue.")],
    client_id: Annotated[str, typer.Option("--client-id", help="A client it knows.")] = "",
    key: Annotated[Path | None, typer.Option("--key", help="Private key of that client.")] = None,
    issuer: Annotated[
        list[str] | None, typer.Option("--issuer", help="Where that client signs in; else the URL.")
    ] = None,
    purpose: Annotated[str, typer.Option("--purpose", help="Purpose that client asks for.")] = "",
    network: Annotated[
        list[str] | None, typer.Option("--network", help="Private network of the issuer, as CIDR.")
    ] = None,
    anchor: Annotated[
        Path | None, typer.Option("--anchor", help="The catalogue's keys, as nodes pin them.")
    ] = None,
    revoke: Annotated[
        str, typer.Option("--revoke", help="Your command that revokes {token}; it is run.")
    ] = "",
    revoked_protocol: Annotated[
        str, typer.Option("--revoked-protocol", help="A protocol of that client that was revoked.")
    ] = "",
    revoked_feed_token: Annotated[
        Path | None, typer.Option("--revoked-feed-token", help="File with a revoked feed token.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", help="Seconds a proof or revocation may take.", min=0)
    ] = 75.0,
    load: Annotated[
        int, typer.Option("--load", help="Ask so many times in a row, to meet the limit.", min=0)
    ] = 0,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only these topics.")] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Leave out what passed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    lang: Lang = "",
) -> None:
    """Run the hostile requests against your own server; exit code 1 when one gets through.

    Some 300 requests to the given address (and to the issuers you name), at most fifty a second.
    """
    from hanse.cli.attest.line import Line

    client = _client(url, client_id, key, (issuer, purpose, network)) if client_id and key else None
    handed = (anchor, revoke, revoked_protocol, revoked_feed_token, wait)
    found: list[tuple[str, Finding]] = []
    line = Line(url)
    for topic, finding in _run(line, _suites(client, handed, load), only):
        found.append((topic, finding))
        if not as_json and not (brief and finding.outcome == "passed"):
            typer.echo(_told(topic, finding, lang))
    _close(line, found, as_json, lang)


def _suites(
    client: "Client | None",
    handed: tuple[Path | None, str, str, Path | None, float],
    load: int,
) -> "dict[str, Suite]":
    """Return every topic with its checks; the slow ones come last."""
    from hanse.cli.attest import gates, ledger, trust
    from hanse.cli.attest.holder import holder
    from hanse.cli.attest.load import load as loaded
    from hanse.cli.attest.receipts import receipts
    from hanse.cli.attest.withdrawn import Withdrawn, revocations

    anchor, command, protocol, feed_token, wait = handed
    text = feed_token.read_text("utf-8").strip() if feed_token else ""
    means = Withdrawn(_keys(anchor), command, protocol, text, wait)
    return {
        "transport": gates.transport,
        "metadata": trust.metadata,
        "headers": gates.headers,
        "addresses": gates.addresses,
        "bodies": gates.bodies,
        "tokens": trust.tokens,
        "issuing": trust.issuing,
        "closed": trust.closed,
        "holder": holder(client),
        "log": ledger.log,
        "receipts": receipts(client, wait),
        "revocations": revocations(means, client),
        "slowness": gates.slowness,
        "load": loaded(load),
    }


def _client(
    url: str,
    client_id: str,
    key: Path,
    rest: tuple[list[str] | None, str, list[str] | None],
) -> "Client":
    from hanse.cli.attest.visitor import Client
    from hanse.client.keys import ClientKey

    issuers, purpose, networks = rest
    near = ("127.0.0.0/8",) if url.startswith("http://127.") else ()
    return Client(
        client_id,
        ClientKey.read(key),
        tuple(issuers or (url,)),
        purpose,
        (*near, *(networks or ())),
    )


def _keys(anchor: Path | None) -> list[dict[str, str]]:
    if anchor is None:
        return []
    try:
        listed = json.loads(anchor.read_text("utf-8"))["keys"]
        return [{str(name): str(value) for name, value in each.items()} for each in listed]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as fault:
        raise Invalid("KEYS_UNREADABLE") from fault


def _run(
    line: "Line", suites: "dict[str, Suite]", only: Sequence[str] | None
) -> Iterator[tuple[str, "Finding"]]:
    unknown = [topic for topic in only or () if topic not in suites]
    if unknown:
        raise Invalid("ATTEST_TOPIC", choice=", ".join(suites))
    for topic, suite in suites.items():
        if not only or topic in only:
            for finding in suite(line):
                yield topic, finding


def _told(topic: str, finding: "Finding", lang: str) -> str:
    from hanse.client.answers import tame

    word = say(f"ATTEST_{finding.outcome.name}", lang)
    difference = f": {finding.wanted}" if finding.wanted else ""
    difference += f" ≠ {finding.had}" if finding.had else ""
    about = named("attest", topic, lang)
    return tame(f"{word} {finding.rule:5}{about}: {finding.name}{difference}")


def _close(line: "Line", found: list[tuple[str, "Finding"]], as_json: bool, lang: str) -> None:
    counts = Counter(finding.outcome.value for _, finding in found)
    told = {
        "passed": counts["passed"],
        "failed": counts["failed"],
        "not_tried": counts["not-tried"],
    }
    if as_json:
        rows = [{"topic": topic, **asdict(finding)} for topic, finding in found]
        document = {"url": line.base, "requests": line.sent, **told, "findings": rows}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        typer.echo(say("ATTEST_DONE", lang, requests=line.sent, **told))
        for rule in sorted({each.rule for _, each in found if each.outcome == "failed"}):
            typer.echo(f"{rule:5}{say(f'RULE_{rule}', lang)}")
    if told["failed"] or not told["passed"]:
        raise typer.Exit(1)
