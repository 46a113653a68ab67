"""The area registry on a reader's side: asked of the catalogue, checked, kept, used without it.

Every table is held against the digest that the catalogue's statement gives it. Whose statement it
is, is checked against pinned keys where there are any; else it is trusted as the member register
is, which comes from the same place.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hanse.areas import Registry
from hanse.areas.tables import registry_from
from hanse.client.answers import expect, read_statement
from hanse.client.deadline import Deadline
from hanse.client.settings import write_private
from hanse.errors import Invalid, NotFound, Unavailable
from hanse.outbound import Ask, Origin, Outbound
from hanse.policies.signatures import AREAS, claimed, verify
from hanse.wire import AreaTables

LIST_BYTES: Final = 200_000
TABLE_BYTES: Final = 32_000_000
LIST_FILE: Final = "tables.jws"


@dataclass(slots=True)
class AreaCopies:
    """Copies of one catalogue's tables in `folder` (None: nothing is kept)."""

    url: str
    way: Outbound
    folder: Path | None = None
    keys: Sequence[dict[str, str]] = ()
    _read: dict[str, Registry] = field(default_factory=dict)

    async def registry(self, within: Deadline) -> Registry:
        """Return the registry as the catalogue has it; while it is away, as it was last.

        Raises `Invalid` for a statement or table that does not hold, `NotFound` (AREAS_NONE) where
        the catalogue publishes no levels.
        """
        tables = await self._tables(within)
        if tables.version not in self._read:
            texts = {each.name: await self._text(each.sha256, within) for each in tables.files}
            self._read[tables.version] = registry_from(texts)
        found = self._read[tables.version]
        if not found.levels:
            raise NotFound("AREAS_NONE")
        return found

    async def _tables(self, within: Deadline) -> AreaTables:
        try:
            statement = (await self._ask("/v1/areas", LIST_BYTES, within)).decode(
                "ascii", "replace"
            )
        except Unavailable:
            kept = self._kept(LIST_FILE)
            if kept is None:
                raise
            statement = kept.decode("ascii", "replace")
        content = verify(statement, AREAS, self.keys) if self.keys else claimed(statement)
        tables = read_statement(AreaTables, content, self.url)
        if tables.catalogue.rstrip("/") != self.url:
            raise Invalid("STATEMENT_OTHER", peer=self.url)
        self._keep(LIST_FILE, statement)
        return tables

    async def _text(self, sha256: str, within: Deadline) -> str:
        name = sha256.removeprefix("sha-256:")
        kept = self._kept(name)
        if kept is None or hashlib.sha256(kept).hexdigest() != name:
            kept = await self._ask(f"/v1/areas/{sha256}", TABLE_BYTES, within)
            if hashlib.sha256(kept).hexdigest() != name:
                raise Invalid("ANSWER_DIGEST", peer=self.url)
            self._keep(name, kept.decode("utf-8", "replace"))
        return kept.decode("utf-8", "replace")

    async def _ask(self, path: str, most: int, within: Deadline) -> bytes:
        ask = Ask(Origin.of(self.url), self.url + path, headers={}, limits=within.limits(most))
        return expect(await self.way.fetch(ask)).body

    def _kept(self, name: str) -> bytes | None:
        with suppress(OSError):
            return (self.folder / name).read_bytes() if self.folder else None
        return None

    def _keep(self, name: str, text: str) -> None:
        if self.folder:
            with suppress(OSError):  # a full disk costs a later request, not this answer
                write_private(self.folder / name, text)
