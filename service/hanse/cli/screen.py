"""Tables on a terminal: none of their text is cut away to make them fit."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.table import Table

PIPED_WIDTH: Final = 400
"""Where nothing tells a width (a file, a pipe), a table may become this many columns wide."""


@contextmanager
def waiting(sentence: str) -> Iterator[None]:
    """Say what is waited for while it lasts, on a terminal's error output; nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(sentence):
        yield


def show(*tables: Table, console: Console | None = None) -> None:
    """Print tables; a text that does not fit goes on a next line, and is whole."""
    screen = console or Console()
    for table in tables:
        for column in table.columns:
            column.overflow = "fold"
        if not screen.is_terminal:
            screen.width = max(screen.width, min(_width(table, screen), PIPED_WIDTH))
        screen.print(table)


def fitting(
    make: Callable[[Sequence[str]], Table], heads: Sequence[str], console: Console
) -> list[Table]:
    """Return one table that holds every head, or as many as it takes for each to fit.

    `make` returns the table of some heads. Figures have no good place to be broken off, so a
    screen that is too narrow gets fewer periods at a time. A file or a pipe gets one table.
    """
    whole = make(heads)
    if not console.is_terminal or _width(whole, console) <= console.width:
        return [whole]
    parts = 2
    while parts < len(heads):
        tables = [make(each) for each in _shared(heads, parts)]
        if all(_width(each, console) <= console.width for each in tables):
            return tables
        parts += 1
    return [make([head]) for head in heads] or [whole]


def _shared(heads: Sequence[str], parts: int) -> list[Sequence[str]]:
    size = math.ceil(len(heads) / parts)
    return [heads[start : start + size] for start in range(0, len(heads), size)]


def _width(table: Table, console: Console) -> int:
    return table.__rich_measure__(console, console.options.update(width=10_000)).maximum
