"""The bodies both ends share: what a node signs, what a catalogue reads, what a client gets.

The only classes OpenAPI shows. Strict where a statement is read (unknown fields refused), additive
within `v1`. Statements (manifest, feed) are signed as canonical JSON (RFC 8785) in a compact JWS.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Decimal = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""A decimal number as text: a signed statement holds no floats (see `hanse.policies.canonical`)."""
Digest = Annotated[str, Field(pattern=r"^sha-256:[0-9a-f]{64}$")]
Text = dict[str, str]


class Body(BaseModel):
    """A body that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IndicatorEntry(Body):
    """What the index knows of an indicator: enough to find it and to judge whether it compares."""

    id: str
    name: Text
    description: Text
    unit: str
    measure_type: str
    aggregation: str
    decimals: int = 0
    round_base: Decimal | None = None
    theme: str = ""
    keywords: list[str] = Field(default_factory=list)
    concept: str | None = None
    definition_version: str = ""
    reference_point: str = ""
    method: str = ""
    version: str = "1.0.0"
    state: str = "published"
    successor: str | None = None
    sunset_date: str = ""
    breaks: list[str] = Field(default_factory=list)
    source: str = ""
    threshold: Decimal | None = None


class Part(Body):
    """One file of a release, named by its digest."""

    path: str
    role: Literal["parquet", "arrow", "arrow-zstd", "index", "metadata"]
    sha256: Digest
    bytes: int
    rows: int = 0
    media_type: str


class Coverage(Body):
    """What a release holds, counted on the protected cube only."""

    cells: int
    hidden: int
    areas: int
    indicators: int
    periods: list[str]
    levels: list[str]


class Tombstone(Body):
    """Something a later release withdrew: reaches everyone who pulled, is never deleted."""

    kind: Literal["dataset", "release", "indicator", "period", "level", "cell"]
    id: str
    release_no: int
    at: AwareDatetime
    reason: Text
    replaced_by: str | None = None


class Manifest(Body):
    """The signed description of a release; its digest is the release's content address."""

    schema_: Literal[1] = Field(1, alias="schema")
    dataset: Slug
    agency: str
    release_id: str
    release_no: int
    kind: Literal["preliminary", "final", "corrected"] = "final"
    reason: str = ""
    previous: Digest | None = None
    published_at: AwareDatetime
    contract: Digest
    contract_version: str
    profile: str
    profile_digest: Digest
    title: Text
    description: Text
    theme: str
    access: Literal["open", "protocol", "internal"]
    licence: str
    contact: str
    indicators: list[IndicatorEntry]
    dimensions: list[str] = Field(default_factory=list)
    coverage: Coverage
    parts: list[Part]
    waivers: dict[str, str] = Field(default_factory=dict)
    tombstones: list[Tombstone] = Field(default_factory=list)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ReleaseEntry(Body):
    """A release as the feed lists it. Coverage is left out of governed datasets' entries."""

    release_id: str
    release_no: int
    manifest: Digest
    published_at: AwareDatetime
    kind: str = "final"
    coverage: Coverage | None = None


class DatasetEntry(Body):
    """A dataset as the feed lists it; an unlisted one is absent from the feed."""

    slug: Slug
    title: Text
    description: Text
    theme: str
    keywords: list[str] = Field(default_factory=list)
    access: Literal["open", "protocol"]
    licence: str
    contact: str
    contract_version: str
    profile: str
    indicators: list[IndicatorEntry]
    levels: list[str]
    periods: list[str] = Field(default_factory=list)
    current: ReleaseEntry | None = None


class Feed(Body):
    """A node's whole snapshot, signed, numbered; an older number is refused as a rollback."""

    schema_: Literal[1] = Field(1, alias="schema")
    agency: str
    name: str
    kbo: str
    base_url: str
    sequence: int
    issued_at: AwareDatetime
    software: str
    datasets: list[DatasetEntry]
    tombstones: list[Tombstone] = Field(default_factory=list)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Event(Body):
    """One line of the outbox: ids and digests only, so an event leaks nothing."""

    cursor: int
    at: AwareDatetime
    kind: Literal["release.published", "release.withdrawn", "dataset.changed", "protocol.changed"]
    dataset: Slug | None = None
    release_id: str | None = None
    manifest: Digest | None = None


class Changes(Body):
    """Events after a cursor, oldest first; `next` is the cursor to ask with next time."""

    events: list[Event]
    next: int


class ReleaseLine(Body):
    """A release in a dataset's list; a withdrawn one stays there, with the reason."""

    release_id: str
    release_no: int
    manifest: Digest
    published_at: AwareDatetime
    kind: str
    reason: str = ""
    state: Literal["published", "withdrawn"] = "published"
    withdrawn_at: AwareDatetime | None = None


class Releases(Body):
    """Every release of a dataset, newest first."""

    dataset: Slug
    current: str | None = None
    releases: list[ReleaseLine]


