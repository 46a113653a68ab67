"""Names of shares, schemas and tables: without a point, since clients split addresses there."""

import re
from dataclasses import dataclass
from typing import Final

from hanse.dialects.edition import Edition

NO_THEME: Final = "default"

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


def place(edition: Edition) -> Place:
    """Return where the table of an edition stands."""
    contract = edition.contract
    schema = _plain(contract.theme) or NO_THEME
    return Place(_plain(contract.agency), schema, edition.dialect_id.lower())


def _plain(text: str) -> str:
    return _OTHER.sub("_", text.lower())
