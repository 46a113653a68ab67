"""Brings a report to whoever asked for it: on the terminal, or whole in a file; and files at all.

A file appears with all of its content or not at all; several of them all or none.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hanse.cli.screen import show
from hanse.client.answers import tame
from hanse.errors import Invalid
from hanse.messages import named

if TYPE_CHECKING:
    from hanse.report import document as parts
    from hanse.report.disclosure import Facts
    from hanse.report.document import Document

Form = Literal["text", "html", "pdf", "json"]
FormOption = Annotated[
    Form | None,
    typer.Option("--format", help="text, html, pdf or json; else what the file's name says."),
]
OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", help="File for the report; else the terminal.")
]

OWNER_ONLY = 0o600
"""Reports, proofs and inside tables are for the house alone."""

STEPS = 1_000
TEXT_MAX = 4_000


@contextmanager
def waiting(lang: str) -> Iterator[Callable[[str, float], None]]:
    """Show on standard error how far something is, while somebody watches; yield how to tell."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=STEPS)

        def tell(stage: str, done: float) -> None:
            bar.update(task, description=named("stage", stage, lang), completed=done * STEPS)

        yield tell


def form_of(form: Form | None, output: Path | None) -> Form:
    """Return the form asked for, or the one the file's name says; a page goes to a file."""
    suffixes: dict[str, Form] = {".html": "html", ".pdf": "pdf", ".json": "json", ".txt": "text"}
    found = form or (suffixes.get(output.suffix.lower()) if output is not None else "text")
    if found is None and output is not None:
        raise Invalid("REPORT_SUFFIX", path=output.name[:200], known=", ".join(suffixes))
    if found is None or (found in {"html", "pdf"} and output is None):
        raise Invalid("PROTECT_NEEDS", option="--output")
    return found


def deliver(facts: "Facts", lang: str, form: Form, output: Path | None) -> None:
    """Write a disclosure report, or print it."""
    from hanse.report import disclosure, page, pdf

    if form == "json":
        content = disclosure.dump(facts)
    elif form == "text":
        told = disclosure.document(facts, lang)
        if output is None:
            print_document(told, Console())
            return
        content = _text(told)
    else:
        content = (page if form == "html" else pdf).render(disclosure.document(facts, lang))
    if output is None:
        typer.echo(content.decode("utf-8"), nl=False)
        return
    write_all([(output, lambda path: path.write_bytes(content))], private={output})


def _text(told: "Document") -> bytes:
    from io import StringIO

    paper = StringIO()
    print_document(told, Console(file=paper, width=100))
    return paper.getvalue().encode("utf-8")


def print_document(told: "Document", console: Console) -> None:
    """Print a document on a terminal; its pictures by the tables that say the same."""
    from hanse.report import document as parts

    console.print(told.marking, style="bold red", markup=False)
    console.print(tame(told.title, TEXT_MAX), style="bold", markup=False)
    console.print(told.subtitle, markup=False, highlight=False)
    for fact in told.facts:
        console.print(tame(f"{fact.name}: {fact.value}", TEXT_MAX), markup=False, highlight=False)
    for section in told.sections:
        console.print(f"\n{section.heading}", style="bold", markup=False)
        for block in section.blocks:
            match block:
                case parts.Table():
                    _table(block, console)
                case parts.Illustration(_, table):
                    _table(table, console)
                case _:
                    for line in _lines(block):
                        console.print(tame(line, TEXT_MAX), markup=False, highlight=False)


def _lines(block: "parts.Block") -> Iterator[str]:
    from hanse.report import document as parts

    match block:
        case parts.Paragraph(text) | parts.Notice(text):
            yield text
        case parts.Listing(items):
            yield from (f"- {item}" for item in items)
        case parts.KeyFigures(figures):
            yield from (f"{each.label}: {each.value} ({each.note})" for each in figures)


def _table(table: "parts.Table", console: Console) -> None:
    shown = Table(title=Text(tame(table.caption, TEXT_MAX)), title_justify="left", title_style="")
    for column in table.columns:
        shown.add_column(column.label, justify="right" if column.figure else "left")
    for row in table.rows:
        shown.add_row(*(Text(tame(cell, TEXT_MAX)) for cell in row))
    show(shown, console=console)


def write_all(
    outputs: Sequence[tuple[Path, Callable[[Path], object]]],
    inputs: tuple[Path, ...] = (),
    private: frozenset[Path] | set[Path] = frozenset(),
) -> None:
    """Write files whole: each under another name first, and no name is taken before all are there.

    `private` files are readable by their owner alone. Raises Invalid where two have one name or a
    folder is not there; then none is written.
    """
    seen = {path.resolve() for path in inputs}
    parts: dict[Path, Path] = {}
    path = Path()
    try:
        for path, write in outputs:
            if path.resolve() in seen:
                raise Invalid("PROTECT_SAME_FILE", path=path.name)
            seen.add(path.resolve())
            parts[path] = path.with_name(f".{path.name}.part")
            parts[path].touch(OWNER_ONLY if path in private else 0o666)
            write(parts[path])
        for path, written in parts.items():
            written.replace(path)
    except OSError as fault:
        raise Invalid("PROTECT_FOLDER", path=str(path)[:200]) from fault
    finally:
        for written in parts.values():
            written.unlink(missing_ok=True)
