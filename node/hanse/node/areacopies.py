"""The catalogue's area tables as a node keeps them: beside its own layers, never over them."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from hanse.areas import Registry
from hanse.client.areas import AreaCopies
from hanse.client.deadline import Deadline
from hanse.errors import Conflict, Invalid
from hanse.node import areas
from hanse.node.settings import NodeSettings
from hanse.outbound import Outbound, Transport

FETCH_SECONDS: Final = 60.0


def fetch(settings: NodeSettings, transport: Transport | None = None) -> Registry:
    """Fetch the tables, check them against the pinned keys, and store them with our own layers.

    Raises `Invalid` (AREAS_UNPINNED without pinned keys; what does not hold), `Conflict`
    (AREAS_CHANGED) where a vintage we have says something else than theirs.
    """
    keys = _pinned(settings)

    async def asked() -> Registry:
        networks = settings.reachable
        async with Outbound(networks=networks, transport=transport) as way:
            copies = AreaCopies(settings.issuer, way, settings.home / "area-copies", keys)
            return await copies.registry(Deadline.after(FETCH_SECONDS))

    both = joined(asyncio.run(asked()), areas.load(settings.home))
    areas.store(settings.home, both)
    return both


def _pinned(settings: NodeSettings) -> list[dict[str, str]]:
    if not settings.issuer or not settings.catalogue_keys:
        raise Invalid("AREAS_UNPINNED")
    try:
        document: Any = json.loads(Path(settings.catalogue_keys).read_text("utf-8"))
        return list(document["keys"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise Invalid("AREAS_UNPINNED") from fault


def joined(theirs: Registry, ours: Registry) -> Registry:
    """Return their registry with the levels and tables that only we have.

    A vintage never changes, so one that both have must be the same.
    """
    for level in ours.levels:
        if not theirs.has(level.id):
            theirs = theirs.with_level(level, ours.areas(level.id).values())
        elif dict(theirs.areas(level.id)) != dict(ours.areas(level.id)):
            raise Conflict("AREAS_CHANGED", level=level.id)
    known = {(table.from_level, table.to_level): table for table in theirs.tables}
    for table in ours.tables:
        pair = (table.from_level, table.to_level)
        if pair not in known:
            theirs = theirs.with_correspondence(table)
        elif set(known[pair].rows) != set(table.rows):
            raise Conflict("AREAS_CHANGED", level=table.name)
    return theirs.with_mergers(ours.mergers)
