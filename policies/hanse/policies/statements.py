"""Statements: what a party says of one exact text of a protocol, under its own signature.

The text never changes; a party accepts, suspends or revokes it by signing a statement over its
digest, so that one text can be accepted today and revoked tomorrow, each with its moment. The state
of a protocol is nothing but what its statements and the calendar make of it. The form follows the
contract signatures of FSC (Logius, FSC Core), as compact JWS with a fixed header.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from hanse.errors import Invalid
from hanse.policies import lifecycle
from hanse.policies.canonical import canonical
from hanse.policies.protocol import TIME_ZONE, Form, Organisation, Protocol
from hanse.policies.signatures import PROTOCOL, SigningKey, claimed, sign, verify

MAX_CHARACTERS: Final = 8_192
"""Of one statement in its compact form."""

MAX_STATEMENTS: Final = 500
"""On one text: more is no negotiation but an attack."""

Kind = Literal["propose", "withdraw", "advise", "accept", "reject", "suspend", "resume", "revoke"]
Role = Literal["proposer", "dpo", "authority", "signatory", "supplier"]
Outcome = Literal["favourable", "conditional", "unfavourable"]

ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "propose": frozenset({"proposer"}),
        "withdraw": frozenset({"proposer"}),
        "advise": frozenset({"dpo", "authority"}),
        "accept": frozenset({"signatory"}),
        "reject": frozenset({"signatory"}),
        "suspend": frozenset({"supplier"}),
        "resume": frozenset({"supplier"}),
        "revoke": frozenset({"signatory"}),
    }
)
"""In which role each kind of statement may be made."""

Keys = Mapping[str, Sequence[Mapping[str, str]]]
"""The public keys (JWK) that are known to be a party's, by enterprise number."""

_ZONE = ZoneInfo(TIME_ZONE)
_ORDER = {kind: place for place, kind in enumerate(ROLES)}
_CACHED = 8_192


class Statement(Form):
    """What one party says of one text; advice has an outcome and the digest of its document.

    It names the role of the person who speaks, never the person.
    """

    content_hash: Annotated[str, Field(pattern=r"^sha-256:[0-9a-f]{64}$")]
    protocol: Annotated[str, Field(max_length=140)]
    version: Annotated[int, Field(ge=1, le=100_000)]
    statement: Kind
    party: Organisation
    role: Role
    signed_at: Annotated[
        str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{6}Z$")
    ]
    outcome: Outcome | None = None
    document: Annotated[str, Field(pattern=r"^(sha-256:[0-9a-f]{64})?$")] = ""

    @property
    def at(self) -> datetime:
        """The moment it was signed, by the clock of whoever signed."""
        return datetime.fromisoformat(self.signed_at)


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody wants to say, before it is signed."""

    kind: Kind
    role: Role
    outcome: Outcome | None = None
    document: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state that statements and calendar make of a text, and the parties it waits for."""

    state: str
    waits_for: tuple[str, ...] = ()


def make(protocol: Protocol, party: str, said: Saying, at: datetime) -> Statement:
    """Return a statement of a party on a protocol; raises `Invalid` as `hear` does."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    document = {
        "content_hash": protocol.content_hash,
        "protocol": protocol.id,
        "version": protocol.version,
        "statement": said.kind,
        "party": party,
        "role": said.role,
        "signed_at": moment,
        **({"outcome": said.outcome} if said.outcome else {}),
        **({"document": said.document} if said.document else {}),
    }
    made = _read(document)
    _check(made, protocol)
    return made


def signed(statement: Statement, key: SigningKey) -> str:
    """Return the statement as compact JWS."""
    return sign(canonical(statement.model_dump(exclude_defaults=True)), PROTOCOL, key)


def hear(text: str, protocol: Protocol, keys: Keys) -> Statement:
    """Return what a party said of exactly this text, signed by a key known to be that party's.

    Raises `Invalid`: STATEMENT_FORM for its shape, STATEMENT_TEXT for another text or a party that
    is none, STATEMENT_ROLE for a role it cannot have, STATEMENT_SIGNATURE for its signature.
    """
    party = claimed_party(text)
    known = tuple((key["kty"], key["crv"], key["x"]) for key in keys.get(party, ()))
    said = _heard(text, known)  # the party is the same: these bytes have one reading
    _check(said, protocol)
    return said


def claimed_party(text: str) -> str:
    """Return the party that a statement says it is of, nothing verified."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid("STATEMENT_FORM")
    document = _parsed(claimed(text))
    if not isinstance(document, dict) or "party" not in document:
        raise Invalid("STATEMENT_FORM")
    return str(document["party"])


