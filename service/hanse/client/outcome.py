"""What each node gave to a question that went to many: its answer, how old, or why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from hanse.errors import HanseError, NotFound, Parameter, Refused
from hanse.messages import catalogue, explain, say


class NodeState(StrEnum):
    """How it went with one node. Only `ANSWERED` comes with cells."""

    ANSWERED = "answered"
    REFUSED = "refused"
    ABSENT = "absent"
    SLOW = "slow"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    LEFT_ALONE = "left-alone"
    BUSY = "busy"
    NO_SIGN_IN = "no-sign-in"
    UNTRUSTED = "untrusted"
    UNUSABLE = "unusable"


REACHED: Final = frozenset({NodeState.ANSWERED, NodeState.REFUSED, NodeState.ABSENT})

_STATE_OF_CODE: Final = MappingProxyType(
    {
        "OUTBOUND_SLOW": NodeState.SLOW,
        "OUTBOUND_QUEUE": NodeState.SLOW,
        "OUTBOUND_SILENT": NodeState.SILENT,
        "OUTBOUND_UNREACHABLE": NodeState.UNREACHABLE,
        "OUTBOUND_TLS": NodeState.UNREACHABLE,
        "OUTBOUND_BREAKER": NodeState.LEFT_ALONE,
        "PEER_BUSY": NodeState.BUSY,
        "SIGNIN_AWAY": NodeState.NO_SIGN_IN,
        "STATEMENT_SIGNATURE": NodeState.UNTRUSTED,
        "STATEMENT_OTHER": NodeState.UNTRUSTED,
        "FEED_OLDER": NodeState.UNTRUSTED,
        "ANSWER_DIGEST": NodeState.UNTRUSTED,
        "LEVEL_ABSENT": NodeState.ABSENT,
    }
)


def state_of(fault: HanseError) -> NodeState:
    """Return what a fault says of a node."""
    if fault.code in _STATE_OF_CODE:
        return _STATE_OF_CODE[fault.code]
    if isinstance(fault, NotFound) or _asked_for_nothing(fault):
        return NodeState.ABSENT
    return NodeState.REFUSED if isinstance(fault, Refused) else NodeState.UNUSABLE


def _asked_for_nothing(fault: HanseError) -> bool:
    """Say whether a node knows the dataset but not the code that was asked of it."""
    return fault.code == "PEER_INVALID" and str(fault.parameters.get("code")).endswith("_NOT_HERE")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the account of a fan-out.

    `published_at` is when its release was published; `index_age_seconds` how long ago the catalogue
    last heard of the node. `code` and `parameters` name the message that says why not.
    """

    agency: str
    name: str
    node: str
    dataset: str
    state: NodeState
    code: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    cells: int = 0
    release: str = ""
    manifest: str = ""
    published_at: datetime | None = None
    protocol: str = ""
    decision: str = ""
    reused: bool = False
    seconds: float = 0.0
    index_age_seconds: int | None = None
    licence: str = ""
    title: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def reached(self) -> bool:
        """Whether the node itself said something that holds, be it no."""
        return self.state in REACHED

    def sentence(self, lang: str = "nl") -> str:
        """Return why not, in words, or "" when it answered."""
        return say(self.code, lang, **self.parameters) if self.code in catalogue() else self.code

    def why(self, lang: str = "nl") -> str:
        """Return the reason, and what a node advises, for a narrow column."""
        if self.code not in catalogue():
            return self.code
        parts = explain(self.code, lang, **self.parameters)
        reason = parts.get("why") or parts["what"]
        return f"{reason} {parts.get('now', '')}".strip() if self._of_node else reason

    @property
    def _of_node(self) -> bool:
        return self.code in {"PEER_REFUSED", "PEER_INVALID"}

    def document(self, lang: str = "nl") -> dict[str, object]:
        """Return the outcome as a JSON object with a stable set of members."""
        return {
            "agency": self.agency,
            "name": self.name,
            "node": self.node,
            "dataset": self.dataset,
            "state": self.state.value,
            "code": self.code,
            "sentence": self.sentence(lang),
            "cells": self.cells,
            "release": self.release,
            "manifest": self.manifest,
            "published_at": self.published_at.isoformat() if self.published_at else None,
            "protocol": self.protocol,
            "decision": self.decision,
            "reused": self.reused,
            "seconds": round(self.seconds, 3),
            "index_age_seconds": self.index_age_seconds,
        }
