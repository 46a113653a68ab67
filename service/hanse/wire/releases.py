"""What a node signs: manifests, feeds, events; and what it lists of its releases."""

from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from hanse.wire.body import Body, Decimal, Digest, ReleaseId, Slug, StartDay, Text


class SampleEntry(Body):
    """How a survey figure is made: the indicators behind it, the method, and what was asked."""

    n: str
    base: str | None = None
    stddev: str | None = None
    counted: str | None = None
    population_indicator: str | None = None
    lower: str | None = None
    upper: str | None = None
    ci_method: str
    z: Decimal
    weight_scale: str = "population"
    population: str = ""
    field_period: str = ""
    mode: str = ""
    response_rate: str = ""
    question: str = ""
    wave: str = ""


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
    sdc_method: str = ""
    theme: str = ""
    keywords: list[str] = Field(default_factory=list)
    concept: str | None = None
    definition_version: str = ""
    reference_point: str = ""
    reporting_year_start: StartDay = ""
    method: str = ""
    version: str = "1.0.0"
    state: str = "published"
    successor: str | None = None
    sunset_date: str = ""
    breaks: list[str] = Field(default_factory=list)
    source: str = ""
    threshold: Decimal | None = None
    numerator: str | None = None
    denominator: str | None = None
    weight: str | None = None
    formula: str | None = None
    sample: SampleEntry | None = None


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
    release_id: ReleaseId
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

    @property
    def sdc_method(self) -> str:
        """By which method every figure was perturbed; empty where small ones are hidden."""
        return next((each.sdc_method for each in self.indicators if each.sdc_method), "")


class ReleaseEntry(Body):
    """A release as the feed lists it. Coverage is left out of governed datasets' entries."""

    release_id: ReleaseId
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
    release_id: ReleaseId | None = None
    manifest: Digest | None = None


class Changes(Body):
    """Events after a cursor, oldest first; `next` is the cursor to ask with next time."""

    events: list[Event]
    next: int


class ReleaseLine(Body):
    """A release in a dataset's list; a withdrawn one stays there, with the reason."""

    release_id: ReleaseId
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