class Problem(BaseModel):
    """RFC 9457 problem details, with the four parts of a message and the code they come from."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    where: str = ""
    why: str = ""
    now: str = ""
    decision: str | None = None


class Check(Body):
    """One check of a decision: what was wanted, what the protocol had, and its clause."""

    name: str
    passed: bool
    wanted: str
    had: str
    clause: str = ""


class Explanation(Body):
    """Why an answer is what it is, in words; never which kind of hidden a cell is."""

    outcome: Literal["permitted", "refused", "hidden", "missing", "not-comparable"]
    sentence: str
    checks: list[Check] = Field(default_factory=list)
    protocol: str | None = None
    allowed: str = ""
    decision: str | None = None


class Harvest(Body):
    """How a node's last look went. `age_seconds` counts from the last answer that was right."""

    state: Literal["never", "fresh", "stale", "refused"]
    sequence: int = 0
    snapshot: Digest | None = None
    checked_at: AwareDatetime | None = None
    confirmed_at: AwareDatetime | None = None
    age_seconds: int | None = None
    code: str = ""
    why: Text = Field(default_factory=dict)
    alarm: bool = False


class MemberEntry(Body):
    """A party that publishes through a node, its keys, and how fresh the index is about it."""

    agency: str
    name: str
    kbo: str
    base_url: str
    status: Literal["pending", "active", "suspended"]
    keys: list[dict[str, str]]
    harvest: Harvest


class Members(Body):
    """Every member of the federation that the catalogue knows."""

    members: list[MemberEntry]


class Announcement(Body):
    """What a node says when something changed: only who it is, so it cannot be abused."""

    agency: str = Field(min_length=1, max_length=64)


class Publication(Body):
    """One indicator as one node publishes it in one dataset, and how old that knowledge is."""

    agency: str
    agency_name: str
    base_url: str
    dataset: Slug
    title: Text
    theme: str
    access: Literal["open", "protocol"]
    licence: str
    contact: str
    profile: str
    levels: list[str]
    periods: list[str]
    current: ReleaseEntry | None
    indicator: IndicatorEntry
    harvest: Harvest


class Hit(Body):
    """A subject that search found: an indicator, or a concept that several indicators claim."""

    id: str
    name: Text
    description: Text
    unit: str
    concept: bool
    themes: list[str]
    levels: list[str]
    access: list[str]
    agencies: list[str]
    states: list[str]
    first_period: str
    last_period: str
    definitions: int


class FacetValue(Body):
    """One value of a facet, its label, and how many subjects of the answer have it."""

    value: str
    label: str
    count: int
    chosen: bool = False


class SearchAnswer(Body):
    """A page of hits. `widened` says that no subject had all words, so some may do."""

    question: str
    total: int
    page: int
    pages: int
    widened: bool
    hits: list[Hit]
    facets: dict[str, list[FacetValue]]


class ConceptEntry(Body):
    """A shared definition that indicators may claim to implement."""

    id: str
    version: str
    name: Text
    definition: Text
    synonyms: dict[str, list[str]] = Field(default_factory=dict)


class SubjectAnswer(Body):
    """Every publication of a subject over all nodes: what a comparison starts from."""

    id: str
    name: Text
    description: Text
    unit: str
    concept: ConceptEntry | None
    publications: list[Publication]


class IndexedDataset(Body):
    """A dataset as the index knows it. `absent` says its node stopped listing it unexplained."""

    agency: str
    agency_name: str
    base_url: str
    dataset: DatasetEntry
    absent: bool
    tombstones: list[Tombstone]
    harvest: Harvest


class IndexedDatasets(Body):
    """A page of the datasets that the index knows, ordered by agency and slug."""

    datasets: list[IndexedDataset]
    total: int
    page: int
    pages: int


class Enrolment(Body):
    """What a node signs to become a member: who it is, where, and which keys speak for it.

    `catalogue` is the issuer identifier of the one catalogue it is meant for.
    """

    schema_: Literal[1] = Field(1, alias="schema")
    catalogue: str = Field(max_length=500)
    agency: str = Field(pattern=r"^[A-Z][A-Z0-9-]{2,30}$")
    name: str = Field(min_length=1, max_length=120)
    kbo: str = Field(pattern=r"^[0-9]{10}$")
    base_url: str = Field(max_length=500)
    keys: list[dict[str, str]] = Field(min_length=1, max_length=4)
    issued_at: AwareDatetime

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class EnrolmentRequest(Body):
    """An enrolment as the compact JWS that its node signed (`typ` hanse-enrolment+jws)."""

    statement: str = Field(max_length=9_000)


class EnrolmentAnswer(Body):
    """What became of an enrolment; the operator compares `fingerprint` by telephone."""

    agency: str
    status: Literal["pending", "active", "suspended"]
    fingerprint: str


class NodeDescription(Body):
    """Who a node is, and where its parts are."""

    agency: str
    name: str
    kbo: str
    territory: str
    contact: str
    base_url: str
    software: str
    issuers: list[str]
    feed: str
    datasets: str


class Datasets(Body):
    """The datasets of a node that whoever asks may know of."""

    datasets: list[DatasetEntry]


class Permitted(Body):
    """What whoever asks may see of a dataset's current release, and on which terms.

    A period side that is null is open; `areas` are codes per `level@vintage`.
    """

    dataset: Slug
    release: str
    manifest: Digest
    protocol: str
    version: int
    content_hash: Digest
    profile: str
    indicators: list[str]
    areas: dict[str, list[str]]
    periods: tuple[str | None, str | None]
    breakdowns: dict[str, list[str]]
    formats: list[str]
    purposes: list[str] | Literal["all"]
    onward: str
    retention: str
    licence: str
    valid_until: str
