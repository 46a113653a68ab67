"""The calls of a notebook: open a line as `hanse login` set it up, ask once, close it."""

from collections.abc import Iterable

from hanse.client.comparison import Comparison
from hanse.client.federation import Wish, connect
from hanse.client.settings import read_settings


def get(  # noqa: PLR0913 a reader's own words, each with a default
    subject: str,
    *,
    areas: str = "",
    periods: str = "",
    cities: Iterable[str] = (),
    release: str = "",
    purpose: str = "",
    deadline_seconds: float | None = None,
) -> Comparison:
    """Pull `dataset/indicator` from the nodes that have it; `.table` is the Arrow table.

    `areas` and `periods` as on the command line: `gemeente:11002,41002`, `2018:2021`.
    """
    wish = Wish(
        areas=areas, periods=periods, cities=tuple(cities), release=release, purpose=purpose
    )
    with connect() as federation:
        return federation.get(subject, wish, deadline_seconds)


def compare(  # noqa: PLR0913 a reader's own words, each with a default
    indicator: str,
    *,
    areas: str = "",
    periods: str = "",
    level: str = "",
    cities: Iterable[str] = (),
    purpose: str = "",
    deadline_seconds: float | None = None,
) -> Comparison:
    """Lay the figures of many nodes side by side: every cell marked, every node accounted for."""
    wish = Wish(areas=areas, periods=periods, level=level, cities=tuple(cities), purpose=purpose)
    with connect() as federation:
        return federation.compare(indicator, wish, deadline_seconds)


def compare_kept(place: str, indicator: str, wish: Wish) -> Comparison:
    """Compare what `hanse collect` laid in a folder or bucket, by the engine of the settings.

    Raises what `hanse.client.collection.comparing.compare` raises.
    """
    from hanse.client.collection.comparing import compare as compare_at
    from hanse.client.collection.engine import engine
    from hanse.client.collection.place import Place

    settings = read_settings()
    with connect(settings) as federation:
        found = Place.open(place, settings.s3_endpoint)
        return compare_at(found, engine(settings.engine), indicator, wish, federation.areas)
