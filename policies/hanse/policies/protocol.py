"""A protocol: the signed terms under which one party may use figures of another.

People review it as a YAML file; machines hash its canonical JSON. No default widens anything: a
list that is missing opens nothing, and a field nobody knows is an error with its line and column.
Fields and rules: the Flemish protocol of art. 8 §1 of the decree of 18 July 2008, and art. 20 of
the Belgian law of 30 July 2018.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from hanse.cube.period import read_period
from hanse.errors import Invalid
from hanse.policies import yamlform
from hanse.policies.canonical import canonical, digest

TIME_ZONE: Final = "Europe/Brussels"
"""The days of a protocol's validity begin and end at midnight here."""

PURPOSES: Final = (
    "beleid",
    "monitoring",
    "onderzoek",
    "planning",
    "publicatie",
    "rapportering",
    "statistiek",
)
ACTIONS: Final = ("read", "query", "export", "subscribe")
FORMATS: Final = (
    *("json", "csv", "xlsx", "parquet", "arrow"),
    *("sdmx", "odata", "delta", "pxweb", "ogc", "swing", "mcp"),
)
MEASURES: Final = ("audit", "dpop", "tls12", "tls13")
OPEN_END: Final = "open"

_MAX_ITEMS = 500


def _as_set(values: list[str]) -> list[str]:
    return sorted(set(values))


def _as_text(value: object) -> object:
    # A year stands in YAML as a whole number; what is meant is its spelling.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _period(text: str) -> str:
    if text == OPEN_END:
        return text
    try:
        return str(read_period(text))
    except Invalid as fault:
        raise PydanticCustomError("PERIOD_UNKNOWN", "not a period") from fault


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as fault:
        raise PydanticCustomError("date", "not a date") from fault


Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,62}$")]
Line = Annotated[str, Field(max_length=2000)]
Codes = Annotated[list[Code], Field(max_length=_MAX_ITEMS), AfterValidator(_as_set)]
Lines = Annotated[list[Line], Field(max_length=_MAX_ITEMS)]
AreaRef = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}(@[0-9]{4})?:[A-Za-z0-9_-]{1,32}$")]
AreaRefs = Annotated[list[AreaRef], Field(max_length=_MAX_ITEMS), AfterValidator(_as_set)]
AreaScope = Literal["own", "all"] | AreaRefs
PeriodText = Annotated[str, BeforeValidator(_as_text), AfterValidator(_period)]
Day = Annotated[str, AfterValidator(_day)]
Duration = Annotated[str, Field(pattern=r"^(P([0-9]{1,4}[YMWD]){1,4})?$")]
Thumbprint = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
Number = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,62}$")]
Organisation = Annotated[str, Field(pattern=r"^([0-9]{10}|OVO[0-9]{6})$")]
Everything = Literal["all"]


