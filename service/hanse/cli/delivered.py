"""What came of a pull or a comparison: printed or written, with every city's account and a code."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from hanse.client.comparison import Comparison


def finish(
    comparison: "Comparison", output: Path | None, file_format: str, *, as_json: bool, lang: str
) -> None:
    """Print or write what came, then leave with the code that says what did not.

    Who sees no account of it (a pipe, a file format) finds it on standard error; JSON holds it.
    """
    from hanse.cli.shown import elsewhere_lines, missed_lines, sign_of
    from hanse.dialects.figures import write

    if output:
        output.write_bytes(_content(comparison, file_format, lang))
    if as_json:
        document = comparison.document(lang)
        if output:
            document = {**document, "data": {}, "file": str(output)}
        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
    elif file_format and not output:
        typer.echo(write(comparison.worded(lang), file_format), nl=False)
    else:
        _print(comparison, lang, figures=output is None)
    unseen = not sys.stdout.isatty() or bool(file_format and not output)
    if unseen and not as_json:
        hints = elsewhere_lines(comparison, lang) if file_format and not output else []
        for line in (*hints, *missed_lines(comparison.outcomes, lang)):
            typer.echo(line, err=True)
    code = sign_of(comparison)
    if code:
        raise typer.Exit(code)


def _print(comparison: "Comparison", lang: str, *, figures: bool) -> None:
    """Print figures with their legend and remarks, spread where it was asked, and every account."""
    from hanse.cli.screen import show
    from hanse.cli.shown import figures_tables, outcomes_table, spread_table, told_lines
    from hanse.messages import say

    console = Console()
    heading = comparison.shape.say(lang)
    if heading:
        console.print(heading, style="bold", markup=False, highlight=False)
    if comparison.table.num_rows and figures:
        show(*figures_tables(comparison, lang, console), console=console)
        console.print(say("LEGEND_SYMBOLS", lang), style="dim", markup=False)
    for line in told_lines(comparison, lang) if figures else ():
        console.print(line, markup=False, highlight=False)
    if comparison.spreads:
        show(spread_table(comparison.spreads, lang), console=console)
    show(outcomes_table(comparison.outcomes, lang), console=console)


def _content(comparison: "Comparison", file_format: str, lang: str) -> bytes:
    """Return the file; the workbook of a comparison also says who gave what, and what compares."""
    from hanse.dialects.figures import write

    if file_format == "xlsx" and "mark" in comparison.table.column_names:
        from hanse.client.workbooks import workbook

        names = ", ".join(sorted(set(comparison.table.column("indicator").to_pylist())))
        title = "; ".join(filter(None, (names, comparison.shape.say(lang))))
        return workbook(comparison, title, lang)
    return write(comparison.worded(lang), file_format)
