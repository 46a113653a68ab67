"""The life of a protocol as data: which event leads from which state where, and who causes it."""

from types import MappingProxyType
from typing import Final

from hanse.errors import Conflict

LIFECYCLE: Final = MappingProxyType(
    {
        "draft": {"submit": "advice"},
        "advice": {"advise": "offered", "withdraw": "draft"},
        "offered": {"accept_all": "signed", "reject": "rejected"},
        "signed": {"start": "active", "revoke": "revoked"},
        "active": {
            "suspend": "suspended",
            "revoke": "revoked",
            "end": "expired",
            "replace": "superseded",
        },
        "suspended": {
            "resume": "active",
            "revoke": "revoked",
            "end": "expired",
            "replace": "superseded",
        },
        "rejected": {},
        "revoked": {},
        "expired": {},
        "superseded": {},
    }
)
"""Only `active` permits. A state without events is final."""

OWNERS: Final = MappingProxyType(
    {
        "submit": "proposer",
        "withdraw": "proposer",
        "advise": "dpo",
        "accept_all": "signatory",
        "reject": "signatory",
        "revoke": "signatory",
        "suspend": "supplier",
        "resume": "supplier",
        "replace": "clock",
        "start": "clock",
        "end": "clock",
    }
)
"""The one role that may cause each event. Advising, accepting and rejecting are statements of a
party; the clock starts, ends and replaces on the days that the text names."""

MEANINGS: Final = MappingProxyType(
    {
        "draft": "written, not proposed",
        "advice": "the data protection officers of all parties give their advice",
        "offered": "lies ready for the signature of every party",
        "signed": "signed by all, its first day has not come",
        "active": "in force: the only state that opens anything",
        "suspended": "halted by the supplier, may be resumed",
        "rejected": "a party said no",
        "revoked": "a party ended it for good",
        "expired": "its last day has passed",
        "superseded": "a later version took its place",
    }
)
"""What each state means, for the reference page."""

PUBLIC: Final = frozenset({"active", "suspended", "revoked", "expired", "superseded"})
"""The states in which a protocol is or was in force: what the law wants published."""


def advance(state: str, event: str) -> str:
    """Return the state after `event`.

    Raises `Conflict` (PROTOCOL_STATE) when the event does not exist in that state.
    """
    try:
        return LIFECYCLE[state][event]
    except KeyError as fault:
        raise Conflict("PROTOCOL_STATE", state=state[:30], event=event[:30]) from fault
