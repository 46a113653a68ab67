"""The figures of a variable as rows of the open data service of Swing sites."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from hanse.areas.level import to_swing
from hanse.cube.encoding import whole
from hanse.cube.status import SYMBOL_OF_OBS_STATUS
from hanse.dialects.odata.rows import Make, Rows
from hanse.dialects.odata.swing import ENTITIES, PERIOD_LEVELS
from hanse.dialects.words import coded, combined, encoded, numerals, plain, spelled
from hanse.messages import say

TYPE: Final = "@odata.type"
ID: Final = "@odata.id"
NOTES: Final = (TYPE, ID)
"""Two columns that scripts take away from every row, and fail where they are not there."""


@dataclass(frozen=True)
class Values(Rows):
    """The rows of a variable: area, period, and the figure or its symbol as text.

    `root` is the address of the service, `code` the variable's; both stand in the id of a row.
    """

    root: str = ""
    code: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The properties that may be asked for; the two notes stand on every row anyway."""
        return ENTITIES["Value"]

    @cached_property
    def makers(self) -> Mapping[str, Make]:
        """How each property is made."""
        return {
            TYPE: self.of("indicator", lambda _: "#Swing.Value"),
            ID: self._identity,
            "ExternalCode": _external,
            "GeoLevel": self.of("level", to_swing),
            "PeriodLevel": self.of_period(lambda each: PERIOD_LEVELS[each.freq]),
            "Period": self.of_period(lambda each: each.swing),
            "ValueString": _value_string,
            "Description": self._description,
        }

    def _description(self, table: pa.Table) -> pa.Array:
        """Return what must be said beside a figure; nothing where it is simply one."""
        quiet = {"A", *SYMBOL_OF_OBS_STATUS}
        texts = spelled(
            whole(table.column("obs_status")),
            lambda s: "" if s in quiet else say(f"SDMX_OBS_STATUS_{s}", self.lang),
        )
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)

    def _identity(self, table: pa.Table) -> pa.Array:
        spelled_period = self.of_period(lambda each: each.swing)(table)
        joined = plain(combined(_external(table), spelled_period, "|"))
        start = f"{self.root}/Values('{self.code}|"
        return pc.binary_join_element_wise(pa.scalar(start), joined, pa.scalar("')"), "")


def _external(table: pa.Table) -> pa.DictionaryArray:
    levels = coded(whole(table.column("level")), to_swing)
    return combined(levels, encoded(whole(table.column("area"))), "_")


def _value_string(table: pa.Table) -> pa.Array:
    values = whole(table.column("obs_value"))
    statuses = whole(table.column("obs_status"))
    symbols = spelled(statuses, lambda status: SYMBOL_OF_OBS_STATUS.get(status, ""))
    return pc.if_else(pc.is_valid(values), numerals(values, ""), symbols)
