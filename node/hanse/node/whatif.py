"""What somebody would get, also under a protocol that is only proposed: nothing is opened."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from hanse.cube.query import PeriodWindow
from hanse.errors import NotFound
from hanse.node import accessions, areas, datasets, protocols
from hanse.node import home as home_of_node
from hanse.node.releases import manifest
from hanse.policies import protocol, register
from hanse.policies.decision import Check, NotPermitted, decide
from hanse.policies.protocol import TIME_ZONE
from hanse.policies.register import Register
from hanse.policies.request import AXES, Request
from hanse.store.session import reading


@dataclass(frozen=True, slots=True)
class Asked:
    """Who would ask what, why, and in which form."""

    client: str
    dataset: str
    purpose: str
    form: str


@dataclass(frozen=True, slots=True)
class Told:
    """What would come of it; `protocol` is the one it would rest on, or the nearest."""

    permitted: bool
    protocol: str | None
    checks: tuple[Check, ...]


def explain(
    engine: Engine, home: Path, asked: Asked, at: datetime, proposed: bytes | None = None
) -> Told:
    """Return what a client would get of a dataset's current release.

    The client is taken to have signed in with a key its protocol names. Raises `NotFound` for a
    dataset that does not exist or has no release.
    """
    today = at.astimezone(ZoneInfo(TIME_ZONE)).date()
    with reading(engine) as session:
        row = datasets.get(session, asked.dataset)
        own = home_of_node.signing_key(home).public_jwk()
        book = protocols.open_book(session, own, today)
        joined = accessions.joined(session, own, today)
    if row.current_digest is None:
        raise NotFound("RELEASE_NONE", dataset=row.slug)
    published = manifest.load(home, row.current_digest)
    entries = [(each.protocol, each.state) for each in book.held]
    if proposed is not None:
        new = protocol.load(proposed)
        # Signing it would end the versions before it, so they do not count here either.
        entries = [(each, state) for each, state in entries if each.id != new.id]
        entries.append((new, "active"))
    geography = protocols.KnownAreas(areas.load(home))
    held = register.build(entries, geography, joined)
    levels = published.coverage.levels
    request = Request(
        client=asked.client,
        thumbprint=_thumbprint(held, asked.client),
        bound=True,
        scopes=frozenset({"dataset:read"}),
        purpose=asked.purpose,
        action="read",
        dataset=asked.dataset,
        theme=published.theme,
        access=published.access,
        profile=published.profile,
        indicators=frozenset(each.id for each in published.indicators),
        levels=frozenset(levels),
        areas={level: frozenset(geography.codes(level)) for level in levels},
        periods=PeriodWindow(),
        format=asked.form,
        narrow=AXES,
    )
    try:
        permit = decide(request, held, today)
    except NotPermitted as refusal:
        return Told(False, refusal.protocol, refusal.checks)
    return Told(True, permit.protocol, permit.checks)


def _thumbprint(held: Register, client: str) -> str | None:
    keys = (
        key
        for each in held.of(client)
        for party in each.protocol.recipients
        if party.client_id == client
        for key in party.keys
    )
    return next(keys, None)
