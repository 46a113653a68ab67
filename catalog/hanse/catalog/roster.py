"""Who takes part, as harvest and pages need it: members, and which nodes to look at."""

import json
from collections.abc import Sequence
from pathlib import Path

from sqlmodel import Session

from hanse.catalog.snapshots import Identity
from hanse.wire import Harvest, MemberEntry


def members(session: Session) -> Sequence[MemberEntry]:
    """Return every member by name; how its node was harvested is not known here."""
    file = Path(str(session.get_bind().engine.url.database)).parent / "members.json"
    held = json.loads(file.read_text()) if file.exists() else []
    return [MemberEntry(harvest=Harvest(state="never"), **each) for each in held]


def identities(session: Session) -> Sequence[Identity]:
    """Return the nodes to look at: those of active members."""
    return [
        Identity(each.agency, each.base_url, tuple(each.keys))
        for each in members(session)
        if each.status == "active"
    ]
