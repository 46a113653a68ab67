"""One release as one reader may see it: what every dialect describes its structures from.

Made once per reader from the contract, the signed manifest and the permit, so that a code list, an
availability answer or a table description never names more than the figures beside it would show.
Names follow the metadata model: the dialect id is the slug in capitals, an indicator's code is its
id in capitals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from hanse.areas.area import Area
from hanse.areas.level import Level
from hanse.cube.codelist import Dimension
from hanse.cube.contract import Contract
from hanse.cube.indicator import Indicator
from hanse.cube.period import Period
from hanse.messages import nearest

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Edition:
    """A release in the extent of one permit.

    `contract` is narrowed to the indicators, levels and codes that the permit opens; `areas` holds
    the areas per `level@vintage` in code order, `periods` every period with figures, in order of
    time. `publisher` is the name of the house, `base_url` its address without a final slash,
    `manifest` the digest of the signed description. `protocol` is the id of the protocol the reader
    sees it under, `cells` how many cells the whole release has, `sdc_method` by which method every
    figure was perturbed (empty where small ones are hidden). `sampled` says whether its
    cells have the columns of a sample.
    """

    contract: Contract
    publisher: str
    base_url: str
    release: str
    release_no: int
    published_at: datetime
    manifest: str
    kind: str
    licence: str
    protocol: str
    contact: str = ""
    reason: str = ""
    previous: str | None = None
    cells: int = 0
    sampled: bool = False
    sdc_method: str = ""
    levels: Mapping[str, Level] = field(default_factory=lambda: MappingProxyType({}))
    areas: Mapping[str, tuple[Area, ...]] = field(default_factory=lambda: MappingProxyType({}))
    periods: tuple[Period, ...] = ()

    @property
    def slug(self) -> str:
        """The dataset's slug."""
        return self.contract.slug

    @property
    def dialect_id(self) -> str:
        """The dataset's id in standards: capitals, `_` for `-`."""
        return self.contract.dialect_id

    @property
    def agency(self) -> str:
        """Who maintains it: `NIS41002`."""
        return self.contract.agency

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The indicators that the reader may see, in the order of the contract."""
        return self.contract.indicators

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The breakdowns, with the codes that the reader may see."""
        return self.contract.dimensions

    @property
    def moment(self) -> str:
        """When it was published, as standards write a moment (RFC 3339, `Z` for UTC)."""
        return self.published_at.isoformat().replace("+00:00", "Z")

    def table_id(self, level: str) -> str:
        """Return the id of the dataset at one level: `PROEF__GEMEENTE_2025`."""
        return f"{self.dialect_id}__{level.replace('@', '_').upper()}"

    def level_of(self, table_id: str) -> str | None:
        """Return the level that a table id names; None where the reader sees no such level."""
        return next((level for level in self.areas if self.table_id(level) == table_id), None)

    @property
    def open_to_all(self) -> bool:
        """Whether anybody sees this without a credential."""
        return self.contract.access.value == "open"


def text_in(text: Text, lang: str, otherwise: str = "") -> str:
    """Return a text in a language, else in the first of ours that it has, else `otherwise`."""
    return nearest(text, lang) or otherwise


def slug_of(dialect_id: str) -> str:
    """Return the slug that a dialect id stands for; the way back of `Contract.dialect_id`."""
    return dialect_id.lower().replace("_", "-")


def slug_of_table(table_id: str) -> str:
    """Return the slug of the dataset that a table id names; "" for what names none."""
    return slug_of(table_id.rpartition("__")[0])
