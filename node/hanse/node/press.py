"""Puts together, from a node's settings, what publishing and the feed need."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from hanse.cube.contract import Contract
from hanse.node import areas, home, migrations, union
from hanse.node.breakdowns import Doubt
from hanse.node.feed import Publisher
from hanse.node.intake.check import check
from hanse.node.kin import kin_of
from hanse.node.publish import Press
from hanse.node.settings import NodeSettings
from hanse.policies import profile as profiles
from hanse.policies.profile import Profile
from hanse.policies.signatures import SigningKey
from hanse.store.clock import now
from hanse.store.engine import create
from hanse.store.session import reading

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
        name=settings.name,
    )


def doubts(settings: NodeSettings, contract: Contract) -> tuple[Doubt, ...]:
    """Return which breakdowns of other datasets might be those of a dataset: nothing says so."""
    engine = create(settings.database)
    migrations.upgrade(engine)
    try:
        with reading(engine) as session:
            return kin_of(contract, union.told(session, settings.home)).names.doubts
    finally:
        engine.dispose()


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
