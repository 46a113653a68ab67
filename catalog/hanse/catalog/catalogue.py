"""What the catalogue's routes and pages stand on, put together once by `create_app`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from hanse.areas import Registry
from hanse.catalog.concepts import Concepts
from hanse.catalog.harvest import Harvester, Schedule
from hanse.catalog.search import Search
from hanse.catalog.settings import CatalogSettings
from hanse.catalog.subjects import Refresher
from hanse.wire import MemberEntry

Members = Callable[[Session], Sequence[MemberEntry]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The parts of a running catalogue."""

    settings: CatalogSettings
    engine: Engine
    members: Members
    search: Search
    concepts: Concepts
    harvester: Harvester
    schedule: Schedule
    areas: Registry
    clock: Callable[[], datetime]
    refresh: Refresher
    """Brings the search up to the tables, should another process have changed them."""


def by_agency(members: Sequence[MemberEntry]) -> Mapping[str, MemberEntry]:
    """Return members by their agency; of several enrolments under one name the active one."""
    ordered = sorted(members, key=lambda each: each.status == "active")
    return {each.agency: each for each in ordered}