class Form(BaseModel):
    """A part of the review form: exactly these fields, exactly these types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Party(Form):
    """An organisation that signs, by its enterprise (KBO) or Flemish (OVO) number.

    A recipient has a `client_id` with the thumbprints (RFC 7638) of its keys, or, only under an
    open licence, is `everybody`. `bearer` lets its tool send a token without proof of key
    possession. `territory` (`level:code`) says what `areas: own` means.
    """

    role: Literal["supplier", "recipient"]
    kbo: Organisation | None = None
    name: Line = ""
    dpo: Line = ""
    controller: Line = ""
    client_id: Code | None = None
    keys: Annotated[list[Thumbprint], Field(max_length=50), AfterValidator(_as_set)] = []
    bearer: bool = False
    everybody: bool = False
    territory: AreaRef | None = None


class Basis(Form):
    """The legal ground."""

    kind: Literal["legal_protocol", "deliberation", "bilateral", "open_licence"]
    text: Line = ""
    regulation: Lines = []


class PeriodRange(Form):
    """Periods from `start` to `end`, both included; `open` leaves a side open, in so many words."""

    start: PeriodText = Field(alias="from")
    end: PeriodText = Field(alias="until")


class Data(Form):
    """What is opened: all conditions together. A missing list opens nothing.

    `levels` lists area levels (`gemeente`, or one vintage: `gemeente@2025`); `level_ceiling`
    instead names the finest one. `areas` is `own` (the recipient's territory), `all`, a list of
    `level:code` with everything below each, or one of these per level. A breakdown that is not
    listed opens its totals only.
    """

    themes: Codes = []
    datasets: Everything | Codes = []
    indicators: Everything | Codes = []
    levels: Everything | Codes = []
    level_ceiling: Code | None = None
    areas: AreaScope | dict[Code, AreaScope] = []
    periods: Everything | PeriodRange | None = None
    breakdowns: Everything | dict[Code, Codes] = {}
    formats: Annotated[list[Literal[FORMATS]], AfterValidator(_as_set)] = []  # type: ignore[valid-type]


class Terms(Form):
    """What the node holds itself and the recipient to.

    `profile` names the protection profile whose cube the recipient sees, `group_size_min` the
    smallest group that may be shown. `retention` is an ISO 8601 duration. Group sizes are counts.
    `limits` are legal limits on the rights of whom the data are about, `rights` how they use them.
    """

    profile: Everything | Code
    group_size_min: int = Field(ge=0, le=1000)
    onward: Literal["none", "named", "open_licence"] = "none"
    retention: Duration = ""
    licence: Line = ""
    measures: Annotated[list[Literal[MEASURES]], AfterValidator(_as_set)] = []  # type: ignore[valid-type]
    recipients: Line = ""
    communication: Line = ""
    proportionality: Line = ""
    periodicity: Line = ""
    limits: Line = ""
    rights: Line = ""
    sanctions: Line = ""


class Validity(Form):
    """The days it holds: from `start` up to, and not on, `end`."""

    start: Day = Field(alias="from")
    end: Day = Field(alias="until")


class Advice(Form):
    """The advice of a data protection officer, by the digest of its document."""

    party: Organisation
    document_hash: Annotated[str, Field(pattern=r"^sha-256:[0-9a-f]{64}$")]


class Publication(Form):
    """Where both parties publish it."""

    url: Annotated[str, Field(pattern=r"^https?://[\x21-\x7e]{1,500}$")]


class Protocol(Form):
    """One version of a protocol; its content never changes under an (id, version).

    `requires` are the numbers of the general authorisations that each recipient must have joined.
    """

    schema_: Literal[1] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^urn:protocol:[a-z0-9-]{1,63}:[a-z0-9.-]{1,63}$")]
    version: int = Field(ge=1, le=100_000)
    title: Line = ""
    parties: Annotated[list[Party], Field(min_length=2, max_length=50)]
    basis: Basis
    requires: Annotated[list[Number], Field(max_length=50), AfterValidator(_as_set)] = []
    purposes: Everything | Annotated[list[Literal[PURPOSES]], AfterValidator(_as_set)] = []  # type: ignore[valid-type]
    data: Data
    actions: Annotated[list[Literal[ACTIONS]], AfterValidator(_as_set)] = []  # type: ignore[valid-type]
    terms: Terms
    valid: Validity
    advice: list[Advice] = []
    publication: Publication | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for fault, code in _FAULTS:
            if fault(self):
                raise PydanticCustomError(code, "the fields contradict each other")
        return self

    @property
    def recipients(self) -> tuple[Party, ...]:
        """The parties that may receive."""
        return tuple(party for party in self.parties if party.role == "recipient")

    @property
    def suppliers(self) -> tuple[str, ...]:
        """The enterprise numbers of the parties that supply."""
        return tuple(party.kbo or "" for party in self.parties if party.role == "supplier")

    @property
    def signatories(self) -> tuple[str, ...]:
        """The enterprise numbers of the parties that must sign: all but everybody."""
        return tuple(sorted({party.kbo for party in self.parties if party.kbo}))

    @property
    def is_open(self) -> bool:
        """Whether everybody is its recipient."""
        return self.basis.kind == "open_licence"

    @property
    def document(self) -> dict[str, Any]:
        """The content as plain JSON; what stands at its default is left out, so that a field added
        later changes no digest.
        """
        dumped: dict[str, Any] = self.model_dump(by_alias=True, exclude_defaults=True)
        return dumped

    @property
    def canonical(self) -> bytes:
        """The bytes that are hashed and signed (RFC 8785)."""
        return canonical(self.document)

    @cached_property
    def content_hash(self) -> str:
        """The digest of the canonical bytes; made once, for the content never changes."""
        return digest(self.canonical)


def _recipient_unnamed(protocol: Protocol) -> bool:
    named = [party.everybody or party.client_id is not None for party in protocol.recipients]
    return not named or not all(named)


def _everybody_without_licence(protocol: Protocol) -> bool:
    wide = any(party.everybody for party in protocol.parties)
    wide = wide or protocol.purposes == "all" or protocol.data.datasets == "all"
    return (wide or protocol.terms.profile == "all") and not protocol.is_open


def _open_to_few(protocol: Protocol) -> bool:
    return protocol.is_open and not all(party.everybody for party in protocol.recipients)


def _keyless(protocol: Protocol) -> bool:
    named = (party for party in protocol.recipients if not party.everybody)
    return any(not party.keys and not party.bearer for party in named)


def _own_nowhere(protocol: Protocol) -> bool:
    areas = protocol.data.areas
    scopes = areas.values() if isinstance(areas, dict) else [areas]
    return "own" in scopes and any(party.territory is None for party in protocol.recipients)


def _two_level_rules(protocol: Protocol) -> bool:
    return bool(protocol.data.levels) and protocol.data.level_ceiling is not None


def _never_valid(protocol: Protocol) -> bool:
    return protocol.valid.start >= protocol.valid.end


def _kept_for_ever(protocol: Protocol) -> bool:
    return not protocol.is_open and not protocol.terms.retention


def _supplierless(protocol: Protocol) -> bool:
    suppliers = [party for party in protocol.parties if party.role == "supplier"]
    return not suppliers or any(party.kbo is None for party in suppliers)


def _unsigned(protocol: Protocol) -> bool:
    # Whoever receives has a number to sign under, and is not the one who supplies.
    named = [party.kbo for party in protocol.recipients if not party.everybody]
    return None in named or not set(named).isdisjoint(protocol.suppliers)


def _proof_waived(protocol: Protocol) -> bool:
    return "dpop" in protocol.terms.measures and any(party.bearer for party in protocol.parties)


_FAULTS = (
    (_supplierless, "PROTOCOL_SUPPLIER"),
    (_recipient_unnamed, "PROTOCOL_RECIPIENT"),
    (_unsigned, "PROTOCOL_SIGNATORY"),
    (_everybody_without_licence, "PROTOCOL_EVERYBODY"),
    (_open_to_few, "PROTOCOL_EVERYBODY"),
    (_keyless, "PROTOCOL_KEYS"),
    (_proof_waived, "PROTOCOL_PROOF"),
    (_own_nowhere, "PROTOCOL_TERRITORY"),
    (_two_level_rules, "PROTOCOL_LEVELS"),
    (_never_valid, "PROTOCOL_VALIDITY"),
    (_kept_for_ever, "PROTOCOL_RETENTION"),
)


def load(text: str | bytes) -> Protocol:
    """Read the review form.

    Raises `Invalid` with line and column: `YAML_…` for its form, `PROTOCOL_…` for its content.
    """
    document, places = yamlform.load_with_places(text)
    return _validated(document, places)


def from_document(document: Mapping[str, object]) -> Protocol:
    """Read stored canonical content back; raises `Invalid` as `load` does, at line 1."""
    return _validated(document, {(): (1, 1)})


def _validated(document: Mapping[str, object], places: yamlform.Places) -> Protocol:
    try:
        return Protocol.model_validate(document)
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_context=False, include_input=False)
        # Of the branches of a union, the one that got furthest says what is wrong.
        error = max(errors, key=lambda each: len(_path(each["loc"])))
        raise _explained(error["type"], tuple(error["loc"]), places) from fault


_STEP = re.compile(r"(?!list$)[A-Za-z0-9_][A-Za-z0-9_.:@-]*")
_KNOWN = {"extra_forbidden": "PROTOCOL_FIELD_UNKNOWN", "missing": "PROTOCOL_FIELD_MISSING"}


def _explained(kind: str, location: yamlform.Path, places: yamlform.Places) -> Invalid:
    path = _path(location)
    known = path
    while known not in places:  # a field that is missing has the place of what should hold it
        known = known[:-1]
    line, column = places[known]
    field = ".".join(str(step) for step in path)[:120] or "-"
    own = kind if re.fullmatch(r"[A-Z]+_[A-Z_]+", kind) else None
    code = own or _KNOWN.get(kind, "PROTOCOL_FIELD")
    if code == "PERIOD_UNKNOWN":
        code, kind = "PROTOCOL_FIELD", "period"
    return Invalid(code, line=line, column=column, field=field, rule=kind)


def _path(location: yamlform.Path) -> yamlform.Path:
    # A union names its branches in the location; they are no keys of the form.
    return tuple(step for step in location if isinstance(step, int) or _STEP.fullmatch(step))
