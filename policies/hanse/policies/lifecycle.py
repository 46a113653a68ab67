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
        "suspended": {"resume": "active", "revoke": "revoked", "end": "expired"},
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
        "replace": "signatory",
        "start": "clock",
        "end": "clock",
    }
)
"""The one role that may cause each event."""


def advance(state: str, event: str) -> str:
    """Return the state after `event`.

    Raises `Conflict` (PROTOCOL_STATE) when the event does not exist in that state.
    """
    try:
        return LIFECYCLE[state][event]
    except KeyError as fault:
        raise Conflict("PROTOCOL_STATE", state=state[:30], event=event[:30]) from fault
