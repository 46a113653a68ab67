"""Assembles the commands, and turns what went wrong into one message and an exit code."""

import importlib
import sys

import typer
from rich.console import Console

from hanse.cli import codes
from hanse.cli.language import of_arguments
from hanse.errors import Conflict, HanseError, Invalid, NotFound, Refused, Unavailable
from hanse.messages import catalogue, explain

# One module per topic; each has `register(app)` and imports its role inside its commands.
TOPICS = (
    "intake",
    "publish",
    "protect",
    "attack",
    "proof",
    "protocol",
    "partner",
    "node",
    "token",
    "audit",
    "membership",
    "catalog",
    "people",
    "attest",
    "province",
    "collecting",
    "concepts",
    "sheet",
    "assistant",
    "snippet",
    "demo",
    "generated",
)

EXIT_CODES: dict[type[HanseError], int] = {
    Invalid: codes.WRONG,
    NotFound: codes.NOT_THERE,
    Refused: codes.NOT_THERE,
    Unavailable: codes.NOT_REACHED,
    Conflict: codes.BLOCKED,
}


def build() -> typer.Typer:
    """Return the whole command line; no role is loaded before one of its commands runs."""
    app = typer.Typer(
        name="hanse",
        help="Cities share figures: each keeps its own house, all trust the same rules.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for topic in TOPICS:
        importlib.import_module(f"hanse.cli.{topic}").register(app)
    return app


def main() -> None:
    """Run the command line; a fault is told in four parts and never as a traceback."""
    try:
        build()()
    except HanseError as fault:
        tell(fault, of_arguments(sys.argv[1:]))
        sys.exit(exit_code(fault))


def exit_code(fault: HanseError) -> int:
    """Return the exit code of a fault by its word."""
    return next((code for word, code in EXIT_CODES.items() if isinstance(fault, word)), codes.WRONG)


def tell(fault: HanseError, lang: str = "nl") -> None:
    """Print what, where, why and what now on standard error."""
    console = Console(stderr=True, highlight=False)
    if fault.code not in catalogue():
        console.print(str(fault), markup=False)
        return
    parts = explain(fault.code, lang, **fault.parameters)
    console.print(parts.pop("what"), style="bold red", markup=False)
    for text in parts.values():
        console.print(f"  {text}", markup=False)
