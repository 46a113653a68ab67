"""What the columns of a table say: told by whoever loads it, or by a header everybody knows.

Nothing is guessed: a column that is neither is refused by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from hanse.cube.cells import SAMPLE_COLUMNS
from hanse.dialects.swing import Role
from hanse.dialects.swing.grid import dimension_id, indicator_id
from hanse.dialects.swing.headers import KEY_HEADERS, fold
from hanse.errors import Invalid

ROLES = (
    "period", "level", "area", "indicator", "value", "status", "dimension", "measure", "skip",
)  # fmt: skip
"""What `--map column=role` may say; `dimension:SEX` and `measure:bev_totaal` give a name of
ours."""

_OURS = MappingProxyType(
    {"level": "level", "area": "area", "obs_value": "value", "obs_status": "status",
     "conf_status": "skip", **dict.fromkeys(SAMPLE_COLUMNS, "skip")}
)  # fmt: skip
"""The headers of our own CSV and Parquet, so that what we hand out can come back in."""

REST = "*"


@dataclass(frozen=True, slots=True)
class Columns:
    """Column → role as given, and the level and period of a table without such a column."""

    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    level: str = ""
    period: str = ""

    def roles(self, headers: Sequence[str], table: str) -> tuple[Role, ...]:
        """Return the role of every header.

        Raises `Invalid` for a header that stands twice, a column nobody says anything about, a role
        that does not exist, and a mapped column that is not there.
        """
        folded = [fold(header) for header in headers]
        twice = next((header for header in folded if folded.count(header) > 1), None)
        if twice is not None:
            raise Invalid("INTAKE_HEADER_TWICE", sheet=table, column=twice[:60])
        given = {fold(name): role for name, role in self.mapping.items()}
        for name in given:
            if name != REST and name not in folded:
                raise Invalid("INTAKE_COLUMN_ABSENT", sheet=table, column=name[:60])
        return tuple(self._role(header, given, table) for header in headers)

    def _role(self, header: str, given: Mapping[str, str], table: str) -> Role:
        folded = fold(header)
        known = {**KEY_HEADERS, **_OURS}
        said = given.get(folded) or known.get(folded) or given.get(REST)
        if said is None:
            raise Invalid("INTAKE_COLUMN_ROLE", sheet=table, column=header[:60])
        kind, _, name = said.partition(":")
        if kind not in ROLES or (name and kind not in {"dimension", "measure"}):
            raise Invalid("INTAKE_ROLE_UNKNOWN", role=said[:60], roles=", ".join(ROLES))
        if kind == "dimension":
            return Role(kind, dimension_id(name or header, table))
        return Role(kind, indicator_id(name or header, table)) if kind == "measure" else Role(kind)
