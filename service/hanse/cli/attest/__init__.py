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
from hanse.messages import say

if TYPE_CHECKING:
    from hanse.cli.attest.finding import Finding, Suite
    from hanse.cli.attest.line import Line


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
    load: Annotated[
        int, typer.Option("--load", help="Ask so many times in a row, to meet the limit.", min=0)
    ] = 0,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only these topics.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    lang: Lang = "",
) -> None:
    """Run the hostile requests against your own server; exit code 1 when one gets through.

    Some 250 requests to the given address and to nobody else, at most fifty a second.
    """
    from hanse.cli.attest import gates, ledger, trust
    from hanse.cli.attest.line import Line

    suites: dict[str, Suite] = {
        "transport": gates.transport,
        "metadata": trust.metadata,
        "headers": gates.headers,
        "addresses": gates.addresses,
        "bodies": gates.bodies,
        "tokens": trust.tokens,
        "issuing": trust.issuing,
        "closed": trust.closed,
        "log": ledger.log,
        "slowness": gates.slowness,
    }
    if client_id and key is not None:
        suites["holder"] = _holder(url, client_id, key, (issuer, purpose, network))
    if load:
        suites["load"] = _load(load)
    found: list[tuple[str, Finding]] = []
    line = Line(url)
    for topic, finding in _run(line, suites, only):
        found.append((topic, finding))
        if not as_json and finding.outcome != "passed":
            typer.echo(_told(topic, finding))
    _close(line, found, as_json, lang)


def _holder(
    url: str,
    client_id: str,
    key: Path,
    rest: tuple[list[str] | None, str, list[str] | None],
) -> "Suite":
    from hanse.cli.attest.holder import Client, holder
    from hanse.client.keys import ClientKey

    issuers, purpose, networks = rest
    near = ("127.0.0.0/8",) if url.startswith("http://127.") else ()
    return holder(
        Client(
            client_id,
            ClientKey.read(key),
            tuple(issuers or (url,)),
            purpose,
            (*near, *(networks or ())),
        )
    )


def _load(requests: int) -> "Suite":
    from hanse.cli.attest.load import load

    return load(requests)


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


def _told(topic: str, finding: "Finding") -> str:
    from hanse.client.answers import tame

    mark = "✖" if finding.outcome == "failed" else "-"
    difference = f": {finding.wanted}" + (f" ≠ {finding.had}" if finding.had else "")
    return tame(f"{mark} {finding.rule:5} {topic}: {finding.name}{difference}")


def _close(line: "Line", found: list[tuple[str, "Finding"]], as_json: bool, lang: str) -> None:
    counts = Counter(finding.outcome.value for _, finding in found)
    told = {name: counts.get(name, 0) for name in ("passed", "failed", "skipped")}
    if as_json:
        rows = [{"topic": topic, **asdict(finding)} for topic, finding in found]
        document = {"url": line.base, "requests": line.sent, **told, "findings": rows}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        typer.echo(say("ATTEST_DONE", lang, requests=line.sent, **told))
    if told["failed"] or not told["passed"]:
        raise typer.Exit(1)
