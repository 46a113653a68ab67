"""One thing a rule found: where, how bad, and the message that says what, why and what now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from hanse.errors import Parameter
from hanse.messages import explain


class Severity(StrEnum):
    """How bad it is: an error stops publishing until it is mended or accepted with a reason."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a rule. `row` counts as the source shows it, 0 where no row is meant.

    `count` says how many cells or areas it stands for; `fix` is what a program could do about it,
    in words of its own (`area:04000`). No parameter ever holds a figure that is hidden, or undoes
    one.
    """

    rule: str
    severity: Severity
    message_code: str
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    sheet: str = ""
    row: int = 0
    column: str = ""
    count: int = 1
    waived_reason: str | None = None
    fix: str = ""

    @property
    def blocks(self) -> bool:
        """Say whether it stops publishing."""
        return self.severity is Severity.ERROR and self.waived_reason is None

    def said(self, lang: str) -> dict[str, str]:
        """Return what, where, why and what now in a language."""
        places = {"sheet": self.sheet, "row": self.row, "column": self.column, "count": self.count}
        return explain(self.message_code, lang, **{**places, **self.parameters})