@lru_cache(maxsize=_CACHED)
def _heard(text: str, known: tuple[tuple[str, str, str], ...]) -> Statement:
    keys = [{"kty": kty, "crv": crv, "x": x} for kty, crv, x in known]
    content = verify(text, PROTOCOL, keys)
    document = _parsed(content)
    # Exactly its canonical bytes: no key twice, no second spelling of one statement.
    if canonical(document) != content:
        raise Invalid("STATEMENT_FORM")
    return _read(document)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as fault:
        raise Invalid("STATEMENT_FORM") from fault


def _read(document: Any) -> Statement:
    try:
        return Statement.model_validate(document)
    except ValidationError as fault:
        raise Invalid("STATEMENT_FORM") from fault


def _check(said: Statement, protocol: Protocol) -> None:
    about = (said.content_hash, said.protocol, said.version)
    if about != (protocol.content_hash, protocol.id, protocol.version):
        raise Invalid("STATEMENT_TEXT", protocol=protocol.id, version=protocol.version)
    if said.party not in protocol.signatories:
        raise Invalid("STATEMENT_TEXT", protocol=protocol.id, version=protocol.version)
    supplies = said.role != "supplier" or said.party in protocol.suppliers
    advised = (said.statement == "advise") == (said.outcome is not None)
    if said.role not in ROLES[said.statement] or not supplies or not advised:
        raise Invalid("STATEMENT_ROLE", kind=said.statement, role=said.role)


def standing(
    protocol: Protocol, said: Iterable[Statement], today: date, successor: date | None = None
) -> Standing:
    """Return the state of a text on a day, from verified statements in any order.

    `successor` is the first day of a later version that all parties signed. One rejection ends the
    offer and one revocation ends the protocol, whatever moment stands on it: clocks differ.
    """
    ordered = sorted(said, key=lambda each: (each.signed_at, _ORDER[each.statement], each.party))
    life = _Life(protocol, successor)
    for each in ordered:
        life.pass_to(each.at.astimezone(_ZONE).date())
        life.take(each)
    life.pass_to(today)
    kinds = {each.statement for each in ordered}
    alive = life.state in {"offered", "signed", "active", "suspended"}
    if alive and "revoke" in kinds and life.state != "offered":
        return Standing("revoked")
    if alive and "reject" in kinds:
        return Standing("rejected")
    return Standing(life.state, life.waits_for())


class _Life:
    """Walks the lifecycle: each step is one of its events, and nothing else moves it."""

    def __init__(self, protocol: Protocol, successor: date | None) -> None:
        self.state = "draft"
        self.protocol = protocol
        self.start = date.fromisoformat(protocol.valid.start)
        self.end = date.fromisoformat(protocol.valid.end)
        self.successor = successor
        # What is open to everybody holds no personal data: the law asks for no advice.
        self.unadvised = set() if protocol.is_open else set(protocol.signatories)
        self.unsigned = set(protocol.signatories)

    def take(self, said: Statement) -> None:
        """Let one statement move it; what does not fit the state counts for nothing."""
        events = lifecycle.LIFECYCLE[self.state]
        kind = said.statement
        if kind == "propose" and "submit" in events:
            self._step("submit")
            self._settle()
        elif kind == "advise" and self.state == "advice" and said.role == "dpo":
            advised = self.unadvised.add if said.outcome == "unfavourable" else None
            (advised or self.unadvised.discard)(said.party)
            self._settle()
        elif kind == "accept" and self.state == "offered":
            self.unsigned.discard(said.party)
            if not self.unsigned:
                self._step("accept_all")
        elif kind in events and kind != "advise":
            self._step(kind)

    def pass_to(self, day: date) -> None:
        """Let the days until `day` pass: it starts, ends, and is replaced by itself."""
        due = (
            ("start", self.start <= day),
            ("end", self.end <= day),
            ("replace", self.successor is not None and self.successor <= day),
        )
        for event, has_come in due:
            if has_come and event in lifecycle.LIFECYCLE[self.state]:
                self._step(event)

    def waits_for(self) -> tuple[str, ...]:
        """Return the parties whose word is missing."""
        missing = {"advice": self.unadvised, "offered": self.unsigned}
        return tuple(sorted(missing.get(self.state, ())))

    def _settle(self) -> None:
        if self.state == "advice" and not self.unadvised:
            self._step("advise")

    def _step(self, event: str) -> None:
        self.state = lifecycle.advance(self.state, event)
