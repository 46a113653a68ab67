"""Names of shares, schemas and tables: without a point, since clients split addresses there."""

import re
from dataclasses import dataclass, replace
from typing import Final

from hanse.dialects.edition import Edition

NO_THEME: Final = "default"
LABELS: Final = "__labels"
"""What the table with the labels of a dataset has behind its name."""

_OTHER = re.compile(r"[^a-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands; names are lower case and are compared without regard to case."""

    share: str
    schema: str
    table: str

    def within(self, share: str, schema: str | None = None) -> bool:
        """Say whether it stands in a share, and in a schema of it."""
        return self.share == share.lower() and schema in (None, self.schema)

    @property
    def figures(self) -> "Place | None":
        """The table whose labels it holds by its name; None for a name that says no such thing."""
        name = self.table.removesuffix(LABELS)
        return replace(self, table=name) if name not in ("", self.table) else None


def places(edition: Edition) -> tuple[Place, Place]:
    """Return where the figures of an edition stand, and where their labels do."""
    figures = place(edition)
    return figures, replace(figures, table=f"{figures.table}{LABELS}")


def place(edition: Edition) -> Place:
    """Return where the table of an edition stands."""
    contract = edition.contract
    schema = _plain(contract.theme) or NO_THEME
    return Place(_plain(contract.agency), schema, edition.dialect_id.lower())


def _plain(text: str) -> str:
    return _OTHER.sub("_", text.lower())
