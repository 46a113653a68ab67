"""The folder of a catalogue, as its commands open it: settings, database, and tables to print."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from hanse.errors import Invalid

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from hanse.catalog.settings import CatalogSettings

Home = Annotated[Path | None, typer.Option("--home", help="Folder of the catalogue.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def chosen(home: Path | None) -> "CatalogSettings":
    """Return the settings of a catalogue's folder; `Invalid` where there is none."""
    from hanse.catalog.settings import read_settings

    settings = read_settings(home)
    if not (settings.home / "catalog.env").exists():
        raise Invalid("CATALOG_ABSENT", home=str(settings.home))
    return settings


@contextmanager
def database(home: Path | None) -> Iterator[tuple["CatalogSettings", "Engine"]]:
    """Open the catalogue's database at its newest schema."""
    from hanse.catalog import migrations
    from hanse.store import engine as store

    settings = chosen(home)
    engine = store.create(settings.database)
    try:
        migrations.upgrade(engine)
        yield settings, engine
    finally:
        engine.dispose()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns, what strangers wrote made harmless for a terminal."""
    from hanse.cli.screen import show
    from hanse.client.answers import tame

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(tame(each)) for each in row))
    show(table)
