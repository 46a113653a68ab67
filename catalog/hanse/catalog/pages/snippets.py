"""Lines to copy that pull what a page shows, pinned to the releases it came from."""

from dataclasses import dataclass

from hanse.catalog.choice import Choice
from hanse.catalog.figures import Figure, Figures
from hanse.dialects.snippets import TOOLS, View


@dataclass(frozen=True, slots=True)
class Snippet:
    """The pull in one tool: its short name, its own name, and the lines."""

    id: str
    title: str
    text: str


def snippets(catalogue: str, figures: Figures, choice: Choice) -> tuple[Snippet, ...]:
    """Return the pull of every release that a page shows cells of, per tool; empty without one."""
    shown = {(cell.publication.agency, cell.publication.dataset): cell for cell in figures.cells}
    views = [view_of(cell, choice) for cell in shown.values()]
    if not views:
        return ()
    return tuple(
        Snippet(tool.id, tool.title, tool.write(views, catalogue))
        for tool in TOOLS
        if not (tool.single and len(views) > 1)
    )


def view_of(cell: Figure, choice: Choice) -> View:
    """Return what of a release a page shows, by one of its cells."""
    publication = cell.publication
    return View(
        base_url=publication.base_url,
        agency=publication.agency,
        dataset=publication.dataset,
        release=cell.release,
        manifest=cell.manifest,
        indicators=(publication.indicator.id,),
        level=cell.level,
        areas=choice.areas,
        period=choice.period,
    )
