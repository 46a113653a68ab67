"""The tools that snippets are written for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from hanse.dialects.snippets import programs, queries
from hanse.dialects.snippets.view import View
from hanse.errors import Invalid

Write = Callable[[Sequence[View], str], str]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its short name, its own name, and how its lines are written.

    `write` takes the views and the address of the catalogue; `single` says that it takes one view.
    """

    id: str
    title: str
    write: Write
    single: bool = False


TOOLS: Final = (
    Tool("python", "Python", programs.python),
    Tool("pandas", "Python (pandas)", programs.pandas),
    Tool("r", "R", programs.r),
    Tool("excel", "Excel (Power Query)", queries.power_query),
    Tool("powerbi", "Power BI (Power Query)", queries.power_query),
    Tool("pbids", "Power BI (.pbids)", queries.power_bi, single=True),
    Tool("duckdb", "DuckDB", queries.duckdb),
    Tool("qgis", "QGIS (GDAL)", queries.gdal),
    Tool("spark", "Spark", programs.spark),
    Tool("swing", "Swing", programs.swing),
    Tool("curl", "curl", queries.curl),
)


def tool(given: str) -> Tool:
    """Return a tool by its short name; raises `Invalid` for one that we do not write for."""
    found = next((each for each in TOOLS if each.id == given.lower()), None)
    if found is None:
        known = [each.id for each in TOOLS]
        near = get_close_matches(given[:40].lower(), known, 1)
        shown = given[:40] if given.isprintable() else "?"
        raise Invalid("SNIPPET_TOOL", given=shown, choice=near[0] if near else ", ".join(known))
    return found
