"""Fact sheets and table reports of a theme, as web pages, tagged PDFs and workbooks."""

import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanse.cli.province import Areas, Cities, Deadline, Periods, Purpose, Vintage, listed
from hanse.errors import Invalid, NotFound

if TYPE_CHECKING:
    from hanse.client.themes import Gathered
    from hanse.report.document import Document
    from hanse.report.theme import Theme

PARTS = ("babel", "jinja2", "typst", "xlsxwriter")
"""What makes pages, PDFs and workbooks: not part of the small installation."""

SHOWN_AREAS = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sheet")(sheet)


def sheet(  # noqa: PLR0913 one option per axis of a question
    theme: Annotated[str, typer.Option("--theme", help="Theme, as `hanse search` names it.")],
    area: Annotated[str, typer.Argument(help="Code or name of the area the sheet is about.")] = "",
    every: Annotated[bool, typer.Option("--all", help="A sheet for every area that came.")] = False,
    indicators: Annotated[
        list[str] | None, typer.Option("--indicator", help="Subject; repeatable. Else the theme's.")
    ] = None,
    folder: Annotated[Path, typer.Option("-o", "--output", help="Folder to write to.")] = Path(),
    langs: Annotated[str, typer.Option("--lang", help="nl, fr, en; a comma between them.")] = "nl",
    cities: Cities = None,
    areas: Areas = "",
    periods: Periods = "",
    level: Annotated[str, typer.Option("--level", help="Area level; else gemeente.")] = "",
    vintage: Vintage = "",
    boundaries: Annotated[
        Path | None,
        typer.Option("--boundaries", help="GeoJSON, TopoJSON, shapefile, GeoPackage, GeoParquet …"),
    ] = None,
    of: Annotated[str, typer.Option("--object", help="Which object of a TopoJSON file.")] = "",
    purpose: Purpose = "",
    deadline: Deadline = None,
) -> None:
    """Make the fact sheet of an area, two pages, and the table report of its theme.

    The area's figures stand beside those of the other cities, with their mean and what compares.
    A city that was not reached is told on standard error: exit 4, with the others on the sheet.
    """
    require(PARTS)
    from hanse.cli.screen import waiting
    from hanse.cli.shown import missed_lines, sign_of
    from hanse.client.federation import Wish, connect
    from hanse.client.themes import Asked, gather
    from hanse.messages import numbers, say

    if bool(area) == every:
        raise Invalid("SHEET_CHOICE")
    languages = _languages(langs)
    began = time.monotonic()
    wish = Wish(
        areas=areas,
        periods=periods,
        level=level,
        cities=listed(cities),
        purpose=purpose,
        vintage=vintage,
    )
    asked = Asked(theme, listed(indicators), wish, _now(), deadline)
    with connect() as federation, waiting(say("ASKING_CITIES", languages[0])):
        gathered = gather(federation, asked)
    shown = _with_boundaries(gathered.theme, boundaries, of)
    chosen = tuple(shown.areas) if every else (_area(shown, area),)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, content in _files(shown, gathered, chosen, languages):
        (folder / name).write_bytes(content)
        count += 1

    spent = numbers.decimal(time.monotonic() - began, languages[0], 1)
    typer.echo(say("SHEET_MADE", languages[0], count=count, folder=str(folder), seconds=spent))
    for line in dict.fromkeys(missed_lines(gathered.comparison.outcomes, languages[0])):
        typer.echo(line, err=True)
    code = sign_of(gathered.comparison)
    if code:
        raise typer.Exit(code)


def require(parts: Sequence[str]) -> None:
    """Raise `Invalid` (SHEET_INSTALL) where a library that reports are made with is not there."""
    missing = [name for name in parts if find_spec(name) is None]
    if missing:
        raise Invalid("SHEET_INSTALL", missing=", ".join(missing))


def _files(
    theme: "Theme", gathered: "Gathered", areas: tuple[str, ...], languages: tuple[str, ...]
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every file, one at a time."""
    from hanse.client.workbooks import workbook
    from hanse.report import tables
    from hanse.report.sheet import Sheet

    for lang in languages:
        for area in areas:
            made = Sheet(theme, area, lang).document()
            yield from _both(f"sheet-{_plain(theme.code)}-{_plain(area)}-{lang}", made)
        report = tables.document(theme, lang)
        name = f"tables-{_plain(theme.code)}-{lang}"
        yield from _both(name, report)
        yield f"{name}.xlsx", workbook(gathered.comparison, report.title, lang, theme.command)


def _both(name: str, document: "Document") -> Iterator[tuple[str, bytes]]:
    from hanse.report import page, pdf

    yield f"{name}.html", page.render(document)
    yield f"{name}.pdf", pdf.render(document)


def _plain(code: str) -> str:
    """Return a code as part of a file name; codes come from others, and name no folder here."""
    return re.sub(r"[^A-Za-z0-9_]", "_", code)[:40] or "_"


def _languages(given: str) -> tuple[str, ...]:
    from hanse.messages import LANGUAGES

    chosen = tuple(dict.fromkeys(each.strip() for each in given.split(",") if each.strip()))
    for each in chosen or ("",):
        if each not in LANGUAGES:
            raise Invalid("SHEET_LANGUAGE", given=each[:10], known=", ".join(LANGUAGES))
    return chosen


def _area(theme: "Theme", given: str) -> str:
    """Return the code of an area that is meant by its code or its name."""
    wanted = given.strip().casefold()
    for code, name in theme.areas.items():
        if wanted in {code.casefold(), name.casefold()}:
            return code
    names = [f"{code} {name}" for code, name in theme.areas.items()][:SHOWN_AREAS]
    raise NotFound("SHEET_AREA_UNKNOWN", area=given[:60], known=", ".join(names))


def _with_boundaries(theme: "Theme", file: Path | None, of: str) -> "Theme":
    """Return the theme with the boundaries of its areas, where a file of them was given."""
    if file is None:
        return theme
    from dataclasses import replace

    from hanse.areas import layers

    features = layers.read(file, of)
    found = {
        str(value): geometry
        for properties, geometry in features
        for value in properties.values()
        if str(value) in theme.areas
    }
    return replace(theme, boundaries=found)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
