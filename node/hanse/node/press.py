"""Puts together, from a node's settings, what publishing and the feed need."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from hanse.node import areas, home, migrations
from hanse.node.feed import Publisher
from hanse.node.intake.check import check
from hanse.node.publish import Press
from hanse.node.settings import NodeSettings
from hanse.policies import profile as profiles
from hanse.policies.profile import Profile
from hanse.policies.signatures import SigningKey
from hanse.store.clock import now
from hanse.store.engine import create

PROFILES_MAX = 100


def open_press(settings: NodeSettings, clock: Callable[[], datetime] = now) -> Press:
    """Return the press of the node in `settings.home`, its database brought up to date.

    Raises `NotFound` where no node lives there.
    """
    key = home.signing_key(settings.home)
    engine = create(settings.database)
    migrations.upgrade(engine)
    return Press(
        engine=engine,
        home=settings.home,
        key=key,
        registry=areas.load(settings.home),
        clock=clock,
        check=check,
        approvals=settings.approvals,
        own_profiles=own_profiles(settings.home),
    )


def publisher(
    settings: NodeSettings, key: SigningKey, clock: Callable[[], datetime] = now
) -> Publisher:
    """Return who speaks in the node's feed."""
    return Publisher(
        agency=settings.agency,
        name=settings.name,
        kbo=settings.kbo,
        base_url=settings.base_url,
        home=settings.home,
        key=key,
        clock=clock,
    )


def own_profiles(folder: Path) -> Mapping[str, Profile]:
    """Return the profiles in `<home>/profiles`, by name; they go before those that are shipped."""
    files = sorted((folder / "profiles").glob("*.yaml"))[:PROFILES_MAX]
    found = (profiles.load(path.read_text("utf-8")) for path in files)
    return {each.name: each for each in found}
