"""`hanse snippet`: lines to copy that pull a release again, in the tool of your choice."""

from typing import TYPE_CHECKING, Annotated

import typer

from hanse.cli.language import Lang
from hanse.cli.province import Areas, Cities, Periods, Purpose, Release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hanse.client.federation import Federation, Wish
    from hanse.dialects.snippets import View


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(snippet)


def snippet(  # noqa: PLR0913 one option per axis of a question
    subject: Annotated[str, typer.Argument(metavar="DATASET[/INDICATOR]|INDICATOR")],
    tool_name: Annotated[
        str,
        typer.Option("--for", help="python, pandas, r, excel, powerbi, pbids, duckdb, qgis, …"),
    ] = "python",
    areas: Areas = "",
    periods: Periods = "",
    city: Cities = None,
    release: Release = "",
    purpose: Purpose = "",
    lang: Lang = "",
) -> None:
    """Print lines that pull a release again, the same on any day; no credential stands in them."""
    from hanse.cli.province import listed
    from hanse.client.federation import Wish, connect
    from hanse.dialects.snippets import tool
    from hanse.errors import Invalid

    chosen = tool(tool_name)
    wish = Wish(areas=areas, periods=periods, cities=listed(city), release=release, purpose=purpose)
    with connect() as federation:
        views = list(_views(federation, subject, wish))
        catalogue = federation.catalogue.url
    if chosen.single and len(views) > 1:
        raise Invalid("SNIPPET_SINGLE", count=len(views), tool=chosen.title)
    typer.echo(chosen.write(views, catalogue))


def _views(federation: "Federation", subject: str, wish: "Wish") -> "Iterator[View]":
    """Yield what would be pulled, pinned; a subject without `/` is a dataset, or an indicator."""
    from hanse.errors import NotFound

    try:
        yield from _located(federation, subject, wish)
    except NotFound as fault:
        if fault.code != "DATASET_NOWHERE" or "/" in subject:
            raise
        found = federation.catalogue.indicator(subject)
        named = {f"{each.dataset}/{each.indicator.id}" for each in found.publications}
        if not named:
            raise
        for each in sorted(named):
            yield from _located(federation, each, wish)


def _located(federation: "Federation", subject: str, wish: "Wish") -> "Iterator[View]":
    from hanse.dialects.snippets import View
    from hanse.errors import NotFound

    for member, question in federation.locate(subject, wish):
        held = next(
            each
            for each in federation.catalogue.datasets(question.dataset)
            if each.agency == member.agency
        ).dataset
        release = wish.release or (held.current.release_id if held.current else "")
        if not release:
            raise NotFound("SNIPPET_NO_RELEASE", dataset=question.dataset, city=member.name)
        if held.current and held.current.release_id == release:
            digest = held.current.manifest
        else:
            node = federation.node(member.agency)
            digest = node.manifest(question.dataset, release, question.purpose).digest
        yield View(
            base_url=member.base_url,
            agency=member.agency,
            dataset=question.dataset,
            release=release,
            manifest=digest,
            indicators=question.indicators,
            level=question.level,
            areas=question.areas,
            period=question.periods,
            governed=held.access != "open",
            purpose=question.purpose if held.access != "open" else "",
        )
