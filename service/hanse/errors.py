"""The five words a part of Hanse may fail with: domain words, no HTTP.

`hanse.web.problems` alone knows which status each becomes, `hanse.cli` alone which exit code. Every
word carries a code from the message catalogue and its parameters, so that web, API and command line
say the same sentence in the reader's language.
"""

from collections.abc import Mapping
from types import MappingProxyType

Parameter = str | int | float


class HanseError(Exception):
    """The base of everything that is shown to a person without a traceback.

    `code` names a message of `hanse.messages` (what, where, why, what now); `parameters` fill its
    slots. A parameter never holds a hidden value, a token or a person.
    """

    def __init__(self, code: str, /, **parameters: Parameter) -> None:
        self.code = code
        self.parameters: Mapping[str, Parameter] = MappingProxyType(parameters)
        super().__init__(code, dict(parameters))

    def __str__(self) -> str:
        slots = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.code}({slots})" if slots else self.code


class NotFound(HanseError):
    """It does not exist, or whoever asks may not know that it does."""


class Refused(HanseError):
    """It exists and the answer is no; the code and parameters say why and what would be allowed."""


class Unauthenticated(Refused):
    """Who asks could not be established; one wording whatever the cause."""


class Conflict(HanseError):
    """The state of things does not allow it now: a duplicate, a wrong order, a stale version."""


class Invalid(HanseError):
    """The input is wrong; nothing was changed."""


class Unavailable(HanseError):
    """Something this part needs does not answer; trying later may help."""
