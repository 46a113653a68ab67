"""`hanse mcp`: a server for an assistant on this machine, on standard input and output."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

import typer

from hanse.cli.language import Lang

if TYPE_CHECKING:
    from hanse.client.federation import Federation
    from hanse.dialects.mcp.service import Service

LINE_BYTES: Final = 1_000_000
"""How long one message may be."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mcp")(serve)


def serve(lang: Lang = "") -> None:
    """Let an assistant on this machine search, pull and compare with your own sign-in."""
    from hanse.client.federation import connect
    from hanse.dialects.mcp import service

    with connect() as federation:
        offered = _service(federation, lang)
        for line in _lines(sys.stdin.buffer):
            reply = service.answer(offered, line, None)
            if reply.body:
                typer.echo(reply.body)


def _service(federation: "Federation", lang: str) -> "Service":
    from importlib.metadata import version

    from hanse.client.assistant import Desk
    from hanse.dialects.mcp import figures, offer
    from hanse.dialects.mcp.service import Service

    return Service(
        name="hanse",
        title="Hanse",
        version=version("hanse"),
        instructions=offer.INSTRUCTIONS,
        tools=offer.OF_A_READER,
        call=Desk(federation, lang).call,
        tell=lambda fault: figures.failure(fault, lang),
    )


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the messages; of one that is too long no more than its start, which is no JSON."""
    while line := stream.readline(LINE_BYTES):
        whole = line
        while not whole.endswith(b"\n"):
            whole = stream.readline(LINE_BYTES)
            if not whole:
                break
        if line.strip():
            yield line
