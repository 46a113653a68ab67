"""What a cell is when it is not simply a number: its state, its flag, and how both travel.

One table says everything (source: Swing's missing codes, SDMX CL_OBS_STATUS and CL_CONF_STATUS):
the state inside, the code a Swing workbook carries, the symbol a reader sees, and the two public
SDMX codes. Which *kind* of hidden a cell is never leaves the node: outside, all are Q and C.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class CellState(StrEnum):
    """Why a cell has, or has not, a number. Zero is a value."""

    VALUE = "value"
    EMPTY = "empty"
    SUPPRESSED_SOURCE = "suppressed_source"
    SUPPRESSED_PRIMARY = "suppressed_primary"
    SUPPRESSED_SECONDARY = "suppressed_secondary"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class Flag(StrEnum):
    """What must be said beside a number; the value is its SDMX observation status."""

    NORMAL = "A"
    PROVISIONAL = "P"
    FORECAST = "F"
    BREAK = "B"
    ESTIMATED = "E"
    DEFINITION_DIFFERS = "D"
    LOW_RELIABILITY = "U"


class ConfStatus(StrEnum):
    """The public confidentiality status: free, or confidential. The fine codes stay inside."""

    FREE = "F"
    CONFIDENTIAL = "C"


@dataclass(frozen=True, slots=True)
class StateForm:
    """How one state is written at every edge.

    `swing` is a workbook's missing code (None: the number itself), `symbol` what a reader sees,
    `poisons` whether it makes an aggregate it is part of unknowable.
    """

    swing: int | None
    symbol: str
    obs_status: str
    conf_status: ConfStatus
    poisons: bool


_HIDDEN = StateForm(-99997, "x", "Q", ConfStatus.CONFIDENTIAL, poisons=True)

FORMS = MappingProxyType(
    {
        CellState.VALUE: StateForm(None, "", "A", ConfStatus.FREE, poisons=False),
        CellState.EMPTY: StateForm(-99996, "-", "O", ConfStatus.FREE, poisons=False),
        CellState.SUPPRESSED_SOURCE: _HIDDEN,
        CellState.SUPPRESSED_PRIMARY: _HIDDEN,
        CellState.SUPPRESSED_SECONDARY: _HIDDEN,
        CellState.NOT_APPLICABLE: StateForm(-99998, "nvt", "M", ConfStatus.FREE, poisons=False),
        CellState.UNKNOWN: StateForm(-99999, "?", "L", ConfStatus.FREE, poisons=True),
    }
)

HIDDEN = frozenset(
    {
        CellState.SUPPRESSED_SOURCE,
        CellState.SUPPRESSED_PRIMARY,
        CellState.SUPPRESSED_SECONDARY,
    }
)

SWING_CODES = MappingProxyType(
    {
        -99996: CellState.EMPTY,
        -99997: CellState.SUPPRESSED_SOURCE,
        -99998: CellState.NOT_APPLICABLE,
        -99999: CellState.UNKNOWN,
    }
)

SYMBOL_OF_OBS_STATUS = MappingProxyType({"O": "-", "Q": "x", "M": "nvt", "L": "?"})


def obs_status(state: CellState, flag: Flag = Flag.NORMAL) -> str:
    """Return the one public observation status: the flag beside a number, else the state's own."""
    return flag.value if state is CellState.VALUE else FORMS[state].obs_status
