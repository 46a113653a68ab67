"""Protocols as they travel: signed copies between parties, and the public register."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from hanse.wire.body import Body, Digest

ProtocolId = Annotated[str, Field(pattern=r"^urn:protocol:[a-z0-9-]{1,63}:[a-z0-9.-]{1,63}$")]
Kbo = Annotated[str, Field(pattern=r"^([0-9]{10}|OVO[0-9]{6})$")]
Jws = Annotated[str, Field(max_length=8_192)]


class PartyKey(Body):
    """A key that the sender says is a party's: it counts once a person confirmed its thumbprint."""

    kbo: Kbo
    jwk: dict[str, str]


class ProtocolBundle(Body):
    """One text of a protocol and what its parties signed about it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal[1] = Field(default=1, alias="schema")
    content: dict[str, Any]
    statements: list[Jws] = Field(default=[], max_length=500)
    keys: list[PartyKey] = Field(default=[], max_length=50)


class ProtocolBundles(Body):
    """Copies of protocols that await a party."""

    bundles: list[ProtocolBundle]


class ProtocolTaken(Body):
    """What came of a copy: the state it has here, and the parties whose key is not confirmed."""

    protocol: str
    version: int
    content_hash: Digest
    state: str
    waits_for: list[str] = []
    unknown: list[str] = []


class ProtocolPoint(Body):
    """One of the fourteen points of a protocol."""

    number: int
    title: str
    lines: list[str]


class ProtocolLine(Body):
    """One version of a protocol in the public register."""

    protocol: str
    version: int
    title: str
    kind: str
    state: str
    start: str
    until: str
    content_hash: Digest
    parties: list[str]


class ProtocolAct(Body):
    """A step of a party: what was said, in which role, when. Never by which person."""

    at: str
    party: str
    statement: str
    role: str
    outcome: str = ""
    document: str = ""


class ProtocolDocument(ProtocolLine):
    """A protocol as it is published: its fourteen points and what its parties said."""

    points: list[ProtocolPoint]
    acts: list[ProtocolAct]
    bearer: list[str] = []


class ProtocolLines(Body):
    """The public register of protocols."""

    protocols: list[ProtocolLine]


class ProtocolText(Body):
    """A review form to be proposed."""

    form: Annotated[str, Field(max_length=65_536)]


class ProtocolStep(Body):
    """A step of our own party in the life of a protocol."""

    statement: Literal["withdraw", "advise", "accept", "reject", "suspend", "resume", "revoke"]
    role: Literal["dpo", "authority", ""] = ""
    outcome: Literal["favourable", "conditional", "unfavourable", ""] = ""
    document: Annotated[str, Field(pattern=r"^(sha-256:[0-9a-f]{64})?$")] = ""


class ProtocolDifference(Body):
    """One consequence of another version."""

    effect: Literal["widens", "narrows", "neutral"]
    field: str
    sentence: str


class ProtocolDifferences(Body):
    """What a later version of a protocol changes."""

    protocol: str
    old: int
    new: int
    differences: list[ProtocolDifference]


class ProtocolDeposit(Body):
    """A copy that a member leaves at the catalogue, whole in one statement signed by its key."""

    deposit: Annotated[str, Field(max_length=1_000_000)]


class ProtocolDeposited(Body):
    """Which text was kept."""

    protocol: str
    content_hash: Digest
