"""What a catalogue answers: members, subjects, datasets; and how a node enrols."""

from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from hanse.wire.body import Body, Digest, Slug, Text
from hanse.wire.releases import DatasetEntry, IndicatorEntry, ReleaseEntry, Tombstone


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
    """One indicator as one node publishes it in one dataset, and how old that knowledge is.

    `points_at` is the claim (`inwoners@1.0.0`) that its name or a synonym leads to, where it claims
    no shared definition.
    """

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
    points_at: str = ""


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
    datasets: list[str] = Field(default_factory=list)
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
