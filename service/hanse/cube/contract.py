"""A dataset's contract: what a node promises to publish, under which protection, for whom."""

from dataclasses import dataclass, field
from enum import StrEnum

from hanse.cube.codelist import Dimension
from hanse.cube.indicator import Indicator, Text


class Access(StrEnum):
    """Who may know and fetch: everybody, whom a protocol names, or nobody outside the house."""

    OPEN = "open"
    PROTOCOL = "protocol"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a dataset holds. `slug` is `[a-z][a-z0-9-]{0,62}`; `levels` are `level@vintage`.

    `profile` names the protection profile. `listed` says whether strangers may know that a governed
    dataset exists. `partition_level` names the area level whose areas cut the release into policy
    partitions (a permit opens whole partitions as ready bytes); "" makes one per level.
    """

    slug: str
    agency: str
    title: Text
    description: Text
    theme: str
    indicators: tuple[Indicator, ...]
    levels: tuple[str, ...]
    dimensions: tuple[Dimension, ...] = ()
    version: str = "1.0.0"
    profile: str = "standaard-5"
    access: Access = Access.PROTOCOL
    listed: bool = True
    licence: str = "CC-BY-4.0"
    contact: str = ""
    partition_level: str = ""
    keywords: tuple[str, ...] = field(default=())

    def indicator(self, indicator_id: str) -> Indicator | None:
        """Return the indicator with this id, or None."""
        return next((each for each in self.indicators if each.id == indicator_id), None)

    @property
    def sampled(self) -> bool:
        """Whether any of its figures is of a sample, so that cells say how sure they are."""
        return any(each.sample is not None for each in self.indicators)

    @property
    def dialect_id(self) -> str:
        """The id that standards demand: upper case, `-` as `_`; slugs hold no `_`."""
        return self.slug.upper().replace("-", "_")
