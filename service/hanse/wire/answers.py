"""What a node says of itself and of an answer: problems, explanations, what is permitted."""

from typing import Literal

from pydantic import BaseModel, Field

from hanse.wire.body import Body, Digest, Slug
from hanse.wire.releases import DatasetEntry


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
