"""What a list of datasets says of each: the same for DCAT, CKAN and dataspaces.

Holds only what strangers may know of a dataset: nothing is counted of what is not open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from urllib.parse import quote

from hanse.cube.period import Period, read_period
from hanse.errors import HanseError

Text = Mapping[str, str]
Access = Literal["open", "protocol"]
State = Literal["published", "planned", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes: its agency, its name, and the address of its node without a final slash."""

    agency: str
    name: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Release:
    """The release in force. `cells` and `hidden` are None where the dataset is not open.

    `sdc_method` says by which method every figure was perturbed, empty where small ones are hidden.
    """

    id: str
    number: int
    kind: str
    published_at: datetime
    cells: int | None = None
    hidden: int | None = None
    sdc_method: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """An indicator of a dataset, as far as a list tells of it."""

    id: str
    name: Text
    unit: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One dataset. `root` is the address its URI starts with, the same at node and catalogue.

    `landing` is a page about it for people, `protocols` the protocols it is read under,
    `changed_at` when what is said here last changed, `note` how far that can be relied on.
    """

    root: str
    publisher: Publisher
    slug: str
    title: Text
    description: Text
    theme: str
    access: Access
    licence: str
    contact: str
    version: str
    landing: str
    state: State = "published"
    keywords: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    dimensions: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    release: Release | None = None
    changed_at: datetime | None = None
    reason: Text = field(default_factory=dict)
    note: Text = field(default_factory=dict)

    @property
    def dialect_id(self) -> str:
        """The id in standards: capitals, `_` for `-`."""
        return self.slug.upper().replace("-", "_")

    @property
    def uri(self) -> str:
        """The dataset's URI: it never changes."""
        return f"{self.root}/id/dataset/{self.publisher.agency}/{quote(self.dialect_id)}"

    @property
    def identifier(self) -> str:
        """The identifier without a version."""
        return f"{self.publisher.agency}:{self.dialect_id}"

    @property
    def is_open(self) -> bool:
        """Whether anybody may fetch figures of it now."""
        return self.access == "open" and self.release is not None

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last day that its periods cover."""
        found = self._periods()
        if not found:
            return None
        return min(each.start_date for each in found), max(each.end_date for each in found)

    @property
    def frequency(self) -> str:
        """The frequency of its finest periods: A, S, Q or M; "" where there are none."""
        found = {each.freq for each in self._periods()}
        return next((each for each in ("M", "Q", "S", "A") if each in found), "")

    def _periods(self) -> tuple[Period, ...]:
        return tuple(found for each in self.periods if (found := _period(each)))


def _period(text: str) -> Period | None:
    """Return a period; one of a reporting year starts on a day that a list does not tell."""
    for start in ("", "--09-01"):
        try:
            return read_period(text, start)
        except HanseError:
            continue
    return None


@dataclass(frozen=True, slots=True)
class Shelf:
    """Who lists: its address, its name and what it is.

    `root` is what the URIs of publishers start with, as in `Listing`.
    """

    base_url: str
    root: str
    name: str
    about: Text
    publisher: Publisher
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what is listed; pages are counted from 1, `address` is that of the whole."""

    shelf: Shelf
    listings: tuple[Listing, ...]
    address: str
    number: int = 1
    pages: int = 1
    total: int = 0

    @property
    def changed_at(self) -> datetime | None:
        """When the newest of what is on it changed."""
        moments = [each.changed_at for each in self.listings if each.changed_at]
        return max(moments, default=None)
