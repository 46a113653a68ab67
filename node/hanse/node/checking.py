"""What publishing asks of the checks of a draft, and reads of what they find."""

from collections.abc import Callable, Sequence
from typing import Protocol

import pyarrow as pa

from hanse.areas.registry import Registry
from hanse.cube.contract import Contract
from hanse.node.breakdowns import Doubt
from hanse.node.intake.draft import Draft


class Finding(Protocol):
    """What publishing reads of a finding of the checks."""

    @property
    def rule(self) -> str:
        """The rule's id, `R001`."""

    @property
    def blocks(self) -> bool:
        """Whether it stops a release: an error that nobody accepted with a reason."""

    @property
    def message_code(self) -> str:
        """The message that says it."""

    def said(self, lang: str) -> dict[str, str]:
        """What, where, why and what now in a language."""


Check = Callable[
    [Draft, Registry, pa.Table | None, Contract | None, Sequence[Doubt]], Sequence[Finding]
]
"""A draft, the areas, the release before with its contract, and breakdowns that are in doubt."""
