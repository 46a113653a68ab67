"""A table on a terminal holds every figure and every name whole, however narrow the screen."""

from collections.abc import Sequence
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from hanse.cli.screen import fitting, show

YEARS = tuple(str(year) for year in range(2010, 2026))


def figures(years: Sequence[str]) -> Table:
    table = Table("Stad", *years)
    table.add_row("Antwerpen", *(f"596\u202f{int(year) - 1900:03}" for year in years))
    return table


def screen(width: int, *, terminal: bool) -> tuple[Console, StringIO]:
    told = StringIO()
    return Console(file=told, width=width, force_terminal=terminal, color_system=None), told


@pytest.mark.parametrize("width", [30, 60, 80, 200, 300])
@pytest.mark.parametrize("terminal", [True, False])
def test_every_figure_is_whole_on_a_screen_of_any_width(width: int, terminal: bool) -> None:
    console, told = screen(width, terminal=terminal)
    show(*fitting(figures, YEARS, console), console=console)
    text = told.getvalue()
    assert "…" not in text
    for year in YEARS:
        assert text.count(f"596\u202f{int(year) - 1900:03}") == 1
        assert text.count(f" {year} ") == 1
    if terminal:
        assert max(map(len, text.splitlines())) <= width


def test_a_file_gets_one_table_with_all_periods_beside_each_other() -> None:
    console, _ = screen(80, terminal=False)
    assert len(fitting(figures, YEARS, console)) == 1


def test_a_name_that_does_not_fit_goes_on_a_next_line() -> None:
    console, told = screen(30, terminal=True)
    table = Table("key", box=None)
    table.add_row("k" * 50)
    show(table, console=console)
    assert told.getvalue().count("k") == 50 + 1


def test_a_table_without_periods_is_one_table() -> None:
    console, _ = screen(10, terminal=True)
    assert len(fitting(figures, (), console)) == 1
