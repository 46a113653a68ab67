"""What a command's exit code says: one meaning each, whichever command it is."""

from types import MappingProxyType
from typing import Final

OK: Final = 0
FINDINGS: Final = 1
WRONG: Final = 2
NOT_THERE: Final = 3
NOT_REACHED: Final = 4
BLOCKED: Final = 5

MEANINGS: Final = MappingProxyType(
    {
        OK: "It went well; everything that was asked for is there.",
        FINDINGS: "It went well, and found something that you have to look at.",
        WRONG: "The command is wrong: a word, option, format, language or file that cannot be.",
        NOT_THERE: "What you name is not there, or not for you: a city, dataset, indicator, area,"
        " area level, release or right.",
        NOT_REACHED: "A node, the catalogue or an engine was not reached; what the others gave is"
        " printed or written all the same.",
        BLOCKED: "It may not happen now: a rule, a protocol or a second person stands before it.",
    }
)
"""Every exit code there is, for the reference page."""
